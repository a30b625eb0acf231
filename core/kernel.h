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
    KITHI_MESSAGE_SIZE = 320,        // of a message with its built-in arena ...
    KITHI_INLINE_ROOM = KITHI_MESSAGE_SIZE - sizeof(struct kith_message), // ... and of that
    KITHI_SLAB_MESSAGES = 64,
    KITHI_CHUNK_PROCESSES = 64,
    KITHI_STACK_CLASSES = 32, // 1 KB, 1.5 KB, 2 KB, 3 KB, 4 KB ...
    KITHI_BLOCK_CLASSES = 3,
    KITHI_ROUND = 256,       // switches before the scheduler looks at clock and platform again
    KITHI_ROUND_NS = 100000, // or so long, if others are ready: about one slice more
    KITHI_FAVOURS = KITHI_ROUND / 2, // of KITHI_ROUND times one goes before those ready earlier
    KITHI_MANY_SLICES = 64,          // in a round of so many they aren't timed each
    KITHI_BRIEF_CYCLES = 2000,       // if one took fewer
    KITHI_SAMPLE_LEAST = 128,        // slices from one timed to the next: this, plus up to
    KITHI_SAMPLE_SPREAD = 128,
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
    KITHI_PLACE_HELD, // a process, if only as soon as it runs, or code outside: message->owner
    KITHI_PLACE_MAILBOX,
    KITHI_PLACE_ROUTE,  // the owner of a route has it
    KITHI_PLACE_KERNEL, // a monitor or a timer waiting to fire
};

enum kithi_wait {
    KITHI_WAIT_NONE,
    KITHI_WAIT_ANY,
    KITHI_WAIT_TYPE,
    KITHI_WAIT_REPLY,
};

// What sets a process apart from those that may take the shortest way.
enum {
    KITHI_HIGH =
        KITH_PRIORITY_HIGH,   // its priority; the others have to do with ways, not with turns
    KITHI_KILLED = 1 << 1,    // it was told to end
    KITHI_UNGUARDED = 1 << 2, // its stack has only a canary
    KITHI_TIMED = 1 << 3,     // its alarm may be set
    KITHI_CALLING = 1 << 4,   // it waits for the reply as soon as its request is sent
    KITHI_ARRIVED = 1 << 5,   // the message put at *at is out of reach until it runs
    KITHI_MAIL = 1 << 6,      // its mailbox isn't empty
    KITHI_NEEDED = 1 << 7,    // its node needs it: nobody ties itself to it
};

struct kithi_mailbox {
    struct kith_message *first, *last; // `last` means nothing while `first` is NULL
    size_t bytes;
    uint32_t count, peak;
};

// In the order of how often it is touched: a message that is handed over touches only the first
// line of the cache (KITHI_LINE), a mailbox or a call the second, too.
struct kith_process {
    alignas(KITHI_LINE) void *stack_pointer;
    struct kith_node *node;
    uint32_t slot, generation;
    struct kith_process *next; // in a ready queue or a list of free slots
    struct kith_process *peer; // some process of this node; most often who got its last message
    struct kith_message **at;  // where it wants the message that it waits for, or has that to send
    uint32_t owned;
    uint8_t wake; // enum kith_error: what the blocking call returns
    uint8_t wait; // enum kithi_wait; NONE while it has ended
    uint8_t state;
    uint8_t flags;           // KITHI_HIGH ...
    uint32_t sent, received; // modulo 2^32 (kithi_count_sent)

    struct kithi_list waiting; // this process among others that wait for room
    struct kithi_mailbox mailbox;
    uint64_t wait_key;
    uint64_t cycles;

    struct kithi_list senders; // that wait for room in this mailbox
    size_t mailbox_bytes;      // at most
    uint32_t mailbox_messages; // at most
    uint32_t sent_wraps, received_wraps;
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
    uint32_t inline_most; // bytes of a payload that a new message has room for
    size_t alive_bytes, total_bytes;
};

struct kithi_heap { // of alarms, the earliest first
    struct kith_alarm **alarms;
    uint32_t len, capacity;
    uint64_t next_order;
    uint64_t fired_ns; // when they were last looked at
};

struct kithi_monitors { // by watcher and id
    uint64_t seed;
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
    size_t reply_bytes; // of replies that wait for room, of all routes
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
    struct kithi_list senders;                   // processes that wait for room or credit
    struct kith_message *replies, **replies_end; // that wait for room
    size_t reply_bytes;                          // that these hold
    struct kithi_list monitors;                  // ours, of its processes
    struct kithi_list watchers;                  // its processes' monitors of ours
    uint32_t watcher_len;
};

struct kith_node {
    struct kithi_ready ready[2]; // by priority
    struct kith_process *running;
    void *scheduler_stack_pointer;
    uint32_t quiet;                // switches left before one has more to do (kithi_attend)
    uint32_t round;                // switches left after those before the scheduler's turn
    uint32_t round_len;            // of this round, in switches
    uint32_t in_a_row;             // picks of high priority while others waited
    uint32_t favours;              // left for KITHI_ROUND switches
    struct kith_process *favoured; // who had the last one
    uint32_t slots;
    uint64_t incarnation, next_id;
    struct kith_process **chunks;
    struct kith_rights rights;
    uint64_t handed_over; // messages by the short path: sent and delivered
    struct kithi_pool pool;
    bool sampling;          // in this round only some slices are timed
    bool turn_wanted;       // of the scheduler
    uint32_t slice_weight;  // how many slices the running one stands for; 0: it isn't timed
    uint32_t sample_period; // the weight of the next sample
    uint32_t sample_left;   // slices until then
    uint64_t slice_start;   // cycles, of a slice that is timed
    uint64_t round_start, round_switches;
    uint64_t favours_switches;   // when there were all favours
    uint64_t round_ns;           // when it began
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
    uint32_t stack_class; // of limits.stack_size
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

// Messages are counted by a process without a second line of the cache.
static inline void kithi_count_sent(struct kith_process *process)
{
    if (KITHI_SELDOM(++process->sent == 0)) {
        process->sent_wraps++;
    }
}

static inline void kithi_count_received(struct kith_process *process)
{
    if (KITHI_SELDOM(++process->received == 0)) {
        process->received_wraps++;
    }
}

static inline struct kith_process *kithi_process_at(const struct kith_node *node, uint32_t slot)
{
    return &node->chunks[slot / KITHI_CHUNK_PROCESSES][slot % KITHI_CHUNK_PROCESSES];
}

// The process of this node that `ref` means, or NULL if it has ended or is another node's.
static inline struct kith_process *kithi_process_find(const struct kith_node *node,
                                                      struct kith_ref ref)
{
    if (KITHI_SELDOM(ref.slot >= node->slots)) {
        return NULL;
    }
    struct kith_process *process = kithi_process_at(node, ref.slot);
    bool same = (process->generation == ref.generation || KITH_BUG(GENERATION_NOT_CHECKED)) &&
                ref.node == node->incarnation;
    return same && process->state != KITH_STATE_FREE ? process : NULL;
}
void kithi_process_end(struct kith_process *process, enum kith_error reason);
void kithi_processes_close(struct kith_node *node);

// The platform's fault handler found the stack guard of the running process hit. Continue at
// kithi_arch_resume with the stack pointer that this gives; NULL: no process was running.
void *kithi_process_overflowed(struct kith_node *node);

// The running process, if there is one, has touched an address where nothing is: says which one it
// is, before the program ends. From a fault handler.
void kithi_process_faulted(const struct kith_node *node, uintptr_t address);

// The stack of the running process, or NULL.
const struct kith_stack *kithi_process_stack(const struct kith_node *node);

// stack.c
enum kith_error kithi_stack_class(size_t size, uint32_t *class);
size_t kithi_stack_class_size(uint32_t class);
size_t kithi_stack_used(const struct kith_stack *stack);
bool kithi_stack_intact(const struct kith_stack *stack);

// scheduler.c
// The running process lets the others that are ready run, for the rest of the round at most, and
// then the scheduler.
void kithi_give_way(struct kith_process *self);
void kithi_switch_away(struct kith_process *self); // without coming back, when it has ended
uint64_t kithi_round_ns(struct kith_node *node);   // a time of this round of the scheduler

// Switches of the round that runs; 0 between rounds.
static inline uint32_t kithi_round_switches(const struct kith_node *node)
{
    return node->round_len - node->round - node->quiet;
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
void kithi_pool_open(struct kith_node *node);
enum kith_error kithi_pool_grow(struct kith_node *node);
// No outcome for waiting requests.
void kithi_pool_put(struct kith_message *message);

// Frees what `owner`, which ends, holds.
void kithi_pool_reclaim(struct kith_process *owner);
void kithi_pool_close(struct kith_node *node);

void kithi_message_poison(struct kith_message *message);
void kithi_message_unpoison(struct kith_message *message);

// What kith_message_free and kith_message_reset do, in the middle of something else.
void kithi_message_end(struct kith_message *message);
void kithi_message_reset(struct kith_message *message);

// Tells whoever waits for the reply of `message`, here or on another node, that there won't be one.
// Takes the message.
void kithi_request_fail(struct kith_message *message, enum kith_error error);

// mailbox.c
// Just before a process runs: what it waited for comes within its reach.
void kithi_arrive(struct kith_process *process);
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
// The same by that route, whatever waits for it.
enum kith_error kithi_route_hand(struct kith_route *route, struct kith_message **message);
void kithi_route_consumed(struct kith_node *node, struct kith_process *receiver,
                          const struct kith_message *message);
void kithi_route_cancel(struct kith_node *node, struct kith_ref to, uint64_t id);

// replies.c
// Takes a reply to another node, for which there may be no room yet. If it can't be kept until
// there is, the requester gets FULL in its place. Errors: those of the route but FULL.
enum kith_error kithi_replies_send(struct kith_node *node, struct kith_message **message);
// Tells of the end of a process, as `down` says, when its replies have gone. Takes the message.
void kithi_replies_follow(struct kith_route *route, struct kith_message *down);
// There may be room. False if there still isn't enough.
bool kithi_replies_continue(struct kith_route *route);
// The route doesn't lead anywhere any longer.
void kithi_replies_lose(struct kith_route *route);

// monitor.c
void kithi_monitors_end(struct kith_process *process, enum kith_error reason);
void kithi_monitors_route_lost(struct kith_route *route, enum kith_error reason);
void kithi_monitors_close(struct kith_node *node);

#endif
