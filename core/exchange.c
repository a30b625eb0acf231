// SPDX-License-Identifier: Apache-2.0
// Send, call, request, reply, forward: how a message leaves its owner.
#include "block.h"

// One attempt. FULL: *route is the route to wait for, NULL for a local receiver.
static enum kith_error try_to_send(struct kith_node *node, struct kith_message **message,
                                   struct kith_route **route)
{
    struct kith_message *sent = *message;
    enum kith_error error;
    *route = NULL;
    if (sent->to.node == node->incarnation) {
        error = kithi_deliver_local(node, sent, false);
        if (error == KITH_OK) {
            *message = NULL;
        }
        return error;
    }
    if (!kithi_rights_allow(node, sent, false)) {
        node->counters.denied++;
        return KITH_ERROR_DENIED;
    }
    return kithi_route_send(node, message, route);
}

// Waits in front of a full mailbox or route. On success the kernel has taken the message.
static enum kith_error wait_for_room(struct kith_process *self, struct kith_message **message,
                                     struct kith_route *route, uint64_t deadline_ns)
{
    struct kith_node *node = self->node;
    struct kithi_list *senders =
        route != NULL ? &route->senders : &kithi_process_find(node, (*message)->to)->senders;
    enum kith_error error = kithi_check_killed(self);
    if (error != KITH_OK) {
        return error;
    }
    self->outgoing = *message;
    kithi_list_append(senders, &self->waiting);
    error = kithi_block(self, KITH_STATE_SENDING, deadline_ns);
    if (error == KITH_OK) {
        *message = NULL;
    }
    return error;
}

// The short path: a local process that waits for just this message. True if it was handed over.
static inline bool hand_over(struct kith_process *self, struct kith_message *message)
{
    struct kith_node *node = self->node;
    if (message->to.node != node->incarnation || node->rights.allow != NULL ||
        KITH_TYPE_SIGNATURE(message->type) == KITH_SIGNATURE_KERNEL) {
        return false;
    }
    struct kith_process *receiver = kithi_process_find(node, message->to);
    if (receiver == NULL || !kithi_mailbox_waits_for(receiver, message)) {
        return false;
    }
    kithi_message_hand(message, receiver);
    kithi_wake(receiver, KITH_OK);
    self->sent++;
    node->counters.sent++;
    node->counters.delivered++;
    return true;
}

static enum kith_error transmit_slowly(struct kith_process *self, struct kith_message **message,
                                       uint64_t deadline_ns)
{
    struct kith_node *node = self->node;
    struct kith_route *route;
    enum kith_error error = try_to_send(node, message, &route);
    if (error == KITH_OK) {
        self->sent++;
        node->counters.sent++;
        return KITH_OK;
    }
    if (error == KITH_ERROR_FULL && deadline_ns != KITH_NO_WAIT) {
        error = wait_for_room(self, message, route, deadline_ns);
    }
    if (error != KITH_OK) {
        node->counters.refused++;
    }
    return error;
}

static inline enum kith_error transmit(struct kith_process *self, struct kith_message **message,
                                       uint64_t deadline_ns)
{
    assert(self->node->running == self && (*message)->place == KITHI_PLACE_HELD);
    (*message)->from = kithi_process_ref(self);
    if (hand_over(self, *message)) {
        *message = NULL;
        return KITH_OK;
    }
    return transmit_slowly(self, message, deadline_ns);
}

enum kith_error kith_send(struct kith_process *self, struct kith_ref to,
                          struct kith_message **message, uint64_t deadline_ns)
{
    struct kith_message *sent = *message;
    assert(!sent->waiting); // a request is replied to or forwarded
    sent->to = to;
    sent->reply_to = KITH_REF_NONE;
    sent->id = 0;
    sent->error = KITH_OK;
    sent->done = false;
    sent->failed = false;
    return transmit(self, message, deadline_ns);
}

enum kith_error kith_post(struct kith_node *node, struct kith_ref to, struct kith_message **message)
{
    struct kith_message *sent = *message;
    assert(sent->place == KITHI_PLACE_HELD && !sent->waiting);
    sent->from = KITH_REF_NONE;
    sent->from.node = node->incarnation;
    sent->to = to;
    struct kith_route *route;
    enum kith_error error = try_to_send(node, message, &route);
    if (error == KITH_OK) {
        node->counters.sent++;
    } else {
        node->counters.refused++;
    }
    return error;
}

static inline void begin_request(struct kith_process *self, struct kith_ref to,
                                 struct kith_message *message, uint64_t deadline_ns,
                                 bool asynchronous)
{
    assert(!message->waiting);
    message->to = to;
    message->reply_to = kithi_process_ref(self);
    message->id = ++self->node->next_id;
    message->deadline_ns = deadline_ns;
    message->error = KITH_OK;
    message->waiting = true;
    message->done = false;
    message->failed = false;
    message->asynchronous = asynchronous;
}

// The key of the wait is set: a caller that waited for room may have its reply already.
static inline enum kith_error await_reply(struct kith_process *self, struct kith_ref to,
                                          uint64_t id, struct kith_message **message,
                                          uint64_t deadline_ns)
{
    enum kith_error error = KITH_OK;
    if (self->handed == NULL) {
        error = kithi_check_killed(self);
        if (error == KITH_OK) {
            self->wait = KITHI_WAIT_REPLY;
            error = kithi_block(self, KITH_STATE_CALLING, deadline_ns);
        }
    }
    if (error != KITH_OK) {
        self->wait = KITHI_WAIT_NONE;
        kithi_route_cancel(self->node, to, id);
        return error;
    }
    struct kith_message *reply = self->handed;
    self->handed = NULL;
    if (KITHI_CHECKS) {
        kithi_message_unpoison(reply);
    }
    self->received++;
    if (reply->failed) {
        error = (enum kith_error)reply->error;
        kith_message_free(&reply);
        return error;
    }
    *message = reply;
    return KITH_OK;
}

enum kith_error kith_call(struct kith_process *self, struct kith_ref to,
                          struct kith_message **message, uint64_t deadline_ns)
{
    enum kith_error error = kithi_check_killed(self);
    if (error != KITH_OK) {
        return error;
    }
    begin_request(self, to, *message, deadline_ns, false);
    uint64_t id = (*message)->id;
    self->wait_key = id;
    self->requesting = true;
    error = transmit(self, message, deadline_ns);
    self->requesting = false;
    if (error != KITH_OK) {
        (*message)->waiting = false;
        return error;
    }
    return await_reply(self, to, id, message, deadline_ns);
}

enum kith_error kith_request(struct kith_process *self, struct kith_ref to,
                             struct kith_message **message, uint64_t deadline_ns,
                             uint64_t reply_deadline_ns, uint64_t *id)
{
    begin_request(self, to, *message, reply_deadline_ns, true);
    uint64_t request = (*message)->id;
    enum kith_error error = transmit(self, message, deadline_ns);
    if (error != KITH_OK) {
        (*message)->waiting = false;
        return error;
    }
    *id = request;
    return KITH_OK;
}

static inline enum kith_error reply_locally(struct kith_process *self, struct kith_message *reply)
{
    reply->from = kithi_process_ref(self);
    if (hand_over(self, reply)) {
        return KITH_OK;
    }
    self->sent++;
    self->node->counters.sent++;
    kithi_deliver_reply(self->node, reply);
    return KITH_OK;
}

enum kith_error kith_reply(struct kith_process *self, struct kith_message **message)
{
    struct kith_message *reply = *message;
    if (!reply->waiting) {
        return KITH_ERROR_INVALID;
    }
    reply->to = reply->reply_to;
    reply->waiting = false;
    reply->done = true;
    reply->failed = false;
    reply->origin = 0;
    if (reply->to.node == self->node->incarnation) {
        *message = NULL;
        return reply_locally(self, reply);
    }
    enum kith_error error = transmit(self, message, reply->deadline_ns);
    if (error == KITH_ERROR_UNREACHABLE || error == KITH_ERROR_STALE) {
        self->node->counters.late_replies++;
        kith_message_free(message);
        return KITH_OK;
    }
    if (error != KITH_OK) {
        (*message)->waiting = true;
        (*message)->done = false;
    }
    return error;
}

enum kith_error kith_reply_error(struct kith_process *self, struct kith_message **message,
                                 enum kith_error error)
{
    kith_message_reset(*message);
    (*message)->error = error;
    return kith_reply(self, message);
}

enum kith_error kith_forward(struct kith_process *self, struct kith_ref to,
                             struct kith_message **message, uint64_t deadline_ns)
{
    struct kith_message *forwarded = *message;
    if (forwarded->hops >= KITH_HOPS) {
        return KITH_ERROR_LIMIT;
    }
    struct kith_ref old_to = forwarded->to;
    uint32_t old_origin = forwarded->origin;
    forwarded->to = to;
    forwarded->origin = 0;
    forwarded->hops++;
    enum kith_error error = transmit(self, message, deadline_ns);
    if (error != KITH_OK) {
        forwarded->to = old_to;
        forwarded->origin = old_origin;
        forwarded->hops--;
    }
    return error;
}
