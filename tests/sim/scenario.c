// SPDX-License-Identifier: Apache-2.0
// Seeds are spread over kinds of runs: most are small and quick, some are large, some have no
// faults at all (then nothing may be lost), some concentrate on one kind of fault.
#include "scenario.h"

enum { RARE_CHECK_MS = 3600 * 1000, ROOMY_MESSAGES = 32, ROOMY_BYTES = 65536 };

static const char *const names[FAULT_KINDS] = {
    [FAULT_BREAK] = "break",     [FAULT_PARTITION] = "partition", [FAULT_ONE_WAY] = "one-way",
    [FAULT_LOSS] = "loss",       [FAULT_SLOW_LINK] = "slow-link", [FAULT_CRASH] = "crash",
    [FAULT_RESTART] = "restart", [FAULT_STALL] = "stall",         [FAULT_SLOW_HOST] = "slow-host",
    [FAULT_REFUSE] = "refuse",   [FAULT_BREAK_ALL] = "break-all",
};

const char *fault_name(enum fault_kind kind)
{
    return names[kind];
}

static uint32_t draw_hosts(struct random *random)
{
    uint64_t kind = draw_below(random, 1000);
    if (kind < 60) {
        return 1;
    }
    if (kind < 400) {
        return 2;
    }
    if (kind < 920) {
        return (uint32_t)draw_between(random, 3, 6);
    }
    if (kind < 990) {
        return (uint32_t)draw_between(random, 7, 15);
    }
    return (uint32_t)draw_between(random, 16, 50);
}

static void draw_limits(struct random *random, struct kith_limits *limits)
{
    *limits = (struct kith_limits){
        .processes = 128,
        .messages = 8192,
        .message_memory = (size_t)32 << 20,
        .message_size = (size_t)1 << 20,
        .mailbox_messages = (uint32_t)1 << draw_between(random, 2, 7),
        .mailbox_bytes = (size_t)1 << draw_between(random, 14, 20),
        .timers = 128,
        .monitors = 1024,
        .routes = 256,
        .names = 64,
        .replicated_names = 8192,
        .stack_size = 65536,
        .link_queue_bytes = (size_t)1 << draw_between(random, 12, 18),
        .link_credits = (uint32_t)1 << draw_between(random, 1, 6),
        .hog_ns = 0,
    };
    if (limits->link_credits > limits->mailbox_messages && draw_chance(random, 700)) {
        limits->link_credits = limits->mailbox_messages;
    }
}

static void draw_network(struct random *random, struct kith_loop_options *network)
{
    uint64_t base_ns = 1000 * ((uint64_t)1 << draw_between(random, 4, 16)); // 16 us to 65 ms
    *network = (struct kith_loop_options){
        .seed = draw(random),
        .path = {.delay_least_ns = base_ns,
                 .delay_most_ns = base_ns + draw_below(random, 4 * base_ns),
                 .loss_per_million =
                     draw_chance(random, 400) ? (uint32_t)draw_below(random, 50000) : 0},
        .buffer_bytes = (size_t)1 << draw_between(random, 12, 18),
        .batch_size = draw_chance(random, 700) ? 1400 : draw_between(random, 512, 65000),
        .retry_ns = draw_between(random, 100, 1000) * MS_NS,
        .connect_ns = draw_between(random, 2, 10) * SECOND_NS,
        .heartbeat_ns = draw_between(random, 300, 1000) * MS_NS,
        .unanswered = (uint32_t)draw_between(random, 8, 12),
    };
}

static uint32_t draw_fault_set(struct random *random)
{
    if (draw_chance(random, 300)) { // one kind, or two
        return 1u << draw_below(random, FAULT_KINDS) | 1u << draw_below(random, FAULT_KINDS);
    }
    uint32_t set = (uint32_t)draw_below(random, 1u << FAULT_KINDS);
    return set == 0 ? 1u << FAULT_BREAK : set;
}

void draw_scenario(uint64_t seed, uint32_t hosts, struct scenario *scenario)
{
    struct random random = split_random((struct random){seed}, 0);
    *scenario = (struct scenario){.seed = seed};
    uint32_t drawn = draw_hosts(&random);
    scenario->hosts = hosts == 0 ? drawn : hosts;
    scenario->actors = (uint32_t)draw_between(&random, 4, scenario->hosts > 15 ? 6 : 14);
    scenario->peers = draw_chance(&random, 750) ? 1000 : (uint32_t)draw_between(&random, 400, 999);
    scenario->both_sides = (uint32_t)draw_below(&random, 1001);
    bool calm = draw_chance(&random, 200);
    scenario->faults = calm ? 0 : (uint32_t)draw_between(&random, 1, 12);
    scenario->fault_set = draw_fault_set(&random);
    scenario->chaos_ns = draw_between(&random, 3, 15) * SECOND_NS;
    scenario->think_ns = ((uint64_t)1 << draw_between(&random, 2, 8)) * MS_NS;
    scenario->step_ns = 1000 * ((uint64_t)1 << draw_between(&random, 0, 10));
    scenario->detect_ms = draw_chance(&random, 500) ? 5000 : draw_between(&random, 1000, 8000);
    scenario->letters = (uint32_t)draw_between(&random, 500, 5000);
    scenario->large = draw_chance(&random, 500) ? (uint32_t)draw_below(&random, 60) : 0;
    scenario->stale = (uint32_t)draw_below(&random, 150);
    scenario->spawn = (uint32_t)draw_between(&random, 10, 60);
    draw_limits(&random, &scenario->limits);
    draw_network(&random, &scenario->network);
    // What goes wrong with a change is put right by the next comparison. It must not be needed
    // where mailboxes have room for what is refused and comes back.
    bool roomy = scenario->limits.mailbox_messages >= ROOMY_MESSAGES &&
                 scenario->limits.mailbox_bytes >= ROOMY_BYTES;
    scenario->check_ms = roomy ? RARE_CHECK_MS : 0;
    scenario->abrupt = draw_chance(&random, 400);
}
