// SPDX-License-Identifier: Apache-2.0
// Messages and who owns them.
#include "path.h"

// What kith_message_new does seldom: the pool is empty, or the payload large.
static __attribute__((noinline)) enum kith_error new_with_room(struct kith_node *node,
                                                               uint64_t type, size_t size,
                                                               struct kith_message **message)
{
    if (size > node->limits.message_size) {
        return KITH_ERROR_TOO_LARGE;
    }
    kithi_need_much_stack(node);
    struct kith_message *fresh;
    enum kith_error error = kithi_pool_take(node, &fresh);
    if (error != KITH_OK) {
        return error;
    }
    fresh->type = type;
    kithi_message_hold(fresh, node->running);
    error = kith_message_resize(fresh, size);
    if (error != KITH_OK) {
        kith_message_free(&fresh);
        return error;
    }
    *message = fresh;
    return KITH_OK;
}

enum kith_error kith_message_new(struct kith_node *node, uint64_t type, size_t size,
                                 struct kith_message **message)
{
    kithi_need_stack(KITHI_STACK_SHORT);
    if (KITHI_SELDOM(node->pool.free == NULL || size > node->pool.inline_most)) {
        return new_with_room(node, type, size, message);
    }
    struct kith_message *fresh = kithi_pool_pop(&node->pool);
    fresh->type = type;
    kithi_message_hold(fresh, node->running);
    fresh->data = size > 0 ? fresh->inline_arena : NULL;
    fresh->size = size;
    fresh->inline_used = (uint32_t)((size + 15) & ~(size_t)15);
    kithi_check_unpoison(fresh->inline_arena, size);
    *message = fresh;
    return KITH_OK;
}

// Only the payload: the kernel itself reads the envelopes of queued messages.
void kithi_message_poison(struct kith_message *message)
{
    if (KITH_TYPE_SIGNATURE(message->type) == KITH_SIGNATURE_KERNEL) {
        return;
    }
    kithi_check_poison(message->inline_arena, KITHI_INLINE_ROOM);
    for (struct kith_arena_block *block = message->blocks; block != NULL; block = block->next) {
        kithi_check_poison(block->bytes, block->size);
    }
}

// What has been allocated; the rest of the arena belongs to nobody.
void kithi_message_unpoison(struct kith_message *message)
{
    kithi_check_unpoison(message->inline_arena, message->inline_used);
    for (struct kith_arena_block *block = message->blocks; block != NULL; block = block->next) {
        kithi_check_unpoison(block->bytes, block->used);
    }
}

void kithi_request_fail(struct kith_message *message, enum kith_error error)
{
    struct kith_node *node = message->node;
    kithi_message_let_go(message, KITHI_PLACE_KERNEL);
    kithi_message_reset(message);
    message->to = message->reply_to;
    message->error = error;
    message->waiting = false;
    message->done = true;
    message->failed = true;
    if (message->to.node == node->incarnation) {
        kithi_deliver_reply(node, message);
        return;
    }
    struct kith_route *route;
    if (kithi_route_send(node, &message, &route) != KITH_OK) {
        kithi_pool_put(message);
    }
}

// What kith_message_free does seldom: somebody waits for an outcome, or there are blocks.
static __attribute__((noinline)) void free_slowly(struct kith_message *message)
{
    kithi_need_much_stack(message->node);
    kithi_message_end(message);
}

void kithi_message_end(struct kith_message *message)
{
    if (message->waiting && !KITH_BUG(REQUEST_DROPPED_WITHOUT_OUTCOME)) {
        kithi_request_fail(message, KITH_ERROR_DOWN);
        return;
    }
    kithi_message_let_go(message, KITHI_PLACE_KERNEL);
    kithi_pool_put(message);
}

void kith_message_free(struct kith_message **message)
{
    kithi_need_stack(KITHI_STACK_SHORT);
    struct kith_message *freed = *message;
    *message = NULL;
    if (freed == NULL) {
        return;
    }
    assert(freed->place == KITHI_PLACE_HELD && "the message was sent or freed");
    struct kith_process *running = freed->node->running;
    if (KITHI_SELDOM(running == NULL || freed->waiting || freed->blocks != NULL)) {
        free_slowly(freed);
        return;
    }
    kithi_message_let_go_of(freed, running, KITHI_PLACE_KERNEL);
    kithi_pool_push(freed);
}

enum kith_error kith_message_resize(struct kith_message *message, size_t size)
{
    if (size > message->node->limits.message_size) {
        return KITH_ERROR_TOO_LARGE;
    }
    void *data = NULL;
    if (size > 0) {
        data = kith_message_allocate(message, size);
        if (data == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
    }
    message->data = data;
    message->size = size;
    message->descriptor = NULL;
    return KITH_OK;
}
