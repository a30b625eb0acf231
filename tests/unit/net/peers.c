// SPDX-License-Identifier: Apache-2.0
// Endpoints that a node connects to.
#include "fixture.h"

static struct kith_link_info first_peer(struct fixture *fixture)
{
    struct kith_link_info info;
    for (uint32_t place = fixture->limits.routes; place < kith_net_link_count(fixture->net);
         place++) {
        if (kith_net_link_info(fixture->net, place, &info) == KITH_OK) {
            return info;
        }
    }
    fail_msg("no endpoint is being tried");
    return info;
}

static uint32_t count_places(struct fixture *fixture)
{
    struct kith_link_info info;
    uint32_t count = 0;
    for (uint32_t place = 0; place < kith_net_link_count(fixture->net); place++) {
        count += kith_net_link_info(fixture->net, place, &info) == KITH_OK ? 1 : 0;
    }
    return count;
}

static void a_peer_is_connected_to_and_its_state_shown(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    run(&fixture);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    assert_int_equal(count_places(&fixture), 1);
    assert_int_equal(first_peer(&fixture).state, KITH_LINK_CONNECTING);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_answer(&peer);
    assert_int_equal(first_peer(&fixture).state, KITH_LINK_HELLO);
    peer_shake_hands(&peer);
    assert_int_equal(count_places(&fixture), 1);
    struct kith_link_info info;
    assert_int_equal(kith_net_link_info(fixture.net, 0, &info), KITH_OK);
    assert_int_equal(info.state, KITH_LINK_UP);
    assert_string_equal(kith_link_state_name(info.state), "up");
    assert_int_equal(kith_net_link_info(fixture.net, 1000, &info), KITH_ERROR_NOT_FOUND);
    close_fixture(&fixture);
}

static void one_s_own_endpoint_is_never_tried(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint own = endpoint("10.0.0.1:7400");
    struct kith_endpoint none = {.port = 0};
    assert_int_equal(kith_net_peer_add(fixture.net, &own), KITH_OK);
    assert_int_equal(kith_net_peer_add(fixture.net, &none), KITH_ERROR_INVALID);
    run_for(&fixture, 1000);
    assert_int_equal(fake_dials(&fixture.fake), 0);
    assert_int_equal(count_places(&fixture), 0);
    assert_int_equal(kith_net_peer_remove(fixture.net, &own), KITH_ERROR_NOT_FOUND);
    close_fixture(&fixture);
}

static void who_only_says_to_be_a_wanted_peer_does_not_stand_in_for_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer liar, real;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    run(&fixture);
    peer_init(&liar, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&liar, "10.0.0.9:7400");
    peer_shake_hands(&liar);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    peer_init(&real, &fixture, FOLLOWER + 1, "10.0.0.2:7400");
    peer_answer(&real); // it is still being called
    peer_shake_hands(&real);
    assert_int_equal(link_state(&fixture, FOLLOWER + 1), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void nor_does_who_said_so_before_it_was_wanted(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer liar, real;
    open_fixture(&fixture, NULL);
    peer_init(&liar, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&liar, "10.0.0.9:7400");
    peer_shake_hands(&liar);
    run_for(&fixture, 100);
    assert_int_equal(fake_dials(&fixture.fake), 0);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    run(&fixture);
    peer_init(&real, &fixture, FOLLOWER + 1, "10.0.0.2:7400");
    peer_answer(&real);
    peer_shake_hands(&real);
    assert_int_equal(link_state(&fixture, FOLLOWER + 1), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void tries_come_at_growing_intervals(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    uint64_t last_ns = kith_node_now(fixture.node), longest_ns = 0;
    for (unsigned tries = 1; tries <= 12; tries++) {
        assert_int_equal(fake_dials(&fixture.fake), tries);
        fake_closed(fake_dialed(&fixture.fake), KITH_ERROR_UNREACHABLE);
        run(&fixture);
        assert_int_equal(first_peer(&fixture).state, KITH_LINK_BACKOFF);
        assert_int_equal(first_peer(&fixture).last_error, KITH_ERROR_UNREACHABLE);
        while (fake_dials(&fixture.fake) == tries) {
            run_for(&fixture, 1);
        }
        uint64_t waited_ns = kith_node_now(fixture.node) - last_ns;
        last_ns = kith_node_now(fixture.node);
        uint64_t most_ns = (100 * MS) << (tries - 1);
        most_ns = most_ns < 5000 * MS ? most_ns : 5000 * MS;
        assert_in_range(waited_ns, most_ns / 2, most_ns + MS);
        longest_ns = waited_ns > longest_ns ? waited_ns : longest_ns;
    }
    assert_in_range(longest_ns, 2500 * MS, 5001 * MS);
    close_fixture(&fixture);
}

static void a_try_that_leads_nowhere_is_given_up(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    struct kith_connection *first = fake_dialed(&fixture.fake);
    run_for(&fixture, 2600);
    assert_true(first->ended);
    assert_int_equal(first_peer(&fixture).last_error, KITH_ERROR_TIMEOUT);
    assert_int_equal(fake_dials(&fixture.fake), 2);
    close_fixture(&fixture);
}

static void a_try_that_can_not_be_made_is_made_later(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    fixture.fake.connect_error = KITH_ERROR_NO_MEMORY;
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    assert_int_equal(first_peer(&fixture).last_error, KITH_ERROR_NO_MEMORY);
    fixture.fake.connect_error = KITH_OK;
    run_for(&fixture, 500);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    close_fixture(&fixture);
}

static void two_endpoints_of_one_node_are_one_link(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer first, second;
    open_fixture(&fixture, NULL);
    struct kith_endpoint here = endpoint("10.0.0.2:7400"), there = endpoint("10.9.9.2:7400");
    kith_net_peer_add(fixture.net, &here);
    run(&fixture);
    peer_init(&first, &fixture, DECIDER, "10.0.0.2:7400");
    peer_answer(&first);
    peer_shake_hands(&first);
    expect_change(&fixture, DECIDER, KITH_ROUTE_UP, KITH_OK);
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    peer_init(&second, &fixture, DECIDER, "10.0.0.2:7400");
    peer_answer(&second);
    peer_greet(&second);
    peer_say(&second, KITH_FRAME_OFFER, KITH_ERROR_EXISTS);
    assert_true(second.connection->ended);
    expect_change(&fixture, DECIDER, KITH_ROUTE_UP, KITH_OK); // it tells of the other endpoint
    expect_no_change(&fixture);
    struct kith_route_info info;
    kith_route_info(kith_route_find(fixture.node, DECIDER), &info);
    assert_true(kith_endpoint_equal(&info.also, &there));
    run_for(&fixture, 2000);
    assert_int_equal(fake_dials(&fixture.fake), 2);
    assert_int_equal(count_places(&fixture), 1);
    fake_closed(first.connection, KITH_ERROR_UNREACHABLE); // then both are tried
    run_for(&fixture, 60);
    assert_int_equal(fake_dials(&fixture.fake), 4);
    close_fixture(&fixture);
}

static void where_an_endpoint_leads_is_told(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct kith_link_info info;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.9.9.2:7400"), other = endpoint("10.0.0.2:7400");
    struct kith_endpoint own = endpoint("10.0.0.1:7400"), stranger = endpoint("10.0.0.9:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    assert_int_equal(kith_net_peer_info(fixture.net, &there, &info), KITH_OK);
    assert_int_equal(info.state, KITH_LINK_CONNECTING);
    assert_int_equal(info.incarnation, 0);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400"); // what it advertises
    peer_answer(&peer);
    peer_shake_hands(&peer);
    assert_int_equal(kith_net_peer_info(fixture.net, &there, &info), KITH_OK);
    assert_int_equal(info.state, KITH_LINK_UP);
    assert_int_equal(info.incarnation, FOLLOWER);
    assert_true(kith_endpoint_equal(&info.endpoint, &other));
    assert_int_equal(kith_net_peer_info(fixture.net, &own, &info), KITH_OK);
    assert_int_equal(info.state, KITH_LINK_UP);
    assert_int_equal(info.incarnation, kith_node_incarnation(fixture.node));
    assert_int_equal(kith_net_peer_info(fixture.net, &stranger, &info), KITH_ERROR_NOT_FOUND);
    close_fixture(&fixture);
}

static void an_endpoint_that_leads_to_another_name_of_it_is_told(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.9.9.2:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_answer(&peer);
    peer_shake_hands(&peer);
    struct kith_route_info info;
    kith_route_info(kith_route_find(fixture.node, FOLLOWER), &info);
    assert_true(kith_endpoint_equal(&info.also, &there));
    close_fixture(&fixture);
}

static void a_removed_peer_is_said_goodbye_to(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_answer(&peer);
    peer_shake_hands(&peer);
    assert_int_equal(kith_net_peer_remove(fixture.net, &there), KITH_OK);
    run_for(&fixture, 50);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_GOODBYE).error, KITH_ERROR_LEFT);
    assert_true(peer.connection->ended);
    assert_int_equal(count_places(&fixture), 0);
    run_for(&fixture, 60000);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    assert_int_equal(kith_net_peer_remove(fixture.net, &there), KITH_ERROR_NOT_FOUND);
    close_fixture(&fixture);
}

static void a_peer_that_is_removed_before_it_answers_is_forgotten(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    struct kith_connection *dialed = fake_dialed(&fixture.fake);
    assert_int_equal(kith_net_peer_remove(fixture.net, &there), KITH_OK);
    run(&fixture);
    assert_true(dialed->ended);
    assert_int_equal(count_places(&fixture), 0);
    close_fixture(&fixture);
}

static void a_node_is_connected_to_on_demand_for_a_while(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_route_connect(fixture.node, &there), KITH_OK);
    run(&fixture);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    fixture.fake.connect_error = KITH_ERROR_UNREACHABLE;
    fake_closed(fake_dialed(&fixture.fake), KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 5000);
    assert_int_equal(count_places(&fixture), 1);
    run_for(&fixture, 15000);
    assert_int_equal(count_places(&fixture), 0);
    close_fixture(&fixture);
}

static void a_node_met_on_demand_is_kept_like_any_other(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_route_connect(fixture.node, &there), KITH_OK);
    run(&fixture);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_answer(&peer);
    peer_shake_hands(&peer);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 60);
    assert_int_equal(fake_dials(&fixture.fake), 2);
    close_fixture(&fixture);
}

static void the_table_of_peers_is_bounded(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    for (uint32_t number = 0; number < fixture.limits.routes; number++) {
        there.port = (uint16_t)(8000 + number);
        assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    }
    there.port = 9000;
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_ERROR_LIMIT);
    close_fixture(&fixture);
}

static void advertise_another(struct fixture *fixture)
{
    fixture->options.listen = endpoint("0.0.0.0:0");
    fixture->options.advertise = endpoint("192.168.1.1:0");
    fixture->options.advertise.port = 0;
    fixture->options.transient = true;
}

static void the_advertised_endpoint_may_differ_from_the_bound_one(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, advertise_another);
    assert_int_equal(kith_net_endpoint(fixture.net).port, 50000);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&peer, "10.0.0.2:7400");
    struct kith_frame frame = expect_frame(&peer, KITH_FRAME_HELLO);
    struct kith_hello hello;
    assert_int_equal(kith_hello_decode(frame.payload, frame.payload_size, &hello), KITH_OK);
    struct kith_endpoint expected = endpoint("192.168.1.1:50000");
    assert_true(kith_endpoint_equal(&hello.advertise, &expected));
    assert_true(hello.transient);
    assert_int_equal(kith_net_peer_add(fixture.net, &expected), KITH_OK);
    run(&fixture);
    assert_int_equal(fake_dials(&fixture.fake), 0);
    close_fixture(&fixture);
}

static void a_net_that_can_not_open_leaves_nothing_behind(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    size_t before = kith_platform_sim_memory(fixture.sim);
    struct kith_net *second;
    struct fake other;
    fake_init(&other);
    struct kith_net_options options = fixture.options;
    options.backend = &other.backend;
    other.connect_error = KITH_ERROR_IN_USE;
    assert_int_equal(kith_net_open(&options, &second), KITH_ERROR_IN_USE);
    other.connect_error = KITH_OK;
    for (uint64_t nth = 1; nth <= 4; nth++) {
        kith_platform_sim_fail_allocation(fixture.sim, nth, false);
        assert_int_equal(kith_net_open(&options, &second), KITH_ERROR_NO_MEMORY);
    }
    kith_platform_sim_fail_allocation(fixture.sim, 0, false);
    assert_int_equal(kith_platform_sim_memory(fixture.sim), before);
    fake_fini(&other);
    close_fixture(&fixture);
}

static enum kith_error open_as(struct fixture *fixture, const char *name, const char *version,
                               uint64_t detect_ms)
{
    struct kith_node *node;
    struct kith_net *net;
    struct fake fake;
    struct kith_node_options node_options = {
        .name = name, .platform = &fixture->platform, .limits = &fixture->limits};
    assert_int_equal(kith_node_open(&node_options, &node), KITH_OK);
    fake_init(&fake);
    struct kith_net_options options = fixture->options;
    options.node = node;
    options.backend = &fake.backend;
    options.version = version;
    options.detect_ms = detect_ms;
    enum kith_error error = kith_net_open(&options, &net);
    if (error == KITH_OK) {
        kith_net_close(net);
    }
    kith_node_close(node);
    fake_fini(&fake);
    return error;
}

static void a_node_that_peers_would_refuse_is_refused_when_it_opens(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    size_t before = kith_platform_sim_memory(fixture.sim);
    assert_int_equal(open_as(&fixture,
                             "k\xc3\xbc"
                             "che",
                             "1.0", 0),
                     KITH_OK);
    assert_int_equal(open_as(&fixture, NULL, NULL, 0), KITH_OK);
    assert_int_equal(open_as(&fixture, "red\x1b[31m", "1.0", 0), KITH_ERROR_INVALID);
    assert_int_equal(open_as(&fixture, "half \xc3", "1.0", 0), KITH_ERROR_INVALID);
    assert_int_equal(open_as(&fixture, "two\nlines", "1.0", 0), KITH_ERROR_INVALID);
    assert_int_equal(open_as(&fixture, "node", "1.0\x7f", 0), KITH_ERROR_INVALID);
    assert_int_equal(open_as(&fixture, "node", "1.0", KITH_HELLO_TIME_MAX + 1), KITH_ERROR_INVALID);
    assert_int_equal(kith_platform_sim_memory(fixture.sim), before);
    close_fixture(&fixture);
}

static void every_allocation_may_fail_while_links_come_up(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 12; nth++) {
        struct fixture fixture;
        struct peer peer;
        open_fixture(&fixture, NULL);
        kith_platform_sim_fail_allocation(fixture.sim, nth, false);
        struct kith_endpoint there = endpoint("10.0.0.2:7400");
        (void)kith_net_peer_add(fixture.net, &there);
        run(&fixture);
        peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
        peer.connection = fake_dialed(&fixture.fake);
        if (peer.connection != NULL) {
            fake_connected(peer.connection);
            run(&fixture);
        }
        if (peer.connection != NULL && !peer.connection->ended) {
            peer_greet(&peer);
        }
        if (peer.connection != NULL && !peer.connection->ended) {
            peer_say(&peer, KITH_FRAME_ACCEPT, KITH_OK);
        }
        kith_platform_sim_fail_allocation(fixture.sim, 0, false);
        run_for(&fixture, 1000);
        close_fixture(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_connected_to_and_its_state_shown),
        cmocka_unit_test(one_s_own_endpoint_is_never_tried),
        cmocka_unit_test(who_only_says_to_be_a_wanted_peer_does_not_stand_in_for_it),
        cmocka_unit_test(nor_does_who_said_so_before_it_was_wanted),
        cmocka_unit_test(tries_come_at_growing_intervals),
        cmocka_unit_test(a_try_that_leads_nowhere_is_given_up),
        cmocka_unit_test(a_try_that_can_not_be_made_is_made_later),
        cmocka_unit_test(two_endpoints_of_one_node_are_one_link),
        cmocka_unit_test(where_an_endpoint_leads_is_told),
        cmocka_unit_test(an_endpoint_that_leads_to_another_name_of_it_is_told),
        cmocka_unit_test(a_removed_peer_is_said_goodbye_to),
        cmocka_unit_test(a_peer_that_is_removed_before_it_answers_is_forgotten),
        cmocka_unit_test(a_node_is_connected_to_on_demand_for_a_while),
        cmocka_unit_test(a_node_met_on_demand_is_kept_like_any_other),
        cmocka_unit_test(the_table_of_peers_is_bounded),
        cmocka_unit_test(the_advertised_endpoint_may_differ_from_the_bound_one),
        cmocka_unit_test(a_net_that_can_not_open_leaves_nothing_behind),
        cmocka_unit_test(a_node_that_peers_would_refuse_is_refused_when_it_opens),
        cmocka_unit_test(every_allocation_may_fail_while_links_come_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
