// SPDX-License-Identifier: Apache-2.0
// Monitors across a link. A DOWN must come after the last message of the process that ended, and
// those may travel on three streams: it is sent on each, and counts when all copies have come.
#include <kith/planted.h>

#include "net_state.h"

enum { SEEN_ORDINARY = 1, SEEN_URGENT = 2, SEEN_BULK = 4, SEEN_ALL = 7 };

struct down {
    struct kithi_key key; // monitor, watcher, target
    uint64_t seen;
};

static void receive_down(struct kithi_link *link, unsigned stream, const struct kith_frame *frame);

void kithi_monitors_init(struct kithi_link *link)
{
    kithi_table_init(&link->downs, sizeof(struct down), link->net->limits->monitors,
                     link->net->seed);
}

void kithi_monitors_fini(struct kithi_link *link)
{
    kithi_table_fini(&link->downs, link->net->platform);
}

// Without a connection there is nothing to say: when it is back, the kernel asks for all again.
enum kith_error kithi_monitors_start(void *state, struct kith_ref watcher, struct kith_ref target,
                                     uint64_t monitor, enum kith_monitor_kind kind)
{
    struct kithi_link *link = state;
    struct kith_frame frame = {
        .kind = KITH_FRAME_MONITOR,
        .from = watcher,
        .to = target,
        .id = monitor,
        .tie = kind == KITH_KIND_TIE,
        .remaining_ms = UINT64_MAX,
    };
    if (link->live != NULL) {
        kithi_link_control(link, KITH_STREAM_CONTROL, &frame);
    }
    return KITH_OK;
}

// The control stream is emptied when a connection is lost, the others aren't; the peer remembers
// the monitor and has to hear this.
void kithi_monitors_stop(void *state, struct kith_ref watcher, struct kith_ref target,
                         uint64_t monitor)
{
    struct kithi_link *link = state;
    struct kith_frame frame = {
        .kind = KITH_FRAME_UNMONITOR,
        .from = watcher,
        .to = target,
        .id = monitor,
        .remaining_ms = UINT64_MAX,
    };
    if (link->given_up || link->said_goodbye) {
        return;
    }
    kithi_link_control(link, KITH_STREAM_CONTROL, &frame);
}

// Without a connection the peer asks again when it is back, and learns that the target has ended.
void kithi_monitors_down(void *state, struct kith_ref watcher, struct kith_ref target,
                         uint64_t monitor, enum kith_error reason)
{
    struct kithi_link *link = state;
    struct kith_frame frame = {
        .kind = KITH_FRAME_DOWN,
        .from = target,
        .to = watcher,
        .id = monitor,
        .error = reason,
        .remaining_ms = UINT64_MAX,
    };
    if (link->live == NULL || link->said_goodbye) {
        return;
    }
    for (unsigned urgency = KITH_NORMAL; urgency <= KITH_BULK; urgency++) {
        kithi_link_control(link, kithi_queue_stream(target, watcher, urgency), &frame);
    }
}

void kithi_monitors_receive(struct kithi_link *link, unsigned stream,
                            const struct kith_frame *frame)
{
    switch (frame->kind) {
    case KITH_FRAME_MONITOR:
        kith_route_monitor(link->route, frame->from, frame->to, frame->id,
                           frame->tie ? KITH_KIND_TIE : KITH_KIND_MONITOR);
        break;
    case KITH_FRAME_UNMONITOR:
        kith_route_monitor_stop(link->route, frame->from, frame->to, frame->id);
        break;
    default:
        receive_down(link, stream, frame);
        break;
    }
}

void kithi_monitors_restart(struct kithi_link *link)
{
    kithi_table_clear(&link->downs);
}

static void receive_down(struct kithi_link *link, unsigned stream, const struct kith_frame *frame)
{
    struct kithi_key key = {frame->id, kithi_ref_number(frame->to), kithi_ref_number(frame->from)};
    struct down *down = kithi_table_find(&link->downs, &key);
    if (!kith_route_watches(link->route, frame->to, frame->from, frame->id)) {
        if (down != NULL) { // it was stopped between two copies
            kithi_table_remove(&link->downs, down);
        }
        return;
    }
    if (down == NULL) {
        void *added;
        if (kithi_table_add(&link->downs, link->net->platform, &key, &added) != KITH_OK) {
            // Better early than never.
            kith_route_down(link->route, frame->to, frame->from, frame->id,
                            (enum kith_error)frame->error);
            return;
        }
        down = added;
    }
    down->seen |= stream == KITH_STREAM_URGENT ? SEEN_URGENT
                  : stream == KITH_STREAM_BULK ? SEEN_BULK
                                               : SEEN_ORDINARY;
    if (down->seen != SEEN_ALL && !KITH_BUG(MONITOR_OVERTAKES_MESSAGE)) {
        return;
    }
    kithi_table_remove(&link->downs, down);
    kith_route_down(link->route, frame->to, frame->from, frame->id, (enum kith_error)frame->error);
}
