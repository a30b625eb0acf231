// SPDX-License-Identifier: Apache-2.0
// What tests of arriving messages have in common: one peer whose link is up, what it sends, and a
// process that takes it.
#ifndef ARRIVALS_H
#define ARRIVALS_H

#include "fixture.h"

static const struct kith_ref peer_process = {FOLLOWER, 9, 2};

struct receiving {
    unsigned wanted, got;
    size_t size;
    uint64_t type, returned_type, trace;
    uint32_t error;
    uint8_t hops;
    struct kith_ref from;
    unsigned char first[16];
    bool good; // the payload was numbered bytes
};

// The entry of a process; its argument is a struct receiving.
void receive_some(struct kith_process *self, void *argument);

struct kith_ref spawn_ended(struct fixture *fixture);

void open_with_peer(struct fixture *fixture, struct peer *peer, void (*adjust)(struct fixture *));

// Sends `total` numbered bytes in parts of `part`, on a stream.
void send_parts(struct peer *peer, unsigned stream, struct kith_frame frame, size_t total,
                size_t part);

// Brings something back to `sender`.
struct kith_frame return_frame(struct kith_ref sender, const char *text);

#endif
