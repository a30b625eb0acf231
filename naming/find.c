// SPDX-License-Identifier: Apache-2.0
// All that match: find, and one message to each of them.
#include <assert.h>

#include "server.h"

// Goes through the entries known here that match a pattern: those of one name, or all.
struct selection {
    const struct kithi_naming *naming;
    struct kithi_pattern pattern;
    uint32_t name;     // of a literal pattern
    uint32_t position; // among its instances, or among all entries
};

static enum kith_error select_entries(const struct kithi_naming *naming, const char *pattern,
                                      struct selection *selection)
{
    *selection = (struct selection){.naming = naming};
    if (kithi_pattern_parse(pattern, &selection->pattern) != NULL) {
        return KITH_ERROR_INVALID;
    }
    if (selection->pattern.literal) {
        selection->name =
            kithi_name_find(&naming->table, selection->pattern.name, selection->pattern.name_size);
    }
    return KITH_OK;
}

static uint32_t next_of_all(struct selection *selection)
{
    const struct kithi_table *table = &selection->naming->table;
    while (selection->position < table->entry_used) {
        uint32_t entry = selection->position++;
        if (table->entries[entry].node != KITHI_NONE &&
            kithi_entry_matches(selection->naming, &selection->pattern, entry)) {
            return entry;
        }
    }
    return KITHI_NONE;
}

static uint32_t next_selected(struct selection *selection)
{
    if (!selection->pattern.literal) {
        return next_of_all(selection);
    }
    if (selection->name == KITHI_NONE) {
        return KITHI_NONE;
    }
    const struct kithi_instances *instances =
        &selection->naming->table.names[selection->name].instances;
    while (selection->position < instances->count) {
        uint32_t entry = kithi_instances_at(instances, selection->position++)->entry;
        if (kithi_entry_matches(selection->naming, &selection->pattern, entry)) {
            return entry;
        }
    }
    return KITHI_NONE;
}

static void copy_entry(const struct kithi_naming *naming, uint32_t id, struct kith_name_entry *copy)
{
    const struct kithi_entry *entry = &naming->table.entries[id];
    const struct kithi_name *name = &naming->table.names[entry->name];
    const struct kith_route_info *info = &naming->members[entry->node]->info;
    *copy = (struct kith_name_entry){
        .index = entry->index,
        .ref = {info->incarnation, entry->slot, entry->generation},
        .epoch = entry->epoch,
        .own = entry->node == KITHI_OWN,
        .endpoint = info->endpoint,
    };
    memcpy(copy->name, name->text, name->size);
    memcpy(copy->node_name, info->name, sizeof copy->node_name);
}

// What a page of another node's table says, copied as if it were in ours.
static enum kith_error copy_page(const Kith__NamingPage *page, uint64_t incarnation,
                                 struct kith_name_entry *entries, size_t capacity, size_t *count)
{
    for (size_t i = 0; i < page->n_entries; i++) {
        const Kith__NamingEntry *entry = page->entries[i];
        if (entry->ref == NULL || entry->ref->node != incarnation ||
            !kith_name_valid(entry->name) || strlen(entry->node_name) >= KITH_NAME_SIZE) {
            return KITH_ERROR_INVALID;
        }
        if (*count < capacity) {
            struct kith_name_entry *copy = &entries[*count];
            *copy = (struct kith_name_entry){
                .index = entry->index,
                .ref = {entry->ref->node, entry->ref->slot, entry->ref->generation},
                .epoch = entry->epoch,
            };
            strcpy(copy->name, entry->name);
            strcpy(copy->node_name, entry->node_name);
            (void)kith_endpoint_parse(entry->endpoint, 0, &copy->endpoint);
        }
        ++*count;
    }
    return KITH_OK;
}

// One page of the own table of the node `to` is on. *cursor is 0 after the last one.
static enum kith_error ask_page(struct kith_process *self, struct kith_ref to, const char *pattern,
                                uint64_t *cursor, uint64_t deadline_ns,
                                struct kith_name_entry *entries, size_t capacity, size_t *count)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct kith_message *message;
    enum kith_error error = kith_message_new_typed(naming->node, kithi_type(naming, KITHI_LIST),
                                                   &kith__naming_find__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingFind *request = message->data;
    request->cursor = *cursor;
    request->pattern = kith_message_text(message, pattern);
    if (request->pattern == NULL) {
        kith_message_free(&message);
        return KITH_ERROR_NO_MEMORY;
    }
    error = kithi_naming_call(self, to, &message, deadline_ns);
    if (error != KITH_OK) {
        return error;
    }
    const Kith__NamingPage *page = kith_message_typed(message, &kith__naming_page__descriptor);
    // A cursor that doesn't rise would go round for ever.
    bool valid = page != NULL && (page->next == 0 || page->next > *cursor);
    error = valid ? copy_page(page, to.node, entries, capacity, count) : KITH_ERROR_INVALID;
    *cursor = valid ? page->next : 0;
    kith_message_free(&message);
    return error;
}

// Asks every node whose table isn't here.
static enum kith_error find_remote(struct kith_process *self, const char *pattern,
                                   uint64_t deadline_ns, struct kith_name_entry *entries,
                                   size_t capacity, size_t *count)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    enum kith_error result = KITH_OK;
    for (uint32_t place = 1; place < naming->member_used; place++) {
        const struct kithi_member *member = naming->members[place];
        if (member == NULL || naming->replicates || member->info.state != KITH_ROUTE_UP ||
            kith_ref_is_none(member->info.naming)) {
            continue;
        }
        struct kith_ref to = member->info.naming;
        uint64_t cursor = 0;
        enum kith_error error;
        do {
            error = ask_page(self, to, pattern, &cursor, deadline_ns, entries, capacity, count);
        } while (error == KITH_OK && cursor != 0);
        if (error == KITH_ERROR_KILLED) {
            return error;
        }
        result = result == KITH_OK ? error : result;
    }
    return result;
}

enum kith_error kith_find(struct kith_process *self, const char *pattern, uint64_t deadline_ns,
                          struct kith_name_entry *entries, size_t capacity, size_t *count)
{
    const struct kithi_naming *naming = kithi_naming_of(kith_process_node(self));
    struct selection selection;
    *count = 0;
    enum kith_error error = select_entries(naming, pattern, &selection);
    if (error != KITH_OK) {
        return error;
    }
    uint32_t entry;
    while ((entry = next_selected(&selection)) != KITHI_NONE) {
        if (*count < capacity) {
            copy_entry(naming, entry, &entries[*count]);
        }
        ++*count;
    }
    return find_remote(self, pattern, deadline_ns, entries, capacity, count);
}

enum kith_error kith_find_next(struct kith_node *node, const char *pattern, uint64_t *cursor,
                               struct kith_name_entry *entry)
{
    const struct kithi_naming *naming = kithi_naming_of(node);
    struct selection selection;
    enum kith_error error = select_entries(naming, pattern, &selection);
    if (error != KITH_OK) {
        return error;
    }
    selection.position = *cursor > KITHI_NONE ? KITHI_NONE : (uint32_t)*cursor;
    uint32_t found = next_of_all(&selection);
    if (found == KITHI_NONE) {
        return KITH_ERROR_NOT_FOUND;
    }
    *cursor = selection.position;
    copy_entry(naming, found, entry);
    return KITH_OK;
}

// One message to all: its receivers, and its payload ready to be copied.
struct broadcast {
    struct kith_node *node;
    const struct kith_message *original;
    struct kith_message *scratch; // holds both; its payload: the encoded one, if that is typed
    struct kith_ref *receivers;
    size_t count;
};

static enum kith_error list_receivers(struct broadcast *broadcast, const char *pattern)
{
    const struct kithi_naming *naming = kithi_naming_of(broadcast->node);
    struct selection selection;
    enum kith_error error = select_entries(naming, pattern, &selection);
    if (error != KITH_OK) {
        return error;
    }
    struct selection counting = selection;
    size_t count = 0;
    while (next_selected(&counting) != KITHI_NONE) {
        count++;
    }
    if (count == 0) {
        return KITH_ERROR_NOT_FOUND;
    }
    broadcast->receivers =
        kith_message_allocate(broadcast->scratch, count * sizeof *broadcast->receivers);
    if (broadcast->receivers == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    uint32_t id;
    while ((id = next_selected(&selection)) != KITHI_NONE) {
        const struct kithi_entry *entry = &naming->table.entries[id];
        broadcast->receivers[broadcast->count++] = (struct kith_ref){
            naming->members[entry->node]->info.incarnation, entry->slot, entry->generation};
    }
    return KITH_OK;
}

static enum kith_error begin_broadcast(struct broadcast *broadcast, const char *pattern)
{
    const struct kith_message *original = broadcast->original;
    bool typed = original->descriptor != NULL;
    enum kith_error error =
        kith_message_new(broadcast->node, original->type, typed ? kith_payload_size(original) : 0,
                         &broadcast->scratch);
    if (error != KITH_OK) {
        return error;
    }
    if (typed) {
        kith_payload_encode(original, broadcast->scratch->data);
    }
    error = list_receivers(broadcast, pattern);
    if (error != KITH_OK) {
        kith_message_free(&broadcast->scratch);
    }
    return error;
}

static enum kith_error copy_message(const struct broadcast *broadcast, struct kith_message **copy)
{
    const struct kith_message *original = broadcast->original;
    bool typed = original->descriptor != NULL;
    enum kith_error error =
        kith_message_new(broadcast->node, original->type, typed ? 0 : original->size, copy);
    if (error != KITH_OK) {
        return error;
    }
    (*copy)->urgency = original->urgency;
    (*copy)->trace = original->trace;
    if (typed) {
        const struct kith_message *encoded = broadcast->scratch;
        error = kith_payload_decode(broadcast->node, *copy, encoded->data, encoded->size);
    } else if (original->size > 0) {
        memcpy((*copy)->data, original->data, original->size);
    }
    if (error != KITH_OK) {
        kith_message_free(copy);
    }
    return error;
}

// Copies for all but the last, who gets the original.
static enum kith_error send_each(struct kith_process *self, const struct broadcast *broadcast,
                                 struct kith_message **message, uint64_t deadline_ns,
                                 struct kith_send_all_result *result)
{
    for (size_t i = 0; i < broadcast->count; i++) {
        bool last = i + 1 == broadcast->count;
        struct kith_message *copy = NULL;
        enum kith_error error = last ? KITH_OK : copy_message(broadcast, &copy);
        if (error == KITH_OK) {
            error = kith_send(self, broadcast->receivers[i], last ? message : &copy, deadline_ns);
            kith_message_free(&copy);
        }
        if (error == KITH_ERROR_KILLED) {
            return error;
        }
        result->sent += error == KITH_OK;
        result->failed += error != KITH_OK;
        result->error = result->error == KITH_OK ? error : result->error;
    }
    return result->sent > 0 ? KITH_OK : result->error;
}

enum kith_error kith_send_all(struct kith_process *self, const char *pattern,
                              struct kith_message **message, uint64_t deadline_ns,
                              struct kith_send_all_result *result)
{
    assert(!(*message)->waiting);
    struct kith_send_all_result own;
    result = result == NULL ? &own : result;
    *result = (struct kith_send_all_result){0, 0, KITH_OK};
    struct broadcast broadcast = {.node = kith_process_node(self), .original = *message};
    enum kith_error error = begin_broadcast(&broadcast, pattern);
    if (error != KITH_OK) {
        return error;
    }
    error = send_each(self, &broadcast, message, deadline_ns, result);
    if (error == KITH_OK) {
        kith_message_free(message); // where the last one didn't take it
    }
    kith_message_free(&broadcast.scratch);
    return error;
}
