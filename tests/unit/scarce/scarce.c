// SPDX-License-Identifier: Apache-2.0
#include "scarce.h"

enum { RUNS_MOST = 20000 };

// True if an allocation has failed.
static bool run_once(void (*scenario)(struct scarce *scarce), uint64_t nth, bool sticky)
{
    struct scarce scarce = {.calls = 0};
    scarce.sim = kith_platform_sim_open(1, &scarce.platform);
    assert_non_null(scarce.sim);
    kith_platform_sim_fail_allocation(scarce.sim, nth, sticky);
    scenario(&scarce);
    bool failed = kith_platform_sim_failures(scarce.sim) > 0;
    if (!failed && scarce.failed > 0) {
        fail_msg("%u of %u calls failed without need; call %u: %s", scarce.failed, scarce.calls,
                 scarce.first, kith_error_name(scarce.first_failure));
    }
    assert_int_equal(kith_platform_sim_memory(scarce.sim), 0);
    kith_platform_sim_close(scarce.sim);
    return failed;
}

void scarce_run(void (*scenario)(struct scarce *scarce))
{
    for (unsigned sticky = 0; sticky < 2; sticky++) {
        uint64_t nth = 1;
        while (run_once(scenario, nth, sticky)) {
            assert_true(++nth < RUNS_MOST);
        }
        assert_true(nth > 1);
        print_message("%u allocations, each failing %s\n", (unsigned)nth - 1,
                      sticky ? "with all after it" : "once");
    }
}

bool scarce_ok(struct scarce *scarce, enum kith_error error)
{
    static const enum kith_error reasons[] = {KITH_OK,
                                              KITH_ERROR_NO_MEMORY,
                                              KITH_ERROR_LIMIT,
                                              KITH_ERROR_STALE,
                                              KITH_ERROR_DOWN,
                                              KITH_ERROR_TIMEOUT,
                                              KITH_ERROR_FULL,
                                              KITH_ERROR_NOT_FOUND,
                                              KITH_ERROR_UNKNOWN,
                                              KITH_ERROR_UNREACHABLE};
    scarce->calls++;
    if (error != KITH_OK && scarce->failed++ == 0) {
        scarce->first = scarce->calls;
        scarce->first_failure = error;
    }
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (error == reasons[i]) {
            return error == KITH_OK;
        }
    }
    fail_msg("a call ended with %s", kith_error_name(error));
    return false;
}

struct kith_node *scarce_node(struct scarce *scarce, const char *name)
{
    struct kith_limits limits = kith_limits_linux;
    limits.processes = 32;
    limits.timers = limits.monitors = 32;
    limits.routes = 8;
    struct kith_node_options options = {
        .name = name, .platform = &scarce->platform, .limits = &limits};
    struct kith_node *node = NULL;
    return scarce_ok(scarce, kith_node_open(&options, &node)) ? node : NULL;
}

static void kill_all(struct kith_node *node)
{
    for (uint32_t slot = 0; slot < kith_process_slots(node); slot++) {
        struct kith_process_info info;
        if (kith_process_info(node, slot, &info) == KITH_OK) {
            assert_int_equal(kith_kill(node, info.ref, KITH_ERROR_KILLED), KITH_OK);
        }
    }
    kith_node_settle(node);
}

void scarce_node_close(struct kith_node *node)
{
    if (node == NULL) {
        return;
    }
    struct kith_message_counters counters;
    kill_all(node);
    kith_message_counters(node, &counters);
    assert_int_equal(kith_node_processes(node), 0);
    assert_int_equal(counters.alive, 0);
    assert_int_equal(counters.alive_bytes, 0);
    kith_codec_close(node);
    kith_node_close(node);
}

struct kith_ref scarce_spawn(struct scarce *scarce, struct kith_node *node,
                             kith_process_entry *entry, void *argument)
{
    struct kith_ref ref = KITH_REF_NONE;
    struct kith_spawn_options options = {.label = "test", .entry = entry, .argument = argument};
    (void)scarce_ok(scarce, kith_spawn(node, &options, &ref));
    return ref;
}

struct kith_message *scarce_message(struct scarce *scarce, struct kith_node *node, uint64_t type,
                                    size_t size)
{
    struct kith_message *message = NULL;
    if (scarce_ok(scarce, kith_message_new(node, type, size, &message))) {
        for (size_t i = 0; i < size; i++) {
            ((unsigned char *)message->data)[i] = (unsigned char)i;
        }
    }
    return message;
}
