// SPDX-License-Identifier: Apache-2.0
// The tables of other nodes, kept here. The keeper asks, and asks again until it has what it wants;
// it checks what it gets against the epoch and the digest of the owner, so that a message that went
// missing can't leave the two apart for long.
#include <kith/planted.h>

#include "server.h"

// Says so once for each transfer, and counts each entry.
static void cut_table(struct kithi_naming *naming, struct kithi_member *member)
{
    uint64_t now_ns = kith_node_now(naming->node);
    if (!member->truncated && now_ns >= naming->truncated_log_ns) { // each transfer begins anew
        naming->truncated_log_ns = now_ns + KITHI_LOG_AGAIN_NS;
        struct kith_log_field fields[] = {
            {"node", member->info.name, 0},
            {"replicated_names", NULL, naming->table.replicated},
        };
        kith_node_log(naming->node, KITH_LOG_WARNING, "naming_table_truncated", fields, 2);
    }
    member->truncated = true;
    naming->counters.truncated++;
}

static bool is_valid(const Kith__NamingChangeEntry *change)
{
    return kith_name_valid(change->name) && change->index != KITH_INDEX_ANY;
}

// An entry that came: new, or with another process than before.
static void apply_up(struct kithi_naming *naming, struct kithi_member *member, uint32_t name,
                     const Kith__NamingChangeEntry *change)
{
    struct kithi_table *table = &naming->table;
    uint32_t id = kithi_entry_find(table, name, member->place, change->index);
    if (id == KITHI_NONE) {
        struct kithi_entry entry = {
            .name = name,
            .node = member->place,
            .index = change->index,
            .slot = change->slot,
            .generation = change->generation,
            .mark = member->mark,
            .client = KITHI_NONE,
            .epoch = change->epoch,
        };
        if (kithi_entry_add(table, &member->roll, &entry, &id) != KITH_OK) {
            cut_table(naming, member);
            return;
        }
    } else {
        struct kithi_entry *entry = &table->entries[id];
        entry->mark = member->mark;
        if (change->epoch <= entry->epoch) {
            return;
        }
        if (entry->slot == change->slot && entry->generation == change->generation) {
            entry->epoch = change->epoch;
            return;
        }
        kithi_watches_entry(naming, id, false, change->epoch, KITH_OK);
        kithi_entry_replace(table, &member->roll, id, change->slot, change->generation,
                            change->epoch);
    }
    kithi_watches_entry(naming, id, true, change->epoch, KITH_OK);
    kithi_waits_entry(naming, id);
}

static void remove_entry(struct kithi_naming *naming, struct kithi_member *member, uint32_t id,
                         uint64_t epoch, enum kith_error reason)
{
    kithi_watches_entry(naming, id, false, epoch, reason);
    kithi_entry_remove(&naming->table, &member->roll, id);
}

static void apply(struct kithi_naming *naming, struct kithi_member *member,
                  const Kith__NamingChangeEntry *change)
{
    uint32_t name;
    if (!is_valid(change)) {
        naming->counters.malformed++;
        return;
    }
    if (kithi_name_hold(&naming->table, change->name, strlen(change->name), &name) != KITH_OK) {
        cut_table(naming, member);
        return;
    }
    if (change->generation != 0) {
        apply_up(naming, member, name, change);
    } else {
        uint32_t id = kithi_entry_find(&naming->table, name, member->place, change->index);
        if (id != KITHI_NONE) {
            remove_entry(naming, member, id, change->epoch, kith_error_from_number(change->reason));
        }
    }
    kithi_name_drop(&naming->table, name);
}

static void apply_all(struct kithi_naming *naming, struct kithi_member *member,
                      Kith__NamingChangeEntry **changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        apply(naming, member, changes[i]);
        if (i % KITHI_PAUSE_LOOK == 0) {
            kithi_naming_pause(naming);
        }
    }
}

// The table is as its owner has it.
static void confirm(struct kithi_naming *naming, struct kithi_member *member)
{
    bool news = !member->complete;
    member->complete = true;
    member->ask_wait_ns = 0;
    member->ask_ns = kith_node_now(naming->node) +
                     kithi_naming_jitter(naming, naming->options.check_ms * KITHI_MS);
    kithi_naming_due(naming, member->ask_ns);
    if (news) {
        kithi_waits_member(naming, member);
        kithi_waits_all_nodes(naming);
    }
}

// Removes what the transfer didn't confirm.
static void sweep(struct kithi_naming *naming, struct kithi_member *member)
{
    uint32_t next;
    for (uint32_t id = member->roll.first; id != KITHI_NONE; id = next) {
        const struct kithi_entry *entry = &naming->table.entries[id];
        next = entry->next;
        if (entry->mark != member->mark) {
            remove_entry(naming, member, id, member->loading_epoch, KITH_OK);
        }
    }
}

// Whether this part comes next. A part 0 begins a transfer, whatever was before.
static bool is_next(struct kithi_member *member, const Kith__NamingReplicate *part)
{
    if (part->sequence == 0) {
        member->loading = true;
        member->truncated = false;
        member->ask_all = false;
        member->mark++;
        member->session = part->session;
        member->sequence = 0;
        member->loading_epoch = part->epoch;
    }
    return member->loading && part->session == member->session &&
           part->sequence == member->sequence;
}

// A part of a transfer that was given up, still under way when a new one was asked for.
static bool is_outdated(const struct kithi_member *member, const Kith__NamingReplicate *part)
{
    return part->session < member->session ||
           (part->session == member->session && !member->loading);
}

void kithi_naming_replicate(struct kithi_naming *naming, struct kithi_member *member,
                            const struct kith_message *message)
{
    const Kith__NamingReplicate *part =
        kith_message_typed(message, &kith__naming_replicate__descriptor);
    bool malformed = part == NULL || part->n_entries > KITHI_PART_MOST;
    if (malformed || !naming->replicates || member->info.state == KITH_ROUTE_UNREACHABLE) {
        naming->counters.malformed += malformed;
        return;
    }
    if (!is_next(member, part)) {
        if (!is_outdated(member, part)) {
            naming->counters.resyncs++;
            kithi_replica_ask(naming, member, true);
        }
        return;
    }
    apply_all(naming, member, part->entries, part->n_entries);
    member->sequence++;
    member->ask_ns = kith_node_now(naming->node) + KITHI_ASK_NS + member->ask_wait_ns;
    if (part->last) {
        sweep(naming, member);
        member->loading = false;
        member->epoch = member->loading_epoch;
        naming->counters.bulks_received++;
        confirm(naming, member);
    }
}

void kithi_naming_change(struct kithi_naming *naming, struct kithi_member *member,
                         const struct kith_message *message)
{
    const Kith__NamingChange *change =
        kith_message_typed(message, &kith__naming_change__descriptor);
    bool malformed = change == NULL || change->n_changes > KITHI_PART_MOST;
    if (malformed || !naming->replicates || member->info.state == KITH_ROUTE_UNREACHABLE) {
        naming->counters.malformed += malformed;
        return;
    }
    if (member->loading || change->previous != member->epoch) {
        naming->counters.resyncs++;
        kithi_replica_ask(naming, member, member->loading);
        return;
    }
    apply_all(naming, member, change->changes, change->n_changes);
    member->epoch = KITH_BUG(EPOCH_NOT_RAISED) ? change->previous : change->epoch;
    naming->counters.changes_received++;
    if (!change->current) {
        return;
    }
    if (change->digest != member->roll.digest && !member->truncated) {
        naming->counters.resyncs++;
        kithi_replica_ask(naming, member, true);
        return;
    }
    confirm(naming, member);
}

static enum kith_error send_ask(struct kithi_naming *naming, struct kithi_member *member)
{
    struct kith_message *message;
    enum kith_error error = kith_message_new_typed(naming->node, kithi_type(naming, KITHI_RESYNC),
                                                   &kith__naming_resync__descriptor, &message);
    if (error != KITH_OK) {
        return error;
    }
    Kith__NamingResync *request = message->data;
    request->epoch = member->ask_all ? 0 : member->epoch;
    request->digest = member->ask_all ? 0 : member->roll.digest;
    size_t size = kith_payload_size(message);
    error = kith_send(naming->self, member->info.naming, &message, KITH_NO_WAIT);
    kith_message_free(&message);
    if (error == KITH_OK) {
        naming->counters.messages_sent++;
        naming->counters.bytes_sent += size;
    }
    return error;
}

// When to ask again if no answer comes.
static uint64_t next_ask(struct kithi_naming *naming, struct kithi_member *member)
{
    member->ask_wait_ns = member->ask_wait_ns == 0 ? KITHI_ASK_NS : member->ask_wait_ns * 2;
    if (member->ask_wait_ns > KITHI_ASK_MOST_NS) {
        member->ask_wait_ns = KITHI_ASK_MOST_NS;
    }
    return kithi_naming_jitter(naming, member->ask_wait_ns);
}

void kithi_replica_ask(struct kithi_naming *naming, struct kithi_member *member, bool all)
{
    uint64_t now_ns = kith_node_now(naming->node);
    member->ask_all = member->ask_all || all;
    if (now_ns < member->quiet_ns) {
        member->ask_ns = member->quiet_ns;
    } else if (send_ask(naming, member) == KITH_OK) {
        member->ask_all = false;
        member->loading = false;
        member->quiet_ns = now_ns + KITHI_ASK_LEAST_NS;
        member->ask_ns = now_ns + next_ask(naming, member);
    } else {
        member->ask_ns = now_ns + KITHI_ASK_LEAST_NS;
    }
    kithi_naming_due(naming, member->ask_ns);
}

static bool is_asked(const struct kithi_naming *naming, const struct kithi_member *member)
{
    return naming->replicates && member->info.state == KITH_ROUTE_UP &&
           !kith_ref_is_none(member->info.naming);
}

void kithi_replica_begin(struct kithi_naming *naming, struct kithi_member *member)
{
    if (is_asked(naming, member)) {
        member->quiet_ns = 0;
        member->ask_wait_ns = 0;
        kithi_replica_ask(naming, member, false);
    }
}

void kithi_replica_check(struct kithi_naming *naming, uint64_t now_ns)
{
    const struct kithi_table *table = &naming->table;
    for (uint32_t place = 1; place < naming->member_used; place++) {
        struct kithi_member *member = naming->members[place];
        if (member == NULL || !is_asked(naming, member)) {
            continue;
        }
        if (now_ns < member->ask_ns) {
            kithi_naming_due(naming, member->ask_ns);
            continue;
        }
        bool room = kithi_table_has_room(table, &member->roll);
        kithi_replica_ask(naming, member, member->truncated && room);
    }
}

void kithi_replica_clear(struct kithi_naming *naming, struct kithi_member *member,
                         enum kith_error reason)
{
    member->complete = false;
    for (uint32_t removed = 1; member->roll.first != KITHI_NONE; removed++) {
        remove_entry(naming, member, member->roll.first, member->epoch, reason);
        if (removed % KITHI_PAUSE_LOOK == 0) {
            kithi_naming_pause(naming);
        }
    }
    member->epoch = 0;
    member->truncated = false;
    member->loading = false;
    member->ask_all = false;
}
