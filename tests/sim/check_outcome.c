// SPDX-License-Identifier: Apache-2.0
// Each call ends in one way, in time, and what it says about the execution is true.
#include "check.h"

#define SLACK_NS (2 * SECOND_NS) // for an outcome to be noticed after its deadline

// Outcomes after which the request certainly was not executed.
static bool is_certain(enum kith_error error)
{
    return error != KITH_OK && error != KITH_ERROR_DOWN && error != KITH_ERROR_TIMEOUT &&
           error != KITH_ERROR_UNKNOWN && error != KITH_ERROR_KILLED;
}

static void see_executed(struct world *world, const struct check *check, const struct event *event)
{
    struct letter *letter = event->letter;
    letter->executed++;
    if (letter->executed > 1) {
        fail(world, check, "request #%llu was executed twice", (unsigned long long)letter->number);
    } else if (letter->outcomes > 0 && is_certain(letter->outcome)) {
        fail(world, check, "request #%llu ended with %s, but a%u executes it",
             (unsigned long long)letter->number, kith_error_name(letter->outcome),
             event->actor->number);
    }
}

static void see_outcome(struct world *world, const struct check *check, const struct event *event)
{
    struct letter *letter = event->letter;
    if (letter == NULL) {
        fail(world, check, "a%u got the outcome of a request that had ended", event->actor->number);
        return;
    }
    letter->outcomes++;
    letter->outcome = event->error;
    if (letter->outcomes > 1) {
        fail(world, check, "request #%llu ended twice", (unsigned long long)letter->number);
    } else if (event->error == KITH_OK && letter->executed == 0) {
        fail(world, check, "request #%llu was replied to, but nobody executed it",
             (unsigned long long)letter->number);
    } else if (is_certain(event->error) && letter->executed > 0) {
        fail(world, check, "request #%llu was executed, but ended with %s",
             (unsigned long long)letter->number, kith_error_name(event->error));
    } else if (event->note != NULL && event->note->letter != letter->number) {
        fail(world, check, "request #%llu got the reply to #%llu",
             (unsigned long long)letter->number, (unsigned long long)event->note->letter);
    }
}

// A blocking call that took until long after its deadline.
static void see_waited(struct world *world, const struct check *check, const struct event *event)
{
    const struct host *host = event->actor->host;
    uint64_t deadline_ns = event->number;
    if (deadline_ns == KITH_FOREVER || deadline_ns == KITH_NO_WAIT) {
        return;
    }
    uint64_t late_ns = SLACK_NS + 64 * (host->slow_ns + world->scenario.step_ns);
    uint64_t from_ns = host->stalled_ns > deadline_ns ? host->stalled_ns : deadline_ns;
    if (host->slow_faults == 0 && world->now_ns > from_ns + late_ns) {
        fail(world, check, "a%u was %s until %llu ms after the deadline", event->actor->number,
             event->text, (unsigned long long)((world->now_ns - deadline_ns) / MS_NS));
    }
}

static void see_drained(struct world *world, const struct check *check)
{
    for (size_t number = 0; number < world->letter_count; number++) {
        const struct letter *letter = world->letters[number];
        if (letter->kind != LETTER_NOTE && letter->outcomes == 0 && !letter->sender->ended &&
            letter->sent == KITH_OK) {
            fail(world, check, "request #%llu of a%u has not ended",
                 (unsigned long long)letter->number, letter->sender->number);
        }
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)state;
    if (event->kind == EVENT_EXECUTED) {
        see_executed(world, check, event);
    } else if (event->kind == EVENT_OUTCOME) {
        see_outcome(world, check, event);
    } else if (event->kind == EVENT_WAITED) {
        see_waited(world, check, event);
    } else if (event->kind == EVENT_DRAINED) {
        see_drained(world, check);
    }
}

const struct check check_outcome = {
    .name = "outcome",
    .guarantee = "a call ends with exactly one outcome, in time; what was not sent was not "
                 "executed, and nothing is executed twice",
    .on = see,
};
