// SPDX-License-Identifier: Apache-2.0
// A stack may end anywhere, also where a kernel call is made. Whatever is left of it then, the
// process ends, nothing else does, and nothing of it remains.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include <kith/platform_linux.h>

#include "kernel.h"

enum {
    LEFT_LEAST = 16,
    LEFT_MOST = 3000,
    LEFT_STEP = 8,
    PLENTY = 14000,
    LARGE_FRAME = 60000,
    STEPS = 10, // after which everything has come to rest
};

struct scene {
    struct kith_platform platform;
    struct kith_node *node;
    void (*call)(struct kith_process *self, struct scene *scene);
    size_t left; // of the stack when that is called
    bool came_back;
    struct kith_ref server, sleeper, full, caller;
    struct kith_message *message; // of the process that makes the call
};

// Where the guard of the running process's stack ends: a page before the one the stack begins in.
static uintptr_t find_guard_end(const struct scene *scene)
{
    uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t base = (uintptr_t)kithi_process_stack(scene->node)->base;
    return ((base + page_size - 1) & -page_size) - page_size;
}

// Nothing in between is touched.
static __attribute__((noinline)) void descend_and_call(struct kith_process *self,
                                                       struct scene *scene)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    void *volatile skipped = __builtin_alloca(here - find_guard_end(scene) - scene->left);
    (void)skipped;
    scene->call(self, scene);
}

static void make_call(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    assert_int_equal(kith_message_new(scene->node, 1, 64, &scene->message), KITH_OK);
    descend_and_call(self, scene);
    scene->came_back = true;
    kith_message_free(&scene->message);
}

static void serve(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        if (message->waiting) {
            (void)kith_reply(self, &message);
        }
        kith_message_free(&message);
    }
}

static void sleep_on(struct kith_process *self, void *argument)
{
    (void)argument;
    (void)kith_sleep_until(self, KITH_FOREVER);
}

static void call_the_server(struct kith_process *self, struct scene *scene)
{
    (void)kith_call(self, scene->server, &scene->message, KITH_FOREVER);
}

static void call_with_a_deadline(struct kith_process *self, struct scene *scene)
{
    (void)kith_call(self, scene->server, &scene->message, kith_deadline_ms(self, 1000));
}

static void request(struct kith_process *self, struct scene *scene)
{
    uint64_t id;
    if (kith_request(self, scene->server, &scene->message, KITH_FOREVER, KITH_FOREVER, &id) ==
        KITH_OK) {
        (void)kith_receive_reply(self, id, &scene->message, KITH_FOREVER);
    }
}

static void send_to_who_waits(struct kith_process *self, struct scene *scene)
{
    (void)kith_send(self, scene->server, &scene->message, KITH_FOREVER);
}

static void send_into_a_mailbox(struct kith_process *self, struct scene *scene)
{
    (void)kith_send(self, scene->sleeper, &scene->message, KITH_FOREVER);
}

static void wait_for_room(struct kith_process *self, struct scene *scene)
{
    (void)kith_send(self, scene->full, &scene->message, kith_deadline_ms(self, 1));
}

static void receive_from_itself(struct kith_process *self, struct scene *scene)
{
    struct kith_message *message;
    (void)kith_send(self, kith_self(self), &scene->message, KITH_FOREVER);
    if (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        kith_message_free(&message);
    }
    (void)kith_receive(self, &message, kith_deadline_ms(self, 0));
    (void)kith_yield(self);
}

// Before the caller runs: one in its mailbox, which has room for no more, and one that waits in
// front of it.
static void send_two(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (int count = 0; count < 2; count++) {
        struct kith_message *message;
        assert_int_equal(kith_message_new(scene->node, 1, 0, &message), KITH_OK);
        (void)kith_send(self, scene->caller, &message, KITH_FOREVER);
        kith_message_free(&message);
    }
}

static void receive_what_others_wait_behind(struct kith_process *self, struct scene *scene)
{
    struct kith_message *message;
    (void)scene;
    (void)kith_receive(self, &message, KITH_FOREVER);
    kith_message_free(&message);
}

static void give_way(struct kith_process *self, struct scene *scene)
{
    (void)scene;
    (void)kith_yield(self);
}

static void make_messages(struct kith_process *self, struct scene *scene)
{
    struct kith_message *message = NULL;
    (void)self;
    if (kith_message_new(scene->node, 1, 100, &message) == KITH_OK &&
        kith_message_resize(message, 5000) == KITH_OK) {
        kith_message_reset(message);
    }
    kith_message_free(&message);
}

static void spawn_another(struct kith_process *self, struct scene *scene)
{
    const struct kith_spawn_options options = {.label = "another", .entry = sleep_on};
    struct kith_ref ref;
    (void)self;
    if (kith_spawn(scene->node, &options, &ref) == KITH_OK) {
        (void)kith_kill(scene->node, ref, KITH_ERROR_KILLED);
    }
}

static void watch_another(struct kith_process *self, struct scene *scene)
{
    uint64_t monitor, timer;
    if (kith_monitor_start(self, scene->sleeper, &monitor) == KITH_OK &&
        kith_timer_start(self, kith_deadline_ms(self, 1000), 0, &timer) == KITH_OK &&
        kith_tie(self, scene->server) == KITH_OK) {
        (void)kith_timer_stop(self, timer);
        (void)kith_monitor_stop(self, monitor);
    }
}

static void end_with_possessions(struct kith_process *self, struct scene *scene)
{
    uint64_t id;
    (void)kith_monitor_start(self, scene->sleeper, &id);
    (void)kith_timer_start(self, kith_deadline_ms(self, 1000), 0, &id);
    kith_exit(self, KITH_OK);
}

static void settle(const struct scene *scene)
{
    for (int step = 0; step < STEPS; step++) {
        (void)kith_node_step(scene->node);
    }
}

static struct kith_ref spawn(struct scene *scene, kith_process_entry *entry, uint32_t mailbox)
{
    struct kith_ref ref;
    const struct kith_spawn_options options = {
        .entry = entry,
        .argument = scene,
        .mailbox_messages = mailbox,
        .priority = entry == send_two ? KITH_PRIORITY_HIGH : KITH_PRIORITY_NORMAL};
    assert_int_equal(kith_spawn(scene->node, &options, &ref), KITH_OK);
    return ref;
}

static void open_scene(struct scene *scene)
{
    const struct kith_platform_linux_options platform = {.log_level = KITH_LOG_ERROR};
    const struct kith_node_options options = {
        .name = "overflow", .platform = &scene->platform, .limits = &kith_limits_linux};
    struct kith_message *message;
    *scene = (struct scene){.node = NULL};
    assert_int_equal(kith_platform_linux_open(&platform, &scene->platform), KITH_OK);
    assert_int_equal(kith_node_open(&options, &scene->node), KITH_OK);
    kith_platform_linux_watch(&scene->platform, scene->node);
    scene->server = spawn(scene, serve, 0);
    scene->sleeper = spawn(scene, sleep_on, 0);
    scene->full = spawn(scene, sleep_on, 1);
    assert_int_equal(kith_message_new(scene->node, 1, 0, &message), KITH_OK);
    assert_int_equal(kith_post(scene->node, scene->full, &message), KITH_OK);
    settle(scene);
}

static void close_scene(struct scene *scene)
{
    struct kith_message_counters counters;
    for (uint32_t slot = 0; slot < scene->node->slots; slot++) {
        (void)kith_kill(scene->node, kithi_process_ref(kithi_process_at(scene->node, slot)),
                        KITH_ERROR_KILLED);
    }
    settle(scene);
    assert_int_equal(kith_node_processes(scene->node), 0);
    kith_message_counters(scene->node, &counters);
    assert_int_equal(counters.alive, 0);
    assert_int_equal(scene->node->monitors.len, 0);
    assert_int_equal(scene->node->timers, 0);
    kith_platform_linux_watch(&scene->platform, NULL);
    kith_node_close(scene->node);
    kith_platform_linux_close(&scene->platform);
}

// Those that are there still do what they are for.
static void check_the_others(struct scene *scene)
{
    scene->call = call_the_server;
    scene->left = PLENTY;
    scene->came_back = false;
    spawn(scene, make_call, 0);
    settle(scene);
    assert_true(scene->came_back);
}

static void a_stack_may_end_anywhere_in(void (*call)(struct kith_process *self,
                                                     struct scene *scene))
{
    unsigned overflows = 0, survivals = 0;
    for (size_t left = LEFT_LEAST; left <= LEFT_MOST; left += LEFT_STEP) {
        struct scene scene;
        open_scene(&scene);
        scene.call = call;
        scene.left = left;
        scene.caller = spawn(&scene, make_call, 1);
        if (call == receive_what_others_wait_behind) {
            spawn(&scene, send_two, 0);
        }
        settle(&scene);
        (void)kith_kill(scene.node, scene.caller, KITH_ERROR_KILLED);
        settle(&scene);
        overflows += scene.node->counters.overflows == 1;
        survivals += scene.node->counters.overflows == 0;
        if (call != watch_another) { // which may have taken the server along
            check_the_others(&scene);
        }
        close_scene(&scene);
    }
    assert_true(overflows > 0 && survivals > 0);
}

#define CASE(call)                                                                                 \
    static void call##_survives(void **state)                                                      \
    {                                                                                              \
        (void)state;                                                                               \
        a_stack_may_end_anywhere_in(call);                                                         \
    }
CASE(call_the_server)
CASE(call_with_a_deadline)
CASE(request)
CASE(send_to_who_waits)
CASE(send_into_a_mailbox)
CASE(wait_for_room)
CASE(receive_from_itself)
CASE(receive_what_others_wait_behind)
CASE(give_way)
CASE(make_messages)
CASE(spawn_another)
CASE(watch_another)
CASE(end_with_possessions)

// Only its far end is written to: that is beyond the guard, whose size is a page.
static void take_a_large_frame(struct kith_process *self, void *argument)
{
    (void)self;
    unsigned char frame[LARGE_FRAME];
    frame[0] = 1;
    __asm__ volatile("" : : "r"(frame) : "memory"); // all of it is needed, says this
    *(bool *)argument = frame[0] == 1;
}

static void a_frame_larger_than_the_guard_does_not_step_over_it(void **state)
{
    (void)state;
    struct scene scene;
    bool lived_on = false;
    const struct kith_spawn_options options = {.entry = take_a_large_frame, .argument = &lived_on};
    open_scene(&scene);
    assert_int_equal(kith_spawn(scene.node, &options, NULL), KITH_OK);
    settle(&scene);
    assert_false(lived_on);
    assert_int_equal(scene.node->counters.overflows, 1);
    check_the_others(&scene);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_the_server_survives),
        cmocka_unit_test(call_with_a_deadline_survives),
        cmocka_unit_test(request_survives),
        cmocka_unit_test(send_to_who_waits_survives),
        cmocka_unit_test(send_into_a_mailbox_survives),
        cmocka_unit_test(wait_for_room_survives),
        cmocka_unit_test(receive_from_itself_survives),
        cmocka_unit_test(receive_what_others_wait_behind_survives),
        cmocka_unit_test(give_way_survives),
        cmocka_unit_test(make_messages_survives),
        cmocka_unit_test(spawn_another_survives),
        cmocka_unit_test(watch_another_survives),
        cmocka_unit_test(end_with_possessions_survives),
        cmocka_unit_test(a_frame_larger_than_the_guard_does_not_step_over_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
