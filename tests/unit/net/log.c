// SPDX-License-Identifier: Apache-2.0
// What strangers can bring a node to log.
#include <stdio.h>

#include "fixture.h"

struct lines {
    unsigned refused, lost, malformed, twice;
    uint64_t left_out;
};

static void count_line(void *state, enum kith_log_level level, const char *event,
                       const struct kith_log_field *fields, size_t count)
{
    struct lines *lines = state;
    (void)level, (void)count;
    lines->refused += strcmp(event, "connection_refused") == 0;
    lines->lost += strcmp(event, "link_lost") == 0;
    lines->twice += strcmp(event, "node_name_twice") == 0;
    lines->malformed += strcmp(event, "input_malformed") == 0;
    if (strcmp(event, "log_limited") == 0) {
        lines->left_out += fields[0].number;
    }
}

static void be_refused(struct fixture *fixture)
{
    struct peer stranger;
    peer_init(&stranger, fixture, FOLLOWER + 1, "10.0.0.9:7400");
    stranger.hello.version = 99;
    peer_connect(&stranger, "10.0.0.9:7400");
    peer_greet(&stranger);
    assert_true(stranger.connection->ended);
    fake_forget_last(&fixture->fake);
}

static void strangers_are_logged_within_limits(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer wanted;
    struct lines lines = {0};
    open_fixture(&fixture, NULL);
    kith_platform_sim_set_log(fixture.sim, count_line, &lines);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    peer_up(&wanted, &fixture, FOLLOWER, "10.0.0.2:7400");
    for (unsigned i = 0; i < 500; i++) {
        be_refused(&fixture);
    }
    assert_in_range(lines.refused, 100, 120);
    fake_closed(wanted.connection, KITH_ERROR_UNREACHABLE);
    assert_int_equal(lines.lost, 1); // this one is never left out
    unsigned before = lines.refused;
    run_for(&fixture, 1000);
    be_refused(&fixture);
    assert_int_equal(lines.refused, before + 1);
    assert_int_equal(lines.left_out, 500 - before);
    close_fixture(&fixture);
}

static void malformed_input_is_logged_but_not_too_often(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct lines lines = {0};
    open_fixture(&fixture, NULL);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    kith_platform_sim_set_log(fixture.sim, count_line, &lines);
    peer_greet(&peer);
    peer_greet(&peer);
    assert_int_equal(lines.malformed, 1);
    run_for(&fixture, 1500);
    peer_greet(&peer);
    assert_int_equal(lines.malformed, 2);
    close_fixture(&fixture);
}

static void join(struct fixture *fixture, struct peer *peer, uint64_t incarnation,
                 const char *address, const char *name)
{
    peer_init(peer, fixture, incarnation, address);
    snprintf(peer->hello.name, sizeof peer->hello.name, "%s", name);
    peer_connect(peer, address);
    peer_shake_hands(peer);
}

static void two_nodes_of_one_name_are_told_of(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer first, second, successor, other;
    struct lines lines = {0};
    open_fixture(&fixture, NULL);
    kith_platform_sim_set_log(fixture.sim, count_line, &lines);
    join(&fixture, &first, FOLLOWER, "10.0.0.2:7400", "beta");
    join(&fixture, &other, FOLLOWER + 1, "10.0.0.3:7400", "gamma");
    assert_int_equal(lines.twice, 0);
    join(&fixture, &second, FOLLOWER + 2, "10.0.0.4:7400", "beta");
    assert_int_equal(lines.twice, 1);
    fake_closed(other.connection, KITH_ERROR_UNREACHABLE);
    join(&fixture, &successor, FOLLOWER + 3, "10.0.0.5:7400", "gamma"); // the first has gone
    assert_int_equal(lines.twice, 1);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_logged_within_limits),
        cmocka_unit_test(malformed_input_is_logged_but_not_too_often),
        cmocka_unit_test(two_nodes_of_one_name_are_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
