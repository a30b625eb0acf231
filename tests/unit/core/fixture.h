// SPDX-License-Identifier: Apache-2.0
// One node on virtual time, and the check that it gave back everything.
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/node.h>
#include <kith/platform_sim.h>
#include <kith/route.h>
#include <kith/timer.h>

struct fixture {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct kith_node *node;
};

static inline void open_fixture(struct fixture *fixture, const struct kith_limits *limits)
{
    fixture->sim = kith_platform_sim_open(1, &fixture->platform);
    assert_non_null(fixture->sim);
    struct kith_node_options options = {
        .name = "test", .platform = &fixture->platform, .limits = limits};
    assert_int_equal(kith_node_open(&options, &fixture->node), KITH_OK);
}

// Runs until nothing is left to do; time passes as deadlines ask.
static inline void run_to_end(struct fixture *fixture)
{
    uint64_t deadline_ns;
    while ((deadline_ns = kith_node_step(fixture->node)) != KITH_FOREVER) {
        fixture->platform.idle(fixture->platform.state, deadline_ns);
    }
}

// Closes the node; all processes must have ended and all messages be back in the pool.
static inline void close_fixture(struct fixture *fixture)
{
    struct kith_message_counters counters;
    kith_message_counters(fixture->node, &counters);
    assert_int_equal(kith_node_processes(fixture->node), 0);
    assert_int_equal(counters.alive, 0);
    assert_int_equal(counters.alive_bytes, 0);
    kith_node_close(fixture->node);
    assert_int_equal(kith_platform_sim_memory(fixture->sim), 0);
    kith_platform_sim_close(fixture->sim);
}

static inline struct kith_ref spawn(struct fixture *fixture, const char *label,
                                    kith_process_entry *entry, void *argument)
{
    struct kith_ref ref;
    struct kith_spawn_options options = {.label = label, .entry = entry, .argument = argument};
    assert_int_equal(kith_spawn(fixture->node, &options, &ref), KITH_OK);
    return ref;
}

#endif
