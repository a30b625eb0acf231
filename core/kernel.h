// SPDX-License-Identifier: Apache-2.0
// The kernel's own view of nodes, processes and messages. Only core/ includes this.
#ifndef KITHI_KERNEL_H
#define KITHI_KERNEL_H

#include <assert.h>
#include <string.h>

#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/node.h>
#include <kith/rights.h>
#include <kith/route.h>
#include <kith/timer.h>

#include <kithi_checks.h>

#include "list.h"

enum {
    KITHI_MESSAGE_SIZE = 320, // of a message with its built-in arena
    KITHI_SLAB_MESSAGES = 64,
    KITHI_CHUNK_PROCESSES = 64,
    KITHI_STACK_CLASSES = 32, // 1 KB, 1.5 KB, 2 KB, 3 KB, 4 KB ...
    KITHI_BLOCK_CLASSES = 3,
    KITHI_ROUND = 256,         // switches before the scheduler looks at clock and platform again
    KITHI_BRIEF_CYCLES = 2000, // a slice of fewer is too short to time each
    KITHI_SAMPLE_LEAST = 16,   // slices from one timed to the next: this, plus up to
    KITHI_SAMPLE_SPREAD = 32,
    KITHI_HIGH_IN_A_ROW = 16, // picks of high priority before a normal one has its turn
    KITHI_FORMER = 256,       // former incarnations remembered, at most
    KITHI_FORMER_PER_ROUTE = 4,
};
#define KITHI_NOBODY UINT32_MAX

// Where a message is.
enum kithi_place {
    KITHI_PLACE_FREE,
    KITHI_PLACE_HELD,    // a process, or code outside, has it: message->owner
    KITHI_PLACE_MAILBOX, // or handed to a process that has yet to run
    KITHI_PLACE_ROUTE,   // the owner of a route has it
    KITHI_PLACE_KERNEL,  // a monitor or a timer waiting to fire
};

enum kithi_wait {
    KITHI_WAIT_NONE,
    KITHI_WAIT_ANY,
    KITHI_WAIT_TYPE,
    KITHI_WAIT_REPLY,
};

struct kithi_mailbox {
    struct kith_message *first, *last;
    uint32_t count, limit, peak;
    size_t bytes, bytes_limit;
};

struct kith_process {
    void *stack_pointer;
    struct kith_node *node;
    struct kith_process *next; // in a ready queue or a list of free slots
    struct kith_message *handed;
    uint64_t wait_key;
    uint8_t wait; // enum kithi_wait
    uint8_t state;
    uint8_t priority;
    bool killed, kill_told;
    bool requesting; // sends the request of a kith_call
    uint32_t wake;   // enum kith_error: what the blocking call returns
    uint32_t slot, generation;
    uint32_t owned;
    uint64_t cycles, sent, received;

    struct kithi_mailbox mailbox;
    struct kithi_list senders;     // processes that wait for room in this mailbox
    struct kithi_list waiting;     // this process in such a list
    struct kith_message *outgoing; // what it waits to send
    struct kith_route *outgoing_route;
    struct kith_alarm alarm;
    struct kithi_list watchers; // monitors of this process
    struct kithi_list watching; // monitors that this process has
    struct kithi_list timers;
    struct kith_stack stack;
    uint8_t stack_class; // its size is that of the class or more
    void *fake_stack;    // AddressSanitizer's
    kith_process_entry *entry;
    void *argument;
    uint64_t started_ns, hogs;
    uint32_t kill_reason;
    char label[KITH_LABEL_SIZE];
};

struct kithi_ready {
    struct kith_process *first, *last;
};

struct kith_arena_block {
    struct kith_arena_block *next;
    uint32_t size, used; // of the bytes that follow
    alignas(16) unsigned char bytes[];
};

struct kithi_slab {
    struct kithi_slab *next;
    size_t size;
    uint32_t len;
    alignas(16) unsigned char messages[];
};

struct kithi_pool {
    struct kith_message *free;
    struct kithi_slab *slabs;
    struct kith_arena_block *blocks[KITHI_BLOCK_CLASSES];
    uint32_t len, alive;
    size_t alive_bytes, total_bytes;
};

struct kithi_heap { // of alarms, the earliest first
    struct kith_alarm **alarms;
    uint32_t len, capacity;
};

struct kithi_monitors { // by id
    struct kithi_monitor **buckets;
    uint32_t bucket_count, len;
    uint64_t next_id;
};

struct kithi_former {
    uint64_t incarnation, successor;
};

struct kithi_routes {
    struct kith_route **places;
    uint32_t *index; // open addressing: 1 + place
    uint32_t capacity, index_size, len;
    struct kithi_former *former;
    uint32_t former_len, former_next;
    struct kith_route_observer *observers;
    struct kith_connector connector;
};

struct kith_route {
    struct kith_node *node;
    const struct kith_route_ops *ops;
    void *state;
    uint32_t place;
    struct kith_route_info info;
    struct kithi_list senders;  // processes that wait for room or credit
    struct kithi_list monitors; // ours, of its processes
    struct kithi_list watchers; // its processes' monitors of ours
};

struct kith_node {
    struct kithi_ready ready[2]; // by priority
    struct kith_process *running;
    void *scheduler_stack_pointer;
    uint32_t round;         // switches left before the scheduler's turn
    uint32_t in_a_row;      // high priority picks
    uint32_t sample_left;   // switches until a slice is timed; 0: this one is
    uint32_t sample_period; // slices that a timed one stands for
    uint64_t slice_start;   // cycles, of a slice that is timed
    uint64_t round_start, round_switches;
    uint32_t random; // spreads the samples
    uint64_t hog_cycles;
    struct kith_node_counters counters;
    uint64_t incarnation, next_id;
    struct kith_platform platform;
    struct kithi_pool pool;
    struct kithi_heap heap;
    struct kithi_routes routes;
    struct kithi_monitors monitors;
    struct kith_process **chunks;
    uint32_t chunk_len, chunk_capacity, slots, processes;
    struct kith_process *free_slots[KITHI_STACK_CLASSES];
    struct kith_rights rights;
    struct kith_hook *hooks;
    void *parts[KITH_PARTS];
    struct kith_limits limits;
    uint64_t started_ns, started_cycles, next_timer;
    uint32_t timers;
    bool stopping;
    void *fake_stack;
    const void *scheduler_base; // of the OS thread's stack, for AddressSanitizer
    size_t scheduler_size;
    char name[KITH_NAME_SIZE];
};

// process.c
static inline struct kith_ref kithi_process_ref(const struct kith_process *process)
{
    return (struct kith_ref){process->node->incarnation, process->slot, process->generation};
}

static inline struct kith_process *kithi_process_at(const struct kith_node *node, uint32_t slot)
{
    return &node->chunks[slot / KITHI_CHUNK_PROCESSES][slot % KITHI_CHUNK_PROCESSES];
}

// The process of this node that `ref` means, or NULL if it has ended.
static inline struct kith_process *kithi_process_find(struct kith_node *node, struct kith_ref ref)
{
    if (ref.slot >= node->slots) {
        return NULL;
    }
    struct kith_process *process = kithi_process_at(node, ref.slot);
    bool alive = process->generation == ref.generation && process->state != KITH_STATE_FREE;
    return alive ? process : NULL;
}
void kithi_process_end(struct kith_process *process, enum kith_error reason);
void kithi_processes_close(struct kith_node *node);

// The platform's fault handler found the stack guard of the running process hit. Continue at
// kithi_arch_resume with the stack pointer that this gives; NULL: no process was running.
void *kithi_process_overflowed(struct kith_node *node);
// The stack of the running process, or NULL.
const struct kith_stack *kithi_process_stack(const struct kith_node *node);

// stack.c
enum kith_error kithi_stack_class(size_t size, uint32_t *class);
size_t kithi_stack_class_size(uint32_t class);
size_t kithi_stack_used(const struct kith_stack *stack);
bool kithi_stack_intact(const struct kith_stack *stack);

// scheduler.c
static inline void kithi_ready_push(struct kith_process *process)
{
    struct kithi_ready *ready = &process->node->ready[process->priority];
    process->state = KITH_STATE_READY;
    process->next = NULL;
    if (ready->first == NULL) {
        ready->first = process;
    } else {
        ready->last->next = process;
    }
    ready->last = process;
}

static inline void kithi_wake(struct kith_process *process, enum kith_error result)
{
    process->wait = KITHI_WAIT_NONE;
    if (process->state == KITH_STATE_READY) {
        return; // a caller whose reply came before it has run again
    }
    if (process->state == KITH_STATE_SENDING) {
        kithi_list_remove(&process->waiting);
        if (process->requesting && result == KITH_OK) {
            process->wait = KITHI_WAIT_REPLY; // from now on, not only when it runs
        }
        process->outgoing = NULL;
    }
    process->wake = result;
    kithi_ready_push(process);
}

// KILLED once for a process told to end; ends it the second time.
enum kith_error kithi_told_killed(struct kith_process *self);
static inline enum kith_error kithi_check_killed(struct kith_process *self)
{
    return self->killed ? kithi_told_killed(self) : KITH_OK;
}
// Gives up the running process, whose canary is broken. The scheduler ends it on its own stack,
// since there may be no room left on this one.
noreturn void kithi_overflow(struct kith_process *self);
void kithi_switch_away(struct kith_process *self); // without coming back, when it has ended
void kithi_cycles_calibrate(struct kith_node *node);
uint64_t kithi_cycles_to_ns(const struct kith_node *node, uint64_t cycles);

// alarm.c
enum kith_error kithi_heap_open(struct kith_node *node);
void kithi_heap_close(struct kith_node *node);
void kithi_alarms_fire(struct kith_node *node);
uint64_t kithi_alarms_next(const struct kith_node *node);

// timer.c
void kithi_timers_end(struct kith_process *process);

// pool.c
enum kith_error kithi_pool_take(struct kith_node *node, struct kith_message **message);
void kithi_pool_put(struct kith_message *message); // no outcome for waiting requests
void kithi_pool_reclaim(struct kith_node *node, uint32_t owner);
void kithi_pool_close(struct kith_node *node);

void kithi_message_poison(struct kith_message *message);
void kithi_message_unpoison(struct kith_message *message);

// Gives `message`, which the sender holds, straight to the process that waits for it.
static inline void kithi_message_hand(struct kith_message *message, struct kith_process *receiver)
{
    if (message->place == KITHI_PLACE_HELD && message->owner != KITHI_NOBODY) {
        kithi_process_at(message->node, message->owner)->owned--;
    }
    message->place = KITHI_PLACE_HELD;
    message->owner = receiver->slot;
    receiver->owned++;
    receiver->handed = message;
    if (KITHI_CHECKS) {
        kithi_message_poison(message);
    }
}

// Who may touch a message: `process`, or code outside of any if that is NULL.
// Tells whoever waits for the reply of `message`, here or on another node, that there won't be one.
// Takes the message.
void kithi_request_fail(struct kith_message *message, enum kith_error error);
static inline void kithi_message_hold(struct kith_message *message, struct kith_process *process)
{
    message->place = KITHI_PLACE_HELD;
    message->owner = process == NULL ? KITHI_NOBODY : process->slot;
    if (process != NULL) {
        process->owned++;
    }
}

static inline void kithi_message_let_go(struct kith_message *message, enum kithi_place place)
{
    if (message->place == KITHI_PLACE_HELD && message->owner != KITHI_NOBODY) {
        kithi_process_at(message->node, message->owner)->owned--;
    }
    message->owner = KITHI_NOBODY;
    message->place = (uint8_t)place;
}

// mailbox.c
bool kithi_mailbox_has_room(const struct kith_process *process, const struct kith_message *message);
// A reply to kith_call is for that call only: whoever has given up and now waits for anything at
// all doesn't get it.
static inline bool kithi_wait_matches(uint8_t wait, uint64_t key,
                                      const struct kith_message *message)
{
    return (wait == KITHI_WAIT_ANY && (!message->done || message->asynchronous)) ||
           (wait == KITHI_WAIT_REPLY && message->done && message->id == key) ||
           (wait == KITHI_WAIT_TYPE && !message->done && message->type == key);
}

static inline bool kithi_mailbox_waits_for(const struct kith_process *process,
                                           const struct kith_message *message)
{
    return kithi_wait_matches(process->wait, process->wait_key, message);
}
void kithi_mailbox_put(struct kith_process *process, struct kith_message *message);
void kithi_mailbox_end(struct kith_process *process);
bool kithi_mailbox_remove_down(struct kith_process *process, uint64_t monitor);

// deliver.c: the last step of every message; all of them take the message when OK
enum kith_error kithi_deliver_local(struct kith_node *node, struct kith_message *message,
                                    bool remote);
void kithi_deliver_reply(struct kith_node *node, struct kith_message *message);
void kithi_deliver_kernel(struct kith_process *process, struct kith_message *message);
bool kithi_rights_allow(const struct kith_node *node, const struct kith_message *message,
                        bool remote);
void kithi_senders_fail(struct kithi_list *senders, enum kith_error reason);

// route.c
enum kith_error kithi_routes_open(struct kith_node *node);
void kithi_routes_close(struct kith_node *node);
// Sends by the route to message->to.node. FULL: *route says which to wait for.
enum kith_error kithi_route_send(struct kith_node *node, struct kith_message **message,
                                 struct kith_route **route);
void kithi_route_consumed(struct kith_node *node, struct kith_process *receiver,
                          const struct kith_message *message);
void kithi_route_cancel(struct kith_node *node, struct kith_ref to, uint64_t id);

// monitor.c
void kithi_monitors_end(struct kith_process *process, enum kith_error reason);
void kithi_monitors_route_lost(struct kith_route *route, enum kith_error reason);
void kithi_monitors_close(struct kith_node *node);

#endif
