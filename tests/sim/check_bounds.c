// SPDX-License-Identifier: Apache-2.0
// Everything is bounded: mailboxes, what a link may have in them, pools, queues of links. Looks
// into the kernel, which nobody else here does.
#include "kernel.h"

#include "check.h"

enum { ORIGINS_MOST = 64, LINKS_EACH = 16 };

struct origin {
    uint64_t node; // where they come from
    uint32_t count;
};

struct counts {
    uint32_t bounded; // messages that the limit is for
    size_t bytes;
    struct origin origins[ORIGINS_MOST];
    uint32_t origin_count;
};

// Replies, timers and monitors are bounded by what the process has asked for.
static bool is_exempt(const struct kith_message *message)
{
    return message->done || message->type == KITH_TYPE_DOWN || message->type == KITH_TYPE_TIMER;
}

static void count_origin(struct counts *counts, uint64_t node)
{
    uint32_t place = 0;
    while (place < counts->origin_count && counts->origins[place].node != node) {
        place++;
    }
    if (place == ORIGINS_MOST) {
        return;
    }
    if (place == counts->origin_count) {
        counts->origins[counts->origin_count++] = (struct origin){node, 0};
    }
    counts->origins[place].count++;
}

static void count_mailbox(const struct kith_process *process, struct counts *counts)
{
    counts->bounded = 0;
    counts->bytes = 0;
    counts->origin_count = 0;
    const struct kith_message *message = process->mailbox.first;
    for (; message != NULL; message = message->next) {
        if (is_exempt(message)) {
            continue;
        }
        counts->bounded++;
        counts->bytes += message->size;
        if (message->origin != 0) {
            count_origin(counts, message->from.node);
        }
    }
}

// What a link has in a mailbox; after a connection broke the new one has credits of its own.
static void judge_origin(struct world *world, const struct check *check, struct host *host,
                         const struct kith_process *process, const struct origin *origin)
{
    struct host *peer = find_host(world, origin->node);
    if (peer == NULL || origin->count <= world->scenario.limits.link_credits ||
        kith_loop_broken(world->network, &host->endpoint, &peer->endpoint) > 0) {
        return;
    }
    fail(world, check, "mailbox of %s on host%u has %u messages from host%u, and %u credits",
         process->label, host->number, origin->count, peer->number,
         world->scenario.limits.link_credits);
}

static void judge_process(struct world *world, const struct check *check, struct host *host,
                          const struct kith_process *process)
{
    const struct kithi_mailbox *mailbox = &process->mailbox;
    struct actor *actor = find_actor(world, kithi_process_ref(process));
    struct counts counts;
    if (actor != NULL && mailbox->peak >= process->mailbox_messages) {
        actor->was_full = true;
    }
    if (mailbox->count == 0) {
        return;
    }
    count_mailbox(process, &counts);
    if (counts.bounded > process->mailbox_messages) {
        fail(world, check, "mailbox of %s on host%u has %u messages, limit %u", process->label,
             host->number, counts.bounded, process->mailbox_messages);
    } else if (counts.bounded > 1 && counts.bytes > process->mailbox_bytes) {
        fail(world, check, "mailbox of %s on host%u has %zu bytes, limit %zu", process->label,
             host->number, counts.bytes, process->mailbox_bytes);
    }
    for (uint32_t place = 0; place < counts.origin_count; place++) {
        judge_origin(world, check, host, process, &counts.origins[place]);
    }
}

static void judge_links(struct world *world, const struct check *check, struct host *host)
{
    const struct kith_limits *limits = &world->scenario.limits;
    for (uint32_t place = 0; place < kith_net_link_count(host->net); place++) {
        struct kith_link_info info;
        if (kith_net_link_info(host->net, place, &info) == KITH_OK &&
            info.queued_bytes > limits->link_queue_bytes + 2 * limits->message_size) {
            fail(world, check, "a link of host%u has %zu bytes queued, limit %zu", host->number,
                 info.queued_bytes, limits->link_queue_bytes);
        }
    }
}

// What the peer is owed, credits and returns, passes a full queue; messages don't.
static void note_queue(struct world *world, const struct event *event)
{
    struct letter *letter = event->letter;
    struct kith_link_info info;
    letter->queue_full =
        kith_net_link_find(event->host->net, letter->target.node, &info) == KITH_OK &&
        info.queued_bytes >= world->scenario.limits.link_queue_bytes;
}

static void judge_sent(struct world *world, const struct check *check, const struct event *event)
{
    const struct letter *letter = event->letter;
    if (event->error == KITH_OK && letter->queue_full && letter->deadline_ns == KITH_NO_WAIT) {
        fail(world, check, "letter #%llu of a%u was taken at once, by a link whose queue was full",
             (unsigned long long)letter->number, event->actor->number);
    }
}

static void judge_host(struct world *world, const struct check *check, struct host *host)
{
    struct kith_node *node = host->node;
    for (uint32_t slot = 0; slot < node->slots; slot++) {
        const struct kith_process *process = kithi_process_at(node, slot);
        if (process->state != KITH_STATE_FREE) {
            judge_process(world, check, host, process);
        }
    }
    if (node->pool.alive > node->limits.messages ||
        node->pool.alive_bytes > node->limits.message_memory) {
        fail(world, check, "host%u has %u messages with %zu bytes alive", host->number,
             node->pool.alive, node->pool.alive_bytes);
    }
    if (host->steps % LINKS_EACH == 0) {
        judge_links(world, check, host);
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)state;
    if (event->kind == EVENT_STEP) {
        judge_host(world, check, event->host);
    } else if (event->kind == EVENT_SENDING) {
        note_queue(world, event);
    } else if (event->kind == EVENT_SENT) {
        judge_sent(world, check, event);
    }
}

const struct check check_bounds = {
    .name = "bounds",
    .guarantee = "memory is bounded: mailboxes, what a link has in them, pools and queues",
    .on = see,
};
