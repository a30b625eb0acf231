// SPDX-License-Identifier: Apache-2.0
// The contract of a platform (kith/platform.h), without a kernel: what a new port is tried with
// first.
#include <string.h>

#include "check.h"

enum { MS = 1000000 };

static void the_clock_starts_above_zero_and_never_goes_back(struct check *check)
{
    const struct kith_platform *platform = &check->target;
    uint64_t before_ns = platform->now_ns(platform->state);
    uint64_t end_ns = before_ns + 5 * MS;
    CHECK(check, before_ns > 0);
    uint32_t back = 0;
    while (before_ns < end_ns) {
        uint64_t now_ns = platform->now_ns(platform->state);
        back += now_ns < before_ns;
        before_ns = now_ns;
    }
    CHECK(check, back == 0);
}

static void idle_reaches_its_deadline(struct check *check)
{
    const struct kith_platform *platform = &check->target;
    uint64_t deadline_ns = platform->now_ns(platform->state) + 3 * MS;
    while (platform->now_ns(platform->state) < deadline_ns) {
        platform->idle(platform->state, deadline_ns); // which may return early
    }
    platform->idle(platform->state, KITH_NO_WAIT);
    platform->idle(platform->state, deadline_ns);
}

static void a_wake_before_idle_is_not_lost(struct check *check)
{
    const struct kith_platform *platform = &check->target;
    platform->wake(platform->state);
    platform->idle(platform->state, KITH_FOREVER); // comes back, or the test hangs
}

static void entropy_differs_from_call_to_call(struct check *check)
{
    const struct kith_platform *platform = &check->target;
    unsigned char first[16] = {0}, second[16] = {0}, nothing[16] = {0};
    platform->entropy(platform->state, first, sizeof first);
    platform->entropy(platform->state, second, sizeof second);
    CHECK(check, memcmp(first, nothing, sizeof first) != 0);
    CHECK(check, memcmp(first, second, sizeof first) != 0);
    platform->entropy(platform->state, second, 3);
}

static void memory_is_aligned_for_any_type(struct check *check)
{
    const struct kith_platform *platform = &check->target;
    for (size_t size = 1; size < 40; size += 5) {
        unsigned char *memory = platform->allocate(platform->state, size);
        CHECK(check, memory != NULL && (uintptr_t)memory % alignof(max_align_t) == 0);
        memset(memory, 1, size);
        platform->release(platform->state, memory, size);
    }
    platform->release(platform->state, NULL, 10);
}

static void a_stack_is_as_large_as_asked_and_painted(struct check *check)
{
    const struct kith_platform *platform = &check->target;
    struct kith_stack stack = {NULL, 0, false, 0};
    if (!CHECK(check, platform->stack_open(platform->state, 1500, &stack))) {
        return;
    }
    CHECK(check, stack.size >= 1500);
    const unsigned char *bytes = stack.base;
    size_t painted = 0;
    while (painted < stack.size && bytes[painted] == stack.fill) {
        painted++;
    }
    CHECK(check, painted == stack.size);
    platform->stack_close(platform->state, &stack);
}

static const struct check_case cases[] = {
    CHECK_CASE(the_clock_starts_above_zero_and_never_goes_back),
    CHECK_CASE(idle_reaches_its_deadline),
    CHECK_CASE(a_wake_before_idle_is_not_lost),
    CHECK_CASE(entropy_differs_from_call_to_call),
    CHECK_CASE(memory_is_aligned_for_any_type),
    CHECK_CASE(a_stack_is_as_large_as_asked_and_painted),
};

CHECK_MAIN(cases)
