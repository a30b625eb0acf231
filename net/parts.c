// SPDX-License-Identifier: Apache-2.0
// Large messages that arrive in parts, one at a time on each stream and a few on each link.
#include <string.h>

#include "net_state.h"

struct kithi_partial {
    struct kith_frame frame;  // the first
    struct kith_message *raw; // collects the payload, as far as it has come; NULL: it is refused
    size_t filled;
    enum kith_error error; // why it is refused
};

static struct kithi_partial *open_partial(struct kithi_channel *channel,
                                          const struct kith_frame *frame);
static void note_progress(struct kithi_channel *channel, size_t arrived);
static void make_room(struct kithi_channel *channel, struct kithi_partial *partial, size_t needed);
static void keep_share(struct kith_net *net);
static bool gives_way(const struct kithi_channel *channel, const struct kithi_channel *other,
                      uint64_t now_ns);
static uint64_t find_yield(const struct kithi_channel *channel, uint64_t now_ns);
static void refuse_largest(struct kithi_channel *channel);
static void refuse(struct kithi_channel *channel, struct kithi_partial *partial,
                   enum kith_error error);
static void charge(struct kithi_channel *channel, const struct kithi_partial *partial);
static void discharge(struct kithi_channel *channel, const struct kithi_partial *partial);
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
    note_progress(channel, frame->payload_size);
    make_room(channel, partial, partial->filled + frame->payload_size);
    if (partial->raw != NULL) {
        memcpy((unsigned char *)partial->raw->data + partial->filled, frame->payload,
               frame->payload_size);
    }
    partial->filled += frame->payload_size;
    if (partial->filled == partial->frame.total_size) {
        finish(channel, stream);
    }
}

static void note_progress(struct kithi_channel *channel, size_t arrived)
{
    uint64_t now_ns = kith_node_now(channel->net->node);
    if (channel->partial_bytes == 0) {
        channel->part_bytes = 0;
        channel->part_ns = now_ns;
    } else if (now_ns - channel->part_ns > KITHI_PARTS_WINDOW_MS * KITHI_MS) {
        channel->part_bytes /= 2;
        channel->part_ns += (now_ns - channel->part_ns) / 2;
    }
    channel->part_bytes += arrived;
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
    enum kith_error error = kith_message_new(net->node, frame->type, 0, &partial->raw);
    if (error != KITH_OK) {
        refuse(channel, partial, error);
    }
    return partial;
}

// Memory is taken as the payload comes, some ahead: who only announces a large message holds none.
static void make_room(struct kithi_channel *channel, struct kithi_partial *partial, size_t needed)
{
    struct kith_message *former = partial->raw;
    size_t total = (size_t)partial->frame.total_size;
    if (former == NULL || needed <= former->size) {
        return;
    }
    size_t room = needed < total / KITHI_PARTS_AHEAD ? needed * KITHI_PARTS_AHEAD : total;
    struct kith_message *grown;
    enum kith_error error = kith_message_new(channel->net->node, partial->frame.type, room, &grown);
    if (error != KITH_OK) {
        refuse(channel, partial, error);
        return;
    }
    if (partial->filled > 0) {
        memcpy(grown->data, former->data, partial->filled);
    }
    discharge(channel, partial);
    kith_route_free(&partial->raw);
    partial->raw = grown;
    charge(channel, partial);
    keep_share(channel->net);
}

// When the unfinished messages of all links together hold too much, a link gives way: the one on
// which least comes for what it holds.
static void keep_share(struct kith_net *net)
{
    uint64_t now_ns = kith_node_now(net->node);
    while (net->partial_bytes > net->partial_bytes_most) {
        struct kithi_channel *found = NULL;
        for (struct kithi_channel *channel = net->channels; channel != NULL;
             channel = channel->next) {
            if (channel->partial_bytes > 0 &&
                (found == NULL || gives_way(channel, found, now_ns))) {
                found = channel;
            }
        }
        refuse_largest(found);
    }
}

// Where about as much comes for what each holds, the one that holds more.
static bool gives_way(const struct kithi_channel *channel, const struct kithi_channel *other,
                      uint64_t now_ns)
{
    uint64_t yield = find_yield(channel, now_ns), others = find_yield(other, now_ns);
    if (yield < others / 2 || others < yield / 2) {
        return yield < others;
    }
    return channel->partial_bytes > other->partial_bytes;
}

// Bytes a second that come for each MB held.
static uint64_t find_yield(const struct kithi_channel *channel, uint64_t now_ns)
{
    uint64_t span_ms = (now_ns - channel->part_ns) / KITHI_MS;
    span_ms = span_ms > KITHI_PARTS_LEAST_MS ? span_ms : KITHI_PARTS_LEAST_MS;
    return ((uint64_t)channel->part_bytes * 1000 / span_ms << 20) / channel->partial_bytes;
}

static void refuse_largest(struct kithi_channel *channel)
{
    struct kithi_partial *largest = NULL;
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        struct kithi_partial *partial = channel->partials[stream];
        if (partial != NULL && partial->raw != NULL &&
            (largest == NULL || partial->raw->arena_bytes > largest->raw->arena_bytes)) {
            largest = partial;
        }
    }
    refuse(channel, largest, KITH_ERROR_NO_MEMORY);
}

// The peer is told when all of it has come, as of any message that can't be delivered.
static void refuse(struct kithi_channel *channel, struct kithi_partial *partial,
                   enum kith_error error)
{
    discharge(channel, partial);
    kith_route_free(&partial->raw);
    partial->error = error;
}

static void charge(struct kithi_channel *channel, const struct kithi_partial *partial)
{
    size_t bytes = partial->raw == NULL ? 0 : partial->raw->arena_bytes;
    channel->partial_bytes += bytes;
    channel->net->partial_bytes += bytes;
}

static void discharge(struct kithi_channel *channel, const struct kithi_partial *partial)
{
    size_t bytes = partial->raw == NULL ? 0 : partial->raw->arena_bytes;
    channel->partial_bytes -= bytes;
    channel->net->partial_bytes -= bytes;
}

static void finish(struct kithi_channel *channel, unsigned stream)
{
    struct kithi_partial *partial = channel->partials[stream];
    struct kithi_link *link = channel->link;
    struct kith_frame frame = partial->frame;
    struct kith_message *raw = partial->raw;
    enum kith_error error = partial->error;
    discharge(channel, partial);
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
    discharge(channel, partial);
    kith_route_free(&partial->raw);
    platform->release(platform->state, partial, sizeof *partial);
    channel->partials[stream] = NULL;
    channel->partial_len--;
}
