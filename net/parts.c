// SPDX-License-Identifier: Apache-2.0
// Large messages that arrive in parts, one at a time on each stream and a few on each link.
#include <string.h>

#include "net_state.h"

struct kithi_partial {
    struct kith_frame frame;  // the first
    struct kith_message *raw; // collects the payload; NULL: no memory, the message is refused
    size_t filled;
    enum kith_error error; // why raw is NULL
};

static struct kithi_partial *open_partial(struct kithi_channel *channel,
                                          const struct kith_frame *frame);
static void finish(struct kithi_channel *channel, unsigned stream);
static void close_partial(struct kithi_channel *channel, unsigned stream);

void kithi_parts_begin(struct kithi_channel *channel, unsigned stream,
                       const struct kith_frame *frame)
{
    const struct kith_net *net = channel->net;
    if (channel->partials[stream] != NULL || channel->partial_len >= KITHI_LARGE_OPEN ||
        frame->total_size > net->limits->message_size) {
        kithi_channel_malformed(channel, "large message");
        return;
    }
    struct kithi_partial *partial = open_partial(channel, frame);
    if (partial == NULL) {
        kithi_channel_fail(channel, KITH_ERROR_NO_MEMORY, true);
        return;
    }
    channel->partials[stream] = partial;
    channel->partial_len++;
    kithi_parts_continue(channel, stream, frame);
}

void kithi_parts_continue(struct kithi_channel *channel, unsigned stream,
                          const struct kith_frame *frame)
{
    struct kithi_partial *partial = channel->partials[stream];
    if (partial == NULL || frame->payload_size > partial->frame.total_size - partial->filled) {
        kithi_channel_malformed(channel, "part");
        return;
    }
    if (partial->raw != NULL) {
        memcpy((unsigned char *)partial->raw->data + partial->filled, frame->payload,
               frame->payload_size);
    }
    partial->filled += frame->payload_size;
    if (partial->filled == partial->frame.total_size) {
        finish(channel, stream);
    }
}

void kithi_parts_drop(struct kithi_channel *channel)
{
    for (unsigned stream = 0; channel->partial_len > 0; stream++) {
        if (channel->partials[stream] != NULL) {
            close_partial(channel, stream);
        }
    }
}

static struct kithi_partial *open_partial(struct kithi_channel *channel,
                                          const struct kith_frame *frame)
{
    const struct kith_net *net = channel->net;
    struct kithi_partial *partial = net->platform->allocate(net->platform->state, sizeof *partial);
    if (partial == NULL) {
        return NULL;
    }
    *partial = (struct kithi_partial){.frame = *frame};
    partial->error =
        kith_message_new(net->node, frame->type, (size_t)frame->total_size, &partial->raw);
    if (partial->error != KITH_OK) {
        partial->raw = NULL;
    }
    return partial;
}

static void finish(struct kithi_channel *channel, unsigned stream)
{
    struct kithi_partial *partial = channel->partials[stream];
    struct kithi_link *link = channel->link;
    struct kith_frame frame = partial->frame;
    struct kith_message *raw = partial->raw;
    enum kith_error error = partial->error;
    partial->raw = NULL;
    close_partial(channel, stream);
    frame.payload_size = (size_t)frame.total_size;
    frame.total_size = 0;
    frame.payload = raw == NULL ? NULL : raw->data;
    if (raw != NULL) {
        kithi_receive_whole(link, &frame, raw);
        return;
    }
    kithi_receive_refused(link, &frame, error);
}

static void close_partial(struct kithi_channel *channel, unsigned stream)
{
    struct kithi_partial *partial = channel->partials[stream];
    const struct kith_platform *platform = channel->net->platform;
    kith_route_free(&partial->raw);
    platform->release(platform->state, partial, sizeof *partial);
    channel->partials[stream] = NULL;
    channel->partial_len--;
}
