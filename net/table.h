// SPDX-License-Identifier: Apache-2.0
// A hash table of small entries with a limit: outstanding requests, credits, DOWNs that are not
// complete. Open addressing, so that it is one piece of memory that grows by doubling.
#ifndef KITHI_TABLE_H
#define KITHI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <kith/error.h>
#include <kith/platform.h>
#include <kith/ref.h>

// Not all zero: that marks a free place.
struct kithi_key {
    uint64_t id, first, second;
};

// Every entry begins with its key. Entries move whenever one is added or removed.
struct kithi_table {
    unsigned char *entries;
    size_t entry_size;
    uint32_t capacity, len, most;
    uint32_t found; // where the last one was: messages come in runs
    uint64_t seed;  // secret, so that a peer can't choose keys that collide
};

// A process of a node that is known anyway.
static inline uint64_t kithi_ref_number(struct kith_ref ref)
{
    return (uint64_t)ref.generation << 32 | ref.slot;
}

// An empty table for at most `most` entries; it allocates with its first entry.
void kithi_table_init(struct kithi_table *table, size_t entry_size, uint32_t most, uint64_t seed);
void kithi_table_fini(struct kithi_table *table, const struct kith_platform *platform);

// The entry with that key, or NULL.
void *kithi_table_find(struct kithi_table *table, const struct kithi_key *key);

// Gives a fresh entry, zero but for its key, which must not be there yet. LIMIT, NO_MEMORY.
enum kith_error kithi_table_add(struct kithi_table *table, const struct kith_platform *platform,
                                const struct kithi_key *key, void **entry);

void kithi_table_remove(struct kithi_table *table, void *entry);
void kithi_table_clear(struct kithi_table *table);

// The entry at a place from 0 to capacity - 1, NULL for a free one. After an entry was removed its
// place has to be looked at again; one that was seen may then come up a second time.
void *kithi_table_at(const struct kithi_table *table, uint32_t place);

#endif
