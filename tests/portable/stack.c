// SPDX-License-Identifier: Apache-2.0
// Stacks without a hardware guard: high-water mark, and overflows caught by the canary.
#include <string.h>

#include "check.h"

enum { FRAME = 48, MARGIN = 256 };

enum next { RECEIVES, YIELDS, RETURNS, EXITS };

struct scene {
    struct check *check;
    struct kith_stack stack; // of the process that overflows
    struct kith_ref target;
    uint32_t steps;
    enum next next;
    enum kith_error reason;
};

// Goes down until `lowest` has been written to.
static uint32_t descend(const unsigned char *lowest)
{
    volatile unsigned char frame[FRAME];
    memset((unsigned char *)frame, 1, sizeof frame);
    uint32_t depth = 1;
    if ((uintptr_t)frame > (uintptr_t)lowest) {
        depth += descend(lowest);
    }
    return depth + frame[FRAME - 1] - 1;
}

static void overflow(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    scene->steps++;
    CHECK(scene->check, descend((unsigned char *)scene->stack.base + MARGIN) > 0);
    *(volatile unsigned char *)scene->stack.base = 1; // what one call more would have done
    scene->steps++;
    switch (scene->next) {
    case RECEIVES:
        kith_receive(self, &message, KITH_FOREVER);
        break;
    case YIELDS:
        kith_yield(self);
        break;
    case RETURNS:
        return;
    case EXITS:
        kith_exit(self, KITH_ERROR_IO);
    }
    CHECK(scene->check, !"a process that overflowed its stack came back");
}

static void watch(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_monitor_start(self, scene->target, NULL) == KITH_OK);
    CHECK(scene->check, kith_receive_type(self, KITH_TYPE_DOWN, &message, KITH_FOREVER) == KITH_OK);
    struct kith_down down;
    memcpy(&down, message->data, sizeof down);
    scene->reason = (enum kith_error)down.reason;
    kith_message_free(&message);
}

static void run_overflow(struct check *check, enum next next)
{
    struct scene scene = {.check = check, .next = next};
    check_spawn(check, watch, &scene);
    scene.target = check_spawn(check, overflow, &scene);
    scene.stack = check->stack;
    unsigned logged = check->logged;
    check_finish(check);
    CHECK(check, scene.steps == 2);
    CHECK(check, scene.reason == KITH_ERROR_OVERFLOW);
    CHECK(check, check->logged > logged);
    struct kith_node_counters counters;
    kith_node_counters(check->node, &counters);
    CHECK(check, counters.overflows == 1);
}

static void an_overflow_ends_the_process_when_it_blocks_with_a_report(struct check *check)
{
    run_overflow(check, RECEIVES);
}

static void an_overflow_ends_the_process_when_it_yields(struct check *check)
{
    run_overflow(check, YIELDS);
}

static void an_overflow_is_noticed_when_the_process_returns(struct check *check)
{
    run_overflow(check, RETURNS);
}

static void an_overflow_is_noticed_when_the_process_exits(struct check *check)
{
    run_overflow(check, EXITS);
}

static void do_nothing(struct kith_process *self, void *argument)
{
    uint32_t *turns = argument;
    for (uint32_t turn = 0; turn < 3; turn++) {
        (*turns)++;
        kith_yield(self);
    }
}

static void goes_on(struct kith_process *self, void *argument)
{
    (void)argument;
    (void)kith_sleep_until(self, KITH_FOREVER);
}

// Goes down until only `room` is left, and spawns.
static uint32_t descend_and_spawn(struct scene *scene, size_t room)
{
    volatile unsigned char frame[FRAME];
    memset((unsigned char *)frame, 1, sizeof frame);
    if ((uintptr_t)frame > (uintptr_t)scene->stack.base + room) {
        return descend_and_spawn(scene, room) + frame[FRAME - 1];
    }
    const struct kith_spawn_options options = {.label = "another", .entry = goes_on};
    scene->steps++;
    (void)kith_spawn(scene->check->node, &options, NULL);
    scene->steps++;
    return frame[FRAME - 1];
}

static void spawn_deep_down(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    (void)self;
    (void)descend_and_spawn(scene, scene->stack.size / 9);
}

static void a_call_without_room_ends_the_process_before_it_begins(struct check *check)
{
    struct scene scene = {.check = check};
    struct kith_node_counters counters;
    check_spawn(check, watch, &scene);
    scene.target = check_spawn(check, spawn_deep_down, &scene);
    scene.stack = check->stack;
    check_finish(check); // nothing else has been spawned
    kith_node_counters(check->node, &counters);
    CHECK(check, scene.steps == 1);
    CHECK(check, scene.reason == KITH_ERROR_OVERFLOW);
    CHECK(check, counters.overflows == 1 && counters.spawned == 2);
}

static void the_stack_of_an_overflow_can_be_used_again(struct check *check)
{
    run_overflow(check, RECEIVES);
    uint32_t turns = 0;
    uint32_t count = kith_node_limits(check->node)->processes;
    for (uint32_t place = 0; place < count; place++) {
        check_spawn(check, do_nothing, &turns);
    }
    check_finish(check);
    CHECK(check, turns == 3 * count);
    struct kith_node_counters counters;
    kith_node_counters(check->node, &counters);
    CHECK(check, counters.overflows == 1);
}

static void measure(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_node *node = kith_process_node(self);
    struct kith_process_info before, after;
    CHECK(scene->check, kith_process_info(node, kith_self(self).slot, &before) == KITH_OK);
    CHECK(scene->check, before.stack_used > 0 && before.stack_used < before.stack_size);
    CHECK(scene->check, before.stack_size == scene->stack.size);
    descend((unsigned char *)scene->stack.base + scene->stack.size / 4);
    CHECK(scene->check, kith_process_info(node, kith_self(self).slot, &after) == KITH_OK);
    CHECK(scene->check, after.stack_used >= after.stack_size * 3 / 4);
    CHECK(scene->check, after.stack_used < after.stack_size);
    CHECK(scene->check, after.stack_used >= before.stack_used);
    scene->steps++;
}

static void the_high_water_mark_shows_how_deep_a_process_went(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, measure, &scene);
    scene.stack = check->stack;
    check_finish(check);
    CHECK(check, scene.steps == 1);
}

struct sized {
    struct check *check;
    size_t wanted, given;
};

static void see_own_stack(struct kith_process *self, void *argument)
{
    struct sized *sized = argument;
    struct kith_process_info info;
    CHECK(sized->check,
          kith_process_info(kith_process_node(self), kith_self(self).slot, &info) == KITH_OK);
    sized->given = info.stack_size;
}

static void a_process_gets_the_stack_it_asks_for_whoever_had_it_before(struct check *check)
{
    static const size_t factors[] = {5, 7, 8, 6, 10, 16, 9}; // eighths of the target's
    size_t unit = kith_node_limits(check->node)->stack_size / 8;
    for (size_t place = 0; place < sizeof factors / sizeof factors[0]; place++) {
        struct sized sized = {.check = check, .wanted = factors[place] * unit};
        struct kith_spawn_options options = {
            .entry = see_own_stack, .argument = &sized, .stack_size = sized.wanted};
        CHECK(check, kith_spawn(check->node, &options, NULL) == KITH_OK);
        check_finish(check);
        CHECK(check, sized.given >= sized.wanted);
    }
}

static const struct check_case cases[] = {
    CHECK_CASE(an_overflow_ends_the_process_when_it_blocks_with_a_report),
    CHECK_CASE(an_overflow_ends_the_process_when_it_yields),
    CHECK_CASE(an_overflow_is_noticed_when_the_process_returns),
    CHECK_CASE(an_overflow_is_noticed_when_the_process_exits),
    CHECK_CASE(a_call_without_room_ends_the_process_before_it_begins),
    CHECK_CASE(the_stack_of_an_overflow_can_be_used_again),
    CHECK_CASE(the_high_water_mark_shows_how_deep_a_process_went),
    CHECK_CASE(a_process_gets_the_stack_it_asks_for_whoever_had_it_before),
};

CHECK_MAIN(cases)
