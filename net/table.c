// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "table.h"

enum { FIRST_CAPACITY = 8 };

static uint32_t find_home(const struct kithi_table *table, const struct kithi_key *key);
static struct kithi_key *key_at(const struct kithi_table *table, uint32_t place);
static bool is_free(const struct kithi_key *key);
static bool are_equal(const struct kithi_key *a, const struct kithi_key *b);
static uint32_t find_place(const struct kithi_table *table, const struct kithi_key *key);
static enum kith_error grow(struct kithi_table *table, const struct kith_platform *platform);

void kithi_table_init(struct kithi_table *table, size_t entry_size, uint32_t most, uint64_t seed)
{
    assert(entry_size >= sizeof(struct kithi_key) && entry_size % sizeof(uint64_t) == 0);
    *table = (struct kithi_table){.entry_size = entry_size, .most = most, .seed = seed};
}

void kithi_table_fini(struct kithi_table *table, const struct kith_platform *platform)
{
    platform->release(platform->state, table->entries, table->capacity * table->entry_size);
    table->entries = NULL;
    table->capacity = 0;
    table->len = 0;
    table->found = 0;
}

void *kithi_table_find(struct kithi_table *table, const struct kithi_key *key)
{
    if (table->len == 0) {
        return NULL;
    }
    struct kithi_key *found = key_at(table, table->found);
    if (are_equal(found, key)) {
        return is_free(found) ? NULL : found;
    }
    table->found = find_place(table, key);
    found = key_at(table, table->found);
    return is_free(found) ? NULL : found;
}

enum kith_error kithi_table_add(struct kithi_table *table, const struct kith_platform *platform,
                                const struct kithi_key *key, void **entry)
{
    assert(!is_free(key));
    if (table->len >= table->most) {
        return KITH_ERROR_LIMIT;
    }
    if (4 * (uint64_t)(table->len + 1) > 3 * (uint64_t)table->capacity) {
        enum kith_error error = grow(table, platform);
        if (error != KITH_OK) {
            return error;
        }
    }
    struct kithi_key *added = key_at(table, find_place(table, key));
    assert(is_free(added));
    memset(added, 0, table->entry_size);
    *added = *key;
    table->len++;
    *entry = added;
    return KITH_OK;
}

// Backward-shift deletion: what follows in the run moves up, so that no gap hides it.
void kithi_table_remove(struct kithi_table *table, void *entry)
{
    uint32_t mask = table->capacity - 1;
    uint32_t gap =
        (uint32_t)((size_t)((unsigned char *)entry - table->entries) / table->entry_size);
    assert(gap < table->capacity && !is_free(entry));
    for (uint32_t next = (gap + 1) & mask; !is_free(key_at(table, next));
         next = (next + 1) & mask) {
        uint32_t home = find_home(table, key_at(table, next));
        if (((next - home) & mask) >= ((next - gap) & mask)) {
            memcpy(key_at(table, gap), key_at(table, next), table->entry_size);
            gap = next;
        }
    }
    *key_at(table, gap) = (struct kithi_key){0, 0, 0};
    table->len--;
}

void kithi_table_clear(struct kithi_table *table)
{
    if (table->len > 0) {
        memset(table->entries, 0, table->capacity * table->entry_size);
        table->len = 0;
    }
}

void *kithi_table_at(const struct kithi_table *table, uint32_t place)
{
    struct kithi_key *key = key_at(table, place);
    return is_free(key) ? NULL : key;
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 32) * UINT64_C(0x9fb21c651e98df25);
    return value ^ value >> 29;
}

static uint32_t find_home(const struct kithi_table *table, const struct kithi_key *key)
{
    uint64_t hash = mix(mix(mix(table->seed ^ key->id) ^ key->first) ^ key->second);
    return (uint32_t)hash & (table->capacity - 1);
}

static struct kithi_key *key_at(const struct kithi_table *table, uint32_t place)
{
    return (struct kithi_key *)(void *)(table->entries + place * table->entry_size);
}

static bool is_free(const struct kithi_key *key)
{
    return (key->id | key->first | key->second) == 0;
}

static bool are_equal(const struct kithi_key *a, const struct kithi_key *b)
{
    return a->id == b->id && a->first == b->first && a->second == b->second;
}

// Where the key is, or the free place where it belongs.
static uint32_t find_place(const struct kithi_table *table, const struct kithi_key *key)
{
    uint32_t place = find_home(table, key);
    while (!is_free(key_at(table, place)) && !are_equal(key_at(table, place), key)) {
        place = (place + 1) & (table->capacity - 1);
    }
    return place;
}

static enum kith_error grow(struct kithi_table *table, const struct kith_platform *platform)
{
    struct kithi_table grown = *table;
    if (table->capacity > UINT32_MAX / 2) {
        return KITH_ERROR_LIMIT;
    }
    grown.capacity = table->capacity == 0 ? FIRST_CAPACITY : 2 * table->capacity;
    size_t size = grown.capacity * grown.entry_size;
    grown.entries = platform->allocate(platform->state, size);
    if (grown.entries == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memset(grown.entries, 0, size);
    for (uint32_t place = 0; place < table->capacity; place++) {
        struct kithi_key *key = key_at(table, place);
        if (!is_free(key)) {
            memcpy(key_at(&grown, find_place(&grown, key)), key, table->entry_size);
        }
    }
    platform->release(platform->state, table->entries, table->capacity * table->entry_size);
    *table = grown;
    return KITH_OK;
}
