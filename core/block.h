// SPDX-License-Identifier: Apache-2.0
// How a process gives way to the next. All of it is inline, and a blocking call ends in the switch:
// what it gives has been put in its place by whoever woke it (see kithi_arch_switch).
#ifndef KITHI_BLOCK_H
#define KITHI_BLOCK_H

#include "kernel.h"

#include <kithi_checks.h>

#include "arch/arch.h"

// The switch after which the slice has to be timed or the round is over. Gives the process that
// comes next, or NULL for the scheduler.
struct kith_process *kithi_attend(struct kith_process *self);

static inline struct kith_process *kithi_pop(struct kithi_ready *ready)
{
    struct kith_process *process = ready->first;
    if (process != NULL) {
        ready->first = process->next;
    }
    return process;
}

static inline struct kith_process *kithi_pick(struct kith_node *node)
{
    struct kithi_ready *high = &node->ready[KITH_PRIORITY_HIGH];
    struct kithi_ready *normal = &node->ready[KITH_PRIORITY_NORMAL];
    if (KITHI_SELDOM(high->first != NULL) &&
        (normal->first == NULL || node->in_a_row < KITHI_HIGH_IN_A_ROW)) {
        node->in_a_row++;
        return kithi_pop(high);
    }
    node->in_a_row = 0;
    return kithi_pop(normal);
}

// Who comes after `self`; NULL for the scheduler.
static inline struct kith_process *kithi_next(struct kith_process *self)
{
    struct kith_node *node = self->node;
    return KITHI_SELDOM(--node->quiet == 0) ? kithi_attend(self) : kithi_pick(node);
}

// Continues with `next`, or with the scheduler if that is NULL. Returns when `self` was woken, what
// kithi_wake said; never, if it has `ended`.
static inline enum kith_error kithi_switch_to(struct kith_process *self, struct kith_process *next,
                                              bool ended)
{
    struct kith_node *node = self->node;
    void *stack_pointer = node->scheduler_stack_pointer;
    uint32_t wake = 0;
    node->running = next;
    if (next != NULL) {
        next->state = KITH_STATE_RUNNING;
        if (KITHI_SELDOM(next->arrived != NULL)) {
            kithi_arrive(next);
        }
        stack_pointer = next->stack_pointer;
        wake = next->wake;
    }
    if (KITHI_CHECKS) {
        const void *base = next != NULL ? next->stack.base : node->scheduler_base;
        kithi_check_leave(ended ? NULL : &self->fake_stack, base,
                          next != NULL ? next->stack.size : node->scheduler_size);
    }
    uint32_t result = kithi_arch_switch(&self->stack_pointer, stack_pointer, wake);
    kithi_check_arrive(self->fake_stack, NULL, NULL);
    return (enum kith_error)result;
}

// Before a process gives way or ends, and before it is in any queue.
static inline void kithi_check_stack(struct kith_process *self)
{
    if (KITHI_SELDOM(!self->guarded) && !kithi_stack_intact(&self->stack)) {
        kithi_overflow(self);
    }
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
    return kithi_switch_to(self, kithi_next(self), false);
}

#endif
