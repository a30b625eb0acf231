// SPDX-License-Identifier: Apache-2.0
// A route to another node that records what it is asked.
#ifndef PEER_H
#define PEER_H

#include "fixture.h"

enum { PEER = 77, NEXT_PEER = 78 };

struct peer {
    struct kith_route *route;
    struct kith_message *kept; // the record of the last request
    int sent, consumed, monitors, stops, downs, cancels, changes;
    size_t consumed_bytes;
    struct kith_ref last_to; // of what was sent last
    uint64_t last_id, last_monitor;
    uint32_t last_error;
    bool last_failed;
    enum kith_error answer; // of send
    enum kith_error last_down;
    struct kith_route_observer observer;
    struct kith_route_info changed; // of the last change
};

static const struct kith_ref remote = {PEER, 3, 1}; // a process of it

void open_peer(struct fixture *fixture, struct peer *peer, const struct kith_limits *limits);

#endif
