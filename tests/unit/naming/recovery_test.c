// SPDX-License-Identifier: Apache-2.0
// Tables of other nodes in bad times: losses, slow peers, no memory. They must meet in the end.
#include <stdio.h>
#include <string.h>

#include "cluster.h"

enum { CHECK_MS = 10000 };

static bool knows(struct cluster *cluster, uint32_t node, const char *address)
{
    struct kith_ref ref;
    return kith_lookup_here(cluster->nodes[node], address, &ref) == KITH_OK;
}

static void register_many(struct cluster *cluster, uint32_t node, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "a-rather-long-name-%u", (unsigned)i);
        cluster_register(cluster, node, name, 0);
    }
    cluster_settle(cluster);
}

// Loses the n-th message, whichever it is, and a few after it: nothing else happens any more, and
// still the tables must meet.
static void lose_from(uint64_t skip, uint32_t lose)
{
    struct cluster cluster;
    struct kith_naming_options options = {.check_ms = CHECK_MS};
    cluster_open(&cluster, 2, &kith_limits_linux, &options);
    register_many(&cluster, 0, 150);
    cluster.wires[0][1].skip = skip;
    cluster.wires[0][1].lose = lose;
    cluster_connect_all(&cluster);
    struct kith_ref process = cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    cluster_register(&cluster, 0, "y", 0);
    cluster_settle(&cluster);
    cluster_kill(&cluster, 0, process);
    cluster_advance(&cluster, 2 * CHECK_MS);
    assert_int_equal(cluster.wires[0][1].lose, 0);
    assert_true(cluster_converged(&cluster));
    assert_true(cluster_status(&cluster, 1).complete);
    cluster_close(&cluster);
}

static void a_lost_message_never_leaves_tables_apart(void **state)
{
    (void)state;
    for (uint64_t skip = 0; skip < 8; skip++) { // request, three parts, confirmations, changes
        for (uint32_t lose = 1; lose < 4; lose += 2) {
            lose_from(skip, lose);
        }
    }
}

static void a_lost_request_is_asked_again(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 0, "x", 0);
    cluster.wires[1][0].lose = 2;
    cluster_connect_all(&cluster);
    assert_false(knows(&cluster, 1, "x"));
    assert_false(cluster_status(&cluster, 1).complete);
    cluster_advance(&cluster, 5000);
    assert_true(cluster_converged(&cluster));
    cluster_close(&cluster);
}

static void the_last_change_before_silence_is_noticed_when_lost(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_naming_options options = {.check_ms = CHECK_MS};
    cluster_open(&cluster, 2, &kith_limits_linux, &options);
    cluster_connect_all(&cluster);
    cluster.wires[0][1].lose = 1;
    cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    assert_int_equal(cluster.wires[0][1].lose, 0);
    assert_false(knows(&cluster, 1, "x"));
    cluster_advance(&cluster, CHECK_MS + CHECK_MS / 4);
    assert_true(knows(&cluster, 1, "x"));
    cluster_close(&cluster);
}

static void a_slow_peer_holds_up_nobody_and_catches_up(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 3, &kith_limits_linux, NULL);
    register_many(&cluster, 0, 400);
    cluster.wires[0][1].full = true;
    cluster_connect_all(&cluster);
    assert_true(cluster_same(&cluster, 2, 0));
    assert_int_equal(cluster_entries(&cluster, 1, 0), 0);
    cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    assert_true(knows(&cluster, 2, "x"));
    cluster_advance(&cluster, 3000);
    cluster.wires[0][1].full = false;
    cluster.wires[0][1].room = 2; // from now on a few at a time
    cluster_advance(&cluster, 3000);
    assert_true(cluster_converged(&cluster));
    cluster_close(&cluster);
}

static void churn(struct kith_process *self, void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < 3000; i++) {
        assert_int_equal(kith_register(self, "x", i, NULL, KITH_FOREVER), KITH_OK);
        assert_int_equal(kith_release(self, "x", i, KITH_FOREVER), KITH_OK);
    }
}

static void a_peer_that_missed_more_than_the_log_holds_gets_everything(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    cluster.wires[0][1].full = true;
    cluster_run(&cluster, 0, churn, NULL);
    cluster_register(&cluster, 0, "y", 0);
    cluster.wires[0][1].full = false;
    cluster_advance(&cluster, 3000);
    assert_true(cluster_converged(&cluster));
    assert_int_equal(cluster_status(&cluster, 0).bulks_sent, 2);
    cluster_close(&cluster);
}

struct churn {
    uint32_t changes;
};

static void change_often(struct kith_process *self, void *argument)
{
    const struct churn *churn = argument;
    for (uint32_t i = 0; i < churn->changes / 2; i++) {
        assert_int_equal(kith_register(self, "x", i, NULL, KITH_FOREVER), KITH_OK);
        assert_int_equal(kith_release(self, "x", i, KITH_FOREVER), KITH_OK);
    }
    if (churn->changes % 2 == 1) {
        assert_int_equal(kith_register(self, "x", 0, NULL, KITH_FOREVER), KITH_OK);
    }
    (void)kith_sleep_until(self, KITH_FOREVER);
}

// How many whole tables are sent to a peer that has missed that many changes.
static uint64_t transfers_after(uint32_t changes)
{
    struct cluster cluster;
    struct churn churn = {changes};
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    cluster.wires[0][1].full = true;
    cluster_spawn(&cluster, 0, change_often, &churn);
    cluster_advance(&cluster, 1);
    cluster.wires[0][1].full = false;
    cluster_advance(&cluster, 3000);
    assert_true(cluster_converged(&cluster));
    assert_int_equal(cluster_status(&cluster, 1).resyncs, 0);
    uint64_t transfers = cluster_status(&cluster, 0).bulks_sent - 1;
    cluster_close(&cluster);
    return transfers;
}

static void the_log_helps_as_far_as_it_reaches(void **state)
{
    (void)state;
    assert_int_equal(transfers_after(1023), 0);
    assert_int_equal(transfers_after(1024), 0);
    assert_int_equal(transfers_after(1025), 1);
    assert_int_equal(transfers_after(1026), 1);
}

static void what_a_full_mailbox_returns_is_sent_again(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.mailbox_messages = 4;
    struct kith_naming_options options = {.check_ms = 1000 * CHECK_MS};
    cluster_open(&cluster, 2, &limits, &options);
    cluster_connect_all(&cluster);
    cluster.wires[0][1].held = true;
    for (uint32_t i = 0; i < 10; i++) {
        cluster_register(&cluster, 0, "x", i);
        cluster_settle(&cluster);
    }
    cluster.wires[0][1].held = false; // all of them arrive at once
    cluster_advance(&cluster, 1000);
    assert_true(cluster_converged(&cluster));
    assert_true(cluster_status(&cluster, 0).bulks_sent > 1);
    cluster_close(&cluster);
}

static void a_peer_that_takes_only_small_messages_gets_small_ones(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    register_many(&cluster, 0, 100);
    cluster.wires[0][1].most = 700;
    cluster_connect_all(&cluster);
    cluster_advance(&cluster, 1000);
    assert_true(cluster_converged(&cluster));
    assert_true(cluster.wires[0][1].largest <= 700);
    cluster_close(&cluster);
}

static void churn_for_ever(struct kith_process *self, void *argument)
{
    const bool *stop = argument;
    uint32_t index;
    while (!*stop) {
        if (kith_register(self, "x", KITH_INDEX_ANY, &index, KITH_FOREVER) != KITH_OK ||
            kith_release(self, "x", index, KITH_FOREVER) != KITH_OK) {
            return;
        }
    }
}

static void a_node_that_is_never_idle_publishes_in_time(void **state)
{
    (void)state;
    struct cluster cluster;
    bool stop = false;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    for (uint32_t i = 0; i < 50; i++) {
        cluster_spawn(&cluster, 0, churn_for_ever, &stop);
    }
    uint64_t messages = cluster.wires[0][1].messages;
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(kith_node_step(cluster.nodes[0]), KITH_NO_WAIT);
        kith_platform_sim_advance(cluster.sims[0], MS);
    }
    assert_true(cluster.wires[0][1].messages > messages);
    stop = true;
    cluster.now_ns += 20 * MS;
    cluster_advance(&cluster, 3000);
    assert_true(cluster_converged(&cluster));
    cluster_close(&cluster);
}

// The n-th allocation of a node fails while it gets to know another one and its table.
static void fail_allocation(uint32_t node, uint64_t nth)
{
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    register_many(&cluster, 0, 60);
    cluster_connect(&cluster, 0, 1); // the wires' own memory first
    kith_platform_sim_fail_allocation(cluster.sims[node], nth, false);
    cluster_settle(&cluster);
    if (node == 0) { // where registering itself may fail, and rightly so
        kith_platform_sim_fail_allocation(cluster.sims[node], 0, false);
    }
    cluster_register(&cluster, 0, "x", 0);
    cluster_advance(&cluster, 20000);
    kith_platform_sim_fail_allocation(cluster.sims[node], 0, false);
    cluster_advance(&cluster, 20000);
    if (!cluster_converged(&cluster)) {
        fail_msg("node %u, allocation %u", (unsigned)node, (unsigned)nth);
    }
    cluster_close(&cluster);
}

static void a_lack_of_memory_is_made_good_later(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 25; nth++) {
        fail_allocation(1, nth);
        fail_allocation(0, nth);
    }
}

static void a_node_that_came_when_there_was_no_memory_is_known_later(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 1, "x", 0);
    kith_platform_sim_fail_allocation(cluster.sims[0], 2,
                                      false); // the first is the route's
    cluster_connect_all(&cluster);
    kith_platform_sim_fail_allocation(cluster.sims[0], 0, false);
    cluster_advance(&cluster, 1000);
    assert_true(knows(&cluster, 0, "node1/x"));
    assert_true(cluster_converged(&cluster));
    cluster_close(&cluster);
}

static uint64_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

enum { PROCESSES = 24 };

// A step of chance on one of three nodes: somebody comes, goes, a link breaks,
// messages get lost.
static void take_step(struct cluster *cluster, struct kith_ref processes[], uint64_t *random)
{
    uint32_t node = (uint32_t)(next_random(random) % 3);
    uint32_t other = (node + 1 + (uint32_t)(next_random(random) % 2)) % 3;
    uint32_t which = (uint32_t)(next_random(random) % PROCESSES);
    struct kith_ref *process = &processes[node * PROCESSES + which];
    switch (next_random(random) % 8) {
    case 0:
        cluster_set_state(cluster, node, other, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE);
        break;
    case 1:
        cluster_set_side(cluster, node, other, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
        break;
    case 2:
        cluster->wires[node][other].lose = (uint32_t)(next_random(random) % 4);
        cluster->wires[node][other].full = next_random(random) % 4 == 0;
        break;
    case 3:
        cluster_connect(cluster, node, other);
        break;
    default:
        if (kith_ref_is_none(*process)) {
            char name[] = "name-0";
            name[5] = (char)('0' + which % 5);
            *process = cluster_register(cluster, node, name, KITH_INDEX_ANY);
        } else {
            cluster_kill(cluster, node, *process);
            *process = KITH_REF_NONE;
        }
        break;
    }
    cluster_advance(cluster, next_random(random) % 30);
}

static void whatever_happens_tables_meet_in_the_end(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct cluster cluster;
        struct kith_ref processes[3 * PROCESSES] = {{0}};
        uint64_t random = seed;
        struct kith_naming_options options = {.check_ms = 2000};
        cluster_open(&cluster, 3, &kith_limits_linux, &options);
        for (int step = 0; step < 150; step++) {
            take_step(&cluster, processes, &random);
        }
        for (uint32_t i = 0; i < 9; i++) {
            cluster.wires[i / 3][i % 3].lose = 0;
            cluster.wires[i / 3][i % 3].full = false;
        }
        cluster_connect_all(&cluster);
        cluster_advance(&cluster, 6000);
        if (!cluster_converged(&cluster)) {
            fail_msg("seed %u: tables are apart", (unsigned)seed);
        }
        cluster_close(&cluster);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_message_never_leaves_tables_apart),
        cmocka_unit_test(a_lost_request_is_asked_again),
        cmocka_unit_test(the_last_change_before_silence_is_noticed_when_lost),
        cmocka_unit_test(a_slow_peer_holds_up_nobody_and_catches_up),
        cmocka_unit_test(a_peer_that_missed_more_than_the_log_holds_gets_everything),
        cmocka_unit_test(the_log_helps_as_far_as_it_reaches),
        cmocka_unit_test(what_a_full_mailbox_returns_is_sent_again),
        cmocka_unit_test(a_peer_that_takes_only_small_messages_gets_small_ones),
        cmocka_unit_test(a_node_that_is_never_idle_publishes_in_time),
        cmocka_unit_test(a_lack_of_memory_is_made_good_later),
        cmocka_unit_test(a_node_that_came_when_there_was_no_memory_is_known_later),
        cmocka_unit_test(whatever_happens_tables_meet_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
