// SPDX-License-Identifier: Apache-2.0
// What the SCTP back end asks of UDP, and of the loop that UDP is read from: libuv on Linux, lwIP
// on boards. One object per back end; all of it runs on the node's thread.
#ifndef KITH_UDP_H
#define KITH_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/endpoint.h>
#include <kith/error.h>

// Payload bytes that any IPv6 path carries whole (RFC 8200, 5: 1280 with 48 bytes of headers), and
// the most that an IPv4 datagram can carry.
#define KITH_UDP_PATH_LEAST 1232
#define KITH_UDP_PATH_MOST  65507

struct kith_udp;

// What the owner is told. It may call any function of `udp` from inside, close included.
struct kith_udp_events {
    // A datagram came from `from`. `data` is borrowed for the call, but may be changed in place.
    void (*received)(void *owner, const struct kith_endpoint *from, void *data, size_t size);

    // Called after each lot of datagrams, and each time before the loop waits: what was only noted
    // until now can be done.
    void (*settled)(void *owner);

    // As often as set_tick said; later if the loop was busy.
    void (*tick)(void *owner);

    // The host of `to` says that nobody listens there.
    void (*refused)(void *owner, const struct kith_endpoint *to);

    // The path to `to` has become narrower: ask `path` again.
    void (*narrowed)(void *owner, const struct kith_endpoint *to);
};

struct kith_udp_ops {
    // Binds to `listen` (port 0: any free one) and gives the endpoint bound. 0.0.0.0 listens on
    // IPv4, :: on both where the machine has both. Errors: IN_USE, INVALID (an address this machine
    // doesn't have), IO, NO_MEMORY.
    enum kith_error (*open)(struct kith_udp *udp, const struct kith_endpoint *listen,
                            const struct kith_udp_events *events, void *owner,
                            struct kith_endpoint *bound);

    // Sends what waits, without further events, and frees the object; also if it was never opened.
    void (*close)(struct kith_udp *udp);

    // Copies a datagram of at most KITH_UDP_PATH_MOST bytes. It leaves together with others before
    // the loop waits. It may be lost, like any datagram.
    void (*send)(struct kith_udp *udp, const struct kith_endpoint *to, const void *data,
                 size_t size);

    // Sends now what would leave before the loop waits.
    void (*flush)(struct kith_udp *udp);

    // Gives the payload size that travels to `to` in one packet, between KITH_UDP_PATH_LEAST (or
    // less, where the network is that narrow) and KITH_UDP_PATH_MOST. Errors: UNREACHABLE (no route
    // to that network).
    enum kith_error (*path)(struct kith_udp *udp, const struct kith_endpoint *to, size_t *size);

    // Sets the period of the tick, counted from now; 0: none.
    void (*set_tick)(struct kith_udp *udp, uint32_t period_ms);
};

struct kith_udp_counters {
    uint64_t sent, received;  // datagrams
    uint64_t sends, receives; // system calls that moved them
    uint64_t send_failures;   // datagrams lost here: buffers full, no route
    uint64_t refusals;        // datagrams that somebody's host refused
};

// The head of every implementation; its own state follows in the object that embeds it.
struct kith_udp {
    const struct kith_udp_ops *ops;
    struct kith_udp_counters counters;
};

#endif
