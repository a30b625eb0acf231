// SPDX-License-Identifier: Apache-2.0
#include "instances.h"

#include <string.h>

#include "table.h"

enum { CHUNK = 512 };

static bool is_before(const struct kithi_instance *instance, uint32_t node, uint32_t index)
{
    return instance->node < node || (instance->node == node && instance->index < index);
}

// The last chunk that doesn't begin behind that node and index, or the first.
static uint32_t find_chunk(const struct kithi_instances *instances, uint32_t node, uint32_t index)
{
    uint32_t low = 0, high = instances->chunk_len;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        const struct kithi_instance *first = instances->chunks[middle].items;
        bool behind =
            !is_before(first, node, index) && (first->node != node || first->index != index);
        if (behind) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return low;
}

static uint32_t find_place(const struct kithi_chunk *chunk, uint32_t node, uint32_t index)
{
    uint32_t low = 0, high = chunk->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (is_before(&chunk->items[middle], node, index)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t kithi_instances_seek(const struct kithi_instances *instances, uint32_t node,
                              uint32_t index)
{
    if (instances->chunks == NULL) {
        return instances->count > 0 && is_before(&instances->one, node, index);
    }
    const struct kithi_chunk *chunk = &instances->chunks[find_chunk(instances, node, index)];
    return chunk->first + find_place(chunk, node, index);
}

const struct kithi_instance *kithi_instances_at(const struct kithi_instances *instances,
                                                uint32_t position)
{
    if (instances->chunks == NULL) {
        return &instances->one;
    }
    uint32_t low = 0, high = instances->chunk_len;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (instances->chunks[middle].first > position) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return &instances->chunks[low].items[position - instances->chunks[low].first];
}

uint32_t kithi_instances_find(const struct kithi_instances *instances, uint32_t node,
                              uint32_t index)
{
    uint32_t position = kithi_instances_seek(instances, node, index);
    if (position == instances->count) {
        return KITHI_NONE;
    }
    const struct kithi_instance *instance = kithi_instances_at(instances, position);
    return instance->node == node && instance->index == index ? instance->entry : KITHI_NONE;
}

static void release_items(const struct kith_platform *platform, const struct kithi_chunk *chunk)
{
    platform->release(platform->state, chunk->items, chunk->capacity * sizeof *chunk->items);
}

void kithi_instances_clear(struct kithi_instances *instances, const struct kith_platform *platform)
{
    instances->count = 0;
    if (instances->chunks == NULL) {
        return;
    }
    for (uint32_t i = 0; i < instances->chunk_len; i++) {
        release_items(platform, &instances->chunks[i]);
    }
    platform->release(platform->state, instances->chunks,
                      instances->chunk_capacity * sizeof *instances->chunks);
    *instances = (struct kithi_instances){.chunks = NULL};
}

// Room for one more chunk at `place`, which is still to be filled in.
static enum kith_error open_chunk(struct kithi_instances *instances,
                                  const struct kith_platform *platform, uint32_t place)
{
    void *chunks = instances->chunks;
    enum kith_error error =
        kithi_names_grow(platform, &chunks, sizeof *instances->chunks, instances->chunk_len,
                         &instances->chunk_capacity, KITHI_NONE);
    instances->chunks = chunks;
    if (error != KITH_OK) {
        return error;
    }
    struct kithi_chunk *chunk = &instances->chunks[place];
    memmove(chunk + 1, chunk, (instances->chunk_len - place) * sizeof *chunk);
    instances->chunk_len++;
    return KITH_OK;
}

// Makes room for one more item, below CHUNK.
static enum kith_error grow(struct kithi_chunk *chunk, const struct kith_platform *platform)
{
    void *items = chunk->items;
    enum kith_error error = kithi_names_grow(platform, &items, sizeof *chunk->items, chunk->count,
                                             &chunk->capacity, CHUNK);
    chunk->items = items;
    return error;
}

// The one instance moves into a chunk.
static enum kith_error begin_chunks(struct kithi_instances *instances,
                                    const struct kith_platform *platform)
{
    struct kithi_chunk first = {.count = 0};
    enum kith_error error = grow(&first, platform);
    if (error != KITH_OK) {
        return error;
    }
    first.items[0] = instances->one;
    first.count = 1;
    error = open_chunk(instances, platform, 0);
    if (error != KITH_OK) {
        release_items(platform, &first);
        return error;
    }
    instances->chunks[0] = first;
    return KITH_OK;
}

// The upper half of a full chunk gets one of its own.
static enum kith_error split(struct kithi_instances *instances,
                             const struct kith_platform *platform, uint32_t place)
{
    struct kithi_chunk upper = {.capacity = CHUNK};
    upper.items = platform->allocate(platform->state, CHUNK * sizeof *upper.items);
    if (upper.items == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    enum kith_error error = open_chunk(instances, platform, place + 1);
    if (error != KITH_OK) {
        release_items(platform, &upper);
        return error;
    }
    struct kithi_chunk *lower = &instances->chunks[place];
    upper.count = lower->count / 2;
    lower->count = lower->count - upper.count;
    upper.first = lower->first + lower->count;
    memcpy(upper.items, lower->items + lower->count, upper.count * sizeof *upper.items);
    instances->chunks[place + 1] = upper;
    return KITH_OK;
}

// Makes sure that the chunk at *place, or the one into which its upper half goes, has room.
static enum kith_error reserve(struct kithi_instances *instances,
                               const struct kith_platform *platform,
                               const struct kithi_instance *instance, uint32_t *place)
{
    struct kithi_chunk *chunk = &instances->chunks[*place];
    if (chunk->count < CHUNK) {
        return grow(chunk, platform);
    }
    enum kith_error error = split(instances, platform, *place);
    if (error == KITH_OK) {
        *place = find_chunk(instances, instance->node, instance->index);
    }
    return error;
}

static void shift_positions(struct kithi_instances *instances, uint32_t behind, int by)
{
    for (uint32_t i = behind + 1; i < instances->chunk_len; i++) {
        instances->chunks[i].first += (uint32_t)by;
    }
}

enum kith_error kithi_instances_add(struct kithi_instances *instances,
                                    const struct kith_platform *platform,
                                    const struct kithi_instance *instance)
{
    if (instances->count == 0) {
        instances->one = *instance;
        instances->count = 1;
        return KITH_OK;
    }
    enum kith_error error = KITH_OK;
    if (instances->chunks == NULL) {
        error = begin_chunks(instances, platform);
    }
    uint32_t place = 0;
    if (error == KITH_OK) {
        place = find_chunk(instances, instance->node, instance->index);
        error = reserve(instances, platform, instance, &place);
    }
    if (error != KITH_OK) {
        return error;
    }
    struct kithi_chunk *chunk = &instances->chunks[place];
    uint32_t at = find_place(chunk, instance->node, instance->index);
    memmove(chunk->items + at + 1, chunk->items + at, (chunk->count - at) * sizeof *chunk->items);
    chunk->items[at] = *instance;
    chunk->count++;
    instances->count++;
    shift_positions(instances, place, 1);
    return KITH_OK;
}

static void drop_chunk(struct kithi_instances *instances, const struct kith_platform *platform,
                       uint32_t place)
{
    struct kithi_chunk *chunk = &instances->chunks[place];
    release_items(platform, chunk);
    instances->chunk_len--;
    memmove(chunk, chunk + 1, (instances->chunk_len - place) * sizeof *chunk);
}

// Two neighbours that together would fill half a chunk become one, so that there are never many.
static void merge(struct kithi_instances *instances, const struct kith_platform *platform,
                  uint32_t place)
{
    if (place + 1 >= instances->chunk_len) {
        return;
    }
    struct kithi_chunk *lower = &instances->chunks[place], *upper = lower + 1;
    if (lower->count + upper->count > CHUNK / 2) {
        return;
    }
    memcpy(lower->items + lower->count, upper->items, upper->count * sizeof *upper->items);
    lower->count = lower->count + upper->count;
    drop_chunk(instances, platform, place + 1);
}

void kithi_instances_remove(struct kithi_instances *instances, const struct kith_platform *platform,
                            uint32_t node, uint32_t index)
{
    if (--instances->count == 0) {
        kithi_instances_clear(instances, platform);
        return;
    }
    uint32_t place = find_chunk(instances, node, index);
    struct kithi_chunk *chunk = &instances->chunks[place];
    uint32_t at = find_place(chunk, node, index);
    chunk->count--;
    memmove(chunk->items + at, chunk->items + at + 1, (chunk->count - at) * sizeof *chunk->items);
    shift_positions(instances, place, -1);
    if (chunk->count == 0) {
        drop_chunk(instances, platform, place);
        return;
    }
    merge(instances, platform, place);
    if (place > 0) {
        merge(instances, platform, place - 1);
    }
}
