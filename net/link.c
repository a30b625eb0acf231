// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include <kith/planted.h>

#include "net_state.h"

static void adopt_channel(struct kithi_link *link, struct kithi_channel *channel);
static enum kith_error open_route(struct kithi_link *link, const struct kithi_peer *dialed);
static void drop_connection(struct kithi_link *link);
static void end_channels(struct kithi_link *link, bool in_good_order);
static void set_suspect(struct kithi_link *link, enum kith_error reason);

bool kithi_link_up(struct kithi_link *link, struct kithi_channel *channel)
{
    struct kithi_channel *former = link->live;
    if (former != NULL) {
        drop_connection(link);
        kithi_channel_end(former, false);
        set_suspect(link, KITH_ERROR_UNREACHABLE);
    }
    struct kithi_peer *dialed = channel->peer;
    bool again = link->route != NULL;
    adopt_channel(link, channel);
    kithi_liveness_start(link);
    kithi_claim_endpoint(link);
    kithi_peers_joined(link, dialed);
    enum kith_error error = again ? KITH_OK : open_route(link, dialed);
    if (error != KITH_OK) {
        link->live = NULL;
        kithi_channel_fail(channel, error, true);
        return false;
    }
    kithi_log_link(link, KITH_LOG_INFO, again ? "link_up_again" : "link_up", KITH_OK);
    if (!again) {
        kithi_log_same_name(link);
    }
    if (again) {
        kith_route_set_state(link->route, KITH_ROUTE_UP, KITH_OK, 0);
        kith_route_remonitor(link->route);
    }
    kithi_link_activate(link);
    return true;
}

void kithi_link_lost(struct kithi_link *link, enum kith_error reason)
{
    struct kith_net *net = link->net;
    bool steady = kith_node_now(net->node) - link->up_since_ns > net->detect_ns;
    drop_connection(link);
    if (link->leaving) {
        kithi_link_end(link, KITH_ERROR_LEFT, 0);
        return;
    }
    link->last_error = reason;
    if (kithi_claim_lost(link)) {
        return;
    }
    kithi_log_link(link, KITH_LOG_WARNING, "link_lost", reason);
    set_suspect(link, reason);
    kithi_peers_lost(link, steady);
    kithi_handshake_next(link);
}

void kithi_link_give_up(struct kithi_link *link)
{
    struct kithi_channel *channel = link->live;
    if (kithi_claim_lost(link)) {
        return;
    }
    kithi_log_link(link, KITH_LOG_WARNING, "link_unreachable", KITH_ERROR_UNREACHABLE);
    if (link->hello.transient || link->leaving) {
        kithi_link_end(link, KITH_ERROR_UNREACHABLE, 0);
        return;
    }
    if (channel != NULL) {
        drop_connection(link);
        kithi_channel_end(channel, false);
        kithi_peers_lost(link, true);
    }
    link->given_up = true;
    link->last_error = KITH_ERROR_UNREACHABLE;
    kithi_link_return_queue(link, KITH_ERROR_UNREACHABLE);
    kith_route_set_state(link->route, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE, 0);
    kithi_credits_restart(link);
}

void kithi_link_end(struct kithi_link *link, enum kith_error reason, uint64_t successor)
{
    struct kith_net *net = link->net;
    assert(!link->gone);
    link->gone = true;
    link->last_error = reason;
    kithi_log_link(link, KITH_LOG_INFO, "link_ended", reason);
    kithi_liveness_stop(link);
    if (link->live != NULL) {
        struct kithi_channel *channel = link->live;
        drop_connection(link);
        kithi_channel_end(channel, reason == KITH_ERROR_LEFT);
    }
    end_channels(link, reason == KITH_ERROR_LEFT);
    net->links[link->place] = NULL;
    kithi_peers_ended(link);
    if (link->route != NULL) {
        kithi_link_return_queue(link, successor != 0 ? KITH_ERROR_STALE : KITH_ERROR_UNREACHABLE);
        kith_route_set_state(link->route, KITH_ROUTE_GONE, reason, successor);
        link->route = NULL;
    }
    link->next_gone = net->gone;
    net->gone = link;
    kithi_net_kick(net);
}

void kithi_link_break(struct kithi_link *link, enum kith_error reason)
{
    if (link->broken == KITH_OK) {
        link->broken = reason;
        kithi_link_activate(link);
    }
}

void kithi_link_activate(struct kithi_link *link)
{
    struct kith_net *net = link->net;
    if (!link->active) {
        link->active = true;
        link->next = net->active;
        net->active = link;
        kithi_net_kick(net);
    }
}

bool kithi_link_work(struct kithi_link *link)
{
    enum kith_error broken = link->broken;
    link->broken = KITH_OK;
    if (link->gone) {
        return false;
    }
    if (broken == KITH_OK || link->live == NULL) {
        return kithi_queue_pump(link);
    }
    kithi_link_return_queue(link, KITH_ERROR_UNREACHABLE); // it would only break again
    kithi_channel_fail(link->live, broken, true);
    return false;
}

enum kith_error kithi_link_obtain(struct kith_net *net, const struct kithi_channel *channel,
                                  struct kithi_link **link)
{
    uint64_t incarnation = channel->hello.incarnation;
    *link = kithi_link_find(net, incarnation);
    if (*link != NULL) {
        return KITH_OK;
    }
    uint32_t place;
    enum kith_error error = kithi_place_find(net, channel, &place);
    if (error != KITH_OK) {
        return error;
    }
    struct kithi_link *added = net->platform->allocate(net->platform->state, sizeof *added);
    if (added == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memset(added, 0, sizeof *added);
    added->net = net;
    added->incarnation = incarnation;
    added->place = place;
    kithi_credits_init(added);
    kithi_monitors_init(added);
    net->links[place] = added;
    *link = added;
    return KITH_OK;
}

struct kithi_link *kithi_link_find(const struct kith_net *net, uint64_t incarnation)
{
    for (uint32_t place = 0; place < net->capacity; place++) {
        if (net->links[place] != NULL && net->links[place]->incarnation == incarnation) {
            return net->links[place];
        }
    }
    return NULL;
}

void kithi_link_discard(struct kithi_link *link)
{
    assert(link->route == NULL && link->channels == 0);
    link->gone = true;
    kithi_liveness_stop(link);
    link->net->links[link->place] = NULL;
    kithi_peers_ended(link);
    link->next_gone = link->net->gone;
    link->net->gone = link;
    kithi_net_kick(link->net);
}

void kithi_link_free(struct kithi_link *link)
{
    kithi_queue_drop(link);
    kithi_credits_fini(link);
    kithi_monitors_fini(link);
    link->net->platform->release(link->net->platform->state, link, sizeof *link);
}

size_t kithi_link_batch_most(const struct kithi_link *link)
{
    size_t size = link->net->backend->ops->batch_size(link->live->connection);
    return size < KITH_BATCH_MAX ? size : KITH_BATCH_MAX;
}

static void adopt_channel(struct kithi_link *link, struct kithi_channel *channel)
{
    kith_alarm_clear(link->net->node, &channel->alarm);
    link->hello = channel->hello;
    link->endpoint = channel->endpoint;
    link->remote = channel->remote;
    if (channel->peer != NULL) { // from here on it doesn't end with a link it led to before
        channel->peer->channel = NULL;
        kithi_peer_leads_to(channel->peer, link);
        channel->peer = NULL;
    }
    channel->state = KITHI_CHANNEL_LIVE;
    link->live = channel;
    link->suspect = false;
    link->given_up = false;
    link->successor = 0;
    link->last_error = KITH_OK;
    link->connections++;
    link->up_since_ns = kith_node_now(link->net->node);
    link->batch_most = kithi_link_batch_most(link);
}

static enum kith_error open_route(struct kithi_link *link, const struct kithi_peer *dialed)
{
    struct kith_route_info info = {
        .incarnation = link->incarnation,
        .endpoint = link->endpoint,
        .naming = link->hello.naming,
        .kernel = link->hello.kernel,
        .transient = link->hello.transient,
    };
    memcpy(info.name, link->hello.name, sizeof info.name);
    if (dialed != NULL && !kith_endpoint_equal(&dialed->endpoint, &link->endpoint)) {
        info.also = dialed->endpoint;
    }
    return kith_route_open(link->net->node, &info, &kithi_link_ops, link, &link->route);
}

// What the connection that is over had taken is lost or unknown; what still waits stays for the
// next one.
static void drop_connection(struct kithi_link *link)
{
    link->live = NULL;
    link->stalled = false;
    link->broken = KITH_OK;
    kithi_calls_lost(link, false);
    uint64_t unknown = kithi_marks_settle(link);
    if (unknown > 0 && !KITH_BUG(UNKNOWN_NOT_COUNTED)) {
        kith_route_count_unknown(link->route, unknown);
    }
    kithi_queue_drop_stream(link, KITH_STREAM_CONTROL);
    kithi_queue_restart(link);
    kithi_monitors_restart(link);
    kithi_credits_restart(link);
}

static void end_channels(struct kithi_link *link, bool in_good_order)
{
    struct kithi_channel *channel = link->net->channels;
    while (channel != NULL) {
        struct kithi_channel *following = channel->next;
        if (channel->link == link) {
            kithi_channel_end(channel, in_good_order);
            following = link->net->channels; // it may have ended others
        }
        channel = following;
    }
}

static void set_suspect(struct kithi_link *link, enum kith_error reason)
{
    link->suspect = true;
    if (!link->given_up) {
        kith_route_set_state(link->route, KITH_ROUTE_SUSPECT, reason, 0);
    }
}
