// SPDX-License-Identifier: Apache-2.0
// From an address to a reference. What is known here is read here, in the caller's own process; the
// rest (links to be made, tables to come, nodes that keep their tables to themselves) takes
// requests.
#include "server.h"

#define RESOLVE_AGAIN_MS 5000 // while waiting for a name on a host known by DNS
#define POLL_MS          250  // where there are no replicas

// The part of an address that says which nodes.
struct hosts {
    const char *text; // name of a node or by DNS; NULL: only endpoints
    size_t size;
    uint16_t port; // 0: any
    struct kith_endpoint endpoints[KITHI_HOSTS];
    size_t endpoint_count;
};

// How near the table of a host is. Of several nodes the last one here counts.
enum nearness {
    UNKNOWN,    // no such node is known
    DOWN,       // no working link
    COMPLETE,   // its table is here
    ASKED,      // its table is there only
    INCOMPLETE, // its table is on its way
};

struct search {
    struct kithi_naming *naming;
    const struct hosts *hosts;
    uint32_t name; // KITHI_NONE: not known here
    uint32_t index;
    enum nearness nearness;
    struct kith_ref asked; // naming process of an ASKED node
};

static struct kith_ref ref_of(const struct kithi_naming *naming, uint32_t id)
{
    const struct kithi_entry *entry = &naming->table.entries[id];
    return (struct kith_ref){naming->members[entry->node]->info.incarnation, entry->slot,
                             entry->generation};
}

static bool is_asked(const struct kithi_naming *naming, const struct kithi_member *member)
{
    return member->place != KITHI_OWN && (!naming->replicates || member->truncated) &&
           member->info.state == KITH_ROUTE_UP && !kith_ref_is_none(member->info.naming);
}

static enum nearness nearness_of(const struct kithi_naming *naming,
                                 const struct kithi_member *member)
{
    if (member->info.state != KITH_ROUTE_UP) {
        return DOWN;
    }
    if (is_asked(naming, member)) {
        return ASKED;
    }
    return member->complete || kith_ref_is_none(member->info.naming) ? COMPLETE : INCOMPLETE;
}

static bool is_meant(const struct search *search, const struct kithi_member *member)
{
    const struct hosts *hosts = search->hosts;
    if (hosts->text != NULL && kithi_member_is_named(member, hosts->text, hosts->size) &&
        (hosts->port == 0 || hosts->port == member->info.endpoint.port)) {
        return true;
    }
    for (size_t i = 0; i < hosts->endpoint_count; i++) {
        if (kithi_member_is_at(search->naming, member, &hosts->endpoints[i])) {
            return true;
        }
    }
    return false;
}

// The entry if it is on that node, or KITHI_NONE, having noted how near the node's table is.
static uint32_t search_member(struct search *search, const struct kithi_member *member)
{
    if (!is_meant(search, member)) {
        return KITHI_NONE;
    }
    const struct kithi_table *table = &search->naming->table;
    uint32_t entry = search->index == KITH_INDEX_ANY
                         ? kithi_entry_lowest(table, search->name, member->place)
                         : kithi_entry_find(table, search->name, member->place, search->index);
    if (entry != KITHI_NONE) {
        search->nearness = COMPLETE;
        return entry;
    }
    enum nearness nearness = nearness_of(search->naming, member);
    if (nearness > search->nearness) {
        search->nearness = nearness;
    }
    if (nearness == ASKED) {
        search->asked = member->info.naming;
    }
    return KITHI_NONE;
}

static uint32_t search_members(struct search *search, struct kithi_probe probe)
{
    uint32_t place;
    while ((place = kithi_map_next(&search->naming->hosts, &probe)) != KITHI_NONE) {
        uint32_t entry = search_member(search, search->naming->members[place]);
        if (entry != KITHI_NONE) {
            return entry;
        }
    }
    return KITHI_NONE;
}

static uint32_t search_hosts(struct search *search)
{
    const struct hosts *hosts = search->hosts;
    search->nearness = UNKNOWN;
    uint32_t entry = search_member(search, kithi_own(search->naming));
    if (entry == KITHI_NONE && hosts->text != NULL) {
        entry =
            search_members(search, kithi_members_named(search->naming, hosts->text, hosts->size));
    }
    for (size_t i = 0; entry == KITHI_NONE && i < hosts->endpoint_count; i++) {
        entry = search_members(search, kithi_members_at(search->naming, &hosts->endpoints[i]));
    }
    return entry;
}

static void begin_search(struct search *search, struct kithi_naming *naming,
                         const struct kith_address *address, struct hosts *hosts)
{
    hosts->text = address->numeric ? NULL : address->host;
    hosts->size = address->host_size;
    hosts->port = address->port;
    hosts->endpoint_count = address->numeric;
    hosts->endpoints[0] = address->endpoint;
    *search = (struct search){
        .naming = naming,
        .hosts = hosts,
        .name = kithi_name_find(&naming->table, address->name, address->name_size),
        .index = address->index,
    };
}

static enum kith_error read_at_host(struct kithi_naming *naming, const struct kith_address *address,
                                    struct kith_ref *ref)
{
    static const enum kith_error errors[] = {
        [UNKNOWN] = KITH_ERROR_NOT_FOUND,  [DOWN] = KITH_ERROR_UNREACHABLE,
        [COMPLETE] = KITH_ERROR_NOT_FOUND, [ASKED] = KITH_ERROR_TIMEOUT,
        [INCOMPLETE] = KITH_ERROR_TIMEOUT,
    };
    struct search search;
    struct hosts hosts;
    begin_search(&search, naming, address, &hosts);
    uint32_t entry = search_hosts(&search);
    if (entry == KITHI_NONE) {
        return errors[search.nearness];
    }
    *ref = ref_of(naming, entry);
    return KITH_OK;
}

static enum kith_error read_here(struct kithi_naming *naming, const struct kith_address *address,
                                 struct kith_ref *ref)
{
    if (address->host != NULL) {
        return read_at_host(naming, address, ref);
    }
    uint32_t name = kithi_name_find(&naming->table, address->name, address->name_size);
    uint32_t entry = kithi_entry_anycast(&naming->table, name, address->index);
    if (entry == KITHI_NONE) {
        return KITH_ERROR_NOT_FOUND;
    }
    *ref = ref_of(naming, entry);
    return KITH_OK;
}

enum kith_error kith_lookup_here(struct kith_node *node, const char *text, struct kith_ref *ref)
{
    struct kith_address address;
    enum kith_error error = kith_address_parse(text, &address);
    return error == KITH_OK ? read_here(kithi_naming_of(node), &address, ref) : error;
}

static char *copy_text(struct kith_message *message, const char *text, size_t size)
{
    char *copy = kith_message_allocate(message, size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

// Takes the request and gives the reference in its reply, a Kith__NamingEntry.
static enum kith_error call_for_entry(struct kith_process *self, struct kith_ref to,
                                      struct kith_message **message, uint64_t deadline_ns,
                                      struct kith_ref *ref)
{
    enum kith_error error = kithi_naming_call(self, to, message, deadline_ns);
    if (error != KITH_OK) {
        return error;
    }
    const Kith__NamingEntry *entry = kith_message_typed(*message, &kith__naming_entry__descriptor);
    error = entry == NULL ? KITH_ERROR_INVALID : KITH_OK;
    *ref = KITH_REF_NONE;
    if (entry != NULL && entry->ref != NULL) {
        *ref = (struct kith_ref){entry->ref->node, entry->ref->slot, entry->ref->generation};
    }
    kith_message_free(message);
    return error;
}

// Asks a naming process for an entry of its own table.
static enum kith_error ask(struct kith_process *self, struct kith_ref naming,
                           const struct kith_address *address, uint64_t deadline_ns,
                           struct kith_ref *ref)
{
    const struct kithi_naming *own = kithi_naming_of(kith_process_node(self));
    struct kith_message *message;
    enum kith_error error = kith_message_new_typed(own->node, kithi_type(own, KITHI_LOOKUP),
                                                   &kith__naming_lookup__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingLookup *request = message->data;
    request->name = copy_text(message, address->name, address->name_size);
    if (request->name == NULL) {
        kith_message_free(&message);
        return KITH_ERROR_NO_MEMORY;
    }
    if (address->index != KITH_INDEX_ANY) {
        request->wanted_case = KITH__NAMING_LOOKUP__WANTED_INDEX;
        request->index = address->index;
    }
    error = call_for_entry(self, naming, &message, deadline_ns, ref);
    return error == KITH_OK && ref->node != naming.node ? KITH_ERROR_INVALID : error;
}

// Asks the nodes whose tables aren't here, one after the other, another one first each time.
static enum kith_error ask_all(struct kith_process *self, const struct kith_address *address,
                               uint64_t deadline_ns, struct kith_ref *ref)
{
    struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    enum kith_error result = KITH_ERROR_NOT_FOUND;
    uint32_t first = naming->next_asked++;
    for (uint32_t i = 0; i < naming->member_used; i++) {
        const struct kithi_member *member = naming->members[(first + i) % naming->member_used];
        if (member == NULL || !is_asked(naming, member)) {
            continue;
        }
        enum kith_error error = ask(self, member->info.naming, address, deadline_ns, ref);
        if (error == KITH_OK || error == KITH_ERROR_KILLED) {
            return error;
        }
        result = error == KITH_ERROR_NOT_FOUND ? result : error;
    }
    return result;
}

static bool fill_hosts(struct kith_message *message, Kith__NamingWait *request,
                       const struct hosts *hosts)
{
    if (hosts->text != NULL) {
        request->host = copy_text(message, hosts->text, hosts->size);
    }
    if (hosts->endpoint_count > 0) {
        request->endpoints =
            kith_message_allocate(message, hosts->endpoint_count * sizeof *request->endpoints);
    }
    if (request->host == NULL || (hosts->endpoint_count > 0 && request->endpoints == NULL)) {
        return false;
    }
    for (size_t i = 0; i < hosts->endpoint_count; i++) {
        char text[KITH_ENDPOINT_TEXT_SIZE];
        request->endpoints[i] =
            kith_message_text(message, kith_endpoint_format(&hosts->endpoints[i], text));
        if (request->endpoints[i] == NULL) {
            return false;
        }
        request->n_endpoints++;
    }
    return true;
}

// Waits for the name, or for the tables of the hosts if `address` is NULL.
static enum kith_error call_wait(struct kith_process *self, const struct kith_address *address,
                                 const struct hosts *hosts, uint64_t deadline_ns,
                                 struct kith_ref *ref)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_ref to = naming->ref;
    struct kith_message *message;
    enum kith_error error = kith_message_new_typed(naming->node, kithi_type(naming, KITHI_WAIT),
                                                   &kith__naming_wait__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingWait *request = message->data;
    if (address != NULL) {
        request->name = copy_text(message, address->name, address->name_size);
        if (address->index != KITH_INDEX_ANY) {
            request->wanted_case = KITH__NAMING_WAIT__WANTED_INDEX;
            request->index = address->index;
        }
    }
    if (request->name == NULL || !fill_hosts(message, request, hosts)) {
        kith_message_free(&message);
        return KITH_ERROR_NO_MEMORY;
    }
    return call_for_entry(self, to, &message, deadline_ns, ref);
}

// Fills in the endpoints of a host known by DNS.
static enum kith_error resolve(struct kith_process *self, struct hosts *hosts, uint64_t deadline_ns)
{
    struct kith_resolver resolver = kithi_naming_of(kith_process_node(self))->options.resolver;
    char host[KITH_HOST_SIZE];
    if (resolver.resolve == NULL) {
        return KITH_ERROR_NOT_FOUND;
    }
    memcpy(host, hosts->text, hosts->size);
    host[hosts->size] = '\0';
    uint16_t port = hosts->port != 0 ? hosts->port : KITH_DEFAULT_PORT;
    size_t count = 0;
    enum kith_error error = resolver.resolve(resolver.state, self, host, port, deadline_ns,
                                             hosts->endpoints, KITHI_HOSTS, &count);
    hosts->endpoint_count = error != KITH_OK ? 0 : count > KITHI_HOSTS ? KITHI_HOSTS : count;
    return error == KITH_OK && count == 0 ? KITH_ERROR_NOT_FOUND : error;
}

static enum kith_error connect(struct kith_node *node, const struct hosts *hosts)
{
    enum kith_error result = KITH_ERROR_UNREACHABLE;
    for (size_t i = 0; i < hosts->endpoint_count; i++) {
        enum kith_error error = kith_route_connect(node, &hosts->endpoints[i]);
        result = result == KITH_OK ? KITH_OK : error;
    }
    return result;
}

// Does what is needed to get nearer to the host's table, and waits for it.
static enum kith_error approach(struct kith_process *self, struct search *search,
                                struct hosts *hosts, uint64_t deadline_ns)
{
    if (search->nearness == UNKNOWN && hosts->endpoint_count == 0) {
        enum kith_error error = resolve(self, hosts, deadline_ns);
        if (error != KITH_OK) {
            return error;
        }
        (void)search_hosts(search); // it may be known under its numbers
    }
    if (search->nearness <= DOWN && hosts->endpoint_count > 0) {
        enum kith_error error = connect(kith_process_node(self), hosts);
        if (error != KITH_OK && search->nearness == UNKNOWN) {
            return error;
        }
    }
    struct kith_ref none;
    enum kith_error error = call_wait(self, NULL, hosts, deadline_ns, &none);
    return error == KITH_ERROR_TIMEOUT ? KITH_OK : error; // what is there then decides
}

static enum kith_error lookup_at_host(struct kith_process *self, const struct kith_address *address,
                                      uint64_t deadline_ns, struct kith_ref *ref)
{
    struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct search search;
    struct hosts hosts;
    begin_search(&search, naming, address, &hosts);
    uint32_t entry = search_hosts(&search);
    if (entry == KITHI_NONE && search.nearness != COMPLETE && search.nearness != ASKED) {
        enum kith_error error = approach(self, &search, &hosts, deadline_ns);
        if (error != KITH_OK) {
            return error;
        }
        search.name = kithi_name_find(&naming->table, address->name, address->name_size);
        entry = search_hosts(&search);
    }
    if (entry != KITHI_NONE) {
        *ref = ref_of(naming, entry);
        return KITH_OK;
    }
    switch (search.nearness) {
    case COMPLETE:
        return KITH_ERROR_NOT_FOUND;
    case ASKED:
        return ask(self, search.asked, address, deadline_ns, ref);
    case INCOMPLETE:
        return KITH_ERROR_TIMEOUT;
    default:
        return KITH_ERROR_UNREACHABLE;
    }
}

enum kith_error kith_lookup(struct kith_process *self, const char *text, uint64_t deadline_ns,
                            struct kith_ref *ref)
{
    struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_address address;
    enum kith_error error = kith_address_parse(text, &address);
    if (error != KITH_OK) {
        return error;
    }
    if (address.host != NULL && deadline_ns != KITH_NO_WAIT) {
        return lookup_at_host(self, &address, deadline_ns, ref);
    }
    error = read_here(naming, &address, ref);
    if (error == KITH_ERROR_NOT_FOUND && address.host == NULL && deadline_ns != KITH_NO_WAIT) {
        error = ask_all(self, &address, deadline_ns, ref);
    }
    return error;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// Where nobody tells that a name has appeared: asks again and again.
static enum kith_error poll(struct kith_process *self, const char *text, uint64_t deadline_ns,
                            struct kith_ref *ref)
{
    for (;;) {
        uint64_t next_ns = earlier(deadline_ns, kith_deadline_ms(self, POLL_MS));
        enum kith_error error = kith_lookup(self, text, next_ns, ref);
        if (error == KITH_OK || error == KITH_ERROR_INVALID || error == KITH_ERROR_KILLED) {
            return error;
        }
        if (kith_now(self) >= deadline_ns) {
            return KITH_ERROR_TIMEOUT;
        }
        error = kith_sleep_until(self, next_ns);
        if (error != KITH_OK) {
            return error;
        }
    }
}

// One round of waiting: a host known by DNS may get other addresses in the meantime.
static enum kith_error wait_round(struct kith_process *self, const struct kith_address *address,
                                  uint64_t deadline_ns, struct kith_ref *ref)
{
    struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct search search;
    struct hosts hosts;
    begin_search(&search, naming, address, &hosts);
    bool resolves = hosts.text != NULL && naming->options.resolver.resolve != NULL;
    if (address->host != NULL) {
        uint32_t entry = search_hosts(&search);
        if (entry != KITHI_NONE) {
            *ref = ref_of(naming, entry);
            return KITH_OK;
        }
    }
    if (resolves && search.nearness == UNKNOWN) {
        uint64_t until_ns = earlier(deadline_ns, kith_deadline_ms(self, RESOLVE_AGAIN_MS));
        if (resolve(self, &hosts, until_ns) == KITH_ERROR_KILLED) {
            return KITH_ERROR_KILLED;
        }
    }
    if (search.nearness <= DOWN && hosts.endpoint_count > 0) {
        (void)connect(naming->node, &hosts); // if it can't, the other side may
    }
    if (resolves) {
        deadline_ns = earlier(deadline_ns, kith_deadline_ms(self, RESOLVE_AGAIN_MS));
    }
    return call_wait(self, address, &hosts, deadline_ns, ref);
}

enum kith_error kith_wait_name(struct kith_process *self, const char *text, uint64_t deadline_ns,
                               struct kith_ref *ref)
{
    struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_address address;
    enum kith_error error = kith_address_parse(text, &address);
    if (error != KITH_OK) {
        return error;
    }
    if (read_here(naming, &address, ref) == KITH_OK) {
        return KITH_OK;
    }
    if (!naming->replicates) {
        return poll(self, text, deadline_ns, ref);
    }
    do {
        error = wait_round(self, &address, deadline_ns, ref);
    } while (error == KITH_ERROR_TIMEOUT && kith_now(self) < deadline_ns);
    return error;
}
