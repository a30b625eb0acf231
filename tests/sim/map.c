// SPDX-License-Identifier: Apache-2.0
#include "map.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fputs("kith-sim: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *reallocate(void *memory, size_t size)
{
    void *moved = realloc(memory, size);
    if (moved == NULL) {
        fputs("kith-sim: out of memory\n", stderr);
        abort();
    }
    return moved;
}

static size_t hash_key(struct map_key key)
{
    uint64_t hash = key.a * UINT64_C(0x9e3779b97f4a7c15) ^ key.b * UINT64_C(0xbf58476d1ce4e5b9) ^
                    key.c * UINT64_C(0x94d049bb133111eb);
    return (size_t)(hash ^ (hash >> 32));
}

static bool is_key(const struct map_entry *entry, struct map_key key)
{
    return entry->key.a == key.a && entry->key.b == key.b && entry->key.c == key.c;
}

static struct map_entry *find_entry(const struct map *map, struct map_key key)
{
    size_t place = hash_key(key) & (map->capacity - 1);
    while (map->entries[place].value != NULL && !is_key(&map->entries[place], key)) {
        place = (place + 1) & (map->capacity - 1);
    }
    return &map->entries[place];
}

static void grow_map(struct map *map)
{
    struct map old = *map;
    map->capacity = old.capacity == 0 ? 64 : 2 * old.capacity;
    map->entries = allocate(map->capacity * sizeof *map->entries);
    for (size_t place = 0; place < old.capacity; place++) {
        if (old.entries[place].value != NULL) {
            *find_entry(map, old.entries[place].key) = old.entries[place];
        }
    }
    free(old.entries);
}

void map_fini(struct map *map)
{
    free(map->entries);
    *map = (struct map){0};
}

void **map_at(struct map *map, struct map_key key)
{
    if (2 * map->count >= map->capacity) {
        grow_map(map);
    }
    struct map_entry *entry = find_entry(map, key);
    if (entry->value == NULL) {
        entry->key = key;
        map->count++;
    }
    return &entry->value;
}

void *map_get(const struct map *map, struct map_key key)
{
    return map->capacity == 0 ? NULL : find_entry(map, key)->value;
}
