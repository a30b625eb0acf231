// SPDX-License-Identifier: Apache-2.0
// Monitors and ties.
#include <string.h>

#include "check.h"

struct scene {
    struct check *check;
    struct kith_ref target, watcher;
    uint32_t values, downs;
    enum kith_error reason;
};

static enum kith_error take_down(struct scene *scene, struct kith_message **message)
{
    struct kith_down down = {.reason = UINT32_MAX};
    if (CHECK(scene->check, (*message)->size == sizeof down)) {
        memcpy(&down, (*message)->data, sizeof down);
    }
    CHECK(scene->check, kith_ref_equal(down.process, scene->target));
    kith_message_free(message);
    return (enum kith_error)down.reason;
}

// Receives until a short time after the first DOWN.
static void watch_to_the_end(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_monitor_start(self, scene->target, NULL) == KITH_OK);
    uint64_t deadline_ns = KITH_FOREVER;
    while (kith_receive(self, &message, deadline_ns) == KITH_OK) {
        if (message->type == KITH_TYPE_DOWN) {
            scene->downs++;
            scene->reason = take_down(scene, &message);
            deadline_ns = kith_deadline_ms(self, 2);
        } else {
            CHECK(scene->check, scene->downs == 0);
            scene->values++;
            kith_message_free(&message);
        }
    }
}

static void send_and_end(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (uint32_t value = 0; value < 3; value++) {
        struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, value);
        CHECK(scene->check, kith_send(self, scene->watcher, &message, KITH_FOREVER) == KITH_OK);
    }
    kith_exit(self, KITH_ERROR_IO);
}

static void a_monitor_fires_once_after_the_last_message(struct check *check)
{
    struct scene scene = {.check = check};
    scene.watcher = check_spawn(check, watch_to_the_end, &scene);
    scene.target = check_spawn(check, send_and_end, &scene);
    check_finish(check);
    CHECK(check, scene.values == 3);
    CHECK(check, scene.downs == 1);
    CHECK(check, scene.reason == KITH_ERROR_IO);
}

static void end_at_once(struct kith_process *self, void *argument)
{
    (void)self;
    (void)argument;
}

static void a_monitor_of_a_process_that_has_ended_fires_at_once(struct check *check)
{
    struct scene scene = {.check = check};
    scene.target = check_spawn(check, end_at_once, NULL);
    check_finish(check);
    check_spawn(check, watch_to_the_end, &scene);
    check_finish(check);
    CHECK(check, scene.downs == 1);
    CHECK(check, scene.reason == KITH_ERROR_STALE);
}

static void end_when_told(struct kith_process *self, void *argument)
{
    struct kith_message *message = NULL;
    kith_receive(self, &message, KITH_FOREVER);
    kith_message_free(&message);
    (void)argument;
}

static void stop_in_time_and_too_late(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, 0);
    uint64_t first, second;
    CHECK(scene->check, kith_monitor_start(self, scene->target, &first) == KITH_OK);
    CHECK(scene->check, kith_monitor_start(self, scene->target, &second) == KITH_OK);
    CHECK(scene->check, first != second);
    CHECK(scene->check, kith_monitor_stop(self, first) == KITH_OK);
    CHECK(scene->check, kith_monitor_stop(self, first) == KITH_ERROR_NOT_FOUND);
    CHECK(scene->check, kith_send(self, scene->target, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, kith_yield(self) == KITH_OK);
    // The second has fired by now, and its message goes with it.
    CHECK(scene->check, kith_monitor_stop(self, second) == KITH_OK);
    CHECK(scene->check,
          kith_receive(self, &message, kith_deadline_ms(self, 2)) == KITH_ERROR_TIMEOUT);
    scene->values++;
}

static void a_stopped_monitor_never_fires(struct check *check)
{
    struct scene scene = {.check = check};
    scene.target = check_spawn(check, end_when_told, NULL);
    check_spawn(check, stop_in_time_and_too_late, &scene);
    check_finish(check);
    CHECK(check, scene.values == 1);
}

static void watch_too_many(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    uint32_t limit = kith_node_limits(scene->check->node)->monitors;
    while (scene->values <= limit && kith_monitor_start(self, scene->target, NULL) == KITH_OK) {
        scene->values++;
    }
    CHECK(scene->check, scene->values == limit);
    CHECK(scene->check, kith_monitor_start(self, scene->target, NULL) == KITH_ERROR_LIMIT);
}

static void there_are_no_more_monitors_than_the_limit_says(struct check *check)
{
    struct scene scene = {.check = check};
    scene.target = check_spawn(check, end_when_told, NULL);
    check_spawn(check, watch_too_many, &scene);
    kith_node_settle(check->node);
    CHECK(check, kith_kill(check->node, scene.target, KITH_ERROR_KILLED) == KITH_OK);
    check_finish(check);
}

static void tie_and_wait(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_tie(self, scene->target) == KITH_OK);
    scene->values++;
    scene->reason = kith_receive(self, &message, KITH_FOREVER);
    kith_message_free(&message);
    scene->downs++;
}

static void tied_processes_end_together(struct check *check)
{
    struct scene scene = {.check = check};
    for (uint32_t side = 0; side < 2; side++) {
        scene.target = check_spawn(check, end_when_told, NULL);
        scene.watcher = check_spawn(check, tie_and_wait, &scene);
        kith_node_settle(check->node);
        struct kith_ref killed = side == 0 ? scene.target : scene.watcher;
        CHECK(check, kith_kill(check->node, killed, KITH_ERROR_IO) == KITH_OK);
        check_finish(check);
        CHECK(check, scene.reason == KITH_ERROR_KILLED);
    }
    CHECK(check, scene.values == 2 && scene.downs == 2);
}

static void a_tie_does_not_bind_to_an_end_with_ok(struct check *check)
{
    struct scene scene = {.check = check};
    scene.target = check_spawn(check, end_when_told, NULL);
    scene.watcher = check_spawn(check, tie_and_wait, &scene);
    kith_node_settle(check->node);
    struct kith_message *message = check_message(check, CHECK_TYPE_A, 0);
    CHECK(check, kith_post(check->node, scene.target, &message) == KITH_OK);
    kith_node_settle(check->node);
    CHECK(check, kith_node_processes(check->node) == 1 && scene.downs == 0);
    message = check_message(check, CHECK_TYPE_A, 0);
    CHECK(check, kith_post(check->node, scene.watcher, &message) == KITH_OK);
    check_finish(check);
    CHECK(check, scene.reason == KITH_OK && scene.downs == 1);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_monitor_fires_once_after_the_last_message),
    CHECK_CASE(a_monitor_of_a_process_that_has_ended_fires_at_once),
    CHECK_CASE(a_stopped_monitor_never_fires),
    CHECK_CASE(there_are_no_more_monitors_than_the_limit_says),
    CHECK_CASE(tied_processes_end_together),
    CHECK_CASE(a_tie_does_not_bind_to_an_end_with_ok),
};

CHECK_MAIN(cases)
