// SPDX-License-Identifier: Apache-2.0
// This node's own names: registering, releasing, and the log of changes that others are fed from.
#include <assert.h>

#include <kith/planted.h>

#include "server.h"

enum { LOG_MOST = 1024, LOG_LEAST = 32 };

// Raises the epoch and notes what changed. The log keeps the name alive as long as it speaks of it.
static void note_change(struct kithi_naming *naming, const struct kithi_entry *entry, bool up,
                        enum kith_error reason)
{
    struct kithi_log *log = &naming->log;
    uint64_t epoch = ++kithi_own(naming)->epoch;
    struct kithi_change *change = &log->changes[epoch & log->mask];
    if (log->len > log->mask) {
        kithi_name_drop(&naming->table, change->name);
    } else {
        log->len++;
    }
    naming->table.names[entry->name].references++;
    *change = (struct kithi_change){
        .epoch = epoch,
        .name = entry->name,
        .index = entry->index,
        .slot = up ? entry->slot : 0,
        .generation = up ? entry->generation : 0,
        .reason = reason,
    };
    bool told = up || !KITH_BUG(RELEASE_NOT_REPLICATED);
    if (naming->flush_ns == KITH_FOREVER && naming->member_used > 1 && told) {
        naming->flush_ns = kith_node_now(naming->node) + KITHI_GATHER_NS;
    }
}

const struct kithi_change *kithi_registry_change(const struct kithi_naming *naming, uint64_t epoch)
{
    const struct kithi_log *log = &naming->log;
    uint64_t last = kithi_own(naming)->epoch;
    bool kept = epoch <= last && last - epoch < log->len;
    return kept ? &log->changes[epoch & log->mask] : NULL;
}

static enum kith_error add_entry(struct kithi_naming *naming, struct kith_ref ref, uint32_t name,
                                 uint32_t index, uint32_t client, uint32_t *added)
{
    struct kithi_entry entry = {
        .name = name,
        .node = KITHI_OWN,
        .index = index,
        .slot = ref.slot,
        .generation = ref.generation,
        .client = client,
        .client_next = KITHI_NONE,
        .client_previous = KITHI_NONE,
        .epoch = kithi_own(naming)->epoch + 1,
    };
    if (kithi_entry_find(&naming->table, name, KITHI_OWN, index) != KITHI_NONE &&
        !KITH_BUG(NAME_GIVEN_TWICE)) {
        return KITH_ERROR_EXISTS;
    }
    enum kith_error error =
        kithi_entry_add(&naming->table, &kithi_own(naming)->roll, &entry, added);
    if (error == KITH_OK) {
        note_change(naming, &entry, true, KITH_OK);
    }
    return error;
}

static void link_entry(struct kithi_naming *naming, uint32_t id, uint32_t client)
{
    uint32_t *first = &naming->clients[client].first_entry;
    naming->table.entries[id].client_next = *first;
    if (*first != KITHI_NONE) {
        naming->table.entries[*first].client_previous = id;
    }
    *first = id;
}

static void unlink_entry(struct kithi_naming *naming, uint32_t id)
{
    const struct kithi_entry *entry = &naming->table.entries[id];
    if (entry->client_previous == KITHI_NONE) {
        naming->clients[entry->client].first_entry = entry->client_next;
    } else {
        naming->table.entries[entry->client_previous].client_next = entry->client_next;
    }
    if (entry->client_next != KITHI_NONE) {
        naming->table.entries[entry->client_next].client_previous = entry->client_previous;
    }
}

static void remove_entry(struct kithi_naming *naming, uint32_t id, enum kith_error reason)
{
    struct kithi_entry entry = naming->table.entries[id];
    note_change(naming, &entry, false, reason);
    kithi_watches_entry(naming, id, false, kithi_own(naming)->epoch, reason);
    kithi_publish_forget(naming, id);
    unlink_entry(naming, id);
    kithi_entry_remove(&naming->table, &kithi_own(naming)->roll, id);
    kithi_client_drop(naming, entry.client);
    naming->counters.releases++;
}

static enum kith_error register_name(struct kithi_naming *naming, struct kith_ref from,
                                     uint32_t name, uint32_t *index)
{
    uint32_t client;
    enum kith_error error = kithi_client_hold(naming, from, &client);
    if (error != KITH_OK) {
        return error;
    }
    if (*index == KITH_INDEX_ANY) {
        *index = kithi_name_free_index(&naming->table, name);
    }
    uint32_t entry;
    error = add_entry(naming, from, name, *index, client, &entry);
    if (error != KITH_OK) {
        kithi_client_drop(naming, client);
        return error;
    }
    link_entry(naming, entry, client);
    naming->counters.registers++;
    kithi_watches_entry(naming, entry, true, kithi_own(naming)->epoch, KITH_OK);
    kithi_waits_entry(naming, entry);
    return KITH_OK;
}

static bool is_reserved(const struct kithi_word *word)
{
    return word->size == strlen(KITH_NAMING_NAME) &&
           memcmp(word->text, KITH_NAMING_NAME, word->size) == 0;
}

// The wanted index, or KITH_INDEX_ANY.
static enum kith_error handle_register(struct kithi_naming *naming,
                                       const struct kith_message *message, uint32_t *index)
{
    const Kith__NamingRegister *request =
        kith_message_typed(message, &kith__naming_register__descriptor);
    if (request == NULL) {
        return KITH_ERROR_INVALID;
    }
    if (message->from.node != kith_node_incarnation(naming->node) || !message->waiting) {
        naming->counters.denied++;
        return KITH_ERROR_DENIED;
    }
    bool asked = request->wanted_case == KITH__NAMING_REGISTER__WANTED_INDEX;
    struct kithi_word word;
    if (kithi_name_scan(request->name, &word) != NULL ||
        (asked && request->index == KITH_INDEX_ANY)) {
        return KITH_ERROR_INVALID;
    }
    if (is_reserved(&word)) {
        return KITH_ERROR_DENIED;
    }
    uint32_t name;
    enum kith_error error = kithi_name_hold(&naming->table, word.text, word.size, &name);
    if (error != KITH_OK) {
        return error;
    }
    *index = asked ? request->index : KITH_INDEX_ANY;
    error = register_name(naming, message->from, name, index);
    kithi_name_drop(&naming->table, name);
    return error;
}

void kithi_naming_register(struct kithi_naming *naming, struct kith_message **message)
{
    uint32_t index = 0;
    enum kith_error error = handle_register(naming, *message, &index);
    if (error != KITH_OK) {
        kithi_naming_answer_error(naming, message, error);
        return;
    }
    kith_message_reset(*message);
    Kith__NamingRegistered *reply =
        kith_message_set_typed(*message, &kith__naming_registered__descriptor);
    if (reply == NULL) {
        kithi_naming_answer_error(naming, message, KITH_ERROR_NO_MEMORY);
        return;
    }
    reply->index = index;
    reply->epoch = kithi_own(naming)->epoch;
    kithi_naming_answer(naming, message);
}

static enum kith_error handle_release(struct kithi_naming *naming,
                                      const struct kith_message *message)
{
    const Kith__NamingRelease *request =
        kith_message_typed(message, &kith__naming_release__descriptor);
    if (request == NULL) {
        return KITH_ERROR_INVALID;
    }
    uint32_t name = kithi_name_find(&naming->table, request->name, strlen(request->name));
    uint32_t entry = kithi_entry_find(&naming->table, name, KITHI_OWN, request->index);
    if (entry == KITHI_NONE) {
        return kith_name_valid(request->name) ? KITH_ERROR_NOT_FOUND : KITH_ERROR_INVALID;
    }
    const struct kithi_entry *found = &naming->table.entries[entry];
    struct kith_ref owner = {kith_node_incarnation(naming->node), found->slot, found->generation};
    if (!kith_ref_equal(owner, message->from) || found->client == KITHI_NONE) {
        naming->counters.denied++;
        return KITH_ERROR_DENIED;
    }
    remove_entry(naming, entry, KITH_OK);
    return KITH_OK;
}

void kithi_naming_release(struct kithi_naming *naming, struct kith_message **message)
{
    enum kith_error error = handle_release(naming, *message);
    kithi_naming_answer_nothing(naming, message, error);
}

void kithi_registry_end(struct kithi_naming *naming, uint32_t client, enum kith_error reason)
{
    while (naming->clients[client].first_entry != KITHI_NONE) {
        remove_entry(naming, naming->clients[client].first_entry, reason);
        if (KITH_BUG(ONLY_ONE_NAME_RELEASED)) {
            return;
        }
    }
}

static uint32_t log_size(uint32_t names)
{
    uint32_t size = LOG_LEAST;
    while (size < names / 4 && size < LOG_MOST) {
        size *= 2;
    }
    return size;
}

enum kith_error kithi_registry_open(struct kithi_naming *naming)
{
    uint32_t size = log_size(naming->table.own_limit);
    naming->log.mask = size - 1;
    naming->log.changes = kithi_naming_allocate(naming, size * sizeof *naming->log.changes);
    if (naming->log.changes == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    uint32_t name, entry;
    enum kith_error error =
        kithi_name_hold(&naming->table, KITH_NAMING_NAME, strlen(KITH_NAMING_NAME), &name);
    if (error == KITH_OK) {
        error = add_entry(naming, naming->ref, name, 0, KITHI_NONE, &entry);
        kithi_name_drop(&naming->table, name);
    }
    return error;
}

void kithi_registry_close(struct kithi_naming *naming)
{
    if (naming->log.changes != NULL) {
        kithi_naming_free(naming, naming->log.changes,
                          (naming->log.mask + (size_t)1) * sizeof *naming->log.changes);
    }
}
