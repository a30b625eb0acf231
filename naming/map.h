// SPDX-License-Identifier: Apache-2.0
// A hash map from hashes to small numbers: open addressing with linear probing, never more than
// half full. It holds no keys: whoever searches compares what the numbers stand for.
#ifndef KITHI_MAP_H
#define KITHI_MAP_H

#include <string.h>

#include <kith/error.h>
#include <kith/platform.h>

#define KITHI_NONE UINT32_MAX

struct kithi_bucket {
    uint32_t hash;
    uint32_t value; // KITHI_NONE: empty
};

struct kithi_map {
    struct kithi_bucket *buckets;
    uint32_t mask;
    uint32_t len;
};

// NO_MEMORY.
enum kith_error kithi_map_init(struct kithi_map *map, const struct kith_platform *platform);
void kithi_map_fini(struct kithi_map *map, const struct kith_platform *platform);

// Adds a value; the same hash may have several. NO_MEMORY: nothing changed.
enum kith_error kithi_map_add(struct kithi_map *map, const struct kith_platform *platform,
                              uint32_t hash, uint32_t value);

// Removes a value that was added with that hash.
void kithi_map_remove(struct kithi_map *map, uint32_t hash, uint32_t value);

// Makes sure that there is room for `len` values in all.
enum kith_error kithi_map_reserve(struct kithi_map *map, const struct kith_platform *platform,
                                  uint32_t len);

// Where a search has got to.
struct kithi_probe {
    uint32_t position;
    uint32_t hash;
};

static inline struct kithi_probe kithi_map_probe(uint32_t hash)
{
    return (struct kithi_probe){hash, hash};
}

// The next value that has the hash, or KITHI_NONE. The map must not change in between.
static inline uint32_t kithi_map_next(const struct kithi_map *map, struct kithi_probe *probe)
{
    for (;;) {
        const struct kithi_bucket *bucket = &map->buckets[probe->position++ & map->mask];
        if (bucket->value == KITHI_NONE || bucket->hash == probe->hash) {
            return bucket->value;
        }
    }
}

// The last bytes, fewer than 8; if others `precede` they come along, since one load is the fastest.
static inline uint64_t kithi_hash_rest(const unsigned char *at, size_t size, bool precede)
{
    uint64_t word = 0;
    if (precede) {
        memcpy(&word, at + size - sizeof word, sizeof word);
        return word;
    }
    for (size_t i = 0; i < size; i++) {
        word = word << 8 | at[i];
    }
    return word;
}

// A hash of bytes that peers and users choose; `seed` keeps them from choosing collisions.
static inline uint32_t kithi_hash(uint64_t seed, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t hash = seed ^ size;
    uint64_t word;
    for (; size >= sizeof word; at += sizeof word, size -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    hash = (hash ^ kithi_hash_rest(at, size, at != bytes)) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    hash *= UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(hash >> 32);
}

#endif
