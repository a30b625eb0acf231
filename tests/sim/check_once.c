// SPDX-License-Identifier: Apache-2.0
// No message is delivered twice, whatever happens to connections; what was refused or returned is
// not delivered at all.
#include "check.h"

// Errors that say: certainly not delivered.
static bool is_certain(enum kith_error error)
{
    return error != KITH_OK && error != KITH_ERROR_UNKNOWN && error != KITH_ERROR_KILLED;
}

static void see_received(struct world *world, const struct check *check, const struct event *event)
{
    struct letter *letter = event->letter;
    letter->received++;
    if (letter->received > 1 + letter->forwards) {
        fail(world, check, "letter #%llu was received %u times, and forwarded %u times",
             (unsigned long long)letter->number, letter->received, letter->forwards);
    }
    if (letter->kind != LETTER_NOTE) {
        return;
    }
    if (!letter->pending && letter->sent != KITH_OK) {
        fail(world, check, "letter #%llu was refused (%s), but a%u received it",
             (unsigned long long)letter->number, kith_error_name(letter->sent),
             event->actor->number);
    }
    if (letter->returned > 0 && is_certain(letter->return_error)) {
        fail(world, check, "letter #%llu was returned (%s), but a%u received it",
             (unsigned long long)letter->number, kith_error_name(letter->return_error),
             event->actor->number);
    }
}

static void see_returned(struct world *world, const struct check *check, const struct event *event)
{
    struct letter *letter = event->letter;
    letter->returned++;
    letter->return_error = event->error;
    if (letter->sender != event->actor) {
        fail(world, check, "letter #%llu of a%u was returned to a%u",
             (unsigned long long)letter->number, letter->sender->number, event->actor->number);
    } else if (letter->returned > 1) {
        fail(world, check, "letter #%llu was returned twice", (unsigned long long)letter->number);
    } else if (letter->received > 0 && is_certain(event->error)) {
        fail(world, check, "letter #%llu was received, and then returned (%s)",
             (unsigned long long)letter->number, kith_error_name(event->error));
    } else if (letter->sent != KITH_OK) {
        fail(world, check, "letter #%llu was refused (%s) and returned as well",
             (unsigned long long)letter->number, kith_error_name(letter->sent));
    }
}

static void see_sent(struct world *world, const struct check *check, const struct event *event)
{
    const struct letter *letter = event->letter;
    if (event->error != KITH_OK && (letter->received > 0 || letter->returned > 0)) {
        fail(world, check, "letter #%llu was refused (%s), but delivered before that",
             (unsigned long long)letter->number, kith_error_name(event->error));
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)state;
    if (event->kind == EVENT_RECEIVED) {
        see_received(world, check, event);
    } else if (event->kind == EVENT_RETURNED) {
        see_returned(world, check, event);
    } else if (event->kind == EVENT_SENT) {
        see_sent(world, check, event);
    }
}

const struct check check_once = {
    .name = "once",
    .guarantee = "a message is delivered at most once, also across reconnects; one that was "
                 "refused or returned, never",
    .on = see,
};
