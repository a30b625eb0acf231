// SPDX-License-Identifier: Apache-2.0
// How a message leaves: the kernel's side of a link. All of this may run on a process's stack, so
// it only queues; the back end is called by the pump.
#include <kith/codec.h>
#include <kith/planted.h>

#include "net_state.h"

static enum kith_error send_message(void *state, struct kith_message **message);
static enum kith_error check_message(struct kithi_link *link, const struct kith_message *message,
                                     size_t size);
static enum kith_error queue_message(struct kithi_link *link, struct kith_message **message,
                                     const struct kith_frame *frame, unsigned stream, bool call);
static enum kith_error queue_call(struct kithi_link *link, struct kith_message **message,
                                  const struct kith_frame *frame, unsigned stream);
static enum kith_error send_failure(struct kithi_link *link, struct kith_message **message);
static void cancel_call(void *state, uint64_t id);
static void give_credit_back(void *state, struct kith_ref receiver, size_t size);
static void return_frame(struct kithi_link *link, const struct kith_frame *frame);

const struct kith_route_ops kithi_link_ops = {
    .send = send_message,
    .cancel = cancel_call,
    .consumed = give_credit_back,
    .monitor = kithi_monitors_start,
    .monitor_stop = kithi_monitors_stop,
    .down = kithi_monitors_down,
};

static enum kith_error send_message(void *state, struct kith_message **message)
{
    struct kithi_link *link = state;
    struct kith_message *sent = *message;
    if (sent->done && sent->failed) {
        return send_failure(link, message);
    }
    if (!kith_payload_is_whole(sent)) {
        return KITH_ERROR_INVALID;
    }
    struct kith_frame frame;
    kithi_envelope_write(link->net, sent, &frame);
    enum kith_error error = check_message(link, sent, frame.payload_size);
    if (error == KITH_OK && !sent->done) {
        error = kithi_credits_spend(link, sent->to, frame.payload_size);
    }
    if (error != KITH_OK) {
        return error;
    }
    bool bulk = KITH_BUG(LARGE_ON_ANOTHER_STREAM) && frame.payload_size > link->net->part_most;
    unsigned stream = kithi_queue_stream(sent->from, sent->to, bulk ? KITH_BULK : sent->urgency);
    if (kithi_message_is_call(link->net, sent)) {
        error = queue_call(link, message, &frame, stream);
    } else {
        error = queue_message(link, message, &frame, stream, false);
    }
    if (error != KITH_OK) {
        if (!sent->done) {
            kithi_credits_unspend(link, sent->to, frame.payload_size);
        }
        return error;
    }
    kithi_link_activate(link);
    bool enough = stream == KITH_STREAM_URGENT || link->queue.bytes >= KITHI_TURN_BYTES;
    if (enough && !link->stalled) {
        kith_node_want_turn(link->net->node);
    }
    return KITH_OK;
}

// What may wait in front of a link: less for one that takes hardly anything while all together hold
// half of what messages may.
static size_t find_share(const struct kithi_link *link, size_t most)
{
    const struct kith_net *net = link->net;
    bool crowded = net->queued_bytes > net->limits->message_memory / 2;
    bool stands = link->slow_looks >= KITHI_TICKS / 2;
    return crowded && stands ? most / KITHI_CROWDED_SHARE : most;
}

static enum kith_error check_message(struct kithi_link *link, const struct kith_message *message,
                                     size_t size)
{
    if (link->gone || link->said_goodbye || (link->leaving && !message->done)) {
        return KITH_ERROR_UNREACHABLE;
    }
    if (size > link->hello.message_size) {
        return KITH_ERROR_TOO_LARGE;
    }
    if (!message->done && message->hops >= KITH_HOPS) {
        return KITH_ERROR_LIMIT;
    }
    if (link->queue.bytes > find_share(link, link->net->answers_most)) {
        kithi_link_break(link, KITH_ERROR_LIMIT);
        return KITH_ERROR_UNREACHABLE;
    }
    // The last one may go beyond the limit, else nothing larger than the queue could ever pass. A
    // reply without payload is bounded by the requests that the peer has made.
    size_t share = find_share(link, link->net->limits->link_queue_bytes);
    if (link->queue.bytes >= share && (!message->done || size > 0) &&
        !KITH_BUG(QUEUE_LIMIT_IGNORED)) {
        link->wants_room = true;
        return KITH_ERROR_FULL;
    }
    return KITH_OK;
}

static enum kith_error queue_message(struct kithi_link *link, struct kith_message **message,
                                     const struct kith_frame *frame, unsigned stream, bool call)
{
    enum kith_error error;
    if (frame->payload_size > link->net->part_most) {
        error = kithi_queue_large(link, stream, frame, message);
    } else {
        error = kithi_queue_frame(link, stream, frame, *message);
    }
    if (error == KITH_OK && !call) {
        kith_route_free(message);
    }
    return error;
}

// The message itself stays, to become the reply; its payload isn't needed any longer.
static enum kith_error queue_call(struct kithi_link *link, struct kith_message **message,
                                  const struct kith_frame *frame, unsigned stream)
{
    struct kith_message *request = *message;
    enum kith_error error = kithi_calls_add(link, request, stream);
    if (error != KITH_OK) {
        return error;
    }
    error = queue_message(link, message, frame, stream, true);
    if (error != KITH_OK) {
        kithi_calls_cancel(link->net, request->id);
        return error;
    }
    kith_message_reset(request);
    *message = NULL;
    return KITH_OK;
}

// A request of the peer ended without a reply: it travels as the return of that request.
static enum kith_error send_failure(struct kithi_link *link, struct kith_message **message)
{
    const struct kith_message *failed = *message;
    struct kith_frame frame = {
        .kind = KITH_FRAME_RETURN,
        .type = failed->type,
        .from = failed->from.node == link->net->incarnation ? failed->from : KITH_REF_NONE,
        .to = failed->to,
        .id = failed->id,
        .remaining_ms = UINT64_MAX,
        .trace = failed->trace,
        .error = failed->error == KITH_OK ? KITH_ERROR_DOWN : failed->error,
        .waiting = true,
    };
    if (link->said_goodbye) {
        return KITH_ERROR_UNREACHABLE;
    }
    enum kith_error error = kithi_queue_frame(
        link, kithi_queue_stream(frame.from, frame.to, KITH_NORMAL), &frame, NULL);
    if (error != KITH_OK) {
        return error;
    }
    kith_route_free(message);
    kithi_link_activate(link);
    return KITH_OK;
}

static void cancel_call(void *state, uint64_t id)
{
    struct kithi_link *link = state;
    struct kith_message *request = kithi_calls_cancel(link->net, id);
    kith_route_free(&request);
}

static void give_credit_back(void *state, struct kith_ref receiver, size_t size)
{
    kithi_credits_consumed(state, receiver, size);
}

bool kithi_message_is_call(const struct kith_net *net, const struct kith_message *message)
{
    return message->waiting && message->reply_to.node == net->incarnation;
}

void kithi_link_control(struct kithi_link *link, unsigned stream, const struct kith_frame *frame)
{
    if (link->queue.bytes > find_share(link, link->net->answers_most)) {
        kithi_link_break(link, KITH_ERROR_LIMIT);
        return;
    }
    enum kith_error error = KITH_OK;
    if (frame->payload_size > link->net->part_most) {
        error = kithi_queue_large(link, stream, frame, NULL);
    } else {
        error = kithi_queue_frame(link, stream, frame, NULL);
    }
    if (error != KITH_OK) {
        kithi_link_break(link, error);
        return;
    }
    kithi_link_activate(link);
}

void kithi_link_return_queue(struct kithi_link *link, enum kith_error error)
{
    kithi_calls_lost(link, true); // first: dropping is forgetting what was handed over
    link->return_error = error;
    kithi_queue_visit(link, return_frame);
    kithi_queue_drop(link);
}

// A message was encoded and freed when it was queued; from its frame it is made again. What has a
// record ends by that; a reply's loss, and that of a return, is told by the link's.
static void return_frame(struct kithi_link *link, const struct kith_frame *frame)
{
    if (frame->kind == KITH_FRAME_RETURN || (frame->kind == KITH_FRAME_MESSAGE && frame->done)) {
        kith_route_count_unknown(link->route, 1);
        return;
    }
    if (frame->kind != KITH_FRAME_MESSAGE) {
        return;
    }
    kith_route_count_returned(link->route);
    if (frame->waiting &&
        (frame->reply_to.node == link->net->incarnation || kith_ref_is_none(frame->reply_to))) {
        return;
    }
    struct kith_message *message;
    enum kith_error error = KITH_ERROR_UNSUPPORTED;
    if (!frame->waiting) {
        error = kithi_envelope_open(link->net, frame, &message);
    }
    if (error != KITH_OK) { // its service isn't registered here, or no memory: without payload
        error = kithi_envelope_empty(link->net, frame, &message);
    }
    if (error != KITH_OK) {
        return;
    }
    message->hops--; // it didn't cross
    kith_route_return(link->route, &message,
                      frame->waiting ? KITH_ERROR_NOT_SENT : link->return_error);
}
