// SPDX-License-Identifier: Apache-2.0
// A reference means one process in one life of one node, and the sender is who it says it is.
#include "check.h"

static void see_received(struct world *world, const struct check *check, const struct event *event)
{
    const struct note *note = event->note;
    char target[REF_TEXT_SIZE], self[REF_TEXT_SIZE];
    if (!kith_ref_equal(note->target, event->actor->ref)) {
        fail(world, check, "letter #%llu for %s reached %s",
             (unsigned long long)event->letter->number, ref_text(world, note->target, target),
             ref_text(world, event->actor->ref, self));
    } else if (!kith_ref_equal(note->sender, event->ref)) {
        fail(world, check, "letter #%llu of %s is said to come from %s",
             (unsigned long long)event->letter->number, ref_text(world, note->sender, target),
             ref_text(world, event->ref, self));
    }
}

// A reply comes from whoever executed, and is for the one who asked.
static void see_reply(struct world *world, const struct check *check, const struct event *event)
{
    const struct note *note = event->note;
    char text[REF_TEXT_SIZE], other[REF_TEXT_SIZE];
    if (!kith_ref_equal(note->target, event->actor->ref)) {
        fail(world, check, "the reply to letter #%llu for %s reached a%u",
             (unsigned long long)event->letter->number, ref_text(world, note->target, text),
             event->actor->number);
    } else if (!kith_ref_equal(note->sender, event->ref)) {
        fail(world, check, "the reply of %s to letter #%llu is said to come from %s",
             ref_text(world, note->sender, text), (unsigned long long)event->letter->number,
             ref_text(world, event->ref, other));
    }
}

static bool is_gone(const struct actor *actor)
{
    return actor == NULL || actor->ended;
}

// Who is told that a process has ended must not be told so of one that lives.
static void see_refused(struct world *world, const struct check *check, const struct event *event)
{
    const struct letter *letter = event->letter;
    char text[REF_TEXT_SIZE];
    if (event->error == KITH_ERROR_STALE && letter->forwards == 0 &&
        !is_gone(find_actor(world, letter->target))) {
        fail(world, check, "letter #%llu for %s, who lives, came back as stale",
             (unsigned long long)letter->number, ref_text(world, letter->target, text));
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)state;
    if (event->kind == EVENT_RECEIVED) {
        see_received(world, check, event);
    } else if (event->kind == EVENT_OUTCOME && event->note != NULL && event->letter != NULL) {
        see_reply(world, check, event);
    } else if ((event->kind == EVENT_SENT || event->kind == EVENT_RETURNED ||
                event->kind == EVENT_OUTCOME) &&
               event->letter != NULL) {
        see_refused(world, check, event);
    }
}

const struct check check_stale = {
    .name = "stale",
    .guarantee = "a reference never reaches the successor of the process it meant, and a message "
                 "comes from whoever it says",
    .on = see,
};
