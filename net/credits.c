// SPDX-License-Identifier: Apache-2.0
// Credits: how many messages a link may have unreceived at one process, so that one that doesn't
// receive holds up its senders and nobody else. An entry exists only while it says something: on
// the sender's side while less than all credit is there, on the receiver's while something has
// arrived that was not given back.
#include <assert.h>

#include <kith/planted.h>

#include "net_state.h"

struct credit_out {
    struct kithi_key key;
    int64_t credit;
    uint64_t waiting; // a sender waits for it
};

struct credit_in {
    struct kithi_key key;
    uint64_t arrived; // in the mailbox
    uint64_t former;  // likewise, by an earlier connection: its credit is void
    uint64_t owed;    // received, to be given back
};

static struct kithi_key find_key(struct kith_ref ref);
static void give_back(struct kithi_link *link, struct credit_in *entry);
static void restart_arrived(struct kithi_link *link);
static void charge_frame(struct kithi_link *link, const struct kith_frame *frame);
static enum kith_error obtain_out(struct kithi_link *link, struct kith_ref to,
                                  struct credit_out **entry);
static void remove_in_if_idle(struct kithi_link *link, struct credit_in *entry);

void kithi_credits_init(struct kithi_link *link)
{
    const struct kith_net *net = link->net;
    // Of the peer's processes we speak to as many as a node of our own size may have, and half as
    // many again that have ended.
    uint64_t most = net->limits->processes + (uint64_t)net->limits->processes / 2 + 8;
    uint32_t limit = most > UINT32_MAX ? UINT32_MAX : (uint32_t)most;
    kithi_table_init(&link->credits_out, sizeof(struct credit_out), limit, net->seed);
    kithi_table_init(&link->credits_in, sizeof(struct credit_in), limit, net->seed);
}

void kithi_credits_fini(struct kithi_link *link)
{
    kithi_table_fini(&link->credits_out, link->net->platform);
    kithi_table_fini(&link->credits_in, link->net->platform);
}

uint32_t kithi_credits_cost(size_t size)
{
    size_t cost = 1 + size / KITHI_CREDIT_BYTES;
    return cost > UINT32_MAX ? UINT32_MAX : (uint32_t)cost;
}

// The last message may take more than there is, else a large one could never pass a small window.
enum kith_error kithi_credits_spend(struct kithi_link *link, struct kith_ref to, size_t size)
{
    struct credit_out *entry;
    enum kith_error error = obtain_out(link, to, &entry);
    if (error != KITH_OK) {
        link->wants_credit = true; // until another entry is removed
        return KITH_ERROR_FULL;
    }
    if (entry->credit <= (KITH_BUG(CREDIT_OFF_BY_ONE) ? -1 : 0)) {
        entry->waiting = 1;
        return KITH_ERROR_FULL;
    }
    entry->credit -= kithi_credits_cost(size);
    return KITH_OK;
}

// Nothing became of it. Nobody is woken: whoever waited did so before.
void kithi_credits_unspend(struct kithi_link *link, struct kith_ref to, size_t size)
{
    struct kithi_key key = find_key(to);
    struct credit_out *entry = kithi_table_find(&link->credits_out, &key);
    assert(entry != NULL);
    entry->credit += kithi_credits_cost(size);
    if (entry->credit >= link->hello.credits) {
        kithi_table_remove(&link->credits_out, entry);
    }
}

void kithi_credits_receive(struct kithi_link *link, struct kith_ref to, uint32_t credits)
{
    struct kithi_key key = find_key(to);
    struct credit_out *entry = kithi_table_find(&link->credits_out, &key);
    if (entry == NULL) {
        return; // all of it is there already
    }
    entry->credit += credits;
    bool waiting = entry->waiting && entry->credit > 0;
    bool place = false;
    if (entry->credit > 0) {
        entry->waiting = 0;
    }
    if (entry->credit >= link->hello.credits) {
        kithi_table_remove(&link->credits_out, entry);
        place = link->wants_credit;
        link->wants_credit = false;
    }
    if (waiting || place) { // this sends at once and changes the table
        kith_route_ready(link->route, place ? KITH_REF_NONE : to);
    }
}

enum kith_error kithi_credits_arrived(struct kithi_link *link, struct kith_ref to, size_t size)
{
    struct kithi_key key = find_key(to);
    struct credit_in *entry = kithi_table_find(&link->credits_in, &key);
    if (entry == NULL) {
        void *added;
        if (kithi_table_add(&link->credits_in, link->net->platform, &key, &added) != KITH_OK) {
            return KITH_ERROR_FULL;
        }
        entry = added;
    }
    // Returns that waited while the connection was renewed bring credits that are there already, so
    // that twice as many may be spent in good faith; one link alone must not fill a mailbox.
    if (entry->arrived + entry->owed >= 2 * (uint64_t)link->net->limits->link_credits) {
        return KITH_ERROR_FULL;
    }
    entry->arrived += kithi_credits_cost(size);
    return KITH_OK;
}

void kithi_credits_refused(struct kithi_link *link, struct kith_ref to, size_t size)
{
    struct kithi_key key = find_key(to);
    struct credit_in *entry = kithi_table_find(&link->credits_in, &key);
    assert(entry != NULL && entry->arrived >= kithi_credits_cost(size));
    entry->arrived -= kithi_credits_cost(size);
    remove_in_if_idle(link, entry);
}

void kithi_credits_consumed(struct kithi_link *link, struct kith_ref receiver, size_t size)
{
    struct kithi_key key = find_key(receiver);
    struct credit_in *entry = kithi_table_find(&link->credits_in, &key);
    if (entry == NULL || KITH_BUG(CREDIT_NEVER_GIVEN_BACK)) {
        return;
    }
    uint64_t cost = kithi_credits_cost(size);
    if (entry->former > 0) { // the mailbox is in order: those of the earlier connection go first
        entry->former -= cost < entry->former ? cost : entry->former;
        remove_in_if_idle(link, entry);
        return;
    }
    cost = cost < entry->arrived ? cost : entry->arrived;
    entry->arrived -= cost;
    entry->owed += cost;
    uint64_t window = link->net->limits->link_credits;
    if (entry->owed > 0 && entry->owed >= window / 2) {
        give_back(link, entry);
        kith_node_want_turn(link->net->node); // the peer may be waiting for it
    }
}

void kithi_credits_give(struct kithi_link *link, struct kith_ref receiver, uint32_t credits)
{
    struct kith_frame frame = {
        .kind = KITH_FRAME_CREDIT,
        .to = receiver,
        .credits = credits,
        .remaining_ms = UINT64_MAX,
    };
    if (credits > 0 && link->live != NULL) {
        kithi_link_control(link, KITH_STREAM_CONTROL, &frame);
    }
}

void kithi_credits_sweep(struct kithi_link *link)
{
    struct kithi_table *table = &link->credits_in;
    for (uint32_t place = 0; table->len > 0 && place < table->capacity;) {
        struct credit_in *entry = kithi_table_at(table, place);
        if (entry == NULL || entry->arrived > 0 || entry->former > 0) {
            place++;
            continue;
        }
        give_back(link, entry);
    }
}

void kithi_credits_restart(struct kithi_link *link)
{
    kithi_table_clear(&link->credits_out);
    kithi_queue_visit(link, charge_frame); // what still waits is sent by the next connection
    restart_arrived(link);
    link->wants_credit = false;
    if (link->route != NULL) {
        kith_route_ready(link->route, KITH_REF_NONE);
    }
}

static struct kithi_key find_key(struct kith_ref ref)
{
    return (struct kithi_key){kithi_ref_number(ref), 0, 0};
}

// Sends everything that is owed; removes the entry if nothing is left in it.
static void give_back(struct kithi_link *link, struct credit_in *entry)
{
    struct kith_ref receiver = {link->net->incarnation, (uint32_t)entry->key.id,
                                (uint32_t)(entry->key.id >> 32)};
    uint32_t credits = entry->owed > UINT32_MAX ? UINT32_MAX : (uint32_t)entry->owed;
    entry->owed -= credits;
    remove_in_if_idle(link, entry);
    kithi_credits_give(link, receiver, credits);
}

static void restart_arrived(struct kithi_link *link)
{
    struct kithi_table *table = &link->credits_in;
    for (uint32_t place = 0; table->len > 0 && place < table->capacity;) {
        struct credit_in *entry = kithi_table_at(table, place);
        if (entry == NULL) {
            place++;
            continue;
        }
        entry->former += entry->arrived;
        entry->arrived = 0;
        entry->owed = 0;
        if (entry->former > 0) {
            place++;
        } else {
            kithi_table_remove(table, entry);
        }
    }
}

static void charge_frame(struct kithi_link *link, const struct kith_frame *frame)
{
    struct credit_out *entry;
    bool costs = frame->kind == KITH_FRAME_MESSAGE && !frame->done;
    if (costs && obtain_out(link, frame->to, &entry) == KITH_OK) {
        entry->credit -= kithi_credits_cost(frame->payload_size);
    }
}

static enum kith_error obtain_out(struct kithi_link *link, struct kith_ref to,
                                  struct credit_out **entry)
{
    struct kithi_key key = find_key(to);
    *entry = kithi_table_find(&link->credits_out, &key);
    if (*entry != NULL) {
        return KITH_OK;
    }
    void *added;
    enum kith_error error = kithi_table_add(&link->credits_out, link->net->platform, &key, &added);
    if (error == KITH_OK) {
        *entry = added;
        (*entry)->credit = link->hello.credits;
    }
    return error;
}

static void remove_in_if_idle(struct kithi_link *link, struct credit_in *entry)
{
    if (entry->arrived == 0 && entry->former == 0 && entry->owed == 0) {
        kithi_table_remove(&link->credits_in, entry);
    }
}
