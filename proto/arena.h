// SPDX-License-Identifier: Apache-2.0
// A piece of memory that protobuf-c unpacks into, and that is given up as a whole.
#ifndef KITHI_ARENA_H
#define KITHI_ARENA_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#define KITHI_ARENA_ALIGN 8 // what the structs of protobuf-c need

// What `size` bytes take in an arena.
static inline size_t kithi_arena_round(size_t size)
{
    return (size + KITHI_ARENA_ALIGN - 1) & ~(size_t)(KITHI_ARENA_ALIGN - 1);
}

// `allocator` gives memory until it is used up, then NULL; what it is given back it ignores.
struct kithi_arena {
    ProtobufCAllocator allocator;
    unsigned char *next;
    size_t left;
};

// Borrows `memory`, aligned to KITHI_ARENA_ALIGN, as long as the arena is used.
void kithi_arena_init(struct kithi_arena *arena, void *memory, size_t size);

#endif
