// SPDX-License-Identifier: Apache-2.0
// Leaving in good order: what waits is sent and acknowledged, then goodbye is said, and when that
// has arrived the connection is closed. Nobody tells us when all is acknowledged, so we look often.
#include "net_state.h"

static void look(struct kith_alarm *alarm);
static void stop_trying(struct kith_net *net);
static void leave_step(struct kithi_link *link, uint64_t now_ns);
static bool has_arrived(const struct kithi_link *link);
static void say_goodbye(struct kithi_link *link);

void kithi_leave_init(struct kith_net *net)
{
    kith_alarm_init(&net->leave.alarm, look);
    net->leave.net = net;
}

void kith_net_leave(struct kith_net *net, uint64_t deadline_ns)
{
    net->leaving = true;
    for (uint32_t place = 0; place < net->capacity; place++) {
        if (net->links[place] != NULL) {
            kithi_leave_link(net->links[place], deadline_ns);
        }
    }
    // The back end is called from the alarm: this may be a process.
    (void)kith_alarm_set(net->node, &net->leave.alarm, KITH_NO_WAIT);
}

bool kith_net_quiet(const struct kith_net *net)
{
    for (uint32_t place = 0; place < net->capacity; place++) {
        if (net->links[place] != NULL) {
            return false;
        }
    }
    return net->channels == NULL;
}

void kithi_leave_link(struct kithi_link *link, uint64_t deadline_ns)
{
    struct kith_net *net = link->net;
    if (!link->leaving || deadline_ns < link->leave_deadline_ns) {
        link->leave_deadline_ns = deadline_ns;
    }
    link->leaving = true;
    (void)kith_alarm_set(net->node, &net->leave.alarm, KITH_NO_WAIT);
}

static void look(struct kith_alarm *alarm)
{
    struct kith_net *net = ((struct kithi_net_alarm *)alarm)->net;
    uint64_t now_ns = kith_node_now(net->node);
    bool more = false;
    if (net->leaving) {
        stop_trying(net);
    }
    for (uint32_t place = 0; place < net->capacity; place++) {
        struct kithi_link *link = net->links[place];
        if (link != NULL && link->leaving) {
            leave_step(link, now_ns);
            more = more || net->links[place] == link;
        }
    }
    if (more) {
        (void)kith_alarm_set(net->node, &net->leave.alarm, now_ns + KITHI_LEAVE_POLL_MS * KITHI_MS);
    }
}

static void stop_trying(struct kith_net *net)
{
    for (uint32_t place = 0; place < net->capacity; place++) {
        if (net->peers[place] != NULL) {
            kith_alarm_clear(net->node, &net->peers[place]->alarm);
        }
    }
    struct kithi_channel *channel = net->channels;
    while (channel != NULL) {
        struct kithi_channel *following = channel->next;
        if (channel->state != KITHI_CHANNEL_LIVE) {
            kithi_channel_end(channel, true);
            following = net->channels; // it may have ended others
        }
        channel = following;
    }
}

static void leave_step(struct kithi_link *link, uint64_t now_ns)
{
    if (link->live == NULL) {
        kithi_link_end(link, KITH_ERROR_LEFT, 0); // there is nobody to say it to
        return;
    }
    bool arrived = has_arrived(link);
    if (!arrived && now_ns < link->leave_deadline_ns) {
        return;
    }
    if (arrived) {
        (void)kithi_marks_settle(link); // the peer reads all of it before the goodbye
    }
    if (!link->said_goodbye) {
        say_goodbye(link);
        return;
    }
    kithi_link_end(link, KITH_ERROR_LEFT, 0);
}

static bool has_arrived(const struct kithi_link *link)
{
    bool waits = link->queue.bytes > 0 && !link->said_goodbye;
    return !waits && !link->net->backend->ops->busy(link->live->connection);
}

static void say_goodbye(struct kithi_link *link)
{
    struct kith_frame frame = {
        .kind = KITH_FRAME_GOODBYE, .error = KITH_ERROR_LEFT, .remaining_ms = UINT64_MAX};
    if (kithi_channel_send(link->live, &frame) == KITH_OK) {
        link->said_goodbye = true;
    } else if (kith_node_now(link->net->node) >= link->leave_deadline_ns) {
        kithi_link_end(link, KITH_ERROR_LEFT, 0);
    }
}
