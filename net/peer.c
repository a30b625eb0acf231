// SPDX-License-Identifier: Apache-2.0
// Endpoints that this node connects to: those it was told, for as long as it is, and those of nodes
// that connected to it, for as long as their link exists. Each knows when its next try is due.
#include <string.h>

#include <kith/planted.h>

#include "net_state.h"

static void dial(struct kith_alarm *alarm);
static bool needs_no_try(const struct kithi_peer *peer);
static void schedule(struct kithi_peer *peer, uint64_t after_ns);
static void drop_peer(struct kithi_peer *peer);
static struct kithi_peer *new_peer(struct kith_net *net, const struct kith_endpoint *endpoint);
static uint64_t find_backoff(struct kithi_peer *peer);
static void learn_peer(struct kithi_link *link);

enum kith_error kith_net_peer_add(struct kith_net *net, const struct kith_endpoint *endpoint)
{
    return kithi_peer_add(net, endpoint, true);
}

enum kith_error kithi_peer_add(struct kith_net *net, const struct kith_endpoint *endpoint,
                               bool wanted)
{
    if (kith_endpoint_is_any(endpoint) || endpoint->port == 0) {
        return KITH_ERROR_INVALID;
    }
    if (kithi_net_is_own(net, endpoint)) {
        return KITH_OK;
    }
    struct kithi_peer *peer = kithi_peer_find(net, endpoint);
    if (peer == NULL) {
        uint32_t place = 0;
        while (place < net->capacity && net->peers[place] != NULL) {
            place++;
        }
        if (place == net->capacity) {
            return KITH_ERROR_LIMIT;
        }
        peer = new_peer(net, endpoint);
        if (peer == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        net->peers[place] = peer;
        schedule(peer, 0);
    } else if (peer->self) { // an address that was one's own may be another's by now
        peer->self = false;
        schedule(peer, 0);
    }
    peer->expires_ns = kith_node_now(net->node) + 2 * net->detect_ns;
    if (wanted) {
        kithi_peer_doubt(peer);
        peer->wanted = true;
        peer->dropped = false;
    }
    return KITH_OK;
}

void kithi_peer_doubt(struct kithi_peer *peer)
{
    if (peer->claimed) {
        peer->claimed = false;
        peer->link = NULL;
        schedule(peer, 0);
    }
}

enum kith_error kith_net_peer_remove(struct kith_net *net, const struct kith_endpoint *endpoint)
{
    struct kithi_peer *peer = kithi_peer_find(net, endpoint);
    if (peer == NULL || !peer->wanted) {
        return KITH_ERROR_NOT_FOUND;
    }
    peer->wanted = false;
    peer->dropped = true;
    schedule(peer, 0); // the rest outside of the process that asked
    return KITH_OK;
}

struct kithi_peer *kithi_peer_find(const struct kith_net *net, const struct kith_endpoint *endpoint)
{
    for (uint32_t place = 0; place < net->capacity; place++) {
        struct kithi_peer *peer = net->peers[place];
        if (peer != NULL && kith_endpoint_equal(&peer->endpoint, endpoint)) {
            return peer;
        }
    }
    return NULL;
}

void kithi_peer_free(struct kithi_peer *peer)
{
    struct kith_net *net = peer->net;
    uint32_t place = 0;
    while (net->peers[place] != peer) {
        place++;
    }
    net->peers[place] = NULL;
    kith_alarm_clear(net->node, &peer->alarm);
    net->platform->release(net->platform->state, peer, sizeof *peer);
}

void kithi_peer_failed(struct kithi_peer *peer, enum kith_error reason)
{
    struct kith_net *net = peer->net;
    if (reason != KITH_OK) {
        peer->last_error = reason;
    }
    if (net->leaving || needs_no_try(peer)) {
        return;
    }
    if (!peer->wanted && peer->link == NULL && kith_node_now(net->node) >= peer->expires_ns) {
        kithi_peer_free(peer);
        return;
    }
    if (peer->last_error != peer->logged_error) {
        peer->logged_error = peer->last_error;
        kithi_log_endpoint(net, KITH_LOG_INFO, "peer_not_reached", &peer->endpoint,
                           peer->last_error);
    }
    schedule(peer, find_backoff(peer));
}

void kithi_peers_joined(struct kithi_link *link, struct kithi_peer *dialed)
{
    struct kith_net *net = link->net;
    // Who comes from elsewhere may say what it likes: a try finds out who is where we were sent.
    bool proven = kithi_same_address(&link->live->remote, &link->endpoint);
    learn_peer(link);
    for (uint32_t place = 0; place < net->capacity; place++) {
        struct kithi_peer *peer = net->peers[place];
        bool there = peer != NULL && kith_endpoint_equal(&peer->endpoint, &link->endpoint);
        if (peer == NULL || (peer != dialed && !(there && (proven || !peer->wanted)))) {
            continue;
        }
        kithi_peer_leads_to(peer, link);
        peer->claimed = peer != dialed && !proven;
        kith_alarm_clear(net->node, &peer->alarm);
        if (peer->channel != NULL) {
            kithi_channel_end(peer->channel, true);
        }
    }
}

void kithi_peer_leads_to(struct kithi_peer *peer, struct kithi_link *link)
{
    bool news = peer->link != link;
    peer->link = link;
    peer->claimed = false;
    peer->self = false;
    peer->name[0] = '\0';
    peer->left = false;
    peer->last_error = KITH_OK;
    peer->logged_error = KITH_OK;
    if (news && link->route != NULL && !kith_endpoint_equal(&peer->endpoint, &link->endpoint)) {
        kith_route_reached(link->route, &peer->endpoint);
    }
}

void kithi_peers_lost(struct kithi_link *link, bool steady)
{
    struct kith_net *net = link->net;
    for (uint32_t place = 0; place < net->capacity; place++) {
        struct kithi_peer *peer = net->peers[place];
        if (peer == NULL || peer->link != link || peer->channel != NULL ||
            KITH_BUG(RECONNECT_FORGOTTEN)) {
            continue;
        }
        if (steady) {
            peer->tries = 0;
        }
        schedule(peer, peer->tries > 0 ? find_backoff(peer)
                                       : kithi_net_random(net, KITHI_AGAIN_MS * KITHI_MS));
    }
}

struct kithi_peer *kithi_peer_wanting(const struct kithi_link *link)
{
    const struct kith_net *net = link->net;
    for (uint32_t place = 0; place < net->capacity; place++) {
        struct kithi_peer *peer = net->peers[place];
        if (peer != NULL && peer->link == link && peer->wanted) {
            return peer;
        }
    }
    return NULL;
}

void kithi_peers_ended(struct kithi_link *link)
{
    struct kith_net *net = link->net;
    for (uint32_t place = 0; place < net->capacity; place++) {
        struct kithi_peer *peer = net->peers[place];
        if (peer == NULL || peer->link != link) {
            continue;
        }
        peer->link = NULL;
        peer->last_error = link->last_error;
        peer->left = link->last_error == KITH_ERROR_LEFT;
        memcpy(peer->name, link->hello.name, sizeof peer->name);
        if (!peer->wanted) {
            drop_peer(peer);
        } else if (peer->channel == NULL && !net->leaving) {
            schedule(peer, find_backoff(peer));
        }
    }
}

static void dial(struct kith_alarm *alarm)
{
    struct kithi_peer *peer = (struct kithi_peer *)alarm;
    struct kith_net *net = peer->net;
    if (peer->dropped) {
        if (peer->link == NULL || peer->link->route == NULL) {
            drop_peer(peer);
        } else {
            kithi_leave_link(peer->link, kith_node_now(net->node) + net->detect_ns);
        }
        return;
    }
    if (net->leaving || peer->channel != NULL || needs_no_try(peer)) {
        return;
    }
    enum kith_error error = kithi_channel_dial(peer);
    if (error != KITH_OK) {
        kithi_peer_failed(peer, error);
    }
}

static bool needs_no_try(const struct kithi_peer *peer)
{
    return peer->self || (peer->link != NULL && peer->link->live != NULL);
}

static void schedule(struct kithi_peer *peer, uint64_t after_ns)
{
    struct kith_net *net = peer->net;
    enum kith_error error =
        kith_alarm_set(net->node, &peer->alarm, kith_node_now(net->node) + after_ns);
    if (error != KITH_OK) { // the node has a place for each peer's alarm, so it's a bug
        net->platform->panic(net->platform->state, "no alarm for a peer");
    }
}

static void drop_peer(struct kithi_peer *peer)
{
    if (peer->channel != NULL) {
        struct kithi_channel *channel = peer->channel;
        peer->channel = NULL;
        channel->peer = NULL;
        kithi_channel_end(channel, true);
    }
    kithi_peer_free(peer);
}

static struct kithi_peer *new_peer(struct kith_net *net, const struct kith_endpoint *endpoint)
{
    struct kithi_peer *peer = net->platform->allocate(net->platform->state, sizeof *peer);
    if (peer != NULL) {
        memset(peer, 0, sizeof *peer);
        kith_alarm_init(&peer->alarm, dial);
        peer->net = net;
        peer->endpoint = *endpoint;
    }
    return peer;
}

// Doubles with each try up to a maximum; half of it is random, so that nodes that lost each other
// at the same moment don't all come back at the same moment.
static uint64_t find_backoff(struct kithi_peer *peer)
{
    uint64_t delay_ns = KITHI_BACKOFF_MOST_MS * KITHI_MS;
    if (peer->tries < 16) {
        uint64_t doubled_ns = (KITHI_BACKOFF_FIRST_MS * KITHI_MS) << peer->tries;
        delay_ns = doubled_ns < delay_ns ? doubled_ns : delay_ns;
        peer->tries++;
    }
    if (peer->last_error == KITH_ERROR_VERSION || peer->last_error == KITH_ERROR_UNSUPPORTED) {
        delay_ns = KITHI_BACKOFF_MOST_MS * KITHI_MS; // that takes a new program
    }
    return delay_ns / 2 + kithi_net_random(peer->net, delay_ns / 2);
}

// A node that connected to us is tried at what it advertises, should its connection be lost.
static void learn_peer(struct kithi_link *link)
{
    if (!link->hello.transient) {
        (void)kithi_peer_add(link->net, &link->endpoint, false); // without a place: it tries itself
    }
}
