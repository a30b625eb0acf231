// SPDX-License-Identifier: Apache-2.0
// Send, call, request, reply, forward: how a message leaves its owner.
#include "path.h"

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

// Goes among `senders`, to block in front of a full mailbox or route: kithi_sender_done or
// kithi_wake_in_vain ends it.
static inline void queue_for_room(struct kith_process *self, struct kithi_list *senders,
                                  struct kith_message **message)
{
    self->at = message;
    kithi_list_append(KITH_BUG(BLOCKED_SENDERS_LIFO) ? senders->next : senders, &self->waiting);
}

// The long way, for any message to anywhere. The caller has made sure of the stack.
static enum kith_error transmit_far(struct kith_process *self, struct kith_message **message,
                                    uint64_t deadline_ns)
{
    struct kith_node *node = self->node;
    struct kith_route *route;
    enum kith_error error = try_to_send(node, message, &route);
    if (error == KITH_OK) {
        kithi_count_sent(self);
        node->counters.sent++;
        return KITH_OK;
    }
    bool waits = (error == KITH_ERROR_FULL || error == KITH_ERROR_UNREACHABLE) &&
                 deadline_ns != KITH_NO_WAIT;
    bool killed = waits && (self->flags & KITHI_KILLED) != 0;
    if (error == KITH_ERROR_FULL && waits && !killed) {
        struct kithi_list *senders =
            route != NULL ? &route->senders : &kithi_process_find(node, (*message)->to)->senders;
        queue_for_room(self, senders, message);
        return kithi_block(self, KITH_STATE_SENDING, deadline_ns);
    }
    node->counters.refused++;
    if (killed) {
        return kithi_told_killed(self);
    }
    if (waits) {
        kithi_give_way(self); // who tries again and again mustn't keep the link from coming back
    }
    return error;
}

// Whether a reference to a process of this node means `process`.
KITHI_ALWAYS_INLINE bool refers_to(struct kith_ref ref, const struct kith_process *process)
{
    return ref.slot == process->slot && ref.generation == process->generation;
}

// Where `message` of `self` goes, if that is a process of this node and nobody has to be asked.
// NULL says that the long way has to be gone.
KITHI_ALWAYS_INLINE struct kith_process *find_near(struct kith_process *self, struct kith_ref to,
                                                   const struct kith_message *message)
{
    struct kith_node *node = self->node;
    if (KITHI_SELDOM(message->owner != self->slot || to.node != node->incarnation ||
                     node->rights.allow != NULL ||
                     KITH_TYPE_SIGNATURE(message->type) == KITH_SIGNATURE_KERNEL)) {
        return NULL;
    }
    // Comparing a guess takes as long as looking it up, but nothing has to wait for the outcome.
    struct kith_process *receiver = self->peer;
    if (KITHI_SELDOM(!refers_to(to, receiver))) {
        receiver = kithi_process_find(node, to);
        self->peer = receiver == NULL ? self : receiver;
    }
    return receiver;
}

// From `self` to a receiver that waits for it, and is yet to be woken.
KITHI_ALWAYS_INLINE void hand_over(struct kith_process *self, struct kith_message *message,
                                   struct kith_process *receiver)
{
    self->owned--;
    kithi_count_sent(self);
    self->node->handed_over++;
    kithi_message_hand(message, receiver);
}

// The same to one by whom nothing else has to be looked after. It is yet to be made ready.
KITHI_ALWAYS_INLINE void hand_over_simply(struct kith_process *self, struct kith_message *message,
                                          struct kith_process *receiver)
{
    hand_over(self, message, receiver);
    kithi_end_wait(receiver, KITH_OK);
}

// The same to any that waits for it.
static __attribute__((noinline)) enum kith_error hand_over_and_wake(struct kith_process *self,
                                                                    struct kith_message **message,
                                                                    struct kith_process *receiver)
{
    hand_over(self, *message, receiver);
    kithi_wake(receiver, KITH_OK);
    *message = NULL;
    return KITH_OK;
}

// From `self` into a mailbox.
static inline void hand_in(struct kith_process *self, struct kith_message *message,
                           struct kith_process *receiver)
{
    self->owned--;
    kithi_count_sent(self);
    self->node->handed_over++;
    message->owner = KITHI_NOBODY;
    message->place = KITHI_PLACE_MAILBOX;
    kithi_mailbox_append(receiver, message);
}

static inline void stamp(const struct kith_process *self, struct kith_message *sent)
{
    assert(self->node->running == self && "only the running process sends");
    assert(sent->place == KITHI_PLACE_HELD && "the message was sent or freed");
    assert((sent->owner == self->slot || sent->owner == KITHI_NOBODY) &&
           "another process has the message");
    if (!KITH_BUG(FROM_NOT_STAMPED) || kith_ref_is_none(sent->from)) {
        sent->from = kithi_process_ref(self);
    }
}

static enum kith_error transmit(struct kith_process *self, struct kith_message **message,
                                uint64_t deadline_ns)
{
    stamp(self, *message);
    struct kith_process *receiver = find_near(self, (*message)->to, *message);
    if (receiver != NULL && kithi_mailbox_waits_for(receiver, *message)) {
        return hand_over_and_wake(self, message, receiver);
    }
    return transmit_far(self, message, deadline_ns);
}

// The end of a send, when messages to other nodes have to be looked after.
static __attribute__((noinline)) enum kith_error give_way(struct kith_process *self,
                                                          enum kith_error error)
{
    kithi_give_way(self);
    return error;
}

static __attribute__((noinline)) enum kith_error send_far(struct kith_process *self,
                                                          struct kith_message **message,
                                                          uint64_t deadline_ns)
{
    kithi_need_much_stack(self->node);
    enum kith_error error = transmit_far(self, message, deadline_ns);
    bool gives_way = self->node->turn_wanted && deadline_ns != KITH_NO_WAIT;
    return gives_way ? give_way(self, error) : error;
}

// To a process of this node that waits until some time, or for something else, or has a high
// priority, or a mailbox without room.
static __attribute__((noinline)) enum kith_error send_to_busy(struct kith_process *self,
                                                              struct kith_process *receiver,
                                                              struct kith_message **message,
                                                              uint64_t deadline_ns)
{
    if (kithi_mailbox_waits_for(receiver, *message)) {
        return hand_over_and_wake(self, message, receiver);
    }
    // The guess at who the receiver is may have been a slot that is free, which has no room.
    if (!kithi_takes_none(receiver) || receiver->state == KITH_STATE_FREE ||
        !kithi_blocks_simply(self, deadline_ns)) {
        return send_far(self, message, deadline_ns);
    }
    queue_for_room(self, &receiver->senders, message);
    return kithi_block_simply(self, KITH_STATE_SENDING);
}

// What a message that leaves its first sender says of an outcome: side by side, so that the
// compiler sets all of it at once.
static inline void begin_exchange(struct kith_message *sent, bool waiting, bool asynchronous)
{
    assert(!sent->waiting && "a request is replied to or forwarded, not sent");
    sent->error = KITH_OK;
    sent->waiting = waiting;
    sent->done = false;
    sent->failed = false;
    sent->asynchronous = asynchronous;
}

enum kith_error kith_send(struct kith_process *self, struct kith_ref to,
                          struct kith_message **message, uint64_t deadline_ns)
{
    kithi_need_stack(KITHI_STACK_SHORT);
    struct kith_message *sent = *message;
    begin_exchange(sent, false, false);
    stamp(self, sent);
    sent->to = to;
    sent->reply_to = KITH_REF_NONE;
    sent->id = 0;
    struct kith_process *receiver = find_near(self, to, sent);
    if (KITHI_SELDOM(receiver == NULL || self->node->turn_wanted)) {
        return send_far(self, message, deadline_ns);
    }
    if (kithi_takes_any(receiver) && (receiver->flags & KITHI_HIGH) == 0) {
        hand_over_simply(self, sent, receiver);
        *message = NULL;
        return kithi_ready_push_next(self->node, receiver);
    }
    if (kithi_takes_none(receiver) && kithi_mailbox_admits(receiver, sent)) {
        hand_in(self, sent, receiver);
        *message = NULL;
        return KITH_OK;
    }
    return send_to_busy(self, receiver, message, deadline_ns);
}

enum kith_error kith_post(struct kith_node *node, struct kith_ref to, struct kith_message **message)
{
    struct kith_message *sent = *message;
    assert(sent->place == KITHI_PLACE_HELD && "the message was sent or freed");
    assert(!sent->waiting && "a request is replied to or forwarded, not sent");
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
                                 struct kith_message *sent, uint64_t deadline_ns, bool asynchronous)
{
    begin_exchange(sent, true, asynchronous);
    sent->to = to;
    sent->reply_to = kithi_process_ref(self);
    sent->caller = self;
    sent->id = ++self->node->next_id;
    sent->deadline_ns = deadline_ns;
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

static __attribute__((noinline)) enum kith_error call_far(struct kith_process *self,
                                                          struct kith_ref to,
                                                          struct kith_message **message,
                                                          uint64_t deadline_ns)
{
    kithi_need_much_stack(self->node);
    if (self->flags & KITHI_KILLED) {
        return kithi_told_killed(self);
    }
    begin_request(self, to, *message, deadline_ns, false);
    uint64_t id = (*message)->id;
    self->wait_key = id;
    self->at = message;
    self->flags |= KITHI_CALLING;
    enum kith_error error = transmit(self, message, deadline_ns);
    self->flags &= (uint8_t)~KITHI_CALLING;
    if (error == KITH_OK && *message == NULL) { // sent without waiting
        self->wait = KITHI_WAIT_REPLY;
        error = kithi_block(self, KITH_STATE_CALLING, deadline_ns);
    }
    return end_call(self, to, id, message, error);
}

// A call that isn't as simple as can be, but perhaps still of a process that waits for it.
static __attribute__((noinline)) enum kith_error call_near(struct kith_process *self,
                                                           struct kith_process *receiver,
                                                           struct kith_message **message,
                                                           uint64_t deadline_ns)
{
    kithi_need_much_stack(self->node);
    struct kith_message *request = *message;
    if (receiver == NULL || self->flags & KITHI_KILLED ||
        !kithi_mailbox_waits_for(receiver, request)) {
        request->waiting = false;
        return receiver == self ? KITH_ERROR_INVALID
                                : call_far(self, request->to, message, deadline_ns);
    }
    (void)hand_over_and_wake(self, message, receiver);
    self->wait = KITHI_WAIT_REPLY;
    return kithi_block(self, KITH_STATE_CALLING, deadline_ns);
}

enum kith_error kith_call(struct kith_process *self, struct kith_ref to,
                          struct kith_message **message, uint64_t deadline_ns)
{
    kithi_need_stack(KITHI_STACK_SHORT);
    struct kith_message *request = *message;
    begin_request(self, to, request, deadline_ns, false);
    stamp(self, request);
    self->wait_key = request->id;
    self->at = message;
    struct kith_process *receiver = find_near(self, to, request);
    if (KITHI_SELDOM(receiver == NULL || !kithi_takes_any(receiver) ||
                     !kithi_blocks_simply(self, deadline_ns))) {
        return call_near(self, receiver, message, deadline_ns);
    }
    hand_over_simply(self, request, receiver);
    *message = NULL;
    self->wait = KITHI_WAIT_REPLY;
    self->state = KITH_STATE_CALLING;
    return kithi_hand_cpu(self, receiver);
}

enum kith_error kith_request(struct kith_process *self, struct kith_ref to,
                             struct kith_message **message, uint64_t deadline_ns,
                             uint64_t reply_deadline_ns, uint64_t *id)
{
    kithi_need_much_stack(self->node);
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

static enum kith_error send_reply(struct kith_node *node, struct kith_message **message)
{
    if (!kithi_rights_allow(node, *message, false)) {
        node->counters.denied++;
        return KITH_ERROR_DENIED;
    }
    enum kith_error error = kithi_replies_send(node, message);
    if (error == KITH_ERROR_UNREACHABLE || error == KITH_ERROR_STALE) {
        node->counters.late_replies++; // nobody waits for it any longer
        kith_message_free(message);
        return KITH_OK;
    }
    return error;
}

static __attribute__((noinline)) enum kith_error reply_far(struct kith_process *self,
                                                           struct kith_message **message)
{
    struct kith_node *node = self->node;
    kithi_need_much_stack(node);
    struct kith_message *reply = *message;
    reply->to = reply->reply_to;
    if (reply->to.node == node->incarnation) {
        *message = NULL;
        kithi_count_sent(self);
        node->counters.sent++;
        kithi_deliver_reply(node, reply);
        return KITH_OK;
    }
    enum kith_error error = send_reply(node, message);
    if (error != KITH_OK) {
        node->counters.refused++;
        reply->waiting = true;
        reply->done = false;
        return error;
    }
    kithi_count_sent(self);
    node->counters.sent++;
    return KITH_OK;
}

enum kith_error kith_reply(struct kith_process *self, struct kith_message **message)
{
    kithi_need_stack(KITHI_STACK_SHORT);
    struct kith_message *reply = *message;
    if (KITHI_SELDOM(!reply->waiting)) {
        return KITH_ERROR_INVALID;
    }
    stamp(self, reply);
    reply->waiting = false;
    reply->done = true;
    struct kith_process *caller = reply->caller;
    if (KITHI_SELDOM(caller == NULL || reply->reply_to.node != self->node->incarnation ||
                     !refers_to(reply->reply_to, caller) || reply->owner != self->slot ||
                     caller->wait != KITHI_WAIT_REPLY || caller->wait_key != reply->id)) {
        return reply_far(self, message);
    }
    reply->to = reply->reply_to;
    if (caller->flags & (KITHI_TIMED | KITHI_HIGH)) {
        return hand_over_and_wake(self, message, caller);
    }
    hand_over_simply(self, reply, caller);
    *message = NULL;
    kithi_queue_push(&self->node->ready[KITH_PRIORITY_NORMAL], caller);
    return KITH_OK;
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
    kithi_need_much_stack(self->node);
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
