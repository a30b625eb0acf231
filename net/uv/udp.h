// SPDX-License-Identifier: Apache-2.0
// What the files of this folder share.
#ifndef KITHI_UV_UDP_H
#define KITHI_UV_UDP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <uv.h>

#include <kith/udp_uv.h>

enum {
    KITHI_UV_BUFFER = 8 << 20, // asked of the kernel for the socket, each way
    KITHI_UV_IN_BUFFER = 16,   // a datagram may take this part of it
    KITHI_UV_SEGMENTS = 64,    // most of one UDP_SEGMENT send (UDP_MAX_SEGMENTS)
    KITHI_UV_BATCH = 4,        // read by one recvmmsg
    KITHI_UV_LOT = 1 << 20,    // bytes received before others on the loop have their turn
    KITHI_UV_SLOT = 1 << 16,   // room for one datagram, or as many as UDP_GRO puts together
};

union kithi_uv_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// Datagrams to one destination that wait to be sent together. All have the size of the first,
// except that the last may be smaller.
struct kithi_uv_run {
    struct kith_endpoint to;
    size_t segment_size, size;
    unsigned count;
    bool full;
    unsigned char bytes[KITH_UDP_PATH_MOST];
};

struct kithi_uv {
    struct kith_udp udp;
    struct kith_udp_uv_options options;
    struct kith_udp_events events;
    void *owner;
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t timer;
    unsigned open_handles;
    bool closing;
    int fd;
    bool is_v6, takes_v4;
    bool segments;           // UDP_SEGMENT works
    size_t payload_most;     // that this machine's buffers allow
    uint64_t bytes;          // received
    unsigned char *received; // KITHI_UV_BATCH slots
    struct kithi_uv_run run;
};

// address.c
socklen_t kithi_uv_address_from(const struct kith_endpoint *endpoint, bool as_v6,
                                union kithi_uv_address *address);
void kithi_uv_address_to(const union kithi_uv_address *address, struct kith_endpoint *endpoint);
enum kith_error kithi_uv_path(struct kith_udp *udp, const struct kith_endpoint *to, size_t *size);

// send.c
void kithi_uv_send(struct kith_udp *udp, const struct kith_endpoint *to, const void *data,
                   size_t size);
void kithi_uv_flush(struct kithi_uv *self);

// receive.c
bool kithi_uv_receive(struct kithi_uv *self);     // true if there was something
bool kithi_uv_receive_one(struct kithi_uv *self); // quicker where there is one at most
void kithi_uv_take_errors(struct kithi_uv *self);

#endif
