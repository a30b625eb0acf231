// SPDX-License-Identifier: Apache-2.0
// Goodbyes, of this node and of its peers.
#include "fixture.h"

static struct kith_ref remote(uint32_t slot)
{
    return (struct kith_ref){FOLLOWER, slot, 1};
}

static void open_with_peer(struct fixture *fixture, struct peer *peer)
{
    open_fixture(fixture, NULL);
    peer_up(peer, fixture, FOLLOWER, "10.0.0.2:7400");
}

static void leave(struct fixture *fixture, uint64_t timeout_ms)
{
    kith_net_leave(fixture->net, kith_node_now(fixture->node) + timeout_ms * MS);
    run(fixture);
}

static void goodbye_is_said_and_acknowledged_before_the_connection_ends(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    assert_false(kith_net_quiet(fixture.net));
    leave(&fixture, 1000);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_GOODBYE).error, KITH_ERROR_LEFT);
    peer.connection->busy = true;
    run_for(&fixture, 100);
    assert_false(peer.connection->ended);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_LEAVING);
    peer.connection->busy = false;
    run_for(&fixture, 20);
    assert_true(peer.connection->ended);
    assert_true(peer.connection->in_good_order);
    assert_true(kith_net_quiet(fixture.net));
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
    close_fixture(&fixture);
}

static void send_two(struct kith_process *self, void *argument)
{
    enum kith_error *error = argument;
    for (unsigned number = 0; number < 2; number++) {
        struct kith_message *message;
        assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
        *error = kith_send(self, remote(1), &message, KITH_NO_WAIT);
        kith_message_free(&message);
    }
}

static void what_waits_is_sent_first(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    enum kith_error error;
    open_with_peer(&fixture, &peer);
    peer.connection->full = true;
    peer.connection->busy = true;
    spawn(&fixture, send_two, &error);
    run(&fixture);
    leave(&fixture, 1000);
    run_for(&fixture, 100);
    expect_nothing(&peer);
    fake_writable(peer.connection);
    run_for(&fixture, 100);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    expect_nothing(&peer); // not acknowledged yet
    peer.connection->busy = false;
    run_for(&fixture, 20);
    expect_frame(&peer, KITH_FRAME_GOODBYE);
    run_for(&fixture, 20);
    assert_true(kith_net_quiet(fixture.net));
    close_fixture(&fixture);
}

static void what_waits_is_given_up_at_the_deadline(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    enum kith_error error;
    open_with_peer(&fixture, &peer);
    peer.connection->full = true;
    peer.connection->busy = true;
    spawn(&fixture, send_two, &error);
    run(&fixture);
    leave(&fixture, 1000);
    run_for(&fixture, 900);
    assert_false(kith_net_quiet(fixture.net));
    run_for(&fixture, 200);
    assert_true(kith_net_quiet(fixture.net));
    close_fixture(&fixture);
}

static void nothing_new_is_sent_while_leaving(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    enum kith_error error = KITH_OK;
    open_with_peer(&fixture, &peer);
    peer.connection->busy = true;
    leave(&fixture, 1000);
    spawn(&fixture, send_two, &error);
    run(&fixture);
    assert_int_equal(error, KITH_ERROR_UNREACHABLE);
    struct kith_endpoint remote_end = endpoint("10.0.0.9:7400");
    assert_null(fake_accept(&fixture.fake, &remote_end)); // nor is anybody met
    close_fixture(&fixture);
}

static void answer(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_reply(self, &message), KITH_OK);
}

static void replies_are_still_sent_while_leaving(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    struct kith_ref server = spawn(&fixture, answer, NULL);
    peer.connection->busy = true;
    leave(&fixture, 1000);
    struct kith_frame frame = message_frame(remote(3), server, "do it");
    frame.waiting = true;
    frame.id = 5;
    peer_send(&peer, 4, &frame);
    assert_true(expect_frame(&peer, KITH_FRAME_MESSAGE).done);
    peer.connection->busy = false;
    run_for(&fixture, 20);
    expect_frame(&peer, KITH_FRAME_GOODBYE);
    close_fixture(&fixture);
}

static void a_lost_connection_while_leaving_is_an_end_too(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, suspect;
    open_with_peer(&fixture, &peer);
    peer_up(&suspect, &fixture, DECIDER, "10.0.0.3:7400");
    fake_closed(suspect.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    expect_change(&fixture, DECIDER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    peer.connection->busy = true;
    leave(&fixture, 1000);
    expect_change(&fixture, DECIDER, KITH_ROUTE_GONE, KITH_ERROR_LEFT); // nobody to say it to
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
    assert_true(kith_net_quiet(fixture.net));
    run_for(&fixture, 5000);
    assert_int_equal(fake_dials(&fixture.fake), 0);
    close_fixture(&fixture);
}

static void unfinished_handshakes_and_tries_end_with_leaving(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer accepted;
    open_fixture(&fixture, NULL);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    kith_net_peer_add(fixture.net, &there);
    run(&fixture);
    struct kith_connection *dialed = fake_dialed(&fixture.fake);
    peer_init(&accepted, &fixture, FOLLOWER, "10.0.0.3:7400");
    peer_connect(&accepted, "10.0.0.3:7400");
    peer_greet(&accepted);
    leave(&fixture, 1000);
    assert_true(dialed->ended);
    assert_true(accepted.connection->ended);
    assert_true(kith_net_quiet(fixture.net));
    run_for(&fixture, 60000);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    close_fixture(&fixture);
}

static void a_peer_that_leaves_is_gone_and_not_suspect(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    peer_say(&peer, KITH_FRAME_GOODBYE, KITH_ERROR_LEFT);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
    expect_no_change(&fixture);
    assert_true(peer.connection->ended);
    assert_true(peer.connection->in_good_order);
    assert_false(has_link(&fixture, FOLLOWER));
    run_for(&fixture, 60000);
    assert_int_equal(fake_dials(&fixture.fake), 0); // nobody asked for it
    close_fixture(&fixture);
}

static void a_wanted_peer_that_left_is_looked_for_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, later;
    open_with_peer(&fixture, &peer);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    peer_say(&peer, KITH_FRAME_GOODBYE, KITH_ERROR_LEFT);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
    run_for(&fixture, 500);
    peer_init(&later, &fixture, DECIDER, "10.0.0.2:7400");
    peer_answer(&later);
    peer_shake_hands(&later);
    expect_change(&fixture, DECIDER, KITH_ROUTE_UP, KITH_OK);
    close_fixture(&fixture);
}

static void who_has_left_is_shown_until_another_is_there(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, later;
    struct kith_link_info info;
    open_with_peer(&fixture, &peer);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    peer_say(&peer, KITH_FRAME_GOODBYE, KITH_ERROR_LEFT);
    fixture.fake.connect_error = KITH_ERROR_UNREACHABLE;
    run_for(&fixture, 30000);
    assert_int_equal(kith_net_peer_info(fixture.net, &there, &info), KITH_OK);
    assert_int_equal(info.state, KITH_LINK_BACKOFF);
    assert_int_equal(info.last_error, KITH_ERROR_LEFT);
    assert_string_equal(info.name, peer.hello.name);
    peer_init(&later, &fixture, DECIDER, "10.0.0.2:7400");
    peer_connect(&later, "10.0.0.2:7400");
    peer_shake_hands(&later);
    fake_closed(later.connection, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 30000);
    assert_int_equal(kith_net_peer_info(fixture.net, &there, &info), KITH_OK);
    assert_int_not_equal(info.last_error, KITH_ERROR_LEFT);
    close_fixture(&fixture);
}

static void a_goodbye_for_another_reason_is_a_broken_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    peer_say(&peer, KITH_FRAME_GOODBYE, KITH_ERROR_LIMIT);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_LIMIT);
    assert_int_equal(link_info(&fixture, FOLLOWER).last_error, KITH_ERROR_LIMIT);
    close_fixture(&fixture);
}

static void closing_without_leaving_ends_everything(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, half;
    enum kith_error error;
    open_with_peer(&fixture, &peer);
    peer_init(&half, &fixture, DECIDER, "10.0.0.3:7400");
    peer_connect(&half, "10.0.0.3:7400");
    peer_greet(&half);
    peer.connection->full = true;
    spawn(&fixture, send_two, &error);
    run(&fixture);
    close_fixture(&fixture); // which checks that nothing is left
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goodbye_is_said_and_acknowledged_before_the_connection_ends),
        cmocka_unit_test(what_waits_is_sent_first),
        cmocka_unit_test(what_waits_is_given_up_at_the_deadline),
        cmocka_unit_test(nothing_new_is_sent_while_leaving),
        cmocka_unit_test(replies_are_still_sent_while_leaving),
        cmocka_unit_test(a_lost_connection_while_leaving_is_an_end_too),
        cmocka_unit_test(unfinished_handshakes_and_tries_end_with_leaving),
        cmocka_unit_test(a_peer_that_leaves_is_gone_and_not_suspect),
        cmocka_unit_test(a_wanted_peer_that_left_is_looked_for_again),
        cmocka_unit_test(who_has_left_is_shown_until_another_is_there),
        cmocka_unit_test(a_goodbye_for_another_reason_is_a_broken_connection),
        cmocka_unit_test(closing_without_leaving_ends_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
