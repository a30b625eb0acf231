// SPDX-License-Identifier: Apache-2.0
// Nothing is lost in silence: a message that was taken is delivered, or comes back, or there is a
// reason for which nobody can know.
#include "check.h"

enum { ROOMY_MAILBOX = 256 * 1024 };

// Why the sender may not have heard what became of its letter; NULL if there is no such reason.
static const char *find_excuse(struct world *world, const struct letter *letter)
{
    const struct actor *sender = letter->sender;
    const struct actor *target = find_actor(world, letter->target);
    bool returns_may_be_dropped = sender->was_full || world->scenario.large > 0 ||
                                  world->scenario.limits.mailbox_bytes < ROOMY_MAILBOX;
    if (sender->ended) {
        return "the sender has ended";
    }
    if (letter->target_host == NULL || !letter->target_host->up ||
        letter->target_host->lives != letter->target_lives ||
        letter->target_host->incarnation != letter->target.node) {
        return "the target's node has gone";
    }
    if (sender->host != letter->target_host &&
        count_broken(world, sender->host, letter->target_host) != letter->broken) {
        return "a connection broke";
    }
    if (target == NULL || (target->ended && target->ended_ns >= letter->sent_ns)) {
        return "it was in the mailbox of a process that ended"; // or on its way there
    }
    return returns_may_be_dropped ? "it came back to a full mailbox" : NULL;
}

static uint64_t count_under_way(const struct host *host)
{
    uint64_t count = 0;
    for (uint32_t place = 0; place < kith_net_link_count(host->net); place++) {
        struct kith_link_info info;
        if (kith_net_link_info(host->net, place, &info) == KITH_OK) {
            count += info.under_way;
        }
    }
    return count;
}

// What the nodes counted adds up, unless one of them took its count with it.
static void judge_counters(struct world *world, const struct check *check)
{
    uint64_t sent = 0, ended = 0, unknown = 0, under_way = 0;
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        const struct host *host = &world->hosts[number];
        struct kith_node_counters counters;
        if (!host->up || host->lives != 1) {
            return;
        }
        kith_node_counters(host->node, &counters);
        sent += counters.sent;
        ended += counters.delivered + counters.returned + counters.late_replies;
        unknown += counters.unknown;
        under_way += count_under_way(host);
    }
    if (ended > sent || sent - ended > unknown + under_way) {
        fail(world, check,
             "of %llu messages sent %llu were delivered, returned or late replies, %llu unknown, "
             "and %llu are under way",
             (unsigned long long)sent, (unsigned long long)ended, (unsigned long long)unknown,
             (unsigned long long)under_way);
    }
}

static void judge_letters(struct world *world, const struct check *check)
{
    for (size_t number = 0; number < world->letter_count && !world->failed; number++) {
        const struct letter *letter = world->letters[number];
        char text[REF_TEXT_SIZE];
        if (letter->kind == LETTER_NOTE && !letter->pending && letter->sent == KITH_OK &&
            letter->received == 0 && letter->returned == 0 && find_excuse(world, letter) == NULL) {
            fail(world, check, "letter #%llu of a%u to %s was taken, and nothing became of it",
                 (unsigned long long)letter->number, letter->sender->number,
                 ref_text(world, letter->target, text));
        }
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)state;
    if (event->kind == EVENT_DRAINED) {
        judge_letters(world, check);
    } else if (event->kind == EVENT_FINISHED) {
        judge_counters(world, check);
    }
}

const struct check check_accounting = {
    .name = "accounting",
    .guarantee = "a message that was sent is delivered or comes back, unless its node or its "
                 "connection was lost",
    .on = see,
};
