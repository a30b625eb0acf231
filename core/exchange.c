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

// Waits in front of a full mailbox or route: kithi_sender_done or kithi_wake_in_vain ends it.
static enum kith_error wait_for_room(struct kith_process *self, struct kith_message **message,
                                     struct kith_route *route, uint64_t deadline_ns)
{
    struct kith_node *node = self->node;
    struct kithi_list *senders =
        route != NULL ? &route->senders : &kithi_process_find(node, (*message)->to)->senders;
    if (self->killed) {
        node->counters.refused++;
        return kithi_told_killed(self);
    }
    self->outgoing = *message;
    self->outgoing_at = message;
    kithi_list_append(KITH_BUG(BLOCKED_SENDERS_LIFO) ? senders->next : senders, &self->waiting);
    return kithi_block(self, KITH_STATE_SENDING, deadline_ns);
}

// The short path: a local process that waits for just this message. True if it was handed over.
KITHI_ALWAYS_INLINE bool hand_over(struct kith_process *self, struct kith_message *message)
{
    struct kith_node *node = self->node;
    if (message->to.node != node->incarnation || message->to.slot >= node->slots ||
        message->owner != self->slot || node->rights.allow != NULL ||
        KITH_TYPE_SIGNATURE(message->type) == KITH_SIGNATURE_KERNEL) {
        return false;
    }
    struct kith_process *receiver = kithi_process_at(node, message->to.slot);
    if (receiver->generation != message->to.generation ||
        !kithi_mailbox_waits_for(receiver, message)) {
        return false;
    }
    self->owned--;
    self->sent++;
    node->handed_over++;
    kithi_message_hand(message, receiver);
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
        return wait_for_room(self, message, route, deadline_ns);
    }
    node->counters.refused++;
    return error;
}

static inline enum kith_error transmit(struct kith_process *self, struct kith_message **message,
                                       uint64_t deadline_ns)
{
    assert(self->node->running == self && (*message)->place == KITHI_PLACE_HELD);
    if (!KITH_BUG(FROM_NOT_STAMPED) || kith_ref_is_none((*message)->from)) {
        (*message)->from = kithi_process_ref(self);
    }
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
    enum kith_error error = transmit(self, message, deadline_ns);
    if (KITHI_SELDOM(self->node->turn_wanted) && deadline_ns != KITH_NO_WAIT) {
        kithi_give_way(self);
    }
    return error;
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

// The end of a call that isn't simple: it had to wait for room, or went to another node. `error` is
// that of sending, if *message is still there, or else of the call itself.
static enum kith_error end_call(struct kith_process *self, struct kith_ref to, uint64_t id,
                                struct kith_message **message, enum kith_error error)
{
    if (error == KITH_OK) {
        return KITH_OK;
    }
    if (*message != NULL) {
        (*message)->waiting = false;
    } else {
        kithi_route_cancel(self->node, to, id);
    }
    return error;
}

enum kith_error kith_call(struct kith_process *self, struct kith_ref to,
                          struct kith_message **message, uint64_t deadline_ns)
{
    if (KITHI_SELDOM(self->killed)) {
        return kithi_told_killed(self);
    }
    struct kith_message *request = *message;
    begin_request(self, to, request, deadline_ns, false);
    uint64_t id = request->id;
    self->wait_key = id;
    self->receive_at = message;
    request->from = kithi_process_ref(self); // copying reply_to would wait for its two stores
    assert(self->node->running == self && request->place == KITHI_PLACE_HELD);
    if (hand_over(self, request)) {
        *message = NULL;
        self->wait = KITHI_WAIT_REPLY;
        return kithi_block(self, KITH_STATE_CALLING, deadline_ns);
    }
    self->calling = true;
    enum kith_error error = transmit_slowly(self, message, deadline_ns);
    self->calling = false;
    if (error == KITH_OK && *message == NULL) { // sent without waiting
        self->wait = KITHI_WAIT_REPLY;
        error = kithi_block(self, KITH_STATE_CALLING, deadline_ns);
    }
    return end_call(self, to, id, message, error);
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

// Nobody waits for it any longer. Its sender isn't told: it counts as sent, not as refused.
static void drop_late_reply(struct kith_process *self, struct kith_message **message)
{
    struct kith_node_counters *counters = &self->node->counters;
    counters->refused--;
    counters->sent++;
    counters->late_replies++;
    self->sent++;
    kith_message_free(message);
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
    if (reply->to.node == self->node->incarnation) {
        *message = NULL;
        return reply_locally(self, reply);
    }
    enum kith_error error = transmit(self, message, reply->deadline_ns);
    if (error == KITH_ERROR_UNREACHABLE || error == KITH_ERROR_STALE) {
        drop_late_reply(self, message);
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
    forwarded->to = to;
    forwarded->hops++;
    enum kith_error error = transmit(self, message, deadline_ns);
    if (error != KITH_OK) {
        forwarded->to = old_to;
        forwarded->hops--;
    }
    return error;
}
