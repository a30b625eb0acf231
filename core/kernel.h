// SPDX-License-Identifier: Apache-2.0
// The kernel's own view of nodes, processes and messages. Only core/ includes this.
#ifndef KITHI_KERNEL_H
#define KITHI_KERNEL_H

#include <assert.h>
#include <string.h>

#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/node.h>
#include <kith/planted.h>
#include <kith/rights.h>
#include <kith/route.h>
#include <kith/timer.h>

#include <kithi_checks.h>

#include "list.h"

enum {
    KITHI_LINE = 8 * sizeof(void *), // of the cache; where it is another, that only costs time
    KITHI_MESSAGE_SIZE = 320,        // of a message with its built-in arena
    KITHI_SLAB_MESSAGES = 64,
    KITHI_CHUNK_PROCESSES = 64,
    KITHI_STACK_CLASSES = 32, // 1 KB, 1.5 KB, 2 KB, 3 KB, 4 KB ...
    KITHI_BLOCK_CLASSES = 3,
    KITHI_ROUND = 256,         // switches before the scheduler looks at clock and platform again
    KITHI_MANY_SLICES = 64,    // in a round of so many they aren't timed each
    KITHI_BRIEF_CYCLES = 2000, // if one took fewer
    KITHI_SAMPLE_LEAST = 16,   // slices from one timed to the next: this, plus up to
    KITHI_SAMPLE_SPREAD = 32,
    KITHI_HIGH_IN_A_ROW = 16, // picks of high priority before a normal one has its turn
    KITHI_HOG_AGAIN = 10,     // a hog is reported again after so many times as long
    KITHI_FORMER = 256,       // former incarnations remembered, at most
    KITHI_FORMER_PER_ROUTE = 4,
};
#define KITHI_NOBODY UINT32_MAX

// A condition that is rarely true: what follows is kept out of the way of what usually happens.
#define KITHI_SELDOM(condition) __builtin_expect(!!(condition), 0)

// For a step of the path that every message takes: a call costs more than what it does.
#define KITHI_ALWAYS_INLINE static inline __attribute__((always_inline))

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
    size_t bytes, bytes_limit;
    uint32_t count, limit;
};

// In the order of how often it is touched: a message handed over touches the first two lines of the
// cache (KITHI_LINE), a sender that waits the third as well.
struct kith_process {
    alignas(KITHI_LINE) void *stack_pointer;
    struct kith_node *node;
    struct kith_process *next;        // in a ready queue or a list of free slots
    struct kith_message **receive_at; // where it wants the message that it waits for
    struct kith_message *arrived;     // one put there that isn't settled yet (kithi_arrive)
    uint64_t wait_key;
    uint8_t wait; // enum kithi_wait; NONE while it has ended
    uint8_t state;
    uint8_t priority;
    uint8_t wake; // enum kith_error: what the blocking call returns
    bool killed;
    bool guarded; // the stack is
    bool timed;   // the alarm may be set
    bool calling; // waits for the reply as soon as `outgoing` is sent
    uint32_t slot, generation;

    uint64_t sent, received;
    struct kithi_mailbox mailbox;
    uint32_t mailbox_peak;
    uint32_t owned;

    struct kithi_list senders; // processes that wait for room in this mailbox, if it isn't empty
    struct kithi_list waiting; // this process in such a list
    struct kith_message *outgoing;     // what it waits to send
    struct kith_message **outgoing_at; // the caller's pointer to it, NULL once it is sent
    struct kith_route *outgoing_route;
    uint64_t cycles;

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
    bool kill_told;
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
    alignas(KITHI_LINE) unsigned char messages[];
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
    uint32_t quiet;    // switches left before one has more to do (kithi_attend)
    uint32_t round;    // switches left after those before the scheduler's turn
    uint32_t in_a_row; // high priority picks
    uint32_t slots;
    uint64_t incarnation, next_id;
    struct kith_process **chunks;
    struct kith_rights rights;
    uint64_t handed_over; // messages by the short path: sent and delivered
    struct kithi_pool pool;
    bool slice_timed;       // the running slice is
    bool turn_wanted;       // of the scheduler
    uint32_t sample_period; // slices that a timed one stands for
    uint64_t slice_start;   // cycles, of a slice that is timed
    uint64_t round_start, round_switches;
    uint64_t round_ns;           // 0, or the time of this round
    uint32_t random;             // spreads the samples
    uint64_t watched_switches;   // when kith_node_watch last looked
    uint64_t held_ns, report_ns; // by the running process since then; to be reported when so long
    struct kith_node_counters counters;
    struct kith_platform platform;
    struct kithi_heap heap;
    struct kithi_routes routes;
    struct kithi_monitors monitors;
    uint32_t chunk_len, chunk_capacity, processes;
    struct kith_process *free_slots[KITHI_STACK_CLASSES];
    struct kith_hook *hooks;
    void *parts[KITH_PARTS];
    struct kith_limits limits;
    uint64_t started_ns, started_cycles, next_timer;
    uint32_t timers;
    struct kithi_ready given_way; // ready again when the scheduler has had its turn
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
    bool same = process->generation == ref.generation || KITH_BUG(GENERATION_NOT_CHECKED);
    bool alive = same && process->state != KITH_STATE_FREE;
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
static inline void kithi_queue_push(struct kithi_ready *ready, struct kith_process *process)
{
    process->state = KITH_STATE_READY;
    process->next = NULL;
    if (ready->first == NULL) {
        ready->first = process;
    } else {
        ready->last->next = process;
    }
    ready->last = process;
}

static inline void kithi_ready_push(struct kith_process *process)
{
    kithi_queue_push(&process->node->ready[process->priority], process);
}

// The blocking call of a process is over and will return `result`.
static inline void kithi_wake(struct kith_process *process, enum kith_error result)
{
    if (KITHI_SELDOM(process->timed)) {
        process->timed = false;
        kith_alarm_clear(process->node, &process->alarm);
    }
    process->wait = KITHI_WAIT_NONE;
    process->wake = (uint8_t)result;
    kithi_ready_push(process);
}

// The message of a process that waited for room has been taken.
static inline void kithi_sender_done(struct kith_process *process)
{
    kithi_list_remove(&process->waiting);
    *process->outgoing_at = NULL;
    process->sent++;
    process->node->counters.sent++;
    if (KITHI_SELDOM(process->calling)) {
        process->state = KITH_STATE_CALLING; // it waits on: the reply may come before it runs
        process->wait = KITHI_WAIT_REPLY;
        return;
    }
    kithi_wake(process, KITH_OK);
}

// What a process waits for won't come.
static inline void kithi_wake_in_vain(struct kith_process *process, enum kith_error reason)
{
    if (process->state == KITH_STATE_SENDING) {
        kithi_list_remove(&process->waiting);
        process->node->counters.refused++;
    }
    kithi_wake(process, reason);
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
// The running process lets all others that are ready run, and then the scheduler.
void kithi_give_way(struct kith_process *self);
void kithi_switch_away(struct kith_process *self); // without coming back, when it has ended
uint64_t kithi_round_ns(struct kith_node *node);   // a time of this round of the scheduler

// Switches of the round that runs; 0 between rounds.
static inline uint32_t kithi_round_switches(const struct kith_node *node)
{
    return KITHI_ROUND - node->round - node->quiet;
}
uint64_t kithi_cycles_to_ns(const struct kith_node *node, uint64_t cycles);

// alarm.c
enum kith_error kithi_heap_open(struct kith_node *node);
void kithi_heap_close(struct kith_node *node);
void kithi_alarms_fire(struct kith_node *node);
uint64_t kithi_alarms_next(const struct kith_node *node);

// timer.c
void kithi_timers_end(struct kith_process *process);

// pool.c
// Memory that begins with a line. NULL when there is none.
void *kithi_lines_allocate(struct kith_node *node, size_t size);
void kithi_lines_release(struct kith_node *node, void *memory, size_t size);
enum kith_error kithi_pool_grow(struct kith_node *node);

static inline enum kith_error kithi_pool_take(struct kith_node *node, struct kith_message **message)
{
    struct kithi_pool *pool = &node->pool;
    if (KITHI_SELDOM(pool->free == NULL)) {
        enum kith_error error = kithi_pool_grow(node);
        if (error != KITH_OK) {
            return error;
        }
    }
    struct kith_message *taken = pool->free;
    pool->free = taken->next;
    pool->alive++;
    memset(taken, 0, offsetof(struct kith_message, place));
    taken->deadline_ns = KITH_FOREVER;
    taken->origin = 0;
    taken->next = NULL;
    taken->inline_used = 0;
    *message = taken;
    return KITH_OK;
}

// No outcome for waiting requests.
static inline void kithi_pool_put(struct kith_message *message)
{
    assert(message->place != KITHI_PLACE_FREE);
    struct kithi_pool *pool = &message->node->pool;
    if (KITHI_SELDOM(message->blocks != NULL)) {
        kith_message_reset(message);
    }
    message->place = KITHI_PLACE_FREE;
    message->owner = KITHI_NOBODY;
    message->next = pool->free;
    pool->free = message;
    pool->alive--;
    kithi_check_poison(message->inline_arena, KITHI_MESSAGE_SIZE - sizeof *message);
}

void kithi_pool_reclaim(struct kith_node *node, uint32_t owner);
void kithi_pool_close(struct kith_node *node);

void kithi_message_poison(struct kith_message *message);
void kithi_message_unpoison(struct kith_message *message);

// Tells whoever waits for the reply of `message`, here or on another node, that there won't be one.
// Takes the message.
void kithi_request_fail(struct kith_message *message, enum kith_error error);

// Who may touch a message: `process`, or code outside of any if that is NULL.
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

// Gives `message`, which nobody holds, to the process that waits for it, and wakes that.
static inline void kithi_message_hand(struct kith_message *message, struct kith_process *receiver)
{
    message->place = KITHI_PLACE_HELD;
    message->owner = receiver->slot;
    receiver->owned++;
    receiver->received++;
    *receiver->receive_at = message;
    if (KITHI_CHECKS) {
        kithi_message_poison(message); // until the receiver runs
    }
    if (KITHI_CHECKS || KITHI_SELDOM(message->origin != 0)) {
        receiver->arrived = message;
    }
    kithi_wake(receiver, KITH_OK);
}

// mailbox.c
void kithi_arrive(struct kith_process *process); // settles process->arrived, just before it runs
static inline size_t kithi_message_bytes(const struct kith_message *message)
{
    return message->size > message->arena_bytes ? message->size : message->arena_bytes;
}

// A message larger than the whole mailbox is accepted by an empty one: it must get through.
static inline bool kithi_mailbox_has_room(const struct kith_process *process,
                                          const struct kith_message *message)
{
    const struct kithi_mailbox *mailbox = &process->mailbox;
    size_t bytes = kithi_message_bytes(message);
    return mailbox->count < mailbox->limit &&
           (mailbox->count == 0 ||
            (bytes <= mailbox->bytes_limit && mailbox->bytes <= mailbox->bytes_limit - bytes));
}

// A reply to kith_call is for that call only: whoever has given up and now waits for anything at
// all doesn't get it.
static inline bool kithi_wait_matches(uint8_t wait, uint64_t key,
                                      const struct kith_message *message)
{
    return (wait == KITHI_WAIT_ANY && (!message->done || message->asynchronous)) ||
           (wait == KITHI_WAIT_REPLY && message->done &&
            (message->id == key || KITH_BUG(LATE_REPLY_TO_LATER_CALL))) ||
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
