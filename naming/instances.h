// SPDX-License-Identifier: Apache-2.0
// The instances of one name in order: node by node, by index. Many are kept in chunks of bounded
// size, so that adding and removing one costs the same wherever it is.
#ifndef KITHI_INSTANCES_H
#define KITHI_INSTANCES_H

#include <stdint.h>

#include <kith/error.h>
#include <kith/platform.h>

struct kithi_instance {
    uint32_t node;
    uint32_t index;
    uint32_t entry;
};

struct kithi_chunk {
    struct kithi_instance *items;
    uint32_t first; // position of its first among all
    uint32_t count, capacity;
};

struct kithi_instances {
    struct kithi_chunk *chunks;
    struct kithi_instance one; // if there are no chunks
    uint32_t count;
    uint32_t chunk_len, chunk_capacity;
};

// Empty again.
void kithi_instances_clear(struct kithi_instances *instances, const struct kith_platform *platform);

// Adds one that isn't there. NO_MEMORY.
enum kith_error kithi_instances_add(struct kithi_instances *instances,
                                    const struct kith_platform *platform,
                                    const struct kithi_instance *instance);

// Removes one that is there.
void kithi_instances_remove(struct kithi_instances *instances, const struct kith_platform *platform,
                            uint32_t node, uint32_t index);

// The position of the first that isn't before that node and index; the count if all are.
uint32_t kithi_instances_seek(const struct kithi_instances *instances, uint32_t node,
                              uint32_t index);

// The one at a position below the count.
const struct kithi_instance *kithi_instances_at(const struct kithi_instances *instances,
                                                uint32_t position);

// The entry of exactly that instance, or KITHI_NONE.
uint32_t kithi_instances_find(const struct kithi_instances *instances, uint32_t node,
                              uint32_t index);

#endif
