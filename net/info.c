// SPDX-License-Identifier: Apache-2.0
// What can be seen of links. Places: first the links, then the endpoints that lead to none.
#include <string.h>

#include "net_state.h"

static void fill_from_link(const struct kithi_link *link, struct kith_link_info *info);
static void fill_from_peer(const struct kithi_peer *peer, struct kith_link_info *info);
static enum kith_link_state find_state(const struct kithi_link *link);
static enum kith_link_state find_try(const struct kithi_peer *peer);

uint32_t kith_net_link_count(const struct kith_net *net)
{
    return 2 * net->capacity;
}

enum kith_error kith_net_link_info(const struct kith_net *net, uint32_t place,
                                   struct kith_link_info *info)
{
    if (place < net->capacity && net->links[place] != NULL && net->links[place]->route != NULL) {
        fill_from_link(net->links[place], info);
        return KITH_OK;
    }
    if (place < net->capacity || place >= 2 * net->capacity) {
        return KITH_ERROR_NOT_FOUND;
    }
    const struct kithi_peer *peer = net->peers[place - net->capacity];
    if (peer == NULL || peer->self || peer->link != NULL) {
        return KITH_ERROR_NOT_FOUND;
    }
    fill_from_peer(peer, info);
    return KITH_OK;
}

enum kith_error kith_net_link_find(const struct kith_net *net, uint64_t incarnation,
                                   struct kith_link_info *info)
{
    const struct kithi_link *link = kithi_link_find(net, incarnation);
    if (link == NULL || link->route == NULL) {
        return KITH_ERROR_NOT_FOUND;
    }
    fill_from_link(link, info);
    return KITH_OK;
}

enum kith_error kith_net_peer_info(const struct kith_net *net, const struct kith_endpoint *endpoint,
                                   struct kith_link_info *info)
{
    const struct kithi_peer *peer = kithi_peer_find(net, endpoint);
    if (kithi_net_is_own(net, endpoint) || (peer != NULL && peer->self)) {
        *info = (struct kith_link_info){
            .endpoint = *endpoint, .state = KITH_LINK_UP, .incarnation = net->incarnation};
        return KITH_OK;
    }
    if (peer == NULL) {
        return KITH_ERROR_NOT_FOUND;
    }
    if (peer->link != NULL && peer->link->route != NULL) {
        fill_from_link(peer->link, info);
    } else {
        fill_from_peer(peer, info);
    }
    return KITH_OK;
}

const char *kith_link_state_name(enum kith_link_state state)
{
    static const char *const names[] = {
        [KITH_LINK_CONNECTING] = "connecting",
        [KITH_LINK_HELLO] = "hello",
        [KITH_LINK_UP] = "up",
        [KITH_LINK_SUSPECT] = "suspect",
        [KITH_LINK_BACKOFF] = "backoff",
        [KITH_LINK_LEAVING] = "leaving",
    };
    return names[state];
}

static void fill_from_link(const struct kithi_link *link, struct kith_link_info *info)
{
    const struct kith_net *net = link->net;
    *info = (struct kith_link_info){
        .endpoint = link->endpoint,
        .state = find_state(link),
        .last_error = link->last_error,
        .incarnation = link->incarnation,
        .naming = link->hello.naming,
        .kernel = link->hello.kernel,
        .transient = link->hello.transient,
        .features = link->hello.features & net->options.features,
        .up_since_ns = link->live != NULL ? link->up_since_ns : 0,
        .peer_uptime_ns =
            link->hello.uptime_ms * KITHI_MS + (kith_node_now(net->node) - link->up_since_ns),
        .rtt_ns = link->rtt_ns,
        .heard_ns = link->heard_ns,
        .frames_sent = link->frames_sent,
        .frames_received = link->frames_received,
        .batches_sent = link->batches_sent,
        .batches_received = link->batches_received,
        .bytes_sent = link->bytes_sent,
        .bytes_received = link->bytes_received,
        .malformed = link->malformed,
        .reconnects = link->connections > 0 ? link->connections - 1 : 0,
        .queued_bytes = link->queue.bytes,
        .under_way = kithi_marks_under_way(link) +
                     (link->route == NULL ? 0 : kith_route_replies(link->route)),
    };
    memcpy(info->name, link->hello.name, sizeof info->name);
    memcpy(info->version, link->hello.program, sizeof info->version);
}

// That nobody answers there says less than that the node has left.
static void fill_from_peer(const struct kithi_peer *peer, struct kith_link_info *info)
{
    enum kith_error error = peer->last_error;
    bool silent = error == KITH_ERROR_UNREACHABLE || error == KITH_ERROR_TIMEOUT;
    *info = (struct kith_link_info){
        .endpoint = peer->endpoint,
        .state = find_try(peer),
        .last_error = silent && peer->left ? KITH_ERROR_LEFT : error,
    };
    memcpy(info->name, peer->name, sizeof info->name);
}

static enum kith_link_state find_state(const struct kithi_link *link)
{
    if (link->leaving) {
        return KITH_LINK_LEAVING;
    }
    if (link->live != NULL) {
        return link->suspect ? KITH_LINK_SUSPECT : KITH_LINK_UP;
    }
    if (!link->given_up) {
        return KITH_LINK_SUSPECT;
    }
    const struct kithi_peer *peer = kithi_peer_find(link->net, &link->endpoint);
    return peer == NULL ? KITH_LINK_BACKOFF : find_try(peer);
}

static enum kith_link_state find_try(const struct kithi_peer *peer)
{
    if (peer->channel == NULL) {
        return KITH_LINK_BACKOFF;
    }
    return peer->channel->state == KITHI_CHANNEL_CONNECTING ? KITH_LINK_CONNECTING
                                                            : KITH_LINK_HELLO;
}
