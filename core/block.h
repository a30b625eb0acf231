// SPDX-License-Identifier: Apache-2.0
// How a process gives way to the next. All of it is inline: each return after a switch finds the
// return predictor holding another stack's addresses, so the fewer frames there are between a
// blocking call and the switch, the cheaper the call.
#ifndef KITHI_BLOCK_H
#define KITHI_BLOCK_H

#include "kernel.h"

#include <kithi_checks.h>

#include "arch/arch.h"

void kithi_time_slice(struct kith_process *process);

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
    if (high->first != NULL && (normal->first == NULL || node->in_a_row < KITHI_HIGH_IN_A_ROW)) {
        node->in_a_row++;
        return kithi_pop(high);
    }
    node->in_a_row = 0;
    return kithi_pop(normal);
}

static inline void kithi_account(struct kith_process *process)
{
    struct kith_node *node = process->node;
    if (node->sample_left > 1) {
        node->sample_left--;
    } else {
        kithi_time_slice(process);
    }
}

// Continues with `next`, or with the scheduler if that is NULL. `ended`: `self` never comes back.
static inline void kithi_switch_to(struct kith_process *self, struct kith_process *next, bool ended)
{
    struct kith_node *node = self->node;
    void **fake_stack = ended ? NULL : &self->fake_stack;
    node->counters.switches++;
    node->running = next;
    if (next == NULL) {
        kithi_check_leave(fake_stack, node->scheduler_base, node->scheduler_size);
        kithi_arch_switch(&self->stack_pointer, node->scheduler_stack_pointer);
    } else {
        node->round--;
        next->state = KITH_STATE_RUNNING;
        kithi_check_leave(fake_stack, next->stack.base, next->stack.size);
        kithi_arch_switch(&self->stack_pointer, next->stack_pointer);
    }
    kithi_check_arrive(self->fake_stack, NULL, NULL);
}

// Before a process gives way or ends, and before it is in any queue.
static inline void kithi_check_stack(struct kith_process *self)
{
    if (!self->stack.guarded && !kithi_stack_intact(&self->stack)) {
        kithi_overflow(self);
    }
}

static inline void kithi_give_way(struct kith_process *self)
{
    struct kith_node *node = self->node;
    kithi_account(self);
    struct kith_process *next = node->round > 0 ? kithi_pick(node) : NULL;
    if (next == self) {
        self->state = KITH_STATE_RUNNING;
        node->round--;
        return;
    }
    kithi_switch_to(self, next, false);
}

// Blocks the running process in `state` until woken. Gives what kithi_wake said, or TIMEOUT.
static inline enum kith_error kithi_block(struct kith_process *self, enum kith_process_state state,
                                          uint64_t deadline_ns)
{
    struct kith_node *node = self->node;
    assert(node->running == self);
    kithi_check_stack(self);
    if (deadline_ns != KITH_FOREVER) {
        enum kith_error error = kith_alarm_set(node, &self->alarm, deadline_ns);
        assert(error == KITH_OK); // the heap has a place for each process
        (void)error;
    }
    self->state = (uint8_t)state;
    self->wake = KITH_OK;
    kithi_give_way(self);
    if (self->alarm.heap_place != 0) {
        kith_alarm_clear(node, &self->alarm);
    }
    return (enum kith_error)self->wake;
}

#endif
