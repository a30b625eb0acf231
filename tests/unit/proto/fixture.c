// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

static struct fixture the_fixture;

int open_fixture(void **state)
{
    struct fixture *fixture = &the_fixture;
    fixture->sim = kith_platform_sim_open(1, &fixture->platform);
    assert_non_null(fixture->sim);
    fixture->limits = kith_limits_linux;
    fixture->limits.processes = 64;
    fixture->limits.messages = 1000;
    fixture->limits.timers = 16;
    fixture->limits.monitors = 16;
    fixture->limits.routes = 4;
    struct kith_node_options options = {
        .name = "test", .platform = &fixture->platform, .limits = &fixture->limits};
    assert_int_equal(kith_node_open(&options, &fixture->node), KITH_OK);
    *state = fixture;
    return 0;
}

int close_fixture(void **state)
{
    struct fixture *fixture = *state;
    kith_node_settle(fixture->node);
    assert_int_equal(kith_node_processes(fixture->node), 0);
    struct kith_message_counters counters;
    kith_message_counters(fixture->node, &counters);
    assert_int_equal(counters.alive, 0);
    assert_int_equal(counters.alive_bytes, 0);
    kith_codec_close(fixture->node);
    kith_node_close(fixture->node);
    assert_int_equal(kith_platform_sim_memory(fixture->sim), 0);
    kith_platform_sim_close(fixture->sim);
    return 0;
}

struct kith_message *new_message(struct fixture *fixture)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(fixture->node, 0, 0, &message), KITH_OK);
    return message;
}

uint64_t draw(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}
