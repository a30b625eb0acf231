// SPDX-License-Identifier: Apache-2.0
// How a message arrives: batch, frame, checks, message, mailbox. Whatever can't be delivered goes
// back to the peer with the reason.
#include <assert.h>

#include <kith/codec.h>
#include <kith/planted.h>

#include "net_state.h"

static bool has_right_ends(const struct kithi_link *link, const struct kith_frame *frame);
static void take_frame(struct kithi_channel *channel, unsigned stream,
                       const struct kith_frame *frame);
static void take_goodbye(struct kithi_channel *channel, enum kith_error reason);
static void take_message(struct kithi_link *link, const struct kith_frame *frame,
                         struct kith_message *raw);
static enum kith_error deliver(struct kithi_link *link, const struct kith_frame *frame,
                               struct kith_message **raw);
static void take_reply(struct kithi_link *link, const struct kith_frame *frame);
static bool take_home(struct kithi_link *link, const struct kith_frame *frame);
static void refill(struct kithi_link *link, const struct kith_frame *frame,
                   struct kith_message *record);
static void take_returned(struct kithi_link *link, const struct kith_frame *frame);

void kithi_receive_batch(struct kithi_channel *channel, unsigned stream, const void *data,
                         size_t size)
{
    while (size > 0 && channel->state != KITHI_CHANNEL_ENDED) {
        struct kithi_link *link = channel->link;
        uint64_t sender = link == NULL ? 0 : link->incarnation;
        struct kith_frame frame;
        if (kith_frame_decode(&data, &size, sender, channel->net->incarnation, &frame) != KITH_OK) {
            kithi_channel_malformed(channel, "frame");
            return;
        }
        if (channel->state != KITHI_CHANNEL_LIVE) {
            kithi_handshake_receive(channel, &frame);
            if (frame.kind >= KITH_FRAME_HELLO) {
                continue; // it was of the handshake only
            }
        }
        if (channel->state == KITHI_CHANNEL_LIVE) {
            channel->link->frames_received++;
            take_frame(channel, stream, &frame);
        }
    }
}

static void take_frame(struct kithi_channel *channel, unsigned stream,
                       const struct kith_frame *frame)
{
    struct kithi_link *link = channel->link;
    if (!has_right_ends(link, frame)) {
        kithi_channel_malformed(channel, "frame in another node's name");
        return;
    }
    switch (frame->kind) {
    case KITH_FRAME_MESSAGE:
    case KITH_FRAME_RETURN:
        if (frame->total_size == 0) {
            kithi_receive_whole(link, frame, NULL);
        } else {
            kithi_parts_begin(channel, stream, frame);
        }
        break;
    case KITH_FRAME_PART:
        kithi_parts_continue(channel, stream, frame);
        break;
    case KITH_FRAME_CREDIT:
        kithi_credits_receive(link, frame->to, frame->credits);
        break;
    case KITH_FRAME_MONITOR:
    case KITH_FRAME_UNMONITOR:
    case KITH_FRAME_DOWN:
        kithi_monitors_receive(link, stream, frame);
        break;
    case KITH_FRAME_PING:
        kithi_liveness_answer(link, frame->id);
        break;
    case KITH_FRAME_PONG:
        if (!kithi_liveness_pong(link, frame->id)) {
            kithi_channel_malformed(channel, "pong without a ping");
        }
        break;
    case KITH_FRAME_GOODBYE:
        take_goodbye(channel, (enum kith_error)frame->error);
        break;
    case KITH_FRAME_ACCEPT: // it may come after other frames that said so already
        break;
    case KITH_FRAME_OFFER:
    case KITH_FRAME_HELLO:
        kithi_channel_malformed(channel, "handshake on a link that is up");
        break;
    }
}

static void take_goodbye(struct kithi_channel *channel, enum kith_error reason)
{
    if (reason == KITH_ERROR_LEFT) {
        kithi_link_end(channel->link, KITH_ERROR_LEFT, 0);
    } else {
        kithi_channel_fail(channel, reason, false);
    }
}

// Nobody speaks in another node's name, and we pass nothing on that isn't for us.
static bool has_right_ends(const struct kithi_link *link, const struct kith_frame *frame)
{
    uint64_t peer = link->incarnation;
    bool from_peer = frame->from.node == peer || kith_ref_is_none(frame->from);
    bool to_own = frame->to.node == link->net->incarnation || kith_ref_is_none(frame->to);
    switch (frame->kind) {
    case KITH_FRAME_CREDIT:
        return frame->to.node == peer;
    case KITH_FRAME_MESSAGE: // one for an earlier incarnation of this node comes back as stale
        return from_peer;
    case KITH_FRAME_RETURN: // and says for whom it was: an earlier one of the peer, but nobody else
        return to_own && (from_peer || kithi_link_find(link->net, frame->from.node) == NULL);
    default:
        return from_peer && to_own;
    }
}

void kithi_receive_whole(struct kithi_link *link, const struct kith_frame *frame,
                         struct kith_message *raw)
{
    if (frame->kind == KITH_FRAME_RETURN) {
        take_returned(link, frame);
    } else if (frame->done) {
        take_reply(link, frame);
    } else if (!take_home(link, frame)) {
        take_message(link, frame, raw);
        return;
    }
    kith_route_free(&raw);
}

static void take_message(struct kithi_link *link, const struct kith_frame *frame,
                         struct kith_message *raw)
{
    enum kith_error error = KITH_ERROR_STALE;
    if (frame->to.node == link->net->incarnation) {
        error = kithi_credits_arrived(link, frame->to, frame->payload_size);
    }
    if (error == KITH_OK) {
        error = deliver(link, frame, &raw);
        if (error != KITH_OK) {
            kithi_credits_refused(link, frame->to, frame->payload_size);
        }
    }
    if (error != KITH_OK && !KITH_BUG(REFUSED_NOT_RETURNED)) {
        kithi_receive_return(link, frame, error);
    }
    kith_route_free(&raw);
}

// Takes *raw if it becomes the message itself. On error the frame's payload is still there.
static enum kith_error deliver(struct kithi_link *link, const struct kith_frame *frame,
                               struct kith_message **raw)
{
    struct kith_message *message = *raw;
    bool plain = message != NULL && KITH_TYPE_SIGNATURE(frame->type) <= KITH_SIGNATURE_KERNEL;
    enum kith_error error = KITH_OK;
    if (plain) {
        kithi_envelope_read(link->net, frame, message);
    } else {
        error = kithi_envelope_open(link->net, frame, &message);
    }
    if (error != KITH_OK) {
        return error;
    }
    message->from.node = link->incarnation;
    message->carried = (uint32_t)frame->payload_size;
    error = kith_route_deliver(link->route, &message);
    if (error == KITH_OK && plain) {
        *raw = NULL;
    } else if (!plain) {
        kith_route_free(&message);
    }
    return error;
}

// A reply is only taken for a request that went out by a link, and for who made it: no peer can
// answer what was asked within this node.
static void take_reply(struct kithi_link *link, const struct kith_frame *frame)
{
    struct kith_message *reply = kithi_calls_take(link->net, frame->id, frame->to); // of this node
    if (reply != NULL) {
        refill(link, frame, reply);
    } else if (kithi_envelope_empty(link->net, frame, &reply) == KITH_OK) {
        reply->to = (struct kith_ref){link->net->incarnation, 0, 0}; // counted as late
    } else {
        return; // there isn't even memory to count it
    }
    enum kith_error error = kith_route_deliver(link->route, &reply);
    assert(error == KITH_OK); // replies are always taken
    (void)error;
}

// A request of this node that was forwarded back to it: it arrives in its own message, in which the
// kernel knows how its outcome is awaited.
static bool take_home(struct kithi_link *link, const struct kith_frame *frame)
{
    uint64_t own = link->net->incarnation;
    if (!frame->waiting || frame->reply_to.node != own || frame->to.node != own) {
        return false;
    }
    struct kith_message *record = kithi_calls_take(link->net, frame->id, frame->reply_to);
    if (record == NULL) {
        return false;
    }
    refill(link, frame, record);
    enum kith_error error = (enum kith_error)record->error;
    if (error == KITH_OK) {
        error = kithi_credits_arrived(link, frame->to, frame->payload_size);
    }
    if (error == KITH_OK) {
        error = kith_route_deliver(link->route, &record);
        if (error == KITH_OK) {
            return true;
        }
        kithi_credits_refused(link, frame->to, frame->payload_size);
    }
    kith_route_count_returned(link->route);
    kith_route_return(link->route, &record, error); // the peer gets its credit, no return
    kithi_credits_give(link, frame->to, kithi_credits_cost(frame->payload_size));
    return true;
}

// Puts what the frame says into a record. If its payload can't be read, `error` says so.
static void refill(struct kithi_link *link, const struct kith_frame *frame,
                   struct kith_message *record)
{
    kith_message_reset(record);
    kithi_envelope_read(link->net, frame, record);
    record->from.node = link->incarnation;
    record->carried = (uint32_t)frame->payload_size;
    enum kith_error error =
        kith_payload_decode(link->net->node, record, frame->payload, frame->payload_size);
    if (error != KITH_OK) {
        kith_message_reset(record);
        record->error = error;
    }
}

void kithi_receive_refused(struct kithi_link *link, const struct kith_frame *frame,
                           enum kith_error error)
{
    if (frame->kind == KITH_FRAME_MESSAGE && !frame->done) {
        kithi_receive_return(link, frame, error);
        return;
    }
    struct kith_frame empty = *frame;
    empty.payload_size = 0;
    if (frame->kind == KITH_FRAME_RETURN) {
        take_returned(link, &empty);
        return;
    }
    empty.error = error;
    take_reply(link, &empty);
}

void kithi_receive_return(struct kithi_link *link, const struct kith_frame *frame,
                          enum kith_error error)
{
    struct kith_frame back = {
        .kind = KITH_FRAME_RETURN,
        .type = frame->type,
        .from = frame->to,
        .to = frame->from,
        .id = frame->id,
        .remaining_ms = UINT64_MAX,
        .trace = frame->trace,
        .error = error,
        .credits = kithi_credits_cost(frame->payload_size),
        .waiting = frame->waiting,
    };
    if (frame->waiting) {
        back.reply_to = frame->reply_to;
    } else if (!kith_ref_is_none(frame->from) && frame->payload != NULL) {
        back.payload = frame->payload;
        back.payload_size = frame->payload_size;
    }
    kithi_link_control(link, kithi_queue_stream(back.from, back.to, KITH_NORMAL), &back);
}

static void take_returned(struct kithi_link *link, const struct kith_frame *frame)
{
    struct kith_net *net = link->net;
    enum kith_error error = (enum kith_error)frame->error;
    if (frame->credits > 0) { // it wasn't delivered; else it was, and ended without a reply
        kith_route_count_returned(link->route);
    }
    if (frame->credits > 0 && frame->from.node == link->incarnation) {
        kithi_credits_receive(link, frame->from, frame->credits);
    }
    struct kith_ref caller = kith_ref_is_none(frame->reply_to) ? frame->to : frame->reply_to;
    struct kith_message *message = NULL;
    struct kith_frame sent = *frame;
    sent.from = frame->to;
    sent.to = frame->from;
    sent.reply_to = caller;
    if (frame->waiting && caller.node == net->incarnation) {
        message = kithi_calls_take(net, frame->id, caller);
    } else if (frame->waiting || kithi_envelope_open(net, &sent, &message) != KITH_OK) {
        // A request has no payload; that of another message may be of a service that isn't
        // registered here, or too much for the memory: then it comes back without.
        (void)kithi_envelope_empty(net, &sent, &message);
    }
    if (message != NULL) {
        kith_route_return(link->route, &message, error);
    }
}
