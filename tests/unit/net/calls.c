// SPDX-License-Identifier: Apache-2.0
// Requests across a link: each ends with exactly one outcome.
#include "fixture.h"

static struct kith_ref remote(uint32_t slot)
{
    return (struct kith_ref){FOLLOWER, slot, 1};
}

struct calling {
    uint64_t timeout_ms; // 0: as long as it takes
    size_t size;
    enum kith_error error;
    uint32_t reply_error;
    size_t reply_size;
    char reply[8];
    struct kith_ref replier;
    unsigned finished;
};

static void call(struct kith_process *self, void *argument)
{
    struct calling *calling = argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 1, calling->size, &message),
                     KITH_OK);
    if (calling->size > 0) {
        memset(message->data, 2, calling->size);
    }
    calling->error = kith_call(
        self, remote(4), &message,
        calling->timeout_ms == 0 ? KITH_FOREVER : kith_deadline_ms(self, calling->timeout_ms));
    if (calling->error == KITH_OK) {
        calling->reply_error = message->error;
        calling->reply_size = message->size;
        calling->replier = message->from;
        if (message->size > 0) {
            memcpy(calling->reply, message->data, message->size < 8 ? message->size : 8);
        }
    }
    kith_message_free(&message);
    calling->finished++;
}

// The same without waiting for the reply where it is made.
static void request(struct kith_process *self, void *argument)
{
    struct calling *calling = argument;
    struct kith_message *message;
    uint64_t id;
    assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
    uint64_t deadline_ns =
        calling->timeout_ms == 0 ? KITH_FOREVER : kith_deadline_ms(self, calling->timeout_ms);
    assert_int_equal(kith_request(self, remote(4), &message, KITH_NO_WAIT, deadline_ns, &id),
                     KITH_OK);
    assert_int_equal(kith_receive_reply(self, id, &message, KITH_FOREVER), KITH_OK);
    calling->error = message->failed ? (enum kith_error)message->error : KITH_OK;
    kith_message_free(&message);
    calling->finished++;
}

static struct kith_frame reply_frame(const struct kith_frame *asked, const char *text)
{
    struct kith_frame frame = message_frame(asked->to, asked->from, text);
    frame.done = true;
    frame.id = asked->id;
    frame.hops = 0;
    return frame;
}

static void open_with_peer(struct fixture *fixture, struct peer *peer)
{
    open_fixture(fixture, NULL);
    peer_up(peer, fixture, FOLLOWER, "10.0.0.2:7400");
}

static void a_call_ends_with_its_reply(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling calling = {.timeout_ms = 1000, .size = 3};
    open_with_peer(&fixture, &peer);
    struct kith_ref caller = spawn(&fixture, call, &calling);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    assert_true(asked.waiting);
    assert_int_not_equal(asked.id, 0);
    assert_int_equal(asked.payload_size, 3);
    assert_in_range(asked.remaining_ms, 999, 1000);
    assert_true(kith_ref_equal(asked.from, caller));
    assert_true(kith_ref_is_none(asked.reply_to) || kith_ref_equal(asked.reply_to, caller));
    struct kith_frame frame = reply_frame(&asked, "answer");
    frame.error = KITH_ERROR_NOT_FOUND; // the program's own
    peer_send(&peer, 4, &frame);
    assert_int_equal(calling.finished, 1);
    assert_int_equal(calling.error, KITH_OK);
    assert_int_equal(calling.reply_error, KITH_ERROR_NOT_FOUND);
    assert_int_equal(calling.reply_size, 6);
    assert_memory_equal(calling.reply, "answer", 6);
    assert_true(kith_ref_equal(calling.replier, remote(4)));
    close_fixture(&fixture);
}

static uint64_t late_replies(struct fixture *fixture)
{
    struct kith_node_counters counters;
    kith_node_counters(fixture->node, &counters);
    return counters.late_replies;
}

static void a_second_reply_is_dropped_and_counted(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling calling = {.timeout_ms = 1000};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, call, &calling);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    struct kith_frame frame = reply_frame(&asked, "answer");
    peer_send(&peer, 4, &frame);
    peer_send(&peer, 4, &frame);
    assert_int_equal(calling.finished, 1);
    assert_int_equal(late_replies(&fixture), 1);
    close_fixture(&fixture);
}

static void a_reply_after_the_deadline_is_dropped_and_counted(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling calling = {.timeout_ms = 100};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, call, &calling);
    run_for(&fixture, 150);
    assert_int_equal(calling.error, KITH_ERROR_TIMEOUT);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    struct kith_frame frame = reply_frame(&asked, "answer");
    peer_send(&peer, 4, &frame);
    assert_int_equal(late_replies(&fixture), 1);
    close_fixture(&fixture);
}

static void only_who_asked_gets_the_reply(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling calling = {.timeout_ms = 1000}, other = {.timeout_ms = 1000};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, call, &calling);
    struct kith_ref wrong = spawn(&fixture, call, &other);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    struct kith_frame frame = reply_frame(&asked, "answer");
    frame.to = wrong;
    peer_send(&peer, 4, &frame);
    assert_int_equal(calling.finished, 0);
    assert_int_equal(other.finished, 0);
    frame.to = asked.from;
    peer_send(&peer, 4, &frame);
    assert_int_equal(calling.finished, 1);
    run_for(&fixture, 1000);
    close_fixture(&fixture);
}

struct served {
    struct kith_ref ref;
    enum kith_error error;
};

static void keep_a_request(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 200)), KITH_OK);
    kith_message_free(&message); // which ends it with DOWN
}

static void call_here(struct kith_process *self, void *argument)
{
    struct served *served = argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
    served->error = kith_call(self, served->ref, &message, KITH_FOREVER);
    kith_message_free(&message);
}

static void a_peer_can_not_answer_what_was_asked_within_the_node(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct served served = {.error = KITH_OK};
    open_with_peer(&fixture, &peer);
    served.ref = spawn(&fixture, keep_a_request, NULL);
    struct kith_ref caller = spawn(&fixture, call_here, &served);
    run(&fixture);
    for (uint64_t id = 1; id < 10; id++) {
        struct kith_frame frame = message_frame(remote(4), caller, "forged");
        frame.done = true;
        frame.id = id;
        peer_send(&peer, 4, &frame);
    }
    run_for(&fixture, 300);
    assert_int_equal(served.error, KITH_ERROR_DOWN);
    close_fixture(&fixture);
}

static void a_request_that_the_peer_returns_ends_with_its_reason(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling calling = {.timeout_ms = 1000}, asynchronous = {.timeout_ms = 1000};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, call, &calling);
    spawn(&fixture, request, &asynchronous);
    run(&fixture);
    for (unsigned number = 0; number < 2; number++) {
        struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
        struct kith_frame back = message_frame(asked.to, asked.from, "");
        back.kind = KITH_FRAME_RETURN;
        back.waiting = true;
        back.id = asked.id;
        back.error = KITH_ERROR_STALE;
        back.credits = 1;
        peer_send(&peer, 4, &back);
        peer_send(&peer, 4, &back); // once more does nothing
    }
    assert_int_equal(calling.finished, 1);
    assert_int_equal(calling.error, KITH_ERROR_STALE);
    assert_int_equal(asynchronous.finished, 1);
    assert_int_equal(asynchronous.error, KITH_ERROR_STALE);
    close_fixture(&fixture);
}

static void a_call_that_was_sent_is_unknown_when_the_connection_breaks(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling sent = {.size = 10}, waits = {.size = 10}, large = {.size = 100000};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, call, &sent);
    run(&fixture);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    peer.connection->full = true;
    spawn(&fixture, call, &waits);
    spawn(&fixture, call, &large);
    run(&fixture);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(sent.finished, 1);
    assert_int_equal(sent.error, KITH_ERROR_UNKNOWN);
    assert_int_equal(waits.finished, 0); // it goes out by the next connection
    assert_int_equal(large.finished, 0);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    struct kith_frame frame;
    unsigned stream, asked = 0;
    while (peer_hear(&peer, &frame, &stream)) {
        asked += frame.kind == KITH_FRAME_MESSAGE ? 1 : 0;
    }
    assert_int_equal(asked, 2);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(waits.error, KITH_ERROR_UNKNOWN);
    assert_int_equal(large.error, KITH_ERROR_UNKNOWN);
    assert_int_equal(large.finished, 1);
    close_fixture(&fixture);
}

static void a_large_call_of_which_a_part_is_missing_was_not_executed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling large = {.size = 100000};
    open_with_peer(&fixture, &peer);
    peer.connection->room = 2; // parts
    spawn(&fixture, call, &large);
    run(&fixture);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_MESSAGE).total_size, 100000);
    expect_frame(&peer, KITH_FRAME_PART);
    expect_nothing(&peer);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(large.finished, 0);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_MESSAGE).total_size, 100000); // from the start
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(large.error, KITH_ERROR_UNKNOWN);
    close_fixture(&fixture);
}

static void a_call_that_was_never_sent_says_so(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling waits = {.size = 10}, asynchronous = {.size = 10};
    open_with_peer(&fixture, &peer);
    peer.connection->full = true;
    spawn(&fixture, call, &waits);
    spawn(&fixture, request, &asynchronous);
    run(&fixture);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 4000);
    assert_int_equal(waits.finished, 0);
    run_for(&fixture, 2000);
    assert_int_equal(waits.error, KITH_ERROR_NOT_SENT);
    assert_int_equal(waits.finished, 1);
    assert_int_equal(asynchronous.error, KITH_ERROR_NOT_SENT);
    assert_int_equal(asynchronous.finished, 1);
    close_fixture(&fixture);
}

static void a_call_is_over_when_its_peer_leaves(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling sent = {.size = 10};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, call, &sent);
    run(&fixture);
    peer_say(&peer, KITH_FRAME_GOODBYE, KITH_ERROR_LEFT);
    assert_int_equal(sent.error, KITH_ERROR_UNKNOWN);
    close_fixture(&fixture);
}

static void a_request_that_nobody_answers_ends_at_its_deadline(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling asynchronous = {.timeout_ms = 300};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, request, &asynchronous);
    run_for(&fixture, 2000);
    assert_int_equal(asynchronous.finished, 1);
    assert_int_equal(asynchronous.error, KITH_ERROR_TIMEOUT);
    close_fixture(&fixture);
}

static void a_reply_that_can_not_be_decoded_is_a_reply_with_an_error(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling calling = {.timeout_ms = 1000};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, call, &calling);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    struct kith_frame frame = reply_frame(&asked, "answer");
    frame.type = KITH_TYPE(0x123456, 1); // nobody knows that service
    peer_send(&peer, 4, &frame);
    assert_int_equal(calling.error, KITH_OK);
    assert_int_equal(calling.reply_error, KITH_ERROR_UNSUPPORTED);
    assert_int_equal(calling.reply_size, 0);
    close_fixture(&fixture);
}

// ---- Requests of the peer ----

struct answering {
    enum { REPLY, REPLY_NOTHING, DROP, FORWARD } what;
    struct kith_ref to;
    enum kith_error error;
    uint64_t remaining_ns;
};

static void answer(struct kith_process *self, void *argument)
{
    struct answering *answering = argument;
    struct kith_message *message;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    answering->remaining_ns = message->deadline_ns - kith_now(self);
    switch (answering->what) {
    case REPLY:
        assert_int_equal(kith_message_resize(message, 2), KITH_OK);
        memcpy(message->data, "ok", 2);
        answering->error = kith_reply(self, &message);
        break;
    case REPLY_NOTHING:
        answering->error = kith_reply_error(self, &message, KITH_ERROR_DENIED);
        break;
    case DROP:
        break;
    case FORWARD:
        answering->error = kith_forward(self, answering->to, &message, KITH_FOREVER);
        break;
    }
    kith_message_free(&message);
}

static struct kith_frame request_frame(struct kith_ref to)
{
    struct kith_frame frame = message_frame(remote(3), to, "do it");
    frame.waiting = true;
    frame.id = 99;
    frame.remaining_ms = 250;
    return frame;
}

static void a_reply_goes_to_who_asked(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct answering answering = {.what = REPLY};
    open_with_peer(&fixture, &peer);
    struct kith_ref server = spawn(&fixture, answer, &answering);
    struct kith_frame frame = request_frame(server);
    peer_send(&peer, 4, &frame);
    assert_int_equal(answering.error, KITH_OK);
    assert_int_equal(answering.remaining_ns, 250 * MS);
    struct kith_frame reply = expect_frame(&peer, KITH_FRAME_MESSAGE);
    assert_true(reply.done);
    assert_false(reply.waiting);
    assert_int_equal(reply.id, 99);
    assert_true(kith_ref_equal(reply.to, remote(3)));
    assert_true(kith_ref_equal(reply.from, server));
    assert_memory_equal(reply.payload, "ok", 2);
    close_fixture(&fixture);
}

static void a_reply_needs_no_credit_and_an_empty_one_no_room(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct answering answering = {.what = REPLY_NOTHING};
    open_with_peer(&fixture, &peer);
    peer.connection->full = true;
    for (unsigned number = 0; number < 20; number++) { // more than 8 credits
        struct kith_frame frame = request_frame(spawn(&fixture, answer, &answering));
        frame.id = 100 + number;
        peer_send(&peer, 4, &frame);
        assert_int_equal(answering.error, KITH_OK);
    }
    fake_writable(peer.connection);
    run(&fixture);
    for (unsigned number = 0; number < 20; number++) {
        assert_int_equal(expect_frame(&peer, KITH_FRAME_MESSAGE).error, KITH_ERROR_DENIED);
    }
    close_fixture(&fixture);
}

static void a_request_that_is_dropped_ends_at_the_peer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct answering answering = {.what = DROP};
    open_with_peer(&fixture, &peer);
    struct kith_frame frame = request_frame(spawn(&fixture, answer, &answering));
    peer_send(&peer, 4, &frame);
    struct kith_frame back = expect_frame(&peer, KITH_FRAME_RETURN);
    assert_true(back.waiting);
    assert_int_equal(back.id, 99);
    assert_int_equal(back.error, KITH_ERROR_DOWN);
    assert_true(kith_ref_equal(back.to, remote(3)));
    assert_int_equal(back.credits, 0);
    close_fixture(&fixture);
}

static void a_forwarded_request_is_answered_to_its_first_sender(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, third;
    open_with_peer(&fixture, &peer);
    peer_up(&third, &fixture, FOLLOWER + 1, "10.0.0.3:7400");
    struct answering answering = {.what = FORWARD, .to = {FOLLOWER + 1, 6, 1}};
    struct kith_frame frame = request_frame(spawn(&fixture, answer, &answering));
    peer_send(&peer, 4, &frame);
    struct kith_frame passed = expect_frame(&third, KITH_FRAME_MESSAGE);
    assert_true(passed.waiting);
    assert_int_equal(passed.id, 99);
    assert_int_equal(passed.hops, 3); // two links and the forward
    assert_true(kith_ref_equal(passed.reply_to, remote(3)));
    assert_int_equal(passed.from.node, NODE);
    close_fixture(&fixture);
}

static void a_request_that_comes_home_keeps_its_caller(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct calling asynchronous = {.timeout_ms = 1000}, returned = {.timeout_ms = 1000};
    struct answering answering = {.what = REPLY};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, request, &asynchronous);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    struct kith_frame home = message_frame(asked.to, spawn(&fixture, answer, &answering), "");
    home.waiting = true;
    home.id = asked.id;
    home.reply_to = asked.from;
    home.hops = 3;
    peer_send(&peer, 4, &home);
    assert_int_equal(asynchronous.finished, 1);
    assert_int_equal(asynchronous.error, KITH_OK);

    spawn(&fixture, request, &returned); // and one whose new receiver has ended
    run(&fixture);
    asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    home.id = asked.id;
    home.reply_to = asked.from;
    peer_send(&peer, 4, &home);
    assert_int_equal(returned.finished, 1);
    assert_int_equal(returned.error, KITH_ERROR_STALE);
    close_fixture(&fixture);
}

static void the_reply_may_come_by_another_link(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer, third;
    struct calling calling = {.timeout_ms = 1000};
    open_with_peer(&fixture, &peer);
    peer_up(&third, &fixture, FOLLOWER + 1, "10.0.0.3:7400");
    spawn(&fixture, call, &calling);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MESSAGE);
    struct kith_frame frame = reply_frame(&asked, "answer");
    frame.from = (struct kith_ref){FOLLOWER + 1, 6, 1};
    peer_send(&third, 4, &frame);
    assert_int_equal(calling.finished, 1);
    assert_int_equal(calling.error, KITH_OK);
    assert_int_equal(calling.replier.node, FOLLOWER + 1);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_ends_with_its_reply),
        cmocka_unit_test(a_second_reply_is_dropped_and_counted),
        cmocka_unit_test(a_reply_after_the_deadline_is_dropped_and_counted),
        cmocka_unit_test(only_who_asked_gets_the_reply),
        cmocka_unit_test(a_peer_can_not_answer_what_was_asked_within_the_node),
        cmocka_unit_test(a_request_that_the_peer_returns_ends_with_its_reason),
        cmocka_unit_test(a_call_that_was_sent_is_unknown_when_the_connection_breaks),
        cmocka_unit_test(a_large_call_of_which_a_part_is_missing_was_not_executed),
        cmocka_unit_test(a_call_that_was_never_sent_says_so),
        cmocka_unit_test(a_call_is_over_when_its_peer_leaves),
        cmocka_unit_test(a_request_that_nobody_answers_ends_at_its_deadline),
        cmocka_unit_test(a_reply_that_can_not_be_decoded_is_a_reply_with_an_error),
        cmocka_unit_test(a_reply_goes_to_who_asked),
        cmocka_unit_test(a_reply_needs_no_credit_and_an_empty_one_no_room),
        cmocka_unit_test(a_request_that_is_dropped_ends_at_the_peer),
        cmocka_unit_test(a_forwarded_request_is_answered_to_its_first_sender),
        cmocka_unit_test(a_request_that_comes_home_keeps_its_caller),
        cmocka_unit_test(the_reply_may_come_by_another_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
