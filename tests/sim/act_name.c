// SPDX-License-Identifier: Apache-2.0
// Acts: names.
#include "world.h"

static const char *name_text(unsigned name, char text[KITH_NAME_SIZE])
{
    snprintf(text, KITH_NAME_SIZE, "n%u", name);
    return text;
}

enum kith_error act_register(struct actor *actor)
{
    if (actor->name_count == OWN_NAMES_MOST) {
        return KITH_OK;
    }
    char text[KITH_NAME_SIZE];
    struct own_name own = {.name = (unsigned)draw_below(&actor->random, NAMES)};
    uint32_t wanted =
        draw_chance(&actor->random, 600) ? KITH_INDEX_ANY : (uint32_t)draw_below(&actor->random, 4);
    uint64_t deadline_ns = world_deadline(actor, draw_below(&actor->random, 3 * SECOND_NS));
    actor->asked_names |= 1u << own.name;
    begin_wait(actor, "registering", deadline_ns);
    enum kith_error error =
        kith_register(actor->self, name_text(own.name, text), wanted, &own.index, deadline_ns);
    end_wait(actor);
    if (error == KITH_OK) {
        actor->names[actor->name_count++] = own;
    }
    emit(actor->world, &(struct event){.kind = EVENT_REGISTERED,
                                       .actor = actor,
                                       .text = text,
                                       .number = error == KITH_OK ? own.index : wanted,
                                       .error = error});
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

enum kith_error act_release(struct actor *actor)
{
    if (actor->name_count == 0) {
        return KITH_OK;
    }
    char text[KITH_NAME_SIZE];
    uint64_t place = draw_below(&actor->random, actor->name_count);
    struct own_name own = actor->names[place];
    uint64_t deadline_ns = world_deadline(actor, 3 * SECOND_NS);
    begin_wait(actor, "releasing", deadline_ns);
    enum kith_error error =
        kith_release(actor->self, name_text(own.name, text), own.index, deadline_ns);
    end_wait(actor);
    if (error == KITH_OK || error == KITH_ERROR_NOT_FOUND) {
        actor->names[place] = actor->names[--actor->name_count];
    }
    emit(actor->world, &(struct event){.kind = EVENT_RELEASED,
                                       .actor = actor,
                                       .text = text,
                                       .number = own.index,
                                       .error = error});
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

// Any form of address: with or without host (by name, by endpoint), with or without index.
static void draw_address(struct actor *actor, char address[KITH_ADDRESS_SIZE])
{
    struct world *world = actor->world;
    char host[KITH_ENDPOINT_TEXT_SIZE + 1] = "";
    char index[8] = "";
    const struct host *other = &world->hosts[draw_below(&actor->random, world->scenario.hosts)];
    uint64_t kind = draw_below(&actor->random, 3);
    if (kind == 1) {
        snprintf(host, sizeof host, "%s/", other->name);
    } else if (kind == 2) {
        char text[KITH_ENDPOINT_TEXT_SIZE];
        snprintf(host, sizeof host, "%s/", kith_endpoint_format(&other->endpoint, text));
    }
    if (draw_chance(&actor->random, 300)) {
        snprintf(index, sizeof index, "/%u", (unsigned)draw_below(&actor->random, 4));
    }
    snprintf(address, KITH_ADDRESS_SIZE, "%sn%u%s", host,
             (unsigned)draw_below(&actor->random, NAMES), index);
}

static enum kith_error finish_lookup(struct actor *actor, const char *address, struct kith_ref ref,
                                     enum kith_error error)
{
    emit(actor->world, &(struct event){.kind = EVENT_LOOKED_UP,
                                       .actor = actor,
                                       .text = address,
                                       .ref = error == KITH_OK ? ref : KITH_REF_NONE,
                                       .error = error});
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

enum kith_error act_look_up(struct actor *actor)
{
    char address[KITH_ADDRESS_SIZE];
    struct kith_ref ref = KITH_REF_NONE;
    draw_address(actor, address);
    uint64_t deadline_ns = draw_chance(&actor->random, 300)
                               ? KITH_NO_WAIT
                               : world_deadline(actor, draw_below(&actor->random, SECOND_NS));
    begin_wait(actor, "looking up", deadline_ns);
    enum kith_error error = kith_lookup(actor->self, address, deadline_ns, &ref);
    end_wait(actor);
    return finish_lookup(actor, address, ref, error);
}

enum kith_error act_wait_name(struct actor *actor)
{
    char address[KITH_ADDRESS_SIZE];
    struct kith_ref ref = KITH_REF_NONE;
    draw_address(actor, address);
    uint64_t deadline_ns = world_deadline(actor, draw_below(&actor->random, 2 * SECOND_NS));
    begin_wait(actor, "waiting for a name", deadline_ns);
    enum kith_error error = kith_wait_name(actor->self, address, deadline_ns, &ref);
    end_wait(actor);
    return finish_lookup(actor, address, ref, error);
}

enum kith_error act_watch(struct actor *actor)
{
    if (actor->watch != 0) {
        return KITH_OK;
    }
    uint64_t deadline_ns = world_deadline(actor, 3 * SECOND_NS);
    begin_wait(actor, "starting a watch", deadline_ns);
    enum kith_error error = kith_watch(actor->self, "*", KITH_WATCH_NAMES | KITH_WATCH_NODES,
                                       &actor->watch, deadline_ns);
    end_wait(actor);
    if (error == KITH_OK) {
        emit(actor->world,
             &(struct event){
                 .kind = EVENT_WATCHING, .actor = actor, .number = actor->watch, .text = "*"});
    }
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

enum kith_error act_unwatch(struct actor *actor)
{
    if (actor->watch == 0) {
        return KITH_OK;
    }
    uint64_t watch = actor->watch;
    uint64_t deadline_ns = world_deadline(actor, 3 * SECOND_NS);
    begin_wait(actor, "ending a watch", deadline_ns);
    enum kith_error error = kith_unwatch(actor->self, watch, deadline_ns);
    end_wait(actor);
    if (error == KITH_OK || error == KITH_ERROR_NOT_FOUND) {
        actor->watch = 0;
        emit(actor->world, &(struct event){.kind = EVENT_WATCHING, .actor = actor, .error = error});
    }
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}
