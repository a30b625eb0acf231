// SPDX-License-Identifier: Apache-2.0
// Where messages and their arenas come from: slabs of equal messages and a few classes of blocks,
// all kept for reuse, so that a running system allocates nothing.
#include "path.h"

static const uint32_t block_sizes[KITHI_BLOCK_CLASSES] = {1024, 8192, 65536};

void kithi_pool_open(struct kith_node *node)
{
    size_t most = node->limits.message_size;
    node->pool.inline_most = most < KITHI_INLINE_ROOM ? (uint32_t)most : KITHI_INLINE_ROOM;
}

// The address that came from the platform is kept in front of the line.
void *kithi_lines_allocate(struct kith_node *node, size_t size)
{
    unsigned char *memory = node->platform.allocate(node->platform.state, size + KITHI_LINE);
    if (memory == NULL) {
        return NULL;
    }
    void **lines = (void **)(((uintptr_t)memory + KITHI_LINE) & ~(uintptr_t)(KITHI_LINE - 1));
    lines[-1] = memory;
    return lines;
}

void kithi_lines_release(struct kith_node *node, void *memory, size_t size)
{
    node->platform.release(node->platform.state, ((void **)memory)[-1], size + KITHI_LINE);
}

enum kith_error kithi_pool_grow(struct kith_node *node)
{
    struct kithi_pool *pool = &node->pool;
    uint32_t room = node->limits.messages - pool->len;
    uint32_t len = room < KITHI_SLAB_MESSAGES ? room : KITHI_SLAB_MESSAGES;
    if (len == 0) {
        return KITH_ERROR_LIMIT;
    }
    size_t size = sizeof(struct kithi_slab) + (size_t)len * KITHI_MESSAGE_SIZE;
    struct kithi_slab *slab = kithi_lines_allocate(node, size);
    if (slab == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    slab->next = pool->slabs;
    slab->size = size;
    slab->len = len;
    pool->slabs = slab;
    pool->len += len;
    pool->total_bytes += size;
    for (uint32_t place = len; place-- > 0;) {
        struct kith_message *message =
            (void *)(slab->messages + (size_t)place * KITHI_MESSAGE_SIZE);
        memset(message, 0, sizeof *message);
        message->node = node;
        message->owner = KITHI_NOBODY;
        message->next = pool->free;
        pool->free = message;
        kithi_check_poison(message->inline_arena, KITHI_INLINE_ROOM);
    }
    return KITH_OK;
}

// The smallest class that holds `size`, or KITHI_BLOCK_CLASSES.
static uint32_t find_class(size_t size)
{
    uint32_t class = 0;
    while (class < KITHI_BLOCK_CLASSES && block_sizes[class] < size) {
        class ++;
    }
    return class;
}

static struct kith_arena_block *take_block(struct kith_node *node, size_t size)
{
    struct kithi_pool *pool = &node->pool;
    uint32_t class = find_class(size);
    size_t room = class < KITHI_BLOCK_CLASSES ? block_sizes[class] : size;
    size_t limit = node->limits.message_memory;
    if (room > UINT32_MAX || room > limit || pool->alive_bytes > limit - room) {
        return NULL;
    }
    struct kith_arena_block *block;
    if (class < KITHI_BLOCK_CLASSES && pool->blocks[class] != NULL) {
        block = pool->blocks[class];
        pool->blocks[class] = block->next;
    } else {
        block = node->platform.allocate(node->platform.state, sizeof *block + room);
        if (block == NULL) {
            return NULL;
        }
        pool->total_bytes += sizeof *block + room;
        block->size = (uint32_t)room;
        kithi_check_poison(block->bytes, room); // what is allocated from it isn't
    }
    block->used = 0;
    pool->alive_bytes += room;
    return block;
}

static void release_block(struct kith_node *node, struct kith_arena_block *block)
{
    kithi_check_unpoison(block->bytes, block->size);
    node->pool.total_bytes -= sizeof *block + block->size;
    node->platform.release(node->platform.state, block, sizeof *block + block->size);
}

static void put_block(struct kith_node *node, struct kith_arena_block *block)
{
    struct kithi_pool *pool = &node->pool;
    uint32_t class = find_class(block->size);
    pool->alive_bytes -= block->size;
    if (class == KITHI_BLOCK_CLASSES || block_sizes[class] != block->size) {
        release_block(node, block);
        return;
    }
    block->next = pool->blocks[class];
    pool->blocks[class] = block;
    kithi_check_poison(block->bytes, block->size);
}

static void *take_from(unsigned char *bytes, uint32_t room, uint32_t *used, size_t size)
{
    size_t wanted = (size + 15) & ~(size_t)15;
    if (wanted > room - *used) {
        return NULL;
    }
    void *memory = bytes + *used;
    *used += (uint32_t)wanted;
    kithi_check_unpoison(memory, size);
    return memory;
}

// From the last block, or a new one.
static __attribute__((noinline)) void *allocate_in_block(struct kith_message *message, size_t size)
{
    if (size > SIZE_MAX - 15) {
        return NULL;
    }
    if (message->blocks != NULL) {
        void *memory =
            take_from(message->blocks->bytes, message->blocks->size, &message->blocks->used, size);
        if (memory != NULL) {
            return memory;
        }
    }
    kithi_need_much_stack(message->node);
    struct kith_arena_block *block = take_block(message->node, (size + 15) & ~(size_t)15);
    if (block == NULL) {
        return NULL;
    }
    block->next = message->blocks;
    message->blocks = block;
    message->arena_bytes += block->size;
    return take_from(block->bytes, block->size, &block->used, size);
}

void *kith_message_allocate(struct kith_message *message, size_t size)
{
    if (size <= KITHI_INLINE_ROOM) {
        void *memory =
            take_from(message->inline_arena, KITHI_INLINE_ROOM, &message->inline_used, size);
        if (memory != NULL) {
            return memory;
        }
    }
    return allocate_in_block(message, size);
}

void kithi_message_reset(struct kith_message *message)
{
    while (message->blocks != NULL) {
        struct kith_arena_block *block = message->blocks;
        message->blocks = block->next;
        put_block(message->node, block);
    }
    message->arena_bytes = 0;
    message->inline_used = 0;
    kithi_check_poison(message->inline_arena, KITHI_INLINE_ROOM);
    message->data = NULL;
    message->size = 0;
    message->descriptor = NULL;
}

void kith_message_reset(struct kith_message *message)
{
    kithi_need_much_stack(message->node);
    kithi_message_reset(message);
}

void kithi_pool_put(struct kith_message *message)
{
    if (message->blocks != NULL) {
        kithi_message_reset(message);
    }
    kithi_pool_push(message);
}

// It may have ended in the middle of its reply: then the request still waits.
static void reopen_request(struct kith_message *message, const struct kith_process *owner)
{
    if (message->done && kith_ref_equal(message->from, kithi_process_ref(owner))) {
        message->waiting = true;
        message->done = false;
    }
}

void kithi_pool_reclaim(struct kith_process *owner)
{
    struct kithi_slab *slab = owner->node->pool.slabs;
    for (; slab != NULL && owner->owned > 0; slab = slab->next) {
        for (uint32_t place = 0; place < slab->len && owner->owned > 0; place++) {
            struct kith_message *message =
                (void *)(slab->messages + (size_t)place * KITHI_MESSAGE_SIZE);
            if (message->place == KITHI_PLACE_HELD && message->owner == owner->slot) {
                reopen_request(message, owner);
                kithi_message_end(message);
            }
        }
    }
}

void kithi_pool_close(struct kith_node *node)
{
    struct kithi_pool *pool = &node->pool;
    for (struct kithi_slab *slab = pool->slabs; slab != NULL; slab = slab->next) {
        for (uint32_t place = 0; place < slab->len; place++) {
            struct kith_message *message =
                (void *)(slab->messages + (size_t)place * KITHI_MESSAGE_SIZE);
            if (message->place != KITHI_PLACE_FREE) {
                kithi_message_reset(message);
            }
        }
    }
    for (uint32_t class = 0; class < KITHI_BLOCK_CLASSES; class ++) {
        while (pool->blocks[class] != NULL) {
            struct kith_arena_block *block = pool->blocks[class];
            pool->blocks[class] = block->next;
            release_block(node, block);
        }
    }
    while (pool->slabs != NULL) {
        struct kithi_slab *slab = pool->slabs;
        pool->slabs = slab->next;
        kithi_check_unpoison(slab->messages, (size_t)slab->len * KITHI_MESSAGE_SIZE);
        kithi_lines_release(node, slab, slab->size);
    }
}

void kith_message_counters(const struct kith_node *node, struct kith_message_counters *counters)
{
    counters->alive = node->pool.alive;
    counters->alive_bytes = node->pool.alive_bytes;
    counters->slabs_bytes = node->pool.total_bytes;
}
