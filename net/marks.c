// SPDX-License-Identifier: Apache-2.0
// How far the peer has read each stream: now and then a PING goes along with the messages, and its
// PONG says that all before it have been read. What is behind the last one when a connection breaks
// is unknown.
#include "net_state.h"

static void set_mark(struct kithi_link *link, unsigned stream)
{
    struct kithi_stream *queued = &link->queue.streams[stream];
    queued->marked = queued->queued;
    queued->mark = kithi_liveness_ask(link, stream);
}

void kithi_marks_handed(struct kithi_link *link, unsigned stream)
{
    const struct kithi_stream *queued = &link->queue.streams[stream];
    if (queued->mark == 0 && queued->handed - queued->read >= KITHI_MARK_MESSAGES) {
        set_mark(link, stream);
    }
}

void kithi_marks_tick(struct kithi_link *link)
{
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        const struct kithi_stream *queued = &link->queue.streams[stream];
        if (queued->mark == 0 && queued->handed > queued->read) {
            set_mark(link, stream);
        }
    }
}

void kithi_marks_pong(struct kithi_link *link, uint64_t id)
{
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        struct kithi_stream *queued = &link->queue.streams[stream];
        if (queued->mark == id) {
            queued->mark = 0;
            // A peer that guesses doesn't say more than can be.
            queued->read = queued->marked < queued->handed ? queued->marked : queued->handed;
        }
    }
}

uint64_t kithi_marks_settle(struct kithi_link *link)
{
    uint64_t unread = 0;
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        struct kithi_stream *queued = &link->queue.streams[stream];
        unread += queued->handed - queued->read;
        queued->read = queued->handed;
        queued->mark = 0;
    }
    return unread;
}

uint64_t kithi_marks_under_way(const struct kithi_link *link)
{
    uint64_t under_way = 0;
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        under_way += link->queue.streams[stream].queued - link->queue.streams[stream].read;
    }
    return under_way;
}
