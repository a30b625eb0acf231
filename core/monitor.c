// SPDX-License-Identifier: Apache-2.0
// Monitors and ties. A monitor's record lives in the very message that it will send, so that a DOWN
// can't fail for lack of memory. It hangs on its target (a process here, or a route) and on its
// watcher (likewise), and is found by watcher and id.
#include "path.h"

// The other half of a tie of a remote process has a watcher here, but its id from there: it must
// not be taken for a monitor of that watcher.
#define TIE_ID (UINT64_C(1) << 63)

struct kithi_monitor {
    struct kith_down down; // the payload to be: first
    struct kithi_list by_target, by_watcher;
    struct kithi_monitor *next_in_bucket;
    struct kith_ref watcher;
    struct kith_message *message;
    bool tie;
};

static uint64_t mix(uint64_t hash, uint64_t number)
{
    hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

// A peer chooses ids, and watchers among its processes, but it doesn't know the seed.
static uint32_t hash_monitor(const struct kithi_monitors *monitors, struct kith_ref watcher,
                             uint64_t id)
{
    uint64_t place = (uint64_t)watcher.generation << 32 | watcher.slot;
    uint64_t hash = mix(mix(mix(monitors->seed, watcher.node), place), id);
    return (uint32_t)hash & (monitors->bucket_count - 1);
}

static enum kith_error grow_buckets(struct kith_node *node)
{
    struct kithi_monitors *monitors = &node->monitors;
    uint32_t count = monitors->bucket_count == 0 ? 16 : 2 * monitors->bucket_count;
    size_t size = count * sizeof monitors->buckets[0];
    struct kithi_monitor **buckets = node->platform.allocate(node->platform.state, size);
    if (buckets == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memset(buckets, 0, size);
    struct kithi_monitors old = *monitors;
    monitors->buckets = buckets;
    monitors->bucket_count = count;
    for (uint32_t bucket = 0; bucket < old.bucket_count; bucket++) {
        while (old.buckets[bucket] != NULL) {
            struct kithi_monitor *moved = old.buckets[bucket];
            old.buckets[bucket] = moved->next_in_bucket;
            uint32_t place = hash_monitor(monitors, moved->watcher, moved->down.monitor);
            moved->next_in_bucket = buckets[place];
            buckets[place] = moved;
        }
    }
    node->platform.release(node->platform.state, old.buckets,
                           old.bucket_count * sizeof old.buckets[0]);
    return KITH_OK;
}

static struct kithi_monitor *find_monitor(const struct kith_node *node, struct kith_ref watcher,
                                          struct kith_ref target, uint64_t id)
{
    const struct kithi_monitors *monitors = &node->monitors;
    if (monitors->bucket_count == 0) {
        return NULL;
    }
    struct kithi_monitor *monitor = monitors->buckets[hash_monitor(monitors, watcher, id)];
    while (monitor != NULL &&
           !(monitor->down.monitor == id && kith_ref_equal(monitor->watcher, watcher) &&
             (kith_ref_is_none(target) || kith_ref_equal(monitor->down.process, target)))) {
        monitor = monitor->next_in_bucket;
    }
    return monitor;
}

static enum kith_error add_monitor(struct kith_node *node, struct kith_ref watcher,
                                   struct kith_ref target, uint64_t id, bool tie,
                                   struct kithi_monitor **added)
{
    struct kithi_monitors *monitors = &node->monitors;
    if (monitors->len >= node->limits.monitors) {
        return KITH_ERROR_LIMIT;
    }
    if (monitors->len >= monitors->bucket_count) {
        enum kith_error error = grow_buckets(node);
        if (error != KITH_OK) {
            return error;
        }
    }
    struct kith_message *message;
    enum kith_error error = kithi_pool_take(node, &message);
    if (error != KITH_OK) {
        return error;
    }
    message->place = KITHI_PLACE_KERNEL;
    struct kithi_monitor *monitor = kith_message_allocate(message, sizeof *monitor);
    if (monitor == NULL) {
        kithi_pool_put(message);
        return KITH_ERROR_NO_MEMORY;
    }
    *monitor = (struct kithi_monitor){.down = {.process = target, .monitor = id},
                                      .watcher = watcher,
                                      .message = message,
                                      .tie = tie};
    kithi_list_init(&monitor->by_target);
    kithi_list_init(&monitor->by_watcher);
    uint32_t bucket = hash_monitor(monitors, watcher, id);
    monitor->next_in_bucket = monitors->buckets[bucket];
    monitors->buckets[bucket] = monitor;
    monitors->len++;
    *added = monitor;
    return KITH_OK;
}

// Out of all lists; the message is left.
static void unlink_monitor(struct kith_node *node, struct kithi_monitor *monitor)
{
    struct kithi_monitors *monitors = &node->monitors;
    struct kithi_monitor **link =
        &monitors->buckets[hash_monitor(monitors, monitor->watcher, monitor->down.monitor)];
    while (*link != monitor) {
        link = &(*link)->next_in_bucket;
    }
    *link = monitor->next_in_bucket;
    monitors->len--;
    if (monitor->watcher.node != node->incarnation) {
        kith_route_find(node, monitor->watcher.node)->watcher_len--;
    }
    kithi_list_remove(&monitor->by_target);
    kithi_list_remove(&monitor->by_watcher);
}

static void drop_monitor(struct kith_node *node, struct kithi_monitor *monitor)
{
    unlink_monitor(node, monitor);
    kithi_pool_put(monitor->message);
}

// The one time that a monitor speaks.
static void fire_monitor(struct kith_node *node, struct kithi_monitor *monitor,
                         enum kith_error reason)
{
    struct kith_message *message = monitor->message;
    struct kith_ref watcher = monitor->watcher;
    unlink_monitor(node, monitor);
    if (watcher.node != node->incarnation) {
        message->type = KITH_TYPE_DOWN;
        message->from = monitor->down.process;
        message->to = watcher;
        message->id = monitor->down.monitor;
        message->error = reason;
        kithi_replies_follow(kith_route_find(node, watcher.node), message);
        return;
    }
    struct kith_process *process = kithi_process_find(node, watcher);
    if (process == NULL || monitor->tie) {
        if (process != NULL && reason != KITH_OK) {
            kith_kill(node, watcher, reason);
        }
        kithi_pool_put(message);
        return;
    }
    monitor->down.reason = reason;
    message->type = KITH_TYPE_DOWN;
    message->from = monitor->down.process;
    message->to = watcher;
    message->data = &monitor->down;
    message->size = sizeof monitor->down;
    kithi_deliver_kernel(process, message);
}

// Hangs a monitor on its target and watcher, whichever of them are where.
static void link_monitor(struct kith_node *node, struct kithi_monitor *monitor)
{
    struct kith_ref target = monitor->down.process;
    if (target.node == node->incarnation) {
        kithi_list_append(&kithi_process_find(node, target)->watchers, &monitor->by_target);
    } else {
        kithi_list_append(&kith_route_find(node, target.node)->monitors, &monitor->by_target);
    }
    if (monitor->watcher.node == node->incarnation) {
        kithi_list_append(&kithi_process_find(node, monitor->watcher)->watching,
                          &monitor->by_watcher);
    } else {
        struct kith_route *route = kith_route_find(node, monitor->watcher.node);
        kithi_list_append(&route->watchers, &monitor->by_watcher);
        route->watcher_len++;
    }
}

// Whether `target` can be watched now, and if not, the reason that its monitor gives.
static enum kith_error check_target(struct kith_node *node, struct kith_ref target)
{
    if (target.node == node->incarnation) {
        return kithi_process_find(node, target) == NULL ? KITH_ERROR_STALE : KITH_OK;
    }
    const struct kith_route *route = kith_route_find(node, target.node);
    if (route != NULL) {
        bool lost = route->info.state == KITH_ROUTE_UNREACHABLE;
        return lost ? KITH_ERROR_UNREACHABLE : KITH_OK;
    }
    return kith_route_successor(node, target.node) != 0 ? KITH_ERROR_STALE : KITH_ERROR_UNREACHABLE;
}

static enum kith_error start(struct kith_process *self, struct kith_ref target, bool tie,
                             uint64_t *id)
{
    struct kith_node *node = self->node;
    struct kith_ref watcher = kithi_process_ref(self);
    struct kithi_monitor *monitor;
    *id = ++node->monitors.next_id | (tie ? TIE_ID : 0);
    if (KITH_BUG(MONITOR_NUMBER_REUSED) && !tie) {
        *id = node->monitors.len + 1;
    }
    enum kith_error error = add_monitor(node, watcher, target, *id, tie, &monitor);
    if (error != KITH_OK) {
        return error;
    }
    enum kith_error reason = check_target(node, target);
    if (reason != KITH_OK) {
        fire_monitor(node, monitor, reason);
        return KITH_OK;
    }
    link_monitor(node, monitor);
    if (target.node == node->incarnation) {
        return KITH_OK;
    }
    struct kith_route *route = kith_route_find(node, target.node);
    error = route->ops->monitor(route->state, watcher, target, *id,
                                tie ? KITH_KIND_TIE : KITH_KIND_MONITOR);
    if (error != KITH_OK) {
        drop_monitor(node, monitor);
    }
    return error;
}

enum kith_error kith_monitor_start(struct kith_process *self, struct kith_ref target,
                                   uint64_t *monitor)
{
    kithi_need_much_stack(self->node);
    uint64_t id;
    return start(self, target, false, monitor == NULL ? &id : monitor);
}

enum kith_error kith_monitor_stop(struct kith_process *self, uint64_t id)
{
    kithi_need_much_stack(self->node);
    struct kith_node *node = self->node;
    struct kith_ref watcher = kithi_process_ref(self);
    struct kithi_monitor *monitor = find_monitor(node, watcher, KITH_REF_NONE, id);
    if (monitor == NULL) {
        bool fired = KITH_BUG(DOWN_AFTER_STOP) || kithi_mailbox_remove_down(self, id);
        return fired ? KITH_OK : KITH_ERROR_NOT_FOUND;
    }
    struct kith_ref target = monitor->down.process;
    drop_monitor(node, monitor);
    struct kith_route *route = kith_route_find(node, target.node);
    if (route != NULL) {
        route->ops->monitor_stop(route->state, watcher, target, id);
    }
    return KITH_OK;
}

// The other half of a tie: `target` watches whoever ties itself to it.
static enum kith_error add_reverse(struct kith_node *node, struct kith_ref watcher,
                                   struct kith_ref target, uint64_t id)
{
    struct kithi_monitor *reverse;
    enum kith_error error = add_monitor(node, target, watcher, id, true, &reverse);
    if (error == KITH_OK) {
        link_monitor(node, reverse);
    }
    return error;
}

// Who ties itself to a process can end it.
static bool is_needed(const struct kith_process *process)
{
    return process != NULL && (process->flags & KITHI_NEEDED) != 0;
}

enum kith_error kith_tie(struct kith_process *self, struct kith_ref target)
{
    kithi_need_much_stack(self->node);
    struct kith_node *node = self->node;
    struct kith_ref watcher = kithi_process_ref(self);
    uint64_t id;
    if (is_needed(kithi_process_find(node, target))) {
        return KITH_ERROR_DENIED;
    }
    enum kith_error error = start(self, target, true, &id);
    if (error != KITH_OK || find_monitor(node, watcher, target, id) == NULL) {
        return error;
    }
    error = add_reverse(node, watcher, target, id);
    if (error != KITH_OK) {
        kith_monitor_stop(self, id);
    }
    return error;
}

// No peer takes more than a quarter, and the last quarter is for processes of this node.
static bool has_share(const struct kith_route *route)
{
    const struct kith_node *node = route->node;
    uint32_t quarter = node->limits.monitors / 4;
    return route->watcher_len < quarter && node->monitors.len < 3 * quarter;
}

void kith_route_monitor(struct kith_route *route, struct kith_ref watcher, struct kith_ref target,
                        uint64_t id, enum kith_monitor_kind kind)
{
    struct kith_node *node = route->node;
    if (find_monitor(node, watcher, target, id) != NULL) {
        return; // asked again after a reconnect
    }
    struct kithi_monitor *monitor;
    enum kith_error error = KITH_ERROR_STALE;
    bool tie = kind == KITH_KIND_TIE;
    const struct kith_process *process = kithi_process_find(node, target);
    if (tie && is_needed(process)) {
        error = KITH_ERROR_DENIED;
    } else if (process != NULL && !has_share(route)) {
        error = KITH_ERROR_LIMIT;
    } else if (process != NULL) {
        error = add_monitor(node, watcher, target, id, tie, &monitor);
    }
    if (error != KITH_OK) {
        route->ops->down(route->state, watcher, target, id, error);
        return;
    }
    link_monitor(node, monitor);
    if (tie && add_reverse(node, watcher, target, id) != KITH_OK) {
        fire_monitor(node, monitor, KITH_ERROR_NO_MEMORY);
    }
}

void kith_route_monitor_stop(struct kith_route *route, struct kith_ref watcher,
                             struct kith_ref target, uint64_t id)
{
    struct kithi_monitor *monitor = find_monitor(route->node, watcher, target, id);
    if (monitor != NULL) {
        drop_monitor(route->node, monitor);
    }
}

bool kith_route_watches(const struct kith_route *route, struct kith_ref watcher,
                        struct kith_ref target, uint64_t id)
{
    return target.node == route->info.incarnation &&
           find_monitor(route->node, watcher, target, id) != NULL;
}

void kith_route_down(struct kith_route *route, struct kith_ref watcher, struct kith_ref target,
                     uint64_t id, enum kith_error reason)
{
    struct kithi_monitor *monitor = find_monitor(route->node, watcher, target, id);
    if (monitor != NULL && target.node == route->info.incarnation) {
        fire_monitor(route->node, monitor, reason);
    }
}

void kith_route_remonitor(struct kith_route *route)
{
    struct kithi_list *node = route->monitors.next;
    while (node != &route->monitors && !KITH_BUG(MONITORS_NOT_RENEWED)) {
        struct kithi_monitor *monitor = KITHI_ENTRY(node, struct kithi_monitor, by_target);
        node = node->next;
        route->ops->monitor(route->state, monitor->watcher, monitor->down.process,
                            monitor->down.monitor,
                            monitor->tie ? KITH_KIND_TIE : KITH_KIND_MONITOR);
    }
}

void kithi_monitors_end(struct kith_process *process, enum kith_error reason)
{
    struct kith_node *node = process->node;
    while (!kithi_list_empty(&process->watchers)) {
        fire_monitor(node, KITHI_ENTRY(process->watchers.next, struct kithi_monitor, by_target),
                     reason);
    }
    while (!kithi_list_empty(&process->watching)) {
        struct kithi_monitor *monitor =
            KITHI_ENTRY(process->watching.next, struct kithi_monitor, by_watcher);
        struct kith_ref target = monitor->down.process;
        struct kith_route *route = kith_route_find(node, target.node);
        if (route != NULL && !monitor->tie) {
            route->ops->monitor_stop(route->state, monitor->watcher, target, monitor->down.monitor);
        }
        drop_monitor(node, monitor);
    }
}

void kithi_monitors_route_lost(struct kith_route *route, enum kith_error reason)
{
    while (!kithi_list_empty(&route->monitors)) {
        fire_monitor(route->node,
                     KITHI_ENTRY(route->monitors.next, struct kithi_monitor, by_target), reason);
    }
    while (!kithi_list_empty(&route->watchers)) {
        drop_monitor(route->node,
                     KITHI_ENTRY(route->watchers.next, struct kithi_monitor, by_watcher));
    }
}

void kithi_monitors_close(struct kith_node *node)
{
    node->platform.release(node->platform.state, node->monitors.buckets,
                           node->monitors.bucket_count * sizeof node->monitors.buckets[0]);
}
