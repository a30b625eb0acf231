// SPDX-License-Identifier: Apache-2.0
// Mailboxes: first in, first out, bounded in messages and bytes, and the calls that receive.
#include "path.h"

static void unlink_message(struct kith_process *process, struct kith_message *previous,
                           struct kith_message *message)
{
    struct kithi_mailbox *mailbox = &process->mailbox;
    if (previous == NULL) {
        mailbox->first = message->next;
    } else {
        previous->next = message->next;
    }
    if (message->next == NULL) {
        mailbox->last = previous;
    }
    if (mailbox->first == NULL) {
        process->flags &= (uint8_t)~KITHI_MAIL;
    }
    mailbox->count--;
    mailbox->bytes -= kithi_message_bytes(message);
}

// What follows when a message that came by a route has got where it was to go.
static void give_credit_back(struct kith_process *process, struct kith_message *message)
{
    if (message->origin != 0) {
        kithi_route_consumed(process->node, process, message);
        message->origin = 0;
    }
}

// Hands `message` to the process if that is what it waits for, else queues it.
void kithi_mailbox_put(struct kith_process *process, struct kith_message *message)
{
    kithi_message_let_go(message, KITHI_PLACE_MAILBOX);
    if (!kithi_mailbox_waits_for(process, message)) {
        kithi_mailbox_append(process, message);
        return;
    }
    give_credit_back(process, message);
    message->place = KITHI_PLACE_HELD;
    kithi_message_hand(message, process);
    kithi_wake(process, KITH_OK);
}

// Lets senders that wait go on while there is room. The process is the one that runs.
static void admit_senders(struct kith_process *process)
{
    while (!kithi_list_empty(&process->senders)) {
        struct kith_process *sender =
            KITHI_ENTRY(process->senders.next, struct kith_process, waiting);
        struct kith_message *message = *sender->at;
        if (!kithi_mailbox_has_room(process, message)) {
            return;
        }
        kithi_sender_done(sender);
        process->node->counters.delivered++;
        kithi_message_let_go_of(message, sender, KITHI_PLACE_MAILBOX);
        kithi_mailbox_append(process, message);
    }
}

// A sender that waits may have what this process is looking for behind a full mailbox.
static struct kith_message *take_from_senders(struct kith_process *self, enum kithi_wait wait,
                                              uint64_t key)
{
    struct kithi_list *node = self->senders.next;
    for (; node != &self->senders; node = node->next) {
        struct kith_process *sender = KITHI_ENTRY(node, struct kith_process, waiting);
        struct kith_message *message = *sender->at;
        if (kithi_wait_matches((uint8_t)wait, key, message)) {
            kithi_sender_done(sender);
            self->node->counters.delivered++;
            kithi_message_let_go(message, KITHI_PLACE_MAILBOX);
            return message;
        }
    }
    return NULL;
}

static struct kith_message *take_match(struct kith_process *self, enum kithi_wait wait,
                                       uint64_t key)
{
    struct kith_message *previous = NULL, *message = self->mailbox.first;
    while (message != NULL && !kithi_wait_matches((uint8_t)wait, key, message)) {
        previous = message;
        message = message->next;
    }
    if (message != NULL) {
        unlink_message(self, previous, message);
        return message;
    }
    return take_from_senders(self, wait, key);
}

void kithi_arrive(struct kith_process *process)
{
    if (KITHI_CHECKS && (process->flags & KITHI_ARRIVED) != 0) {
        process->flags &= (uint8_t)~KITHI_ARRIVED;
        kithi_message_unpoison(*process->at);
    }
}

// Gives `found`, which is in no mailbox any longer, to the process.
static inline enum kith_error take(struct kith_process *self, struct kith_message *found,
                                   struct kith_message **message)
{
    kithi_message_hold(found, self);
    kithi_count_received(self);
    if (KITHI_CHECKS) {
        kithi_message_unpoison(found);
    }
    *message = found;
    return KITH_OK;
}

// The same, and lets a peer, or those in front of the mailbox, go on that have waited for it.
static enum kith_error take_for_others(struct kith_process *self, struct kith_message *found,
                                       struct kith_message **message)
{
    (void)take(self, found, message);
    give_credit_back(self, found);
    admit_senders(self);
    return KITH_OK;
}

// Whoever wakes the process has put the message where it wants it.
static inline enum kith_error wait_for(struct kith_process *self, enum kithi_wait wait,
                                       uint64_t key, struct kith_message **message,
                                       uint64_t deadline_ns)
{
    if (KITHI_SELDOM(deadline_ns == KITH_NO_WAIT)) {
        return KITH_ERROR_TIMEOUT;
    }
    self->wait = (uint8_t)wait;
    self->wait_key = key;
    self->at = message;
    return kithi_block(self, KITH_STATE_RECEIVING, deadline_ns);
}

// With what kith_receive does seldom.
static __attribute__((noinline)) enum kith_error receive_slowly(struct kith_process *self,
                                                                struct kith_message **message,
                                                                uint64_t deadline_ns)
{
    kithi_need_much_stack(self->node);
    if (self->flags & KITHI_KILLED) {
        return kithi_told_killed(self);
    }
    struct kith_message *found = self->mailbox.first;
    if (found == NULL) {
        return wait_for(self, KITHI_WAIT_ANY, 0, message, deadline_ns);
    }
    unlink_message(self, NULL, found);
    enum kith_error error = take_for_others(self, found, message);
    if (self->node->turn_wanted && deadline_ns != KITH_NO_WAIT) {
        kithi_give_way(self);
    }
    return error;
}

enum kith_error kith_receive(struct kith_process *self, struct kith_message **message,
                             uint64_t deadline_ns)
{
    kithi_need_stack(KITHI_STACK_SHORT);
    assert(self->node->running == self);
    *message = NULL;
    if (KITHI_SELDOM(!kithi_blocks_simply(self, deadline_ns) || self->node->turn_wanted)) {
        return receive_slowly(self, message, deadline_ns);
    }
    if ((self->flags & KITHI_MAIL) == 0) {
        self->wait = KITHI_WAIT_ANY;
        self->at = message;
        return kithi_block_simply(self, KITH_STATE_RECEIVING);
    }
    struct kith_message *found = self->mailbox.first;
    if (KITHI_SELDOM(found->origin != 0 || !kithi_list_empty(&self->senders))) {
        return receive_slowly(self, message, deadline_ns);
    }
    unlink_message(self, NULL, found);
    return take(self, found, message);
}

static enum kith_error receive_match(struct kith_process *self, enum kithi_wait wait, uint64_t key,
                                     struct kith_message **message, uint64_t deadline_ns)
{
    kithi_need_much_stack(self->node);
    assert(self->node->running == self);
    *message = NULL;
    if (KITHI_SELDOM(self->flags & KITHI_KILLED)) {
        return kithi_told_killed(self);
    }
    struct kith_message *found = take_match(self, wait, key);
    if (found == NULL) {
        return wait_for(self, wait, key, message, deadline_ns);
    }
    return take_for_others(self, found, message);
}

enum kith_error kith_receive_type(struct kith_process *self, uint64_t type,
                                  struct kith_message **message, uint64_t deadline_ns)
{
    return receive_match(self, KITHI_WAIT_TYPE, type, message, deadline_ns);
}

enum kith_error kith_receive_reply(struct kith_process *self, uint64_t id,
                                   struct kith_message **message, uint64_t deadline_ns)
{
    return receive_match(self, KITHI_WAIT_REPLY, id, message, deadline_ns);
}

bool kithi_mailbox_remove_down(struct kith_process *process, uint64_t monitor)
{
    struct kith_message *previous = NULL, *message = process->mailbox.first;
    for (; message != NULL; previous = message, message = message->next) {
        const struct kith_down *down = message->data;
        if (message->type == KITH_TYPE_DOWN && down->monitor == monitor) {
            unlink_message(process, previous, message);
            kithi_pool_put(message);
            admit_senders(process);
            return true;
        }
    }
    return false;
}

static void drop_message(struct kith_process *process, struct kith_message *message)
{
    give_credit_back(process, message);
    kithi_message_end(message);
}

void kithi_mailbox_end(struct kith_process *process)
{
    kithi_senders_fail(&process->senders, KITH_ERROR_STALE);
    kithi_arrive(process); // freed with all that the process holds
    while (process->mailbox.first != NULL) {
        struct kith_message *message = process->mailbox.first;
        unlink_message(process, NULL, message);
        drop_message(process, message);
    }
}
