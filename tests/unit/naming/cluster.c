// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "wire.h"

static void open_node(struct cluster *cluster, uint32_t place, const struct kith_limits *limits,
                      const struct kith_naming_options *options)
{
    static uint64_t seed = 1; // every start of a node is another incarnation
    char name[] = "node0";
    name[4] = (char)('0' + place);
    cluster->sims[place] = kith_platform_sim_open(seed++, &cluster->platforms[place]);
    assert_non_null(cluster->sims[place]);
    kith_platform_sim_set_now(cluster->sims[place], cluster->now_ns);
    struct kith_node_options node_options = {
        .name = name, .platform = &cluster->platforms[place], .limits = limits};
    assert_int_equal(kith_node_open(&node_options, &cluster->nodes[place]), KITH_OK);
    assert_int_equal(kith_naming_open(cluster->nodes[place], options, &cluster->naming[place]),
                     KITH_OK);
    struct kith_endpoint endpoint = wire_endpoint(place);
    kith_naming_set_endpoints(cluster->nodes[place], &endpoint, &endpoint);
}

void cluster_open(struct cluster *cluster, uint32_t count, const struct kith_limits *limits,
                  const struct kith_naming_options *options)
{
    memset(cluster, 0, sizeof *cluster);
    cluster->count = count;
    cluster->now_ns = 1000 * MS;
    for (uint32_t from = 0; from < MOST_NODES; from++) {
        for (uint32_t to = 0; to < MOST_NODES; to++) {
            struct wire *wire = &cluster->wires[from][to];
            wire->cluster = cluster;
            wire->from = from;
            wire->to = to;
        }
    }
    for (uint32_t place = 0; place < count; place++) {
        open_node(cluster, place, limits, options);
    }
    cluster_settle(cluster);
}

static void close_node(struct cluster *cluster, uint32_t place, bool tidy)
{
    struct kith_node *node = cluster->nodes[place];
    kith_naming_close(node);
    kith_node_settle(node);
    if (tidy) {
        struct kith_message_counters counters;
        kith_message_counters(node, &counters);
        assert_int_equal(kith_node_processes(node), 0);
        assert_int_equal(counters.alive, 0);
        assert_int_equal(counters.alive_bytes, 0);
    }
    kith_codec_close(node);
    kith_node_close(node);
    assert_int_equal(kith_platform_sim_memory(cluster->sims[place]), 0);
    kith_platform_sim_close(cluster->sims[place]);
}

static void kill_all(struct cluster *cluster, uint32_t place)
{
    struct kith_node *node = cluster->nodes[place];
    for (uint32_t slot = 0; slot < kith_process_slots(node); slot++) {
        struct kith_process_info info;
        if (kith_process_info(node, slot, &info) == KITH_OK &&
            !kith_ref_equal(info.ref, cluster->naming[place])) {
            cluster_kill(cluster, place, info.ref);
        }
    }
}

void cluster_close(struct cluster *cluster)
{
    for (uint32_t place = 0; place < cluster->count; place++) {
        kill_all(cluster, place);
    }
    cluster_settle(cluster);
    for (uint32_t from = 0; from < cluster->count; from++) {
        for (uint32_t to = 0; to < cluster->count; to++) {
            cluster_set_side(cluster, from, to, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
        }
    }
    cluster_settle(cluster);
    for (uint32_t place = 0; place < cluster->count; place++) {
        struct kith_naming_status status = cluster_status(cluster, place);
        assert_int_equal(status.own, 1); // naming/0
        assert_int_equal(status.replicated, 0);
        assert_int_equal(status.watches, 0);
        assert_int_equal(status.waits, 0);
        close_node(cluster, place, true);
    }
}

static void connect_side(struct cluster *cluster, uint32_t from, uint32_t to)
{
    struct wire *wire = &cluster->wires[from][to];
    if (wire->route != NULL) {
        kith_route_set_state(wire->route, KITH_ROUTE_UP, KITH_OK, 0);
        return;
    }
    struct kith_route_info info = {
        .incarnation = kith_node_incarnation(cluster->nodes[to]),
        .endpoint = wire_endpoint(to),
        .naming = cluster->naming[to],
    };
    strcpy(info.name, kith_node_name(cluster->nodes[to]));
    assert_int_equal(kith_route_open(cluster->nodes[from], &info, &wire_ops, wire, &wire->route),
                     KITH_OK);
}

void cluster_connect(struct cluster *cluster, uint32_t a, uint32_t b)
{
    connect_side(cluster, a, b);
    connect_side(cluster, b, a);
}

void cluster_connect_all(struct cluster *cluster)
{
    for (uint32_t a = 0; a < cluster->count; a++) {
        for (uint32_t b = a + 1; b < cluster->count; b++) {
            cluster_connect(cluster, a, b);
        }
    }
    cluster_settle(cluster);
}

void cluster_set_side(struct cluster *cluster, uint32_t from, uint32_t to,
                      enum kith_route_state state, enum kith_error reason)
{
    struct wire *wire = &cluster->wires[from][to];
    if (wire->route == NULL) {
        return;
    }
    if (state == KITH_ROUTE_UNREACHABLE || state == KITH_ROUTE_GONE) {
        wire_clear(wire, reason);
        wire_clear(&cluster->wires[to][from], reason);
    }
    kith_route_set_state(wire->route, state, reason, 0);
    if (state == KITH_ROUTE_GONE) {
        wire->route = NULL;
    }
}

void cluster_set_state(struct cluster *cluster, uint32_t a, uint32_t b, enum kith_route_state state,
                       enum kith_error reason)
{
    cluster_set_side(cluster, a, b, state, reason);
    cluster_set_side(cluster, b, a, state, reason);
}

void cluster_restart(struct cluster *cluster, uint32_t node, const struct kith_limits *limits,
                     const struct kith_naming_options *options)
{
    for (uint32_t other = 0; other < cluster->count; other++) {
        cluster_set_state(cluster, node, other, KITH_ROUTE_GONE, KITH_ERROR_RESTARTED);
    }
    close_node(cluster, node, false);
    open_node(cluster, node, limits, options);
    cluster_settle(cluster);
}

void cluster_settle(struct cluster *cluster)
{
    bool busy;
    do {
        busy = false;
        for (uint32_t place = 0; place < cluster->count; place++) {
            kith_node_settle(cluster->nodes[place]);
        }
        for (uint32_t from = 0; from < cluster->count; from++) {
            for (uint32_t to = 0; to < cluster->count; to++) {
                busy = wire_deliver(&cluster->wires[from][to]) || busy;
            }
        }
    } while (busy);
}

static void set_now(struct cluster *cluster, uint64_t now_ns)
{
    cluster->now_ns = now_ns;
    for (uint32_t place = 0; place < cluster->count; place++) {
        kith_platform_sim_set_now(cluster->sims[place], now_ns);
    }
}

// When the next thing happens.
static uint64_t next_deadline(struct cluster *cluster)
{
    uint64_t next_ns = KITH_FOREVER;
    for (uint32_t place = 0; place < cluster->count; place++) {
        uint64_t deadline_ns = kith_node_settle(cluster->nodes[place]);
        next_ns = deadline_ns < next_ns ? deadline_ns : next_ns;
    }
    return next_ns;
}

void cluster_advance(struct cluster *cluster, uint64_t span_ms)
{
    uint64_t until_ns = cluster->now_ns + span_ms * MS;
    for (;;) {
        cluster_settle(cluster);
        uint64_t next_ns = next_deadline(cluster);
        if (next_ns > until_ns) {
            break;
        }
        set_now(cluster, next_ns);
    }
    set_now(cluster, until_ns);
    cluster_settle(cluster);
}

struct job {
    kith_process_entry *entry;
    void *argument;
    bool done;
};

static void run_job(struct kith_process *self, void *argument)
{
    struct job *job = argument;
    job->entry(self, job->argument);
    job->done = true;
}

struct kith_ref cluster_spawn(struct cluster *cluster, uint32_t node, kith_process_entry *entry,
                              void *argument)
{
    struct kith_spawn_options options = {.label = "test", .entry = entry, .argument = argument};
    struct kith_ref ref;
    assert_int_equal(kith_spawn(cluster->nodes[node], &options, &ref), KITH_OK);
    return ref;
}

void cluster_run(struct cluster *cluster, uint32_t node, kith_process_entry *entry, void *argument)
{
    struct job job = {entry, argument, false};
    cluster_spawn(cluster, node, run_job, &job);
    cluster_settle(cluster);
    for (int i = 0; !job.done; i++) {
        assert_true(i < 100000);
        cluster_advance(cluster, 1);
    }
}

void cluster_kill(struct cluster *cluster, uint32_t node, struct kith_ref ref)
{
    assert_int_equal(kith_kill(cluster->nodes[node], ref, KITH_ERROR_KILLED), KITH_OK);
    cluster_settle(cluster);
}

struct registration {
    const char *name;
    uint32_t index;
    enum kith_error error;
};

static void hold_name(struct kith_process *self, void *argument)
{
    struct registration *registration = argument;
    registration->error =
        kith_register(self, registration->name, registration->index, NULL, KITH_FOREVER);
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        kith_message_free(&message);
    }
}

struct kith_ref cluster_register(struct cluster *cluster, uint32_t node, const char *name,
                                 uint32_t index)
{
    struct registration registration = {name, index, KITH_ERROR_UNKNOWN};
    struct kith_ref ref = cluster_spawn(cluster, node, hold_name, &registration);
    kith_node_settle(cluster->nodes[node]);
    assert_int_equal(registration.error, KITH_OK);
    return ref;
}

uint32_t cluster_entries(struct cluster *cluster, uint32_t node, uint32_t owner)
{
    uint64_t incarnation = kith_node_incarnation(cluster->nodes[owner]);
    uint64_t cursor = 0;
    uint32_t count = 0;
    struct kith_name_entry entry;
    while (kith_find_next(cluster->nodes[node], "*", &cursor, &entry) == KITH_OK) {
        count += entry.ref.node == incarnation;
    }
    return count;
}

static bool has(struct cluster *cluster, uint32_t node, const struct kith_name_entry *wanted)
{
    uint64_t cursor = 0;
    struct kith_name_entry entry;
    while (kith_find_next(cluster->nodes[node], wanted->name, &cursor, &entry) == KITH_OK) {
        if (entry.index == wanted->index && kith_ref_equal(entry.ref, wanted->ref)) {
            return true;
        }
    }
    return false;
}

bool cluster_same(struct cluster *cluster, uint32_t node, uint32_t owner)
{
    uint64_t cursor = 0;
    uint32_t count = 0;
    struct kith_name_entry entry;
    while (kith_find_next(cluster->nodes[owner], "*", &cursor, &entry) == KITH_OK) {
        if (entry.own) {
            count++;
            if (!has(cluster, node, &entry)) {
                return false;
            }
        }
    }
    return count == cluster_entries(cluster, node, owner);
}

bool cluster_converged(struct cluster *cluster)
{
    for (uint32_t node = 0; node < cluster->count; node++) {
        for (uint32_t owner = 0; owner < cluster->count; owner++) {
            if (!cluster_same(cluster, node, owner)) {
                return false;
            }
        }
    }
    return true;
}

struct kith_naming_status cluster_status(struct cluster *cluster, uint32_t node)
{
    struct kith_naming_status status;
    assert_int_equal(kith_naming_status(cluster->nodes[node], &status), KITH_OK);
    return status;
}
