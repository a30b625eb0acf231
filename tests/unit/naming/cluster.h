// SPDX-License-Identifier: Apache-2.0
// Nodes with naming on virtual time, joined by wires that a test can fill up, cut, and make lose
// messages. A wire does what a link does, without any of its means: it encodes payloads, hands
// envelopes over, and keeps the records of calls.
#ifndef CLUSTER_H
#define CLUSTER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kith/codec.h>
#include <kith/exchange.h>
#include <kith/naming.h>
#include <kith/node.h>
#include <kith/platform_sim.h>
#include <kith/route.h>

#define MS UINT64_C(1000000)
enum { MOST_NODES = 8 };

struct packet;
struct cluster;

// One direction: from the node that has `route` to the node `to`.
struct wire {
    struct cluster *cluster;
    uint32_t from, to;
    struct kith_route *route; // NULL: never connected, or gone
    struct packet *first, *last;
    struct kith_message *calls; // waiting for their replies, linked by `next`
    bool full;                  // refuses messages
    bool held;                  // keeps what it has
    uint32_t room;              // messages it takes before it is full; 0: any number
    size_t most;                // bytes of a message that it takes; 0: any number
    uint32_t queued;
    uint32_t lose; // the next messages that get lost
    uint64_t skip; // messages that get through before those
    uint64_t messages, bytes, largest;
};

struct cluster {
    uint32_t count;
    struct kith_platform_sim *sims[MOST_NODES];
    struct kith_platform platforms[MOST_NODES];
    struct kith_node *nodes[MOST_NODES];
    struct kith_ref naming[MOST_NODES];
    struct wire wires[MOST_NODES][MOST_NODES];
    uint64_t now_ns;
};

// Opens nodes "node0", "node1" ... at 10.0.0.1:7400, 10.0.0.2:7400 ..., not connected.
void cluster_open(struct cluster *cluster, uint32_t count, const struct kith_limits *limits,
                  const struct kith_naming_options *options);

// Closes everything; nothing may be left of messages, processes and memory.
void cluster_close(struct cluster *cluster);

// Makes the two nodes know each other, or again after a loss.
void cluster_connect(struct cluster *cluster, uint32_t a, uint32_t b);
void cluster_connect_all(struct cluster *cluster);

// Changes what both sides think of the link. What is under way is lost with UNREACHABLE and GONE.
void cluster_set_state(struct cluster *cluster, uint32_t a, uint32_t b, enum kith_route_state state,
                       enum kith_error reason);
// The same for one side only.
void cluster_set_side(struct cluster *cluster, uint32_t from, uint32_t to,
                      enum kith_route_state state, enum kith_error reason);

// Ends a node where it stands and starts another in its place, unconnected.
void cluster_restart(struct cluster *cluster, uint32_t node, const struct kith_limits *limits,
                     const struct kith_naming_options *options);

// Runs everything that can run now; and with the clock going on.
void cluster_settle(struct cluster *cluster);
void cluster_advance(struct cluster *cluster, uint64_t span_ms);

// Runs `entry` as a process of the node until it has returned.
void cluster_run(struct cluster *cluster, uint32_t node, kith_process_entry *entry, void *argument);

// Starts a process that goes on by itself.
struct kith_ref cluster_spawn(struct cluster *cluster, uint32_t node, kith_process_entry *entry,
                              void *argument);
void cluster_kill(struct cluster *cluster, uint32_t node, struct kith_ref ref);

// Starts a process that registers the name with that index (KITH_INDEX_ANY: the lowest) and then
// waits to be killed; gives its reference. Fails the test if the name can't be had.
struct kith_ref cluster_register(struct cluster *cluster, uint32_t node, const char *name,
                                 uint32_t index);

// Entries of `owner` that `node` knows, and whether they are the same as those that `owner` has.
uint32_t cluster_entries(struct cluster *cluster, uint32_t node, uint32_t owner);
bool cluster_same(struct cluster *cluster, uint32_t node, uint32_t owner);
bool cluster_converged(struct cluster *cluster);

struct kith_naming_status cluster_status(struct cluster *cluster, uint32_t node);

#endif
