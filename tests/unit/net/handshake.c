// SPDX-License-Identifier: Apache-2.0
// From connections to exactly one link.
#include "fixture.h"

static void a_node_greets_whoever_connects(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&peer, "10.0.0.2:7400");
    struct kith_frame frame = expect_frame(&peer, KITH_FRAME_HELLO);
    struct kith_hello hello;
    assert_int_equal(kith_hello_decode(frame.payload, frame.payload_size, &hello), KITH_OK);
    assert_int_equal(hello.version, KITH_WIRE_VERSION);
    assert_int_equal(hello.incarnation, NODE);
    assert_string_equal(hello.name, "node");
    assert_string_equal(hello.program, "1.2.3");
    assert_int_equal(hello.advertise.port, 7400);
    assert_int_equal(hello.message_size, fixture.limits.message_size);
    assert_int_equal(hello.credits, fixture.limits.link_credits);
    assert_int_equal(hello.detect_ms, 5000);
    close_fixture(&fixture);
}

// A busy node learns of a connection and of what came over it in one turn.
static void a_hello_that_comes_with_the_connection_is_greeted_first(void **state)
{
    static const uint64_t incarnations[] = {FOLLOWER, DECIDER};
    (void)state;
    for (size_t place = 0; place < 2; place++) {
        struct fixture fixture;
        struct peer peer;
        open_fixture(&fixture, NULL);
        peer_init(&peer, &fixture, incarnations[place], "10.0.0.2:7400");
        peer.connection = fake_accept(&fixture.fake, &peer.hello.advertise);
        peer_greet(&peer);
        expect_frame(&peer, KITH_FRAME_HELLO);
        if (incarnations[place] == FOLLOWER) {
            expect_frame(&peer, KITH_FRAME_OFFER);
        }
        close_fixture(&fixture);
    }
}

static void the_smaller_incarnation_offers(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&peer, "10.0.0.2:7400");
    expect_frame(&peer, KITH_FRAME_HELLO);
    peer_greet(&peer);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_OFFER).error, KITH_OK);
    assert_false(has_link(&fixture, FOLLOWER));
    expect_no_change(&fixture);
    peer_say(&peer, KITH_FRAME_ACCEPT, KITH_OK);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    struct kith_link_info info = link_info(&fixture, FOLLOWER);
    assert_int_equal(info.state, KITH_LINK_UP);
    assert_string_equal(info.name, "peer");
    assert_string_equal(info.version, "3.2.1");
    struct kith_endpoint advertised = endpoint("10.0.0.2:7400");
    assert_true(kith_endpoint_equal(&info.endpoint, &advertised));
    close_fixture(&fixture);
}

static void the_larger_incarnation_accepts(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, DECIDER, "10.0.0.2:7400");
    peer_connect(&peer, "10.0.0.2:7400");
    expect_frame(&peer, KITH_FRAME_HELLO);
    peer_greet(&peer);
    expect_nothing(&peer);
    peer_say(&peer, KITH_FRAME_OFFER, KITH_OK);
    expect_frame(&peer, KITH_FRAME_ACCEPT);
    expect_change(&fixture, DECIDER, KITH_ROUTE_UP, KITH_OK);
    close_fixture(&fixture);
}

static void any_frame_of_a_link_says_accepted(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&peer, "10.0.0.2:7400");
    peer_greet(&peer);
    peer_say(&peer, KITH_FRAME_PING, KITH_OK); // on its stream before the ACCEPT on its own
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    struct kith_frame frame;
    unsigned stream;
    assert_true(peer_hear_kind(&peer, KITH_FRAME_PONG, &frame, &stream));
    peer_say(&peer, KITH_FRAME_ACCEPT, KITH_OK);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 0);
    close_fixture(&fixture);
}

static void both_connect(struct fixture *fixture, struct peer *dialed, struct peer *accepted,
                         uint64_t incarnation)
{
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture->net, &there), KITH_OK);
    run(fixture);
    peer_init(dialed, fixture, incarnation, "10.0.0.2:7400");
    peer_init(accepted, fixture, incarnation, "10.0.0.2:7400");
    peer_answer(dialed);
    peer_connect(accepted, "10.0.0.2:7400");
    expect_frame(dialed, KITH_FRAME_HELLO);
    expect_frame(accepted, KITH_FRAME_HELLO);
}

static void both_connecting_at_once_ends_in_one_link_that_the_node_chooses(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer dialed, accepted;
    open_fixture(&fixture, NULL);
    both_connect(&fixture, &dialed, &accepted, FOLLOWER);
    peer_greet(&accepted);
    peer_greet(&dialed);
    expect_frame(&accepted, KITH_FRAME_OFFER);
    expect_nothing(&dialed); // held until it is known what becomes of the other
    peer_say(&accepted, KITH_FRAME_ACCEPT, KITH_OK);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    // The node has found its own connection superfluous by then.
    assert_true(dialed.connection->ended);
    assert_true(dialed.connection->in_good_order);
    assert_false(accepted.connection->ended);
    run_for(&fixture, 2000);
    expect_no_change(&fixture);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    close_fixture(&fixture);
}

static void both_connecting_at_once_ends_in_one_link_that_the_peer_chooses(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer dialed, accepted;
    open_fixture(&fixture, NULL);
    both_connect(&fixture, &dialed, &accepted, DECIDER);
    peer_greet(&dialed);
    peer_greet(&accepted);
    peer_say(&dialed, KITH_FRAME_OFFER, KITH_OK);
    expect_frame(&dialed, KITH_FRAME_ACCEPT);
    expect_change(&fixture, DECIDER, KITH_ROUTE_UP, KITH_OK);
    peer_say(&accepted, KITH_FRAME_OFFER, KITH_ERROR_EXISTS);
    assert_true(accepted.connection->ended);
    assert_true(accepted.connection->in_good_order);
    expect_nothing(&accepted); // quietly
    expect_no_change(&fixture);
    assert_int_equal(link_state(&fixture, DECIDER), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void a_peer_that_lost_its_link_replaces_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer former, later;
    open_fixture(&fixture, NULL);
    peer_up(&former, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_init(&later, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&later, "10.0.0.2:7400");
    expect_frame(&later, KITH_FRAME_HELLO);
    peer_greet(&later);
    assert_int_equal(expect_frame(&later, KITH_FRAME_OFFER).error, KITH_ERROR_EXISTS);
    assert_false(former.connection->ended);
    peer_say(&later, KITH_FRAME_ACCEPT, KITH_OK);
    assert_true(former.connection->ended);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    assert_int_equal(link_info(&fixture, FOLLOWER).reconnects, 1);
    close_fixture(&fixture);
}

static void an_offer_replaces_a_link_that_the_other_end_has_lost(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer former, later;
    open_fixture(&fixture, NULL);
    peer_up(&former, &fixture, DECIDER, "10.0.0.2:7400");
    peer_init(&later, &fixture, DECIDER, "10.0.0.2:7400");
    peer_connect(&later, "10.0.0.2:7400");
    peer_shake_hands(&later);
    assert_true(former.connection->ended);
    assert_false(later.connection->ended);
    expect_change(&fixture, DECIDER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    expect_change(&fixture, DECIDER, KITH_ROUTE_UP, KITH_OK);
    close_fixture(&fixture);
}

static void the_connection_that_was_held_back_is_offered_when_the_first_fails(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer first, second, third;
    open_fixture(&fixture, NULL);
    peer_init(&first, &fixture, FOLLOWER, "10.0.0.2:7400");
    second = first;
    third = first;
    peer_connect(&first, "10.0.0.2:7400");
    peer_greet(&first);
    peer_connect(&second, "10.0.0.2:7400");
    peer_greet(&second);
    peer_connect(&third, "10.0.0.2:7400");
    peer_greet(&third);
    assert_true(second.connection->ended); // the newest is kept
    fake_closed(first.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    expect_frame(&third, KITH_FRAME_HELLO);
    expect_frame(&third, KITH_FRAME_OFFER);
    peer_say(&third, KITH_FRAME_ACCEPT, KITH_OK);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void a_node_that_reaches_itself_hangs_up_and_never_tries_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer dialed, accepted;
    open_fixture(&fixture, NULL);
    both_connect(&fixture, &dialed, &accepted, NODE);
    peer_greet(&dialed);
    peer_greet(&accepted);
    assert_true(dialed.connection->ended);
    assert_true(accepted.connection->ended);
    expect_nothing(&dialed);
    run_for(&fixture, 60000);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    expect_change(&fixture, NODE, KITH_ROUTE_UP, KITH_OK); // tells of the endpoint
    expect_no_change(&fixture);
    struct kith_link_info info;
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_info(fixture.net, &there, &info), KITH_OK);
    assert_int_equal(info.incarnation, NODE);
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK); // may be another's by now
    run(&fixture);
    assert_int_equal(fake_dials(&fixture.fake), 2);
    peer_init(&dialed, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_answer(&dialed);
    peer_shake_hands(&dialed);
    assert_int_equal(kith_net_peer_info(fixture.net, &there, &info), KITH_OK);
    assert_int_equal(info.incarnation, FOLLOWER);
    close_fixture(&fixture);
}

static void expect_goodbye(struct peer *peer, enum kith_error reason)
{
    assert_int_equal(expect_frame(peer, KITH_FRAME_GOODBYE).error, reason);
    assert_true(peer->connection->ended);
    assert_true(peer->connection->in_good_order);
}

static void another_version_is_told_so(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer.hello.version = KITH_WIRE_VERSION + 1;
    peer_answer(&peer);
    expect_frame(&peer, KITH_FRAME_HELLO);
    peer_greet(&peer);
    expect_goodbye(&peer, KITH_ERROR_VERSION);
    struct kith_link_info info;
    assert_int_equal(kith_net_link_info(fixture.net, fixture.limits.routes, &info), KITH_OK);
    assert_int_equal(info.last_error, KITH_ERROR_VERSION);
    assert_int_equal(info.state, KITH_LINK_BACKOFF);
    close_fixture(&fixture);
}

static void a_feature_that_is_required_and_missing_ends_the_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer.hello.features = 6;
    peer.hello.required = 4;
    peer_connect(&peer, "10.0.0.2:7400");
    expect_frame(&peer, KITH_FRAME_HELLO);
    peer_greet(&peer);
    expect_goodbye(&peer, KITH_ERROR_UNSUPPORTED);
    close_fixture(&fixture);
}

static void offer_features(struct fixture *fixture)
{
    fixture->options.features = 5;
}

static void a_link_uses_the_features_of_both(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, offer_features);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer.hello.features = 6;
    peer.hello.required = 4;
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    assert_int_equal(link_info(&fixture, FOLLOWER).features, 4);
    close_fixture(&fixture);
}

static void garbage_instead_of_a_hello_ends_the_connection(void **state)
{
    (void)state;
    static const char garbage[] = "GET / HTTP/1.1\r\n\r\n";
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&peer, "10.0.0.2:7400");
    expect_frame(&peer, KITH_FRAME_HELLO);
    peer_send_bytes(&peer, KITH_STREAM_CONTROL, garbage, sizeof garbage);
    expect_goodbye(&peer, KITH_ERROR_INVALID);
    peer_connect(&peer, "10.0.0.2:7400");
    expect_frame(&peer, KITH_FRAME_HELLO);
    peer_send_bytes(&peer, KITH_STREAMS, garbage, sizeof garbage);
    expect_goodbye(&peer, KITH_ERROR_INVALID);
    peer_connect(&peer, "10.0.0.2:7400");
    expect_frame(&peer, KITH_FRAME_HELLO);
    struct kith_frame hello = {.kind = KITH_FRAME_HELLO,
                               .payload = garbage,
                               .payload_size = sizeof garbage,
                               .remaining_ms = UINT64_MAX};
    peer_send(&peer, KITH_STREAM_CONTROL, &hello);
    expect_goodbye(&peer, KITH_ERROR_INVALID);
    assert_false(has_link(&fixture, FOLLOWER));
    close_fixture(&fixture);
}

static void frames_out_of_turn_end_the_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_connect(&peer, "10.0.0.2:7400");
    peer_say(&peer, KITH_FRAME_PING, KITH_OK);
    assert_true(peer.connection->ended);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_greet(&peer);
    peer_say(&peer, KITH_FRAME_OFFER, KITH_OK); // that's for us to do
    assert_true(peer.connection->ended);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_greet(&peer);
    peer_greet(&peer);
    assert_true(peer.connection->ended);
    expect_no_change(&fixture);
    close_fixture(&fixture);
}

static void whoever_never_says_hello_is_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer silent, mute;
    open_fixture(&fixture, NULL);
    peer_init(&silent, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_init(&mute, &fixture, FOLLOWER + 1, "10.0.0.3:7400");
    peer_connect(&silent, "10.0.0.2:7400");
    peer_connect(&mute, "10.0.0.3:7400");
    peer_greet(&mute); // and then never accepts
    run_for(&fixture, 2000);
    assert_false(silent.connection->ended);
    run_for(&fixture, 1000);
    assert_true(silent.connection->ended);
    assert_true(mute.connection->ended);
    expect_no_change(&fixture);
    close_fixture(&fixture);
}

static void more_connections_than_the_table_holds_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, NULL);
    struct kith_endpoint remote = endpoint("10.0.0.2:7400");
    for (uint32_t count = 0; count < 2 * fixture.limits.routes + 8; count++) {
        remote.address[15]++;
        assert_non_null(fake_accept(&fixture.fake, &remote));
    }
    assert_null(fake_accept(&fixture.fake, &remote));
    run_for(&fixture, 3000);
    assert_non_null(fake_accept(&fixture.fake, &remote));
    close_fixture(&fixture);
}

static void of_silent_connections_of_one_address_the_oldest_makes_way(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer other;
    open_fixture(&fixture, NULL);
    struct kith_endpoint remote = endpoint("10.0.0.2:7400");
    struct kith_connection *first = fake_accept(&fixture.fake, &remote);
    for (unsigned count = 1; count < 20; count++) {
        assert_int_equal(first->ended, count > 10);
        struct kith_connection *next = fake_accept(&fixture.fake, &remote);
        assert_non_null(next);
        assert_false(next->ended);
    }
    peer_up(&other, &fixture, FOLLOWER, "10.0.0.3:7400");
    close_fixture(&fixture);
}

static void allow_two(struct fixture *fixture)
{
    fixture->limits.routes = 2;
}

static void more_nodes_than_the_table_holds_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer first, second, third;
    open_fixture(&fixture, allow_two);
    peer_up(&first, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_up(&second, &fixture, FOLLOWER + 1, "10.0.0.3:7400");
    peer_init(&third, &fixture, FOLLOWER + 2, "10.0.0.4:7400");
    peer_connect(&third, "10.0.0.4:7400");
    expect_frame(&third, KITH_FRAME_HELLO);
    peer_greet(&third);
    expect_goodbye(&third, KITH_ERROR_LIMIT);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void a_peer_without_an_address_is_known_by_the_one_that_is_seen(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "0.0.0.0:7499");
    memset(peer.hello.advertise.address, 0, sizeof peer.hello.advertise.address);
    peer_connect(&peer, "10.0.0.2:31000");
    peer_shake_hands(&peer);
    struct kith_endpoint expected = endpoint("10.0.0.2:7499");
    struct kith_link_info info = link_info(&fixture, FOLLOWER);
    assert_true(kith_endpoint_equal(&info.endpoint, &expected));
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_greets_whoever_connects),
        cmocka_unit_test(a_hello_that_comes_with_the_connection_is_greeted_first),
        cmocka_unit_test(the_smaller_incarnation_offers),
        cmocka_unit_test(the_larger_incarnation_accepts),
        cmocka_unit_test(any_frame_of_a_link_says_accepted),
        cmocka_unit_test(both_connecting_at_once_ends_in_one_link_that_the_node_chooses),
        cmocka_unit_test(both_connecting_at_once_ends_in_one_link_that_the_peer_chooses),
        cmocka_unit_test(a_peer_that_lost_its_link_replaces_it),
        cmocka_unit_test(an_offer_replaces_a_link_that_the_other_end_has_lost),
        cmocka_unit_test(the_connection_that_was_held_back_is_offered_when_the_first_fails),
        cmocka_unit_test(a_node_that_reaches_itself_hangs_up_and_never_tries_again),
        cmocka_unit_test(another_version_is_told_so),
        cmocka_unit_test(a_feature_that_is_required_and_missing_ends_the_connection),
        cmocka_unit_test(a_link_uses_the_features_of_both),
        cmocka_unit_test(garbage_instead_of_a_hello_ends_the_connection),
        cmocka_unit_test(frames_out_of_turn_end_the_connection),
        cmocka_unit_test(whoever_never_says_hello_is_dropped),
        cmocka_unit_test(more_connections_than_the_table_holds_are_refused),
        cmocka_unit_test(of_silent_connections_of_one_address_the_oldest_makes_way),
        cmocka_unit_test(more_nodes_than_the_table_holds_are_refused),
        cmocka_unit_test(a_peer_without_an_address_is_known_by_the_one_that_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
