// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <kith/codec.h>
#include <kith/exchange.h>

#include "world.h"

struct kith_endpoint world_endpoint(uint32_t host)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    struct kith_endpoint endpoint;
    snprintf(text, sizeof text, "10.0.%u.%u:7400", (unsigned)(host / 200),
             (unsigned)(host % 200 + 1));
    assert_int_equal(kith_endpoint_parse(text, 0, &endpoint), KITH_OK);
    return endpoint;
}

static void set_limits(struct kith_limits *limits, uint32_t count)
{
    *limits = kith_limits_linux;
    limits->processes = 256;
    limits->timers = 64;
    limits->monitors = 1024;
    limits->routes = count + 8;
    limits->stack_size = 16384;
}

static void note_arrival(void *state)
{
    ((struct host *)state)->due = true;
}

void world_start(struct world *world, uint32_t number)
{
    struct host *host = &world->hosts[number];
    char name[16];
    snprintf(name, sizeof name, "node%u", (unsigned)number);
    memset(host, 0, sizeof *host);
    host->sim = kith_platform_sim_open(++world->starts, &host->platform);
    assert_non_null(host->sim);
    kith_platform_sim_set_now(host->sim, world->now_ns);
    struct kith_node_options options = {
        .name = name, .platform = &host->platform, .limits = &world->limits};
    assert_int_equal(kith_node_open(&options, &host->node), KITH_OK);
    assert_int_equal(kith_naming_open(host->node, &world->options, &host->naming), KITH_OK);
    assert_int_equal(kith_loop_backend_new(world->network, note_arrival, host, &host->backend),
                     KITH_OK);
    struct kith_net_options net_options = {
        .node = host->node,
        .backend = host->backend,
        .listen = world_endpoint(number),
        .naming = host->naming,
    };
    assert_int_equal(kith_net_open(&net_options, &host->net), KITH_OK);
    struct kith_endpoint endpoint = world_endpoint(number);
    kith_naming_set_endpoints(host->node, &endpoint, &endpoint);
    host->due = true;
}

void world_open(struct world *world, uint32_t count, const struct kith_loop_options *network)
{
    memset(world, 0, sizeof *world);
    assert_true(count <= HOSTS_MOST);
    world->count = count;
    world->now_ns = 1000 * MS;
    set_limits(&world->limits, count);
    assert_int_equal(kith_loop_network_open(network, &world->network), KITH_OK);
    for (uint32_t number = 0; number < count; number++) {
        world_start(world, number);
    }
}

static void stop_host(struct host *host, bool tidy)
{
    kith_net_close(host->net);
    kith_naming_close(host->node);
    if (tidy) {
        struct kith_message_counters counters;
        kith_node_settle(host->node);
        kith_message_counters(host->node, &counters);
        assert_int_equal(kith_node_processes(host->node), 0);
        assert_int_equal(counters.alive, 0);
    }
    kith_codec_close(host->node);
    kith_node_close(host->node);
    assert_int_equal(kith_platform_sim_memory(host->sim), 0);
    kith_platform_sim_close(host->sim);
    kith_loop_backend_free(host->backend);
    host->node = NULL;
}

static void kill_all(struct host *host)
{
    host->due = true;
    for (uint32_t slot = 0; slot < kith_process_slots(host->node); slot++) {
        struct kith_process_info info;
        if (kith_process_info(host->node, slot, &info) == KITH_OK &&
            !kith_ref_equal(info.ref, host->naming)) {
            assert_int_equal(kith_kill(host->node, info.ref, KITH_ERROR_KILLED), KITH_OK);
        }
    }
    kith_node_settle(host->node);
}

void world_close(struct world *world)
{
    for (uint32_t number = 0; number < world->count; number++) {
        if (world->hosts[number].node != NULL) {
            kill_all(&world->hosts[number]);
            stop_host(&world->hosts[number], true);
        }
    }
    kith_loop_network_close(world->network);
}

void world_connect(struct world *world, uint32_t host, uint32_t other)
{
    struct kith_endpoint endpoint = world_endpoint(other);
    assert_int_equal(kith_net_peer_add(world->hosts[host].net, &endpoint), KITH_OK);
    world->hosts[host].due = true;
}

void world_connect_all(struct world *world)
{
    for (uint32_t host = 0; host < world->count; host++) {
        for (uint32_t other = 0; other < host; other++) {
            world_connect(world, host, other);
        }
    }
}

void world_crash(struct world *world, uint32_t number)
{
    kith_loop_backend_crash(world->hosts[number].backend);
    stop_host(&world->hosts[number], false);
}

void world_leave(struct world *world, uint32_t number)
{
    kill_all(&world->hosts[number]);
    kith_net_leave(world->hosts[number].net, world->now_ns + 1000 * MS);
    world->hosts[number].due = true;
    world_run(world, 100);
    stop_host(&world->hosts[number], true);
}

static bool settle_host(struct world *world, struct host *host)
{
    if (host->node == NULL || (!host->due && host->next_ns > world->now_ns)) {
        return false;
    }
    host->due = false;
    kith_platform_sim_set_now(host->sim, world->now_ns);
    (void)kith_loop_backend_poll(host->backend);
    host->next_ns = kith_node_settle(host->node);
    return true;
}

// Runs all that is due. The result is when the next thing is.
static uint64_t settle(struct world *world)
{
    uint64_t next_ns = KITH_FOREVER;
    for (bool busy = true; busy;) {
        busy = false;
        kith_loop_network_run(world->network, world->now_ns);
        for (uint32_t number = 0; number < world->count; number++) {
            busy = settle_host(world, &world->hosts[number]) || busy;
        }
    }
    for (uint32_t number = 0; number < world->count; number++) {
        const struct host *host = &world->hosts[number];
        next_ns = host->node != NULL && host->next_ns < next_ns ? host->next_ns : next_ns;
    }
    uint64_t network_ns = kith_loop_network_next_ns(world->network);
    return network_ns < next_ns ? network_ns : next_ns;
}

void world_run(struct world *world, uint64_t span_ms)
{
    uint64_t end_ns = world->now_ns + span_ms * MS;
    for (;;) {
        uint64_t next_ns = settle(world);
        if (next_ns > end_ns) {
            break;
        }
        world->now_ns = next_ns > world->now_ns ? next_ns : world->now_ns + 1;
    }
    world->now_ns = end_ns;
    (void)settle(world);
}

static void hold_name(struct kith_process *self, void *argument)
{
    if (kith_register(self, argument, KITH_INDEX_ANY, NULL, KITH_FOREVER) == KITH_OK) {
        (void)kith_sleep_until(self, KITH_FOREVER);
    }
}

struct kith_ref world_register(struct world *world, uint32_t host, const char *name)
{
    struct kith_spawn_options options = {.entry = hold_name, .argument = (void *)(uintptr_t)name};
    struct kith_ref ref;
    assert_int_equal(kith_spawn(world->hosts[host].node, &options, &ref), KITH_OK);
    kith_node_settle(world->hosts[host].node);
    world->hosts[host].due = true;
    return ref;
}

void world_kill(struct world *world, uint32_t host, struct kith_ref ref)
{
    assert_int_equal(kith_kill(world->hosts[host].node, ref, KITH_ERROR_KILLED), KITH_OK);
    kith_node_settle(world->hosts[host].node);
    world->hosts[host].due = true;
}

// What `node` knows about the table of `owner`.
static bool find_table(struct kith_node *node, uint64_t owner,
                       struct kith_naming_node_status *status)
{
    struct kith_naming_status all;
    assert_int_equal(kith_naming_status(node, &all), KITH_OK);
    for (uint32_t place = 0; place < all.nodes; place++) {
        if (kith_naming_node_status(node, place, status) == KITH_OK &&
            status->incarnation == owner) {
            return true;
        }
    }
    return false;
}

static bool same(struct kith_node *node, struct kith_node *owner)
{
    struct kith_naming_node_status here, there;
    uint64_t incarnation = kith_node_incarnation(owner);
    return find_table(node, incarnation, &here) && find_table(owner, incarnation, &there) &&
           here.complete && here.epoch == there.epoch && here.entries == there.entries &&
           here.digest == there.digest;
}

bool world_converged(struct world *world)
{
    for (uint32_t a = 0; a < world->count; a++) {
        for (uint32_t b = 0; b < world->count; b++) {
            struct kith_node *node = world->hosts[a].node, *owner = world->hosts[b].node;
            if (node != NULL && owner != NULL && !same(node, owner)) {
                return false;
            }
        }
    }
    return true;
}
