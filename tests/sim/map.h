// SPDX-License-Identifier: Apache-2.0
// A hash map of three numbers to a pointer. Nothing is ever taken out.
#ifndef SIM_MAP_H
#define SIM_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <kith/ref.h>

struct map_key {
    uint64_t a, b, c;
};

struct map_entry {
    struct map_key key;
    void *value; // NULL: free
};

struct map {
    struct map_entry *entries;
    size_t capacity, count;
};

void map_fini(struct map *map);

// The place of the value for this key, which is NULL at first. Valid until the next call; give it a
// value before that.
void **map_at(struct map *map, struct map_key key);

// The value, or NULL.
void *map_get(const struct map *map, struct map_key key);

static inline struct map_key ref_key(struct kith_ref ref)
{
    return (struct map_key){ref.node, ref.slot, ref.generation};
}

// malloc and realloc that end the program instead of failing; zeroed.
void *allocate(size_t size);
void *reallocate(void *memory, size_t size);

#endif
