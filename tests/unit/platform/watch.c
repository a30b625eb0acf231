// SPDX-License-Identifier: Apache-2.0
// A process that holds the CPU is reported while it does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kith/exchange.h>
#include <kith/platform_linux.h>

enum { PATIENCE_NS = 2000000000 };

struct scene {
    struct kith_platform platform;
    struct kith_node *node;
    uint64_t hogs; // that were counted while the process still held the CPU
};

static uint64_t count_hogs(const struct scene *scene)
{
    struct kith_node_counters counters;
    kith_node_counters(scene->node, &counters);
    return counters.hogs;
}

static void open_scene(struct scene *scene)
{
    struct kith_platform_linux_options options = {.log_level = KITH_LOG_ERROR};
    struct kith_limits limits = kith_limits_linux;
    limits.hog_ns = 10000000;
    assert_int_equal(kith_platform_linux_open(&options, &scene->platform), KITH_OK);
    struct kith_node_options node = {.platform = &scene->platform, .limits = &limits};
    assert_int_equal(kith_node_open(&node, &scene->node), KITH_OK);
    kith_platform_linux_watch(&scene->platform, scene->node);
}

static void close_scene(struct scene *scene)
{
    assert_int_equal(kith_node_processes(scene->node), 0);
    kith_platform_linux_watch(&scene->platform, NULL);
    kith_node_close(scene->node);
    kith_platform_linux_close(&scene->platform);
}

// Never gives way before it was reported.
static void hold_until_reported(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t give_up_ns = kith_now(self) + PATIENCE_NS;
    while (count_hogs(scene) == 0 && kith_now(self) < give_up_ns) {
    }
    scene->hogs = count_hogs(scene);
}

static void a_process_that_never_gives_way_is_reported_while_it_runs(void **state)
{
    (void)state;
    struct scene scene = {.hogs = 0};
    open_scene(&scene);
    const struct kith_spawn_options options = {.entry = hold_until_reported, .argument = &scene};
    assert_int_equal(kith_spawn(scene.node, &options, NULL), KITH_OK);
    kith_node_settle(scene.node);
    assert_int_equal(scene.hogs, 1);
    close_scene(&scene);
}

static void give_way(struct kith_process *self, void *argument)
{
    uint64_t until_ns = kith_now(self) + *(uint64_t *)argument;
    while (kith_now(self) < until_ns) {
        assert_int_equal(kith_yield(self), KITH_OK);
    }
}

static void a_process_that_runs_all_the_time_but_gives_way_is_not(void **state)
{
    (void)state;
    struct scene scene = {.hogs = 0};
    open_scene(&scene);
    uint64_t time_ns = 60000000;
    const struct kith_spawn_options options = {.entry = give_way, .argument = &time_ns};
    assert_int_equal(kith_spawn(scene.node, &options, NULL), KITH_OK);
    kith_node_settle(scene.node);
    assert_int_equal(count_hogs(&scene), 0);
    close_scene(&scene);
}

static void two_nodes_of_a_thread_are_watched_each(void **state)
{
    (void)state;
    struct scene scenes[2] = {{.hogs = 0}, {.hogs = 0}};
    open_scene(&scenes[0]);
    open_scene(&scenes[1]);
    for (int place = 1; place >= 0; place--) {
        const struct kith_spawn_options options = {.entry = hold_until_reported,
                                                   .argument = &scenes[place]};
        assert_int_equal(kith_spawn(scenes[place].node, &options, NULL), KITH_OK);
        kith_node_settle(scenes[place].node);
    }
    assert_int_equal(scenes[0].hogs, 1);
    assert_int_equal(scenes[1].hogs, 1);
    close_scene(&scenes[0]);
    close_scene(&scenes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_never_gives_way_is_reported_while_it_runs),
        cmocka_unit_test(a_process_that_runs_all_the_time_but_gives_way_is_not),
        cmocka_unit_test(two_nodes_of_a_thread_are_watched_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
