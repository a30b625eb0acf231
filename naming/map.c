// SPDX-License-Identifier: Apache-2.0
#include "map.h"

enum { FIRST_BUCKETS = 16 };

static struct kithi_bucket *new_buckets(const struct kith_platform *platform, uint32_t count)
{
    size_t size = count * sizeof(struct kithi_bucket);
    struct kithi_bucket *buckets = platform->allocate(platform->state, size);
    if (buckets != NULL) {
        memset(buckets, 0xff, size); // KITHI_NONE
    }
    return buckets;
}

static void release_buckets(struct kithi_map *map, const struct kith_platform *platform)
{
    platform->release(platform->state, map->buckets,
                      (map->mask + (size_t)1) * sizeof(struct kithi_bucket));
}

static void put(struct kithi_map *map, uint32_t hash, uint32_t value)
{
    uint32_t position = hash & map->mask;
    while (map->buckets[position].value != KITHI_NONE) {
        position = (position + 1) & map->mask;
    }
    map->buckets[position] = (struct kithi_bucket){hash, value};
}

enum kith_error kithi_map_init(struct kithi_map *map, const struct kith_platform *platform)
{
    *map = (struct kithi_map){new_buckets(platform, FIRST_BUCKETS), FIRST_BUCKETS - 1, 0};
    return map->buckets == NULL ? KITH_ERROR_NO_MEMORY : KITH_OK;
}

void kithi_map_fini(struct kithi_map *map, const struct kith_platform *platform)
{
    if (map->buckets != NULL) {
        release_buckets(map, platform);
        map->buckets = NULL;
    }
}

enum kith_error kithi_map_reserve(struct kithi_map *map, const struct kith_platform *platform,
                                  uint32_t len)
{
    if (len <= (map->mask + 1) / 2) {
        return KITH_OK;
    }
    struct kithi_map grown = {NULL, map->mask * 2 + 1, map->len};
    while (len > (grown.mask + 1) / 2) {
        grown.mask = grown.mask * 2 + 1;
    }
    grown.buckets = new_buckets(platform, grown.mask + 1);
    if (grown.buckets == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (uint32_t i = 0; i <= map->mask; i++) {
        if (map->buckets[i].value != KITHI_NONE) {
            put(&grown, map->buckets[i].hash, map->buckets[i].value);
        }
    }
    release_buckets(map, platform);
    *map = grown;
    return KITH_OK;
}

enum kith_error kithi_map_add(struct kithi_map *map, const struct kith_platform *platform,
                              uint32_t hash, uint32_t value)
{
    enum kith_error error = kithi_map_reserve(map, platform, map->len + 1);
    if (error == KITH_OK) {
        put(map, hash, value);
        map->len++;
    }
    return error;
}

void kithi_map_remove(struct kithi_map *map, uint32_t hash, uint32_t value)
{
    uint32_t hole = hash & map->mask;
    while (map->buckets[hole].value != value || map->buckets[hole].hash != hash) {
        hole = (hole + 1) & map->mask;
    }
    // What follows moves up if the hole lies between its home and its place, so that searches need
    // no tombstones.
    for (uint32_t next = (hole + 1) & map->mask; map->buckets[next].value != KITHI_NONE;
         next = (next + 1) & map->mask) {
        uint32_t home = map->buckets[next].hash & map->mask;
        if (((next - home) & map->mask) >= ((next - hole) & map->mask)) {
            map->buckets[hole] = map->buckets[next];
            hole = next;
        }
    }
    map->buckets[hole].value = KITHI_NONE;
    map->len--;
}
