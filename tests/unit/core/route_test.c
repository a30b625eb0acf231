// SPDX-License-Identifier: Apache-2.0
// The kernel's side of a link, with a route that records what it is asked.
#include "peer.h"

#include <string.h>

static void observers_learn_of_another_endpoint_of_a_node(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_peer(&fixture, &peer, &kith_limits_linux);
    struct kith_endpoint endpoint;
    assert_int_equal(kith_endpoint_parse("127.0.0.1:7401", 0, &endpoint), KITH_OK);
    kith_route_reached(peer.route, &endpoint);
    assert_int_equal(peer.changes, 2);
    struct kith_route_info info;
    kith_route_info(peer.route, &info);
    assert_true(kith_endpoint_equal(&info.also, &endpoint));
    assert_int_equal(info.state, KITH_ROUTE_UP);
    kith_route_reached_self(fixture.node, &endpoint);
    assert_int_equal(peer.changes, 3);
    assert_int_equal(peer.changed.incarnation, kith_node_incarnation(fixture.node));
    assert_true(kith_endpoint_equal(&peer.changed.also, &endpoint));
    kith_route_unobserve(fixture.node, &peer.observer);
    close_fixture(&fixture);
}

struct outcome {
    enum kith_error error;
    uint32_t reply_error;
    struct kith_down down;
    struct peer *peer;
    bool finished;
};

static void call_remote(struct kith_process *self, void *argument)
{
    struct outcome *outcome = argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 9, 4, &message), KITH_OK);
    outcome->error = kith_call(self, remote, &message, kith_deadline_ms(self, 100));
    outcome->reply_error = message == NULL ? 0 : message->error;
    outcome->finished = true;
    kith_message_free(&message);
}

static void a_remote_call_gets_its_reply_in_the_same_message(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    spawn(&fixture, "caller", call_remote, &outcome);
    kith_node_step(fixture.node);
    assert_non_null(peer.kept);
    peer.kept->to = peer.kept->reply_to;
    peer.kept->from = remote;
    peer.kept->waiting = false;
    peer.kept->done = true;
    peer.kept->error = KITH_ERROR_NOT_FOUND; // the program's own answer
    assert_int_equal(kith_route_deliver(peer.route, &peer.kept), KITH_OK);
    run_to_end(&fixture);
    assert_true(outcome.finished);
    assert_int_equal(outcome.error, KITH_OK);
    assert_int_equal(outcome.reply_error, KITH_ERROR_NOT_FOUND);
    close_fixture(&fixture);
}

static void a_remote_call_ends_when_its_route_returns_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    spawn(&fixture, "caller", call_remote, &outcome);
    kith_node_step(fixture.node);
    kith_route_return(peer.route, &peer.kept, KITH_ERROR_UNKNOWN);
    run_to_end(&fixture);
    assert_true(outcome.finished);
    assert_int_equal(outcome.error, KITH_ERROR_UNKNOWN);
    close_fixture(&fixture);
}

static void a_forwarded_request_that_is_returned_ends_where_its_caller_is(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_peer(&fixture, &peer, &kith_limits_linux);
    struct kith_message *message;
    assert_int_equal(kith_message_new(fixture.node, 9, 4, &message), KITH_OK);
    message->waiting = true;
    message->id = 5;
    message->reply_to = remote; // another node's process, by way of this one
    kith_route_return(peer.route, &message, KITH_ERROR_NOT_SENT);
    assert_int_equal(peer.sent, 1);
    assert_true(peer.last_failed);
    assert_int_equal(peer.last_id, 5);
    assert_int_equal(peer.last_error, KITH_ERROR_NOT_SENT);
    assert_true(kith_ref_equal(peer.last_to, remote));
    kith_route_unobserve(fixture.node, &peer.observer);
    close_fixture(&fixture);
}

static void a_remote_call_that_times_out_is_cancelled(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    spawn(&fixture, "caller", call_remote, &outcome);
    run_to_end(&fixture);
    assert_int_equal(outcome.error, KITH_ERROR_TIMEOUT);
    assert_int_equal(peer.cancels, 1);
    assert_null(peer.kept);
    close_fixture(&fixture);
}

static void a_sender_waits_while_the_route_is_full(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    peer.answer = KITH_ERROR_FULL;
    spawn(&fixture, "caller", call_remote, &outcome);
    kith_node_step(fixture.node);
    assert_int_equal(peer.sent, 0);
    kith_route_ready(peer.route, remote); // still full: nothing happens
    peer.answer = KITH_OK;
    kith_route_ready(peer.route, (struct kith_ref){PEER, 4, 1}); // somebody else's credit
    assert_int_equal(peer.sent, 0);
    kith_route_ready(peer.route, remote);
    assert_int_equal(peer.sent, 1);
    kith_node_step(fixture.node);
    kith_route_return(peer.route, &peer.kept, KITH_ERROR_STALE);
    run_to_end(&fixture);
    assert_int_equal(outcome.error, KITH_ERROR_STALE);
    close_fixture(&fixture);
}

static void watch_remote(struct kith_process *self, void *argument)
{
    struct outcome *outcome = argument;
    struct kith_message *message;
    assert_int_equal(kith_monitor_start(self, remote, NULL), KITH_OK);
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(message->type, KITH_TYPE_DOWN);
    memcpy(&outcome->down, message->data, sizeof outcome->down);
    kith_message_free(&message);
    outcome->error = kith_receive(self, &message, kith_deadline_ms(self, 1000));
    outcome->finished = true;
}

static void a_monitor_fires_once_when_the_node_is_lost(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    spawn(&fixture, "watcher", watch_remote, &outcome);
    kith_node_step(fixture.node);
    assert_int_equal(peer.monitors, 1);
    kith_route_set_state(peer.route, KITH_ROUTE_SUSPECT, KITH_OK, 0);
    kith_route_remonitor(peer.route);
    assert_int_equal(peer.monitors, 2);
    kith_route_set_state(peer.route, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE, 0);
    kith_route_set_state(peer.route, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED, NEXT_PEER);
    run_to_end(&fixture);
    assert_true(outcome.finished);
    assert_int_equal(outcome.down.reason, KITH_ERROR_UNREACHABLE);
    assert_true(kith_ref_equal(outcome.down.process, remote));
    assert_int_equal(outcome.error, KITH_ERROR_TIMEOUT);
    assert_int_equal(kith_route_successor(fixture.node, PEER), NEXT_PEER);
    close_fixture(&fixture);
}

static void a_reference_to_a_former_incarnation_is_stale(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    kith_route_set_state(peer.route, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED, NEXT_PEER);
    spawn(&fixture, "caller", call_remote, &outcome);
    run_to_end(&fixture);
    assert_int_equal(outcome.error, KITH_ERROR_STALE);
    close_fixture(&fixture);
}

static void receive_remote(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    kith_message_free(&message);
}

static void a_message_from_a_route_gives_its_credit_back_when_received(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_peer(&fixture, &peer, &kith_limits_linux);
    struct kith_ref receiver = spawn(&fixture, "receiver", receive_remote, NULL);
    struct kith_message *message;
    for (int count = 0; count < 2; count++) { // one to receive, one to be freed with the mailbox
        assert_int_equal(kith_message_new(fixture.node, 5, 4, &message), KITH_OK);
        message->from = remote;
        message->to = receiver;
        message->carried = 1000; // before it was decoded
        assert_int_equal(kith_route_deliver(peer.route, &message), KITH_OK);
    }
    run_to_end(&fixture);
    assert_int_equal(peer.consumed, 2);
    assert_int_equal(peer.consumed_bytes, 2000);
    assert_int_equal(kith_message_new(fixture.node, 5, 4, &message), KITH_OK);
    message->from = remote;
    message->to = receiver;
    assert_int_equal(kith_route_deliver(peer.route, &message), KITH_ERROR_STALE);
    kith_message_free(&message);
    close_fixture(&fixture);
}

static void wait_for_anything(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_ERROR_KILLED);
}

static void a_peer_that_watches_is_told_of_the_end_or_at_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_peer(&fixture, &peer, &kith_limits_linux);
    struct kith_ref target = spawn(&fixture, "target", wait_for_anything, NULL);
    kith_node_step(fixture.node);
    kith_route_monitor(peer.route, remote, target, 5, KITH_KIND_MONITOR);
    kith_route_monitor(peer.route, remote, target, 5, KITH_KIND_MONITOR); // asked again
    assert_int_equal(peer.downs, 0);
    kith_kill(fixture.node, target, KITH_ERROR_KILLED);
    kith_node_step(fixture.node);
    assert_int_equal(peer.downs, 1);
    assert_int_equal(peer.last_down, KITH_ERROR_KILLED);
    kith_route_monitor(peer.route, remote, target, 6, KITH_KIND_MONITOR);
    assert_int_equal(peer.downs, 2);
    assert_int_equal(peer.last_down, KITH_ERROR_STALE);
    run_to_end(&fixture);
    close_fixture(&fixture);
}

static void tie_to_remote(struct kith_process *self, void *argument)
{
    struct outcome *outcome = argument;
    struct kith_message *message;
    assert_int_equal(kith_tie(self, remote), KITH_OK);
    outcome->error = kith_receive(self, &message, KITH_FOREVER);
    outcome->finished = true;
}

static void a_peer_gets_a_share_of_the_monitors(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct kith_limits limits = kith_limits_linux;
    limits.monitors = 16;
    open_peer(&fixture, &peer, &limits);
    struct kith_ref target = spawn(&fixture, "target", wait_for_anything, NULL);
    kith_node_step(fixture.node);
    for (uint64_t id = 1; id <= 5; id++) {
        kith_route_monitor(peer.route, remote, target, id, KITH_KIND_MONITOR);
        assert_int_equal(peer.downs, id == 5);
    }
    assert_int_equal(peer.last_down, KITH_ERROR_LIMIT);
    kith_route_monitor_stop(peer.route, remote, target, 1);
    kith_route_monitor(peer.route, remote, target, 6, KITH_KIND_MONITOR);
    assert_int_equal(peer.downs, 1);
    kith_kill(fixture.node, target, KITH_ERROR_KILLED);
    run_to_end(&fixture);
    assert_int_equal(peer.downs, 5);
    close_fixture(&fixture);
}

static void a_tie_ends_the_local_half_with_the_remote_one(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    struct kith_ref tied = spawn(&fixture, "tied", tie_to_remote, &outcome);
    kith_node_step(fixture.node);
    kith_route_down(peer.route, tied, remote, peer.last_monitor, KITH_ERROR_DOWN);
    run_to_end(&fixture);
    assert_true(outcome.finished);
    assert_int_equal(outcome.error, KITH_ERROR_KILLED);
    assert_int_equal(peer.downs, 1); // the other half hears of ours
    close_fixture(&fixture);
}

struct watching {
    struct kith_ref target;
    uint64_t monitor;
    unsigned received;
};

static void stop_a_monitor_that_fired(struct kith_process *self, void *argument)
{
    struct watching *watching = argument;
    struct kith_message *message;
    assert_int_equal(kith_monitor_start(self, watching->target, &watching->monitor), KITH_OK);
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 10)), KITH_OK);
    assert_int_equal(kith_monitor_stop(self, watching->monitor), KITH_OK);
    while (kith_receive(self, &message, KITH_NO_WAIT) == KITH_OK) {
        kith_message_free(&message);
        watching->received++;
    }
}

enum { TRIES = 1000 };

struct trial {
    bool link_is_back;
    int tries;
};

static void try_until_the_link_is_back(struct kith_process *self, void *argument)
{
    struct trial *trial = argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 7, 0, &message), KITH_OK);
    while (!trial->link_is_back && trial->tries < TRIES) {
        trial->tries++;
        assert_int_equal(kith_call(self, remote, &message, KITH_FOREVER), KITH_ERROR_UNREACHABLE);
        assert_int_equal(kith_send(self, remote, &message, KITH_FOREVER), KITH_ERROR_UNREACHABLE);
    }
    kith_message_free(&message);
}

static void bring_the_link_back(struct kith_process *self, void *argument)
{
    (void)self;
    ((struct trial *)argument)->link_is_back = true;
}

static void who_tries_again_at_once_does_not_keep_the_others_from_running(void **state)
{
    (void)state;
    struct fixture fixture;
    struct trial trial = {0};
    open_fixture(&fixture, &kith_limits_linux);
    spawn(&fixture, "trying", try_until_the_link_is_back, &trial);
    spawn(&fixture, "link", bring_the_link_back, &trial);
    run_to_end(&fixture);
    assert_int_equal(trial.tries, 1);
    close_fixture(&fixture);
}

static void a_monitor_is_told_from_a_tie_of_a_remote_process(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = KITH_REF_NONE};
    struct outcome outcome = {0};
    open_peer(&fixture, &peer, &kith_limits_linux);
    struct kith_ref tied = spawn(&fixture, "tied", tie_to_remote, &outcome);
    kith_node_step(fixture.node);
    uint64_t tie = peer.last_monitor;
    watching.target = spawn(&fixture, "target", wait_for_anything, NULL);
    struct kith_ref watcher = spawn(&fixture, "watcher", stop_a_monitor_that_fired, &watching);
    kith_node_step(fixture.node);
    // The other node counts as this one does, and has come as far, or nearly.
    for (uint64_t id = tie; id <= tie + 3; id++) {
        kith_route_monitor(peer.route, remote, watcher, id, KITH_KIND_TIE);
    }
    kith_kill(fixture.node, watching.target, KITH_ERROR_KILLED);
    kith_kill(fixture.node, tied, KITH_ERROR_KILLED);
    run_to_end(&fixture);
    assert_int_equal(watching.received, 0);
    close_fixture(&fixture);
}

static void try_for_ever(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    enum kith_error error = KITH_ERROR_UNREACHABLE;
    (void)argument;
    assert_int_equal(kith_message_new(kith_process_node(self), 7, 8, &message), KITH_OK);
    while (error == KITH_ERROR_UNREACHABLE) {
        error = kith_send(self, remote, &message, KITH_FOREVER);
    }
    assert_int_equal(error, KITH_ERROR_KILLED);
    kith_message_free(&message);
}

static void who_tries_again_at_once_can_be_killed(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref trying = spawn(&fixture, "trying", try_for_ever, NULL);
    for (int step = 0; step < 3; step++) {
        kith_node_step(fixture.node);
    }
    assert_int_equal(kith_kill(fixture.node, trying, KITH_ERROR_KILLED), KITH_OK);
    for (int step = 0; step < 10; step++) {
        kith_node_step(fixture.node);
    }
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observers_learn_of_another_endpoint_of_a_node),
        cmocka_unit_test(a_remote_call_gets_its_reply_in_the_same_message),
        cmocka_unit_test(a_remote_call_ends_when_its_route_returns_it),
        cmocka_unit_test(a_forwarded_request_that_is_returned_ends_where_its_caller_is),
        cmocka_unit_test(a_remote_call_that_times_out_is_cancelled),
        cmocka_unit_test(a_sender_waits_while_the_route_is_full),
        cmocka_unit_test(a_monitor_fires_once_when_the_node_is_lost),
        cmocka_unit_test(a_reference_to_a_former_incarnation_is_stale),
        cmocka_unit_test(a_message_from_a_route_gives_its_credit_back_when_received),
        cmocka_unit_test(a_peer_that_watches_is_told_of_the_end_or_at_once),
        cmocka_unit_test(a_peer_gets_a_share_of_the_monitors),
        cmocka_unit_test(a_tie_ends_the_local_half_with_the_remote_one),
        cmocka_unit_test(a_monitor_is_told_from_a_tie_of_a_remote_process),
        cmocka_unit_test(who_tries_again_at_once_does_not_keep_the_others_from_running),
        cmocka_unit_test(who_tries_again_at_once_can_be_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
