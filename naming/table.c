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
        if (name->references > 0 && name->capacity > 0) {
            platform->release(platform->state, name->many, name->capacity * sizeof *name->many);
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
    if (name->capacity > 0) {
        table->platform->release(table->platform->state, name->many,
                                 name->capacity * sizeof *name->many);
        name->capacity = 0;
    }
    name->first_wait = table->name_free;
    table->name_free = id;
}

// Where the instance is, or would be.
static uint32_t lower_bound(const struct kithi_name *name, uint32_t node, uint32_t index)
{
    const struct kithi_instance *instances = kithi_name_instances(name);
    if (node == KITHI_OWN && index < name->own && instances[index].index == index) {
        return index; // no gaps before it, as usual
    }
    uint32_t low = 0, high = name->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct kithi_instance *instance = &instances[middle];
        if (instance->node < node || (instance->node == node && instance->index < index)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum kith_error reserve_instance(struct kithi_table *table, struct kithi_name *name)
{
    if (name->count == 0 && name->capacity == 0) {
        return KITH_OK;
    }
    bool moves = name->capacity == 0;
    void *many = name->many;
    enum kith_error error = kithi_names_grow(table->platform, &many, sizeof *name->many,
                                             name->count, &name->capacity, KITHI_NONE);
    if (error == KITH_OK) {
        name->many = many;
        if (moves) {
            name->many[0] = name->one;
        }
    }
    return error;
}

static void insert_instance(struct kithi_name *name, const struct kithi_entry *entry, uint32_t id)
{
    uint32_t position = lower_bound(name, entry->node, entry->index);
    struct kithi_instance *instances = name->capacity == 0 ? &name->one : name->many;
    memmove(instances + position + 1, instances + position,
            (name->count - position) * sizeof *instances);
    instances[position] = (struct kithi_instance){entry->node, entry->index, id};
    name->count++;
    name->own += entry->node == KITHI_OWN;
}

static void remove_instance(struct kithi_name *name, const struct kithi_entry *entry)
{
    uint32_t position = lower_bound(name, entry->node, entry->index);
    struct kithi_instance *instances = name->capacity == 0 ? &name->one : name->many;
    name->count--;
    name->own -= entry->node == KITHI_OWN;
    memmove(instances + position, instances + position + 1,
            (name->count - position) * sizeof *instances);
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

static uint32_t take_entry(struct kithi_table *table)
{
    uint32_t id = table->entry_free;
    if (id == KITHI_NONE) {
        return table->entry_used++;
    }
    table->entry_free = table->entries[id].next;
    return id;
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

enum kith_error kithi_entry_add(struct kithi_table *table, struct kithi_roll *roll,
                                const struct kithi_entry *values, uint32_t *entry)
{
    bool own = values->node == KITHI_OWN;
    uint32_t *count = own ? &table->own : &table->replicated;
    if (*count >= (own ? table->own_limit : table->replicated_limit)) {
        return KITH_ERROR_LIMIT;
    }
    struct kithi_name *name = &table->names[values->name];
    enum kith_error error = reserve_instance(table, name);
    if (error == KITH_OK) {
        error = reserve_entry(table);
    }
    if (error != KITH_OK) {
        return error;
    }
    *entry = take_entry(table);
    table->entries[*entry] = *values;
    insert_instance(name, values, *entry);
    name->references++;
    enroll(table, roll, *entry);
    ++*count;
    return KITH_OK;
}

void kithi_entry_remove(struct kithi_table *table, struct kithi_roll *roll, uint32_t id)
{
    struct kithi_entry *entry = &table->entries[id];
    --*(entry->node == KITHI_OWN ? &table->own : &table->replicated);
    strike(table, roll, id);
    remove_instance(&table->names[entry->name], entry);
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
    const struct kithi_name *name = &table->names[id];
    uint32_t position = lower_bound(name, node, index);
    if (position == name->count) {
        return KITHI_NONE;
    }
    const struct kithi_instance *instance = &kithi_name_instances(name)[position];
    return instance->node == node && instance->index == index ? instance->entry : KITHI_NONE;
}

uint32_t kithi_entry_lowest(const struct kithi_table *table, uint32_t id, uint32_t node)
{
    if (id == KITHI_NONE) {
        return KITHI_NONE;
    }
    const struct kithi_name *name = &table->names[id];
    uint32_t position = lower_bound(name, node, 0);
    if (position == name->count) {
        return KITHI_NONE;
    }
    const struct kithi_instance *instance = &kithi_name_instances(name)[position];
    return instance->node == node ? instance->entry : KITHI_NONE;
}

// The next of the other nodes that has this index.
static uint32_t next_with_index(struct kithi_name *name, uint32_t index)
{
    const struct kithi_instance *instances = kithi_name_instances(name);
    for (uint32_t i = 0; i < name->count; i++) {
        uint32_t position = (name->turn + i) % name->count;
        if (instances[position].index == index) {
            name->turn = position + 1;
            return instances[position].entry;
        }
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
    uint32_t count = name->own > 0 ? name->own : name->count;
    if (count < 2) {
        return count == 0 ? KITHI_NONE : kithi_name_instances(name)->entry;
    }
    return kithi_name_instances(name)[name->turn++ % count].entry;
}

uint32_t kithi_name_free_index(const struct kithi_table *table, uint32_t id)
{
    const struct kithi_name *name = &table->names[id];
    const struct kithi_instance *instances = kithi_name_instances(name);
    uint32_t low = 0, high = name->own; // before the first gap, an instance's place is its index
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (instances[middle].index == middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
