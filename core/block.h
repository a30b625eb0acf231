// SPDX-License-Identifier: Apache-2.0
// How a process is made ready and gives way to the next. What happens often is inline, and a
// blocking call ends in the switch: what it gives has been put in its place by whoever woke it (see
// kithi_arch_switch). What happens seldom is a call that ends the blocking call as well, so that
// nothing has to be kept across it.
#ifndef KITHI_BLOCK_H
#define KITHI_BLOCK_H

#include "kernel.h"

#include "arch/arch.h"

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
    kithi_queue_push(&process->node->ready[process->flags & KITHI_HIGH], process);
}

// One of normal priority, before others that are ready already. Gives OK: what makes a process
// ready may end in it.
enum kith_error kithi_ready_push_first(struct kith_process *process);

// Whom a message that was sent has woken comes next: what it was sent is still in the cache, and
// its mailbox empty. See kithi_ready_push_first for how far that goes.
static inline enum kith_error kithi_ready_push_next(struct kith_node *node,
                                                    struct kith_process *process)
{
    struct kithi_ready *ready = &node->ready[KITH_PRIORITY_NORMAL];
    assert((process->flags & KITHI_HIGH) == 0);
    if (ready->first != NULL) {
        return kithi_ready_push_first(process);
    }
    kithi_queue_push(ready, process);
    return KITH_OK;
}

static inline struct kith_process *kithi_pop(struct kithi_ready *ready)
{
    struct kith_process *process = ready->first;
    if (process != NULL) {
        ready->first = process->next;
    }
    return process;
}

// The blocking call of a process whose alarm isn't set is over and will return `result`.
static inline void kithi_end_wait(struct kith_process *process, enum kith_error result)
{
    process->wake = (uint8_t)result;
    process->wait = KITHI_WAIT_NONE;
}

// The blocking call of any process is.
static inline void kithi_wake(struct kith_process *process, enum kith_error result)
{
    if (KITHI_SELDOM(process->flags & KITHI_TIMED)) {
        process->flags &= (uint8_t)~KITHI_TIMED;
        kith_alarm_clear(process->node, &process->alarm);
    }
    kithi_end_wait(process, result);
    kithi_ready_push(process);
}

// The message of a process that waited for room has been taken.
static inline void kithi_sender_done(struct kith_process *process)
{
    kithi_list_remove(&process->waiting);
    *process->at = NULL;
    kithi_count_sent(process);
    process->node->counters.sent++;
    if (KITHI_SELDOM(process->flags & KITHI_CALLING)) {
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
    return KITHI_SELDOM(self->flags & KITHI_KILLED) ? kithi_told_killed(self) : KITH_OK;
}

// Gives up the running process, whose stack is at its end. The scheduler ends it on its own stack,
// since there may be no room left on this one.
noreturn void kithi_overflow(struct kith_process *self);

// Before a process gives way or ends, and before it is in a ready queue.
static inline void kithi_check_stack(struct kith_process *self)
{
    if (KITHI_SELDOM(self->flags & KITHI_UNGUARDED) && !kithi_stack_intact(&self->stack)) {
        kithi_overflow(self);
    }
}

// A stack may end anywhere. It must not be in the middle of a kernel call: what that has begun
// would stay as it is, though the process is ended. So before something is begun what it will
// need is touched, or without a guard looked at, and if the stack ends there the process ends
// here.
enum {
    KITHI_STACK_SHORT = 32 * sizeof(void *), // the shortest ways
    KITHI_STACK_SHARE = 8,                   // all others: this part of the whole
};

static inline void kithi_need_stack(size_t size)
{
    kithi_check_touch(kithi_arch_stack_pointer() - size);
}

// For what does more than move a few pointers. Outside of processes nothing is needed.
static inline void kithi_need_much_stack(const struct kith_node *node)
{
    struct kith_process *self = node->running;
    if (self == NULL) {
        return;
    }
    size_t size = self->stack.size / KITHI_STACK_SHARE;
    if (!self->stack.guarded && kithi_arch_stack_pointer() < (uintptr_t)self->stack.base + size) {
        kithi_overflow(self);
    }
    kithi_need_stack(size);
}

// Who continues with `next` will probably continue with its peer then: what that will touch first.
KITHI_ALWAYS_INLINE void kithi_prefetch_after(const struct kith_process *next)
{
    const struct kith_process *after = next->peer;
    __builtin_prefetch(after->peer);
    __builtin_prefetch(after->stack_pointer);
    __builtin_prefetch((char *)after->stack_pointer + KITHI_LINE);
}

// Continues with `next`, to which nothing special applies. Returns, when `self` has been woken,
// what kithi_wake said.
KITHI_ALWAYS_INLINE enum kith_error kithi_continue_with(struct kith_process *self,
                                                        struct kith_process *next)
{
    self->node->running = next;
    next->state = KITH_STATE_RUNNING;
    return (enum kith_error)kithi_arch_switch(&self->stack_pointer, next->stack_pointer,
                                              next->wake);
}

// The same with whoever comes next, at a switch after which the slice has to be timed or the round
// is over.
enum kith_error kithi_attend(struct kith_process *self);

// The same with whoever comes next, whatever its priority, or with the scheduler if nobody does;
// and what KITHI_CHECKS want to know of a switch is told.
enum kith_error kithi_switch_by_priority(struct kith_process *self);

static inline enum kith_error kithi_switch(struct kith_process *self)
{
    struct kith_node *node = self->node;
    if (KITHI_SELDOM(--node->quiet == 0)) {
        return kithi_attend(self);
    }
    struct kith_process *next = node->ready[KITH_PRIORITY_NORMAL].first;
    if (KITHI_CHECKS ||
        KITHI_SELDOM(next == NULL || node->ready[KITH_PRIORITY_HIGH].first != NULL)) {
        return kithi_switch_by_priority(self);
    }
    node->ready[KITH_PRIORITY_NORMAL].first = next->next;
    kithi_prefetch_after(next);
    return kithi_continue_with(self, next);
}

// Makes `woken` ready and gives way to whoever comes next.
enum kith_error kithi_switch_after(struct kith_process *self, struct kith_process *woken);

// The same, straight to `woken` if nobody else is ready.
KITHI_ALWAYS_INLINE enum kith_error kithi_hand_cpu(struct kith_process *self,
                                                   struct kith_process *woken)
{
    struct kith_node *node = self->node;
    if (KITHI_CHECKS || KITHI_SELDOM(node->quiet <= 1) ||
        node->ready[KITH_PRIORITY_NORMAL].first != NULL ||
        node->ready[KITH_PRIORITY_HIGH].first != NULL) {
        return kithi_switch_after(self, woken);
    }
    node->quiet--;
    return kithi_continue_with(self, woken);
}

void kithi_set_deadline(struct kith_process *self, uint64_t deadline_ns);

// Blocks the running process in `state` until woken. Gives what kithi_wake said, or TIMEOUT.
static inline enum kith_error kithi_block(struct kith_process *self, enum kith_process_state state,
                                          uint64_t deadline_ns)
{
    assert(self->node->running == self);
    kithi_check_stack(self);
    if (KITHI_SELDOM(deadline_ns != KITH_FOREVER)) {
        kithi_set_deadline(self, deadline_ns);
    }
    self->state = (uint8_t)state;
    return kithi_switch(self);
}

// Whether the running process may block until `deadline_ns` in the shortest way: not told to end,
// its stack guarded, no alarm to set.
static inline bool kithi_blocks_simply(const struct kith_process *self, uint64_t deadline_ns)
{
    return (self->flags & (KITHI_KILLED | KITHI_UNGUARDED)) == 0 && deadline_ns == KITH_FOREVER;
}

// Does so.
static inline enum kith_error kithi_block_simply(struct kith_process *self,
                                                 enum kith_process_state state)
{
    assert(self->node->running == self);
    self->state = (uint8_t)state;
    return kithi_switch(self);
}

#endif
