// SPDX-License-Identifier: Apache-2.0
// Suspect, unreachable, gone: what is said of a peer, and when.
#include "fixture.h"

static void open_with_peer(struct fixture *fixture, struct peer *peer)
{
    open_fixture(fixture, NULL);
    peer_up(peer, fixture, FOLLOWER, "10.0.0.2:7400");
}

// Lets time pass while the peer answers every PING.
static void run_answering(struct peer *peer, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 10) {
        struct kith_frame frame;
        unsigned stream;
        run_for(peer->fixture, 10);
        while (peer_hear_kind(peer, KITH_FRAME_PING, &frame, &stream)) {
            frame.kind = KITH_FRAME_PONG;
            peer_send(peer, KITH_STREAM_CONTROL, &frame);
        }
    }
}

static unsigned count_pings(struct peer *peer)
{
    struct kith_frame frame;
    unsigned stream, count = 0;
    while (peer_hear_kind(peer, KITH_FRAME_PING, &frame, &stream)) {
        count++;
    }
    return count;
}

static void a_peer_that_answers_is_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    run_answering(&peer, 60000);
    expect_no_change(&fixture);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void answer_ping(struct peer *peer)
{
    struct kith_frame frame;
    unsigned stream;
    assert_true(peer_hear_kind(peer, KITH_FRAME_PING, &frame, &stream));
    frame.kind = KITH_FRAME_PONG;
    peer_send(peer, KITH_STREAM_CONTROL, &frame);
}

// It would say that what is under way has arrived.
static void an_answer_that_nobody_asked_for_is_malformed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    struct kith_frame frame = {
        .kind = KITH_FRAME_PONG, .id = UINT64_MAX, .remaining_ms = UINT64_MAX};
    peer_send(&peer, KITH_STREAM_CONTROL, &frame);
    frame.id = 0;
    peer_send(&peer, KITH_STREAM_CONTROL, &frame);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 2);
    answer_ping(&peer);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 2);
    close_fixture(&fixture);
}

static void the_round_trip_is_measured_and_smoothed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    assert_int_equal(link_info(&fixture, FOLLOWER).rtt_ns, 0);
    run_for(&fixture, 40);
    answer_ping(&peer);
    assert_int_equal(link_info(&fixture, FOLLOWER).rtt_ns, 40 * MS);
    run_for(&fixture, 240); // the next PING went out 30 ms ago
    answer_ping(&peer);
    assert_int_equal(link_info(&fixture, FOLLOWER).rtt_ns, (7 * 40 + 30) * MS / 8);
    close_fixture(&fixture);
}

static void a_silent_peer_is_suspect_and_then_unreachable(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    run_for(&fixture, 2400);
    expect_no_change(&fixture);
    run_for(&fixture, 400);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_TIMEOUT);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_SUSPECT);
    run_for(&fixture, 2000);
    expect_no_change(&fixture);
    run_for(&fixture, 500);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE);
    assert_true(peer.connection->ended);
    assert_int_equal(link_info(&fixture, FOLLOWER).last_error, KITH_ERROR_UNREACHABLE);
    close_fixture(&fixture);
}

static void any_byte_proves_life(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    for (unsigned times = 0; times < 20; times++) {
        run_for(&fixture, 2000);
        fixture.fake.events->heard(peer.connection->owner); // an acknowledgement, say
    }
    expect_no_change(&fixture);
    run_for(&fixture, 3000);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_TIMEOUT);
    fixture.fake.events->heard(peer.connection->owner);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    assert_int_equal(link_info(&fixture, FOLLOWER).reconnects, 0);
    close_fixture(&fixture);
}

static void a_stall_of_two_seconds_is_no_alarm_whenever_it_begins(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    for (uint64_t offset = 0; offset < 30; offset++) {
        run_answering(&peer, 1000 + offset * 10);
        run_for(&fixture, 2000);
    }
    run_answering(&peer, 1000);
    expect_no_change(&fixture);
    close_fixture(&fixture);
}

static void a_stall_of_this_node_is_not_held_against_the_peer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    run_answering(&peer, 1000);
    kith_platform_sim_advance(fixture.sim, 20000 * MS); // stopped, and continued
    run(&fixture);
    expect_no_change(&fixture);
    run_answering(&peer, 1000);
    expect_no_change(&fixture);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    close_fixture(&fixture);
}

static void pings_are_for_silence(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    assert_int_equal(count_pings(&peer), 1); // the first round trip
    for (unsigned times = 0; times < 80; times++) {
        run_for(&fixture, 50);
        fixture.fake.events->heard(peer.connection->owner);
    }
    assert_int_equal(count_pings(&peer), 0);
    run_for(&fixture, 2000);
    assert_in_range(count_pings(&peer), 6, 9);
    close_fixture(&fixture);
}

static void a_ping_is_answered(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    struct kith_frame ping = {.kind = KITH_FRAME_PING, .id = 4711, .remaining_ms = UINT64_MAX};
    peer_send(&peer, KITH_STREAM_CONTROL, &ping);
    struct kith_frame frame;
    unsigned stream;
    assert_true(peer_hear_kind(&peer, KITH_FRAME_PONG, &frame, &stream));
    assert_int_equal(frame.id, 4711);
    assert_int_equal(stream, KITH_STREAM_CONTROL);
    close_fixture(&fixture);
}

static void a_broken_connection_is_made_again_at_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 60);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    peer_answer(&peer);
    peer_shake_hands(&peer);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    assert_int_equal(link_info(&fixture, FOLLOWER).reconnects, 1);
    run_for(&fixture, 1000);
    assert_int_equal(fake_dials(&fixture.fake), 1);
    close_fixture(&fixture);
}

static void a_peer_that_does_not_come_back_in_time_is_unreachable(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    run_answering(&peer, 3000);
    fixture.fake.connect_error = KITH_ERROR_UNREACHABLE;
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 4600);
    expect_no_change(&fixture);
    run_for(&fixture, 700);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE);
    fixture.fake.connect_error = KITH_OK; // and then it does
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    close_fixture(&fixture);
}

static void nothing_of_an_unreachable_peer_arrives_later(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    run_for(&fixture, 6000);
    assert_true(peer.connection->ended); // cut, so that nothing follows what monitors were told
    assert_false(peer.connection->in_good_order);
    close_fixture(&fixture);
}

static void a_node_that_nobody_wants_is_forgotten_after_a_while(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    fixture.fake.connect_error = KITH_ERROR_UNREACHABLE;
    run_for(&fixture, 6000);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_TIMEOUT);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 50000);
    expect_no_change(&fixture);
    run_for(&fixture, 20000);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_UNREACHABLE);
    assert_false(has_link(&fixture, FOLLOWER));
    close_fixture(&fixture);
}

static void a_node_that_is_wanted_is_never_forgotten(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    struct kith_endpoint there = endpoint("10.0.0.2:7400");
    assert_int_equal(kith_net_peer_add(fixture.net, &there), KITH_OK);
    fixture.fake.connect_error = KITH_ERROR_UNREACHABLE;
    run_for(&fixture, 200000);
    assert_true(has_link(&fixture, FOLLOWER));
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_BACKOFF);
    close_fixture(&fixture);
}

static void a_short_lived_node_is_gone_when_it_is_silent(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer.hello.transient = true;
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_UP, KITH_OK);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 6000);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_UNREACHABLE);
    assert_int_equal(fake_dials(&fixture.fake), 0); // and nobody looks for it
    close_fixture(&fixture);
}

// ---- Restarts ----

static void another_incarnation_at_the_endpoint_replaces_a_lost_one(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer former, later;
    open_with_peer(&fixture, &former);
    fake_closed(former.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    peer_init(&later, &fixture, FOLLOWER + 1, "10.0.0.2:7400");
    peer_connect(&later, "10.0.0.2:7400");
    peer_shake_hands(&later);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED);
    expect_change(&fixture, FOLLOWER + 1, KITH_ROUTE_UP, KITH_OK);
    assert_int_equal(kith_route_successor(fixture.node, FOLLOWER), FOLLOWER + 1);
    assert_false(has_link(&fixture, FOLLOWER));
    run_for(&fixture, 1000);
    assert_int_equal(fake_dials(&fixture.fake), 0);
    close_fixture(&fixture);
}

static void the_node_finds_the_new_incarnation_when_it_reconnects(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer former, later;
    open_with_peer(&fixture, &former);
    fake_closed(former.connection, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 60);
    peer_init(&later, &fixture, DECIDER, "10.0.0.2:7400");
    peer_answer(&later);
    peer_shake_hands(&later);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED);
    expect_change(&fixture, DECIDER, KITH_ROUTE_UP, KITH_OK);
    fake_closed(later.connection, KITH_ERROR_UNREACHABLE); // it is looked for like the former
    run_for(&fixture, 60);
    assert_int_equal(fake_dials(&fixture.fake), 2);
    close_fixture(&fixture);
}

static void a_successor_is_believed_when_the_former_one_does_not_answer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer former, later;
    open_with_peer(&fixture, &former);
    peer_up(&later, &fixture, FOLLOWER + 1, "10.0.0.2:7400");
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    run_for(&fixture, 400);
    expect_no_change(&fixture);
    run_for(&fixture, 400);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED);
    expect_no_change(&fixture);
    close_fixture(&fixture);
}

static void a_successor_is_also_believed_when_the_former_one_is_just_being_given_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer former, later;
    open_with_peer(&fixture, &former);
    run_for(&fixture, 4900);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_TIMEOUT);
    peer_up(&later, &fixture, FOLLOWER + 1, "10.0.0.2:7400");
    run_for(&fixture, 300);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED);
    close_fixture(&fixture);
}

static void a_healthy_node_is_not_cut_off_because_another_claims_its_endpoint(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer former, other;
    open_with_peer(&fixture, &former);
    peer_up(&other, &fixture, FOLLOWER + 1, "10.0.0.2:7400");
    for (unsigned times = 0; times < 500; times++) {
        run_answering(&former, 10);
        run_answering(&other, 10);
    }
    expect_no_change(&fixture);
    assert_int_equal(link_state(&fixture, FOLLOWER), KITH_LINK_UP);
    assert_int_equal(link_state(&fixture, FOLLOWER + 1), KITH_LINK_UP);
    fake_closed(former.connection, KITH_ERROR_UNREACHABLE); // now it is true
    run(&fixture);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED);
    close_fixture(&fixture);
}

// ---- Messages whose fate is unknown ----

static void send_two(struct kith_process *self, void *argument)
{
    (void)argument;
    for (unsigned number = 0; number < 2; number++) {
        struct kith_message *message;
        struct kith_ref to = {FOLLOWER, 1, 1};
        assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
        assert_int_equal(kith_send(self, to, &message, KITH_NO_WAIT), KITH_OK);
    }
}

static uint64_t count_unknown(struct fixture *fixture)
{
    struct kith_node_counters counters;
    kith_node_counters(fixture->node, &counters);
    return counters.unknown;
}

static uint64_t count_under_way(struct fixture *fixture)
{
    return link_info(fixture, FOLLOWER).under_way;
}

static void what_was_sent_and_not_read_is_counted(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    spawn(&fixture, send_two, NULL);
    run_answering(&peer, 1000); // all read
    assert_int_equal(count_under_way(&fixture), 0);
    spawn(&fixture, send_two, NULL);
    run(&fixture);
    assert_int_equal(count_under_way(&fixture), 2);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(count_unknown(&fixture), 2);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    expect_nothing(&peer); // never sent again
    close_fixture(&fixture);
}

// The PING goes with the messages, so that its PONG says that those before it have been read.
static struct kith_frame expect_mark(struct peer *peer)
{
    struct kith_frame frame;
    unsigned stream, of_messages = KITH_STREAMS;
    bool found = false;
    while (!found && peer_hear_any(peer, &frame, &stream)) {
        of_messages = frame.kind == KITH_FRAME_MESSAGE ? stream : of_messages;
        found = frame.kind == KITH_FRAME_PING && stream == of_messages;
    }
    assert_true(found);
    frame.kind = KITH_FRAME_PONG;
    return frame;
}

static void a_mark_says_how_far_the_peer_has_read(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    spawn(&fixture, send_two, NULL);
    run_for(&fixture, 300);
    struct kith_frame pong = expect_mark(&peer);
    spawn(&fixture, send_two, NULL);
    run(&fixture);
    assert_int_equal(count_under_way(&fixture), 4);
    peer_send(&peer, KITH_STREAM_CONTROL, &pong);
    assert_int_equal(count_under_way(&fixture), 2);
    peer_send(&peer, KITH_STREAM_CONTROL, &pong); // once more: nothing new
    assert_int_equal(count_under_way(&fixture), 2);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(count_unknown(&fixture), 2);
    close_fixture(&fixture);
}

static void send_thousands(struct kith_process *self, void *argument)
{
    (void)argument;
    for (unsigned number = 0; number < 5000; number++) {
        struct kith_message *message;
        struct kith_ref to = {FOLLOWER, 1, 1};
        assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
        assert_int_equal(kith_send(self, to, &message, KITH_FOREVER), KITH_OK);
    }
}

static void of_many_messages_not_all_are_unknown(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer.hello.credits = 5000;
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    spawn(&fixture, send_thousands, NULL);
    run(&fixture);
    assert_int_equal(count_under_way(&fixture), 5000);
    struct kith_frame pong = expect_mark(&peer); // though no time has passed
    peer_send(&peer, KITH_STREAM_CONTROL, &pong);
    assert_in_range(count_under_way(&fixture), 0, 5000 - 4096);
    close_fixture(&fixture);
}

static void what_waits_goes_out_by_the_next_connection_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    spawn(&fixture, send_two, NULL);
    run_for(&fixture, 1000);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    expect_nothing(&peer);
    assert_int_equal(count_unknown(&fixture), 0);
    close_fixture(&fixture);
}

struct returned {
    unsigned sent, came_back;
    uint32_t error;
    size_t size;
};

static void send_and_see(struct kith_process *self, void *argument)
{
    struct returned *returned = argument;
    struct kith_ref to = {FOLLOWER, 1, 1};
    static const size_t sizes[] = {10, 100000};
    struct kith_message *message;
    for (; returned->sent < 2; returned->sent++) {
        size_t size = sizes[returned->sent];
        assert_int_equal(kith_message_new(kith_process_node(self), 1, size, &message), KITH_OK);
        memset(message->data, 'x', size);
        assert_int_equal(kith_send(self, to, &message, KITH_NO_WAIT), KITH_OK);
    }
    while (returned->came_back < 2) {
        assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
        assert_true(message->type == KITH_TYPE_RETURNED);
        returned->error = message->error;
        returned->size += message->size;
        kith_message_free(&message);
        returned->came_back++;
    }
}

static void what_waits_comes_back_when_the_peer_is_given_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct returned returned = {0};
    open_with_peer(&fixture, &peer);
    peer.connection->full = true;
    spawn(&fixture, send_and_see, &returned);
    run_for(&fixture, 4000);
    assert_int_equal(returned.came_back, 0);
    run_for(&fixture, 2000);
    assert_int_equal(returned.came_back, 2);
    assert_int_equal(returned.error, KITH_ERROR_UNREACHABLE);
    assert_int_equal(returned.size, 100010);
    assert_int_equal(link_info(&fixture, FOLLOWER).queued_bytes, 0);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_answers_is_up),
        cmocka_unit_test(an_answer_that_nobody_asked_for_is_malformed),
        cmocka_unit_test(the_round_trip_is_measured_and_smoothed),
        cmocka_unit_test(a_silent_peer_is_suspect_and_then_unreachable),
        cmocka_unit_test(any_byte_proves_life),
        cmocka_unit_test(a_stall_of_two_seconds_is_no_alarm_whenever_it_begins),
        cmocka_unit_test(a_stall_of_this_node_is_not_held_against_the_peer),
        cmocka_unit_test(pings_are_for_silence),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(a_broken_connection_is_made_again_at_once),
        cmocka_unit_test(a_peer_that_does_not_come_back_in_time_is_unreachable),
        cmocka_unit_test(nothing_of_an_unreachable_peer_arrives_later),
        cmocka_unit_test(a_node_that_nobody_wants_is_forgotten_after_a_while),
        cmocka_unit_test(a_node_that_is_wanted_is_never_forgotten),
        cmocka_unit_test(a_short_lived_node_is_gone_when_it_is_silent),
        cmocka_unit_test(another_incarnation_at_the_endpoint_replaces_a_lost_one),
        cmocka_unit_test(the_node_finds_the_new_incarnation_when_it_reconnects),
        cmocka_unit_test(a_successor_is_believed_when_the_former_one_does_not_answer),
        cmocka_unit_test(a_successor_is_also_believed_when_the_former_one_is_just_being_given_up),
        cmocka_unit_test(a_healthy_node_is_not_cut_off_because_another_claims_its_endpoint),
        cmocka_unit_test(what_was_sent_and_not_read_is_counted),
        cmocka_unit_test(a_mark_says_how_far_the_peer_has_read),
        cmocka_unit_test(of_many_messages_not_all_are_unknown),
        cmocka_unit_test(what_waits_goes_out_by_the_next_connection_once),
        cmocka_unit_test(what_waits_comes_back_when_the_peer_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
