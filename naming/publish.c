// SPDX-License-Identifier: Apache-2.0
// This node's table to others: whole, in parts, when a peer has nothing that could be built upon,
// and then change by change. Each peer has its own place in the stream, and a slow one holds up
// nobody but itself: what it has no room for is sent later.
#include "server.h"

static size_t entry_bytes(const struct kithi_naming *naming, uint32_t name)
{
    return naming->table.names[name].size + (size_t)KITHI_ENTRY_BYTES;
}

// `count` entries in the message's arena, or NULL. Count 0 gives an array too.
static Kith__NamingChangeEntry **new_entries(struct kith_message *message, size_t count)
{
    Kith__NamingChangeEntry **array =
        kith_message_allocate(message, (count + 1) * sizeof(Kith__NamingChangeEntry *));
    if (array == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        array[i] = kith_message_part(message, &kith__naming_change_entry__descriptor);
        if (array[i] == NULL) {
            return NULL;
        }
    }
    return array;
}

static enum kith_error send(struct kithi_naming *naming, struct kithi_member *member,
                            struct kith_message **message)
{
    size_t size = kith_payload_size(*message);
    enum kith_error error = kith_send(naming->self, member->info.naming, message, KITH_NO_WAIT);
    if (error == KITH_OK) {
        naming->counters.messages_sent++;
        naming->counters.bytes_sent += size;
    }
    return error;
}

static void end_bulk(struct kithi_naming *naming, struct kithi_member *member)
{
    naming->bulks -= member->bulk;
    member->bulk = false;
}

static void begin_bulk(struct kithi_naming *naming, struct kithi_member *member)
{
    const struct kithi_member *own = kithi_own(naming);
    naming->bulks += !member->bulk;
    member->bulk = true;
    member->confirm = false;
    member->cursor = own->roll.first;
    member->bulk_epoch = own->epoch;
    member->bulk_session = ++naming->next_session;
    member->bulk_sequence = 0;
}

// How many entries from the cursor on go into one part; `next` is where the part after it begins.
// Entries are in the order of their epochs: those younger than the transfer come as changes.
static size_t count_entries(const struct kithi_naming *naming, const struct kithi_member *member,
                            uint32_t *next)
{
    size_t count = 0, bytes = 0;
    *next = member->cursor;
    while (*next != KITHI_NONE) {
        const struct kithi_entry *entry = &naming->table.entries[*next];
        bytes += entry_bytes(naming, entry->name);
        if (entry->epoch > member->bulk_epoch) {
            *next = KITHI_NONE;
        } else if (count > 0 && bytes > member->batch_bytes) {
            break;
        } else {
            count++;
            *next = entry->next;
        }
    }
    return count;
}

static bool fill_entries(const struct kithi_naming *naming, struct kith_message *message,
                         Kith__NamingChangeEntry **filled, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++) {
        const struct kithi_entry *entry = &naming->table.entries[id];
        filled[i]->name = kith_message_text(message, naming->table.names[entry->name].text);
        filled[i]->index = entry->index;
        filled[i]->slot = entry->slot;
        filled[i]->generation = entry->generation;
        filled[i]->epoch = entry->epoch;
        if (filled[i]->name == NULL) {
            return false;
        }
        id = entry->next;
    }
    return true;
}

static enum kith_error build_part(struct kithi_naming *naming, struct kithi_member *member,
                                  struct kith_message *message, uint32_t *next)
{
    Kith__NamingReplicate *part =
        kith_message_set_typed(message, &kith__naming_replicate__descriptor);
    size_t count = count_entries(naming, member, next);
    Kith__NamingChangeEntry **entries = new_entries(message, count);
    if (part == NULL || entries == NULL ||
        !fill_entries(naming, message, entries, count, member->cursor)) {
        return KITH_ERROR_NO_MEMORY;
    }
    part->session = member->bulk_session;
    part->sequence = member->bulk_sequence;
    part->last = *next == KITHI_NONE;
    part->epoch = member->bulk_epoch;
    part->entries = entries;
    part->n_entries = count;
    return KITH_OK;
}

static enum kith_error send_part(struct kithi_naming *naming, struct kithi_member *member)
{
    struct kith_message *message;
    enum kith_error error =
        kith_message_new(naming->node, kithi_type(naming, KITHI_REPLICATE), 0, &message);
    if (error != KITH_OK) {
        return error;
    }
    uint32_t next;
    error = build_part(naming, member, message, &next);
    if (error == KITH_OK) {
        error = send(naming, member, &message);
    }
    kith_message_free(&message);
    if (error != KITH_OK) {
        return error;
    }
    member->bulk_sequence++;
    member->cursor = next;
    if (next == KITHI_NONE) {
        end_bulk(naming, member);
        member->sent_epoch = member->bulk_epoch;
        naming->counters.bulks_sent++;
    }
    return KITH_OK;
}

static bool fill_change(const struct kithi_naming *naming, struct kith_message *message,
                        Kith__NamingChangeEntry *filled, const struct kithi_change *change)
{
    filled->name = kith_message_text(message, naming->table.names[change->name].text);
    filled->index = change->index;
    filled->slot = change->slot;
    filled->generation = change->generation;
    filled->epoch = change->epoch;
    filled->reason = change->reason;
    return filled->name != NULL;
}

static size_t count_changes(const struct kithi_naming *naming, const struct kithi_member *member)
{
    size_t count = 0, bytes = 0;
    const struct kithi_change *change;
    while ((change = kithi_registry_change(naming, member->sent_epoch + 1 + count)) != NULL) {
        bytes += entry_bytes(naming, change->name);
        if (count > 0 && bytes > member->batch_bytes) {
            break;
        }
        count++;
    }
    return count;
}

static enum kith_error build_change(struct kithi_naming *naming, struct kithi_member *member,
                                    struct kith_message *message, uint64_t *epoch)
{
    Kith__NamingChange *change = kith_message_set_typed(message, &kith__naming_change__descriptor);
    size_t count = count_changes(naming, member);
    Kith__NamingChangeEntry **changes = new_entries(message, count);
    if (change == NULL || changes == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (!fill_change(naming, message, changes[i],
                         kithi_registry_change(naming, member->sent_epoch + 1 + i))) {
            return KITH_ERROR_NO_MEMORY;
        }
    }
    *epoch = member->sent_epoch + count;
    change->previous = member->sent_epoch;
    change->epoch = *epoch;
    change->current = *epoch == kithi_own(naming)->epoch;
    change->digest = change->current ? kithi_own(naming)->roll.digest : 0;
    change->changes = changes;
    change->n_changes = count;
    return KITH_OK;
}

static enum kith_error send_change(struct kithi_naming *naming, struct kithi_member *member)
{
    struct kith_message *message;
    enum kith_error error =
        kith_message_new(naming->node, kithi_type(naming, KITHI_CHANGE), 0, &message);
    if (error != KITH_OK) {
        return error;
    }
    uint64_t epoch;
    error = build_change(naming, member, message, &epoch);
    if (error == KITH_OK) {
        error = send(naming, member, &message);
    }
    kith_message_free(&message);
    if (error == KITH_OK) {
        member->sent_epoch = epoch;
        member->confirm = false;
        naming->counters.changes_sent++;
    }
    return error;
}

// Sends the next message that the member needs. *sent is false if it needs none.
static enum kith_error send_next(struct kithi_naming *naming, struct kithi_member *member,
                                 bool *sent)
{
    uint64_t epoch = kithi_own(naming)->epoch;
    bool behind = member->sent_epoch < epoch;
    if (!member->bulk && behind && kithi_registry_change(naming, member->sent_epoch + 1) == NULL) {
        begin_bulk(naming, member);
    }
    *sent = member->bulk || behind || member->confirm;
    if (member->bulk) {
        return send_part(naming, member);
    }
    return *sent ? send_change(naming, member) : KITH_OK;
}

static void wait_to_retry(struct kithi_naming *naming, struct kithi_member *member)
{
    member->retry_wait_ns = member->retry_wait_ns == 0 ? KITHI_RETRY_NS : member->retry_wait_ns * 2;
    if (member->retry_wait_ns > KITHI_RETRY_MOST_NS) {
        member->retry_wait_ns = KITHI_RETRY_MOST_NS;
    }
    member->retry_ns = kith_node_now(naming->node) + member->retry_wait_ns;
    kithi_naming_due(naming, member->retry_ns);
}

static void handle_refused(struct kithi_naming *naming, struct kithi_member *member,
                           enum kith_error error)
{
    switch (error) {
    case KITH_ERROR_TOO_LARGE:
    case KITH_ERROR_NO_MEMORY:
        if (member->batch_bytes > KITHI_BATCH_LEAST) {
            member->batch_bytes /= 2;
        }
        wait_to_retry(naming, member);
        break;
    case KITH_ERROR_FULL:
    case KITH_ERROR_LIMIT:
        wait_to_retry(naming, member);
        break;
    default: // it will ask again once it can be reached
        kithi_publish_end(naming, member);
        break;
    }
}

void kithi_publish(struct kithi_naming *naming, struct kithi_member *member)
{
    for (int i = 0; member->subscribed && i < KITHI_BURST; i++) {
        bool sent;
        enum kith_error error = send_next(naming, member, &sent);
        if (error != KITH_OK) {
            handle_refused(naming, member, error);
            return;
        }
        member->retry_wait_ns = 0;
        member->retry_ns = 0;
        if (!sent) {
            return;
        }
    }
    if (member->subscribed) {
        kithi_naming_due(naming, kith_node_now(naming->node) + 1); // after others had their turn
    }
}

void kithi_publish_all(struct kithi_naming *naming, uint64_t now_ns)
{
    for (uint32_t place = 1; place < naming->member_used; place++) {
        struct kithi_member *member = naming->members[place];
        if (member == NULL || !member->subscribed) {
            continue;
        }
        if (member->retry_ns > now_ns) {
            kithi_naming_due(naming, member->retry_ns);
        } else {
            kithi_publish(naming, member);
        }
    }
}

void kithi_publish_end(struct kithi_naming *naming, struct kithi_member *member)
{
    end_bulk(naming, member);
    member->subscribed = false;
    member->confirm = false;
    member->retry_ns = 0;
    member->retry_wait_ns = 0;
}

void kithi_publish_again(struct kithi_naming *naming, struct kithi_member *member)
{
    if (member->subscribed) {
        begin_bulk(naming, member);
        wait_to_retry(naming, member);
    }
}

void kithi_publish_forget(struct kithi_naming *naming, uint32_t entry)
{
    for (uint32_t place = 1; naming->bulks > 0 && place < naming->member_used; place++) {
        struct kithi_member *member = naming->members[place];
        if (member != NULL && member->bulk && member->cursor == entry) {
            member->cursor = naming->table.entries[entry].next;
        }
    }
}

void kithi_naming_resync(struct kithi_naming *naming, struct kithi_member *member,
                         const struct kith_message *message)
{
    const Kith__NamingResync *request =
        kith_message_typed(message, &kith__naming_resync__descriptor);
    if (request == NULL) {
        naming->counters.malformed++;
        return;
    }
    const struct kithi_member *own = kithi_own(naming);
    uint64_t behind = own->epoch - request->epoch; // how many changes
    bool same = request->epoch == own->epoch && request->digest == own->roll.digest;
    // The changes, where the log has them and they are fewer than the entries.
    bool changes = request->epoch > 0 && request->epoch < own->epoch && behind <= own->roll.count &&
                   kithi_registry_change(naming, request->epoch + 1) != NULL;
    kithi_publish_end(naming, member);
    member->subscribed = true;
    if (same || changes) {
        member->sent_epoch = request->epoch;
        member->confirm = true;
    } else {
        begin_bulk(naming, member);
    }
    kithi_publish(naming, member);
}
