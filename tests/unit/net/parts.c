// SPDX-License-Identifier: Apache-2.0
// Large messages that arrive in parts.
#include "arrivals.h"

static void a_large_message_is_put_together(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 2};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "");
    send_parts(&peer, 4, frame, 100000, 30000);
    assert_int_equal(receiving.got, 1);
    assert_int_equal(receiving.size, 100000);
    assert_true(receiving.good);
    frame = message_frame(peer_process, receiver, "hello"); // the stream goes on
    peer_send(&peer, 4, &frame);
    assert_int_equal(receiving.got, 2);
    close_fixture(&fixture);
}

static void a_large_message_that_cannot_be_delivered_comes_back_in_parts(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_frame frame = message_frame(peer_process, spawn_ended(&fixture), "");
    send_parts(&peer, 4, frame, 100000, 30000);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_int_equal(back.total_size, 100000);
    assert_int_equal(back.credits, 1 + 100000 / 4096);
    size_t size = back.payload_size;
    while (size < 100000) {
        size += expect_frame(&peer, KITH_FRAME_PART).payload_size;
    }
    assert_int_equal(size, 100000);
    close_fixture(&fixture);
}

static void parts_that_belong_to_nothing_are_malformed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_frame first = message_frame(peer_process, spawn_ended(&fixture), "hello");
    struct kith_frame part = {
        .kind = KITH_FRAME_PART, .payload = "hello", .payload_size = 5, .remaining_ms = UINT64_MAX};
    peer_send(&peer, 4, &part); // without a beginning
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 1);
    first.total_size = 8;
    peer_send(&peer, 4, &first);
    peer_send(&peer, 4, &part); // more than there is to come
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 2);
    peer_send(&peer, 4, &first); // a second beginning
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 3);
    close_fixture(&fixture);
}

static void a_peer_can_not_begin_more_large_messages_than_agreed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_frame first = message_frame(peer_process, spawn_ended(&fixture), "hello");
    first.total_size = 1000;
    for (unsigned stream = 2; stream < 6; stream++) {
        peer_send(&peer, stream, &first);
    }
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 0);
    peer_send(&peer, 6, &first);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 1);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE); // frees what had arrived of them
    close_fixture(&fixture);
}

static void a_message_larger_than_this_node_said_is_malformed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_frame first = message_frame(peer_process, spawn_ended(&fixture), "hello");
    first.total_size = fixture.limits.message_size + 1;
    peer_send(&peer, 4, &first);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 1);
    close_fixture(&fixture);
}

static void spare_memory(struct fixture *fixture)
{
    fixture->limits.message_memory = 70000;
}

static void a_large_message_without_memory_is_refused_when_it_is_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, spare_memory);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "");
    send_parts(&peer, 4, frame, 100000, 30000);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_int_equal(back.error, KITH_ERROR_NO_MEMORY);
    assert_int_equal(back.payload_size, 0);
    assert_int_equal(back.credits, 1 + 100000 / 4096);
    frame = message_frame(peer_process, receiver, "hello");
    peer_send(&peer, 4, &frame);
    assert_int_equal(receiving.got, 1);
    close_fixture(&fixture);
}

static void a_large_message_that_the_peer_returns_comes_in_parts(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref sender = spawn(&fixture, receive_some, &receiving);
    send_parts(&peer, 4, return_frame(sender, ""), 50000, 30000);
    assert_int_equal(receiving.got, 1);
    assert_int_equal(receiving.size, 50000);
    assert_true(receiving.good);
    close_fixture(&fixture);
}

static uint64_t memory_of_messages(const struct fixture *fixture)
{
    struct kith_message_counters counters;
    kith_message_counters(fixture->node, &counters);
    return counters.alive_bytes;
}

static void a_message_that_is_announced_holds_little_until_it_comes(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_frame first = message_frame(peer_process, spawn_ended(&fixture), "x");
    first.total_size = fixture.limits.message_size;
    peer_send(&peer, 4, &first);
    assert_in_range(memory_of_messages(&fixture), 0, 1024);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    assert_int_equal(memory_of_messages(&fixture), 0);
    close_fixture(&fixture);
}

enum { LARGE = 1 << 20, PART = 1 << 15, BEGUN = 1 << 18 };

static void allow_two_large_messages(struct fixture *fixture)
{
    fixture->limits.message_size = LARGE;
    fixture->limits.message_memory = 4 * (size_t)LARGE;
}

static const unsigned char zeros[PART];

static void send_zeros(struct peer *peer, unsigned stream, size_t size)
{
    struct kith_frame part = {.kind = KITH_FRAME_PART,
                              .payload = zeros,
                              .payload_size = sizeof zeros,
                              .remaining_ms = UINT64_MAX};
    for (size_t sent = 0; sent < size; sent += PART) {
        peer_send(peer, stream, &part);
    }
}

// Begins four large messages, and sends some of each.
static void begin_four(struct peer *peer, struct kith_ref receiver)
{
    struct kith_frame first = message_frame(peer_process, receiver, "");
    first.from.node = peer->incarnation;
    first.total_size = LARGE;
    first.payload = zeros;
    first.payload_size = sizeof zeros;
    for (unsigned stream = 4; stream < 8; stream++) {
        peer_send(peer, stream, &first);
        send_zeros(peer, stream, BEGUN - PART);
    }
}

// Two peers begin more than there is memory for; what another sends arrives all the same.
static void who_holds_most_of_the_memory_is_refused_for_others(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, greedy[2];
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, allow_two_large_messages);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_ref ended = spawn_ended(&fixture);
    for (unsigned i = 0; i < 2; i++) {
        peer_up(&greedy[i], &fixture, FOLLOWER + 1 + i, i == 0 ? "10.0.0.3:1" : "10.0.0.4:1");
        begin_four(&greedy[i], ended);
        assert_in_range(memory_of_messages(&fixture), 0, 2 * LARGE);
    }
    send_parts(&peer, 4, message_frame(peer_process, receiver, ""), LARGE / 2, PART);
    assert_int_equal(receiving.got, 1);
    assert_true(receiving.good);
    unsigned refused = 0;
    for (unsigned stream = 4; stream < 8; stream++) {
        send_zeros(&greedy[0], stream, LARGE - BEGUN); // it hears what became of each
        refused += expect_frame(&greedy[0], KITH_FRAME_RETURN).error == KITH_ERROR_NO_MEMORY;
        while (
            peer_hear_kind(&greedy[0], KITH_FRAME_PART, &(struct kith_frame){0}, &(unsigned){0})) {
        }
    }
    assert_in_range(refused, 1, 4);
    fake_closed(greedy[1].connection, KITH_ERROR_UNREACHABLE);
    assert_int_equal(memory_of_messages(&fixture), 0);
    close_fixture(&fixture);
}

// What others have begun and send on bit by bit goes before what is being sent, however much it is.
static void a_message_that_trickles_gives_way(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, idle[3];
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, allow_two_large_messages);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_ref ended = spawn_ended(&fixture);
    for (uint64_t i = 0; i < 3; i++) {
        static const char *const addresses[] = {"10.0.0.3:1", "10.0.0.4:1", "10.0.0.5:1"};
        peer_up(&idle[i], &fixture, FOLLOWER + 1 + i, addresses[i]);
        struct kith_frame first = message_frame(peer_process, ended, "");
        first.from.node = idle[i].incarnation;
        first.total_size = LARGE;
        first.payload = zeros;
        first.payload_size = sizeof zeros;
        peer_send(&idle[i], 4, &first);
        send_zeros(&idle[i], 4, BEGUN - PART); // it holds 640 KB by now
    }
    for (unsigned turn = 0; turn < 3; turn++) {
        run_for(&fixture, 500);
        for (unsigned i = 0; i < 3; i++) {
            send_zeros(&idle[i], 4, PART);
        }
    }
    send_parts(&peer, 4, message_frame(peer_process, receiver, ""), LARGE, PART);
    assert_int_equal(receiving.got, 1);
    assert_true(receiving.good);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_message_is_put_together),
        cmocka_unit_test(a_large_message_that_cannot_be_delivered_comes_back_in_parts),
        cmocka_unit_test(parts_that_belong_to_nothing_are_malformed),
        cmocka_unit_test(a_peer_can_not_begin_more_large_messages_than_agreed),
        cmocka_unit_test(a_message_larger_than_this_node_said_is_malformed),
        cmocka_unit_test(a_large_message_without_memory_is_refused_when_it_is_whole),
        cmocka_unit_test(a_large_message_that_the_peer_returns_comes_in_parts),
        cmocka_unit_test(a_message_that_is_announced_holds_little_until_it_comes),
        cmocka_unit_test(who_holds_most_of_the_memory_is_refused_for_others),
        cmocka_unit_test(a_message_that_trickles_gives_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
