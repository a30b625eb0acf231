// SPDX-License-Identifier: Apache-2.0
// Tables of other nodes: how they come, how they keep up, how they go.
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

static void a_whole_table_comes_when_a_link_comes_up(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    register_many(&cluster, 0, 300);
    cluster_register(&cluster, 1, "b", 4);
    assert_false(cluster_same(&cluster, 1, 0));
    cluster_connect_all(&cluster);
    assert_true(cluster_converged(&cluster));
    assert_int_equal(cluster_status(&cluster, 0).bulks_sent, 1);
    assert_int_equal(cluster_status(&cluster, 1).bulks_received, 1);
    assert_int_equal(cluster_entries(&cluster, 1, 0), 301);
    struct kith_ref ref;
    assert_int_equal(kith_lookup_here(cluster.nodes[1], "node0/a-rather-long-name-299", &ref),
                     KITH_OK);
    assert_true(ref.node == kith_node_incarnation(cluster.nodes[0]));
    cluster_close(&cluster);
}

static void no_message_of_a_transfer_is_larger_than_boards_accept(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    register_many(&cluster, 0, 300);
    cluster_connect_all(&cluster);
    const struct wire *wire = &cluster.wires[0][1];
    assert_true(wire->messages > 5);
    assert_true(wire->largest <= 4096);
    cluster_close(&cluster);
}

static void changes_follow_one_by_one(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 3, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    struct kith_ref process = cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    assert_true(knows(&cluster, 1, "node0/x/0") && knows(&cluster, 2, "x"));
    cluster_kill(&cluster, 0, process);
    assert_false(knows(&cluster, 1, "x") || knows(&cluster, 2, "x"));
    assert_true(cluster_converged(&cluster));
    assert_int_equal(cluster_status(&cluster, 0).bulks_sent, 2); // when the links came up
    assert_int_equal(cluster_status(&cluster, 1).resyncs, 0);
    cluster_close(&cluster);
}

static void register_twenty(struct kith_process *self, void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(kith_register(self, "x", i, NULL, KITH_FOREVER), KITH_OK);
    }
    (void)kith_sleep_until(self, KITH_FOREVER);
}

static void changes_of_one_turn_travel_in_one_message(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    uint64_t messages = cluster.wires[0][1].messages;
    cluster_spawn(&cluster, 0, register_twenty, NULL);
    cluster_settle(&cluster);
    assert_int_equal(cluster.wires[0][1].messages, messages + 1);
    assert_int_equal(cluster_entries(&cluster, 1, 0), 21);
    cluster_close(&cluster);
}

static void a_node_that_cannot_be_reached_loses_its_entries_here(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 0, "x", 0);
    cluster_connect_all(&cluster);
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    cluster_settle(&cluster);
    assert_true(knows(&cluster, 1, "x")); // not yet
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE);
    cluster_settle(&cluster);
    assert_false(knows(&cluster, 1, "x"));
    assert_true(knows(&cluster, 0, "x"));
    assert_int_equal(cluster_entries(&cluster, 1, 0), 0);
    cluster_register(&cluster, 0, "y", 0);
    cluster_connect_all(&cluster); // the same incarnation is back
    assert_true(knows(&cluster, 1, "x") && knows(&cluster, 1, "y"));
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
    cluster_settle(&cluster);
    assert_false(knows(&cluster, 1, "x"));
    cluster_close(&cluster);
}

static void after_a_short_interruption_only_what_is_missing_comes(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    register_many(&cluster, 0, 300);
    cluster_connect_all(&cluster);
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    cluster.wires[0][1].lose = 1000; // what is sent on the broken link goes nowhere
    cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    assert_false(knows(&cluster, 1, "x"));
    cluster.wires[0][1].lose = 0;
    uint64_t messages = cluster.wires[0][1].messages;
    cluster_connect_all(&cluster);
    assert_true(cluster_converged(&cluster));
    assert_int_equal(cluster_status(&cluster, 0).bulks_sent, 1); // the first one
    // One with the change, and one that asks for the other direction.
    assert_int_equal(cluster.wires[0][1].messages, messages + 2);
    cluster_close(&cluster);
}

static void nodes_that_were_there_before_naming_are_found(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 1, "x", 0);
    cluster_connect_all(&cluster);
    kith_naming_close(cluster.nodes[0]);
    assert_int_equal(kith_naming_open(cluster.nodes[0], NULL, &cluster.naming[0]), KITH_OK);
    cluster_set_side(&cluster, 1, 0, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
    cluster_connect_all(&cluster); // only that side is new
    assert_true(knows(&cluster, 0, "node1/x"));
    assert_true(cluster_converged(&cluster));
    cluster_close(&cluster);
}

static void a_restarted_node_brings_a_new_table(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 0, "x", 0);
    cluster_connect_all(&cluster);
    uint64_t before = kith_node_incarnation(cluster.nodes[0]);
    cluster_restart(&cluster, 0, &kith_limits_linux, NULL);
    assert_true(kith_node_incarnation(cluster.nodes[0]) != before);
    cluster_register(&cluster, 0, "y", 0);
    cluster_connect_all(&cluster);
    assert_false(knows(&cluster, 1, "x"));
    assert_true(knows(&cluster, 1, "node0/y"));
    assert_true(cluster_converged(&cluster));
    cluster_close(&cluster);
}

static void changes_during_a_transfer_are_not_lost(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref processes[200];
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "a-rather-long-name-%u", (unsigned)i);
        processes[i] = cluster_register(&cluster, 0, name, 0);
    }
    cluster.wires[0][1].room = 1;
    cluster.wires[0][1].held = true;
    cluster_connect(&cluster, 0, 1);
    for (uint32_t i = 0; i < 200; i += 3) { // what the transfer stands at is among them
        cluster.wires[0][1].held = i % 2 == 0;
        cluster_kill(&cluster, 0, processes[i]);
        char name[32];
        snprintf(name, sizeof name, "another-name-%u", (unsigned)i);
        cluster_register(&cluster, 0, name, 0);
        cluster_advance(&cluster, 5);
    }
    cluster.wires[0][1].held = false;
    cluster.wires[0][1].room = 0;
    cluster_advance(&cluster, 3000);
    assert_true(cluster_converged(&cluster));
    assert_int_equal(cluster_status(&cluster, 0).bulks_sent, 1);
    cluster_close(&cluster);
}

static void a_transfer_whose_next_entries_all_go_continues_behind_them(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref processes[200];
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "a-rather-long-name-%u", (unsigned)i);
        processes[i] = cluster_register(&cluster, 0, name, 0);
    }
    cluster.wires[0][1].room = 2; // the request for the other table, and one part
    cluster.wires[0][1].held = true;
    cluster_connect_all(&cluster);
    for (uint32_t i = 20; i < 150; i++) {
        cluster_kill(&cluster, 0, processes[i]);
        cluster_register(&cluster, 0, "y", i); // takes its place in memory
    }
    cluster.wires[0][1].held = false;
    cluster.wires[0][1].room = 0;
    cluster_advance(&cluster, 3000);
    assert_true(cluster_converged(&cluster));
    assert_int_equal(cluster_status(&cluster, 0).bulks_sent, 1);
    assert_int_equal(cluster_status(&cluster, 1).resyncs, 0);
    cluster_close(&cluster);
}

static void a_table_that_does_not_fit_is_cut_and_said_so(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.replicated_names = 20;
    cluster_open(&cluster, 2, &limits, NULL);
    register_many(&cluster, 0, 50);
    cluster_connect_all(&cluster);
    struct kith_naming_node_status status;
    assert_int_equal(kith_naming_node_status(cluster.nodes[1], 1, &status), KITH_OK);
    assert_true(status.truncated);
    assert_int_equal(status.entries, 15); // the rest is for others
    assert_int_equal(cluster_status(&cluster, 1).truncated, 36);
    uint64_t messages = cluster.wires[0][1].messages;
    cluster_advance(&cluster, 3 * CHECK_MS);
    assert_true(cluster.wires[0][1].messages - messages <
                20); // and it isn't asked for all the time
    cluster_close(&cluster);
}

static void a_cut_table_is_completed_once_there_is_room(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.replicated_names = 60;
    cluster_open(&cluster, 3, &limits, NULL);
    register_many(&cluster, 0, 40);
    register_many(&cluster, 1, 40);
    cluster_connect_all(&cluster);
    assert_false(cluster_same(&cluster, 2, 0) && cluster_same(&cluster, 2, 1));
    cluster_set_state(&cluster, 0, 2, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE);
    cluster_advance(&cluster, 2 * CHECK_MS);
    assert_true(cluster_same(&cluster, 2, 1));
    cluster_close(&cluster);
}

static void without_replicas_nothing_is_asked_for(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.replicated_names = 0;
    cluster_open(&cluster, 2, &limits, NULL);
    cluster_register(&cluster, 0, "x", 0);
    cluster_connect_all(&cluster);
    cluster_advance(&cluster, 3 * CHECK_MS);
    assert_int_equal(cluster.wires[0][1].messages + cluster.wires[1][0].messages, 0);
    assert_int_equal(cluster_status(&cluster, 1).replicated, 0);
    assert_true(cluster_status(&cluster, 1).complete);
    cluster_close(&cluster);
}

static void an_idle_pair_costs_a_few_messages_per_check(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_naming_options options = {.check_ms = CHECK_MS};
    cluster_open(&cluster, 2, &kith_limits_linux, &options);
    cluster_connect_all(&cluster);
    uint64_t messages = cluster.wires[0][1].messages;
    cluster_advance(&cluster, 10 * CHECK_MS);
    assert_in_range(cluster.wires[0][1].messages - messages, 2 * 8, 2 * 14);
    cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_table_comes_when_a_link_comes_up),
        cmocka_unit_test(no_message_of_a_transfer_is_larger_than_boards_accept),
        cmocka_unit_test(changes_follow_one_by_one),
        cmocka_unit_test(changes_of_one_turn_travel_in_one_message),
        cmocka_unit_test(a_node_that_cannot_be_reached_loses_its_entries_here),
        cmocka_unit_test(after_a_short_interruption_only_what_is_missing_comes),
        cmocka_unit_test(nodes_that_were_there_before_naming_are_found),
        cmocka_unit_test(a_restarted_node_brings_a_new_table),
        cmocka_unit_test(changes_during_a_transfer_are_not_lost),
        cmocka_unit_test(a_transfer_whose_next_entries_all_go_continues_behind_them),
        cmocka_unit_test(a_table_that_does_not_fit_is_cut_and_said_so),
        cmocka_unit_test(a_cut_table_is_completed_once_there_is_room),
        cmocka_unit_test(without_replicas_nothing_is_asked_for),
        cmocka_unit_test(an_idle_pair_costs_a_few_messages_per_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
