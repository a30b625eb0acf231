// SPDX-License-Identifier: Apache-2.0
// A monitor fires once, for a process that has ended or whose node can't be reached, and after
// everything that this process has sent.
#include <stdlib.h>

#include "check.h"

#define BOOT_NS (15 * SECOND_NS) // by then a new node has its links

struct watch {
    const struct actor *watcher, *target;
    uint64_t number, started_ns;
    bool stopped, fired, tie;
};

struct monitors {
    struct map by_number; // watcher and number
    struct map told;      // watcher and target: said to have ended for good
    struct watch **watches;
    size_t count, capacity;
};

static struct map_key key_of(const struct actor *watcher, uint64_t number)
{
    return (struct map_key){watcher->number, number, 1};
}

// The reason says nothing about the process, only about the way there.
static bool is_of_network(enum kith_error reason)
{
    return reason == KITH_ERROR_UNREACHABLE || reason == KITH_ERROR_LEFT ||
           reason == KITH_ERROR_RESTARTED;
}

static bool may_be_cut_off(const struct world *world, const struct watch *watch)
{
    const struct host *a = watch->watcher->host, *b = watch->target->host;
    return a != b && (a->touched || b->touched || !is_peer(world, a, b) ||
                      watch->started_ns < a->booted_ns + BOOT_NS ||
                      watch->started_ns < b->booted_ns + BOOT_NS);
}

static void see_start(struct monitors *monitors, const struct event *event)
{
    struct watch *watch = allocate(sizeof *watch);
    watch->watcher = event->actor;
    watch->target = find_actor(event->actor->world, event->ref);
    watch->number = event->number;
    watch->started_ns = event->actor->world->now_ns;
    if (monitors->count == monitors->capacity) {
        monitors->capacity = 2 * monitors->capacity + 64;
        monitors->watches =
            reallocate(monitors->watches, monitors->capacity * sizeof(struct watch *));
    }
    monitors->watches[monitors->count++] = watch;
    *map_at(&monitors->by_number, key_of(watch->watcher, watch->number)) = watch;
}

static void see_stop(struct world *world, const struct check *check, struct monitors *monitors,
                     const struct event *event)
{
    struct watch *watch = map_get(&monitors->by_number, key_of(event->actor, event->number));
    if (event->error != KITH_OK && !watch->fired) {
        fail(world, check, "monitor %llu of a%u can't be stopped (%s), but it has not fired",
             (unsigned long long)event->number, event->actor->number,
             kith_error_name(event->error));
    }
    watch->stopped = true;
}

static void judge_reason(struct world *world, const struct check *check, const struct watch *watch,
                         enum kith_error reason)
{
    const struct actor *target = watch->target;
    if (is_of_network(reason)) {
        if (!target->ended && !may_be_cut_off(world, watch)) {
            fail(world, check, "a%u is told that a%u is %s, but it lives and nothing is in the way",
                 watch->watcher->number, target->number, kith_error_name(reason));
        }
    } else if (!target->ended) {
        fail(world, check, "a%u is told that a%u has ended (%s), but it lives",
             watch->watcher->number, target->number, kith_error_name(reason));
    } else if (reason != target->reason && reason != KITH_ERROR_STALE) {
        fail(world, check, "a%u is told that a%u ended with %s, but it was %s",
             watch->watcher->number, target->number, kith_error_name(reason),
             kith_error_name(target->reason));
    }
}

static void see_down(struct world *world, const struct check *check, struct monitors *monitors,
                     const struct event *event)
{
    struct watch *watch = map_get(&monitors->by_number, key_of(event->actor, event->number));
    if (watch == NULL || watch->fired || watch->stopped) {
        fail(world, check, "monitor %llu of a%u %s", (unsigned long long)event->number,
             event->actor->number,
             watch == NULL  ? "fires, but there is none"
             : watch->fired ? "fires twice"
                            : "fires, but was stopped");
        return;
    }
    watch->fired = true;
    judge_reason(world, check, watch, event->error);
    if (!is_of_network(event->error)) {
        *map_at(&monitors->told, key_of(event->actor, watch->target->number)) = watch;
    }
}

// A message of somebody who was said to have ended before.
static void see_message(struct world *world, const struct check *check,
                        const struct monitors *monitors, const struct event *event)
{
    const struct actor *sender = find_actor(world, event->ref);
    if (sender != NULL && map_get(&monitors->told, key_of(event->actor, sender->number)) != NULL) {
        fail(world, check, "a%u gets letter #%llu from a%u after it was told of its end",
             event->actor->number, (unsigned long long)event->letter->number, sender->number);
    }
}

static void see_drained(struct world *world, const struct check *check,
                        const struct monitors *monitors)
{
    for (size_t place = 0; place < monitors->count; place++) {
        const struct watch *watch = monitors->watches[place];
        if (!watch->fired && !watch->stopped && !watch->watcher->ended && watch->target->ended) {
            fail(world, check, "monitor %llu of a%u has not fired, but a%u has ended",
                 (unsigned long long)watch->number, watch->watcher->number, watch->target->number);
        }
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    switch (event->kind) {
    case EVENT_MONITOR:
        see_start(state, event);
        break;
    case EVENT_MONITOR_STOPPED:
        see_stop(world, check, state, event);
        break;
    case EVENT_DOWN:
        see_down(world, check, state, event);
        break;
    case EVENT_RECEIVED:
        see_message(world, check, state, event);
        break;
    case EVENT_OUTCOME:
        if (event->letter != NULL && event->error == KITH_OK) {
            see_message(world, check, state, event);
        }
        break;
    case EVENT_DRAINED:
        see_drained(world, check, state);
        break;
    default:
        break;
    }
}

static void fini(void *state)
{
    struct monitors *monitors = state;
    for (size_t place = 0; place < monitors->count; place++) {
        free(monitors->watches[place]);
    }
    free(monitors->watches);
    map_fini(&monitors->by_number);
    map_fini(&monitors->told);
}

const struct check check_monitor = {
    .name = "monitor",
    .guarantee = "a monitor fires exactly once, after the last message of the process that ended",
    .size = sizeof(struct monitors),
    .on = see,
    .fini = fini,
};
