// SPDX-License-Identifier: Apache-2.0
// Hands batches to the back end: control first, then urgent, then the ordinary streams by turns,
// then bulk. One turn of the pump is short, and what is urgent leaves before the rest is begun.
#include <assert.h>

#include <kith/planted.h>

#include "net_state.h"

enum { NO_STREAM = KITH_STREAMS };

static unsigned find_stream(struct kithi_link *link);
static unsigned pick_stream(struct kithi_link *link);
static bool may_send(const struct kithi_link *link, unsigned stream);
static bool send_first(struct kithi_link *link, unsigned stream);
static void shift(struct kithi_link *link, unsigned stream);
static bool send_batch(struct kithi_link *link, unsigned stream);
static bool send_part(struct kithi_link *link, unsigned stream);
static bool hand_over(struct kithi_link *link, unsigned stream, const void *data, size_t size);
static bool call_senders(struct kithi_link *link);

bool kithi_queue_pump(struct kithi_link *link)
{
    const uint64_t start = link->bytes_sent;
    bool urgent = false; // was handed over, and hasn't left
    bool more = true;
    while (more && link->bytes_sent - start < KITHI_TURN_BYTES) {
        unsigned stream = find_stream(link);
        if (urgent && stream > KITH_STREAM_URGENT) {
            link->net->backend->ops->flush(link->net->backend);
            urgent = false;
        }
        urgent = urgent || stream == KITH_STREAM_URGENT;
        more = (stream != NO_STREAM && send_first(link, stream)) || call_senders(link);
    }
    if (more) {
        (void)call_senders(link);
    }
    return more && link->queue.bytes > 0;
}

// The stream whose turn it is; NO_STREAM if nothing can be sent.
static unsigned find_stream(struct kithi_link *link)
{
    if (link->live == NULL || link->stalled || link->said_goodbye) {
        return NO_STREAM;
    }
    return pick_stream(link);
}

// Senders that waited queue more when there is room again. True if they did.
static bool call_senders(struct kithi_link *link)
{
    size_t waits = link->queue.bytes;
    if (!link->wants_room || waits > link->net->limits->link_queue_bytes / 2) {
        return false;
    }
    link->wants_room = false;
    kith_route_ready(link->route, KITH_REF_NONE);
    return link->queue.bytes > waits;
}

static unsigned pick_stream(struct kithi_link *link)
{
    if (may_send(link, KITH_STREAM_CONTROL)) {
        return KITH_STREAM_CONTROL;
    }
    if (may_send(link, KITH_STREAM_URGENT)) {
        return KITH_STREAM_URGENT;
    }
    const unsigned ordinary = KITH_STREAM_BULK - KITH_STREAM_FIRST;
    for (unsigned step = 0; step < ordinary; step++) {
        unsigned stream = KITH_STREAM_FIRST + (link->queue.turn + step) % ordinary;
        if (may_send(link, stream)) {
            link->queue.turn = (stream - KITH_STREAM_FIRST + 1) % ordinary;
            return stream;
        }
    }
    return may_send(link, KITH_STREAM_BULK) ? KITH_STREAM_BULK : NO_STREAM;
}

// A stream waits as long as too many large messages are under way on others.
static bool may_send(const struct kithi_link *link, unsigned stream)
{
    const struct kithi_batch *batch = link->queue.streams[stream].first;
    if (batch == NULL) {
        return false;
    }
    return !batch->large || ((const struct kithi_large *)(const void *)batch->bytes)->cut > 0 ||
           link->queue.large_open < KITHI_LARGE_OPEN;
}

// Hands over the stream's first batch, or a part of it if it is a large message. False: no room.
static bool send_first(struct kithi_link *link, unsigned stream)
{
    return link->queue.streams[stream].first->large ? send_part(link, stream)
                                                    : send_batch(link, stream);
}

// The stream's first batch, or large message, has been handed over.
static void shift(struct kithi_link *link, unsigned stream)
{
    struct kithi_stream *queued = &link->queue.streams[stream];
    queued->handed += queued->first->messages;
    kithi_queue_shift(link, stream);
    kithi_marks_handed(link, stream);
}

static bool send_batch(struct kithi_link *link, unsigned stream)
{
    struct kithi_batch *batch = link->queue.streams[stream].first;
    if (!hand_over(link, stream, batch->bytes, batch->size)) {
        return false;
    }
    if (batch->size < ((size_t)KITHI_BUFFER_FIRST << batch->class) / 4 &&
        batch->class == link->queue.class_hint && link->queue.class_hint > 0) {
        link->queue.class_hint--; // they stay nearly empty: smaller ones from now on
    }
    shift(link, stream);
    return true;
}

// What is left is cut into equal parts, so that none is a small one that costs as much as others.
static size_t find_part(size_t left, size_t most)
{
    size_t parts = (left + most - 1) / most;
    return (left + parts - 1) / parts;
}

static bool send_part(struct kithi_link *link, unsigned stream)
{
    struct kith_net *net = link->net;
    struct kithi_batch *batch = link->queue.streams[stream].first;
    struct kithi_large *large = (void *)batch->bytes;
    struct kith_frame frame = large->frame;
    if (large->cut > 0) {
        frame = (struct kith_frame){.kind = KITH_FRAME_PART, .remaining_ms = UINT64_MAX};
    }
    frame.payload = large->payload + large->cut;
    frame.payload_size = find_part(large->size - large->cut, net->part_most);
    size_t size = net->part_most + KITH_FRAME_HEADER_MAX;
    enum kith_error error =
        kith_frame_encode(&frame, net->incarnation, link->incarnation, net->scratch, &size);
    assert(error == KITH_OK); // scratch has room for a part
    if (error != KITH_OK || !hand_over(link, stream, net->scratch, size)) {
        return false;
    }
    if (large->cut == 0) {
        link->queue.large_open++;
    }
    large->cut += frame.payload_size;
    if (large->cut == large->size) { // before this the peer couldn't have acted on it
        shift(link, stream);
    }
    return true;
}

static bool hand_over(struct kithi_link *link, unsigned stream, const void *data, size_t size)
{
    const struct kith_backend_ops *ops = link->net->backend->ops;
    if (ops->send(link->live->connection, stream, data, size) != KITH_OK) {
        link->stalled = true; // full: until writable. Ending: closed follows.
        return false;
    }
    if (KITH_BUG(BUSY_TAKEN_FOR_FULL) && stream >= KITH_STREAM_FIRST &&
        ops->busy(link->live->connection)) {
        return false;
    }
    link->batches_sent++;
    link->bytes_sent += size;
    return true;
}
