// SPDX-License-Identifier: Apache-2.0
// Two things that wake a process before it has run.
#include "fixture.h"

enum { MS = 1000000, TYPE = 5 };

struct scene {
    struct kith_ref server;
    enum kith_error results[4];
    unsigned count;
};

static struct kith_message *new_message(struct kith_node *node)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(node, TYPE, 8, &message), KITH_OK);
    return message;
}

static void receive_twice(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (unsigned turn = 0; turn < 2; turn++) {
        struct kith_message *message;
        scene->results[scene->count++] = kith_receive(self, &message, kith_deadline_ms(self, 10));
        kith_message_free(&message);
    }
}

static void a_message_after_the_deadline_wakes_the_process_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct scene scene = {0};
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref ref = spawn(&fixture, "receiver", receive_twice, &scene);
    kith_node_settle(fixture.node);
    kith_platform_sim_advance(fixture.sim, 20 * MS); // the node stood still meanwhile
    struct kith_message *message = new_message(fixture.node);
    assert_int_equal(kith_post(fixture.node, ref, &message), KITH_OK);
    run_to_end(&fixture);
    assert_int_equal(scene.count, 2);
    assert_int_equal(scene.results[0], KITH_OK);
    assert_int_equal(scene.results[1], KITH_ERROR_TIMEOUT);
    close_fixture(&fixture);
}

// Sleeps until its mailbox is full and others wait in front of it, then takes everything at once.
static void serve_all_at_once(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 10)), KITH_OK);
    while (kith_receive(self, &message, KITH_NO_WAIT) == KITH_OK) {
        assert_int_equal(kith_reply(self, &message), KITH_OK);
    }
}

static void call(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = new_message(kith_process_node(self));
    enum kith_error error = kith_call(self, scene->server, &message, KITH_FOREVER);
    scene->results[scene->count++] = error;
    kith_message_free(&message);
}

static void spawn_server(struct fixture *fixture, struct scene *scene)
{
    struct kith_spawn_options options = {
        .label = "server", .entry = serve_all_at_once, .mailbox_messages = 1};
    assert_int_equal(kith_spawn(fixture->node, &options, &scene->server), KITH_OK);
}

static void a_caller_that_waited_for_room_gets_a_reply_that_comes_before_it_runs(void **state)
{
    (void)state;
    struct fixture fixture;
    struct scene scene = {0};
    open_fixture(&fixture, &kith_limits_linux);
    spawn_server(&fixture, &scene);
    for (unsigned place = 0; place < 4; place++) {
        spawn(&fixture, "caller", call, &scene);
    }
    run_to_end(&fixture);
    assert_int_equal(scene.count, 4);
    for (unsigned place = 0; place < 4; place++) {
        assert_int_equal(scene.results[place], KITH_OK);
    }
    close_fixture(&fixture);
}

// Takes what waits, drops it, and kills the caller that has room now before that has run again.
static void take_and_kill(struct kith_process *self, void *argument)
{
    const struct kith_ref *caller = argument;
    struct kith_message *message;
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 10)), KITH_OK);
    assert_int_equal(kith_receive(self, &message, KITH_NO_WAIT), KITH_OK);
    kith_message_free(&message);
    assert_int_equal(kith_kill(kith_process_node(self), *caller, KITH_ERROR_KILLED), KITH_OK);
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 10)), KITH_OK);
}

static void a_caller_that_waited_for_room_is_told_that_it_was_killed_then(void **state)
{
    (void)state;
    struct fixture fixture;
    struct scene scene = {0};
    struct kith_ref last;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_spawn_options options = {
        .label = "server", .entry = take_and_kill, .argument = &last, .mailbox_messages = 1};
    assert_int_equal(kith_spawn(fixture.node, &options, &scene.server), KITH_OK);
    spawn(&fixture, "caller", call, &scene);
    last = spawn(&fixture, "caller", call, &scene);
    run_to_end(&fixture);
    assert_int_equal(scene.count, 2);
    assert_int_equal(scene.results[0], KITH_ERROR_DOWN); // its request was dropped first
    assert_int_equal(scene.results[1], KITH_ERROR_KILLED);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_after_the_deadline_wakes_the_process_once),
        cmocka_unit_test(a_caller_that_waited_for_room_gets_a_reply_that_comes_before_it_runs),
        cmocka_unit_test(a_caller_that_waited_for_room_is_told_that_it_was_killed_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
