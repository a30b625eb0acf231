// SPDX-License-Identifier: Apache-2.0
// A whole node, one of two that talk: kernel, links, SCTP, UDP.
#ifndef END_H
#define END_H

#include <kith/net.h>
#include <kith/process.h>

#include "bench.h"

struct end {
    struct kith_platform platform;
    struct kith_node *node;
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_ref peer, other; // the processes that the other node has for us, after end_meet
    enum kith_error error;
};

// `serve` is the body of the two processes that the other end meets; NULL: it meets none. False: it
// has said why.
bool end_open(struct end *end, uint32_t spin_us, kith_process_entry *serve);
uint16_t end_port(const struct end *end);

// Connects to the node at `port` of loopback and runs `client` until it calls end_finish; true if
// that was with KITH_OK. Closes the node.
bool end_run(struct end *end, uint16_t port, kith_process_entry *client, void *argument);

// For `client`: waits for the link and fills in end->peer.
enum kith_error end_meet(struct end *end, struct kith_process *self);
void end_finish(struct end *end, enum kith_error error);

// For `serve`: counts messages, and replies to requests with the number in their first 8 bytes.
kith_process_entry end_count;

#endif
