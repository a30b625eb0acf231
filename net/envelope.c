// SPDX-License-Identifier: Apache-2.0
// A message and the frame that carries it: the same fields, but deadlines travel as the time that
// is left, because no two nodes have the same clock.
#include <kith/codec.h>

#include "net_state.h"

static uint64_t count_remaining_ms(const struct kith_net *net, const struct kith_message *message);
static uint64_t find_deadline(const struct kith_net *net, uint64_t remaining_ms);

void kithi_envelope_write(const struct kith_net *net, const struct kith_message *message,
                          struct kith_frame *frame)
{
    *frame = (struct kith_frame){
        .kind = KITH_FRAME_MESSAGE,
        .type = message->type,
        .from = message->from,
        .to = message->to,
        .reply_to = message->waiting ? message->reply_to : KITH_REF_NONE,
        .id = message->id,
        .remaining_ms = count_remaining_ms(net, message),
        .trace = message->trace,
        .error = message->error,
        .hops = message->done ? 0 : message->hops + 1u,
        .urgency = message->urgency,
        .waiting = message->waiting,
        .done = message->done,
        .payload = message->descriptor == NULL ? message->data : NULL,
        .payload_size = kith_payload_size(message),
    };
}

void kithi_envelope_read(const struct kith_net *net, const struct kith_frame *frame,
                         struct kith_message *message)
{
    message->type = frame->type;
    message->from = frame->from;
    message->to = frame->to;
    message->reply_to = KITH_REF_NONE;
    if (frame->waiting) {
        message->reply_to = kith_ref_is_none(frame->reply_to) ? frame->from : frame->reply_to;
    }
    message->id = frame->id;
    message->deadline_ns = find_deadline(net, frame->remaining_ms);
    message->trace = frame->trace;
    message->error = frame->error;
    message->hops = (uint8_t)frame->hops;
    message->urgency = frame->urgency;
    message->waiting = frame->waiting;
    message->done = frame->done;
    message->failed = false;
}

enum kith_error kithi_envelope_open(const struct kith_net *net, const struct kith_frame *frame,
                                    struct kith_message **message)
{
    struct kith_message *opened;
    enum kith_error error = kithi_envelope_empty(net, frame, &opened);
    if (error != KITH_OK) {
        return error;
    }
    error = kith_payload_decode(net->node, opened, frame->payload, frame->payload_size);
    if (error != KITH_OK) {
        kith_route_free(&opened);
        return error;
    }
    *message = opened;
    return KITH_OK;
}

enum kith_error kithi_envelope_empty(const struct kith_net *net, const struct kith_frame *frame,
                                     struct kith_message **message)
{
    enum kith_error error = kith_message_new(net->node, frame->type, 0, message);
    if (error == KITH_OK) {
        kithi_envelope_read(net, frame, *message);
    }
    return error;
}

static uint64_t count_remaining_ms(const struct kith_net *net, const struct kith_message *message)
{
    if (!message->waiting || message->deadline_ns == KITH_FOREVER) {
        return UINT64_MAX;
    }
    uint64_t now_ns = kith_node_now(net->node);
    return message->deadline_ns > now_ns ? (message->deadline_ns - now_ns) / KITHI_MS : 0;
}

static uint64_t find_deadline(const struct kith_net *net, uint64_t remaining_ms)
{
    if (remaining_ms == UINT64_MAX) {
        return KITH_FOREVER; // most have none: the clock costs more than the rest
    }
    uint64_t now_ns = kith_node_now(net->node);
    if (remaining_ms >= (KITH_FOREVER - now_ns) / KITHI_MS) {
        return KITH_FOREVER;
    }
    return now_ns + remaining_ms * KITHI_MS;
}
