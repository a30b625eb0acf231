// SPDX-License-Identifier: Apache-2.0
// Stacks, their guards, and what happens when one overflows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kith/platform_linux.h>
#include <kith/process.h>

static const struct kith_platform_linux_options quiet = {.log_level = KITH_LOG_ERROR};

static int open_platform(void **state)
{
    static struct kith_platform platform;
    *state = &platform;
    return kith_platform_linux_open(&quiet, &platform) == KITH_OK ? 0 : -1;
}

static struct kith_platform_linux_counters read_counters(const struct kith_platform *platform)
{
    struct kith_platform_linux_counters counters;
    kith_platform_linux_counters(platform, &counters);
    return counters;
}

static int close_platform(void **state)
{
    struct kith_platform *platform = *state;
    struct kith_platform_linux_counters counters = read_counters(platform);
    kith_platform_linux_close(platform);
    return counters.stacks == 0 && counters.stacks_guarded == 0 ? 0 : -1;
}

static bool is_zero(const struct kith_stack *stack)
{
    const unsigned char *bytes = stack->base;
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, stack->size - 1) == 0;
}

static void a_stack_is_large_enough_and_filled_as_it_says(void **state)
{
    struct kith_platform *platform = *state;
    const size_t sizes[] = {1, 4096, 4097, 16384, 100000, 8 << 20};
    for (size_t place = 0; place < sizeof sizes / sizeof *sizes; place++) {
        struct kith_stack stack;
        assert_true(platform->stack_open(platform->state, sizes[place], &stack));
        assert_true(stack.size >= sizes[place]);
        assert_true(stack.guarded);
        assert_int_equal((uintptr_t)stack.base % 64, 0);
        assert_int_equal(stack.fill, 0);
        assert_true(is_zero(&stack));
        platform->stack_close(platform->state, &stack);
    }
}

static void a_stack_that_is_absurdly_large_is_refused(void **state)
{
    struct kith_platform *platform = *state;
    struct kith_stack stack;
    assert_false(platform->stack_open(platform->state, SIZE_MAX, &stack));
    assert_false(platform->stack_open(platform->state, SIZE_MAX / 2, &stack));
}

static void stacks_do_not_overlap(void **state)
{
    enum { STACKS = 600 };
    struct kith_platform *platform = *state;
    static struct kith_stack stacks[STACKS];
    for (int place = 0; place < STACKS; place++) {
        size_t size = (size_t)4096 << place % 3;
        assert_true(platform->stack_open(platform->state, size, &stacks[place]));
        memset(stacks[place].base, place % 251 + 1, stacks[place].size);
    }
    for (int place = 0; place < STACKS; place++) {
        const unsigned char *bytes = stacks[place].base;
        assert_int_equal(bytes[0], place % 251 + 1);
        assert_memory_equal(bytes, bytes + 1, stacks[place].size - 1);
        platform->stack_close(platform->state, &stacks[place]);
    }
}

static void a_stack_that_is_used_again_is_zero_again(void **state)
{
    struct kith_platform *platform = *state;
    struct kith_stack first, second;
    assert_true(platform->stack_open(platform->state, 16384, &first));
    memset(first.base, 0xa5, first.size);
    platform->stack_close(platform->state, &first);
    assert_true(platform->stack_open(platform->state, 16384, &second));
    assert_ptr_equal(first.base, second.base);
    assert_true(is_zero(&second));
    platform->stack_close(platform->state, &second);
}

static void without_guards_there_are_stacks_all_the_same(void **state)
{
    (void)state;
    struct kith_platform_linux_options options = {.log_level = KITH_LOG_ERROR,
                                                  .guards = KITH_GUARDS_NONE};
    struct kith_platform platform;
    assert_int_equal(kith_platform_linux_open(&options, &platform), KITH_OK);
    struct kith_stack stack;
    assert_true(platform.stack_open(platform.state, 16384, &stack));
    assert_false(stack.guarded);
    assert_true(is_zero(&stack));
    platform.stack_close(platform.state, &stack);
    kith_platform_linux_close(&platform);
}

static void only_as_many_stacks_have_mapped_guards_as_linux_allows(void **state)
{
    (void)state;
    struct kith_platform_linux_options options = {.log_level = KITH_LOG_ERROR,
                                                  .guards = KITH_GUARDS_MAPPINGS};
    struct kith_platform opened, *platform = &opened;
    assert_int_equal(kith_platform_linux_open(&options, platform), KITH_OK);
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    unsigned long mappings;
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &mappings), 1);
    fclose(file);

    size_t most = mappings / 4 + 1, count = 0;
    struct kith_stack *stacks = calloc(most, sizeof *stacks);
    assert_non_null(stacks);
    do {
        assert_true(count < most);
        assert_true(platform->stack_open(platform->state, 4096, &stacks[count]));
    } while (stacks[count++].guarded);
    assert_int_equal(read_counters(platform).stacks_guarded, count - 1);
    // A guard that is given back goes to the next stack.
    platform->stack_close(platform->state, &stacks[0]);
    assert_true(platform->stack_open(platform->state, 4096, &stacks[0]));
    assert_true(stacks[0].guarded);
    for (size_t place = 0; place < count; place++) {
        platform->stack_close(platform->state, &stacks[place]);
    }
    free(stacks);
    kith_platform_linux_close(platform);
}

static struct kith_node *open_node(const struct kith_platform *platform)
{
    const struct kith_node_options options = {
        .name = "test",
        .platform = platform,
        .limits = &kith_limits_linux,
    };
    struct kith_node *node;
    assert_int_equal(kith_node_open(&options, &node), KITH_OK);
    return node;
}

// Deeper and deeper; the compiler can't tell that it never comes back.
static uint64_t recurse(volatile unsigned char *above, uint64_t depth)
{
    volatile unsigned char here[256];
    memset((void *)here, (int)depth, sizeof here);
    here[0] = (unsigned char)(*above + 1);
    return depth == UINT64_MAX ? 0 : recurse(here, depth + 1) + here[0];
}

static void overflow_stack(struct kith_process *self, void *argument)
{
    (void)self;
    volatile unsigned char start = 0;
    *(uint64_t *)argument = recurse(&start, 0);
}

static void count_up(struct kith_process *self, void *argument)
{
    for (int round = 0; round < 10; round++) {
        ++*(int *)argument;
        kith_yield(self);
    }
}

static void end_by_overflow(const struct kith_platform *platform)
{
    struct kith_node *node = open_node(platform);
    kith_platform_linux_watch(platform, node);
    uint64_t deep = 0;
    int counted = 0;
    const struct kith_spawn_options bystander = {.entry = count_up, .argument = &counted};
    const struct kith_spawn_options deep_one = {.entry = overflow_stack, .argument = &deep};
    for (int round = 0; round < 3; round++) {
        assert_int_equal(kith_spawn(node, &bystander, NULL), KITH_OK);
        assert_int_equal(kith_spawn(node, &deep_one, NULL), KITH_OK);
        kith_node_settle(node); // so that the next round runs on the same stacks
    }
    struct kith_node_counters counters;
    kith_node_counters(node, &counters);
    assert_int_equal(counters.overflows, 3);
    assert_int_equal(counted, 30);
    assert_int_equal(deep, 0);
    assert_int_equal(kith_node_processes(node), 0);
    kith_platform_linux_watch(platform, NULL);
    kith_node_close(node);
}

static void an_overflow_ends_only_its_process(void **state)
{
    end_by_overflow(*state);
}

static void an_overflow_into_a_mapped_guard_ends_only_its_process(void **state)
{
    (void)state;
    struct kith_platform_linux_options options = {.log_level = KITH_LOG_ERROR,
                                                  .guards = KITH_GUARDS_MAPPINGS};
    struct kith_platform platform;
    assert_int_equal(kith_platform_linux_open(&options, &platform), KITH_OK);
    end_by_overflow(&platform);
    kith_platform_linux_close(&platform);
}

// Runs `body` in a child; gives what waitpid said, and the beginning of what the child did.
static int run_in_child(const struct kith_platform *platform,
                        void (*body)(const struct kith_platform *platform), char *said, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        body(platform);
        _exit(0);
    }
    close(ends[1]);
    ssize_t len = read(ends[0], said, size - 1);
    said[len > 0 ? len : 0] = '\0';
    close(ends[0]); // the rest, which is a sanitizer's, goes nowhere
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void write_to_nowhere(struct kith_process *self, void *argument)
{
    (void)self;
    *(volatile int *)argument = 1;
}

static void fault_in_process(const struct kith_platform *platform)
{
    struct kith_node *node = open_node(platform);
    kith_platform_linux_watch(platform, node);
    const struct kith_spawn_options bad = {
        .label = "bad", .entry = write_to_nowhere, .argument = (void *)64};
    kith_spawn(node, &bad, NULL);
    kith_node_settle(node);
}

static void another_fault_still_ends_the_program_and_says_whose_it_was(void **state)
{
    char said[256];
    int status = run_in_child(*state, fault_in_process, said, sizeof said);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    assert_non_null(strstr(said, "process_faulted process=bad slot=0 address=0x40"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_platform, close_platform)
    const struct CMUnitTest tests[] = {
        CASE(a_stack_is_large_enough_and_filled_as_it_says),
        CASE(a_stack_that_is_absurdly_large_is_refused),
        CASE(stacks_do_not_overlap),
        CASE(a_stack_that_is_used_again_is_zero_again),
        CASE(without_guards_there_are_stacks_all_the_same),
        CASE(only_as_many_stacks_have_mapped_guards_as_linux_allows),
        CASE(an_overflow_ends_only_its_process),
        CASE(an_overflow_into_a_mapped_guard_ends_only_its_process),
        CASE(another_fault_still_ends_the_program_and_says_whose_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
