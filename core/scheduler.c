// SPDX-License-Identifier: Apache-2.0
// Who runs next. A process that blocks switches straight to the next ready one; the scheduler's own
// stack only gets its turn when nothing is ready, or after a round of switches, to look at the
// clock and the platform.
#include "block.h"

static void report_hog(struct kith_process *process, uint64_t held_ns)
{
    struct kith_log_field fields[] = {
        {"process", process->label, 0},
        {"slot", NULL, process->slot},
        {"held_us", NULL, held_ns / 1000},
    };
    kith_node_log(process->node, KITH_LOG_WARNING, "process_held_cpu", fields, 3);
}

// What holds the CPU can't be asked to look at a clock, and most slices aren't timed: so whether
// there was a switch since the last time is looked at from outside.
void kith_node_watch(struct kith_node *node, uint64_t passed_ns)
{
    struct kith_process *process = node->running;
    uint64_t switches = node->counters.switches + kithi_round_switches(node);
    if (process == NULL || node->limits.hog_ns == 0 || switches != node->watched_switches) {
        node->watched_switches = switches;
        node->held_ns = 0;
        node->report_ns = node->limits.hog_ns;
        return;
    }
    node->held_ns += passed_ns;
    if (node->held_ns < node->report_ns) {
        return;
    }
    if (node->report_ns == node->limits.hog_ns) {
        process->hogs++;
        node->counters.hogs++;
    }
    node->report_ns *= KITHI_HOG_AGAIN;
    report_hog(process, node->held_ns);
}

// Chooses how many slices the next sample stands for: itself, and those until then.
static void begin_sample(struct kith_node *node)
{
    node->random = node->random * 1664525 + 1013904223; // Knuth, TAOCP 2, 3.3.4
    node->sample_period = KITHI_SAMPLE_LEAST + (node->random >> 16) % KITHI_SAMPLE_SPREAD;
    node->sample_left = node->sample_period - 1;
}

// The next slice has this weight, and so have those that follow it until kithi_attend.
static void begin_slices(struct kith_node *node, uint32_t weight, uint32_t len, uint64_t now)
{
    node->slice_weight = weight;
    node->slice_start = now;
    node->quiet = len < node->round ? len : node->round;
    node->round -= node->quiet;
}

static void end_timed_slice(struct kith_process *process, uint64_t now)
{
    struct kith_node *node = process->node;
    process->cycles += (now - node->slice_start) * node->slice_weight;
    if (node->slice_weight > 1) {
        begin_sample(node);
    }
}

static bool is_ready(const struct kith_node *node)
{
    return node->ready[KITH_PRIORITY_HIGH].first != NULL ||
           node->ready[KITH_PRIORITY_NORMAL].first != NULL;
}

// Processes that give way now and then, as they should, mustn't keep the node from its network for
// so many of their slices. Where slices are known to be short the clock needn't be looked at.
static void end_long_round(struct kith_node *node)
{
    if (!node->sampling && is_ready(node) &&
        kith_node_now(node) - node->round_ns >= KITHI_ROUND_NS) {
        node->round_len -= node->round;
        node->round = 0;
    }
}

// Reading the cycle counter costs more than a switch. So where slices are short only some of them
// are timed, at random distances, and each stands for those between; where they are long all are.
static void attend(struct kith_node *node, struct kith_process *self)
{
    uint64_t now = kithi_arch_cycles();
    if (node->slice_weight > 0) {
        end_timed_slice(self, now);
    }
    end_long_round(node);
    if (!node->sampling) {
        begin_slices(node, 1, 1, now);
    } else if (node->sample_left == 0) {
        begin_slices(node, node->sample_period, 1, now);
    } else {
        begin_slices(node, 0, node->sample_left, now);
        node->sample_left -= node->quiet;
    }
}

// Takes whose turn it is out of those that are ready; NULL if nobody is.
static struct kith_process *pick(struct kith_node *node)
{
    struct kithi_ready *high = &node->ready[KITH_PRIORITY_HIGH];
    struct kithi_ready *normal = &node->ready[KITH_PRIORITY_NORMAL];
    if (high->first == NULL) {
        return kithi_pop(normal);
    }
    if (normal->first != NULL && node->in_a_row == KITHI_HIGH_IN_A_ROW) {
        node->in_a_row = 0;
        return kithi_pop(normal);
    }
    node->in_a_row = normal->first == NULL ? 0 : node->in_a_row + 1;
    return kithi_pop(high);
}

// Who comes after `self`; NULL for the scheduler.
static struct kith_process *take_next(struct kith_process *self)
{
    struct kith_node *node = self->node;
    if (--node->quiet == 0) {
        attend(node, self);
    }
    return node->quiet > 0 ? pick(node) : NULL;
}

// One at a time: who was let go first before and hasn't run yet goes to the end. And not too often
// in a round, or two that wake each other would keep out all others.
enum kith_error kithi_ready_push_first(struct kith_process *process)
{
    struct kith_node *node = process->node;
    struct kithi_ready *ready = &node->ready[KITH_PRIORITY_NORMAL];
    if (node->favours == 0) {
        kithi_ready_push(process);
        return KITH_OK;
    }
    node->favours--;
    if (ready->first == node->favoured) {
        kithi_ready_push(kithi_pop(ready));
    }
    node->favoured = process;
    process->state = KITH_STATE_READY;
    process->next = ready->first;
    ready->first = process;
    return KITH_OK;
}

// Continues with `next`, or with the scheduler if that is NULL; for good, if `self` has `ended`.
static inline enum kith_error leave_for(struct kith_process *self, struct kith_process *next,
                                        bool ended)
{
    struct kith_node *node = self->node;
    void *stack_pointer = node->scheduler_stack_pointer;
    uint32_t wake = 0;
    node->running = next;
    if (next != NULL) {
        next->state = KITH_STATE_RUNNING;
        kithi_arrive(next);
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

enum kith_error kithi_switch_by_priority(struct kith_process *self)
{
    return leave_for(self, pick(self->node), false);
}

enum kith_error kithi_attend(struct kith_process *self)
{
    struct kith_node *node = self->node;
    attend(node, self);
    return leave_for(self, node->quiet > 0 ? pick(node) : NULL, false);
}

enum kith_error kithi_switch_after(struct kith_process *self, struct kith_process *woken)
{
    kithi_ready_push(woken);
    return kithi_switch(self);
}

void kithi_switch_away(struct kith_process *self)
{
    (void)leave_for(self, take_next(self), true);
    assert(!"a process that has ended came back");
}

// At the start of a round: time all slices, unless those of the last round were many and short. Its
// first is timed in any case: this round may be another, of a single long one.
static void begin_round(struct kith_node *node)
{
    uint64_t now = kithi_arch_cycles();
    uint64_t switches = node->counters.switches - node->round_switches;
    node->sampling =
        switches >= KITHI_MANY_SLICES && (now - node->round_start) / switches < KITHI_BRIEF_CYCLES;
    node->round_start = now;
    node->round_switches = node->counters.switches;
    node->round_ns = kith_node_now(node);
    if (node->counters.switches - node->favours_switches >= KITHI_ROUND) { // or rounds were short
        node->favours_switches = node->counters.switches;
        node->favours = KITHI_FAVOURS;
    }
    node->favoured = NULL;
    if (node->sampling && node->sample_period == 0) {
        begin_sample(node);
    }
    begin_slices(node, 1, 1, now);
}

static void end_round(struct kith_node *node)
{
    node->counters.switches += kithi_round_switches(node);
    if (node->slice_weight == 0) {
        node->sample_left += node->quiet; // those that there weren't
    }
    node->round = node->round_len = KITHI_ROUND;
    node->quiet = 0;
}

uint64_t kithi_round_ns(struct kith_node *node)
{
    return node->running == NULL ? kith_node_now(node) : node->round_ns;
}

void kithi_set_deadline(struct kith_process *self, uint64_t deadline_ns)
{
    enum kith_error error = kith_alarm_set(self->node, &self->alarm, deadline_ns);
    assert(error == KITH_OK); // the heap has a place for each process
    (void)error;
    self->flags |= KITHI_TIMED;
}

noreturn void kithi_overflow(struct kith_process *self)
{
    kithi_arch_switch(&self->stack_pointer, kithi_process_overflowed(self->node), 0);
    for (;;) {
        // It never comes back.
    }
}

void kith_node_want_turn(struct kith_node *node)
{
    node->turn_wanted = node->running != NULL;
}

void kithi_give_way(struct kith_process *self)
{
    struct kith_node *node = self->node;
    kithi_check_stack(self);
    node->turn_wanted = false;
    self->wake = KITH_OK;
    kithi_queue_push(&node->given_way, self);
    (void)kithi_switch(self);
}

// Who gave way to all others and the scheduler goes on after that.
static void take_back(struct kith_node *node)
{
    struct kith_process *process;
    while ((process = kithi_pop(&node->given_way)) != NULL) {
        kithi_ready_push(process);
    }
}

enum kith_error kithi_told_killed(struct kith_process *self)
{
    if (self->kill_told) {
        kith_exit(self, (enum kith_error)self->kill_reason);
    }
    self->kill_told = true;
    return KITH_ERROR_KILLED;
}

enum kith_error kith_yield(struct kith_process *self)
{
    kithi_need_much_stack(self->node);
    enum kith_error error = kithi_check_killed(self);
    if (error != KITH_OK) {
        return error;
    }
    kithi_check_stack(self);
    self->wake = KITH_OK;
    bool others = self->node->ready[self->flags & KITHI_HIGH].first != NULL;
    kithi_ready_push(self);
    if (others) {
        return kithi_switch(self);
    }
    struct kith_process *next = take_next(self);
    if (next == self) {
        self->state = KITH_STATE_RUNNING;
        return KITH_OK;
    }
    return leave_for(self, next, false);
}

enum kith_error kith_sleep_until(struct kith_process *self, uint64_t deadline_ns)
{
    kithi_need_much_stack(self->node);
    enum kith_error error = kithi_check_killed(self);
    if (error != KITH_OK) {
        return error;
    }
    error = kithi_block(self, KITH_STATE_SLEEPING, deadline_ns);
    return error == KITH_ERROR_TIMEOUT ? KITH_OK : error;
}

uint64_t kithi_cycles_to_ns(const struct kith_node *node, uint64_t cycles)
{
    uint64_t passed = kithi_arch_cycles() - node->started_cycles;
    uint64_t ns = kith_node_now(node) - node->started_ns;
    return passed == 0 ? 0 : (uint64_t)((double)cycles * ((double)ns / (double)passed));
}

// Runs processes until nothing is ready or the round is over.
static void run_round(struct kith_node *node)
{
    struct kith_process *next = pick(node);
    if (next == NULL) {
        return;
    }
    begin_round(node);
    node->turn_wanted = false;
    node->running = next;
    next->state = KITH_STATE_RUNNING;
    kithi_arrive(next);
    kithi_check_leave(&node->fake_stack, next->stack.base, next->stack.size);
    kithi_arch_switch(&node->scheduler_stack_pointer, next->stack_pointer, next->wake);
    kithi_check_arrive(node->fake_stack, NULL, NULL);
    end_round(node);
    if (node->running != NULL) { // it overflowed its stack: abandoned in the middle of anything
        kithi_process_end(node->running, KITH_ERROR_OVERFLOW);
        node->running = NULL;
    }
}

uint64_t kith_node_step(struct kith_node *node)
{
    assert(node->running == NULL);
    run_round(node);
    take_back(node);
    kithi_alarms_fire(node);
    if (is_ready(node)) {
        return KITH_NO_WAIT;
    }
    for (struct kith_hook *hook = node->hooks; hook != NULL;) {
        struct kith_hook *following = hook->next; // a hook may remove itself
        hook->run(hook);
        hook = following;
    }
    return is_ready(node) ? KITH_NO_WAIT : kithi_alarms_next(node);
}

uint64_t kith_node_settle(struct kith_node *node)
{
    uint64_t deadline_ns;
    do {
        deadline_ns = kith_node_step(node);
    } while (deadline_ns <= kith_node_now(node));
    return deadline_ns;
}

void kith_node_run(struct kith_node *node)
{
    node->stopping = false;
    while (!node->stopping) {
        uint64_t deadline_ns = kith_node_step(node);
        if (!node->stopping) {
            node->platform.idle(node->platform.state, deadline_ns);
        }
    }
}

void kith_node_stop(struct kith_node *node)
{
    node->stopping = true;
}
