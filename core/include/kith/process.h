// SPDX-License-Identifier: Apache-2.0
// Processes: coroutines with a stack, a mailbox and a reference (design D3).
#ifndef KITH_PROCESS_H
#define KITH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include <kith/error.h>
#include <kith/limits.h>
#include <kith/ref.h>

struct kith_node;
struct kith_process;

enum kith_priority { KITH_PRIORITY_NORMAL, KITH_PRIORITY_HIGH };

// The body of a process. Returning ends it with KITH_OK. `self` is valid only inside this process.
// Only calls of kith may wait: in any other, such as sleep or a read, the whole node stands still.
typedef void kith_process_entry(struct kith_process *self, void *argument);

struct kith_spawn_options {
    const char *label;         // for people: tables and reports; copied, may be NULL
    kith_process_entry *entry; // required
    void *argument;            // handed to entry, borrowed until the process ends
    size_t stack_size;         // bytes, rounded up; 0: the node's default
    enum kith_priority priority;
    uint32_t mailbox_messages; // 0: the node's default
    size_t mailbox_bytes;      // 0: the node's default
    bool needed;               // by its node: nobody can tie itself to it (kith_tie)
};

// Starts a process; it first runs when the caller gives way. Callable from processes and, between
// steps, from outside. Never blocks. Errors: LIMIT (no slot), NO_MEMORY (no stack), TOO_LARGE
// (a stack that can't be). `ref` may be NULL.
enum kith_error kith_spawn(struct kith_node *node, const struct kith_spawn_options *options,
                           struct kith_ref *ref);

// Ends the running process. Its messages are freed, its requests in the mailbox end with DOWN, its
// monitors fire with `reason`. Stack variables are not cleaned up: free what isn't a message first.
noreturn void kith_exit(struct kith_process *self, enum kith_error reason);

// Tells a process to end. Its current or next blocking call returns KITH_ERROR_KILLED, so that it
// can tidy up; the blocking call after that one doesn't return, and the process has ended with
// `reason`. Local processes only. Never blocks. Errors: STALE, NOT_FOUND (not of this node).
enum kith_error kith_kill(struct kith_node *node, struct kith_ref ref, enum kith_error reason);

// Lets other ready processes run. Returns KILLED like any blocking call, else OK.
enum kith_error kith_yield(struct kith_process *self);

// Waits until `deadline_ns`. Errors: KILLED.
enum kith_error kith_sleep_until(struct kith_process *self, uint64_t deadline_ns);

// Who and where a process is. Never block.
struct kith_ref kith_self(const struct kith_process *self);
struct kith_node *kith_process_node(const struct kith_process *self);

// The node's clock, and that clock plus a time span: kith_now(self) + 5 s is a deadline.
uint64_t kith_now(const struct kith_process *self);
uint64_t kith_deadline_ms(const struct kith_process *self, uint64_t timeout_ms);

enum kith_process_state {
    KITH_STATE_FREE,
    KITH_STATE_READY,
    KITH_STATE_RUNNING,
    KITH_STATE_RECEIVING, // waits for a message
    KITH_STATE_CALLING,   // waits for a reply
    KITH_STATE_SENDING,   // waits for room at a receiver
    KITH_STATE_SLEEPING,
};

struct kith_process_info {
    struct kith_ref ref;
    char label[KITH_LABEL_SIZE];
    enum kith_process_state state;
    enum kith_priority priority;
    uint64_t sent, received;   // messages
    uint64_t cpu_ns;           // time on the CPU; from samples while slices are short
    uint64_t started_ns;       // on the node's clock
    uint64_t hogs;             // times it held the CPU too long
    uint32_t mailbox_messages; // now
    size_t mailbox_bytes;      // now
    uint32_t mailbox_limit;    // messages
    uint32_t mailbox_peak;     // messages
    uint32_t owned;            // messages it holds outside its mailbox
    size_t stack_size;
    size_t stack_used; // highest ever, by this process or an earlier one on this stack
};

// Reads the accounting of the process in `slot` without disturbing it. NOT_FOUND: the slot is free
// or out of range. Slots run from 0 to kith_process_slots() - 1.
enum kith_error kith_process_info(struct kith_node *node, uint32_t slot,
                                  struct kith_process_info *info);
uint32_t kith_process_slots(const struct kith_node *node);
const char *kith_process_state_name(enum kith_process_state state);

#endif
