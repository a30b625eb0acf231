// SPDX-License-Identifier: Apache-2.0
// Memory runs out at every allocation in turn, once and for good: nothing crashes, nothing leaks,
// every call says what happened.
#include "fixture.h"

#include <string.h>

enum { PAYLOAD = 3000 };

static void serve(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    while (kith_receive(self, &message, kith_deadline_ms(self, 50)) == KITH_OK) {
        if (message->waiting) {
            assert_int_equal(kith_reply(self, &message), KITH_OK);
        } else {
            kith_message_free(&message);
        }
    }
}

// One of each call that allocates. Errors are fine; wrong errors and lost messages are not.
static void try_everything(struct kith_process *self, void *argument)
{
    struct kith_ref server = *(struct kith_ref *)argument;
    struct kith_message *message = NULL;
    uint64_t id;
    enum kith_error error = kith_message_new(kith_process_node(self), 1, PAYLOAD, &message);
    assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
    if (error == KITH_OK) {
        memset(message->data, 1, PAYLOAD);
        error = kith_call(self, server, &message, kith_deadline_ms(self, 10));
        assert_true(error == KITH_OK || error == KITH_ERROR_STALE ||
                    (kith_ref_is_none(server) && error == KITH_ERROR_UNREACHABLE));
        kith_message_free(&message);
    }
    error = kith_timer_start(self, kith_deadline_ms(self, 1), 0, &id);
    assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
    error = kith_monitor_start(self, server, NULL);
    assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
    error = kith_tie(self, server);
    assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
    while (kith_receive(self, &message, kith_deadline_ms(self, 100)) == KITH_OK) {
        kith_message_free(&message);
    }
}

// Gives the number of allocations that succeeded before the end, or stops at the failing one.
static void run_with_failure(uint64_t nth, bool sticky)
{
    struct kith_platform platform;
    struct kith_platform_sim *sim = kith_platform_sim_open(1, &platform);
    kith_platform_sim_fail_allocation(sim, nth, sticky);
    struct kith_node *node;
    struct kith_node_options options = {.platform = &platform, .limits = &kith_limits_linux};
    enum kith_error error = kith_node_open(&options, &node);
    if (error != KITH_OK) {
        assert_int_equal(error, KITH_ERROR_NO_MEMORY);
        kith_platform_sim_close(sim); // asserts that nothing is out
        return;
    }
    struct kith_ref server = KITH_REF_NONE;
    struct kith_spawn_options spawned = {.label = "server", .entry = serve};
    error = kith_spawn(node, &spawned, &server);
    assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
    spawned = (struct kith_spawn_options){
        .label = "client", .entry = try_everything, .argument = &server};
    error = kith_spawn(node, &spawned, NULL);
    assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
    uint64_t deadline_ns;
    while ((deadline_ns = kith_node_step(node)) != KITH_FOREVER) {
        platform.idle(platform.state, deadline_ns);
    }
    struct kith_message_counters counters;
    kith_message_counters(node, &counters);
    assert_int_equal(counters.alive, 0);
    kith_node_close(node);
    kith_platform_sim_close(sim);
}

static void each_allocation_may_fail_once(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 40; nth++) {
        run_with_failure(nth, false);
    }
}

static void memory_may_run_out_for_good(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 40; nth++) {
        run_with_failure(nth, true);
    }
}

static void limits_that_cannot_work_are_refused(void **state)
{
    (void)state;
    struct kith_platform platform;
    struct kith_platform_sim *sim = kith_platform_sim_open(1, &platform);
    struct kith_limits limits = kith_limits_linux;
    limits.processes = 0;
    struct kith_node *node;
    struct kith_node_options options = {.platform = &platform, .limits = &limits};
    assert_int_equal(kith_node_open(&options, &node), KITH_ERROR_INVALID);
    kith_platform_sim_close(sim);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct kith_platform platform;
    struct kith_platform_sim *sim = kith_platform_sim_open(1, &platform);
    struct kith_node *node;
    char name[KITH_NAME_SIZE + 1];
    memset(name, 'n', sizeof name);
    name[KITH_NAME_SIZE] = '\0';
    struct kith_node_options options = {
        .name = name, .platform = &platform, .limits = &kith_limits_linux};
    assert_int_equal(kith_node_open(&options, &node), KITH_ERROR_INVALID);
    name[KITH_NAME_SIZE - 1] = '\0';
    assert_int_equal(kith_node_open(&options, &node), KITH_OK);
    assert_string_equal(kith_node_name(node), name);
    kith_node_close(node);
    assert_int_equal(kith_platform_sim_memory(sim), 0);
    kith_platform_sim_close(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail_once),
        cmocka_unit_test(memory_may_run_out_for_good),
        cmocka_unit_test(limits_that_cannot_work_are_refused),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
