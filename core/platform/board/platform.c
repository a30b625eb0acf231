// SPDX-License-Identifier: Apache-2.0
// The platform table of a board.
#include <kith/platform_board.h>

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "guard.h"
#include "log.h"
#include "registers.h"

enum { STACK_FILL = 0xA5, STACK_ALIGNMENT = 8 };

static noreturn void panic(void *state, const char *reason)
{
    (void)state;
    kithi_log_text("\npanic: ");
    kithi_log_text(reason);
    kithi_log_text("\n");
    kith_board.halt(KITH_BOARD_STATUS_PANIC);
    for (;;) {
        // halt doesn't return; the compiler can't know.
    }
}

static uint64_t now_ns(void *state)
{
    (void)state;
    return kithi_clock_now_ns();
}

static uint64_t wall_ns(void *state)
{
    (void)state;
    return 0;
}

static void poll_drivers(struct kith_platform_board *board)
{
    for (struct kith_board_driver *driver = board->drivers; driver != NULL; driver = driver->next) {
        driver->poll(driver);
    }
}

// Sleeps until the next interrupt, which is the clock's tick at the latest: deadlines are kept to a
// tick. Interrupts are masked from the last look at `woken` to the sleep, so that none is missed.
static void idle(void *state, uint64_t deadline_ns)
{
    struct kith_platform_board *board = state;
    poll_drivers(board);
    uint32_t before = kithi_interrupts_mask();
    if (!board->woken && kithi_clock_now_ns() < deadline_ns) {
        kithi_sleep();
    }
    board->woken = false;
    kithi_interrupts_restore(before); // handlers of what came meanwhile run here
    poll_drivers(board);
}

static void wake(void *state)
{
    struct kith_platform_board *board = state;
    board->woken = true;
}

static void entropy(void *state, void *bytes, size_t size)
{
    if (!kith_board.entropy(bytes, size)) {
        panic(state, "the board's source of entropy failed");
    }
}

static void *allocate(void *state, size_t size)
{
    (void)state;
    return malloc(size);
}

static void release(void *state, void *memory, size_t size)
{
    (void)state;
    (void)size;
    free(memory);
}

// A stack with a guard, while the MPU has regions. The guard is too small to stop everything, so
// that all stacks count as unguarded: the kernel looks at their canaries too.
static bool stack_open(void *state, size_t size, struct kith_stack *stack)
{
    size = (size + STACK_ALIGNMENT - 1) & ~(size_t)(STACK_ALIGNMENT - 1);
    bool guarded = kithi_guard_available(state);
    unsigned char *base =
        guarded ? memalign(KITHI_GUARD_SIZE, KITHI_GUARD_SIZE + size) : malloc(size);
    if (base == NULL) {
        return false;
    }
    if (guarded) {
        kithi_guard_set(state, base);
        base += KITHI_GUARD_SIZE;
    }
    memset(base, STACK_FILL, size);
    *stack = (struct kith_stack){.base = base, .size = size, .guarded = false, .fill = STACK_FILL};
    return true;
}

static void stack_close(void *state, const struct kith_stack *stack)
{
    unsigned char *guard = (unsigned char *)stack->base - KITHI_GUARD_SIZE;
    free(kithi_guard_clear(state, guard) ? guard : stack->base);
}

static void log_event(void *state, enum kith_log_level level, const char *event,
                      const struct kith_log_field *fields, size_t count)
{
    (void)state;
    kithi_log_event(level, event, fields, count);
}

void kith_platform_board_init(struct kith_platform_board *board, struct kith_platform *platform)
{
    *board = (struct kith_platform_board){.woken = false};
    *platform = (struct kith_platform){
        .state = board,
        .now_ns = now_ns,
        .wall_ns = wall_ns,
        .idle = idle,
        .wake = wake,
        .entropy = entropy,
        .allocate = allocate,
        .release = release,
        .stack_open = stack_open,
        .stack_close = stack_close,
        .log = log_event,
        .panic = panic,
    };
    kithi_guards_start(board);
    kithi_clock_start(kith_board.cpu_hz);
    uint8_t trial[8];
    entropy(board, trial, sizeof trial);
}

void kith_platform_board_driver_add(struct kith_platform_board *board,
                                    struct kith_board_driver *driver)
{
    assert(driver->poll != NULL);
    driver->next = board->drivers;
    board->drivers = driver;
}
