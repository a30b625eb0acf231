// SPDX-License-Identifier: Apache-2.0
// When the workload has ended, nothing of it is left: no process, no message, no monitor, no name.
#include "kernel.h"

#include "check.h"

// Kept by the system itself: its naming process, and what that has of messages and monitors.
enum { SYSTEM_PROCESSES = 1 };

static const char *find_rest(const struct host *host)
{
    struct kith_naming_status status;
    if (kith_node_processes(host->node) != SYSTEM_PROCESSES) {
        return "processes";
    }
    if (host->node->timers > 1) {
        return "timers";
    }
    if (host->node->monitors.len > 0) {
        return "monitors";
    }
    if (kith_naming_status(host->node, &status) != KITH_OK || status.own != 1 ||
        status.watches != 0 || status.waits != 0) {
        return "names, watches or waits";
    }
    if (host->node->pool.alive > host->node->timers) {
        return "messages";
    }
    return NULL;
}

bool is_clean(const struct world *world)
{
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        if (world->hosts[number].up && find_rest(&world->hosts[number]) != NULL) {
            return false;
        }
    }
    return true;
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)state;
    if (event->kind != EVENT_FINISHED) {
        return;
    }
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        const struct host *host = &world->hosts[number];
        const char *rest = host->up ? find_rest(host) : NULL;
        if (rest != NULL) {
            fail(world, check,
                 "host%u still has %s: %u processes, %u messages, %u monitors, %u timers", number,
                 rest, kith_node_processes(host->node), host->node->pool.alive,
                 host->node->monitors.len, host->node->timers);
        }
    }
}

void check_network(struct world *world)
{
    kith_loop_network_run(world->network, world->now_ns + 1000 * SECOND_NS);
    if (kith_loop_network_items(world->network) > 0 ||
        kith_loop_network_connections(world->network) > 0) {
        fail(world, &check_clean, "all nodes have gone, but %zu connections are left",
             kith_loop_network_connections(world->network));
    }
}

const struct check check_clean = {
    .name = "clean",
    .guarantee = "when all processes have ended, no message, monitor, name or memory is left",
    .on = see,
};
