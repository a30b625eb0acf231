// SPDX-License-Identifier: Apache-2.0
// A node: one kernel instance. Everything hangs off it; two nodes in one OS process don't know of
// each other (design D1). A node belongs to one thread.
#ifndef KITH_NODE_H
#define KITH_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/error.h>
#include <kith/limits.h>
#include <kith/platform.h>

struct kith_node;

struct kith_node_options {
    const char *name; // for people and logs, below KITH_NAME_SIZE; "" or NULL: unnamed; copied
    const struct kith_platform *platform; // copied; its state must outlive the node
    const struct kith_limits *limits;     // copied
    uint64_t incarnation;                 // 0: drawn from the platform's entropy
};

// Creates a node without processes. Errors: NO_MEMORY, INVALID (limits that can't work, a name that
// is too long).
enum kith_error kith_node_open(const struct kith_node_options *options, struct kith_node **node);

// Ends all processes where they stand (their stacks are dropped) and frees everything.
void kith_node_close(struct kith_node *node);

// Runs until kith_node_stop: everything that is ready, then idle, and so on. Not for processes:
// they are what it runs.
void kith_node_run(struct kith_node *node);

// Runs what is ready, for at most one round of the scheduler, and gives the deadline of the next
// thing to do: KITH_NO_WAIT if more is ready now, KITH_FOREVER if only an event can bring work.
// For hosts that own the loop: the simulator, tests, a board's main.
uint64_t kith_node_step(struct kith_node *node);

// Steps until nothing is ready (idle hooks included), without ever waiting.
uint64_t kith_node_settle(struct kith_node *node);

// Makes kith_node_run return after the current step. From the node's thread.
void kith_node_stop(struct kith_node *node);

uint64_t kith_node_incarnation(const struct kith_node *node);
const char *kith_node_name(const struct kith_node *node);
const struct kith_platform *kith_node_platform(const struct kith_node *node);
const struct kith_limits *kith_node_limits(const struct kith_node *node);
uint64_t kith_node_now(const struct kith_node *node);
uint64_t kith_node_started_ns(const struct kith_node *node);
struct kith_process *kith_node_running(const struct kith_node *node); // NULL outside of processes

// Asks for the scheduler's turn: in its next kith_send or kith_receive that may wait, even if it
// needn't, the running process lets the others that are ready run, and then the scheduler. For
// modules that have gathered enough to do. From anywhere; nothing happens outside of processes.
void kith_node_want_turn(struct kith_node *node);

// A hook runs in the scheduler each time nothing is ready, before idle (naming tells what has
// changed then), and must not block. The hook is the caller's memory and stays linked until
// removed.
struct kith_hook {
    void (*run)(struct kith_hook *hook);
    struct kith_hook *next;
};
void kith_node_hook_add(struct kith_node *node, struct kith_hook *hook);
void kith_node_hook_remove(struct kith_node *node, struct kith_hook *hook);

// Reports the running process by name if it holds the CPU for longer than the limit `hog_ns`, and
// again when it holds it 10 times as long. For whoever keeps watch over the node: a timer that
// interrupts the node's thread every so often, at `passed_ns` of CPU time since the call before.
// May be called in a signal or interrupt handler on that thread, if the platform's log may be.
void kith_node_watch(struct kith_node *node, uint64_t passed_ns);

// A module's own state of this node, by a small fixed key. NULL if none was set.
enum kith_node_part { KITH_PART_NET, KITH_PART_CODEC, KITH_PART_NAMING, KITH_PART_APP, KITH_PARTS };
void kith_node_part_set(struct kith_node *node, enum kith_node_part part, void *state);
void *kith_node_part(const struct kith_node *node, enum kith_node_part part);

// Where every message went. At rest, over all nodes of a cluster:
//
//     sent - (delivered + returned + late_replies) is from 0 to unknown
//
// and it is exactly 0 if no link broke, no memory ran out and no peer sent what can't be read: what
// was refused was never sent, and a request that was delivered and then ended without a reply is
// delivered. A node that ends takes its counts along.
struct kith_node_counters {
    uint64_t sent;            // accepted from processes, replies included
    uint64_t delivered;       // into a mailbox or to a waiting caller of this node
    uint64_t received_remote; // of delivered: those that came by a link
    uint64_t sent_remote;     // of sent: those handed to a link
    uint64_t refused;         // not accepted: the sender got the error at once
    uint64_t returned;        // accepted, then given back to the sender
    uint64_t unknown;         // not known to have been read when a link broke; most of it was
    uint64_t late_replies;    // replies nobody waited for any longer
    uint64_t denied;          // stopped by the rights
    uint64_t stale;           // for processes that had ended
    uint64_t spawned, ended;  // processes
    uint64_t overflows;       // of stacks
    uint64_t hogs;            // processes reported for holding the CPU
    uint64_t switches;        // of processes
};
void kith_node_counters(const struct kith_node *node, struct kith_node_counters *counters);
uint32_t kith_node_processes(const struct kith_node *node); // alive

// Logs one event through the platform.
void kith_node_log(const struct kith_node *node, enum kith_log_level level, const char *event,
                   const struct kith_log_field *fields, size_t count);

#endif
