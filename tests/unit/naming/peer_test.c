// SPDX-License-Identifier: Apache-2.0
// A naming process against a peer that follows a script: wrong parts, wrong digests, wrong answers.
#include <stdio.h>
#include <string.h>

#include <naming.pb-c.h>

#include "cluster.h"

enum { LOOKUP = 2, LIST = 4, RESYNC = 10, REPLICATE = 11, CHANGE = 12 };

struct item {
    const char *name;
    uint32_t index, slot, generation;
    uint64_t epoch;
};

// What the peer is to send next, or to answer, and what it was asked.
struct peer {
    struct cluster cluster;
    bool speaks;
    bool change; // else a part
    uint64_t session, previous, epoch, digest;
    uint32_t sequence;
    bool flag; // last, or current
    struct item items[3];
    uint32_t item_count;
    uint32_t asked;
    uint64_t asked_epoch, asked_digest;
    uint64_t answer_node, answer_next; // of Lookup and List
};

// The digest of a table, as docs/design/naming.md defines it.
static uint64_t digest_of(const struct item items[], uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = UINT64_C(14695981039346656037);
        for (const char *c = items[i].name; *c != '\0'; c++) {
            hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
        }
        const uint32_t numbers[] = {items[i].index, items[i].slot, items[i].generation};
        for (uint32_t j = 0; j < 12; j++) {
            hash = (hash ^ (numbers[j / 4] >> (j % 4 * 8) & 0xff)) * UINT64_C(1099511628211);
        }
        sum += hash;
    }
    return sum;
}

static Kith__NamingChangeEntry **new_entries(const struct peer *peer, struct kith_message *message)
{
    Kith__NamingChangeEntry **entries = kith_message_allocate(message, 4 * sizeof *entries);
    for (uint32_t i = 0; i < peer->item_count; i++) {
        const struct item *item = &peer->items[i];
        entries[i] = kith_message_part(message, &kith__naming_change_entry__descriptor);
        entries[i]->name = kith_message_text(message, item->name);
        entries[i]->index = item->index;
        entries[i]->slot = item->slot;
        entries[i]->generation = item->generation;
        entries[i]->epoch = item->epoch;
    }
    return entries;
}

static void speak(struct kith_process *self, struct peer *peer)
{
    struct kith_message *message;
    uint64_t type = kith_service_type(&kith__naming__descriptor, peer->change ? CHANGE : REPLICATE);
    assert_int_equal(kith_message_new(kith_process_node(self), type, 0, &message), KITH_OK);
    if (peer->change) {
        Kith__NamingChange *change =
            kith_message_set_typed(message, &kith__naming_change__descriptor);
        change->previous = peer->previous;
        change->epoch = peer->epoch;
        change->current = peer->flag;
        change->digest = peer->digest;
        change->n_changes = peer->item_count;
        change->changes = new_entries(peer, message);
    } else {
        Kith__NamingReplicate *part =
            kith_message_set_typed(message, &kith__naming_replicate__descriptor);
        part->session = peer->session;
        part->sequence = peer->sequence;
        part->last = peer->flag;
        part->epoch = peer->epoch;
        part->n_entries = peer->item_count;
        part->entries = new_entries(peer, message);
    }
    assert_int_equal(kith_send(self, peer->cluster.naming[0], &message, KITH_NO_WAIT), KITH_OK);
}

static void fill_entry(const struct peer *peer, struct kith_message *message,
                       Kith__NamingEntry *entry)
{
    entry->name = kith_message_text(message, "x");
    entry->ref = kith_message_part(message, &kith__naming_ref__descriptor);
    entry->ref->node = peer->answer_node;
    entry->ref->slot = 3;
    entry->ref->generation = 1;
}

static void answer(struct kith_process *self, struct peer *peer, struct kith_message **message)
{
    if (KITH_TYPE_METHOD((*message)->type) == LOOKUP) {
        fill_entry(peer, *message,
                   kith_message_set_typed(*message, &kith__naming_entry__descriptor));
    } else {
        Kith__NamingPage *page = kith_message_set_typed(*message, &kith__naming_page__descriptor);
        page->next = peer->answer_next;
        page->n_entries = 1;
        page->entries = kith_message_allocate(*message, sizeof *page->entries);
        page->entries[0] = kith_message_part(*message, &kith__naming_entry__descriptor);
        fill_entry(peer, *message, page->entries[0]);
    }
    assert_int_equal(kith_reply(self, message), KITH_OK);
}

static void follow_script(struct kith_process *self, void *argument)
{
    struct peer *peer = argument;
    for (;;) {
        struct kith_message *message;
        enum kith_error error = kith_receive(self, &message, kith_deadline_ms(self, 1));
        if (error == KITH_ERROR_KILLED) {
            return;
        }
        if (peer->speaks) {
            peer->speaks = false;
            speak(self, peer);
        }
        if (error != KITH_OK) {
            continue;
        }
        const Kith__NamingResync *asked =
            kith_message_typed(message, &kith__naming_resync__descriptor);
        if (asked != NULL) {
            peer->asked++;
            peer->asked_epoch = asked->epoch;
            peer->asked_digest = asked->digest;
        } else if (message->waiting) {
            answer(self, peer, &message);
        }
        kith_message_free(&message);
    }
}

static void open_peer(struct peer *peer, const struct kith_limits *limits)
{
    memset(peer, 0, sizeof *peer);
    cluster_open(&peer->cluster, 2, limits, NULL);
    kith_naming_close(peer->cluster.nodes[1]);
    peer->cluster.naming[1] = cluster_spawn(&peer->cluster, 1, follow_script, peer);
    cluster_connect_all(&peer->cluster);
    cluster_advance(&peer->cluster, 2);
}

static void close_peer(struct peer *peer)
{
    assert_int_equal(kith_naming_open(peer->cluster.nodes[1], NULL, &peer->cluster.naming[1]),
                     KITH_OK);
    cluster_close(&peer->cluster);
}

static void say(struct peer *peer)
{
    peer->speaks = true;
    cluster_advance(&peer->cluster, 3);
    assert_false(peer->speaks);
}

static void say_part(struct peer *peer, uint64_t session, uint32_t sequence, bool last,
                     uint64_t epoch, const struct item *item)
{
    peer->change = false;
    peer->session = session;
    peer->sequence = sequence;
    peer->flag = last;
    peer->epoch = epoch;
    peer->item_count = item == NULL ? 0 : 1;
    if (item != NULL) {
        peer->items[0] = *item;
    }
    say(peer);
}

static void say_change(struct peer *peer, uint64_t previous, uint64_t epoch, uint64_t digest,
                       const struct item *item)
{
    peer->change = true;
    peer->previous = previous;
    peer->epoch = epoch;
    peer->flag = true;
    peer->digest = digest;
    peer->item_count = item == NULL ? 0 : 1;
    if (item != NULL) {
        peer->items[0] = *item;
    }
    say(peer);
}

static bool knows(struct peer *peer, const char *address)
{
    struct kith_ref ref;
    return kith_lookup_here(peer->cluster.nodes[0], address, &ref) == KITH_OK;
}

static bool is_complete(struct peer *peer)
{
    return cluster_status(&peer->cluster, 0).complete;
}

static const struct item x = {"x", 0, 3, 1, 5}, y = {"y", 2, 4, 1, 6};

static void a_table_is_asked_for_until_it_is_here_then_checked(void **state)
{
    (void)state;
    struct peer peer;
    open_peer(&peer, &kith_limits_linux);
    assert_int_equal(peer.asked, 1);
    assert_int_equal(peer.asked_epoch, 0);
    cluster_advance(&peer.cluster, 4000); // 1 s, then 2 s, give or take
    assert_int_equal(peer.asked, 3);
    say_part(&peer, 1, 0, false, 6, &x);
    assert_true(knows(&peer, "x") && !is_complete(&peer));
    say_part(&peer, 1, 1, true, 6, &y);
    assert_true(knows(&peer, "y/2") && is_complete(&peer));
    uint32_t asked = peer.asked;
    cluster_advance(&peer.cluster, 7400); // the check comes after 10 s, give or take a quarter
    assert_int_equal(peer.asked, asked);
    cluster_advance(&peer.cluster, 5200);
    assert_true(peer.asked > asked);
    assert_int_equal(peer.asked_epoch, 6);
    const struct item both[] = {x, y};
    assert_true(peer.asked_digest == digest_of(both, 2));
    close_peer(&peer);
}

static void a_part_out_of_order_is_not_applied(void **state)
{
    (void)state;
    struct peer peer;
    open_peer(&peer, &kith_limits_linux);
    cluster_advance(&peer.cluster, 200);
    say_part(&peer, 1, 0, false, 6, NULL);
    say_part(&peer, 1, 2, true, 6, &x);
    assert_false(knows(&peer, "x") || is_complete(&peer));
    assert_int_equal(peer.asked, 2);
    assert_int_equal(peer.asked_epoch, 0);
    say_part(&peer, 1, 1, true, 6, &x); // of a transfer that was given up
    assert_false(knows(&peer, "x") || is_complete(&peer));
    assert_int_equal(peer.asked, 2);
    say_part(&peer, 2, 0, true, 6, &x);
    assert_true(knows(&peer, "x") && is_complete(&peer));
    close_peer(&peer);
}

static void a_transfer_removes_what_it_does_not_hold(void **state)
{
    (void)state;
    struct peer peer;
    open_peer(&peer, &kith_limits_linux);
    say_part(&peer, 1, 0, true, 5, &x);
    say_part(&peer, 2, 0, false, 6, NULL);
    assert_true(knows(&peer, "x")); // until the transfer has ended
    say_part(&peer, 2, 1, true, 6, &y);
    assert_false(knows(&peer, "x"));
    assert_true(knows(&peer, "y"));
    close_peer(&peer);
}

static void a_gap_is_not_stepped_over(void **state)
{
    (void)state;
    struct peer peer;
    open_peer(&peer, &kith_limits_linux);
    say_part(&peer, 1, 0, true, 5, &x);
    cluster_advance(&peer.cluster, 200);
    const struct item z = {"z", 0, 7, 1, 8}, both[] = {x, y};
    say_change(&peer, 7, 8, 0, &z);
    assert_false(knows(&peer, "z"));
    assert_int_equal(peer.asked, 2);
    assert_int_equal(peer.asked_epoch, 5);
    say_change(&peer, 5, 6, digest_of(both, 2), &y);
    assert_true(knows(&peer, "y"));
    assert_int_equal(cluster_status(&peer.cluster, 0).resyncs, 1);
    close_peer(&peer);
}

static void a_table_that_differs_though_the_epochs_agree_is_replaced(void **state)
{
    (void)state;
    struct peer peer;
    open_peer(&peer, &kith_limits_linux);
    say_part(&peer, 1, 0, true, 5, &x);
    cluster_advance(&peer.cluster, 200);
    uint32_t asked = peer.asked;
    say_change(&peer, 5, 5, digest_of(&x, 1), NULL);
    assert_int_equal(peer.asked, asked);
    say_change(&peer, 5, 5, digest_of(&y, 1), NULL);
    assert_int_equal(peer.asked, asked + 1);
    assert_int_equal(peer.asked_epoch, 0); // everything
    close_peer(&peer);
}

static void gaps_in_a_row_do_not_make_a_storm_of_requests(void **state)
{
    (void)state;
    struct peer peer;
    open_peer(&peer, &kith_limits_linux);
    say_part(&peer, 1, 0, true, 5, &x);
    cluster_advance(&peer.cluster, 200);
    uint32_t asked = peer.asked;
    for (uint32_t i = 0; i < 30; i++) { // in 90 ms
        say_change(&peer, 100 + i, 101 + i, 0, NULL);
    }
    assert_int_equal(peer.asked, asked + 1);
    cluster_advance(&peer.cluster, 100);
    assert_int_equal(peer.asked, asked + 2);
    close_peer(&peer);
}

static void malformed_entries_are_counted_and_left_out(void **state)
{
    (void)state;
    struct peer peer;
    open_peer(&peer, &kith_limits_linux);
    static const struct item bad[] = {
        {"a b", 0, 3, 1, 5}, {"", 0, 3, 1, 5}, {"7", 0, 3, 1, 5}, {"x", UINT32_MAX, 3, 1, 5}};
    for (uint32_t i = 0; i < 4; i++) {
        say_part(&peer, 1, i, false, 6, &bad[i]);
    }
    say_part(&peer, 1, 4, true, 6, &x);
    assert_int_equal(cluster_status(&peer.cluster, 0).malformed, 4);
    assert_int_equal(cluster_status(&peer.cluster, 0).replicated, 1);
    close_peer(&peer);
}

struct questions {
    enum kith_error looked_up, found;
    size_t count;
};

static void ask(struct kith_process *self, void *argument)
{
    struct questions *questions = argument;
    struct kith_ref ref;
    struct kith_name_entry entries[4];
    questions->looked_up = kith_lookup(self, "node1/x", kith_deadline_ms(self, 100), &ref);
    questions->found =
        kith_find(self, "x", kith_deadline_ms(self, 100), entries, 4, &questions->count);
}

static void a_node_that_is_asked_answers_only_for_itself(void **state)
{
    (void)state;
    struct peer peer;
    struct kith_limits limits = kith_limits_linux;
    struct questions questions;
    limits.replicated_names = 0;
    open_peer(&peer, &limits);
    peer.answer_node = kith_node_incarnation(peer.cluster.nodes[1]);
    cluster_run(&peer.cluster, 0, ask, &questions);
    assert_int_equal(questions.looked_up, KITH_OK);
    assert_int_equal(questions.found, KITH_OK);
    assert_int_equal(questions.count, 1);
    peer.answer_next = 7; // once, and the next page must lead further
    cluster_run(&peer.cluster, 0, ask, &questions);
    assert_int_equal(questions.found, KITH_ERROR_INVALID);
    peer.answer_next = 0;
    peer.answer_node = kith_node_incarnation(peer.cluster.nodes[0]);
    cluster_run(&peer.cluster, 0, ask, &questions);
    assert_int_equal(questions.looked_up, KITH_ERROR_INVALID);
    assert_int_equal(questions.found, KITH_ERROR_INVALID);
    close_peer(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_asked_for_until_it_is_here_then_checked),
        cmocka_unit_test(a_part_out_of_order_is_not_applied),
        cmocka_unit_test(a_transfer_removes_what_it_does_not_hold),
        cmocka_unit_test(a_gap_is_not_stepped_over),
        cmocka_unit_test(a_table_that_differs_though_the_epochs_agree_is_replaced),
        cmocka_unit_test(gaps_in_a_row_do_not_make_a_storm_of_requests),
        cmocka_unit_test(malformed_entries_are_counted_and_left_out),
        cmocka_unit_test(a_node_that_is_asked_answers_only_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
