// SPDX-License-Identifier: Apache-2.0
// What goes wrong, when, and for how long.
#include "world.h"

enum {
    TOLERATED_STALL_MS = 2000, // with the usual detection time this alarms nobody
    TOLERATED_LOSS = 100000,   // of a million; nor does this
    USUAL_DETECT_MS = 5000,
};

static void draw_fault(struct world *world, struct random *random, struct fault *fault)
{
    const struct scenario *scenario = &world->scenario;
    do {
        fault->kind = (enum fault_kind)draw_below(random, FAULT_KINDS);
    } while ((scenario->fault_set & 1u << fault->kind) == 0);
    fault->start_ns = draw_between(random, SECOND_NS / 2, scenario->chaos_ns);
    uint64_t most_ms = draw_chance(random, 500) ? 2000 : 12000;
    fault->end_ns = fault->start_ns + draw_between(random, 10, most_ms) * MS_NS;
    fault->host = (uint32_t)draw_below(random, scenario->hosts);
    fault->other = (uint32_t)draw_below(random, scenario->hosts);
    fault->group = draw(random);
    fault->amount = draw(random);
}

void draw_faults(struct world *world)
{
    struct random random = split_random(world->random, 3);
    for (uint32_t number = 0; number < world->scenario.faults; number++) {
        draw_fault(world, &random, &world->faults[number]);
    }
}

static bool is_in_group(const struct fault *fault, uint32_t host)
{
    return (fault->group >> host % 64 & 1) != 0;
}

static void update_path(struct world *world, uint32_t from, uint32_t to)
{
    const struct host *a = &world->hosts[from], *b = &world->hosts[to];
    struct kith_loop_path path = world->scenario.network.path;
    uint32_t loss =
        a->loss_per_million > b->loss_per_million ? a->loss_per_million : b->loss_per_million;
    path.loss_per_million = loss > path.loss_per_million ? loss : path.loss_per_million;
    if (a->slow_links > 0 || b->slow_links > 0) {
        path.bytes_per_s = 50000;
        path.delay_most_ns += 300 * MS_NS;
    }
    path.blocked = world->blocked[from][to] > 0;
    if (kith_loop_path_set(world->network, &a->endpoint, &b->endpoint, &path) != KITH_OK) {
        emit_fault(world, "out of memory");
    }
}

static void update_paths(struct world *world)
{
    for (uint32_t from = 0; from < world->scenario.hosts; from++) {
        for (uint32_t to = 0; to < world->scenario.hosts; to++) {
            update_path(world, from, to);
        }
    }
}

static void partition(struct world *world, const struct fault *fault, int step)
{
    for (uint32_t from = 0; from < world->scenario.hosts; from++) {
        for (uint32_t to = 0; to < world->scenario.hosts; to++) {
            bool crosses = is_in_group(fault, from) && !is_in_group(fault, to);
            if (fault->kind == FAULT_PARTITION) {
                crosses = is_in_group(fault, from) != is_in_group(fault, to);
            }
            if (crosses) {
                world->blocked[from][to] += (uint32_t)step;
                world->hosts[from].touched = true;
                world->hosts[to].touched = true;
            }
        }
    }
    update_paths(world);
}

static void break_pair(struct world *world, uint32_t a, uint32_t b, uint64_t spread_ns)
{
    if (a != b) {
        world->hosts[a].touched = true;
        world->hosts[b].touched = true;
        kith_loop_break(world->network, &world->hosts[a].endpoint, &world->hosts[b].endpoint,
                        spread_ns);
    }
}

static void break_connections(struct world *world, const struct fault *fault)
{
    uint64_t spread_ns = fault->amount % (2 * SECOND_NS);
    if (fault->kind == FAULT_BREAK) {
        break_pair(world, fault->host, fault->other, spread_ns);
        return;
    }
    for (uint32_t other = 0; other < world->scenario.hosts; other++) {
        break_pair(world, fault->host, other, spread_ns);
    }
}

static void stall_host(struct world *world, struct host *host, uint64_t until_ns)
{
    if (until_ns > host->stalled_ns) {
        host->stalled_ns = until_ns;
    }
    host->touched = host->touched ||
                    host->stalled_ns - world->now_ns > TOLERATED_STALL_MS * MS_NS ||
                    world->scenario.detect_ms < USUAL_DETECT_MS;
}

// Down, and up again when the fault ends. A host that is down already stays so.
static void take_down(struct world *world, struct host *host, const struct fault *fault)
{
    if (!host->up || host->leaving) {
        return;
    }
    host->touched = true;
    if (fault->kind == FAULT_CRASH) {
        crash_host(host);
    } else {
        begin_leaving(host);
    }
    bool forever = fault->amount % 4 == 0 && world->scenario.hosts > 2;
    host->return_ns = forever ? UINT64_MAX : fault->end_ns;
}

static void change_loss(struct world *world, struct host *host, const struct fault *fault, int step)
{
    host->loss_faults += (uint32_t)step;
    host->loss_per_million =
        host->loss_faults == 0 ? 0 : (uint32_t)(20000 + fault->amount % 380000);
    host->touched = host->touched || host->loss_per_million > TOLERATED_LOSS;
    update_paths(world);
}

static void change_host(struct world *world, const struct fault *fault, int step)
{
    struct host *host = &world->hosts[fault->host];
    switch (fault->kind) {
    case FAULT_LOSS:
        change_loss(world, host, fault, step);
        break;
    case FAULT_SLOW_LINK:
        host->slow_links += (uint32_t)step;
        host->touched = true;
        update_paths(world);
        break;
    case FAULT_SLOW_HOST:
        host->slow_faults += (uint32_t)step;
        host->slow_ns = host->slow_faults == 0 ? 0 : fault->amount % (20 * MS_NS);
        host->touched = true;
        break;
    case FAULT_REFUSE:
        host->refuse_faults += (uint32_t)step;
        host->touched = true;
        kith_loop_refuse(world->network, &host->endpoint, host->refuse_faults > 0);
        break;
    default:
        break;
    }
}

static void start_fault(struct world *world, struct fault *fault)
{
    emit_fault(world, "%s begins, host%u host%u group %llx until %llu ms", fault_name(fault->kind),
               fault->host, fault->other, (unsigned long long)fault->group,
               (unsigned long long)(fault->end_ns / MS_NS));
    switch (fault->kind) {
    case FAULT_BREAK:
    case FAULT_BREAK_ALL:
        break_connections(world, fault);
        break;
    case FAULT_PARTITION:
    case FAULT_ONE_WAY:
        partition(world, fault, 1);
        break;
    case FAULT_STALL:
        stall_host(world, &world->hosts[fault->host], fault->end_ns);
        break;
    case FAULT_CRASH:
    case FAULT_RESTART:
        take_down(world, &world->hosts[fault->host], fault);
        break;
    default:
        change_host(world, fault, 1);
        break;
    }
}

static void end_fault(struct world *world, struct fault *fault)
{
    emit_fault(world, "%s of host%u ends", fault_name(fault->kind), fault->host);
    if (fault->kind == FAULT_PARTITION || fault->kind == FAULT_ONE_WAY) {
        partition(world, fault, -1);
    } else {
        change_host(world, fault, -1);
    }
}

void run_faults(struct world *world)
{
    for (uint32_t number = 0; number < world->scenario.faults; number++) {
        struct fault *fault = &world->faults[number];
        if (!fault->started && fault->start_ns <= world->now_ns) {
            fault->started = true;
            start_fault(world, fault);
        }
        if (fault->started && !fault->ended && fault->end_ns <= world->now_ns) {
            fault->ended = true;
            end_fault(world, fault);
        }
    }
}

uint64_t faults_next_ns(const struct world *world)
{
    uint64_t next_ns = UINT64_MAX;
    for (uint32_t number = 0; number < world->scenario.faults; number++) {
        const struct fault *fault = &world->faults[number];
        uint64_t time_ns = !fault->started ? fault->start_ns : fault->end_ns;
        if (!fault->ended && time_ns < next_ns) {
            next_ns = time_ns;
        }
    }
    return next_ns;
}

void heal_world(struct world *world)
{
    for (uint32_t number = 0; number < world->scenario.faults; number++) {
        struct fault *fault = &world->faults[number];
        if (fault->started && !fault->ended) {
            end_fault(world, fault);
        }
        fault->started = true;
        fault->ended = true;
    }
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        struct host *host = &world->hosts[number];
        if (host->stalled_ns > world->now_ns) {
            host->stalled_ns = world->now_ns;
        }
        if (!host->up && host->return_ns != UINT64_MAX) {
            host->return_ns = world->now_ns;
        }
    }
}
