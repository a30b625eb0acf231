// SPDX-License-Identifier: Apache-2.0
// Messages and who owns them.
#include "kernel.h"

enum kith_error kith_message_new(struct kith_node *node, uint64_t type, size_t size,
                                 struct kith_message **message)
{
    if (size > node->limits.message_size) {
        return KITH_ERROR_TOO_LARGE;
    }
    struct kith_message *fresh;
    enum kith_error error = kithi_pool_take(node, &fresh);
    if (error != KITH_OK) {
        return error;
    }
    fresh->type = type;
    kithi_message_hold(fresh, node->running);
    if (size <= KITHI_MESSAGE_SIZE - sizeof *fresh) {
        fresh->data = size > 0 ? fresh->inline_arena : NULL;
        fresh->size = size;
        fresh->inline_used = (uint32_t)((size + 15) & ~(size_t)15);
        kithi_check_unpoison(fresh->inline_arena, size);
    } else {
        error = kith_message_resize(fresh, size);
        if (error != KITH_OK) {
            kith_message_free(&fresh);
            return error;
        }
    }
    *message = fresh;
    return KITH_OK;
}

// Only the payload: the kernel itself reads the envelopes of queued messages.
void kithi_message_poison(struct kith_message *message)
{
    if (KITH_TYPE_SIGNATURE(message->type) == KITH_SIGNATURE_KERNEL) {
        return;
    }
    kithi_check_poison(message->inline_arena, KITHI_MESSAGE_SIZE - sizeof *message);
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
    kith_message_reset(message);
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

void kith_message_free(struct kith_message **message)
{
    struct kith_message *freed = *message;
    *message = NULL;
    if (freed == NULL) {
        return;
    }
    assert(freed->place == KITHI_PLACE_HELD);
    if (freed->waiting && !KITH_BUG(REQUEST_DROPPED_WITHOUT_OUTCOME)) {
        kithi_request_fail(freed, KITH_ERROR_DOWN);
        return;
    }
    kithi_message_let_go(freed, KITHI_PLACE_KERNEL);
    kithi_pool_put(freed);
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
