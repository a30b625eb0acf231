// SPDX-License-Identifier: Apache-2.0
// The lines that the link layer logs. Strangers can bring most of them about as often as they
// connect, so there is a limit to those; how many were left out is logged too. Nodes that this one
// was told to reach have a limit of their own, and so have those that come for a moment.
#include <string.h>

#include "net_state.h"

// Lines at once, and then a second. `full_ns` is when as many can be logged again.
struct limit {
    uint64_t burst, per_second;
    uint64_t *full_ns;
};

static bool is_admitted(struct kith_net *net, struct kithi_peer *wanted);
static bool take_line(const struct kith_net *net, const struct limit *limit);

void kithi_log_endpoint(struct kith_net *net, enum kith_log_level level, const char *event,
                        const struct kith_endpoint *endpoint, enum kith_error reason)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    struct kith_log_field fields[] = {
        {"peer", kith_endpoint_format(endpoint, text), 0},
        {"reason", kith_error_name(reason), 0},
    };
    struct kithi_peer *peer = kithi_peer_find(net, endpoint);
    if (is_admitted(net, peer != NULL && peer->wanted ? peer : NULL)) {
        kith_node_log(net->node, level, event, fields, 2);
    }
}

// Nodes that come for a moment, such as the command line's, are worth a line for debugging only.
void kithi_log_link(const struct kithi_link *link, enum kith_log_level level, const char *event,
                    enum kith_error reason)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    struct kith_log_field fields[] = {
        {"node", link->hello.name, 0},
        {"peer", kith_endpoint_format(&link->endpoint, text), 0},
        {"reason", kith_error_name(reason), 0},
    };
    struct kith_net *net = link->net;
    bool transient = link->hello.transient;
    const struct limit of_transients = {KITHI_LOG_BURST, KITHI_LOG_PER_SECOND,
                                        &net->log_transient_full_ns};
    if (transient ? take_line(net, &of_transients) : is_admitted(net, kithi_peer_wanting(link))) {
        kith_node_log(net->node, transient ? KITH_LOG_DEBUG : level, event, fields,
                      reason == KITH_OK ? 2 : 3);
    }
}

// Addresses like "name/process" then mean either of them.
void kithi_log_same_name(const struct kithi_link *link)
{
    const struct kith_net *net = link->net;
    const char *name = link->hello.name;
    bool twice = strcmp(name, kith_node_name(net->node)) == 0;
    for (uint32_t place = 0; place < net->capacity && !twice; place++) {
        const struct kithi_link *other = net->links[place];
        twice = other != NULL && other != link && other->live != NULL && !other->suspect &&
                strcmp(name, other->hello.name) == 0 &&
                !kith_endpoint_equal(&link->endpoint, &other->endpoint);
    }
    if (twice && name[0] != '\0') {
        kithi_log_link(link, KITH_LOG_WARNING, "node_name_twice", KITH_ERROR_EXISTS);
    }
}

void kithi_log_malformed(const struct kithi_channel *channel, const char *what)
{
    struct kith_net *net = channel->net;
    uint64_t now_ns = kith_node_now(net->node);
    if (now_ns < net->malformed_next_ns) {
        return; // one frame a second is as good as many
    }
    net->malformed_next_ns = now_ns + 1000 * KITHI_MS;
    char text[KITH_ENDPOINT_TEXT_SIZE];
    struct kith_log_field fields[] = {
        {"peer", kith_endpoint_format(&channel->remote, text), 0},
        {"what", what, 0},
    };
    kith_node_log(net->node, KITH_LOG_WARNING, "input_malformed", fields, 2);
}

// A line for each node that there may be, so that a cluster's start is logged whole, and then some
// a second. `wanted` is the peer it is about, if this node was told to reach it.
static bool is_admitted(struct kith_net *net, struct kithi_peer *wanted)
{
    const struct limit of_strangers = {KITHI_LOG_BURST + net->capacity, KITHI_LOG_PER_SECOND,
                                       &net->log_full_ns};
    if (wanted != NULL) {
        const struct limit of_peer = {KITHI_LOG_WANTED_BURST, KITHI_LOG_WANTED_PER_SECOND,
                                      &wanted->log_full_ns};
        if (take_line(net, &of_peer)) {
            return true;
        }
    }
    if (!take_line(net, &of_strangers)) {
        net->log_left_out++;
        return false;
    }
    if (net->log_left_out > 0) {
        struct kith_log_field field = {"lines", NULL, net->log_left_out};
        net->log_left_out = 0;
        kith_node_log(net->node, KITH_LOG_WARNING, "log_limited", &field, 1);
    }
    return true;
}

static bool take_line(const struct kith_net *net, const struct limit *limit)
{
    uint64_t now_ns = kith_node_now(net->node);
    uint64_t interval_ns = 1000 * KITHI_MS / limit->per_second;
    uint64_t full_ns = *limit->full_ns < now_ns ? now_ns : *limit->full_ns;
    if (full_ns - now_ns > limit->burst * interval_ns) {
        return false;
    }
    *limit->full_ns = full_ns + interval_ns;
    return true;
}
