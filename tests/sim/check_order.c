// SPDX-License-Identifier: Apache-2.0
// Messages of one sender to one receiver arrive in the order in which they were sent.
#include <stdlib.h>

#include "check.h"

struct order {
    struct map lasts; // by sender, receiver, urgency and type
};

// `type` 0: whatever type.
static uint64_t *find_last(struct order *order, const struct event *event, uint64_t type)
{
    const struct actor *sender = find_actor(event->actor->world, event->note->sender);
    struct map_key key = {sender->number, event->actor->number,
                          type << 8 | (uint64_t)event->letter->urgency};
    void **value = map_at(&order->lasts, key);
    if (*value == NULL) {
        *value = allocate(sizeof(uint64_t));
    }
    return *value;
}

static void compare(struct world *world, const struct check *check, struct order *order,
                    const struct event *event, uint64_t type)
{
    uint64_t *last = find_last(order, event, type);
    if (event->note->sequence <= *last) {
        char text[REF_TEXT_SIZE];
        fail(world, check, "a%u received message %llu of %s after message %llu of it",
             event->actor->number, (unsigned long long)event->note->sequence,
             ref_text(world, event->note->sender, text), (unsigned long long)*last);
    }
    *last = event->note->sequence;
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    if (event->kind != EVENT_RECEIVED || find_actor(world, event->note->sender) == NULL) {
        return;
    }
    // Who picks out a type overtakes the others by its own will.
    if (!event->actor->selecting) {
        compare(world, check, state, event, 0);
    }
    compare(world, check, state, event, event->number);
}

static void fini(void *state)
{
    struct order *order = state;
    for (size_t place = 0; place < order->lasts.capacity; place++) {
        free(order->lasts.entries[place].value);
    }
    map_fini(&order->lasts);
}

const struct check check_order = {
    .name = "order",
    .guarantee = "messages of one sender to one receiver arrive in the order in which they were "
                 "sent, locally and remotely",
    .size = sizeof(struct order),
    .on = see,
    .fini = fini,
};
