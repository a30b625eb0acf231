// SPDX-License-Identifier: Apache-2.0
// The portable tests on anything POSIX: a platform without events from outside, its stacks without
// guards, so that the kernel's own checks are what is tested.
#define _GNU_SOURCE
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { STACK_FILL = 0xA5 };

const size_t target_stack_size = 65536;

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t now_ns(void *state)
{
    (void)state;
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t wall_ns(void *state)
{
    (void)state;
    return read_clock(CLOCK_REALTIME);
}

static void panic(void *state, const char *reason)
{
    (void)state;
    fprintf(stderr, "panic: %s\n", reason);
    abort();
}

static void idle(void *state, uint64_t deadline_ns)
{
    bool *woken = state;
    if (!*woken && deadline_ns == KITH_FOREVER) {
        panic(state, "idle for good, and nothing can wake it");
    }
    if (!*woken && deadline_ns != KITH_NO_WAIT) {
        struct timespec until = {(time_t)(deadline_ns / 1000000000),
                                 (long)(deadline_ns % 1000000000)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    *woken = false;
}

static void wake(void *state)
{
    bool *woken = state;
    *woken = true;
}

static void entropy(void *state, void *bytes, size_t size)
{
    if (getrandom(bytes, size, 0) != (ssize_t)size) {
        panic(state, "getrandom failed");
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

static bool stack_open(void *state, size_t size, struct kith_stack *stack)
{
    void *base = allocate(state, size);
    if (base == NULL) {
        return false;
    }
    memset(base, STACK_FILL, size);
    *stack = (struct kith_stack){.base = base, .size = size, .guarded = false, .fill = STACK_FILL};
    return true;
}

static void stack_close(void *state, const struct kith_stack *stack)
{
    release(state, stack->base, stack->size);
}

static void log_event(void *state, enum kith_log_level level, const char *event,
                      const struct kith_log_field *fields, size_t count)
{
    (void)state;
    (void)level;
    target_print("log: ");
    target_print(event);
    for (size_t place = 0; place < count; place++) {
        target_print(" ");
        target_print(fields[place].key);
    }
    target_print("\n");
}

void target_open(struct kith_platform *platform)
{
    static bool woken;
    *platform = (struct kith_platform){
        .state = &woken,
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
}

void target_print(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0) {
        abort();
    }
}
