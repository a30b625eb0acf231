// SPDX-License-Identifier: Apache-2.0
// How messages arrive, what is sent back, and what a peer can't get away with.
#include <frame.pb-c.h>

#include <kith/codec.h>
#include <kith/rights.h>

#include "arrivals.h"

static void a_message_reaches_its_process(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "hello");
    frame.trace = 5;
    frame.hops = 3;
    peer_send(&peer, 4, &frame);
    assert_int_equal(receiving.got, 1);
    assert_int_equal(receiving.size, 5);
    assert_memory_equal(receiving.first, "hello", 5);
    assert_true(receiving.type == frame.type);
    assert_int_equal(receiving.trace, 5);
    assert_int_equal(receiving.hops, 3);
    assert_true(kith_ref_equal(receiving.from, peer_process));
    expect_nothing(&peer);
    close_fixture(&fixture);
}

static void all_messages_of_a_batch_arrive_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 5};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    unsigned char bytes[1000];
    size_t used = 0;
    static const char *const texts[] = {"one", "two", "three", "four", "five!"};
    for (unsigned number = 0; number < 5; number++) {
        struct kith_frame frame = message_frame(peer_process, receiver, texts[number]);
        size_t size = sizeof bytes - used;
        assert_int_equal(kith_frame_encode(&frame, FOLLOWER, NODE, bytes + used, &size), KITH_OK);
        used += size;
    }
    peer_send_bytes(&peer, 4, bytes, used);
    assert_int_equal(receiving.got, 5);
    assert_memory_equal(receiving.first, "five!", 5);
    close_fixture(&fixture);
}

static void a_message_for_a_process_that_has_ended_comes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref ended = spawn_ended(&fixture);
    struct kith_frame frame = message_frame(peer_process, ended, "hello");
    peer_send(&peer, 4, &frame);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_int_equal(back.error, KITH_ERROR_STALE);
    assert_true(kith_ref_equal(back.from, ended));
    assert_true(kith_ref_equal(back.to, peer_process));
    assert_true(back.type == frame.type);
    assert_int_equal(back.credits, 1);
    assert_false(back.waiting);
    assert_int_equal(back.payload_size, 5);
    assert_memory_equal(back.payload, "hello", 5);
    close_fixture(&fixture);
}

static void a_message_for_a_former_life_of_the_node_comes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_ref former = receiver;
    former.node = NODE - 1;
    struct kith_frame frame = message_frame(peer_process, former, "hello");
    peer_send(&peer, 4, &frame);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_int_equal(back.error, KITH_ERROR_STALE);
    assert_true(kith_ref_equal(back.from, former));
    assert_int_equal(receiving.got, 0);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 0);
    frame.to = receiver;
    peer_send(&peer, 4, &frame);
    assert_int_equal(receiving.got, 1);
    close_fixture(&fixture);
}

static void a_request_comes_back_without_its_payload(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_frame frame = message_frame(peer_process, spawn_ended(&fixture), "hello");
    struct kith_ref caller = {4242, 3, 1}; // on a third node, and forwarded by the peer
    frame.waiting = true;
    frame.id = 17;
    frame.reply_to = caller;
    peer_send(&peer, 4, &frame);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_int_equal(back.error, KITH_ERROR_STALE);
    assert_true(back.waiting);
    assert_int_equal(back.id, 17);
    assert_true(kith_ref_equal(back.reply_to, caller));
    assert_int_equal(back.payload_size, 0);
    close_fixture(&fixture);
}

static void nobody_s_message_comes_back_for_its_credit_only(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_frame frame = message_frame(KITH_REF_NONE, spawn_ended(&fixture), "hello");
    peer_send(&peer, 4, &frame);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_int_equal(back.credits, 1);
    assert_int_equal(back.payload_size, 0);
    close_fixture(&fixture);
}

static bool allow_nothing(void *state, const struct kith_message *message, bool remote)
{
    *(struct kith_ref *)state = message->from;
    return !remote;
}

static void a_message_that_is_not_allowed_comes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    struct kith_ref seen = KITH_REF_NONE;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_rights rights = {allow_nothing, &seen};
    kith_rights_set(fixture.node, &rights);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "hello");
    peer_send(&peer, 4, &frame);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_RETURN).error, KITH_ERROR_DENIED);
    assert_true(kith_ref_equal(seen, peer_process));
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_OK), KITH_OK);
    close_fixture(&fixture);
}

static void a_message_of_a_service_that_nobody_knows_comes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "whatever");
    frame.type = KITH_TYPE(0x123456, 1);
    peer_send(&peer, 4, &frame);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_int_equal(back.error, KITH_ERROR_UNSUPPORTED);
    assert_memory_equal(back.payload, "whatever", 8);
    assert_int_equal(receiving.got, 0);
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_OK), KITH_OK);
    close_fixture(&fixture);
}

static void shrink_mailboxes(struct fixture *fixture)
{
    fixture->limits.mailbox_messages = 2;
}

static void wait_for_the_end(struct kith_process *self, void *argument)
{
    (void)argument;
    (void)kith_sleep_until(self, KITH_FOREVER);
}

static void a_message_that_finds_no_room_comes_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, shrink_mailboxes);
    struct kith_ref receiver = spawn(&fixture, wait_for_the_end, NULL);
    struct kith_frame frame = message_frame(peer_process, receiver, "hello");
    peer_send(&peer, 4, &frame);
    peer_send(&peer, 4, &frame);
    expect_nothing(&peer);
    peer_send(&peer, 4, &frame);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_RETURN).error, KITH_ERROR_FULL);
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_OK), KITH_OK);
    close_fixture(&fixture);
}

static void a_message_in_another_node_s_name_is_dropped_and_counted(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref receiver = spawn(&fixture, receive_some, &receiving);
    struct kith_ref other = {4242, 1, 1}, own = {NODE, 1, 1};
    struct kith_frame frame = message_frame(other, receiver, "hello");
    peer_send(&peer, 4, &frame);
    frame = message_frame(own, receiver, "hello");
    peer_send(&peer, 4, &frame);
    frame = (struct kith_frame){.kind = KITH_FRAME_MONITOR,
                                .from = peer_process,
                                .to = other, // not for us
                                .remaining_ms = UINT64_MAX};
    peer_send(&peer, 0, &frame);
    expect_nothing(&peer);
    assert_int_equal(receiving.got, 0);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 3);
    frame = message_frame(peer_process, receiver, "hello"); // the link still works
    peer_send(&peer, 4, &frame);
    assert_int_equal(receiving.got, 1);
    close_fixture(&fixture);
}

static void a_peer_that_sends_garbage_is_cut_off_after_a_while(void **state)
{
    (void)state;
    static const unsigned char garbage[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3};
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    for (unsigned times = 0; times < 3; times++) {
        peer_send_bytes(&peer, 4, garbage, sizeof garbage);
        assert_false(peer.connection->ended);
    }
    peer_send_bytes(&peer, 4, garbage, sizeof garbage);
    assert_true(peer.connection->ended);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_GOODBYE).error, KITH_ERROR_INVALID);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_INVALID);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 4);
    assert_int_equal(link_info(&fixture, FOLLOWER).last_error, KITH_ERROR_INVALID);
    close_fixture(&fixture);
}

static void handshake_frames_on_a_link_that_is_up_are_malformed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    peer_greet(&peer);
    peer_say(&peer, KITH_FRAME_OFFER, KITH_OK);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 2);
    close_fixture(&fixture);
}

// What the peer couldn't deliver.

static void a_message_that_the_peer_returns_goes_to_its_sender(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref sender = spawn(&fixture, receive_some, &receiving);
    struct kith_frame frame = return_frame(sender, "hello");
    peer_send(&peer, 4, &frame);
    assert_int_equal(receiving.got, 1);
    assert_true(receiving.type == KITH_TYPE_RETURNED);
    assert_true(receiving.returned_type == frame.type);
    assert_int_equal(receiving.error, KITH_ERROR_STALE);
    assert_memory_equal(receiving.first, "hello", 5);
    close_fixture(&fixture);
}

static void a_returned_message_of_an_unknown_service_comes_without_payload(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1};
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref sender = spawn(&fixture, receive_some, &receiving);
    struct kith_frame frame = return_frame(sender, "hello");
    frame.type = KITH_TYPE(0x123456, 1);
    peer_send(&peer, 4, &frame);
    assert_int_equal(receiving.got, 1);
    assert_true(receiving.returned_type == frame.type);
    assert_int_equal(receiving.size, 0);
    close_fixture(&fixture);
}

static void a_returned_request_of_a_third_node_is_passed_on_to_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, third;
    open_with_peer(&fixture, &peer, NULL);
    peer_up(&third, &fixture, FOLLOWER + 1, "10.0.0.3:7400");
    struct kith_ref caller = {FOLLOWER + 1, 5, 1};
    struct kith_ref forwarder = {NODE, 3, 1};
    struct kith_frame frame = return_frame(forwarder, "");
    frame.waiting = true;
    frame.id = 23;
    frame.reply_to = caller;
    peer_send(&peer, 4, &frame);
    struct kith_frame passed = expect_frame(&third, KITH_FRAME_RETURN);
    assert_int_equal(passed.id, 23);
    assert_true(passed.waiting);
    assert_int_equal(passed.error, KITH_ERROR_STALE);
    assert_true(kith_ref_equal(passed.to, caller));
    close_fixture(&fixture);
}

static void small_limits(struct fixture *fixture)
{
    fixture->limits.link_queue_bytes = 4096;
    fixture->limits.message_size = 4096;
    fixture->limits.monitors = 8;
    fixture->limits.processes = 8;
}

static void a_peer_that_asks_and_never_listens_loses_its_link(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, small_limits);
    static char text[1001];
    memset(text, 'x', 1000);
    struct kith_frame frame = message_frame(peer_process, spawn_ended(&fixture), text);
    peer.connection->full = true;
    unsigned sent = 0;
    while (!peer.connection->ended && sent < 1000) {
        peer_send(&peer, 4, &frame);
        sent++;
    }
    assert_true(peer.connection->ended);
    assert_in_range(sent, 8, 30);
    expect_change(&fixture, FOLLOWER, KITH_ROUTE_SUSPECT, KITH_ERROR_LIMIT);
    assert_int_equal(link_info(&fixture, FOLLOWER).queued_bytes, 0);
    close_fixture(&fixture);
}

static void little_memory(struct fixture *fixture)
{
    small_limits(fixture);
    fixture->limits.link_queue_bytes = 65536;
    fixture->limits.message_memory = 65536; // half of it may wait in front of all links
}

static void ask_in_vain(struct peer peers[3], struct kith_frame frame, unsigned times)
{
    for (unsigned i = 0; i < 3 * times; i++) {
        struct peer *peer = &peers[i % 3];
        frame.from.node = peer->incarnation;
        if (!peer->connection->ended) {
            peer_send(peer, 4, &frame);
        }
    }
}

static void when_answers_wait_everywhere_links_that_take_none_are_lost(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peers[3], other;
    open_with_peer(&fixture, &other, little_memory);
    static char text[1001];
    memset(text, 'x', 1000);
    struct kith_frame frame = message_frame(peer_process, spawn_ended(&fixture), text);
    for (uint64_t i = 0; i < 3; i++) {
        static const char *const addresses[] = {"10.0.0.3:7400", "10.0.0.4:7400", "10.0.0.5:7400"};
        peer_up(&peers[i], &fixture, FOLLOWER + 1 + i, addresses[i]);
        peers[i].connection->full = true;
    }
    ask_in_vain(peers, frame, 20); // 20 KB for each of them
    assert_false(peers[0].connection->ended);
    run_for(&fixture, 2700); // nothing is taken
    ask_in_vain(peers, frame, 1);
    unsigned broken = 0;
    for (uint64_t i = 0; i < 3; i++) {
        broken += peers[i].connection->ended;
    }
    assert_in_range(broken, 1, 2); // until there is room for the rest
    frame.from.node = FOLLOWER;
    peer_send(&other, 4, &frame);
    assert_int_equal(expect_frame(&other, KITH_FRAME_RETURN).error, KITH_ERROR_STALE);
    close_fixture(&fixture);
}

static void every_allocation_may_fail_while_messages_arrive(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref receiver = spawn(&fixture, wait_for_the_end, NULL);
    for (uint64_t nth = 1; nth <= 6; nth++) {
        struct kith_frame frame = message_frame(peer_process, receiver, "hello");
        kith_platform_sim_fail_allocation(fixture.sim, nth, false);
        if (!peer.connection->ended) {
            peer_send(&peer, 4, &frame);
        }
        if (!peer.connection->ended) {
            send_parts(&peer, 5, message_frame(peer_process, receiver, ""), 2000, 1500);
        }
    }
    kith_platform_sim_fail_allocation(fixture.sim, 0, false);
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_OK), KITH_OK);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reaches_its_process),
        cmocka_unit_test(all_messages_of_a_batch_arrive_in_order),
        cmocka_unit_test(a_message_for_a_process_that_has_ended_comes_back),
        cmocka_unit_test(a_message_for_a_former_life_of_the_node_comes_back),
        cmocka_unit_test(a_request_comes_back_without_its_payload),
        cmocka_unit_test(nobody_s_message_comes_back_for_its_credit_only),
        cmocka_unit_test(a_message_that_is_not_allowed_comes_back),
        cmocka_unit_test(a_message_of_a_service_that_nobody_knows_comes_back),
        cmocka_unit_test(a_message_that_finds_no_room_comes_back),
        cmocka_unit_test(a_message_in_another_node_s_name_is_dropped_and_counted),
        cmocka_unit_test(a_peer_that_sends_garbage_is_cut_off_after_a_while),
        cmocka_unit_test(handshake_frames_on_a_link_that_is_up_are_malformed),
        cmocka_unit_test(a_message_that_the_peer_returns_goes_to_its_sender),
        cmocka_unit_test(a_returned_message_of_an_unknown_service_comes_without_payload),
        cmocka_unit_test(a_returned_request_of_a_third_node_is_passed_on_to_it),
        cmocka_unit_test(a_peer_that_asks_and_never_listens_loses_its_link),
        cmocka_unit_test(when_answers_wait_everywhere_links_that_take_none_are_lost),
        cmocka_unit_test(every_allocation_may_fail_while_messages_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
