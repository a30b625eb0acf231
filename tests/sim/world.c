// SPDX-License-Identifier: Apache-2.0
// The course of a run, and its clock.
#include "world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

// Once the faults are over, this is how long things may take, in virtual time.
#define CALM_NS       (2 * SECOND_NS)
#define SETTLE_NS     (10 * SECOND_NS) // for what was lost last: it comes again after 8 s at most
#define LOSSY_CALM_NS (20 * SECOND_NS) // for what is lost once and again
#define DRAIN_NS      (120 * SECOND_NS)
#define CONVERGE_NS   (120 * SECOND_NS)
#define FINISH_NS     (60 * SECOND_NS)
#define LEAVE_NS      (20 * SECOND_NS)

// FNV-1a, over what tells one run from another.
static void add_to_digest(struct world *world, const struct event *event)
{
    uint64_t numbers[] = {world->now_ns,
                          event->kind,
                          event->error,
                          event->number,
                          event->actor == NULL ? 0 : event->actor->number,
                          event->host == NULL ? 0 : event->host->number,
                          event->letter == NULL ? 0 : event->letter->number};
    for (size_t place = 0; place < sizeof numbers / sizeof numbers[0]; place++) {
        world->digest = (world->digest ^ numbers[place]) * UINT64_C(0x100000001b3);
    }
}

void emit(struct world *world, const struct event *event)
{
    struct event complete = *event;
    if (world->failed) {
        return;
    }
    if (complete.host == NULL && complete.actor != NULL) {
        complete.host = complete.actor->host;
    }
    world->events++;
    add_to_digest(world, &complete);
    if (world->trace != NULL) {
        trace_event(world, &complete);
    }
    for (size_t place = 0; place < world->check_count && !world->failed; place++) {
        const struct check_run *run = &world->checks[place];
        run->check->on(world, run->check, run->state, &complete);
    }
}

void emit_fault(struct world *world, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    emit(world, &(struct event){.kind = EVENT_FAULT, .text = text});
}

void fail(struct world *world, const struct check *check, const char *format, ...)
{
    if (world->failed) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->failure, sizeof world->failure, format, arguments);
    va_end(arguments);
    world->failed = true;
    world->failed_check = check->name;
    world->failed_guarantee = check->guarantee;
}

static uint64_t find_next(const struct world *world)
{
    uint64_t next_ns = kith_loop_network_next_ns(world->network);
    uint64_t faults_ns = faults_next_ns(world);
    if (faults_ns < next_ns) {
        next_ns = faults_ns;
    }
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        uint64_t host_ns = host_next_ns(&world->hosts[number]);
        if (host_ns < next_ns) {
            next_ns = host_ns;
        }
    }
    return next_ns;
}

void run_until(struct world *world, uint64_t until_ns)
{
    while (!world->failed) {
        uint64_t next_ns = find_next(world);
        if (next_ns > until_ns) {
            break;
        }
        if (next_ns > world->now_ns) {
            world->now_ns = next_ns;
        }
        run_faults(world);
        kith_loop_network_run(world->network, world->now_ns);
        for (uint32_t number = 0; number < world->scenario.hosts && !world->failed; number++) {
            struct host *host = &world->hosts[number];
            if (host_next_ns(host) <= world->now_ns) {
                run_host(host);
            }
        }
    }
    if (!world->failed && until_ns > world->now_ns) {
        world->now_ns = until_ns;
        kith_loop_network_run(world->network, until_ns);
    }
}

static void begin_phase(struct world *world, const char *text)
{
    emit(world, &(struct event){.kind = EVENT_PHASE, .text = text});
}

static bool is_drained(const struct world *world)
{
    for (size_t place = 0; place < world->alive_count; place++) {
        if (!world->alive[place]->idle) {
            return false;
        }
    }
    return true;
}

static bool has_ended(const struct world *world)
{
    return world->alive_count == 0;
}

static bool has_left(const struct world *world)
{
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        if (world->hosts[number].up) {
            return false;
        }
    }
    return true;
}

// Runs until `holds`, for at most that long.
static bool run_while_not(struct world *world, bool (*holds)(const struct world *),
                          uint64_t at_most_ns)
{
    uint64_t until_ns = world->now_ns + at_most_ns;
    while (!world->failed && world->now_ns < until_ns && !holds(world)) {
        run_until(world, world->now_ns + SECOND_NS / 4);
    }
    return !world->failed && holds(world);
}

// One that waits for an outcome may wait for another that is busy: that one is the more telling.
static void say_who_is_busy(struct world *world)
{
    const struct actor *busiest = NULL;
    for (size_t place = 0; place < world->alive_count; place++) {
        const struct actor *actor = world->alive[place];
        if (!actor->idle && (busiest == NULL || busiest->waiting_count > actor->waiting_count)) {
            busiest = actor;
        }
    }
    if (busiest != NULL) {
        char text[REF_TEXT_SIZE];
        fail(world, &check_converge,
             "a%u (%s) is still %s, %llu s after the last fault; holds %u requests, waits for %u "
             "outcomes",
             busiest->number, ref_text(world, busiest->ref, text), busiest->doing,
             (unsigned long long)(DRAIN_NS / SECOND_NS), busiest->held_count,
             busiest->waiting_count);
    }
}

static void leave_all(struct world *world)
{
    begin_phase(world, "the nodes leave");
    for (uint32_t number = 0; number < world->scenario.hosts && !world->failed; number++) {
        struct host *host = &world->hosts[number];
        host->return_ns = UINT64_MAX;
        if (host->up) {
            begin_leaving(host);
            run_until(world, world->now_ns + draw_below(&world->random, SECOND_NS));
        }
    }
    if (!run_while_not(world, has_left, LEAVE_NS) && !world->failed) {
        fail(world, &check_converge, "a node that left is still there");
    }
}

// In either order: work that goes on without faults may put right what went wrong before.
static void end_work(struct world *world)
{
    if (world->scenario.abrupt) {
        begin_phase(world, "the actors begin nothing new");
        world->quitting = true;
        run_until(world, world->now_ns + CALM_NS / 2);
        heal_world(world);
        begin_phase(world, "the faults are over");
        return;
    }
    heal_world(world);
    begin_phase(world, "work without faults");
    run_until(world, world->now_ns + CALM_NS);
    begin_phase(world, "the actors begin nothing new");
    world->quitting = true;
}

void run_world(struct world *world)
{
    begin_phase(world, "faults and work");
    run_until(world, world->scenario.chaos_ns);
    end_work(world);
    if (!run_while_not(world, is_drained, DRAIN_NS)) {
        say_who_is_busy(world);
    }
    begin_phase(world, "tables converge");
    if (!run_while_not(world, is_converged, CONVERGE_NS)) {
        say_what_differs(world);
    }
    bool lossy = world->scenario.network.path.loss_per_million > 0;
    run_until(world, world->now_ns + (lossy ? LOSSY_CALM_NS : SETTLE_NS));
    emit(world, &(struct event){.kind = EVENT_DRAINED});
    begin_phase(world, "the actors end");
    world->finishing = true;
    if (!run_while_not(world, has_ended, FINISH_NS) && !world->failed) {
        fail(world, &check_converge, "actor %u does not end: %s", world->alive[0]->number,
             world->alive[0]->doing);
    }
    run_while_not(world, is_clean, FINISH_NS);
    emit(world, &(struct event){.kind = EVENT_FINISHED});
    if (!world->failed) {
        leave_all(world);
    }
}

static void link_hosts(struct world *world)
{
    const struct scenario *scenario = &world->scenario;
    struct random random = split_random(world->random, 1);
    for (uint32_t a = 0; a < scenario->hosts; a++) {
        for (uint32_t b = 0; b < a; b++) {
            bool linked = b + 1 == a || draw_chance(&random, scenario->peers);
            bool both = draw_chance(&random, scenario->both_sides);
            bool from_a = draw_chance(&random, 500);
            world->linked[a][b] = linked && (both || from_a);
            world->linked[b][a] = linked && (both || !from_a);
        }
    }
}

static void open_hosts(struct world *world)
{
    struct random random = split_random(world->random, 2);
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        struct host *host = &world->hosts[number];
        char text[32];
        host->world = world;
        host->number = number;
        host->random = split_random(random, number);
        snprintf(host->name, sizeof host->name, "host%u", number);
        snprintf(text, sizeof text, "10.0.%u.%u", number / 250, number % 250 + 1);
        if (kith_endpoint_parse(text, KITH_DEFAULT_PORT, &host->endpoint) != KITH_OK) {
            abort();
        }
        host->return_ns = draw_below(&host->random, 2 * SECOND_NS);
        host->run_ns = UINT64_MAX;
    }
}

void open_world(struct world *world, const struct scenario *scenario, FILE *trace)
{
    memset(world, 0, sizeof *world);
    world->scenario = *scenario;
    world->trace = trace;
    world->random = split_random((struct random){scenario->seed}, 1);
    if (kith_loop_network_open(&scenario->network, &world->network) != KITH_OK) {
        abort();
    }
    for (size_t place = 0; place < check_count; place++) {
        const struct check *check = checks[place];
        world->checks[world->check_count++] =
            (struct check_run){check, check->size == 0 ? NULL : allocate(check->size)};
    }
    open_hosts(world);
    link_hosts(world);
    draw_faults(world);
}

void close_world(struct world *world)
{
    bool failed = world->failed;
    world->failed = true; // nobody is interested any longer
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        if (world->hosts[number].up) {
            crash_host(&world->hosts[number]);
        }
    }
    world->failed = failed;
    if (!failed) {
        check_network(world);
    }
    kith_loop_network_close(world->network);
    for (size_t place = 0; place < world->check_count; place++) {
        const struct check_run *run = &world->checks[place];
        if (run->check->fini != NULL) {
            run->check->fini(run->state);
        }
        free(run->state);
    }
    for (size_t place = 0; place < world->actor_count; place++) {
        free_actor(world->actors[place]);
    }
    for (size_t place = 0; place < world->letter_count; place++) {
        free(world->letters[place]);
    }
    free(world->actors);
    free(world->alive);
    free(world->letters);
    map_fini(&world->actors_by_ref);
    map_fini(&world->hosts_by_incarnation);
}
