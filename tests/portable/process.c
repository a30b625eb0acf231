// SPDX-License-Identifier: Apache-2.0
// Processes: spawn, exit, kill, generations.
#include <string.h>

#include "check.h"

struct scene {
    struct check *check;
    struct kith_ref ref;
    uint32_t steps;
    enum kith_error result;
};

static void step_once(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    CHECK(scene->check, kith_ref_equal(kith_self(self), scene->ref));
    CHECK(scene->check, kith_process_node(self) == scene->check->node);
    CHECK(scene->check, kith_node_running(scene->check->node) == self);
    scene->steps++;
}

static void a_process_runs_when_its_turn_comes_and_ends_by_returning(struct check *check)
{
    struct scene scene = {.check = check};
    scene.ref = check_spawn(check, step_once, &scene);
    CHECK(check, scene.steps == 0);
    CHECK(check, kith_node_processes(check->node) == 1);
    CHECK(check, scene.ref.node == kith_node_incarnation(check->node));
    check_finish(check);
    CHECK(check, scene.steps == 1);
    CHECK(check, kith_node_running(check->node) == NULL);
}

static void exit_in_the_middle(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    scene->steps++;
    kith_exit(self, KITH_ERROR_IO);
}

static void watch(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    uint64_t monitor = 0;
    CHECK(scene->check, kith_monitor_start(self, scene->ref, &monitor) == KITH_OK);
    if (CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK)) {
        struct kith_down down;
        CHECK(scene->check, message->type == KITH_TYPE_DOWN && message->size == sizeof down);
        memcpy(&down, message->data, sizeof down);
        CHECK(scene->check, kith_ref_equal(down.process, scene->ref));
        CHECK(scene->check, down.monitor == monitor);
        scene->result = (enum kith_error)down.reason;
        kith_message_free(&message);
    }
}

static void exit_ends_a_process_with_its_reason(struct check *check)
{
    struct scene ending = {.check = check};
    struct scene watcher = {.check = check};
    check_spawn(check, watch, &watcher);
    watcher.ref = check_spawn(check, exit_in_the_middle, &ending);
    check_finish(check);
    CHECK(check, ending.steps == 1);
    CHECK(check, watcher.result == KITH_ERROR_IO);
}

static void spawn_child(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_spawn_options options = {.label = "child", .entry = step_once, .argument = scene};
    CHECK(scene->check, kith_spawn(kith_process_node(self), &options, &scene->ref) == KITH_OK);
    CHECK(scene->check, scene->steps == 0);
    CHECK(scene->check, kith_yield(self) == KITH_OK);
    CHECK(scene->check, scene->steps == 1);
}

static void a_process_can_start_another(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, spawn_child, &scene);
    check_finish(check);
    CHECK(check, scene.steps == 1);
}

static void do_nothing(struct kith_process *self, void *argument)
{
    (void)self;
    (void)argument;
}

static void there_are_no_more_processes_than_the_limit_says(struct check *check)
{
    uint32_t limit = kith_node_limits(check->node)->processes;
    struct kith_spawn_options options = {.entry = do_nothing};
    uint32_t count = 0;
    while (count <= limit && kith_spawn(check->node, &options, NULL) == KITH_OK) {
        count++;
    }
    CHECK(check, count == limit);
    CHECK(check, kith_spawn(check->node, &options, NULL) == KITH_ERROR_LIMIT);
    check_finish(check);
    CHECK(check, kith_spawn(check->node, &options, NULL) == KITH_OK);
    check_finish(check);
}

static void a_slot_is_reused_with_another_generation(struct check *check)
{
    struct kith_ref first = check_spawn(check, do_nothing, NULL);
    check_finish(check);
    struct kith_ref second = check_spawn(check, do_nothing, NULL);
    check_finish(check);
    CHECK(check, first.slot == second.slot);
    CHECK(check, first.generation != second.generation);
    CHECK(check, !kith_ref_is_none(first) && !kith_ref_equal(first, second));
    CHECK(check, kith_kill(check->node, first, KITH_ERROR_KILLED) == KITH_ERROR_STALE);
}

static void without_memory_spawn_says_so(struct check *check)
{
    struct kith_spawn_options options = {.entry = do_nothing, .stack_size = 4096};
    check->memory_limit = check->memory;
    CHECK(check, kith_spawn(check->node, &options, NULL) == KITH_ERROR_NO_MEMORY);
    check->memory_limit = SIZE_MAX;
    CHECK(check, kith_spawn(check->node, &options, NULL) == KITH_OK);
    check_finish(check);
}

static void tidy_up_when_killed(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    scene->steps = 1;
    scene->result = kith_receive(self, &message, KITH_FOREVER);
    CHECK(scene->check, message == NULL);
    scene->steps = 2;
    enum kith_error result = kith_yield(self);
    scene->steps = 3 + (uint32_t)result;
}

static void a_killed_process_may_tidy_up_and_then_ends(struct check *check)
{
    struct scene victim = {.check = check};
    struct scene watcher = {.check = check};
    watcher.ref = check_spawn(check, tidy_up_when_killed, &victim);
    check_spawn(check, watch, &watcher);
    kith_node_settle(check->node);
    CHECK(check, victim.steps == 1);
    CHECK(check, kith_kill(check->node, watcher.ref, KITH_ERROR_TIMEOUT) == KITH_OK);
    CHECK(check, victim.steps == 1);
    check_finish(check);
    CHECK(check, victim.result == KITH_ERROR_KILLED);
    CHECK(check, victim.steps == 2);
    CHECK(check, watcher.result == KITH_ERROR_TIMEOUT);
}

static void a_process_killed_before_it_ran_never_runs(struct check *check)
{
    struct scene victim = {.check = check};
    struct scene watcher = {.check = check};
    check_spawn(check, watch, &watcher); // first in the queue
    watcher.ref = check_spawn(check, tidy_up_when_killed, &victim);
    CHECK(check, kith_kill(check->node, watcher.ref, KITH_ERROR_IO) == KITH_OK);
    check_finish(check);
    CHECK(check, victim.steps == 0);
    CHECK(check, watcher.result == KITH_ERROR_IO);
}

static void kill_of_a_stranger_says_not_found(struct check *check)
{
    struct kith_ref stranger = {kith_node_incarnation(check->node) + 1, 0, 1};
    CHECK(check, kith_kill(check->node, stranger, KITH_ERROR_KILLED) == KITH_ERROR_NOT_FOUND);
    stranger.node = kith_node_incarnation(check->node);
    stranger.slot = UINT32_MAX;
    CHECK(check, kith_kill(check->node, stranger, KITH_ERROR_KILLED) != KITH_OK);
}

static void wait_for_good(struct kith_process *self, void *argument)
{
    struct kith_message *message = NULL;
    kith_receive(self, &message, KITH_FOREVER);
    kith_message_free(&message);
    (void)argument;
}

static void a_long_label_is_cut_and_info_shows_it(struct check *check)
{
    const char *label = "a label that is longer than the space for it";
    struct kith_spawn_options options = {.label = label, .entry = wait_for_good};
    struct kith_ref ref = KITH_REF_NONE;
    CHECK(check, kith_spawn(check->node, &options, &ref) == KITH_OK);
    kith_node_settle(check->node);
    struct kith_process_info info;
    CHECK(check, kith_process_info(check->node, ref.slot, &info) == KITH_OK);
    CHECK(check, strlen(info.label) == KITH_LABEL_SIZE - 1);
    CHECK(check, strncmp(info.label, label, KITH_LABEL_SIZE - 1) == 0);
    CHECK(check, info.state == KITH_STATE_RECEIVING);
    CHECK(check, kith_ref_equal(info.ref, ref));
    CHECK(check, kith_kill(check->node, ref, KITH_ERROR_KILLED) == KITH_OK);
    check_finish(check);
    CHECK(check, kith_process_info(check->node, ref.slot, &info) == KITH_ERROR_NOT_FOUND);
    CHECK(check, kith_process_info(check->node, UINT32_MAX, &info) == KITH_ERROR_NOT_FOUND);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_process_runs_when_its_turn_comes_and_ends_by_returning),
    CHECK_CASE(exit_ends_a_process_with_its_reason),
    CHECK_CASE(a_process_can_start_another),
    CHECK_CASE(there_are_no_more_processes_than_the_limit_says),
    CHECK_CASE(a_slot_is_reused_with_another_generation),
    CHECK_CASE(without_memory_spawn_says_so),
    CHECK_CASE(a_killed_process_may_tidy_up_and_then_ends),
    CHECK_CASE(a_process_killed_before_it_ran_never_runs),
    CHECK_CASE(kill_of_a_stranger_says_not_found),
    CHECK_CASE(a_long_label_is_cut_and_info_shows_it),
};

CHECK_MAIN(cases)
