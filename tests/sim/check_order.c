// SPDX-License-Identifier: Apache-2.0
// Messages of one sender to one receiver arrive in the order in which they were sent. Within a node
// this holds for all senders together, since who waits in front of a full mailbox has its turn.
#include <stdlib.h>

#include "check.h"

enum { ALL_SENDERS = 0 }; // actors are numbered from 1 on

struct order {
    struct map lasts; // by sender, receiver, urgency and type
    uint64_t turns;
};

// `type` 0: whatever type.
static uint64_t *find_last(struct order *order, const struct event *event, uint32_t sender,
                           uint64_t type)
{
    uint64_t urgency = sender == ALL_SENDERS ? 0 : event->letter->urgency;
    struct map_key key = {sender, event->actor->number, type << 8 | urgency};
    void **value = map_at(&order->lasts, key);
    if (*value == NULL) {
        *value = allocate(sizeof(uint64_t));
    }
    return *value;
}

static void compare(struct world *world, const struct check *check, struct order *order,
                    const struct event *event, uint64_t type)
{
    const struct actor *sender = find_actor(world, event->note->sender);
    uint64_t *last = find_last(order, event, sender->number, type);
    if (event->note->sequence <= *last) {
        char text[REF_TEXT_SIZE];
        fail(world, check, "a%u received message %llu of %s after message %llu of it",
             event->actor->number, (unsigned long long)event->note->sequence,
             ref_text(world, event->note->sender, text), (unsigned long long)*last);
    }
    *last = event->note->sequence;
}

static void compare_turns(struct world *world, const struct check *check, struct order *order,
                          const struct event *event, uint64_t type)
{
    uint64_t *last = find_last(order, event, ALL_SENDERS, type);
    if (event->letter->turn <= *last) {
        char text[REF_TEXT_SIZE];
        fail(world, check, "a%u received letter #%llu of %s after others that were sent later",
             event->actor->number, (unsigned long long)event->letter->number,
             ref_text(world, event->note->sender, text));
    }
    *last = event->letter->turn;
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    struct order *order = state;
    if (event->kind == EVENT_SENDING || event->kind == EVENT_FORWARDED) {
        event->letter->turn = ++order->turns;
    }
    if (event->kind != EVENT_RECEIVED || find_actor(world, event->note->sender) == NULL) {
        return;
    }
    bool local = event->note->sender.node == event->actor->ref.node;
    // Who picks out a type overtakes the others by its own will.
    if (!event->actor->selecting) {
        compare(world, check, order, event, 0);
    }
    compare(world, check, order, event, event->number);
    if (local && !event->actor->selecting) {
        compare_turns(world, check, order, event, 0);
    }
    if (local) {
        compare_turns(world, check, order, event, event->number);
    }
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
                 "sent, locally and remotely; within a node, those of all senders",
    .size = sizeof(struct order),
    .on = see,
    .fini = fini,
};
