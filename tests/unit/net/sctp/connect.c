// SPDX-License-Identifier: Apache-2.0
// Connections between back ends: how they begin and how they end.
#include "harness.h"

#include <string.h>

static void connect_and_close(const char *listen_a, const char *listen_b, const char *b_as_seen)
{
    struct harness_end a, b;
    harness_end_open(&a, listen_a, NULL);
    harness_end_open(&b, listen_b, NULL);
    struct kith_endpoint peer = b.endpoint;
    if (b_as_seen != NULL) {
        assert_int_equal(kith_endpoint_parse(b_as_seen, b.endpoint.port, &peer), KITH_OK);
    }
    struct harness_link *link = harness_connect(&a, &peer);
    assert_false(link->connected); // not from inside the call
    harness_run(harness_is_connected, link);
    struct harness_link *other = harness_accepted(&b);
    assert_non_null(other);
    assert_true(other->connected);
    assert_int_equal(other->peer.port, a.endpoint.port);
    assert_int_equal(harness_send(link, 3, 100), KITH_OK);
    assert_int_equal(harness_send(other, 4, 100), KITH_OK);
    harness_run(harness_is_idle, link);
    harness_run(harness_is_idle, other);
    assert_int_equal(other->received, 1);
    assert_int_equal(link->received, 1);
    harness_end_close(&a);
    harness_run(harness_is_closed, other);
    assert_int_equal(other->reason, KITH_ERROR_LEFT);
    harness_end_close(&b);
}

static void two_ends_connect_over_ipv4(void **state)
{
    (void)state;
    connect_and_close("127.0.0.1:0", "127.0.0.1:0", NULL);
}

static void two_ends_connect_over_ipv6(void **state)
{
    (void)state;
    connect_and_close("[::1]:0", "[::1]:0", NULL);
}

static void an_end_that_listens_on_any_takes_both_families(void **state)
{
    (void)state;
    connect_and_close("127.0.0.1:0", "[::]:0", "127.0.0.1");
    connect_and_close("[::1]:0", "[::]:0", "::1");
    connect_and_close("[::]:0", "127.0.0.1:0", NULL);
    connect_and_close("0.0.0.0:0", "0.0.0.0:0", "127.0.0.1");
}

static void an_end_without_ipv6_says_that_it_cannot_reach_it(void **state)
{
    (void)state;
    struct harness_end end;
    struct kith_endpoint peer;
    struct kith_connection *connection;
    harness_end_open(&end, "127.0.0.1:0", NULL);
    assert_int_equal(kith_endpoint_parse("[::1]:9", 0, &peer), KITH_OK);
    assert_int_equal(end.backend->ops->connect(end.backend, &peer, &end, &connection),
                     KITH_ERROR_UNREACHABLE);
    harness_end_close(&end);
}

static void a_port_in_use_is_told(void **state)
{
    (void)state;
    struct harness_end first, second;
    char listen[KITH_ENDPOINT_TEXT_SIZE];
    harness_end_open(&first, "127.0.0.1:0", NULL);
    kith_endpoint_format(&first.endpoint, listen);
    assert_int_equal(harness_end_try(&second, listen, NULL), KITH_ERROR_IN_USE);
    harness_end_close(&first);
    harness_end_open(&second, listen, NULL); // it is free at once
    harness_end_close(&second);
}

static void an_address_that_is_not_ours_is_told(void **state)
{
    (void)state;
    struct harness_end end;
    assert_int_equal(harness_end_try(&end, "192.0.2.1:0", NULL), KITH_ERROR_INVALID);
    assert_int_equal(harness_end_try(&end, "[2001:db8::1]:0", NULL), KITH_ERROR_INVALID);
}

static void connecting_to_nobody_ends_as_unreachable(void **state)
{
    (void)state;
    struct harness_end end, gone;
    harness_end_open(&gone, "127.0.0.1:0", NULL);
    struct kith_endpoint peer = gone.endpoint;
    harness_end_close(&gone);
    harness_end_open(&end, "127.0.0.1:0", NULL);
    struct harness_link *link = harness_connect(&end, &peer);
    harness_run(harness_is_closed, link);
    assert_false(link->connected);
    assert_int_equal(link->reason, KITH_ERROR_UNREACHABLE);
    assert_true(harness_counters(&end).udp.refusals > 0);
    harness_end_close(&end);
}

static void connecting_to_silence_is_given_up(void **state)
{
    (void)state;
    struct harness_end a, b;
    struct kith_backend_sctp_options options = harness_options();
    options.connect_ms = 300;
    harness_end_open(&a, "127.0.0.1:0", &options);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    harness_end_cut(&b, true);
    struct harness_link *link = harness_connect(&a, &b.endpoint);
    harness_run(harness_is_closed, link);
    assert_int_equal(link->reason, KITH_ERROR_UNREACHABLE);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void an_owner_can_refuse_a_connection(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    b.refuses = true;
    struct harness_link *link = harness_connect(&a, &b.endpoint);
    harness_run(harness_is_closed, link);
    assert_int_equal(link->reason, KITH_ERROR_UNREACHABLE);
    assert_int_equal(b.refused, 1);
    harness_settle(&b);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void both_directions_connect_at_once(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *there = harness_connect(&a, &b.endpoint);
    struct harness_link *back = harness_connect(&b, &a.endpoint);
    struct harness_link *again = harness_connect(&a, &b.endpoint);
    harness_run(harness_is_connected, there);
    harness_run(harness_is_connected, back);
    harness_run(harness_is_connected, again);
    assert_int_equal(harness_counters(&a).connections, 3);
    assert_int_equal(harness_counters(&b).connections, 3);
    for (int round = 0; round < 10; round++) {
        assert_int_equal(harness_send(there, 2, 1000), KITH_OK);
        assert_int_equal(harness_send(back, 2, 1000), KITH_OK);
        assert_int_equal(harness_send(again, 2, 1000), KITH_OK);
    }
    harness_run(harness_is_idle, there);
    harness_run(harness_is_idle, back);
    harness_run(harness_is_idle, again);
    assert_int_equal(harness_accepted(&a)->received, 10);
    // One of them ends; the others don't.
    a.backend->ops->disconnect(there->connection, 0);
    assert_int_equal(harness_send(again, 2, 1000), KITH_OK);
    harness_run(harness_is_idle, again);
    assert_false(again->closed);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void three_ends_talk_each_with_each(void **state)
{
    (void)state;
    struct harness_end ends[3];
    struct harness_link *links[3][3] = {0};
    for (int place = 0; place < 3; place++) {
        harness_end_open(&ends[place], place == 1 ? "[::]:0" : "127.0.0.1:0", NULL);
        memset(ends[place].endpoint.address, 0, 12);
        assert_int_equal(
            kith_endpoint_parse("127.0.0.1", ends[place].endpoint.port, &ends[place].endpoint),
            KITH_OK);
    }
    for (int from = 0; from < 3; from++) {
        for (int to = 0; to < 3; to++) {
            links[from][to] = harness_connect(&ends[from], &ends[to].endpoint); // itself, too
        }
    }
    for (int place = 0; place < 9; place++) {
        struct harness_link *link = links[place / 3][place % 3];
        harness_run(harness_is_connected, link);
        assert_int_equal(harness_send(link, 2, 5000), KITH_OK);
        harness_run(harness_is_idle, link);
    }
    for (int place = 0; place < 3; place++) {
        struct kith_backend_sctp_counters counters = harness_counters(&ends[place]);
        assert_int_equal(counters.connected, 3);
        assert_int_equal(counters.accepted, 3);
        assert_int_equal(counters.malformed, 0);
    }
    for (int place = 0; place < 3; place++) {
        harness_end_close(&ends[place]);
    }
}

static void more_connections_than_allowed_are_refused_on_both_sides(void **state)
{
    (void)state;
    struct harness_end a, b;
    struct kith_backend_sctp_options options = harness_options();
    options.connections = 2;
    options.connect_ms = 300;
    harness_end_open(&a, "127.0.0.1:0", &options);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *first = harness_connect(&a, &b.endpoint);
    struct harness_link *second = harness_connect(&b, &a.endpoint);
    harness_run(harness_is_connected, first);
    harness_run(harness_is_connected, second);
    struct kith_connection *connection;
    assert_int_equal(a.backend->ops->connect(a.backend, &b.endpoint, &a, &connection),
                     KITH_ERROR_LIMIT);
    struct harness_link *third = harness_connect(&b, &a.endpoint);
    harness_run(harness_is_closed, third);
    assert_int_equal(third->reason, KITH_ERROR_UNREACHABLE);
    assert_true(harness_counters(&a).connects_limited > 0);
    assert_false(first->closed || second->closed);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void peers_come_and_go_without_leaving_anything(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    for (int round = 0; round < 100; round++) {
        harness_end_open(&b, "127.0.0.1:0", NULL);
        struct harness_link *other;
        struct harness_link *link =
            round % 2 ? harness_pair(&a, &b, &other) : harness_pair(&b, &a, &other);
        assert_int_equal(harness_send(link, 2, 100), KITH_OK);
        harness_run(harness_is_idle, link);
        link->end->backend->ops->disconnect(link->connection, round % 3 > 0);
        harness_run(harness_is_closed, other);
        link->closed = true;
        harness_settle(&a);
        harness_settle(&b);
        harness_end_close(&b);
    }
    harness_end_close(&a);
}

// The peer is replaced by another of the same endpoint, which knows nothing of the connection.
static void a_restarted_peer_ends_the_old_connection_and_gets_a_new_one(void **state)
{
    (void)state;
    struct harness_end a, b, successor;
    char listen[KITH_ENDPOINT_TEXT_SIZE];
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    kith_endpoint_format(&b.endpoint, listen);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    harness_end_cut(&b, true);
    harness_end_close(&b);
    harness_end_open(&successor, listen, NULL);
    struct harness_link *fresh = harness_connect(&successor, &a.endpoint);
    harness_run(harness_is_connected, fresh);
    harness_run(harness_is_closed, link); // its heartbeat was answered by an ABORT
    assert_int_equal(link->reason, KITH_ERROR_UNREACHABLE);
    assert_int_equal(harness_send(fresh, 2, 1000), KITH_OK);
    harness_run(harness_is_idle, fresh);
    harness_end_close(&a);
    harness_end_close(&successor);
}

static void a_back_end_that_was_never_opened_can_be_closed(void **state)
{
    (void)state;
    struct harness_end end;
    assert_int_equal(harness_end_try(&end, "192.0.2.1:0", NULL), KITH_ERROR_INVALID);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, harness_open, harness_close)
    const struct CMUnitTest tests[] = {
        CASE(two_ends_connect_over_ipv4),
        CASE(two_ends_connect_over_ipv6),
        CASE(an_end_that_listens_on_any_takes_both_families),
        CASE(an_end_without_ipv6_says_that_it_cannot_reach_it),
        CASE(a_port_in_use_is_told),
        CASE(an_address_that_is_not_ours_is_told),
        CASE(connecting_to_nobody_ends_as_unreachable),
        CASE(connecting_to_silence_is_given_up),
        CASE(an_owner_can_refuse_a_connection),
        CASE(both_directions_connect_at_once),
        CASE(three_ends_talk_each_with_each),
        CASE(more_connections_than_allowed_are_refused_on_both_sides),
        CASE(peers_come_and_go_without_leaving_anything),
        CASE(a_restarted_peer_ends_the_old_connection_and_gets_a_new_one),
        CASE(a_back_end_that_was_never_opened_can_be_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
