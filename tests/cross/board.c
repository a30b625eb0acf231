// SPDX-License-Identifier: Apache-2.0
// What only a board has: interrupts, a heap of fixed size, guards by the MPU.
#include <string.h>

#include <kith/platform_board.h>

#include "../portable/check.h"

enum {
    INTERRUPT = 31, // no device of this machine uses it
    FRAME = 24,
    GUARD = 128,   // below each stack, at least
    GUARDED = 512, // of the neighbour's stack, whose bytes are compared
};

#define NVIC_ENABLE                 ((volatile uint32_t *)0xE000E100)
#define NVIC_PEND                   ((volatile uint32_t *)0xE000E200)
#define INTERRUPT_STATE             ((volatile uint32_t *)0xE000ED04)
#define INTERRUPT_STATE_SYSTICK_SET (1u << 26)

void kith_board_interrupt_31(void);

// A device that interrupts when it is told to; its driver posts a message each time.
static struct {
    struct kith_board_driver driver;
    struct check *check;
    struct kith_ref to;
    volatile uint32_t interrupts;
    uint32_t posted;
} device;

void kith_board_interrupt_31(void)
{
    device.interrupts++;
    device.check->target.wake(device.check->target.state);
}

static void poll_device(struct kith_board_driver *driver)
{
    (void)driver;
    while (device.posted < device.interrupts) {
        struct kith_message *message = check_message(device.check, CHECK_TYPE_A, device.posted++);
        CHECK(device.check, kith_post(device.check->node, device.to, &message) == KITH_OK);
    }
}

static void receive_interrupts(struct kith_process *self, void *argument)
{
    struct check *check = argument;
    for (uint32_t turn = 0; turn < 3; turn++) {
        struct kith_message *message = NULL;
        *NVIC_PEND = 1u << INTERRUPT;
        CHECK(check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
        CHECK(check, check_value(message) == turn);
        kith_message_free(&message);
    }
    kith_node_stop(check->node);
}

static void an_interrupt_wakes_the_node_and_its_driver_posts(struct check *check)
{
    device.check = check;
    device.driver.poll = poll_device;
    kith_platform_board_driver_add(check->target.state, &device.driver);
    *NVIC_ENABLE = 1u << INTERRUPT;
    device.to = check_spawn(check, receive_interrupts, check);
    kith_node_run(check->node);
    CHECK(check, device.interrupts == 3 && device.posted == 3);
    CHECK(check, kith_node_processes(check->node) == 0);
}

static void the_heap_ends_and_what_comes_back_can_be_had_again(struct check *check)
{
    const struct kith_platform *platform = &check->target;
    enum { BLOCK = 4096, MOST = 64 };
    void *blocks[MOST];
    uint32_t first = 0;
    for (uint32_t turn = 0; turn < 3; turn++) {
        uint32_t count = 0;
        while (count < MOST &&
               (blocks[count] = platform->allocate(platform->state, BLOCK)) != NULL) {
            memset(blocks[count++], 0xFF, BLOCK);
        }
        CHECK(check, count > 4 && count < 16); // of 64 KB
        CHECK(check, turn == 0 || count == first);
        first = count;
        while (count > 0) {
            platform->release(platform->state, blocks[--count], BLOCK);
        }
    }
    CHECK(check, platform->allocate(platform->state, SIZE_MAX / 2) == NULL);
    CHECK(check, platform->allocate(platform->state, (size_t)-64) == NULL);
}

struct scene {
    struct check *check;
    unsigned char *base; // of the stack that overflows
    void (*go_too_deep)(struct scene *scene);
};

static uint32_t recurse(uint32_t depth)
{
    volatile uint32_t frame[FRAME / 4];
    frame[0] = depth;
    return depth == UINT32_MAX ? frame[0] : recurse(depth + 1) + frame[0];
}

static void recurse_without_end(struct scene *scene)
{
    CHECK(scene->check, recurse(0) == 0);
}

// Lets an interrupt find less room on the stack than its frame needs.
static void be_interrupted_at_the_end(struct scene *scene)
{
    __asm__ volatile("mov r4, sp\n"
                     "mov sp, %0\n"
                     "str %1, [%2]\n"
                     "dsb\n"
                     "isb\n"
                     "mov sp, r4\n" ::"r"(scene->base + 8),
                     "r"(INTERRUPT_STATE_SYSTICK_SET), "r"(INTERRUPT_STATE)
                     : "r4", "memory");
}

static void go_too_deep(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    (void)self;
    CHECK(scene->check, (unsigned char *)&argument > scene->base); // on the stack that was meant
    scene->go_too_deep(scene);
    CHECK(scene->check, !"a process came back from the end of its stack");
}

// The harness leaves a margin below stacks: here they come from the board itself.
static bool open_stack(void *state, size_t size, struct kith_stack *stack)
{
    struct check *check = state;
    bool opened = check->target.stack_open(check->target.state, size, stack);
    check->stack = *stack;
    return opened;
}

static void close_stack(void *state, const struct kith_stack *stack)
{
    struct check *check = state;
    check->target.stack_close(check->target.state, stack);
}

static void wait_to_be_killed(struct kith_process *self, void *argument)
{
    struct check *check = argument;
    CHECK(check, kith_sleep_until(self, KITH_FOREVER) == KITH_ERROR_KILLED);
}

struct waiting {
    struct kith_ref ref;
    unsigned char *base, *top;
};

static struct waiting spawn_waiting(struct check *check)
{
    struct waiting waiting = {.ref = check_spawn(check, wait_to_be_killed, check)};
    waiting.base = check->stack.base;
    waiting.top = waiting.base + check->stack.size;
    return waiting;
}

static void end_waiting(struct check *check, const struct waiting *waiting)
{
    CHECK(check, kith_kill(check->node, waiting->ref, KITH_ERROR_KILLED) == KITH_OK);
    kith_node_settle(check->node);
}

// Has a process overflow its stack several times, right above the stack of one that waits.
static void overflow_above_neighbour(struct check *check, void (*how)(struct scene *scene))
{
    struct waiting lower = spawn_waiting(check), upper = spawn_waiting(check);
    kith_node_settle(check->node);
    if (lower.base > upper.base) {
        struct waiting swapped = lower;
        lower = upper;
        upper = swapped;
    }
    CHECK(check, upper.base >= lower.top + GUARD && upper.base < lower.top + 8 * GUARD);
    end_waiting(check, &upper); // what overflows gets its stack

    struct scene scene = {.check = check, .base = upper.base, .go_too_deep = how};
    unsigned char before[GUARDED];
    memcpy(before, lower.top - sizeof before, sizeof before);
    for (uint32_t turn = 1; turn <= 10; turn++) {
        check_spawn(check, go_too_deep, &scene);
        kith_node_settle(check->node);
        struct kith_node_counters counters;
        kith_node_counters(check->node, &counters);
        CHECK(check, counters.overflows == turn);
        CHECK(check, memcmp(lower.top - sizeof before, before, sizeof before) == 0);
    }
    end_waiting(check, &lower);
}

static void overflow_with_guard(struct check *check, void (*how)(struct scene *scene))
{
    struct kith_platform platform = check->platform;
    platform.stack_open = open_stack;
    platform.stack_close = close_stack;
    struct kith_node_options options = {
        .name = "guarded", .platform = &platform, .limits = &kith_limits_board};
    struct kith_node *outer = check->node;
    if (CHECK(check, kith_node_open(&options, &check->node) == KITH_OK)) {
        kith_platform_board_watch(check->node);
        overflow_above_neighbour(check, how);
        kith_platform_board_watch(NULL);
        kith_node_close(check->node);
    }
    check->node = outer;
}

static void an_overflow_is_stopped_by_the_guard_before_it_reaches_the_neighbour(struct check *check)
{
    overflow_with_guard(check, recurse_without_end);
}

static void an_interrupt_without_room_for_its_frame_ends_the_process(struct check *check)
{
    overflow_with_guard(check, be_interrupted_at_the_end);
}

static void lower_the_hog_limit(struct kith_limits *limits)
{
    limits->hog_ns = 4000000;
}

static void hold_the_processor(struct kith_process *self, void *argument)
{
    struct check *check = argument;
    struct kith_node_counters counters = {0};
    uint64_t give_up_ns = kith_now(self) + UINT64_C(1000000000);
    while (counters.hogs == 0 && kith_now(self) < give_up_ns) {
        kith_node_counters(check->node, &counters);
    }
    CHECK(check, counters.hogs == 1);
    CHECK(check, check->logged == 1);
}

static void a_process_that_holds_the_processor_is_reported_while_it_does(struct check *check)
{
    kith_platform_board_watch(check->node);
    check_spawn(check, hold_the_processor, check);
    check_finish(check);
    kith_platform_board_watch(NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(an_interrupt_wakes_the_node_and_its_driver_posts),
    CHECK_CASE(the_heap_ends_and_what_comes_back_can_be_had_again),
    CHECK_CASE(an_overflow_is_stopped_by_the_guard_before_it_reaches_the_neighbour),
    CHECK_CASE(an_interrupt_without_room_for_its_frame_ends_the_process),
    CHECK_CASE_WITH(a_process_that_holds_the_processor_is_reported_while_it_does,
                    lower_the_hog_limit),
};

CHECK_MAIN(cases)
