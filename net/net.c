// SPDX-License-Identifier: Apache-2.0
// The net object of a node: it opens the back end, and does what is due when the processes that are
// ready have had their turn.
#include <assert.h>
#include <string.h>

#include "net_state.h"

static void init_net(struct kith_net *net, const struct kith_net_options *options);
static enum kith_error allocate_tables(struct kith_net *net);
static void work(struct kith_alarm *alarm);
static void free_gone(struct kith_net *net);
static void free_net(struct kith_net *net);
static enum kith_error connect_on_demand(void *state, const struct kith_endpoint *endpoint);

enum kith_error kith_net_open(const struct kith_net_options *options, struct kith_net **net)
{
    const struct kith_platform *platform = kith_node_platform(options->node);
    struct kith_net *opened = platform->allocate(platform->state, sizeof *opened);
    if (opened == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    init_net(opened, options);
    enum kith_error error = kithi_handshake_check(opened);
    if (error == KITH_OK) {
        error = allocate_tables(opened);
    }
    if (error == KITH_OK) {
        error = opened->backend->ops->open(opened->backend, &options->listen, &kithi_channel_events,
                                           opened, &opened->bound);
    }
    if (error != KITH_OK) {
        free_net(opened);
        return error;
    }
    if (opened->options.advertise.port == 0) {
        opened->options.advertise.port = opened->bound.port;
    }
    struct kith_connector connector = {connect_on_demand, opened};
    kith_route_set_connector(options->node, &connector);
    kith_node_part_set(options->node, KITH_PART_NET, opened);
    *net = opened;
    return KITH_OK;
}

void kith_net_close(struct kith_net *net)
{
    assert(kith_node_running(net->node) == NULL);
    net->leaving = true;
    for (uint32_t place = 0; place < net->capacity; place++) {
        if (net->links[place] != NULL) {
            kithi_link_end(net->links[place], KITH_ERROR_LEFT, 0);
        }
    }
    while (net->channels != NULL) {
        kithi_channel_end(net->channels, true);
    }
    for (uint32_t place = 0; place < net->capacity; place++) {
        if (net->peers[place] != NULL) {
            kithi_peer_free(net->peers[place]);
        }
    }
    net->backend->ops->close(net->backend);
    struct kith_connector connector = {NULL, NULL};
    kith_route_set_connector(net->node, &connector);
    kith_node_part_set(net->node, KITH_PART_NET, NULL);
    kith_alarm_clear(net->node, &net->kick.alarm);
    kith_alarm_clear(net->node, &net->leave.alarm);
    for (; net->active != NULL; net->active = net->active->next) {
        net->active->active = false; // nothing is sent any more
    }
    kithi_channels_free(net);
    free_gone(net);
    free_net(net);
}

struct kith_endpoint kith_net_endpoint(const struct kith_net *net)
{
    return net->bound;
}

void kithi_net_kick(struct kith_net *net)
{
    if (net->kick.alarm.heap_place == 0) {
        (void)kith_alarm_set(net->node, &net->kick.alarm, KITH_NO_WAIT);
    }
}

uint64_t kithi_net_random(struct kith_net *net, uint64_t below)
{
    uint64_t number;
    net->platform->entropy(net->platform->state, &number, sizeof number);
    return below == 0 ? 0 : number % below;
}

bool kithi_net_is_own(const struct kith_net *net, const struct kith_endpoint *endpoint)
{
    return kith_endpoint_equal(endpoint, &net->bound) ||
           kith_endpoint_equal(endpoint, &net->options.advertise);
}

static void init_net(struct kith_net *net, const struct kith_net_options *options)
{
    memset(net, 0, sizeof *net);
    net->kick.net = net;
    kith_alarm_init(&net->kick.alarm, work);
    kithi_leave_init(net);
    net->node = options->node;
    net->platform = kith_node_platform(options->node);
    net->limits = kith_node_limits(options->node);
    net->backend = options->backend;
    net->incarnation = kith_node_incarnation(options->node);
    net->options = *options;
    if (options->version != NULL) {
        strncpy(net->version, options->version, sizeof net->version - 1);
    }
    uint64_t detect_ms = options->detect_ms == 0 ? KITHI_DETECT_MS : options->detect_ms;
    net->detect_ns = detect_ms * KITHI_MS;
    net->seed = kithi_net_random(net, UINT64_MAX);
    net->capacity = net->limits->routes;
    net->part_most =
        net->limits->message_size < KITHI_PART_MOST ? net->limits->message_size : KITHI_PART_MOST;
    size_t half = net->limits->message_memory / 2; // the rest is for messages that have arrived
    net->partial_bytes_most = half > net->limits->message_size ? half : net->limits->message_size;
    // What the peer makes us say is bounded by our tables, unless it asks without listening.
    net->answers_most = 2 * net->limits->link_queue_bytes + net->limits->message_size +
                        (size_t)KITHI_DOWN_BYTES * net->limits->monitors +
                        (size_t)KITHI_CREDIT_FRAME_BYTES * net->limits->processes;
    kithi_calls_init(net);
}

static enum kith_error allocate_tables(struct kith_net *net)
{
    const struct kith_platform *platform = net->platform;
    size_t size = net->capacity * sizeof(void *);
    net->links = platform->allocate(platform->state, size);
    net->peers = platform->allocate(platform->state, size);
    net->scratch = platform->allocate(platform->state, net->part_most + KITH_FRAME_HEADER_MAX);
    if (net->links == NULL || net->peers == NULL || net->scratch == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memset(net->links, 0, size);
    memset(net->peers, 0, size);
    return KITH_OK;
}

static void work(struct kith_alarm *alarm)
{
    struct kith_net *net = ((struct kithi_net_alarm *)alarm)->net;
    struct kithi_link *link = net->active;
    bool any = link != NULL;
    net->active = NULL;
    while (link != NULL) {
        struct kithi_link *following = link->next;
        link->active = false;
        if (kithi_link_work(link)) {
            kithi_link_activate(link);
        }
        link = following;
    }
    if (any) {
        net->backend->ops->flush(net->backend);
    }
    kithi_channels_free(net);
    free_gone(net);
}

// One that is still to be worked on is freed after that.
static void free_gone(struct kith_net *net)
{
    struct kithi_link **place = &net->gone;
    while (*place != NULL) {
        struct kithi_link *link = *place;
        if (link->active) {
            place = &link->next_gone;
            continue;
        }
        *place = link->next_gone;
        kithi_link_free(link);
    }
}

static void free_net(struct kith_net *net)
{
    const struct kith_platform *platform = net->platform;
    size_t size = net->capacity * sizeof(void *);
    kithi_calls_fini(net);
    kithi_buffers_fini(net);
    platform->release(platform->state, net->links, net->links == NULL ? 0 : size);
    platform->release(platform->state, net->peers, net->peers == NULL ? 0 : size);
    platform->release(platform->state, net->scratch,
                      net->scratch == NULL ? 0 : net->part_most + KITH_FRAME_HEADER_MAX);
    platform->release(platform->state, net, sizeof *net);
}

static enum kith_error connect_on_demand(void *state, const struct kith_endpoint *endpoint)
{
    enum kith_error error = kithi_peer_add(state, endpoint, false);
    struct kithi_peer *peer = kithi_peer_find(state, endpoint);
    if (peer != NULL) {
        kithi_peer_doubt(peer);
    }
    return error;
}
