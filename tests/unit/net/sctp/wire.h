// SPDX-License-Identifier: Apache-2.0
// UDP in memory, on virtual time: a few ends whose datagrams reach each other at once, unless
// whoever watches the wire does something else with them.
#ifndef WIRE_H
#define WIRE_H

#include <kith/platform_sim.h>
#include <kith/udp.h>

enum { WIRE_ENDS = 3, WIRE_PACKETS_MOST = 512, WIRE_PACKET_SIZE = 2048, WIRE_STEP_MS = 10 };

struct wire;

struct wire_end {
    struct kith_udp udp; // first
    struct wire *wire;
    const struct kith_udp_events *events; // NULL: closed
    void *owner;
    struct kith_endpoint endpoint;
    uint32_t tick_ms;
    uint64_t tick_ns; // since when it counts
};

struct wire_packet {
    struct wire_end *from, *to;
    size_t size;
    unsigned char bytes[WIRE_PACKET_SIZE];
};

struct wire {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct wire_end ends[WIRE_ENDS]; // 10.0.0.1:7400, 10.0.0.2:7400 ...
    struct wire_packet packets[WIRE_PACKETS_MOST];
    size_t first, count;
    // Gets what an end sends instead of the wire; NULL: it is all carried.
    void (*sent)(struct wire_end *from, struct wire_end *to, const void *data, size_t size);
};

// Opens a wire later than all before it: usrsctp, which they share, has a clock that never goes
// back.
void wire_open(struct wire *wire);
void wire_close(struct wire *wire);

// Puts a datagram on the wire, and gives it to be changed. NULL: it is lost, too many wait.
struct wire_packet *wire_carry(struct wire_end *from, struct wire_end *to, const void *data,
                               size_t size);

// Delivers what is on the wire, and lets time pass.
void wire_deliver(struct wire *wire);
void wire_run(struct wire *wire, uint32_t span_ms);

#endif
