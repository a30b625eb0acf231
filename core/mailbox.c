// SPDX-License-Identifier: Apache-2.0
// Mailboxes: first in, first out, bounded in messages and bytes, and the calls that receive.
#include "block.h"

static size_t count_bytes(const struct kith_message *message)
{
    return message->size > message->arena_bytes ? message->size : message->arena_bytes;
}

static void unlink_message(struct kithi_mailbox *mailbox, struct kith_message *message)
{
    if (message->previous == NULL) {
        mailbox->first = message->next;
    } else {
        message->previous->next = message->next;
    }
    if (message->next == NULL) {
        mailbox->last = message->previous;
    } else {
        message->next->previous = message->previous;
    }
    mailbox->count--;
    mailbox->bytes -= count_bytes(message);
}

bool kithi_mailbox_has_room(const struct kith_process *process, const struct kith_message *message)
{
    const struct kithi_mailbox *mailbox = &process->mailbox;
    size_t bytes = count_bytes(message);
    // A message larger than the whole mailbox is accepted by an empty one: it must get through.
    return mailbox->count < mailbox->limit &&
           (mailbox->count == 0 ||
            (bytes <= mailbox->bytes_limit && mailbox->bytes <= mailbox->bytes_limit - bytes));
}

// Hands `message` to the process if that is what it waits for, else queues it.
void kithi_mailbox_put(struct kith_process *process, struct kith_message *message)
{
    if (kithi_mailbox_waits_for(process, message)) {
        kithi_message_hand(message, process);
        kithi_wake(process, KITH_OK);
        return;
    }
    kithi_message_let_go(message, KITHI_PLACE_MAILBOX);
    if (KITHI_CHECKS) {
        kithi_message_poison(message);
    }
    struct kithi_mailbox *mailbox = &process->mailbox;
    message->next = NULL;
    message->previous = mailbox->last;
    if (mailbox->last == NULL) {
        mailbox->first = message;
    } else {
        mailbox->last->next = message;
    }
    mailbox->last = message;
    mailbox->bytes += count_bytes(message);
    if (++mailbox->count > mailbox->peak) {
        mailbox->peak = mailbox->count;
    }
}

// Lets senders that wait go on while there is room.
static void admit_senders(struct kith_process *process)
{
    while (!kithi_list_empty(&process->senders)) {
        struct kith_process *sender =
            KITHI_ENTRY(process->senders.next, struct kith_process, waiting);
        struct kith_message *message = sender->outgoing;
        if (!kithi_mailbox_has_room(process, message)) {
            return;
        }
        kithi_wake(sender, KITH_OK);
        sender->sent++;
        process->node->counters.sent++;
        process->node->counters.delivered++;
        kithi_mailbox_put(process, message);
    }
}

// A sender that waits may have what this process is looking for behind a full mailbox.
static struct kith_message *take_from_senders(struct kith_process *self, enum kithi_wait wait,
                                              uint64_t key)
{
    struct kithi_list *node = self->senders.next;
    for (; node != &self->senders; node = node->next) {
        struct kith_process *sender = KITHI_ENTRY(node, struct kith_process, waiting);
        struct kith_message *message = sender->outgoing;
        if (kithi_wait_matches((uint8_t)wait, key, message)) {
            kithi_wake(sender, KITH_OK);
            sender->sent++;
            self->node->counters.sent++;
            self->node->counters.delivered++;
            kithi_message_let_go(message, KITHI_PLACE_MAILBOX);
            return message;
        }
    }
    return NULL;
}

static inline struct kith_message *take_match(struct kith_process *self, enum kithi_wait wait,
                                              uint64_t key)
{
    struct kith_message *message = self->mailbox.first;
    while (message != NULL && !kithi_wait_matches((uint8_t)wait, key, message)) {
        message = message->next;
    }
    if (message != NULL) {
        unlink_message(&self->mailbox, message);
    } else if (!kithi_list_empty(&self->senders)) {
        message = take_from_senders(self, wait, key);
    }
    return message;
}

// What follows when a message has left the mailbox.
static void make_room(struct kith_process *self, const struct kith_message *message)
{
    if (message->origin != 0) {
        kithi_route_consumed(self->node, self, message);
    }
    if (!kithi_list_empty(&self->senders)) {
        admit_senders(self);
    }
}

static inline enum kith_error receive_match(struct kith_process *self, enum kithi_wait wait,
                                            uint64_t key, struct kith_message **message,
                                            uint64_t deadline_ns)
{
    assert(self->node->running == self);
    *message = NULL;
    enum kith_error error = kithi_check_killed(self);
    if (error != KITH_OK) {
        return error;
    }
    struct kith_message *found = take_match(self, wait, key);
    if (found != NULL) {
        kithi_message_hold(found, self);
    } else {
        if (deadline_ns == KITH_NO_WAIT) {
            return KITH_ERROR_TIMEOUT;
        }
        self->wait = (uint8_t)wait;
        self->wait_key = key;
        error = kithi_block(self, KITH_STATE_RECEIVING, deadline_ns);
        if (error != KITH_OK) {
            return error;
        }
        found = self->handed;
        self->handed = NULL;
    }
    if (KITHI_CHECKS) {
        kithi_message_unpoison(found);
    }
    self->received++;
    if (found->origin != 0 || !kithi_list_empty(&self->senders)) {
        make_room(self, found);
    }
    *message = found;
    return KITH_OK;
}

enum kith_error kith_receive(struct kith_process *self, struct kith_message **message,
                             uint64_t deadline_ns)
{
    return receive_match(self, KITHI_WAIT_ANY, 0, message, deadline_ns);
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
    struct kith_message *message = process->mailbox.first;
    for (; message != NULL; message = message->next) {
        const struct kith_down *down = message->data;
        if (message->type == KITH_TYPE_DOWN && down->monitor == monitor) {
            unlink_message(&process->mailbox, message);
            kithi_pool_put(message);
            return true;
        }
    }
    return false;
}

static void drop_message(struct kith_process *process, struct kith_message *message)
{
    if (message->origin != 0) {
        kithi_route_consumed(process->node, process, message);
    }
    kithi_message_hold(message, NULL);
    kith_message_free(&message);
}

void kithi_mailbox_end(struct kith_process *process)
{
    kithi_senders_fail(&process->senders, KITH_ERROR_STALE);
    if (process->handed != NULL && process->handed->origin != 0) {
        kithi_route_consumed(process->node, process, process->handed);
    }
    process->handed = NULL; // held already: freed with all that the process holds
    while (process->mailbox.first != NULL) {
        struct kith_message *message = process->mailbox.first;
        unlink_message(&process->mailbox, message);
        drop_message(process, message);
    }
}
