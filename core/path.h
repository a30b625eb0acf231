// SPDX-License-Identifier: Apache-2.0
// The steps that every message takes inside of a node, inline: out of the pool, from hand to hand,
// into a mailbox or straight to who waits for it, and back to the pool.
#ifndef KITHI_PATH_H
#define KITHI_PATH_H

#include "block.h"

// Takes a message out of a pool that has one, with an envelope that says nothing. The caller says
// who holds it.
KITHI_ALWAYS_INLINE struct kith_message *kithi_pool_pop(struct kithi_pool *pool)
{
    struct kith_message *taken = pool->free;
    pool->free = taken->next;
    pool->alive++;
    memset(taken, 0, offsetof(struct kith_message, owner));
    taken->deadline_ns = KITH_FOREVER;
    taken->inline_used = 0;
    return taken;
}

// The same from any pool.
static inline enum kith_error kithi_pool_take(struct kith_node *node, struct kith_message **message)
{
    if (KITHI_SELDOM(node->pool.free == NULL)) {
        enum kith_error error = kithi_pool_grow(node);
        if (error != KITH_OK) {
            return error;
        }
    }
    *message = kithi_pool_pop(&node->pool);
    return KITH_OK;
}

// Back to the pool goes a message without blocks. No outcome for waiting requests.
KITHI_ALWAYS_INLINE void kithi_pool_push(struct kith_message *message)
{
    assert(message->place != KITHI_PLACE_FREE && message->blocks == NULL);
    struct kithi_pool *pool = &message->node->pool;
    message->place = KITHI_PLACE_FREE;
    message->owner = KITHI_NOBODY;
    message->next = pool->free;
    pool->free = message;
    pool->alive--;
    kithi_check_poison(message->inline_arena, KITHI_INLINE_ROOM);
}

// Who may touch a message: `process`, or code outside of any if that is NULL.
static inline void kithi_message_hold(struct kith_message *message, struct kith_process *process)
{
    message->place = KITHI_PLACE_HELD;
    message->owner = process == NULL ? KITHI_NOBODY : process->slot;
    if (process != NULL) {
        process->owned++;
    }
}

static inline void kithi_message_let_go(struct kith_message *message, enum kithi_place place)
{
    if (message->place == KITHI_PLACE_HELD && message->owner != KITHI_NOBODY) {
        kithi_process_at(message->node, message->owner)->owned--;
    }
    message->owner = KITHI_NOBODY;
    message->place = (uint8_t)place;
}

// The same for a message that `process` is likely to hold.
static inline void kithi_message_let_go_of(struct kith_message *message,
                                           struct kith_process *process, enum kithi_place place)
{
    if (KITHI_SELDOM(message->owner != process->slot)) {
        kithi_message_let_go(message, place);
        return;
    }
    assert(message->place == KITHI_PLACE_HELD);
    process->owned--;
    message->owner = KITHI_NOBODY;
    message->place = (uint8_t)place;
}

// Gives `message`, which is at KITHI_PLACE_HELD but counted for nobody, to the process that waits
// for it. The caller ends the wait.
static inline void kithi_message_hand(struct kith_message *message, struct kith_process *receiver)
{
    message->owner = receiver->slot;
    receiver->owned++;
    kithi_count_received(receiver);
    *receiver->at = message;
    if (KITHI_CHECKS) {
        kithi_message_poison(message); // until the receiver runs
        receiver->flags |= KITHI_ARRIVED;
    }
}

static inline size_t kithi_message_bytes(const struct kith_message *message)
{
    return message->size > message->arena_bytes ? message->size : message->arena_bytes;
}

// A message larger than the whole mailbox is accepted by an empty one: it must get through. (The
// sum is of memory that there is, so it can't wrap.)
static inline bool kithi_mailbox_has_room(const struct kith_process *process,
                                          const struct kith_message *message)
{
    const struct kithi_mailbox *mailbox = &process->mailbox;
    return mailbox->count < process->mailbox_messages &&
           (mailbox->bytes + kithi_message_bytes(message) <= process->mailbox_bytes ||
            mailbox->count == 0);
}

// Whether `message` may be queued now: whoever waits in front of a full mailbox goes first.
static inline bool kithi_mailbox_admits(const struct kith_process *process,
                                        const struct kith_message *message)
{
    return KITH_BUG(MAILBOX_LIMIT_IGNORED) ||
           (kithi_list_empty(&process->senders) && kithi_mailbox_has_room(process, message));
}

// A reply to kith_call is for that call only: whoever has given up and now waits for anything at
// all doesn't get it.
static inline bool kithi_wait_matches(uint8_t wait, uint64_t key,
                                      const struct kith_message *message)
{
    return (wait == KITHI_WAIT_ANY && (!message->done || message->asynchronous)) ||
           (wait == KITHI_WAIT_REPLY && message->done &&
            (message->id == key || KITH_BUG(LATE_REPLY_TO_LATER_CALL))) ||
           (wait == KITHI_WAIT_TYPE && !message->done && message->type == key);
}

static inline bool kithi_mailbox_waits_for(const struct kith_process *process,
                                           const struct kith_message *message)
{
    return kithi_wait_matches(process->wait, process->wait_key, message);
}

// Whether the process waits for anything that isn't a reply, with no alarm set.
static inline bool kithi_takes_any(const struct kith_process *process)
{
    return process->wait == KITHI_WAIT_ANY && (process->flags & KITHI_TIMED) == 0;
}

// Whether the process waits for nothing, or for the reply to its call.
static inline bool kithi_takes_none(const struct kith_process *process)
{
    return process->wait == KITHI_WAIT_NONE || process->wait == KITHI_WAIT_REPLY;
}

// At the end of the mailbox. Nobody holds `message`.
static inline void kithi_mailbox_append(struct kith_process *process, struct kith_message *message)
{
    if (KITHI_CHECKS) {
        kithi_message_poison(message);
    }
    struct kithi_mailbox *mailbox = &process->mailbox;
    message->next = NULL;
    if (mailbox->first == NULL) {
        mailbox->first = message;
        process->flags |= KITHI_MAIL;
    } else {
        mailbox->last->next = message;
    }
    mailbox->last = message;
    mailbox->bytes += kithi_message_bytes(message);
    if (++mailbox->count > mailbox->peak) {
        mailbox->peak = mailbox->count;
    }
}

#endif
