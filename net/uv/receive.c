// SPDX-License-Identifier: Apache-2.0
// Receiving: many datagrams at once, and what the network says about those that were sent.
#include <errno.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "udp.h"

enum { ERRORS_MOST = 64 }; // read at a time

struct arrival {
    union kithi_uv_address from;
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec part;
};

static void prepare_batch(struct kithi_uv *self, struct arrival *arrivals, struct mmsghdr *messages,
                          unsigned most)
{
    for (size_t place = 0; place < most; place++) {
        struct arrival *arrival = &arrivals[place];
        arrival->part.iov_base = self->received + place * KITHI_UV_SLOT;
        arrival->part.iov_len = KITHI_UV_SLOT;
        messages[place].msg_hdr = (struct msghdr){
            .msg_name = &arrival->from,
            .msg_namelen = sizeof arrival->from,
            .msg_iov = &arrival->part,
            .msg_iovlen = 1,
            .msg_control = arrival->control,
            .msg_controllen = sizeof arrival->control,
        };
    }
}

// The size of the datagrams that the kernel has put together here, or `size` if it is only one.
static size_t read_segment_size(struct msghdr *message, size_t size)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        int segment_size = 0;
        if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO) {
            memcpy(&segment_size, CMSG_DATA(header), sizeof segment_size);
        }
        if (segment_size > 0) {
            return (size_t)segment_size;
        }
    }
    return size;
}

static void take_message(struct kithi_uv *self, struct mmsghdr *message)
{
    struct kith_endpoint from;
    unsigned char *bytes = message->msg_hdr.msg_iov->iov_base;
    size_t left = message->msg_len;
    self->bytes += left + 1; // one without any counts too
    size_t segment_size = read_segment_size(&message->msg_hdr, left);
    kithi_uv_address_to(message->msg_hdr.msg_name, &from);
    while (left > 0 && !self->closing) {
        size_t size = left < segment_size ? left : segment_size;
        self->udp.counters.received++;
        self->events.received(self->owner, &from, bytes, size);
        bytes += size;
        left -= size;
    }
}

// Gives how many came; -1: none, but there may be some.
static int receive_batch(struct kithi_uv *self, unsigned most)
{
    struct arrival arrivals[KITHI_UV_BATCH];
    struct mmsghdr messages[KITHI_UV_BATCH];
    prepare_batch(self, arrivals, messages, most);
    self->udp.counters.receives++;
    int count = recvmmsg(self->fd, messages, most, MSG_DONTWAIT, NULL);
    if (count < 0) {
        self->bytes += KITHI_UV_SLOT; // so that errors come to an end too
        return errno == EINTR || errno == ECONNREFUSED ? -1 : 0;
    }
    for (int place = 0; place < count && !self->closing; place++) {
        take_message(self, &messages[place]);
    }
    return count;
}

bool kithi_uv_receive(struct kithi_uv *self)
{
    bool any = false;
    uint64_t start = self->bytes;
    while (self->bytes - start < KITHI_UV_LOT && !self->closing) {
        int count = receive_batch(self, KITHI_UV_BATCH);
        any = any || count > 0;
        if (count >= 0 && count < KITHI_UV_BATCH) {
            break;
        }
    }
    if (any && !self->closing) {
        self->events.settled(self->owner);
    }
    return any;
}

bool kithi_uv_receive_one(struct kithi_uv *self)
{
    if (receive_batch(self, 1) <= 0) {
        return false;
    }
    if (!self->closing) {
        self->events.settled(self->owner);
    }
    return true;
}

static void take_error(struct kithi_uv *self, struct msghdr *message)
{
    struct kith_endpoint to;
    kithi_uv_address_to(message->msg_name, &to);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL && !self->closing;
         header = CMSG_NXTHDR(message, header)) {
        struct sock_extended_err error;
        bool is_error = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
                        (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
        if (!is_error) {
            continue;
        }
        memcpy(&error, CMSG_DATA(header), sizeof error);
        if (error.ee_errno == ECONNREFUSED) {
            self->udp.counters.refusals++;
            self->events.refused(self->owner, &to);
        } else if (error.ee_errno == EMSGSIZE) {
            self->events.narrowed(self->owner, &to);
        }
    }
}

void kithi_uv_take_errors(struct kithi_uv *self)
{
    for (int count = 0; count < ERRORS_MOST && !self->closing; count++) {
        union kithi_uv_address to;
        alignas(struct cmsghdr) char control[256];
        char quoted;
        struct iovec part = {.iov_base = &quoted, .iov_len = sizeof quoted};
        struct msghdr message = {
            .msg_name = &to,
            .msg_namelen = sizeof to,
            .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = control,
            .msg_controllen = sizeof control,
        };
        if (recvmsg(self->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            return;
        }
        take_error(self, &message);
    }
}
