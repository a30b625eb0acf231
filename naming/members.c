// SPDX-License-Identifier: Apache-2.0
// The nodes that naming knows of: this one and those that routes lead to. The kernel tells the
// observer about routes, in whatever process happens to run; the naming process deals with it.
#include <assert.h>

#include <kith/planted.h>

#include "server.h"

static uint32_t hash_incarnation(uint64_t incarnation)
{
    return (uint32_t)(incarnation >> 17); // they are random already
}

static uint32_t hash_endpoint(const struct kithi_naming *naming,
                              const struct kith_endpoint *endpoint)
{
    unsigned char bytes[18];
    memcpy(bytes, endpoint->address, 16);
    bytes[16] = (unsigned char)endpoint->port;
    bytes[17] = (unsigned char)(endpoint->port >> 8);
    return kithi_hash(naming->table.seed, bytes, sizeof bytes);
}

static bool is_given(const struct kith_endpoint *endpoint)
{
    return endpoint->port != 0;
}

struct kithi_probe kithi_members_named(const struct kithi_naming *naming, const char *name,
                                       size_t size)
{
    return kithi_map_probe(kithi_hash(naming->table.seed, name, size));
}

struct kithi_probe kithi_members_at(const struct kithi_naming *naming,
                                    const struct kith_endpoint *endpoint)
{
    return kithi_map_probe(hash_endpoint(naming, endpoint));
}

struct kithi_member *kithi_member_find(const struct kithi_naming *naming, uint64_t incarnation)
{
    struct kithi_probe probe = kithi_map_probe(hash_incarnation(incarnation));
    for (;;) {
        uint32_t place = kithi_map_next(&naming->incarnations, &probe);
        if (place == KITHI_NONE) {
            return NULL;
        }
        if (naming->members[place]->info.incarnation == incarnation) {
            return naming->members[place];
        }
    }
}

bool kithi_member_is_named(const struct kithi_member *member, const char *name, size_t size)
{
    return strncmp(member->info.name, name, size) == 0 && member->info.name[size] == '\0';
}

static bool is_loopback(const struct kith_endpoint *endpoint)
{
    static const uint8_t v6[16] = {[15] = 1};
    return kith_endpoint_is_v4(endpoint) ? endpoint->address[12] == 127
                                         : memcmp(endpoint->address, v6, sizeof v6) == 0;
}

static bool is_own(const struct kithi_naming *naming, const struct kith_endpoint *endpoint)
{
    const struct kith_endpoint *listen = &naming->listen;
    return is_given(listen) && endpoint->port == listen->port &&
           (kith_endpoint_equal(endpoint, listen) ||
            (kith_endpoint_is_any(listen) && is_loopback(endpoint)));
}

bool kithi_member_is_at(const struct kithi_naming *naming, const struct kithi_member *member,
                        const struct kith_endpoint *endpoint)
{
    if (is_given(&member->info.endpoint) && kith_endpoint_equal(&member->info.endpoint, endpoint)) {
        return true;
    }
    for (uint32_t i = 0; i < member->alias_count; i++) {
        if (kith_endpoint_equal(&member->aliases[i], endpoint)) {
            return true;
        }
    }
    return member->place == KITHI_OWN && is_own(naming, endpoint);
}

bool kithi_member_matches(const struct kithi_member *member, const char *pattern, size_t size)
{
    if (size == 1 && pattern[0] == '*') {
        return true;
    }
    const char *name = member->info.name;
    if (name[0] != '\0' && kithi_glob(pattern, size, name, strlen(name))) {
        return true;
    }
    if (!is_given(&member->info.endpoint)) {
        return false;
    }
    char text[KITH_ENDPOINT_TEXT_SIZE];
    kith_endpoint_format(&member->info.endpoint, text);
    if (kithi_glob(pattern, size, text, strlen(text))) {
        return true;
    }
    *strrchr(text, ':') = '\0'; // "10.0.0.7" or "[fd00::7]"
    return kithi_glob(pattern, size, text, strlen(text));
}

// A host that can't be noted for lack of memory isn't found by it; everything else works.
static void note_host(struct kithi_naming *naming, uint32_t place, uint32_t hash)
{
    if (kithi_map_add(&naming->hosts, naming->platform, hash, place) != KITH_OK) {
        kith_node_log(naming->node, KITH_LOG_WARNING, "naming_no_memory", NULL, 0);
    }
}

// Does nothing if it was never noted.
static void forget_host(struct kithi_naming *naming, uint32_t place, uint32_t hash)
{
    struct kithi_probe probe = kithi_map_probe(hash);
    uint32_t found;
    do {
        found = kithi_map_next(&naming->hosts, &probe);
    } while (found != KITHI_NONE && found != place);
    if (found == place) {
        kithi_map_remove(&naming->hosts, hash, place);
    }
}

static void set_name(struct kithi_naming *naming, struct kithi_member *member, const char *name)
{
    char *own = member->info.name;
    uint64_t seed = naming->table.seed;
    if (own[0] != '\0') {
        forget_host(naming, member->place, kithi_hash(seed, own, strlen(own)));
    }
    strncpy(own, name, KITH_NAME_SIZE - 1);
    own[KITH_NAME_SIZE - 1] = '\0';
    if (own[0] != '\0') {
        note_host(naming, member->place, kithi_hash(seed, own, strlen(own)));
    }
}

static void set_endpoint(struct kithi_naming *naming, struct kithi_member *member,
                         struct kith_endpoint *slot, const struct kith_endpoint *endpoint)
{
    if (is_given(slot)) {
        forget_host(naming, member->place, hash_endpoint(naming, slot));
    }
    *slot = *endpoint;
    if (is_given(slot)) {
        note_host(naming, member->place, hash_endpoint(naming, slot));
    }
}

static void add_alias(struct kithi_naming *naming, struct kithi_member *member,
                      const struct kith_endpoint *endpoint)
{
    if (!is_given(endpoint) || kithi_member_is_at(naming, member, endpoint)) {
        return;
    }
    set_endpoint(naming, member, &member->aliases[member->alias_next], endpoint);
    member->alias_next = (member->alias_next + 1) % KITHI_ALIASES;
    if (member->alias_count < KITHI_ALIASES) {
        member->alias_count++;
    }
}

static enum kith_error take_place(struct kithi_naming *naming, uint32_t *place)
{
    for (*place = 0; *place < naming->member_used; ++*place) {
        if (naming->members[*place] == NULL) {
            return KITH_OK;
        }
    }
    void *members = naming->members;
    enum kith_error error =
        kithi_names_grow(naming->platform, &members, sizeof(struct kithi_member *),
                         naming->member_used, &naming->member_capacity, KITHI_NONE);
    naming->members = members;
    if (error == KITH_OK) {
        naming->members[naming->member_used++] = NULL;
    }
    return error;
}

static enum kith_error add_member(struct kithi_naming *naming, uint64_t incarnation,
                                  struct kithi_member **added)
{
    uint32_t place;
    enum kith_error error = take_place(naming, &place);
    if (error != KITH_OK) {
        return error;
    }
    struct kithi_member *member = kithi_naming_allocate(naming, sizeof *member);
    if (member == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    member->place = place;
    member->info.incarnation = incarnation;
    member->roll = KITHI_ROLL_EMPTY;
    member->told_state = KITH_ROUTE_GONE;
    member->batch_bytes = naming->batch_bytes;
    error = kithi_map_add(&naming->incarnations, naming->platform, hash_incarnation(incarnation),
                          place);
    if (error != KITH_OK) {
        kithi_naming_free(naming, member, sizeof *member);
        return error;
    }
    naming->members[place] = member;
    *added = member;
    return KITH_OK;
}

static void remove_member(struct kithi_naming *naming, struct kithi_member *member)
{
    uint32_t place = member->place;
    const struct kith_endpoint none = {{0}, 0};
    set_name(naming, member, "");
    set_endpoint(naming, member, &member->info.endpoint, &none);
    for (uint32_t i = 0; i < member->alias_count; i++) {
        set_endpoint(naming, member, &member->aliases[i], &none);
    }
    kithi_map_remove(&naming->incarnations, hash_incarnation(member->info.incarnation), place);
    naming->members[place] = NULL;
    kithi_naming_free(naming, member, sizeof *member);
}

// An address of this node that now leads to another is no longer its own.
static void forget_own_alias(struct kithi_naming *naming, const struct kith_endpoint *endpoint)
{
    static const struct kith_endpoint none = {.port = 0};
    struct kithi_member *own = kithi_own(naming);
    for (uint32_t i = 0; is_given(endpoint) && i < own->alias_count; i++) {
        if (kith_endpoint_equal(&own->aliases[i], endpoint)) {
            set_endpoint(naming, own, &own->aliases[i], &none);
        }
    }
}

// What a route says now. May be called while the naming process is in the middle of something: it
// only notes what is to be done. False: no memory, the routes must be looked at again.
static bool note_route(struct kithi_naming *naming, const struct kith_route_info *info,
                       enum kith_error reason)
{
    struct kithi_member *member = kithi_member_find(naming, info->incarnation);
    if (member == NULL && info->state == KITH_ROUTE_GONE) {
        return true;
    }
    naming->members_changed = true;
    if (member == kithi_own(naming)) {
        add_alias(naming, member, &info->also);
        return true;
    }
    forget_own_alias(naming, &info->endpoint);
    forget_own_alias(naming, &info->also);
    if (member == NULL && add_member(naming, info->incarnation, &member) != KITH_OK) {
        naming->rescan = true;
        return false;
    }
    if (strcmp(member->info.name, info->name) != 0) {
        set_name(naming, member, info->name);
    }
    if (!kith_endpoint_equal(&member->info.endpoint, &info->endpoint)) {
        set_endpoint(naming, member, &member->info.endpoint, &info->endpoint);
    }
    add_alias(naming, member, &info->also);
    member->info.state = info->state;
    member->info.naming = info->naming;
    member->info.transient = info->transient;
    if (info->state == KITH_ROUTE_UNREACHABLE || info->state == KITH_ROUTE_GONE) {
        member->lost = true;
        member->reason = reason;
    }
    member->changed = true;
    return true;
}

static void route_changed(struct kith_route_observer *observer, const struct kith_route_info *info,
                          enum kith_error reason)
{
    struct kithi_naming *naming =
        (void *)((char *)observer - offsetof(struct kithi_naming, observer));
    (void)note_route(naming, info, reason);
    kithi_naming_wake(naming);
}

static void scan_routes(struct kithi_naming *naming)
{
    for (uint32_t place = 0; place < kith_route_count(naming->node); place++) {
        const struct kith_route *route = kith_route_at(naming->node, place);
        if (route != NULL) {
            struct kith_route_info info;
            kith_route_info(route, &info);
            if (!note_route(naming, &info, KITH_ERROR_UNREACHABLE)) {
                kithi_naming_due(naming, kith_node_now(naming->node) + KITHI_RETRY_MOST_NS);
            }
        }
    }
}

// The entries of a lost node go before anything else happens to it.
static void update_lost(struct kithi_naming *naming, struct kithi_member *member)
{
    member->lost = false;
    kithi_publish_end(naming, member);
    if (!KITH_BUG(LOST_NODES_NAMES_KEPT) || member->info.state == KITH_ROUTE_GONE) {
        kithi_replica_clear(naming, member, member->reason);
    }
    kithi_watches_link(naming, member, KITH_ROUTE_UNREACHABLE);
    kithi_watches_node(naming, member, false);
}

static void update_member(struct kithi_naming *naming, struct kithi_member *member)
{
    member->changed = false;
    if (member->lost) {
        update_lost(naming, member);
    }
    switch (member->info.state) {
    case KITH_ROUTE_UP:
        kithi_watches_node(naming, member, true);
        kithi_watches_link(naming, member, KITH_ROUTE_UP);
        if (!member->complete || !KITH_BUG(NO_RESYNC_AFTER_RECONNECT)) {
            kithi_replica_begin(naming, member);
        }
        break;
    case KITH_ROUTE_SUSPECT:
        kithi_watches_node(naming, member, true);
        kithi_watches_link(naming, member, KITH_ROUTE_SUSPECT);
        break;
    case KITH_ROUTE_UNREACHABLE:
        break;
    case KITH_ROUTE_GONE:
        remove_member(naming, member);
        break;
    }
}

void kithi_members_update(struct kithi_naming *naming)
{
    if (naming->rescan) {
        naming->rescan = false;
        scan_routes(naming);
    }
    if (!naming->members_changed) {
        return;
    }
    naming->members_changed = false;
    for (uint32_t place = 1; place < naming->member_used; place++) {
        if (naming->members[place] == NULL || !naming->members[place]->changed) {
            continue;
        }
        update_member(naming, naming->members[place]);
        if (naming->members[place] != NULL) {
            kithi_waits_member(naming, naming->members[place]);
        }
    }
    kithi_waits_member(naming, kithi_own(naming)); // its endpoint may have been set
    kithi_waits_all_nodes(naming);
}

bool kithi_members_complete(const struct kithi_naming *naming)
{
    if (!naming->replicates) {
        return true;
    }
    for (uint32_t place = 1; place < naming->member_used; place++) {
        const struct kithi_member *member = naming->members[place];
        if (member != NULL && member->info.state == KITH_ROUTE_UP && !member->complete &&
            !kith_ref_is_none(member->info.naming)) {
            return false;
        }
    }
    return true;
}

void kith_naming_set_endpoints(struct kith_node *node, const struct kith_endpoint *listen,
                               const struct kith_endpoint *advertise)
{
    struct kithi_naming *naming = kithi_naming_of(node);
    struct kithi_member *own = kithi_own(naming);
    naming->listen = *listen;
    set_endpoint(naming, own, &own->info.endpoint, advertise);
    naming->members_changed = true; // somebody may wait for this node by its endpoint
    kithi_naming_wake(naming);
}

enum kith_error kithi_members_open(struct kithi_naming *naming)
{
    enum kith_error error = kithi_map_init(&naming->incarnations, naming->platform);
    if (error == KITH_OK) {
        error = kithi_map_init(&naming->hosts, naming->platform);
    }
    struct kithi_member *own;
    if (error == KITH_OK) {
        error = add_member(naming, kith_node_incarnation(naming->node), &own);
    }
    if (error != KITH_OK) {
        return error;
    }
    assert(own->place == KITHI_OWN);
    own->info.state = KITH_ROUTE_UP;
    own->complete = true;
    own->told_up = true;
    set_name(naming, own, kith_node_name(naming->node));
    naming->observer.changed = route_changed;
    naming->rescan = true; // routes that are there already
    naming->members_changed = true;
    return KITH_OK;
}

void kithi_members_close(struct kithi_naming *naming)
{
    for (uint32_t place = 0; place < naming->member_used; place++) {
        if (naming->members[place] != NULL) {
            kithi_naming_free(naming, naming->members[place], sizeof(struct kithi_member));
        }
    }
    kithi_naming_free(naming, naming->members,
                      naming->member_capacity * sizeof(struct kithi_member *));
    kithi_map_fini(&naming->incarnations, naming->platform);
    kithi_map_fini(&naming->hosts, naming->platform);
}
