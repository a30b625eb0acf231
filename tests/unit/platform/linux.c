// SPDX-License-Identifier: Apache-2.0
// Clock, waiting and being woken, entropy, signals.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <uv.h>

#include <kith/platform_linux.h>

static int open_platform(void **state)
{
    static struct kith_platform platform;
    *state = &platform;
    return kith_platform_linux_open(NULL, &platform) == KITH_OK ? 0 : -1;
}

static int close_platform(void **state)
{
    struct kith_platform *platform = *state;
    struct kith_platform_linux_counters counters;
    kith_platform_linux_counters(platform, &counters);
    kith_platform_linux_close(platform);
    return counters.stacks == 0 ? 0 : -1;
}

static void the_clock_starts_above_zero_and_never_goes_back(void **state)
{
    struct kith_platform *platform = *state;
    uint64_t last = platform->now_ns(platform->state);
    assert_true(last > 0);
    for (int round = 0; round < 10000; round++) {
        uint64_t now = platform->now_ns(platform->state);
        assert_true(now >= last);
        last = now;
    }
}

static void the_wall_clock_knows_the_century(void **state)
{
    struct kith_platform *platform = *state;
    assert_true(platform->wall_ns(platform->state) > UINT64_C(1600000000) * 1000000000);
}

static void idle_waits_for_its_deadline(void **state)
{
    struct kith_platform *platform = *state;
    uint64_t deadline_ns = platform->now_ns(platform->state) + 3000000;
    unsigned calls = 0;
    while (platform->now_ns(platform->state) < deadline_ns) {
        platform->idle(platform->state, deadline_ns);
        calls++;
    }
    // It may return early, but it mustn't poll.
    assert_true(calls <= 4);
}

static void idle_with_a_deadline_that_has_passed_only_looks(void **state)
{
    struct kith_platform *platform = *state;
    platform->idle(platform->state, KITH_NO_WAIT);
    platform->idle(platform->state, platform->now_ns(platform->state));
    platform->idle(platform->state, 1);
}

// A timer of somebody else's whose callback takes until after the deadline: the deadline's timer is
// then run with it, before the loop waits.
static void take_too_long(uv_timer_t *timer)
{
    struct kith_platform *platform = timer->data;
    uint64_t until_ns = platform->now_ns(platform->state) + 4000000;
    while (platform->now_ns(platform->state) < until_ns) {
    }
    uv_update_time(timer->loop);
}

static void a_deadline_that_passes_before_the_loop_waits_is_kept(void **state)
{
    struct kith_platform *platform = *state;
    uv_timer_t timer;
    uv_timer_init(kith_platform_linux_loop(platform), &timer);
    timer.data = platform;
    for (unsigned round = 0; round < 10; round++) {
        uv_update_time(timer.loop);
        uv_timer_start(&timer, take_too_long, round % 2, 0);
        uint64_t deadline_ns = platform->now_ns(platform->state) + 2000000;
        while (platform->now_ns(platform->state) < deadline_ns) {
            platform->idle(platform->state, deadline_ns);
        }
    }
    uv_close((uv_handle_t *)&timer, NULL);
    platform->idle(platform->state, platform->now_ns(platform->state));
}

static void *wake(void *argument)
{
    struct kith_platform *platform = argument;
    platform->wake(platform->state);
    return NULL;
}

static void another_thread_wakes_idle(void **state)
{
    struct kith_platform *platform = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake, platform), 0);
    platform->idle(platform->state, KITH_FOREVER);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_wake_before_idle_is_not_lost(void **state)
{
    struct kith_platform *platform = *state;
    platform->wake(platform->state);
    platform->wake(platform->state);
    platform->idle(platform->state, KITH_FOREVER);
}

static void a_spinning_platform_wakes_and_keeps_deadlines_too(void **state)
{
    (void)state;
    struct kith_platform_linux_options options = {.log_level = KITH_LOG_INFO, .spin_us = 200};
    struct kith_platform platform;
    assert_int_equal(kith_platform_linux_open(&options, &platform), KITH_OK);
    for (int round = 0; round < 20; round++) {
        uint64_t deadline_ns = platform.now_ns(platform.state) + 1000000;
        while (platform.now_ns(platform.state) < deadline_ns) {
            platform.idle(platform.state, deadline_ns);
        }
    }
    platform.wake(platform.state);
    platform.idle(platform.state, KITH_FOREVER);
    kith_platform_linux_close(&platform);
}

// There is something at every third look.
static bool look(void *state)
{
    unsigned *looks = state;
    return ++*looks % 3 == 0;
}

static void what_a_look_takes_ends_idle(void **state)
{
    (void)state;
    struct kith_platform_linux_options options = {.log_level = KITH_LOG_INFO, .spin_us = 60000000};
    struct kith_platform platform;
    unsigned looks = 0;
    assert_int_equal(kith_platform_linux_open(&options, &platform), KITH_OK);
    for (int round = 0; round < 2; round++) { // the first only makes libuv begin
        platform.wake(platform.state);
        platform.idle(platform.state, KITH_FOREVER); // something happens, so that it spins
    }
    kith_platform_linux_set_look(&platform, look, &looks);
    for (unsigned round = 1; round <= 20; round++) {
        platform.idle(platform.state, KITH_FOREVER);
        assert_int_equal(looks, 3 * round);
    }
    kith_platform_linux_set_look(&platform, NULL, NULL);
    platform.wake(platform.state);
    platform.idle(platform.state, KITH_FOREVER);
    assert_int_equal(looks, 60);
    kith_platform_linux_close(&platform);
}

static void entropy_fills_every_byte(void **state)
{
    struct kith_platform *platform = *state;
    unsigned char seen[1000] = {0};
    // A byte that stays 0 in 8 drawings of a working source: 1 in 10^19, for each.
    for (int round = 0; round < 8; round++) {
        unsigned char bytes[sizeof seen];
        memset(bytes, 0, sizeof bytes);
        platform->entropy(platform->state, bytes, sizeof bytes);
        for (size_t place = 0; place < sizeof seen; place++) {
            seen[place] |= bytes[place];
        }
    }
    assert_null(memchr(seen, 0, sizeof seen));
}

static void allocated_memory_is_aligned_for_any_type(void **state)
{
    struct kith_platform *platform = *state;
    void *memory = platform->allocate(platform->state, 1);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
    platform->release(platform->state, memory, 1);
    platform->release(platform->state, NULL, 1);
}

static void note_signal(void *argument, int signal_number)
{
    *(int *)argument = signal_number;
}

static void sigterm_and_sigint_call_stop_from_idle(void **state)
{
    struct kith_platform *platform = *state;
    int seen = 0;
    assert_int_equal(kith_platform_linux_on_stop(platform, note_signal, &seen), KITH_OK);
    const int numbers[] = {SIGTERM, SIGINT};
    for (size_t number = 0; number < 2; number++) {
        assert_int_equal(raise(numbers[number]), 0);
        while (seen != numbers[number]) {
            platform->idle(platform->state, KITH_FOREVER);
        }
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_platform, close_platform)
    const struct CMUnitTest tests[] = {
        CASE(the_clock_starts_above_zero_and_never_goes_back),
        CASE(the_wall_clock_knows_the_century),
        CASE(idle_waits_for_its_deadline),
        CASE(idle_with_a_deadline_that_has_passed_only_looks),
        CASE(a_deadline_that_passes_before_the_loop_waits_is_kept),
        CASE(another_thread_wakes_idle),
        CASE(a_wake_before_idle_is_not_lost),
        CASE(a_spinning_platform_wakes_and_keeps_deadlines_too),
        CASE(what_a_look_takes_ends_idle),
        CASE(entropy_fills_every_byte),
        CASE(allocated_memory_is_aligned_for_any_type),
        CASE(sigterm_and_sigint_call_stop_from_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
