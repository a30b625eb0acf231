// SPDX-License-Identifier: Apache-2.0
// What the naming process answers about its tables, for those that don't read them directly: nodes
// without replicas and programs that ask a certain node.
#include "server.h"

enum { NODE_STATUS_BYTES = 48, ENTRY_MORE_BYTES = 32 }; // encoded, at most, beside texts

bool kithi_entry_matches(const struct kithi_naming *naming, const struct kithi_pattern *pattern,
                         uint32_t id)
{
    const struct kithi_entry *entry = &naming->table.entries[id];
    const struct kithi_name *name = &naming->table.names[entry->name];
    if (pattern->index != KITH_INDEX_ANY && pattern->index != entry->index) {
        return false;
    }
    bool named =
        pattern->any_name ||
        (pattern->literal ? name->size == pattern->name_size &&
                                memcmp(name->text, pattern->name, name->size) == 0
                          : kithi_glob(pattern->name, pattern->name_size, name->text, name->size));
    return named &&
           (pattern->host == NULL ||
            kithi_member_matches(naming->members[entry->node], pattern->host, pattern->host_size));
}

bool kithi_entry_fill(const struct kithi_naming *naming, struct kith_message *message,
                      Kith__NamingEntry *filled, uint32_t id)
{
    const struct kithi_entry *entry = &naming->table.entries[id];
    const struct kith_route_info *info = &naming->members[entry->node]->info;
    filled->name = kith_message_text(message, naming->table.names[entry->name].text);
    filled->index = entry->index;
    filled->ref = kith_message_part(message, &kith__naming_ref__descriptor);
    filled->epoch = entry->epoch;
    filled->node_name = kith_message_text(message, info->name);
    if (info->endpoint.port != 0) {
        char text[KITH_ENDPOINT_TEXT_SIZE];
        filled->endpoint = kith_message_text(message, kith_endpoint_format(&info->endpoint, text));
    }
    if (filled->name == NULL || filled->ref == NULL || filled->node_name == NULL ||
        filled->endpoint == NULL) {
        return false;
    }
    filled->ref->node = info->incarnation;
    filled->ref->slot = entry->slot;
    filled->ref->generation = entry->generation;
    return true;
}

static uint32_t find_own(const struct kithi_naming *naming, const Kith__NamingLookup *request)
{
    uint32_t name = kithi_name_find(&naming->table, request->name, strlen(request->name));
    return request->wanted_case == KITH__NAMING_LOOKUP__WANTED_INDEX
               ? kithi_entry_find(&naming->table, name, KITHI_OWN, request->index)
               : kithi_entry_lowest(&naming->table, name, KITHI_OWN);
}

void kithi_naming_lookup(struct kithi_naming *naming, struct kith_message **message)
{
    const Kith__NamingLookup *request =
        kith_message_typed(*message, &kith__naming_lookup__descriptor);
    if (request == NULL || !kith_name_valid(request->name)) {
        kithi_naming_answer_error(naming, message, KITH_ERROR_INVALID);
        return;
    }
    uint32_t entry = find_own(naming, request);
    if (entry == KITHI_NONE) {
        kithi_naming_answer_error(naming, message, KITH_ERROR_NOT_FOUND);
        return;
    }
    kith_message_reset(*message);
    Kith__NamingEntry *reply = kith_message_set_typed(*message, &kith__naming_entry__descriptor);
    if (reply == NULL || !kithi_entry_fill(naming, *message, reply, entry)) {
        kithi_naming_answer_error(naming, message, KITH_ERROR_NO_MEMORY);
        return;
    }
    kithi_naming_answer(naming, message);
}

struct kithi_looks kithi_looks_begin(const struct kithi_naming *naming)
{
    return (struct kithi_looks){KITHI_LOOKS, kith_node_now(naming->node) + KITHI_LOOKS_NS};
}

bool kithi_looks_take(const struct kithi_naming *naming, struct kithi_looks *looks)
{
    bool asks = looks->left % KITHI_LOOKS_CLOCK == 0 && looks->left < KITHI_LOOKS;
    if (looks->left == 0 || (asks && kith_node_now(naming->node) >= looks->until_ns)) {
        looks->left = 0;
        return false;
    }
    looks->left--;
    return true;
}

struct page {
    const struct kithi_pattern *pattern;
    bool own_only;
    uint32_t next;  // entry to look at
    uint32_t limit; // entries
    struct kithi_looks looks;
    size_t bytes; // left
};

// The next entry that goes into the page, or KITHI_NONE.
static uint32_t next_of_page(const struct kithi_naming *naming, struct page *page)
{
    const struct kithi_table *table = &naming->table;
    for (; page->next < table->entry_used && kithi_looks_take(naming, &page->looks); page->next++) {
        const struct kithi_entry *entry = &table->entries[page->next];
        if (entry->node == KITHI_NONE || (page->own_only && entry->node != KITHI_OWN) ||
            !kithi_entry_matches(naming, page->pattern, page->next)) {
            continue;
        }
        size_t bytes = KITHI_ENTRY_BYTES + ENTRY_MORE_BYTES + table->names[entry->name].size +
                       strlen(naming->members[entry->node]->info.name) + KITH_ENDPOINT_TEXT_SIZE;
        if (page->limit == 0 || bytes > page->bytes) {
            return KITHI_NONE;
        }
        page->limit--;
        page->bytes -= bytes;
        return page->next++;
    }
    return KITHI_NONE;
}

static enum kith_error fill_page(const struct kithi_naming *naming, struct kith_message *message,
                                 Kith__NamingPage *reply, struct page *page)
{
    const uint32_t most = (uint32_t)(naming->batch_bytes / KITHI_ENTRY_BYTES);
    page->limit = page->limit == 0 || page->limit > most ? most : page->limit;
    page->bytes = naming->batch_bytes;
    reply->entries = kith_message_allocate(message, page->limit * sizeof *reply->entries);
    if (reply->entries == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    uint32_t entry;
    while ((entry = next_of_page(naming, page)) != KITHI_NONE) {
        Kith__NamingEntry *filled = kith_message_part(message, &kith__naming_entry__descriptor);
        if (filled == NULL || !kithi_entry_fill(naming, message, filled, entry)) {
            return KITH_ERROR_NO_MEMORY;
        }
        reply->entries[reply->n_entries++] = filled;
    }
    reply->next = page->next < naming->table.entry_used ? page->next : 0;
    reply->epoch = kithi_own(naming)->epoch;
    return KITH_OK;
}

void kithi_naming_find(struct kithi_naming *naming, struct kith_message **message, bool own_only)
{
    const Kith__NamingFind *request = kith_message_typed(*message, &kith__naming_find__descriptor);
    struct kithi_pattern pattern;
    const char *text = request == NULL ? "" : request->pattern;
    if (text[0] == '\0' && own_only && request != NULL) {
        text = "*";
    }
    if (kithi_pattern_parse(text, &pattern) != NULL) {
        kithi_naming_answer_error(naming, message, KITH_ERROR_INVALID);
        return;
    }
    struct page page = {
        .pattern = &pattern,
        .own_only = own_only,
        .next = request->cursor > UINT32_MAX ? UINT32_MAX : (uint32_t)request->cursor,
        .limit = request->limit,
        .looks = kithi_looks_begin(naming),
    };
    // The pattern is borrowed from the request: it must stay until the page is filled.
    Kith__NamingPage *reply = kith_message_set_typed(*message, &kith__naming_page__descriptor);
    enum kith_error error =
        reply == NULL ? KITH_ERROR_NO_MEMORY : fill_page(naming, *message, reply, &page);
    if (error != KITH_OK) {
        kithi_naming_answer_error(naming, message, error);
        return;
    }
    kithi_naming_answer(naming, message);
}

static bool fill_node_status(struct kith_message *message, Kith__NamingNodeStatus *filled,
                             const struct kithi_member *member)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    filled->incarnation = member->info.incarnation;
    filled->name = kith_message_text(message, member->info.name);
    filled->endpoint =
        member->info.endpoint.port == 0
            ? filled->endpoint
            : kith_message_text(message, kith_endpoint_format(&member->info.endpoint, text));
    filled->state = kith_message_text(message, kith_route_state_name(member->info.state));
    filled->epoch = member->epoch;
    filled->entries = member->roll.count;
    filled->complete = member->complete;
    filled->truncated = member->truncated;
    return filled->name != NULL && filled->endpoint != NULL && filled->state != NULL;
}

static enum kith_error fill_nodes(const struct kithi_naming *naming, struct kith_message *message,
                                  Kith__NamingStatus *reply)
{
    const size_t most = naming->batch_bytes / NODE_STATUS_BYTES;
    reply->nodes = kith_message_allocate(message, most * sizeof *reply->nodes);
    if (reply->nodes == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    size_t bytes = 0;
    for (uint32_t place = 0; place < naming->member_used; place++) {
        const struct kithi_member *member = naming->members[place];
        if (member == NULL) {
            continue;
        }
        reply->node_count++;
        bytes += NODE_STATUS_BYTES + strlen(member->info.name) + KITH_ENDPOINT_TEXT_SIZE;
        if (bytes > naming->batch_bytes) {
            continue;
        }
        Kith__NamingNodeStatus *filled =
            kith_message_part(message, &kith__naming_node_status__descriptor);
        if (filled == NULL || !fill_node_status(message, filled, member)) {
            return KITH_ERROR_NO_MEMORY;
        }
        reply->nodes[reply->n_nodes++] = filled;
    }
    return KITH_OK;
}

void kithi_naming_status(struct kithi_naming *naming, struct kith_message **message)
{
    kith_message_reset(*message);
    Kith__NamingStatus *reply = kith_message_set_typed(*message, &kith__naming_status__descriptor);
    enum kith_error error =
        reply == NULL ? KITH_ERROR_NO_MEMORY : fill_nodes(naming, *message, reply);
    if (error != KITH_OK) {
        kithi_naming_answer_error(naming, message, error);
        return;
    }
    reply->epoch = kithi_own(naming)->epoch;
    reply->digest = kithi_own(naming)->roll.digest;
    reply->own = naming->table.own;
    reply->replicated = naming->table.replicated;
    reply->complete = kithi_members_complete(naming);
    reply->watches = naming->counters.watches;
    reply->waits = naming->counters.waits;
    kithi_naming_answer(naming, message);
}

enum kith_error kith_naming_status(const struct kith_node *node, struct kith_naming_status *status)
{
    const struct kithi_naming *naming = kith_node_part(node, KITH_PART_NAMING);
    if (naming == NULL) {
        return KITH_ERROR_NOT_FOUND;
    }
    *status = naming->counters;
    status->naming = naming->ref;
    status->epoch = kithi_own(naming)->epoch;
    status->digest = kithi_own(naming)->roll.digest;
    status->own = naming->table.own;
    status->replicated = naming->table.replicated;
    status->nodes = naming->member_used;
    status->complete = kithi_members_complete(naming);
    return KITH_OK;
}

enum kith_error kith_naming_node_status(const struct kith_node *node, uint32_t place,
                                        struct kith_naming_node_status *status)
{
    const struct kithi_naming *naming = kith_node_part(node, KITH_PART_NAMING);
    if (naming == NULL || place >= naming->member_used || naming->members[place] == NULL) {
        return KITH_ERROR_NOT_FOUND;
    }
    const struct kithi_member *member = naming->members[place];
    *status = (struct kith_naming_node_status){
        .incarnation = member->info.incarnation,
        .endpoint = member->info.endpoint,
        .state = member->info.state,
        .naming = member->info.naming,
        .epoch = member->epoch,
        .digest = member->roll.digest,
        .entries = member->roll.count,
        .complete = member->complete,
        .truncated = member->truncated,
    };
    memcpy(status->name, member->info.name, sizeof status->name);
    return KITH_OK;
}
