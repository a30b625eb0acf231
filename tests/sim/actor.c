// SPDX-License-Identifier: Apache-2.0
// Actors: processes of the workload, from their beginning to their end.
#include "world.h"

#include <stdlib.h>

enum { ACTS_LEAST = 5, ACTS_MOST = 300, IDLE_MS = 300, AWAIT_MS = 1000 };

struct act {
    enum kith_error (*run)(struct actor *actor);
    unsigned weight[ROLES];
};

// What an actor of which role does how often.
static const struct act acts[] = {
    //                  mixed sender server client slow watcher registrar killer
    {act_send, {20, 60, 0, 10, 2, 0, 0, 5}},    {act_burst, {3, 15, 0, 0, 0, 0, 0, 0}},
    {act_call, {12, 0, 0, 40, 0, 0, 0, 5}},     {act_request, {8, 0, 0, 30, 0, 0, 0, 0}},
    {act_await, {8, 0, 0, 30, 0, 0, 0, 0}},     {act_receive, {40, 10, 80, 10, 15, 30, 10, 10}},
    {act_select, {5, 0, 5, 0, 5, 5, 0, 0}},     {act_answer, {10, 0, 15, 0, 5, 0, 0, 0}},
    {act_monitor, {6, 2, 1, 4, 0, 20, 2, 10}},  {act_unmonitor, {2, 1, 1, 1, 0, 5, 1, 1}},
    {act_tie, {1, 0, 0, 1, 0, 1, 0, 3}},        {act_kill, {0, 0, 0, 0, 0, 0, 0, 20}},
    {act_register, {4, 0, 2, 0, 1, 0, 40, 0}},  {act_release, {1, 0, 1, 0, 0, 0, 15, 0}},
    {act_look_up, {3, 0, 0, 5, 0, 5, 10, 0}},   {act_wait_name, {1, 0, 0, 2, 0, 2, 2, 0}},
    {act_watch, {1, 0, 0, 0, 0, 6, 0, 0}},      {act_unwatch, {1, 0, 0, 0, 0, 2, 0, 0}},
    {act_send_named, {3, 5, 0, 2, 0, 0, 5, 0}}, {act_sleep, {5, 5, 5, 5, 60, 10, 10, 40}},
};
enum { ACT_COUNT = sizeof acts / sizeof acts[0] };

static const unsigned role_weights[ROLES] = {
    [ROLE_MIXED] = 35, [ROLE_SENDER] = 15, [ROLE_SERVER] = 15,   [ROLE_CLIENT] = 12,
    [ROLE_SLOW] = 8,   [ROLE_WATCHER] = 6, [ROLE_REGISTRAR] = 6, [ROLE_KILLER] = 3,
};

static enum role draw_role(struct random *random)
{
    unsigned total = 0;
    for (unsigned role = 0; role < ROLES; role++) {
        total += role_weights[role];
    }
    uint64_t drawn = draw_below(random, total);
    unsigned role = 0;
    while (drawn >= role_weights[role]) {
        drawn -= role_weights[role++];
    }
    return (enum role)role;
}

static void add_actor(struct world *world, struct actor *actor)
{
    if (world->actor_count == world->actor_capacity) {
        world->actor_capacity = 2 * world->actor_capacity + 64;
        world->actors = reallocate(world->actors, world->actor_capacity * sizeof(void *));
    }
    world->actors[world->actor_count++] = actor;
    if (world->alive_count == world->alive_capacity) {
        world->alive_capacity = 2 * world->alive_capacity + 64;
        world->alive = reallocate(world->alive, world->alive_capacity * sizeof(void *));
    }
    actor->alive_place = world->alive_count;
    world->alive[world->alive_count++] = actor;
}

void spawn_actor(struct host *host)
{
    struct world *world = host->world;
    struct actor *actor = allocate(sizeof *actor);
    char label[KITH_LABEL_SIZE];
    actor->world = world;
    actor->host = host;
    actor->life = host->lives;
    actor->number = (uint32_t)world->actor_count + 1;
    actor->random = split_random(split_random(world->random, 4), actor->number);
    actor->role = draw_role(&actor->random);
    actor->acts = (uint32_t)draw_between(&actor->random, ACTS_LEAST, ACTS_MOST);
    actor->started_ns = world->now_ns;
    actor->doing = "nothing yet";
    snprintf(label, sizeof label, "a%u", actor->number);
    bool own_limit = draw_chance(&actor->random, 300);
    struct kith_spawn_options options = {
        .label = label,
        .entry = run_actor,
        .argument = actor,
        .priority = draw_chance(&actor->random, 100) ? KITH_PRIORITY_HIGH : KITH_PRIORITY_NORMAL,
        .mailbox_messages = own_limit ? (uint32_t)draw_between(&actor->random, 1, 64) : 0,
    };
    if (kith_spawn(host->node, &options, &actor->ref) != KITH_OK) {
        free(actor);
        return;
    }
    host->actor_count++;
    add_actor(world, actor);
    *map_at(&world->actors_by_ref, ref_key(actor->ref)) = actor;
    emit(world, &(struct event){.kind = EVENT_ACTOR_STARTED, .actor = actor});
}

struct actor *find_actor(const struct world *world, struct kith_ref ref)
{
    return map_get(&world->actors_by_ref, ref_key(ref));
}

void end_actor(struct actor *actor, enum kith_error reason)
{
    struct world *world = actor->world;
    actor->reason = reason;
    if (actor->ended) {
        return; // it had said so itself; the kernel knows the reason better
    }
    actor->ended = true;
    actor->ended_ns = world->now_ns;
    actor->host->actor_count--;
    struct actor *last = world->alive[--world->alive_count];
    world->alive[actor->alive_place] = last;
    last->alive_place = actor->alive_place;
    emit(world, &(struct event){.kind = EVENT_ACTOR_ENDED, .actor = actor, .error = reason});
}

void end_actors_of(struct host *host)
{
    struct world *world = host->world;
    for (size_t place = world->alive_count; place-- > 0;) {
        if (world->alive[place]->host == host) {
            end_actor(world->alive[place], KITH_ERROR_UNREACHABLE);
        }
    }
}

void free_actor(struct actor *actor)
{
    free(actor->counted);
    free(actor);
}

uint64_t world_deadline(const struct actor *actor, uint64_t after_ns)
{
    return kith_now(actor->self) + after_ns;
}

void begin_wait(struct actor *actor, const char *doing, uint64_t deadline_ns)
{
    actor->doing = doing;
    actor->doing_until_ns =
        deadline_ns == KITH_FOREVER || deadline_ns < actor->host->clock_offset_ns
            ? deadline_ns
            : deadline_ns - actor->host->clock_offset_ns;
}

void end_wait(struct actor *actor)
{
    struct event event = {.kind = EVENT_WAITED,
                          .actor = actor,
                          .text = actor->doing,
                          .number = actor->doing_until_ns};
    actor->doing = "thinking";
    emit(actor->world, &event);
}

static enum kith_error act_once(struct actor *actor)
{
    unsigned total = 0;
    for (unsigned place = 0; place < ACT_COUNT; place++) {
        total += acts[place].weight[actor->role];
    }
    uint64_t drawn = draw_below(&actor->random, total);
    unsigned place = 0;
    while (drawn >= acts[place].weight[actor->role]) {
        drawn -= acts[place++].weight[actor->role];
    }
    return acts[place].run(actor);
}

static enum kith_error think(struct actor *actor)
{
    uint64_t think_ns = draw_below(&actor->random, actor->world->scenario.think_ns);
    begin_wait(actor, "thinking", KITH_NO_WAIT);
    return draw_chance(&actor->random, 200)
               ? kith_yield(actor->self)
               : kith_sleep_until(actor->self, world_deadline(actor, think_ns));
}

static bool is_to_go_on(const struct actor *actor)
{
    const struct world *world = actor->world;
    return actor->acts > 0 && !world->quitting && world->letter_count < world->scenario.letters;
}

static enum kith_error finish_own(struct actor *actor)
{
    enum kith_error error = KITH_OK;
    actor->winding_up = true;
    while (error == KITH_OK && actor->held_count > 0) {
        error = act_answer(actor);
    }
    while (error == KITH_OK && actor->waiting_count > 0) {
        struct kith_message *message;
        begin_wait(actor, "waiting for outcomes", KITH_FOREVER);
        error = kith_receive(actor->self, &message, world_deadline(actor, AWAIT_MS * MS_NS));
        end_wait(actor);
        if (error == KITH_OK) {
            take_message(actor, message);
        }
        error = error == KITH_ERROR_TIMEOUT ? KITH_OK : error;
    }
    return error;
}

// Stays where others can reach it, until all have finished.
static enum kith_error stay(struct actor *actor)
{
    enum kith_error error = KITH_OK;
    actor->idle = true;
    while (error == KITH_OK && !actor->world->finishing) {
        struct kith_message *message;
        begin_wait(actor, "staying", KITH_FOREVER);
        error = kith_receive(actor->self, &message, world_deadline(actor, IDLE_MS * MS_NS));
        end_wait(actor);
        if (error == KITH_OK) {
            take_message(actor, message);
        }
        error = error == KITH_ERROR_TIMEOUT ? KITH_OK : error;
    }
    return error;
}

static void finish(struct actor *actor)
{
    static const enum kith_error reasons[] = {KITH_ERROR_IO, KITH_ERROR_LIMIT, KITH_ERROR_INVALID};
    actor->doing = "ending";
    if (!actor->world->finishing && draw_chance(&actor->random, 300)) {
        enum kith_error reason = reasons[draw_below(&actor->random, 3)];
        end_actor(actor, reason);
        kith_exit(actor->self, reason);
    }
    end_actor(actor, KITH_OK);
}

void run_actor(struct kith_process *self, void *argument)
{
    struct actor *actor = argument;
    enum kith_error error = KITH_OK;
    actor->self = self;
    while (error == KITH_OK && is_to_go_on(actor)) {
        actor->acts--;
        error = act_once(actor);
        if (error == KITH_OK) {
            error = think(actor);
        }
    }
    bool stays = actor->acts > 0; // the others end in the middle of whatever they have under way
    if (error == KITH_OK && (stays || draw_chance(&actor->random, 500))) {
        error = finish_own(actor);
    }
    if (error == KITH_OK && stays) {
        error = stay(actor);
    }
    if (error == KITH_OK && !actor->world->quitting) {
        act_farewell(actor); // killed or not, it ends now
    }
    finish(actor);
}
