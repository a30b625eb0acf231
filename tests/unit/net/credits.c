// SPDX-License-Identifier: Apache-2.0
// Credits: a process that doesn't receive holds up its own senders, and nobody else's.
#include "fixture.h"

static const struct kith_ref peer_process = {FOLLOWER, 9, 2};

static struct kith_ref remote(uint32_t slot)
{
    return (struct kith_ref){FOLLOWER, slot, 1};
}

struct sending {
    uint32_t slot;
    unsigned count;
    size_t size;
    uint64_t deadline_ns;
    unsigned sent;
    enum kith_error error;
};

static void send_some(struct kith_process *self, void *argument)
{
    struct sending *sending = argument;
    for (unsigned number = 0; number < sending->count; number++) {
        struct kith_message *message;
        assert_int_equal(kith_message_new(kith_process_node(self), 1, sending->size, &message),
                         KITH_OK);
        if (sending->size > 0) {
            memset(message->data, 1, sending->size);
        }
        sending->error = kith_send(self, remote(sending->slot), &message, sending->deadline_ns);
        kith_message_free(&message);
        if (sending->error != KITH_OK) {
            return;
        }
        sending->sent++;
    }
}

static unsigned count_messages(struct peer *peer)
{
    struct kith_frame frame;
    unsigned stream, count = 0;
    while (peer_hear(peer, &frame, &stream)) {
        count += frame.kind == KITH_FRAME_MESSAGE ? 1 : 0;
    }
    return count;
}

static void give(struct peer *peer, uint32_t slot, uint32_t credits)
{
    struct kith_frame frame = {.kind = KITH_FRAME_CREDIT,
                               .to = remote(slot),
                               .credits = credits,
                               .remaining_ms = UINT64_MAX};
    peer_send(peer, KITH_STREAM_CONTROL, &frame);
}

static void no_more_is_sent_than_the_peer_said(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending slow = {.slot = 1, .count = 100, .deadline_ns = KITH_FOREVER};
    struct sending other = {.slot = 2, .count = 5, .deadline_ns = KITH_FOREVER};
    open_fixture(&fixture, NULL);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400"); // with 8 credits
    spawn(&fixture, send_some, &slow);
    run(&fixture);
    assert_int_equal(slow.sent, 8);
    assert_int_equal(count_messages(&peer), 8);
    spawn(&fixture, send_some, &other);
    run(&fixture);
    assert_int_equal(other.sent, 5);
    assert_int_equal(count_messages(&peer), 5);
    give(&peer, 1, 3);
    assert_int_equal(slow.sent, 11);
    assert_int_equal(count_messages(&peer), 3);
    while (slow.sent < 100) {
        give(&peer, 1, 8);
        (void)count_messages(&peer);
    }
    close_fixture(&fixture);
}

static void a_sender_that_does_not_wait_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 1, .count = 9};
    open_fixture(&fixture, NULL);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    spawn(&fixture, send_some, &sending);
    run(&fixture);
    assert_int_equal(sending.sent, 8);
    assert_int_equal(sending.error, KITH_ERROR_FULL);
    close_fixture(&fixture);
}

static void a_large_message_costs_more_and_may_go_below_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending large = {.slot = 1, .count = 1, .size = 40960}; // 11 credits of 8
    struct sending small = {.slot = 1, .count = 1, .deadline_ns = KITH_FOREVER};
    open_fixture(&fixture, NULL);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    spawn(&fixture, send_some, &large);
    spawn(&fixture, send_some, &small);
    run(&fixture);
    assert_int_equal(large.sent, 1);
    assert_int_equal(small.sent, 0);
    give(&peer, 1, 3);
    assert_int_equal(small.sent, 0);
    give(&peer, 1, 1);
    assert_int_equal(small.sent, 1);
    close_fixture(&fixture);
}

static void credit_never_exceeds_the_window(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 1, .count = 100};
    open_fixture(&fixture, NULL);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    give(&peer, 1, 50); // nothing had been spent
    spawn(&fixture, send_some, &sending);
    run(&fixture);
    assert_int_equal(sending.sent, 8);
    give(&peer, 1, 50); // more than had been
    sending.sent = 0;
    spawn(&fixture, send_some, &sending);
    run(&fixture);
    assert_int_equal(sending.sent, 8);
    close_fixture(&fixture);
}

static void a_returned_message_gives_its_credit_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 1, .count = 9, .deadline_ns = KITH_FOREVER};
    open_fixture(&fixture, NULL);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    struct kith_ref sender = spawn(&fixture, send_some, &sending);
    run(&fixture);
    assert_int_equal(sending.sent, 8);
    struct kith_frame back = message_frame(remote(1), sender, "x");
    back.kind = KITH_FRAME_RETURN;
    back.error = KITH_ERROR_STALE;
    back.credits = 1;
    peer_send(&peer, 4, &back);
    assert_int_equal(sending.sent, 9);
    close_fixture(&fixture);
}

static void few_processes(struct fixture *fixture)
{
    fixture->limits.processes = 4; // credits for 14 processes of a peer
}

struct wide {
    unsigned receivers, sent;
};

static void send_to_many(struct kith_process *self, void *argument)
{
    struct wide *wide = argument;
    for (uint32_t slot = 0; slot < wide->receivers; slot++) {
        struct kith_message *message;
        assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
        assert_int_equal(kith_send(self, remote(slot), &message, KITH_FOREVER), KITH_OK);
        wide->sent++;
    }
}

static void the_table_of_credits_is_bounded(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct wide wide = {.receivers = 20};
    open_fixture(&fixture, few_processes);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    spawn(&fixture, send_to_many, &wide);
    run(&fixture);
    assert_int_equal(wide.sent, 14);
    give(&peer, 3, 1);
    assert_int_equal(wide.sent, 15);
    for (uint32_t slot = 4; slot < 9; slot++) {
        give(&peer, slot, 1);
    }
    assert_int_equal(wide.sent, 20);
    close_fixture(&fixture);
}

// ---- The receiver's side ----

struct receiving {
    unsigned wanted, got;
    bool go;
};

static void receive_when_told(struct kith_process *self, void *argument)
{
    struct receiving *receiving = argument;
    while (receiving->got < receiving->wanted) {
        if (!receiving->go) {
            if (kith_sleep_until(self, kith_deadline_ms(self, 10)) != KITH_OK) {
                return;
            }
            continue;
        }
        struct kith_message *message;
        if (kith_receive(self, &message, KITH_FOREVER) != KITH_OK) {
            return;
        }
        kith_message_free(&message);
        receiving->got++;
    }
}

static void use_a_window_of_8(struct fixture *fixture)
{
    fixture->limits.link_credits = 8;
}

static unsigned count_credits(struct peer *peer, unsigned *frames)
{
    struct kith_frame frame;
    unsigned stream, credits = 0;
    *frames = 0;
    while (peer_hear_kind(peer, KITH_FRAME_CREDIT, &frame, &stream)) {
        assert_int_equal(stream, KITH_STREAM_CONTROL);
        assert_int_equal(frame.to.node, NODE);
        credits += frame.credits;
        ++*frames;
    }
    return credits;
}

static void credit_is_given_back_half_a_window_at_a_time(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 8};
    open_fixture(&fixture, use_a_window_of_8);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    struct kith_ref receiver = spawn(&fixture, receive_when_told, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "hello");
    for (unsigned number = 0; number < 8; number++) {
        peer_send(&peer, 4, &frame);
    }
    unsigned frames;
    assert_int_equal(count_credits(&peer, &frames), 0);
    receiving.go = true;
    run_for(&fixture, 20);
    assert_int_equal(receiving.got, 8);
    assert_int_equal(count_credits(&peer, &frames), 8);
    assert_int_equal(frames, 2);
    close_fixture(&fixture);
}

static void what_is_left_over_is_given_back_after_a_while(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 5, .go = true};
    open_fixture(&fixture, use_a_window_of_8);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    struct kith_ref receiver = spawn(&fixture, receive_when_told, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "hello");
    peer_send(&peer, 4, &frame);
    peer_send(&peer, 4, &frame);
    unsigned frames;
    assert_int_equal(receiving.got, 2);
    assert_int_equal(count_credits(&peer, &frames), 0);
    run_for(&fixture, 1500);
    assert_int_equal(count_credits(&peer, &frames), 2);
    assert_int_equal(frames, 1);
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_OK), KITH_OK);
    close_fixture(&fixture);
}

static void the_cost_is_of_the_bytes_that_came(void **state)
{
    (void)state;
    static char text[3 * 4096 + 1];
    memset(text, 'x', 3 * 4096);
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 1, .go = true};
    open_fixture(&fixture, use_a_window_of_8);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    struct kith_ref receiver = spawn(&fixture, receive_when_told, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, text);
    peer_send(&peer, 4, &frame);
    unsigned frames;
    assert_int_equal(count_credits(&peer, &frames), 4);
    close_fixture(&fixture);
}

static void a_process_that_ends_gives_back_what_it_never_received(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 8};
    open_fixture(&fixture, use_a_window_of_8);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    struct kith_ref receiver = spawn(&fixture, receive_when_told, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "hello");
    for (unsigned number = 0; number < 6; number++) {
        peer_send(&peer, 4, &frame);
    }
    unsigned frames;
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_OK), KITH_OK);
    run_for(&fixture, 1500);
    assert_int_equal(count_credits(&peer, &frames), 6);
    close_fixture(&fixture);
}

static void a_new_connection_starts_with_a_full_window(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 1, .count = 40, .deadline_ns = KITH_FOREVER};
    open_fixture(&fixture, NULL);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    spawn(&fixture, send_some, &sending);
    run(&fixture);
    assert_int_equal(count_messages(&peer), 8);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(sending.sent, 16); // the next 8 wait for the connection, and no more
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    assert_int_equal(count_messages(&peer), 8);
    assert_int_equal(sending.sent, 16);
    while (sending.sent < 40) {
        give(&peer, 1, 4);
    }
    close_fixture(&fixture);
}

static void credit_of_a_former_connection_is_void(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct receiving receiving = {.wanted = 20};
    open_fixture(&fixture, use_a_window_of_8);
    peer_up(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    struct kith_ref receiver = spawn(&fixture, receive_when_told, &receiving);
    struct kith_frame frame = message_frame(peer_process, receiver, "hello");
    for (unsigned number = 0; number < 6; number++) {
        peer_send(&peer, 4, &frame);
    }
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    for (unsigned number = 0; number < 4; number++) {
        peer_send(&peer, 4, &frame);
    }
    receiving.go = true;
    run_for(&fixture, 1500);
    assert_int_equal(receiving.got, 10);
    unsigned frames;
    assert_int_equal(count_credits(&peer, &frames), 4);
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_OK), KITH_OK);
    close_fixture(&fixture);
}

enum { FEW = 8 };

static void allow_few(struct fixture *fixture)
{
    fixture->limits.link_credits = FEW;
    fixture->limits.mailbox_messages = 4 * FEW;
}

static void keep_all(struct kith_process *self, void *argument)
{
    (void)argument;
    (void)kith_sleep_until(self, KITH_FOREVER);
}

static void a_peer_that_ignores_its_credit_does_not_fill_a_mailbox(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer greedy, other;
    struct kith_frame back;
    open_fixture(&fixture, allow_few);
    peer_up(&greedy, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer_up(&other, &fixture, FOLLOWER + 1, "10.0.0.3:7400");
    struct kith_ref receiver = spawn(&fixture, keep_all, NULL);
    struct kith_frame frame = message_frame(peer_process, receiver, "more");
    for (unsigned number = 0; number < 4 * FEW; number++) {
        peer_send(&greedy, 4, &frame);
    }
    unsigned stream, returned = 0;
    while (peer_hear_kind(&greedy, KITH_FRAME_RETURN, &back, &stream)) {
        assert_int_equal(back.error, KITH_ERROR_FULL);
        returned++;
    }
    assert_int_equal(returned, 2 * FEW);
    frame.from.node = FOLLOWER + 1;
    peer_send(&other, 4, &frame);
    expect_nothing(&other);
    assert_int_equal(kith_kill(fixture.node, receiver, KITH_ERROR_KILLED), KITH_OK);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_is_sent_than_the_peer_said),
        cmocka_unit_test(a_sender_that_does_not_wait_is_refused),
        cmocka_unit_test(a_large_message_costs_more_and_may_go_below_nothing),
        cmocka_unit_test(credit_never_exceeds_the_window),
        cmocka_unit_test(a_returned_message_gives_its_credit_back),
        cmocka_unit_test(the_table_of_credits_is_bounded),
        cmocka_unit_test(credit_is_given_back_half_a_window_at_a_time),
        cmocka_unit_test(what_is_left_over_is_given_back_after_a_while),
        cmocka_unit_test(the_cost_is_of_the_bytes_that_came),
        cmocka_unit_test(a_process_that_ends_gives_back_what_it_never_received),
        cmocka_unit_test(a_new_connection_starts_with_a_full_window),
        cmocka_unit_test(credit_of_a_former_connection_is_void),
        cmocka_unit_test(a_peer_that_ignores_its_credit_does_not_fill_a_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
