// SPDX-License-Identifier: Apache-2.0
// Hosts: the lives of their nodes, and when these run.
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include <kith/codec.h>

enum { SPAWN_MS = 200, REACTION_NS = 20000 };

static void be_told_arrived(void *state)
{
    struct host *host = state;
    uint64_t run_ns = host->world->now_ns + draw_below(&host->random, REACTION_NS);
    if (run_ns < host->run_ns) {
        host->run_ns = run_ns;
    }
}

// The kernel logs the end of each process that doesn't end by itself and well.
static void see_end(struct host *host, const struct kith_log_field *fields, size_t count)
{
    unsigned long actor_number = 0;
    const char *reason = NULL;
    for (size_t place = 0; place < count; place++) {
        if (strcmp(fields[place].key, "process") == 0 && fields[place].text[0] == 'a') {
            actor_number = strtoul(fields[place].text + 1, NULL, 10);
        } else if (strcmp(fields[place].key, "reason") == 0) {
            reason = fields[place].text;
        }
    }
    if (actor_number == 0 || reason == NULL) {
        return;
    }
    for (unsigned number = 0; number < 64; number++) {
        enum kith_error error = kith_error_from_number(number);
        if (strcmp(kith_error_name(error), reason) == 0) {
            end_actor(host->world->actors[actor_number - 1], error);
            return;
        }
    }
}

static void write_fields(const struct kith_log_field *fields, size_t count, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t place = 0; place < count && used < room; place++) {
        const struct kith_log_field *field = &fields[place];
        int size = field->text != NULL
                       ? snprintf(text + used, room - used, " %s=%s", field->key, field->text)
                       : snprintf(text + used, room - used, " %s=%llu", field->key,
                                  (unsigned long long)field->number);
        used += size > 0 ? (size_t)size : 0;
    }
}

static void see_log(void *state, enum kith_log_level level, const char *event,
                    const struct kith_log_field *fields, size_t count)
{
    struct host *host = state;
    struct world *world = host->world;
    bool malformed = strcmp(event, "input_malformed") == 0;
    char text[256], line[320];
    (void)level;
    if (strcmp(event, "process_ended") == 0) {
        see_end(host, fields, count);
        return;
    }
    if (world->failed || (world->trace == NULL && !malformed)) {
        return;
    }
    write_fields(fields, count, text, sizeof text);
    if (malformed) {
        emit(world, &(struct event){.kind = EVENT_MALFORMED, .host = host, .text = text});
        return;
    }
    snprintf(line, sizeof line, "%s%s", event, text);
    emit(world, &(struct event){.kind = EVENT_LOG, .host = host, .text = line});
}

uint64_t host_clock(const struct host *host, uint64_t world_ns)
{
    return world_ns + host->clock_offset_ns;
}

static void expect_ok(enum kith_error error, const char *what)
{
    if (error != KITH_OK) {
        fprintf(stderr, "kith-sim: %s: %s\n", what, kith_error_text(error));
        abort();
    }
}

static void open_net(struct host *host)
{
    struct world *world = host->world;
    expect_ok(kith_loop_backend_new(world->network, be_told_arrived, host, &host->backend),
              "the back end does not open");
    struct kith_net_options options = {
        .node = host->node,
        .backend = host->backend,
        .listen = host->endpoint,
        .detect_ms = world->scenario.detect_ms,
        .naming = host->naming,
        .version = "sim",
    };
    expect_ok(kith_net_open(&options, &host->net), "the net does not open");
    struct kith_endpoint bound = kith_net_endpoint(host->net);
    kith_naming_set_endpoints(host->node, &bound, &bound);
    for (uint32_t peer = 0; peer < world->scenario.hosts; peer++) {
        if (world->linked[host->number][peer]) {
            expect_ok(kith_net_peer_add(host->net, &world->hosts[peer].endpoint),
                      "a peer is not accepted");
        }
    }
}

void boot_host(struct host *host)
{
    struct world *world = host->world;
    struct kith_platform platform;
    host->lives++;
    host->clock_offset_ns = draw_between(&host->random, SECOND_NS, 1000 * SECOND_NS);
    host->platform = kith_platform_sim_open(draw(&host->random), &platform);
    kith_platform_sim_set_now(host->platform, host_clock(host, world->now_ns));
    kith_platform_sim_set_log(host->platform, see_log, host);
    struct kith_node_options options = {
        .name = host->name, .platform = &platform, .limits = &world->scenario.limits};
    expect_ok(kith_node_open(&options, &host->node), "the node does not open");
    host->incarnation = kith_node_incarnation(host->node);
    *map_at(&world->hosts_by_incarnation, (struct map_key){host->incarnation, 0, 0}) = host;
    struct kith_naming_options naming = {.check_ms = world->scenario.check_ms};
    expect_ok(kith_naming_open(host->node, &naming, &host->naming), "naming does not open");
    open_net(host);
    host->up = true;
    host->leaving = false;
    host->booted_ns = world->now_ns;
    host->run_ns = world->now_ns;
    host->spawn_ns = world->now_ns;
    host->return_ns = UINT64_MAX;
    host->leave_ns = UINT64_MAX;
    emit(world, &(struct event){.kind = EVENT_NODE_UP, .host = host});
}

// What both ways to go have in common.
static void close_node(struct host *host)
{
    end_actors_of(host);
    kith_naming_close(host->node);
    kith_net_close(host->net);
    kith_loop_backend_free(host->backend);
    kith_codec_close(host->node);
    kith_node_close(host->node);
    kith_platform_sim_close(host->platform);
    host->node = NULL;
    host->net = NULL;
    host->up = false;
    host->leaving = false;
    host->lives++;
    host->run_ns = UINT64_MAX;
}

void crash_host(struct host *host)
{
    emit(host->world, &(struct event){.kind = EVENT_NODE_CRASHED, .host = host});
    kith_loop_backend_crash(host->backend);
    close_node(host);
}

void begin_leaving(struct host *host)
{
    struct world *world = host->world;
    uint64_t wait_ns = draw_between(&host->random, 1, 3000) * MS_NS;
    host->leaving = true;
    host->leave_ns = world->now_ns + wait_ns;
    emit(world, &(struct event){.kind = EVENT_NODE_LEAVING, .host = host});
    kith_platform_sim_set_now(host->platform, host_clock(host, world->now_ns));
    kith_net_leave(host->net, host_clock(host, host->leave_ns));
    host->run_ns = world->now_ns;
}

uint64_t host_next_ns(const struct host *host)
{
    if (!host->up) {
        return host->return_ns;
    }
    uint64_t next_ns = host->run_ns < host->spawn_ns ? host->run_ns : host->spawn_ns;
    next_ns = host->leave_ns < next_ns ? host->leave_ns : next_ns;
    return host->stalled_ns > next_ns ? host->stalled_ns : next_ns;
}

static void keep_population(struct host *host)
{
    struct world *world = host->world;
    if (world->now_ns < host->spawn_ns) {
        return;
    }
    host->spawn_ns = world->now_ns + draw_between(&host->random, 1, SPAWN_MS) * MS_NS;
    if (world->quitting) {
        host->spawn_ns = UINT64_MAX;
        return;
    }
    uint32_t most = world->scenario.actors + world->scenario.spawn;
    for (unsigned left = 2; left > 0 && host->actor_count < world->scenario.actors &&
                            host->spawned < most * host->lives;
         left--) {
        host->spawned++;
        spawn_actor(host);
    }
}

static void plan_next(struct host *host, uint64_t deadline_ns)
{
    struct world *world = host->world;
    uint64_t cost_ns = 1000 + draw_below(&host->random, world->scenario.step_ns) + host->slow_ns;
    uint64_t soonest_ns = world->now_ns + cost_ns;
    uint64_t wanted_ns = UINT64_MAX;
    if (deadline_ns != KITH_FOREVER) {
        wanted_ns = deadline_ns <= host->clock_offset_ns ? 0 : deadline_ns - host->clock_offset_ns;
        wanted_ns = wanted_ns < soonest_ns ? soonest_ns : wanted_ns;
    }
    host->run_ns = wanted_ns;
}

void run_host(struct host *host)
{
    struct world *world = host->world;
    if (!host->up) {
        boot_host(host);
        return;
    }
    kith_platform_sim_set_now(host->platform, host_clock(host, world->now_ns));
    keep_population(host);
    kith_loop_backend_poll(host->backend);
    plan_next(host, kith_node_step(host->node));
    host->steps++;
    world->steps++;
    emit(world, &(struct event){.kind = EVENT_STEP, .host = host});
    if (host->leaving && (kith_net_quiet(host->net) || world->now_ns >= host->leave_ns)) {
        emit(world, &(struct event){.kind = EVENT_NODE_LEFT, .host = host});
        close_node(host);
    }
}

struct host *find_host(struct world *world, uint64_t incarnation)
{
    return map_get(&world->hosts_by_incarnation, (struct map_key){incarnation, 0, 0});
}

bool is_peer(const struct world *world, const struct host *a, const struct host *b)
{
    return world->linked[a->number][b->number] || world->linked[b->number][a->number];
}

uint64_t count_broken(struct world *world, const struct host *a, const struct host *b)
{
    return kith_loop_broken(world->network, &a->endpoint, &b->endpoint) + a->lives + b->lives;
}
