// SPDX-License-Identifier: Apache-2.0
// Whether the peer is still there. Any byte of it is proof; when nothing comes we ask with a PING.
// Silence of half the detection time makes a link suspect, of all of it unreachable.
#include "net_state.h"

static void tick(struct kith_alarm *alarm);
static void forgive_own_stall(struct kithi_link *link, uint64_t now_ns);
static void look_at_silence(struct kithi_link *link, uint64_t now_ns);
static void look_after(struct kithi_link *link, uint64_t now_ns);
static void set_alarm(struct kithi_link *link, uint64_t after_ns);
static uint64_t find_period(const struct kith_net *net);

void kithi_liveness_start(struct kithi_link *link)
{
    uint64_t now_ns = kith_node_now(link->net->node);
    if (link->alarm.fire == NULL) {
        kith_alarm_init(&link->alarm, tick);
    }
    link->heard_ns = now_ns;
    link->swept_ns = now_ns;
    link->ping_sent_ns = 0;
    set_alarm(link, find_period(link->net));
    kithi_liveness_ping(link);
}

void kithi_liveness_stop(struct kithi_link *link)
{
    kith_alarm_clear(link->net->node, &link->alarm);
}

void kithi_liveness_heard(struct kithi_link *link)
{
    link->heard_ns = kith_node_now(link->net->node);
    if (link->suspect && link->live != NULL) {
        link->suspect = false;
        kithi_log_link(link, KITH_LOG_INFO, "link_heard_again", KITH_OK);
        kith_route_set_state(link->route, KITH_ROUTE_UP, KITH_OK, 0);
    }
}

void kithi_liveness_answer(struct kithi_link *link, uint64_t id)
{
    struct kith_frame frame = {.kind = KITH_FRAME_PONG, .id = id, .remaining_ms = UINT64_MAX};
    kithi_link_control(link, KITH_STREAM_CONTROL, &frame);
}

uint64_t kithi_liveness_ask(struct kithi_link *link, unsigned stream)
{
    struct kith_frame frame = {
        .kind = KITH_FRAME_PING, .id = ++link->ping_id, .remaining_ms = UINT64_MAX};
    kithi_link_control(link, stream, &frame);
    return frame.id;
}

void kithi_liveness_ping(struct kithi_link *link)
{
    uint64_t id = kithi_liveness_ask(link, KITH_STREAM_CONTROL);
    link->pinged_ns = kith_node_now(link->net->node);
    if (link->ping_sent_ns == 0) {
        link->ping_sent_ns = link->pinged_ns;
        link->rtt_ping = id;
    }
}

bool kithi_liveness_pong(struct kithi_link *link, uint64_t id)
{
    if (id == 0 || id > link->ping_id) {
        return false;
    }
    kithi_claim_pong(link, id);
    kithi_marks_pong(link, id);
    if (link->ping_sent_ns != 0 && id == link->rtt_ping) {
        uint64_t rtt_ns = kith_node_now(link->net->node) - link->ping_sent_ns;
        link->ping_sent_ns = 0;
        link->rtt_ns = link->rtt_ns == 0 ? rtt_ns : (7 * link->rtt_ns + rtt_ns) / 8;
    }
    return true;
}

static void tick(struct kith_alarm *alarm)
{
    struct kithi_link *link = (struct kithi_link *)alarm;
    uint64_t now_ns = kith_node_now(link->net->node);
    if (link->given_up) {
        if (kithi_peer_wanting(link) == NULL) {
            kithi_link_end(link, KITH_ERROR_UNREACHABLE, 0);
            return;
        }
        set_alarm(link, KITHI_FORGET_DETECTS * link->net->detect_ns);
        return;
    }
    forgive_own_stall(link, now_ns);
    set_alarm(link, find_period(link->net));
    if (!kithi_claim_check(link, now_ns)) {
        look_at_silence(link, now_ns);
    }
}

// If this alarm comes late, this node stood still, and what the peer sent waits to be read.
static void forgive_own_stall(struct kithi_link *link, uint64_t now_ns)
{
    uint64_t late_ns = now_ns - link->tick_ns;
    if (now_ns > link->tick_ns && late_ns > find_period(link->net)) {
        link->heard_ns += late_ns;
        link->heard_ns = link->heard_ns < now_ns ? link->heard_ns : now_ns;
    }
}

static void look_at_silence(struct kithi_link *link, uint64_t now_ns)
{
    uint64_t silence_ns = now_ns - link->heard_ns;
    if (silence_ns >= link->net->detect_ns) {
        kithi_link_give_up(link);
        if (!link->gone) {
            set_alarm(link, KITHI_FORGET_DETECTS * link->net->detect_ns);
        }
        return;
    }
    if (link->live == NULL) {
        return;
    }
    if (silence_ns >= link->net->detect_ns / 2 && !link->suspect) {
        link->suspect = true;
        kithi_log_link(link, KITH_LOG_WARNING, "link_silent", KITH_ERROR_TIMEOUT);
        kith_route_set_state(link->route, KITH_ROUTE_SUSPECT, KITH_ERROR_TIMEOUT, 0);
    }
    if (silence_ns >= find_period(link->net) / 2 ||
        now_ns - link->pinged_ns >= link->net->detect_ns) { // now and then for the round trip
        kithi_liveness_ping(link);
    }
    look_after(link, now_ns);
}

// Whether the peer takes so little of what waits for it that it would take several detection times.
static void look_at_queue(struct kithi_link *link)
{
    uint64_t taken = link->bytes_sent - link->looked_bytes;
    link->looked_bytes = link->bytes_sent;
    bool slow = link->queue.bytes / (KITHI_SLOW_DETECTS * KITHI_TICKS) > taken;
    link->slow_looks = slow ? link->slow_looks + 1 : 0;
}

static void look_after(struct kithi_link *link, uint64_t now_ns)
{
    look_at_queue(link);
    link->batch_most = kithi_link_batch_most(link);
    kithi_marks_tick(link);
    if (now_ns - link->swept_ns >= 4 * find_period(link->net)) {
        link->swept_ns = now_ns;
        kithi_credits_sweep(link);
    }
    kithi_calls_sweep(link->net);
}

static void set_alarm(struct kithi_link *link, uint64_t after_ns)
{
    link->tick_ns = kith_node_now(link->net->node) + after_ns;
    enum kith_error error = kith_alarm_set(link->net->node, &link->alarm, link->tick_ns);
    if (error != KITH_OK) { // the node has a place for each route's alarm, so it's a bug
        link->net->platform->panic(link->net->platform->state, "no alarm for a link");
    }
}

static uint64_t find_period(const struct kith_net *net)
{
    return net->detect_ns / KITHI_TICKS;
}
