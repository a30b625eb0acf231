// SPDX-License-Identifier: Apache-2.0
// Who gets a place among the links when places are scarce. Connections that come and go must not
// keep others out: a link that was lost, and that nobody asked for, gives its place to a newcomer,
// and the last places are for addresses that have none.
#include "net_state.h"

static bool is_crowded(const struct kith_net *net, const struct kithi_channel *channel);
static uint32_t find_free(const struct kith_net *net);
static void end_lost(struct kithi_link *lost, const struct kithi_channel *channel);
static uint32_t find_lost(const struct kith_net *net, const struct kith_endpoint *address);
static uint64_t find_time_up(const struct kithi_link *link);

enum kith_error kithi_place_find(struct kith_net *net, const struct kithi_channel *channel,
                                 uint32_t *place)
{
    bool crowded = is_crowded(net, channel);
    *place = crowded ? net->capacity : find_free(net);
    if (*place < net->capacity) {
        return KITH_OK;
    }
    *place = find_lost(net, crowded ? &channel->remote : NULL);
    if (*place == net->capacity) {
        return KITH_ERROR_LIMIT;
    }
    end_lost(net->links[*place], channel);
    return KITH_OK;
}

// The capacity if there is none.
static uint32_t find_free(const struct kith_net *net)
{
    uint32_t place = 0;
    while (place < net->capacity && net->links[place] != NULL) {
        place++;
    }
    return place;
}

// If the newcomer answers where the other one was, its peer stays: it is about to lead to this one.
static void end_lost(struct kithi_link *lost, const struct kithi_channel *channel)
{
    if (channel->peer != NULL && channel->peer->link == lost) {
        channel->peer->link = NULL;
    }
    kithi_link_end(lost, KITH_ERROR_UNREACHABLE, 0);
}

// True if only the last places are left, and this address has one already. Nodes that come for a
// moment, as the command line's, get half of the last ones all the same.
static bool is_crowded(const struct kith_net *net, const struct kithi_channel *channel)
{
    uint32_t left = 0;
    for (uint32_t place = 0; place < net->capacity; place++) {
        left += net->links[place] == NULL;
    }
    uint32_t last = net->capacity / KITHI_LAST_PLACES;
    if (left > (channel->hello.transient ? last / 2 : last) || channel->peer != NULL) {
        return false;
    }
    for (const struct kithi_channel *other = net->channels; other != NULL; other = other->next) {
        if (other->link != NULL && kithi_same_address(&other->remote, &channel->remote)) {
            return true;
        }
    }
    return false;
}

// Of the links that have no connection and that nobody asked for, the one that was up for the
// shortest time: the likeliest not to come back. Only of one address, unless that is NULL. The
// capacity if there is none.
static uint32_t find_lost(const struct kith_net *net, const struct kith_endpoint *address)
{
    uint32_t found = net->capacity;
    for (uint32_t place = 0; place < net->capacity; place++) {
        const struct kithi_link *link = net->links[place];
        if (link == NULL || link->live != NULL || link->channels > 0 ||
            (address != NULL && !kithi_same_address(&link->remote, address))) {
            continue;
        }
        bool shorter =
            found == net->capacity || find_time_up(link) < find_time_up(net->links[found]);
        if (shorter && kithi_peer_wanting(link) == NULL) {
            found = place;
        }
    }
    return found;
}

static uint64_t find_time_up(const struct kithi_link *link)
{
    return link->heard_ns - link->up_since_ns;
}
