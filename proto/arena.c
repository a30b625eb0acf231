// SPDX-License-Identifier: Apache-2.0
#include "arena.h"

static void *take_memory(void *state, size_t size);
static void ignore_memory(void *state, void *memory);

void kithi_arena_init(struct kithi_arena *arena, void *memory, size_t size)
{
    arena->allocator.alloc = take_memory;
    arena->allocator.free = ignore_memory;
    arena->allocator.allocator_data = arena;
    arena->next = memory;
    arena->left = size;
}

static void *take_memory(void *state, size_t size)
{
    struct kithi_arena *arena = state;
    if (size > arena->left || kithi_arena_round(size) > arena->left) {
        return NULL;
    }
    void *memory = arena->next;
    arena->next += kithi_arena_round(size);
    arena->left -= kithi_arena_round(size);
    return memory;
}

static void ignore_memory(void *state, void *memory)
{
    (void)state;
    (void)memory;
}
