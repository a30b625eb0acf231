// SPDX-License-Identifier: Apache-2.0
// How far the peer has read each stream: now and then a PING goes along with the messages, and its
// PONG says that all before it have been read. What is behind the last one when a connection breaks
// is unknown.
#include "net_state.h"

static void set_mark(struct kithi_link *link, unsigned stream)
{
    struct kithi_stream *marked = &link->queue.streams[stream];
    struct kith_frame ping = {
        .kind = KITH_FRAME_PING, .id = ++link->ping_id, .remaining_ms = UINT64_MAX};
    marked->mark = ping.id;
    marked->marked = marked->queued;
    kithi_link_control(link, stream, &ping);
}

void kithi_marks_handed(struct kithi_link *link, unsigned stream)
{
    const struct kithi_stream *handed = &link->queue.streams[stream];
    if (handed->mark == 0 && handed->handed - handed->read >= KITHI_MARK_MESSAGES) {
        set_mark(link, stream);
    }
}

void kithi_marks_tick(struct kithi_link *link)
{
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        const struct kithi_stream *looked_at = &link->queue.streams[stream];
        if (looked_at->mark == 0 && looked_at->handed > looked_at->read) {
            set_mark(link, stream);
        }
    }
}

void kithi_marks_pong(struct kithi_link *link, uint64_t id)
{
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        struct kithi_stream *marked = &link->queue.streams[stream];
        if (marked->mark == id) {
            marked->mark = 0;
            // A peer that guesses doesn't say more than can be.
            marked->read = marked->marked < marked->handed ? marked->marked : marked->handed;
        }
    }
}

uint64_t kithi_marks_settle(struct kithi_link *link)
{
    uint64_t unread = 0;
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        struct kithi_stream *settled = &link->queue.streams[stream];
        unread += settled->handed - settled->read;
        settled->read = settled->handed;
        settled->mark = 0;
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
