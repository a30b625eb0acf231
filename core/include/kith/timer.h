// SPDX-License-Identifier: Apache-2.0
// Two ways to be told that time has passed: timers send messages to processes; alarms call
// functions of drivers, outside of any process.
#ifndef KITH_TIMER_H
#define KITH_TIMER_H

#include <kith/error.h>
#include <kith/process.h>

// From `first_ns` on (a deadline), and then every `period_ns` unless that is 0, the process gets a
// KITH_TYPE_TIMER with this `id`. A process that is behind gets one message, not a heap of them.
// Ends with the process. Never blocks. `id` may be NULL: it then can't be stopped. Errors: LIMIT,
// NO_MEMORY.
enum kith_error kith_timer_start(struct kith_process *self, uint64_t first_ns, uint64_t period_ns,
                                 uint64_t *id);

// Stops a timer; a message it has already sent stays in the mailbox. NOT_FOUND: it had ended.
enum kith_error kith_timer_stop(struct kith_process *self, uint64_t id);

// An alarm is the caller's memory and must stay where it is while it is set. `fire` runs in the
// scheduler, after the processes that are ready, must not block, and may set the alarm again: to a
// time that has passed, it is called in the scheduler's next turn. Alarms of the same time are
// called in the order in which they were set.
struct kith_alarm {
    uint64_t deadline_ns;
    uint64_t order;      // among those of the same deadline
    uint32_t heap_place; // 0: not set
    void (*fire)(struct kith_alarm *alarm);
};

void kith_alarm_init(struct kith_alarm *alarm, void (*fire)(struct kith_alarm *alarm));

// Sets or moves the alarm. LIMIT when the node has as many alarms as it may (processes + timers +
// routes of its limits, which leaves a place for each of them).
enum kith_error kith_alarm_set(struct kith_node *node, struct kith_alarm *alarm,
                               uint64_t deadline_ns);

// Afterwards `fire` won't be called. An alarm that isn't set is left as it is.
void kith_alarm_clear(struct kith_node *node, struct kith_alarm *alarm);

#endif
