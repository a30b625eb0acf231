// SPDX-License-Identifier: Apache-2.0
// Alarms: a binary heap of pointers, the earliest at place 1: that with the least deadline, and of
// equals the one that was set first. Each alarm knows its place, so that moving and clearing need
// no search.
#include "kernel.h"

static bool is_before(const struct kith_alarm *one, const struct kith_alarm *other)
{
    if (one->deadline_ns != other->deadline_ns) {
        return one->deadline_ns < other->deadline_ns;
    }
    return one->order < other->order;
}

static void put_at(struct kithi_heap *heap, uint32_t place, struct kith_alarm *alarm)
{
    heap->alarms[place] = alarm;
    alarm->heap_place = place;
}

static void sift_up(struct kithi_heap *heap, uint32_t place, struct kith_alarm *alarm)
{
    while (place > 1 && is_before(alarm, heap->alarms[place / 2])) {
        put_at(heap, place, heap->alarms[place / 2]);
        place /= 2;
    }
    put_at(heap, place, alarm);
}

static void sift_down(struct kithi_heap *heap, uint32_t place, struct kith_alarm *alarm)
{
    while (2 * place <= heap->len) {
        uint32_t child = 2 * place;
        if (child < heap->len && is_before(heap->alarms[child + 1], heap->alarms[child])) {
            child++;
        }
        if (!is_before(heap->alarms[child], alarm)) {
            break;
        }
        put_at(heap, place, heap->alarms[child]);
        place = child;
    }
    put_at(heap, place, alarm);
}

static void settle_at(struct kithi_heap *heap, uint32_t place, struct kith_alarm *alarm)
{
    if (place > 1 && is_before(alarm, heap->alarms[place / 2])) {
        sift_up(heap, place, alarm);
    } else {
        sift_down(heap, place, alarm);
    }
}

void kith_alarm_init(struct kith_alarm *alarm, void (*fire)(struct kith_alarm *alarm))
{
    alarm->deadline_ns = 0;
    alarm->heap_place = 0;
    alarm->order = 0;
    alarm->fire = fire;
}

enum kith_error kith_alarm_set(struct kith_node *node, struct kith_alarm *alarm,
                               uint64_t deadline_ns)
{
    struct kithi_heap *heap = &node->heap;
    uint32_t place = alarm->heap_place;
    if (place == 0 && heap->len == heap->capacity) {
        return KITH_ERROR_LIMIT;
    }
    // One whose time has passed is due now: it doesn't overtake those that have waited.
    alarm->deadline_ns = deadline_ns > heap->fired_ns ? deadline_ns : heap->fired_ns;
    alarm->order = heap->next_order++;
    if (place == 0) {
        sift_up(heap, ++heap->len, alarm);
    } else {
        settle_at(heap, place, alarm);
    }
    return KITH_OK;
}

void kith_alarm_clear(struct kith_node *node, struct kith_alarm *alarm)
{
    struct kithi_heap *heap = &node->heap;
    uint32_t place = alarm->heap_place;
    if (place == 0) {
        return;
    }
    alarm->heap_place = 0;
    struct kith_alarm *last = heap->alarms[heap->len--];
    if (last != alarm) {
        settle_at(heap, place, last);
    }
}

void kithi_alarms_fire(struct kith_node *node)
{
    struct kithi_heap *heap = &node->heap;
    if (heap->len == 0) {
        return;
    }
    heap->fired_ns = kith_node_now(node);
    const uint64_t order = heap->next_order;
    while (heap->len > 0 && heap->alarms[1]->deadline_ns <= heap->fired_ns) {
        struct kith_alarm *alarm = heap->alarms[1];
        if (alarm->order >= order) {
            return; // it was set meanwhile, and so were all that are due: next time
        }
        kith_alarm_clear(node, alarm);
        alarm->fire(alarm);
    }
}

uint64_t kithi_alarms_next(const struct kith_node *node)
{
    const struct kithi_heap *heap = &node->heap;
    if (heap->len == 0) {
        return KITH_FOREVER;
    }
    uint64_t deadline_ns = heap->alarms[1]->deadline_ns;
    return deadline_ns > heap->fired_ns ? deadline_ns : KITH_NO_WAIT;
}

enum kith_error kithi_heap_open(struct kith_node *node)
{
    const struct kith_limits *limits = &node->limits;
    struct kithi_heap *heap = &node->heap;
    // Processes, timers and routes have a place each; drivers share as many as there are routes.
    uint64_t capacity = (uint64_t)limits->processes + limits->timers + 4 * (uint64_t)limits->routes;
    heap->capacity = (uint32_t)(capacity + 16);
    heap->alarms = node->platform.allocate(node->platform.state,
                                           (heap->capacity + 1) * sizeof heap->alarms[0]);
    return heap->alarms == NULL ? KITH_ERROR_NO_MEMORY : KITH_OK;
}

void kithi_heap_close(struct kith_node *node)
{
    node->platform.release(node->platform.state, node->heap.alarms,
                           (node->heap.capacity + 1) * sizeof node->heap.alarms[0]);
}
