// SPDX-License-Identifier: Apache-2.0
// The table of names: entries of this node and replicas of other nodes' entries. A hash map finds
// names; each name has its instances in order (this node's first, then node by node, by index), so
// that every kind of lookup is one probe and at most one binary search. Numbers stand for names and
// entries, because their arrays move when they grow.
#ifndef KITHI_TABLE_H
#define KITHI_TABLE_H

#include <kith/naming.h>

#include "instances.h"
#include "map.h"

#define KITHI_OWN 0 // place of this node among the nodes

struct kithi_entry {
    uint32_t name;
    uint32_t node; // place; KITHI_NONE: a free entry
    uint32_t index;
    uint32_t slot;
    uint32_t generation;
    uint32_t mark;           // of a replica: the transfer that confirmed it
    uint32_t next, previous; // entries of the same node, the oldest first; next free one
    uint32_t client;         // of this node's: who registered it
    uint32_t client_next, client_previous;
    uint64_t epoch; // of its node's table at the registration
};

struct kithi_name {
    struct kithi_instances instances;
    uint32_t own;        // how many of them are this node's
    uint32_t turn;       // of anycast
    uint32_t references; // entries, changes in the log and waits; 0: free
    uint32_t hash;       // in the map
    uint32_t first_wait; // for this name; of a free one: the next free one
    uint8_t size;        // of the text
    char text[KITH_NAME_SIZE];
    uint64_t digest; // of the text, as in the digests on the wire
};

// The entries of one node.
struct kithi_roll {
    uint32_t first, last;
    uint32_t count;
    uint64_t digest; // sum of those of its entries
};

struct kithi_table {
    const struct kith_platform *platform;
    uint64_t seed;
    struct kithi_map map;
    struct kithi_name *names;
    uint32_t name_capacity, name_used, name_free;
    struct kithi_entry *entries;
    uint32_t entry_capacity, entry_used, entry_free;
    uint32_t own, own_limit;
    uint32_t replicated, replicated_limit;
};

#define KITHI_ROLL_EMPTY ((struct kithi_roll){KITHI_NONE, KITHI_NONE, 0, 0})

// Borrows `platform` until fini. NO_MEMORY.
enum kith_error kithi_names_init(struct kithi_table *table, const struct kith_platform *platform,
                                 const struct kith_limits *limits);
void kithi_names_fini(struct kithi_table *table);

// The name with that text, or KITHI_NONE.
uint32_t kithi_name_find(const struct kithi_table *table, const char *text, size_t size);

// The name with that text, made if need be, with one more reference. NO_MEMORY.
enum kith_error kithi_name_hold(struct kithi_table *table, const char *text, size_t size,
                                uint32_t *name);
void kithi_name_drop(struct kithi_table *table, uint32_t name);

// Whether one more entry of another node fits: the last quarter of the room is for nodes that have
// less than a quarter of it.
bool kithi_table_has_room(const struct kithi_table *table, const struct kithi_roll *roll);

// Adds an entry with the values (name, node, index, slot, generation, epoch, client) of `values` at
// the end of the node's roll. There must be none of that name, node and index. LIMIT, NO_MEMORY.
enum kith_error kithi_entry_add(struct kithi_table *table, struct kithi_roll *roll,
                                const struct kithi_entry *values, uint32_t *entry);
void kithi_entry_remove(struct kithi_table *table, struct kithi_roll *roll, uint32_t entry);

// Puts another process, registered at `epoch`, into an entry of another node.
void kithi_entry_replace(struct kithi_table *table, struct kithi_roll *roll, uint32_t entry,
                         uint32_t slot, uint32_t generation, uint64_t epoch);

// Entries of a name (KITHI_NONE is allowed), or KITHI_NONE: exactly that one; the one with the
// lowest index on that node; that of an address without host (KITH_INDEX_ANY: any index), by turns.
uint32_t kithi_entry_find(const struct kithi_table *table, uint32_t name, uint32_t node,
                          uint32_t index);
uint32_t kithi_entry_lowest(const struct kithi_table *table, uint32_t name, uint32_t node);
uint32_t kithi_entry_anycast(struct kithi_table *table, uint32_t name, uint32_t index);

// The lowest index of a name that is free on this node.
uint32_t kithi_name_free_index(const struct kithi_table *table, uint32_t name);

// Makes room for one more item in an array that grows by doubling up to `limit` items. LIMIT,
// NO_MEMORY.
enum kith_error kithi_names_grow(const struct kith_platform *platform, void **items,
                                 size_t item_size, uint32_t used, uint32_t *capacity,
                                 uint32_t limit);

#endif
