// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "table.h"

enum { FIRST_ITEMS = 4 };

// FNV-1a, which docs/design/naming.md defines the digests with.
static const uint64_t fnv_start = UINT64_C(0xcbf29ce484222325);

static const uint64_t fnv_prime = UINT64_C(0x100000001b3);

static uint64_t fnv(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * fnv_prime;
    }
    return hash;
}

// Of a small number three bytes are 0, and can be taken in one step.
static uint64_t fnv_number(uint64_t hash, uint32_t number)
{
    if (number <= UINT8_MAX) {
        return (hash ^ number) * (fnv_prime * fnv_prime * fnv_prime * fnv_prime);
    }
    unsigned char bytes[4] = {(unsigned char)number, (unsigned char)(number >> 8),
                              (unsigned char)(number >> 16), (unsigned char)(number >> 24)};
    return fnv(hash, bytes, sizeof bytes);
}

static uint64_t entry_digest(const struct kithi_table *table, const struct kithi_entry *entry)
{
    uint64_t hash = fnv_number(table->names[entry->name].digest, entry->index);
    return fnv_number(fnv_number(hash, entry->slot), entry->generation);
}

enum kith_error kithi_names_grow(const struct kith_platform *platform, void **items,
                                 size_t item_size, uint32_t used, uint32_t *capacity,
                                 uint32_t limit)
{
    if (used < *capacity) {
        return KITH_OK;
    }
    if (used >= limit) {
        return KITH_ERROR_LIMIT;
    }
    uint32_t grown = *capacity == 0 ? FIRST_ITEMS : *capacity > limit / 2 ? limit : *capacity * 2;
    grown = grown > limit ? limit : grown;
    void *memory = platform->allocate(platform->state, grown * item_size);
    if (memory == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    if (*capacity > 0) {
        memcpy(memory, *items, *capacity * item_size);
        platform->release(platform->state, *items, *capacity * item_size);
    }
    *items = memory;
    *capacity = grown;
    return KITH_OK;
}

enum kith_error kithi_names_init(struct kithi_table *table, const struct kith_platform *platform,
                                 const struct kith_limits *limits)
{
    *table = (struct kithi_table){
        .platform = platform,
        .name_free = KITHI_NONE,
        .entry_free = KITHI_NONE,
        .own_limit = limits->names,
        .replicated_limit = limits->replicated_names,
    };
    platform->entropy(platform->state, &table->seed, sizeof table->seed);
    return kithi_map_init(&table->map, platform);
}

void kithi_names_fini(struct kithi_table *table)
{
    const struct kith_platform *platform = table->platform;
    for (uint32_t i = 0; i < table->name_used; i++) {
        struct kithi_name *name = &table->names[i];
        if (name->references > 0) {
            kithi_instances_clear(&name->instances, platform);
        }
    }
    platform->release(platform->state, table->names, table->name_capacity * sizeof *table->names);
    platform->release(platform->state, table->entries,
                      table->entry_capacity * sizeof *table->entries);
    kithi_map_fini(&table->map, platform);
}

static uint32_t find_hashed(const struct kithi_table *table, const char *text, size_t size,
                            uint32_t hash)
{
    struct kithi_probe probe = kithi_map_probe(hash);
    for (;;) {
        uint32_t id = kithi_map_next(&table->map, &probe);
        if (id == KITHI_NONE) {
            return KITHI_NONE;
        }
        const struct kithi_name *name = &table->names[id];
        if (name->size == size && memcmp(name->text, text, size) == 0) {
            return id;
        }
    }
}

uint32_t kithi_name_find(const struct kithi_table *table, const char *text, size_t size)
{
    return find_hashed(table, text, size, kithi_hash(table->seed, text, size));
}

static enum kith_error make_name(struct kithi_table *table, const char *text, size_t size,
                                 uint32_t hash, uint32_t *id)
{
    enum kith_error error = kithi_map_reserve(&table->map, table->platform, table->map.len + 1);
    if (error != KITH_OK) {
        return error;
    }
    *id = table->name_free;
    if (*id != KITHI_NONE) {
        table->name_free = table->names[*id].first_wait;
    } else {
        void *names = table->names;
        error = kithi_names_grow(table->platform, &names, sizeof *table->names, table->name_used,
                                 &table->name_capacity, KITHI_NONE);
        if (error != KITH_OK) {
            return error;
        }
        table->names = names;
        *id = table->name_used++;
    }
    struct kithi_name *name = &table->names[*id];
    *name = (struct kithi_name){
        .hash = hash,
        .first_wait = KITHI_NONE,
        .size = (uint8_t)size,
        .digest = fnv(fnv_start, text, size),
    };
    memcpy(name->text, text, size);
    return kithi_map_add(&table->map, table->platform, hash, *id);
}

enum kith_error kithi_name_hold(struct kithi_table *table, const char *text, size_t size,
                                uint32_t *name)
{
    uint32_t hash = kithi_hash(table->seed, text, size);
    *name = find_hashed(table, text, size, hash);
    if (*name == KITHI_NONE) {
        enum kith_error error = make_name(table, text, size, hash, name);
        if (error != KITH_OK) {
            return error;
        }
    }
    table->names[*name].references++;
    return KITH_OK;
}

void kithi_name_drop(struct kithi_table *table, uint32_t id)
{
    struct kithi_name *name = &table->names[id];
    assert(name->references > 0);
    if (--name->references > 0) {
        return;
    }
    kithi_map_remove(&table->map, name->hash, id);
    kithi_instances_clear(&name->instances, table->platform);
    name->first_wait = table->name_free;
    table->name_free = id;
}

static enum kith_error reserve_entry(struct kithi_table *table)
{
    if (table->entry_free != KITHI_NONE) {
        return KITH_OK;
    }
    void *entries = table->entries;
    enum kith_error error = kithi_names_grow(table->platform, &entries, sizeof *table->entries,
                                             table->entry_used, &table->entry_capacity, KITHI_NONE);
    table->entries = entries;
    return error;
}

static uint32_t next_entry(const struct kithi_table *table)
{
    return table->entry_free == KITHI_NONE ? table->entry_used : table->entry_free;
}

static uint32_t take_entry(struct kithi_table *table)
{
    uint32_t id = next_entry(table);
    if (table->entry_free == KITHI_NONE) {
        table->entry_used++;
    } else {
        table->entry_free = table->entries[id].next;
    }
    return id;
}

// Of the entry that is taken next.
static enum kith_error insert_instance(struct kithi_table *table, const struct kithi_entry *values)
{
    struct kithi_name *name = &table->names[values->name];
    const struct kithi_instance instance = {values->node, values->index, next_entry(table)};
    enum kith_error error = kithi_instances_add(&name->instances, table->platform, &instance);
    if (error == KITH_OK) {
        name->references++;
        name->own += values->node == KITHI_OWN;
    }
    return error;
}

static void enroll(struct kithi_table *table, struct kithi_roll *roll, uint32_t id)
{
    struct kithi_entry *entry = &table->entries[id];
    entry->next = KITHI_NONE;
    entry->previous = roll->last;
    if (roll->last == KITHI_NONE) {
        roll->first = id;
    } else {
        table->entries[roll->last].next = id;
    }
    roll->last = id;
    roll->count++;
    roll->digest += entry_digest(table, entry);
}

static void strike(struct kithi_table *table, struct kithi_roll *roll, uint32_t id)
{
    struct kithi_entry *entry = &table->entries[id];
    if (entry->previous == KITHI_NONE) {
        roll->first = entry->next;
    } else {
        table->entries[entry->previous].next = entry->next;
    }
    if (entry->next == KITHI_NONE) {
        roll->last = entry->previous;
    } else {
        table->entries[entry->next].previous = entry->previous;
    }
    roll->count--;
    roll->digest -= entry_digest(table, entry);
}

bool kithi_table_has_room(const struct kithi_table *table, const struct kithi_roll *roll)
{
    uint32_t limit = table->replicated_limit, last = limit / 4;
    return table->replicated < limit && (table->replicated < limit - last || roll->count < last);
}

enum kith_error kithi_entry_add(struct kithi_table *table, struct kithi_roll *roll,
                                const struct kithi_entry *values, uint32_t *entry)
{
    bool own = values->node == KITHI_OWN;
    uint32_t *count = own ? &table->own : &table->replicated;
    if (own ? *count >= table->own_limit : !kithi_table_has_room(table, roll)) {
        return KITH_ERROR_LIMIT;
    }
    enum kith_error error = reserve_entry(table);
    if (error == KITH_OK) {
        error = insert_instance(table, values);
    }
    if (error != KITH_OK) {
        return error;
    }
    *entry = take_entry(table);
    table->entries[*entry] = *values;
    enroll(table, roll, *entry);
    ++*count;
    return KITH_OK;
}

void kithi_entry_remove(struct kithi_table *table, struct kithi_roll *roll, uint32_t id)
{
    struct kithi_entry *entry = &table->entries[id];
    --*(entry->node == KITHI_OWN ? &table->own : &table->replicated);
    strike(table, roll, id);
    struct kithi_name *name = &table->names[entry->name];
    kithi_instances_remove(&name->instances, table->platform, entry->node, entry->index);
    name->own -= entry->node == KITHI_OWN;
    kithi_name_drop(table, entry->name);
    entry->node = KITHI_NONE;
    entry->next = table->entry_free;
    table->entry_free = id;
}

void kithi_entry_replace(struct kithi_table *table, struct kithi_roll *roll, uint32_t id,
                         uint32_t slot, uint32_t generation, uint64_t epoch)
{
    struct kithi_entry *entry = &table->entries[id];
    roll->digest -= entry_digest(table, entry);
    entry->slot = slot;
    entry->generation = generation;
    entry->epoch = epoch;
    roll->digest += entry_digest(table, entry);
}

uint32_t kithi_entry_find(const struct kithi_table *table, uint32_t id, uint32_t node,
                          uint32_t index)
{
    if (id == KITHI_NONE) {
        return KITHI_NONE;
    }
    return kithi_instances_find(&table->names[id].instances, node, index);
}

uint32_t kithi_entry_lowest(const struct kithi_table *table, uint32_t id, uint32_t node)
{
    if (id == KITHI_NONE) {
        return KITHI_NONE;
    }
    const struct kithi_instances *instances = &table->names[id].instances;
    uint32_t position = kithi_instances_seek(instances, node, 0);
    if (position == instances->count) {
        return KITHI_NONE;
    }
    const struct kithi_instance *instance = kithi_instances_at(instances, position);
    return instance->node == node ? instance->entry : KITHI_NONE;
}

// The next of the other nodes that has this index. Goes from node to node, and in the end once more
// through the beginning of the first, in whose middle it may have begun.
static uint32_t next_with_index(struct kithi_name *name, uint32_t index)
{
    const struct kithi_instances *instances = &name->instances;
    uint32_t count = instances->count, position = count == 0 ? 0 : name->turn % count;
    for (uint32_t passed = 0; passed < count;) {
        uint32_t node = kithi_instances_at(instances, position)->node;
        uint32_t found = kithi_instances_seek(instances, node, index);
        uint32_t entry = kithi_instances_find(instances, node, index);
        if (entry != KITHI_NONE && found >= position) {
            name->turn = found + 1;
            return entry;
        }
        uint32_t next = kithi_instances_seek(instances, node + 1, 0);
        passed += next - position;
        position = next == count ? 0 : next;
    }
    return KITHI_NONE;
}

uint32_t kithi_entry_anycast(struct kithi_table *table, uint32_t id, uint32_t index)
{
    if (id == KITHI_NONE) {
        return KITHI_NONE;
    }
    struct kithi_name *name = &table->names[id];
    if (index != KITH_INDEX_ANY) {
        uint32_t own = kithi_entry_find(table, id, KITHI_OWN, index);
        return own != KITHI_NONE ? own : next_with_index(name, index);
    }
    uint32_t count = name->own > 0 ? name->own : name->instances.count;
    if (count == 0) {
        return KITHI_NONE;
    }
    uint32_t position = count == 1 ? 0 : name->turn++ % count;
    return kithi_instances_at(&name->instances, position)->entry;
}

uint32_t kithi_name_free_index(const struct kithi_table *table, uint32_t id)
{
    const struct kithi_name *name = &table->names[id];
    uint32_t low = 0, high = name->own; // before the first gap, an instance's place is its index
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (kithi_instances_at(&name->instances, middle)->index == middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
