// SPDX-License-Identifier: Apache-2.0
// Two nodes that share one scarce memory, with naming, and a link over a network in memory.
#ifndef PAIR_H
#define PAIR_H

#include "scarce.h"

#include <kith/naming.h>
#include <kith/net.h>
#include <kith/net_loop.h>

struct pair_side {
    struct kith_node *node; // NULL, as what follows: couldn't be opened
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_ref naming;
    struct kith_endpoint endpoint;
};

struct pair {
    struct scarce *scarce;
    struct kith_loop_network *network;
    struct pair_side left, right; // nodes "left" and "right"; left connects to right
};

// Opens what can be opened. False if something is missing; to be closed all the same.
bool pair_open(struct pair *pair, struct scarce *scarce);
void pair_close(struct pair *pair);

void pair_run(struct pair *pair, uint64_t span_ms);

#endif
