// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include <kith/codec.h>

#include "net_state.h"

enum { LENGTH_MOST = 5 }; // bytes of the length in front of a payload

static bool write_frame(struct kithi_link *link, struct kithi_batch *batch,
                        const struct kith_frame *frame, const struct kith_message *source,
                        size_t *written);
static size_t find_room(const struct kithi_link *link, const struct kithi_batch *batch);
static struct kithi_batch *take_buffer(struct kith_net *net, uint32_t class);
static void put_buffer(struct kith_net *net, struct kithi_batch *batch);
static uint32_t find_class(size_t size);
static void append(struct kithi_stream *stream, struct kithi_batch *batch);
static void count_frame(struct kithi_link *link, unsigned stream, struct kithi_batch *batch,
                        const struct kith_frame *frame, size_t size);

enum kith_error kithi_queue_frame(struct kithi_link *link, unsigned stream,
                                  const struct kith_frame *frame, const struct kith_message *source)
{
    struct kithi_stream *queued = &link->queue.streams[stream];
    struct kithi_batch *batch = queued->last;
    size_t written;
    if (batch == NULL || batch->large || !write_frame(link, batch, frame, source, &written)) {
        size_t most = KITH_FRAME_HEADER_MAX + LENGTH_MOST + frame->payload_size;
        uint32_t class = find_class(most);
        if (batch != NULL && !batch->large && link->queue.class_hint < KITHI_BUFFER_CLASSES - 1 &&
            (size_t)KITHI_BUFFER_FIRST << link->queue.class_hint < link->batch_most) {
            link->queue.class_hint++; // they fill up: larger ones from now on
        }
        batch =
            take_buffer(link->net, class > link->queue.class_hint ? class : link->queue.class_hint);
        if (batch == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        bool fits = write_frame(link, batch, frame, source, &written);
        assert(fits);
        (void)fits;
        append(queued, batch); // now: packing a deep payload may have been the end of a stack
    }
    count_frame(link, stream, batch, frame, written);
    return KITH_OK;
}

enum kith_error kithi_queue_large(struct kithi_link *link, unsigned stream,
                                  const struct kith_frame *frame, struct kith_message **message)
{
    struct kith_net *net = link->net;
    struct kithi_batch *batch = take_buffer(net, find_class(sizeof(struct kithi_large)));
    if (batch == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    struct kithi_large *large = (void *)batch->bytes;
    *large = (struct kithi_large){.frame = *frame, .size = frame->payload_size};
    large->frame.total_size = large->size;
    if (message != NULL && frame->payload != NULL && !frame->waiting) {
        large->message = *message;
        large->payload = frame->payload;
        *message = NULL;
    } else {
        large->copy = net->platform->allocate(net->platform->state, large->size);
        if (large->copy == NULL) {
            put_buffer(net, batch);
            return KITH_ERROR_NO_MEMORY;
        }
        if (frame->payload != NULL) {
            memcpy(large->copy, frame->payload, large->size);
        } else {
            kith_payload_encode(*message, large->copy);
        }
        large->payload = large->copy;
    }
    batch->large = true;
    append(&link->queue.streams[stream], batch);
    count_frame(link, stream, batch, frame, large->size);
    return KITH_OK;
}

unsigned kithi_queue_stream(struct kith_ref from, struct kith_ref to, unsigned urgency)
{
    if (urgency == KITH_URGENT) {
        return KITH_STREAM_URGENT;
    }
    if (urgency == KITH_BULK) {
        return KITH_STREAM_BULK;
    }
    uint32_t hash = (from.slot * UINT32_C(0x9e3779b1)) ^ (to.slot * UINT32_C(0x85ebca77));
    hash ^= hash >> 15;
    return KITH_STREAM_FIRST + hash % (KITH_STREAM_BULK - KITH_STREAM_FIRST);
}

void kithi_queue_visit(struct kithi_link *link, kithi_queue_visit_fn *visit)
{
    struct kith_frame frame;
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        struct kithi_batch *batch = link->queue.streams[stream].first;
        for (; batch != NULL; batch = batch->next) {
            if (batch->large) {
                const struct kithi_large *large = (const void *)batch->bytes;
                frame = large->frame;
                frame.payload = large->payload;
                visit(link, &frame);
                continue;
            }
            const void *data = batch->bytes;
            size_t size = batch->size;
            while (size > 0) {
                enum kith_error error = kith_frame_decode(&data, &size, link->net->incarnation,
                                                          link->incarnation, &frame);
                assert(error == KITH_OK); // it is our own
                if (error != KITH_OK) {
                    break;
                }
                visit(link, &frame);
            }
        }
    }
}

void kithi_queue_shift(struct kithi_link *link, unsigned stream)
{
    struct kithi_stream *queued = &link->queue.streams[stream];
    struct kithi_batch *batch = queued->first;
    struct kith_net *net = link->net;
    queued->first = batch->next;
    if (queued->first == NULL) {
        queued->last = NULL;
    }
    link->queue.bytes -= batch->size;
    net->queued_bytes -= batch->size;
    if (batch->large) {
        struct kithi_large *large = (void *)batch->bytes;
        if (large->cut > 0) {
            link->queue.large_open--;
        }
        if (large->copy != NULL) {
            net->platform->release(net->platform->state, large->copy, large->size);
        }
        kith_route_free(&large->message);
    }
    put_buffer(net, batch);
}

void kithi_queue_drop_stream(struct kithi_link *link, unsigned stream)
{
    struct kithi_stream *queued = &link->queue.streams[stream];
    while (queued->first != NULL) {
        kithi_queue_shift(link, stream);
    }
    queued->queued = queued->handed;
    queued->mark = 0;
}

void kithi_queue_drop(struct kithi_link *link)
{
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        kithi_queue_drop_stream(link, stream);
    }
    assert(link->queue.bytes == 0 && link->queue.large_open == 0);
}

void kithi_queue_restart(struct kithi_link *link)
{
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        struct kithi_batch *batch = link->queue.streams[stream].first;
        if (batch != NULL && batch->large) { // only the first can have been begun
            ((struct kithi_large *)(void *)batch->bytes)->cut = 0;
        }
    }
    link->queue.large_open = 0;
}

void kithi_buffers_fini(struct kith_net *net)
{
    for (uint32_t class = 0; class < KITHI_BUFFER_CLASSES; class ++) {
        while (net->buffers.free[class] != NULL) {
            struct kithi_batch *batch = net->buffers.free[class];
            net->buffers.free[class] = batch->next;
            net->platform->release(net->platform->state, batch,
                                   sizeof *batch + ((size_t)KITHI_BUFFER_FIRST << class));
        }
    }
    net->buffers.bytes = 0;
}

// Writes the frame at the end of the batch; false if it doesn't fit.
static bool write_frame(struct kithi_link *link, struct kithi_batch *batch,
                        const struct kith_frame *frame, const struct kith_message *source,
                        size_t *written)
{
    size_t size = find_room(link, batch);
    unsigned char *out = batch->bytes + batch->size;
    if (kith_frame_encode(frame, link->net->incarnation, link->incarnation, out, &size) !=
        KITH_OK) {
        return false;
    }
    if (frame->payload == NULL && frame->payload_size > 0) {
        kith_payload_encode(source, out + size - frame->payload_size);
    }
    *written = size;
    return true;
}

// An empty batch takes one frame of any size that its buffer holds; from then on it is filled up to
// what travels in one packet.
static size_t find_room(const struct kithi_link *link, const struct kithi_batch *batch)
{
    size_t room = (size_t)KITHI_BUFFER_FIRST << batch->class;
    if (batch->size > 0 && room > link->batch_most) {
        room = link->batch_most;
    }
    return room > batch->size ? room - batch->size : 0;
}

static uint32_t find_class(size_t size)
{
    uint32_t class = 0;
    while ((size_t)KITHI_BUFFER_FIRST << class < size) {
        class ++;
    }
    assert(class < KITHI_BUFFER_CLASSES);
    return class;
}

static struct kithi_batch *take_buffer(struct kith_net *net, uint32_t class)
{
    size_t size = (size_t)KITHI_BUFFER_FIRST << class;
    struct kithi_batch *batch = net->buffers.free[class];
    if (batch != NULL) {
        net->buffers.free[class] = batch->next;
        net->buffers.bytes -= size;
    } else {
        batch = net->platform->allocate(net->platform->state, sizeof *batch + size);
        if (batch == NULL) {
            return NULL;
        }
    }
    *batch = (struct kithi_batch){.class = class};
    return batch;
}

// As much is kept for the next use as one link may queue; batches aren't quite full.
static void put_buffer(struct kith_net *net, struct kithi_batch *batch)
{
    size_t size = (size_t)KITHI_BUFFER_FIRST << batch->class;
    if (net->buffers.bytes + size > 2 * net->limits->link_queue_bytes) {
        net->platform->release(net->platform->state, batch, sizeof *batch + size);
        return;
    }
    batch->next = net->buffers.free[batch->class];
    net->buffers.free[batch->class] = batch;
    net->buffers.bytes += size;
}

static void append(struct kithi_stream *stream, struct kithi_batch *batch)
{
    if (stream->last == NULL) {
        stream->first = batch;
    } else {
        stream->last->next = batch;
    }
    stream->last = batch;
}

static void count_frame(struct kithi_link *link, unsigned stream, struct kithi_batch *batch,
                        const struct kith_frame *frame, size_t size)
{
    batch->size += size;
    link->queue.bytes += size;
    link->net->queued_bytes += size;
    link->frames_sent++;
    if (frame->kind == KITH_FRAME_MESSAGE || frame->kind == KITH_FRAME_RETURN) {
        batch->messages++;
        link->queue.streams[stream].queued++;
    }
}
