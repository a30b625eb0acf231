// SPDX-License-Identifier: Apache-2.0
// Timers: alarms that send messages.
#include "path.h"

// Lives in the arena of a message of its own, so that starting a timer is one allocation.
struct kithi_timer {
    struct kith_alarm alarm;
    struct kithi_list of_process;
    struct kith_process *process;
    struct kith_message *record;
    uint64_t due_ns; // as asked for; the alarm's is later if that had passed
    uint64_t period_ns, id;
};

static void stop_timer(struct kithi_timer *timer)
{
    struct kith_node *node = timer->process->node;
    kith_alarm_clear(node, &timer->alarm);
    kithi_list_remove(&timer->of_process);
    node->timers--;
    kithi_pool_put(timer->record);
}

// True while a message of this timer waits in the mailbox: a process that is behind gets one only.
static bool is_pending(const struct kithi_timer *timer)
{
    const struct kith_message *message = timer->process->mailbox.first;
    for (; message != NULL; message = message->next) {
        if (message->type == KITH_TYPE_TIMER && message->id == timer->id) {
            return true;
        }
    }
    return false;
}

static void fire_timer(struct kith_alarm *alarm)
{
    struct kithi_timer *timer = KITHI_ENTRY(alarm, struct kithi_timer, alarm);
    struct kith_process *process = timer->process;
    struct kith_node *node = process->node;
    struct kith_message *message = NULL;
    if (!is_pending(timer)) {
        if (kithi_pool_take(node, &message) != KITH_OK) {
            kith_alarm_set(node, alarm, kith_node_now(node) + 1000000); // memory may come back
            return;
        }
        message->type = KITH_TYPE_TIMER;
        message->id = timer->id;
        message->to = kithi_process_ref(process);
    }
    if (timer->period_ns == 0) {
        stop_timer(timer);
    } else {
        uint64_t now_ns = kith_node_now(node);
        timer->due_ns += timer->period_ns;
        if (timer->due_ns <= now_ns) {
            timer->due_ns = now_ns + timer->period_ns;
        }
        kith_alarm_set(node, alarm, timer->due_ns);
    }
    if (message != NULL) {
        kithi_deliver_kernel(process, message);
    }
}

enum kith_error kith_timer_start(struct kith_process *self, uint64_t first_ns, uint64_t period_ns,
                                 uint64_t *id)
{
    kithi_need_much_stack(self->node);
    struct kith_node *node = self->node;
    if (node->timers >= node->limits.timers) {
        return KITH_ERROR_LIMIT;
    }
    struct kith_message *record;
    enum kith_error error = kithi_pool_take(node, &record);
    if (error != KITH_OK) {
        return error;
    }
    record->place = KITHI_PLACE_KERNEL;
    struct kithi_timer *timer = kith_message_allocate(record, sizeof *timer);
    if (timer == NULL) {
        kithi_pool_put(record);
        return KITH_ERROR_NO_MEMORY;
    }
    timer->process = self;
    timer->record = record;
    timer->due_ns = first_ns;
    timer->period_ns = period_ns;
    timer->id = ++node->next_timer;
    kith_alarm_init(&timer->alarm, fire_timer);
    error = kith_alarm_set(node, &timer->alarm, first_ns);
    if (error != KITH_OK) {
        kithi_pool_put(record);
        return error;
    }
    kithi_list_append(&self->timers, &timer->of_process);
    node->timers++;
    if (id != NULL) {
        *id = timer->id;
    }
    return KITH_OK;
}

enum kith_error kith_timer_stop(struct kith_process *self, uint64_t id)
{
    kithi_need_much_stack(self->node);
    for (struct kithi_list *node = self->timers.next; node != &self->timers; node = node->next) {
        struct kithi_timer *timer = KITHI_ENTRY(node, struct kithi_timer, of_process);
        if (timer->id == id) {
            stop_timer(timer);
            return KITH_OK;
        }
    }
    return KITH_ERROR_NOT_FOUND;
}

void kithi_timers_end(struct kith_process *process)
{
    while (!kithi_list_empty(&process->timers)) {
        stop_timer(KITHI_ENTRY(process->timers.next, struct kithi_timer, of_process));
    }
}
