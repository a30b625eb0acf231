// SPDX-License-Identifier: Apache-2.0
// Waits: requests that are answered once a name is there, or the table of a node. The request
// itself is kept, and answered later. Waits for a name hang on that name.
#include "server.h"

static bool is_anywhere(const struct kithi_wait *wait)
{
    return wait->host[0] == '\0' && wait->endpoint_count == 0;
}

static bool is_host(const struct kithi_naming *naming, const struct kithi_wait *wait,
                    const struct kithi_member *member)
{
    if (is_anywhere(wait)) {
        return true;
    }
    if (wait->host[0] != '\0' && kithi_member_is_named(member, wait->host, strlen(wait->host))) {
        return true;
    }
    for (uint32_t i = 0; i < wait->endpoint_count; i++) {
        if (kithi_member_is_at(naming, member, &wait->endpoints[i])) {
            return true;
        }
    }
    return false;
}

// A node whose table can be read, here or by asking it, or that has none.
static bool is_ready(const struct kithi_naming *naming, const struct kithi_member *member)
{
    return member->info.state == KITH_ROUTE_UP &&
           (member->complete || member->truncated || !naming->replicates ||
            kith_ref_is_none(member->info.naming));
}

// Whether a wait ends with what is known of this node, one of its hosts, and with which entry.
static bool ends_at(const struct kithi_naming *naming, const struct kithi_wait *wait,
                    const struct kithi_member *member, uint32_t *entry)
{
    *entry = KITHI_NONE;
    if (wait->name == KITHI_NONE) {
        return is_ready(naming, member);
    }
    *entry = wait->index == KITH_INDEX_ANY
                 ? kithi_entry_lowest(&naming->table, wait->name, member->place)
                 : kithi_entry_find(&naming->table, wait->name, member->place, wait->index);
    return *entry != KITHI_NONE;
}

// Whether a wait is over as soon as it has begun.
static bool ends_at_once(struct kithi_naming *naming, const struct kithi_wait *wait,
                         uint32_t *entry)
{
    *entry = KITHI_NONE;
    if (wait->all_nodes) {
        return kithi_members_complete(naming);
    }
    if (is_anywhere(wait)) {
        *entry = kithi_entry_anycast(&naming->table, wait->name, wait->index);
        return *entry != KITHI_NONE;
    }
    for (uint32_t place = 0; place < naming->member_used; place++) {
        const struct kithi_member *member = naming->members[place];
        if (member != NULL && is_host(naming, wait, member) &&
            ends_at(naming, wait, member, entry)) {
            return true;
        }
    }
    return false;
}

static uint32_t *list_of(struct kithi_naming *naming, const struct kithi_wait *wait)
{
    return wait->name == KITHI_NONE ? &naming->first_node_wait
                                    : &naming->table.names[wait->name].first_wait;
}

static void link_wait(struct kithi_naming *naming, uint32_t id)
{
    struct kithi_wait *wait = &naming->waits[id];
    uint32_t *first = list_of(naming, wait);
    wait->name_previous = KITHI_NONE;
    wait->name_next = *first;
    if (*first != KITHI_NONE) {
        naming->waits[*first].name_previous = id;
    }
    *first = id;
    first = &naming->clients[wait->client].first_wait;
    wait->client_previous = KITHI_NONE;
    wait->client_next = *first;
    if (*first != KITHI_NONE) {
        naming->waits[*first].client_previous = id;
    }
    *first = id;
    naming->counters.waits++;
}

static void unlink_wait(struct kithi_naming *naming, uint32_t id)
{
    struct kithi_wait *wait = &naming->waits[id];
    if (wait->name_previous == KITHI_NONE) {
        *list_of(naming, wait) = wait->name_next;
    } else {
        naming->waits[wait->name_previous].name_next = wait->name_next;
    }
    if (wait->name_next != KITHI_NONE) {
        naming->waits[wait->name_next].name_previous = wait->name_previous;
    }
    if (wait->client_previous == KITHI_NONE) {
        naming->clients[wait->client].first_wait = wait->client_next;
    } else {
        naming->waits[wait->client_previous].client_next = wait->client_next;
    }
    if (wait->client_next != KITHI_NONE) {
        naming->waits[wait->client_next].client_previous = wait->client_previous;
    }
    naming->counters.waits--;
}

static void put_wait(struct kithi_naming *naming, uint32_t id)
{
    naming->waits[id].message = NULL;
    naming->waits[id].name_next = naming->wait_free;
    naming->wait_free = id;
}

// Gives the request back; the wait is over.
static struct kith_message *end_wait(struct kithi_naming *naming, uint32_t id)
{
    struct kithi_wait *wait = &naming->waits[id];
    struct kith_message *message = wait->message;
    unlink_wait(naming, id);
    kithi_client_drop(naming, wait->client);
    if (wait->name != KITHI_NONE) {
        kithi_name_drop(&naming->table, wait->name);
    }
    put_wait(naming, id);
    return message;
}

// Answers with an entry, or with an empty one.
static void answer(struct kithi_naming *naming, struct kith_message **message, uint32_t entry)
{
    kith_message_reset(*message);
    Kith__NamingEntry *reply = kith_message_set_typed(*message, &kith__naming_entry__descriptor);
    if (reply == NULL ||
        (entry != KITHI_NONE && !kithi_entry_fill(naming, *message, reply, entry))) {
        kithi_naming_answer_error(naming, message, KITH_ERROR_NO_MEMORY);
        return;
    }
    kithi_naming_answer(naming, message);
}

static bool has_share(const struct kithi_naming *naming, uint64_t node)
{
    uint32_t held = 0;
    if (naming->counters.waits < naming->options.waits / 2 ||
        node == kith_node_incarnation(naming->node)) {
        return true; // without counting: there may be many
    }
    for (uint32_t id = 0; id < naming->wait_used; id++) {
        const struct kithi_wait *wait = &naming->waits[id];
        held += wait->message != NULL && naming->clients[wait->client].ref.node == node;
    }
    return kithi_has_share(held, naming->counters.waits, naming->options.waits);
}

static bool has_share_of_name(struct kithi_naming *naming, const struct kithi_wait *wait,
                              uint64_t node)
{
    uint32_t held = 0;
    if (node == kith_node_incarnation(naming->node)) {
        return true;
    }
    for (uint32_t id = *list_of(naming, wait); id != KITHI_NONE; id = naming->waits[id].name_next) {
        held += naming->clients[naming->waits[id].client].ref.node == node;
    }
    return held < KITHI_WAITS_MOST;
}

static enum kith_error take_wait(struct kithi_naming *naming, uint32_t *id)
{
    if (naming->wait_free != KITHI_NONE) {
        *id = naming->wait_free;
        naming->wait_free = naming->waits[*id].name_next;
        return KITH_OK;
    }
    void *waits = naming->waits;
    enum kith_error error =
        kithi_names_grow(naming->platform, &waits, sizeof *naming->waits, naming->wait_used,
                         &naming->wait_capacity, naming->options.waits);
    naming->waits = waits;
    if (error == KITH_OK) {
        *id = naming->wait_used++;
    }
    return error;
}

static enum kith_error parse_hosts(struct kith_message *message, const Kith__NamingWait *request,
                                   struct kithi_wait *wait)
{
    size_t count = request->n_endpoints;
    if (strlen(request->host) >= KITH_HOST_SIZE || count > KITHI_HOSTS) {
        return KITH_ERROR_INVALID;
    }
    wait->host = request->host;
    if (count == 0) {
        return KITH_OK;
    }
    wait->endpoints = kith_message_allocate(message, count * sizeof *wait->endpoints);
    if (wait->endpoints == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (kith_endpoint_parse(request->endpoints[i], KITH_DEFAULT_PORT, &wait->endpoints[i]) !=
            KITH_OK) {
            return KITH_ERROR_INVALID;
        }
    }
    wait->endpoint_count = (uint32_t)count;
    return KITH_OK;
}

// Parses the request into *wait, and holds its name.
static enum kith_error parse(struct kithi_naming *naming, struct kith_message *message,
                             struct kithi_wait *wait)
{
    const Kith__NamingWait *request = kith_message_typed(message, &kith__naming_wait__descriptor);
    *wait = (struct kithi_wait){.name = KITHI_NONE, .index = KITH_INDEX_ANY};
    if (request == NULL || !message->waiting) {
        return KITH_ERROR_INVALID;
    }
    enum kith_error error = parse_hosts(message, request, wait);
    if (error != KITH_OK) {
        return error;
    }
    wait->all_nodes = request->all_nodes;
    if (request->name[0] == '\0') {
        bool some = wait->host[0] != '\0' || wait->endpoint_count > 0 || wait->all_nodes;
        return some ? KITH_OK : KITH_ERROR_INVALID;
    }
    if (!kith_name_valid(request->name) || wait->all_nodes) {
        return KITH_ERROR_INVALID;
    }
    if (request->wanted_case == KITH__NAMING_WAIT__WANTED_INDEX) {
        wait->index = request->index;
    }
    return kithi_name_hold(&naming->table, request->name, strlen(request->name), &wait->name);
}

// Of the request only what it waits for is kept: there may be megabytes in it that mean nothing.
static enum kith_error strip(struct kithi_wait *wait, struct kith_message *message)
{
    char host[KITH_HOST_SIZE];
    struct kith_endpoint endpoints[KITHI_HOSTS];
    size_t host_size = strlen(wait->host) + 1;
    size_t endpoints_size = wait->endpoint_count * sizeof endpoints[0];
    memcpy(host, wait->host, host_size);
    if (endpoints_size > 0) {
        memcpy(endpoints, wait->endpoints, endpoints_size);
    }
    kith_message_reset(message);
    char *kept = kith_message_allocate(message, host_size);
    wait->host = kept;
    wait->endpoints = kith_message_allocate(message, endpoints_size);
    if (kept == NULL || wait->endpoints == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memcpy(kept, host, host_size);
    memcpy(wait->endpoints, endpoints, endpoints_size);
    return KITH_OK;
}

static enum kith_error park(struct kithi_naming *naming, struct kithi_wait *wait,
                            struct kith_message *message)
{
    uint32_t id;
    enum kith_error error = strip(wait, message);
    if (error == KITH_OK) {
        uint64_t node = message->reply_to.node;
        bool has = has_share(naming, node) && has_share_of_name(naming, wait, node);
        error = has ? take_wait(naming, &id) : KITH_ERROR_LIMIT;
    }
    if (error != KITH_OK) {
        return error;
    }
    naming->waits[id] = *wait;
    error = kithi_client_hold(naming, message->reply_to, &naming->waits[id].client);
    if (error != KITH_OK) {
        put_wait(naming, id);
        return error;
    }
    naming->waits[id].message = message;
    link_wait(naming, id);
    kithi_naming_due(naming, kith_node_now(naming->node) + KITHI_SWEEP_NS);
    return KITH_OK;
}

void kithi_naming_wait(struct kithi_naming *naming, struct kith_message **message)
{
    struct kithi_wait wait;
    enum kith_error error = parse(naming, *message, &wait);
    if (error != KITH_OK) {
        kithi_naming_answer_error(naming, message, error);
        return;
    }
    uint32_t entry;
    if (ends_at_once(naming, &wait, &entry)) {
        answer(naming, message, entry);
    } else {
        error = park(naming, &wait, *message);
        if (error == KITH_OK) {
            *message = NULL;
            return;
        }
        kithi_naming_answer_error(naming, message, error);
    }
    if (wait.name != KITHI_NONE) {
        kithi_name_drop(&naming->table, wait.name);
    }
}

void kithi_waits_entry(struct kithi_naming *naming, uint32_t entry)
{
    const struct kithi_entry *added = &naming->table.entries[entry];
    uint32_t next;
    for (uint32_t id = naming->table.names[added->name].first_wait; id != KITHI_NONE; id = next) {
        const struct kithi_wait *wait = &naming->waits[id];
        next = wait->name_next;
        if ((wait->index == KITH_INDEX_ANY || wait->index == added->index) &&
            is_host(naming, wait, naming->members[added->node])) {
            struct kith_message *message = end_wait(naming, id);
            answer(naming, &message, entry);
        }
    }
}

void kithi_waits_member(struct kithi_naming *naming, const struct kithi_member *member)
{
    for (uint32_t id = 0; naming->counters.waits > 0 && id < naming->wait_used; id++) {
        const struct kithi_wait *wait = &naming->waits[id];
        uint32_t entry;
        if (wait->message == NULL || wait->all_nodes || is_anywhere(wait) ||
            !is_host(naming, wait, member) || !ends_at(naming, wait, member, &entry)) {
            continue;
        }
        struct kith_message *message = end_wait(naming, id);
        answer(naming, &message, entry);
    }
}

void kithi_waits_all_nodes(struct kithi_naming *naming)
{
    uint32_t next;
    if (naming->first_node_wait == KITHI_NONE || !kithi_members_complete(naming)) {
        return;
    }
    for (uint32_t id = naming->first_node_wait; id != KITHI_NONE; id = next) {
        next = naming->waits[id].name_next;
        if (naming->waits[id].all_nodes) {
            struct kith_message *message = end_wait(naming, id);
            answer(naming, &message, KITHI_NONE);
        }
    }
}

void kithi_waits_end(struct kithi_naming *naming, uint32_t client)
{
    while (naming->clients[client].first_wait != KITHI_NONE) {
        struct kith_message *message = end_wait(naming, naming->clients[client].first_wait);
        kithi_naming_answer_error(naming, &message, KITH_ERROR_DOWN);
    }
}

// Whoever asked has given up by itself when the deadline passed; what is left of it goes later.
void kithi_waits_sweep(struct kithi_naming *naming, uint64_t now_ns)
{
    if (naming->counters.waits == 0) {
        return;
    }
    for (uint32_t id = 0; now_ns >= naming->sweep_ns && id < naming->wait_used; id++) {
        const struct kith_message *message = naming->waits[id].message;
        if (message != NULL && message->deadline_ns < now_ns - KITHI_SWEEP_NS) {
            struct kith_message *ended = end_wait(naming, id);
            kithi_naming_answer_error(naming, &ended, KITH_ERROR_TIMEOUT);
        }
    }
    if (now_ns >= naming->sweep_ns) {
        naming->sweep_ns = now_ns + KITHI_SWEEP_NS;
    }
    kithi_naming_due(naming, naming->sweep_ns);
}

enum kith_error kithi_waits_open(struct kithi_naming *naming)
{
    naming->wait_free = KITHI_NONE;
    naming->first_node_wait = KITHI_NONE;
    return KITH_OK;
}

void kithi_waits_close(struct kithi_naming *naming)
{
    // The requests belong to the naming process, which ends with them.
    kithi_naming_free(naming, naming->waits, naming->wait_capacity * sizeof *naming->waits);
}
