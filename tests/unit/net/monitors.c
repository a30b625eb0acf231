// SPDX-License-Identifier: Apache-2.0
// Monitors across a link: once, and after the last message.
#include "fixture.h"

static struct kith_ref remote(uint32_t slot)
{
    return (struct kith_ref){FOLLOWER, slot, 1};
}

struct watching {
    struct kith_ref target;
    unsigned wanted, messages, downs;
    unsigned messages_before; // the DOWN
    struct kith_down down;
    bool stop;
    bool killed;
};

static void watch(struct kith_process *self, void *argument)
{
    struct watching *watching = argument;
    uint64_t id;
    assert_int_equal(kith_monitor_start(self, watching->target, &id), KITH_OK);
    if (watching->stop) {
        assert_int_equal(kith_monitor_stop(self, id), KITH_OK);
    }
    while (watching->messages + watching->downs < watching->wanted) {
        struct kith_message *message;
        if (kith_receive(self, &message, KITH_FOREVER) != KITH_OK) {
            watching->killed = true;
            return;
        }
        if (message->type == KITH_TYPE_DOWN) {
            memcpy(&watching->down, message->data, sizeof watching->down);
            watching->downs++;
            watching->messages_before = watching->messages;
        } else {
            watching->messages++;
        }
        kith_message_free(&message);
    }
}

static void open_with_peer(struct fixture *fixture, struct peer *peer)
{
    open_fixture(fixture, NULL);
    peer_up(peer, fixture, FOLLOWER, "10.0.0.2:7400");
}

static struct kith_frame down_frame(const struct kith_frame *asked)
{
    return (struct kith_frame){.kind = KITH_FRAME_DOWN,
                               .from = asked->to,
                               .to = asked->from,
                               .id = asked->id,
                               .error = KITH_ERROR_OVERFLOW,
                               .remaining_ms = UINT64_MAX};
}

static void a_monitor_is_asked_for_and_stopped_at_the_peer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4), .stop = true};
    open_with_peer(&fixture, &peer);
    struct kith_ref watcher = spawn(&fixture, watch, &watching);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MONITOR);
    assert_true(kith_ref_equal(asked.from, watcher));
    assert_true(kith_ref_equal(asked.to, remote(4)));
    assert_false(asked.tie);
    struct kith_frame stopped = expect_frame(&peer, KITH_FRAME_UNMONITOR);
    assert_int_equal(stopped.id, asked.id);
    expect_nothing(&peer);
    close_fixture(&fixture);
}

static void a_down_waits_for_the_last_message_of_every_urgency(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4), .wanted = 3};
    open_with_peer(&fixture, &peer);
    struct kith_ref watcher = spawn(&fixture, watch, &watching);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MONITOR);
    struct kith_frame down = down_frame(&asked);
    struct kith_frame message = message_frame(remote(4), watcher, "last");
    peer_send(&peer, KITH_STREAM_URGENT, &down);
    peer_send(&peer, 5, &message);
    peer_send(&peer, 5, &down);
    peer_send(&peer, 5, &down); // twice on one stream is once
    assert_int_equal(watching.downs, 0);
    message.urgency = KITH_BULK;
    peer_send(&peer, KITH_STREAM_BULK, &message);
    peer_send(&peer, KITH_STREAM_BULK, &down);
    assert_int_equal(watching.downs, 1);
    assert_int_equal(watching.messages_before, 2);
    assert_int_equal(watching.down.reason, KITH_ERROR_OVERFLOW);
    assert_true(kith_ref_equal(watching.down.process, remote(4)));
    close_fixture(&fixture);
}

static void a_down_comes_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4), .wanted = 2};
    open_with_peer(&fixture, &peer);
    struct kith_ref watcher = spawn(&fixture, watch, &watching);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MONITOR);
    struct kith_frame down = down_frame(&asked);
    for (unsigned times = 0; times < 2; times++) {
        peer_send(&peer, 5, &down);
        peer_send(&peer, KITH_STREAM_URGENT, &down);
        peer_send(&peer, KITH_STREAM_BULK, &down);
    }
    assert_int_equal(watching.downs, 1);
    struct kith_frame message = message_frame(remote(5), watcher, "go");
    peer_send(&peer, 5, &message);
    assert_int_equal(watching.messages, 1);
    close_fixture(&fixture);
}

static void end_when_told(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    for (unsigned number = 0; number < 3; number++) {
        assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
        message->urgency = (uint8_t)number;
        assert_int_equal(kith_send(self, remote(4), &message, KITH_NO_WAIT), KITH_OK);
    }
    (void)kith_receive(self, &message, KITH_FOREVER);
    kith_message_free(&message);
    kith_exit(self, KITH_ERROR_IO);
}

static void watch_from_afar(struct peer *peer, struct kith_ref target, uint64_t id, bool tie)
{
    struct kith_frame frame = {.kind = KITH_FRAME_MONITOR,
                               .from = remote(4),
                               .to = target,
                               .id = id,
                               .tie = tie,
                               .remaining_ms = UINT64_MAX};
    peer_send(peer, KITH_STREAM_CONTROL, &frame);
}

// Expects one DOWN of `id` on each stream that the pair's messages may have taken.
static void expect_downs(struct peer *peer, struct kith_ref target, uint64_t id,
                         enum kith_error reason)
{
    bool messages[KITH_STREAMS] = {false}, downs[KITH_STREAMS] = {false};
    unsigned count = 0, stream;
    struct kith_frame frame;
    while (peer_hear(peer, &frame, &stream)) {
        if (frame.kind == KITH_FRAME_MESSAGE) {
            assert_false(downs[stream]);
            messages[stream] = true;
            continue;
        }
        assert_int_equal(frame.kind, KITH_FRAME_DOWN);
        assert_true(kith_ref_equal(frame.from, target));
        assert_true(kith_ref_equal(frame.to, remote(4)));
        assert_int_equal(frame.id, id);
        assert_int_equal(frame.error, reason);
        assert_false(downs[stream]);
        downs[stream] = true;
        count++;
    }
    assert_int_equal(count, 3);
    assert_true(downs[KITH_STREAM_URGENT]);
    assert_true(downs[KITH_STREAM_BULK]);
    for (stream = 0; stream < KITH_STREAMS; stream++) {
        assert_true(downs[stream] || !messages[stream]);
    }
}

static void the_peer_is_told_on_every_stream_of_the_pair(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    struct kith_ref target = spawn(&fixture, end_when_told, NULL);
    peer.connection->full = true; // all of it waits in the queues
    watch_from_afar(&peer, target, 12, false);
    struct kith_frame go = message_frame(remote(4), target, "go");
    peer_send(&peer, 5, &go);
    fake_writable(peer.connection);
    run(&fixture);
    expect_downs(&peer, target, 12, KITH_ERROR_IO);
    close_fixture(&fixture);
}

static void a_monitor_of_a_process_that_has_ended_answers_at_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    struct kith_ref ended = {NODE, 5, 9};
    watch_from_afar(&peer, ended, 13, false);
    expect_downs(&peer, ended, 13, KITH_ERROR_STALE);
    close_fixture(&fixture);
}

static void a_monitor_that_the_peer_stopped_says_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(9), .wanted = 1};
    open_with_peer(&fixture, &peer);
    struct kith_ref target = spawn(&fixture, watch, &watching);
    watch_from_afar(&peer, target, 14, false);
    struct kith_frame frame = {.kind = KITH_FRAME_UNMONITOR,
                               .from = remote(4),
                               .to = target,
                               .id = 14,
                               .remaining_ms = UINT64_MAX};
    peer_send(&peer, KITH_STREAM_CONTROL, &frame);
    expect_frame(&peer, KITH_FRAME_MONITOR);
    assert_int_equal(kith_kill(fixture.node, target, KITH_OK), KITH_OK);
    run(&fixture);
    expect_frame(&peer, KITH_FRAME_UNMONITOR); // the target's own
    expect_nothing(&peer);
    close_fixture(&fixture);
}

static void monitors_are_asked_for_again_by_a_new_connection(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4), .wanted = 1};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, watch, &watching);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MONITOR);
    struct kith_frame down = down_frame(&asked);
    peer_send(&peer, 5, &down); // one of the three
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    struct kith_frame again = expect_frame(&peer, KITH_FRAME_MONITOR);
    assert_int_equal(again.id, asked.id);
    peer_send(&peer, KITH_STREAM_URGENT, &down);
    peer_send(&peer, KITH_STREAM_BULK, &down);
    assert_int_equal(watching.downs, 0); // the first doesn't count any longer
    peer_send(&peer, 5, &down);
    assert_int_equal(watching.downs, 1);
    close_fixture(&fixture);
}

static void a_process_that_ends_meanwhile_is_told_when_asked_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    struct kith_ref target = spawn(&fixture, end_when_told, NULL);
    watch_from_afar(&peer, target, 15, false);
    for (unsigned number = 0; number < 3; number++) {
        expect_frame(&peer, KITH_FRAME_MESSAGE);
    }
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run(&fixture);
    assert_int_equal(kith_kill(fixture.node, target, KITH_ERROR_IO), KITH_OK);
    run(&fixture);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    expect_nothing(&peer);
    watch_from_afar(&peer, target, 15, false);
    expect_downs(&peer, target, 15, KITH_ERROR_STALE);
    close_fixture(&fixture);
}

static void stop_watching(struct kith_process *self, void *argument)
{
    struct watching *watching = argument;
    uint64_t id;
    assert_int_equal(kith_monitor_start(self, watching->target, &id), KITH_OK);
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 100)), KITH_OK);
    assert_int_equal(kith_monitor_stop(self, id), KITH_OK);
}

static void a_monitor_that_is_stopped_without_a_connection_is_stopped_by_the_next(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4)};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, stop_watching, &watching);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MONITOR);
    fake_closed(peer.connection, KITH_ERROR_UNREACHABLE);
    run_for(&fixture, 200);
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_UNMONITOR).id, asked.id);
    expect_nothing(&peer);
    close_fixture(&fixture);
}

static void monitors_fire_when_the_node_is_given_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4), .wanted = 1};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, watch, &watching);
    run_for(&fixture, 4900);
    assert_int_equal(watching.downs, 0);
    run_for(&fixture, 400);
    assert_int_equal(watching.downs, 1);
    assert_int_equal(watching.down.reason, KITH_ERROR_UNREACHABLE);
    close_fixture(&fixture);
}

static void monitors_fire_when_the_node_leaves(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4), .wanted = 1};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, watch, &watching);
    run(&fixture);
    peer_say(&peer, KITH_FRAME_GOODBYE, KITH_ERROR_LEFT);
    assert_int_equal(watching.downs, 1);
    assert_int_equal(watching.down.reason, KITH_ERROR_LEFT);
    close_fixture(&fixture);
}

static void tie_to(struct kith_process *self, void *argument)
{
    struct watching *watching = argument;
    struct kith_message *message;
    assert_int_equal(kith_tie(self, watching->target), KITH_OK);
    watching->killed = kith_receive(self, &message, KITH_FOREVER) == KITH_ERROR_KILLED;
}

static void a_tie_reaches_across_a_link(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4)};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, tie_to, &watching);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MONITOR);
    assert_true(asked.tie);
    struct kith_frame down = down_frame(&asked);
    peer_send(&peer, 5, &down);
    peer_send(&peer, KITH_STREAM_URGENT, &down);
    assert_false(watching.killed);
    peer_send(&peer, KITH_STREAM_BULK, &down);
    assert_true(watching.killed);
    close_fixture(&fixture);
}

// Who is tied to a process can end it.
static void a_process_that_its_node_needs_is_not_tied(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct kith_ref ref;
    const struct kith_spawn_options needed = {.entry = end_when_told, .needed = true};
    open_with_peer(&fixture, &peer);
    assert_int_equal(kith_spawn(fixture.node, &needed, &ref), KITH_OK);
    run(&fixture);
    watch_from_afar(&peer, ref, 7, true);
    expect_downs(&peer, ref, 7, KITH_ERROR_DENIED);
    struct kith_frame down = {.kind = KITH_FRAME_DOWN,
                              .from = remote(4),
                              .to = ref,
                              .id = 7,
                              .error = KITH_ERROR_KILLED,
                              .remaining_ms = UINT64_MAX};
    for (unsigned stream = KITH_STREAM_URGENT; stream < KITH_STREAMS; stream++) {
        peer_send(&peer, stream, &down);
    }
    assert_int_equal(kith_kill(fixture.node, ref, KITH_OK), KITH_OK); // it was still there
    run(&fixture);
    close_fixture(&fixture);
}

static void a_down_that_nobody_waits_for_costs_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer);
    size_t before = kith_platform_sim_memory(fixture.sim);
    for (uint64_t id = 1; id <= 1000; id++) {
        struct kith_frame down = {.kind = KITH_FRAME_DOWN,
                                  .from = remote(4),
                                  .to = {NODE, 1, 1},
                                  .id = id,
                                  .error = KITH_ERROR_KILLED,
                                  .remaining_ms = UINT64_MAX};
        peer_send(&peer, 5, &down); // and not on the other two streams
    }
    assert_int_equal(kith_platform_sim_memory(fixture.sim), before);
    assert_int_equal(link_info(&fixture, FOLLOWER).malformed, 0);
    close_fixture(&fixture);
}

static void without_memory_a_down_comes_early_rather_than_never(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct watching watching = {.target = remote(4), .wanted = 1};
    open_with_peer(&fixture, &peer);
    spawn(&fixture, watch, &watching);
    run(&fixture);
    struct kith_frame asked = expect_frame(&peer, KITH_FRAME_MONITOR);
    struct kith_frame down = down_frame(&asked);
    kith_platform_sim_fail_allocation(fixture.sim, 1, true);
    peer_send(&peer, 5, &down);
    kith_platform_sim_fail_allocation(fixture.sim, 0, false);
    assert_int_equal(watching.downs, 1);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_monitor_is_asked_for_and_stopped_at_the_peer),
        cmocka_unit_test(a_down_waits_for_the_last_message_of_every_urgency),
        cmocka_unit_test(a_down_comes_once),
        cmocka_unit_test(the_peer_is_told_on_every_stream_of_the_pair),
        cmocka_unit_test(a_monitor_of_a_process_that_has_ended_answers_at_once),
        cmocka_unit_test(a_monitor_that_the_peer_stopped_says_nothing),
        cmocka_unit_test(monitors_are_asked_for_again_by_a_new_connection),
        cmocka_unit_test(a_process_that_ends_meanwhile_is_told_when_asked_again),
        cmocka_unit_test(a_monitor_that_is_stopped_without_a_connection_is_stopped_by_the_next),
        cmocka_unit_test(monitors_fire_when_the_node_is_given_up),
        cmocka_unit_test(monitors_fire_when_the_node_leaves),
        cmocka_unit_test(a_tie_reaches_across_a_link),
        cmocka_unit_test(a_process_that_its_node_needs_is_not_tied),
        cmocka_unit_test(a_down_that_nobody_waits_for_costs_nothing),
        cmocka_unit_test(without_memory_a_down_comes_early_rather_than_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
