// SPDX-License-Identifier: Apache-2.0
// A name and index of a node have one owner; lookups and watches say what was once true, and in the
// end what is true.
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define STALE_NS                                                                                   \
    (20 * SECOND_NS) // by then a lookup has heard of an end, where nothing is in the way

struct registration {
    const struct actor *owner; // NULL: none
    bool uncertain;            // the owner didn't hear what became of its release
};

// What a watcher believes.
struct believed {
    struct kith_ref ref;
    char name[KITH_NAME_SIZE];
    uint32_t index;
};

struct belief {
    uint64_t watch;
    struct believed *entries;
    size_t count, capacity;
    bool complete;
};

struct names {
    struct map registrations; // incarnation, number in the name, index
    struct map beliefs;       // number of the actor
};

static unsigned name_number(const char *name)
{
    return (unsigned)strtoul(name + 1, NULL, 10);
}

static struct registration *find_registration(struct names *names, const struct event *event)
{
    void **value =
        map_at(&names->registrations,
               (struct map_key){event->actor->ref.node, name_number(event->text), event->number});
    if (*value == NULL) {
        *value = allocate(sizeof(struct registration));
    }
    return *value;
}

// Between the end of a registration and when its owner hears of it, another may have the name.
static bool may_be_over(const struct registration *registration)
{
    return registration->owner == NULL || registration->owner->ended || registration->uncertain ||
           strcmp(registration->owner->doing, "releasing") == 0;
}

static void see_registered(struct world *world, const struct check *check, struct names *names,
                           const struct event *event)
{
    if (event->error != KITH_OK) {
        return;
    }
    struct registration *registration = find_registration(names, event);
    if (registration->owner != event->actor && !may_be_over(registration)) {
        fail(world, check, "%s/%llu of host%u is given to a%u, but a%u has it", event->text,
             (unsigned long long)event->number, event->host->number, event->actor->number,
             registration->owner->number);
    }
    registration->owner = event->actor;
    registration->uncertain = false;
}

static void see_released(struct names *names, const struct event *event)
{
    struct registration *registration = find_registration(names, event);
    if (registration->owner != event->actor) {
        return;
    }
    if (event->error == KITH_OK) {
        registration->owner = NULL;
    } else {
        registration->uncertain = true;
    }
}

static void see_lookup(struct world *world, const struct check *check, const struct event *event)
{
    if (event->error != KITH_OK) {
        return;
    }
    const char *name = strrchr(event->text, 'n');
    const struct actor *found = find_actor(world, event->ref);
    char text[REF_TEXT_SIZE];
    if (found == NULL || (found->asked_names >> name_number(name) & 1) == 0) {
        fail(world, check, "a%u looks up %s and gets %s, which never had that name",
             event->actor->number, event->text, ref_text(world, event->ref, text));
        return;
    }
    const struct host *here = event->host, *there = found->host;
    bool in_the_way = here != there && (here->touched || there->touched);
    if (found->ended && found->ended_ns + STALE_NS < world->now_ns && !in_the_way) {
        fail(world, check, "a%u looks up %s and gets a%u, which ended %llu s ago",
             event->actor->number, event->text, found->number,
             (unsigned long long)((world->now_ns - found->ended_ns) / SECOND_NS));
    }
}

// ---- Watches. ----

static struct belief *find_belief(struct names *names, const struct actor *actor)
{
    void **value = map_at(&names->beliefs, (struct map_key){actor->number, 0, 0});
    if (*value == NULL) {
        *value = allocate(sizeof(struct belief));
    }
    return *value;
}

static size_t find_believed(const struct belief *belief, const struct kith_naming_event *naming)
{
    size_t place = 0;
    while (place < belief->count && !(belief->entries[place].ref.node == naming->node &&
                                      belief->entries[place].index == naming->index &&
                                      strcmp(belief->entries[place].name, naming->name) == 0)) {
        place++;
    }
    return place;
}

static void believe(struct belief *belief, const struct kith_naming_event *naming)
{
    if (belief->count == belief->capacity) {
        belief->capacity = 2 * belief->capacity + 16;
        belief->entries = reallocate(belief->entries, belief->capacity * sizeof belief->entries[0]);
    }
    struct believed *entry = &belief->entries[belief->count++];
    entry->ref = naming->ref;
    entry->ref.node = naming->node;
    entry->index = naming->index;
    snprintf(entry->name, sizeof entry->name, "%s", naming->name);
}

static void see_name_event(struct world *world, const struct check *check, struct belief *belief,
                           const struct event *event)
{
    const struct kith_naming_event *naming = event->naming;
    size_t place = find_believed(belief, naming);
    bool known = place < belief->count;
    if (naming->kind == KITH_EVENT_UP && known) {
        fail(world, check, "a%u is told that %s/%u is up, which it knew", event->actor->number,
             naming->name, naming->index);
    } else if (naming->kind == KITH_EVENT_DOWN && !known) {
        fail(world, check, "a%u is told that %s/%u is down, which it didn't know to be up",
             event->actor->number, naming->name, naming->index);
    } else if (naming->kind == KITH_EVENT_UP) {
        believe(belief, naming);
    } else if (naming->kind == KITH_EVENT_DOWN) {
        belief->entries[place] = belief->entries[--belief->count];
    }
}

static void see_naming(struct world *world, const struct check *check, struct names *names,
                       const struct event *event)
{
    struct belief *belief = find_belief(names, event->actor);
    const struct kith_naming_event *naming = event->naming;
    if (naming->watch != event->actor->watch) {
        return; // of a watch that was ended
    }
    if (belief->watch != naming->watch || naming->kind == KITH_EVENT_RESYNC) {
        belief->count = 0;
        belief->complete = false;
        belief->watch = naming->watch;
    }
    if (naming->kind == KITH_EVENT_COMPLETE) {
        belief->complete = true;
    } else if (naming->what == KITH_WATCH_NAMES) {
        see_name_event(world, check, belief, event);
    }
}

// ---- At rest. ----

// The names of `of`, as `at` knows them, with those that `of` has itself.
static void compare_tables(struct world *world, const struct check *check, struct host *at,
                           struct host *of)
{
    struct kith_name_entry entry;
    uint64_t cursor = 0;
    while (kith_find_next(at->node, "*", &cursor, &entry) == KITH_OK) {
        if (entry.ref.node != of->incarnation) {
            continue;
        }
        const struct actor *actor = find_actor(world, entry.ref);
        if (!kith_ref_equal(entry.ref, of->naming) && (actor == NULL || actor->ended)) {
            char text[REF_TEXT_SIZE];
            fail(world, check, "host%u has %s/%u of host%u, whose owner (%s) has ended", at->number,
                 entry.name, entry.index, of->number, ref_text(world, entry.ref, text));
        }
        struct kith_ref ref;
        char address[KITH_ADDRESS_SIZE];
        kith_address_format(&of->endpoint, entry.name, entry.index, address);
        if (kith_lookup_here(of->node, address, &ref) != KITH_OK ||
            !kith_ref_equal(ref, entry.ref)) {
            fail(world, check, "host%u has another owner of %s/%u than host%u itself", at->number,
                 entry.name, entry.index, of->number);
        }
    }
}

// Of nodes that don't live any longer, nobody has names.
static void judge_gone(struct world *world, const struct check *check, struct host *at)
{
    struct kith_name_entry entry;
    uint64_t cursor = 0;
    while (kith_find_next(at->node, "*", &cursor, &entry) == KITH_OK) {
        const struct host *of = find_host(world, entry.ref.node);
        if (of == NULL || !of->up || of->incarnation != entry.ref.node) {
            char text[REF_TEXT_SIZE];
            fail(world, check, "host%u has %s/%u of %s, whose node has gone", at->number,
                 entry.name, entry.index, ref_text(world, entry.ref, text));
        }
    }
}

static void compare_registrations(struct world *world, const struct check *check,
                                  const struct names *names)
{
    for (size_t place = 0; place < names->registrations.capacity; place++) {
        const struct map_entry *entry = &names->registrations.entries[place];
        const struct registration *registration = entry->value;
        if (registration == NULL || registration->owner == NULL || registration->owner->ended ||
            registration->uncertain) {
            continue;
        }
        char address[KITH_ADDRESS_SIZE];
        struct kith_ref ref;
        snprintf(address, sizeof address, "n%u/%u", (unsigned)entry->key.b, (unsigned)entry->key.c);
        if (kith_lookup_here(registration->owner->host->node, address, &ref) != KITH_OK ||
            !kith_ref_equal(ref, registration->owner->ref)) {
            fail(world, check, "a%u registered %s on host%u and lives, but has it no longer",
                 registration->owner->number, address, registration->owner->host->number);
        }
    }
}

static void compare_belief(struct world *world, const struct check *check,
                           const struct actor *actor, const struct belief *belief)
{
    struct kith_name_entry entry;
    uint64_t cursor = 0;
    size_t count = 0;
    if (!belief->complete) {
        fail(world, check, "the watch of a%u is not complete", actor->number);
        return;
    }
    while (kith_find_next(actor->host->node, "*", &cursor, &entry) == KITH_OK) {
        struct kith_naming_event naming = {
            .node = entry.ref.node, .name = entry.name, .index = entry.index};
        size_t place = find_believed(belief, &naming);
        if (place == belief->count || !kith_ref_equal(belief->entries[place].ref, entry.ref)) {
            char text[REF_TEXT_SIZE];
            fail(world, check, "the watch of a%u has missed %s/%u of %s", actor->number, entry.name,
                 entry.index, ref_text(world, entry.ref, text));
        }
        count++;
    }
    if (count != belief->count) {
        fail(world, check, "the watch of a%u has %zu names, its node %zu", actor->number,
             belief->count, count);
    }
}

static void see_drained(struct world *world, const struct check *check, struct names *names)
{
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        struct host *at = &world->hosts[number];
        if (at->up) {
            judge_gone(world, check, at);
        }
        for (uint32_t other = 0; at->up && other < world->scenario.hosts; other++) {
            struct host *of = &world->hosts[other];
            if (of->up && (at == of || is_peer(world, at, of))) {
                compare_tables(world, check, at, of);
            }
        }
    }
    compare_registrations(world, check, names);
    for (size_t place = 0; place < world->alive_count; place++) {
        const struct actor *actor = world->alive[place];
        if (actor->watch != 0) {
            compare_belief(world, check, actor, find_belief(names, actor));
        }
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    switch (event->kind) {
    case EVENT_REGISTERED:
        see_registered(world, check, state, event);
        break;
    case EVENT_RELEASED:
        see_released(state, event);
        break;
    case EVENT_LOOKED_UP:
        see_lookup(world, check, event);
        break;
    case EVENT_NAMING:
        see_naming(world, check, state, event);
        break;
    case EVENT_DRAINED:
        see_drained(world, check, state);
        break;
    default:
        break;
    }
}

static void fini(void *state)
{
    struct names *names = state;
    for (size_t place = 0; place < names->registrations.capacity; place++) {
        free(names->registrations.entries[place].value);
    }
    for (size_t place = 0; place < names->beliefs.capacity; place++) {
        struct belief *belief = names->beliefs.entries[place].value;
        if (belief != NULL) {
            free(belief->entries);
            free(belief);
        }
    }
    map_fini(&names->registrations);
    map_fini(&names->beliefs);
}

const struct check check_names = {
    .name = "names",
    .guarantee = "a name and index of a node have one owner, and all nodes come to know it",
    .size = sizeof(struct names),
    .on = see,
    .fini = fini,
};
