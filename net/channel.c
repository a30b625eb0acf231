// SPDX-License-Identifier: Apache-2.0
// Connections as the back end knows them, from the first packet until they carry a link or end.
#include <assert.h>
#include <string.h>

#include <kith/planted.h>

#include "net_state.h"

static struct kithi_channel *add_channel(struct kith_net *net, const struct kith_endpoint *remote);
static void remove_channel(struct kithi_channel *channel);
static void give_up(struct kith_alarm *alarm);
static void *accepted(void *owner, struct kith_connection *connection,
                      const struct kith_endpoint *remote);
static void connected(void *owner);
static void received(void *owner, unsigned stream, const void *data, size_t size);
static void heard(void *owner);
static void writable(void *owner);
static void closed(void *owner, enum kith_error reason);

const struct kith_backend_events kithi_channel_events = {
    .accepted = accepted,
    .connected = connected,
    .received = received,
    .heard = heard,
    .writable = writable,
    .closed = closed,
};

enum kith_error kithi_channel_dial(struct kithi_peer *peer)
{
    struct kith_net *net = peer->net;
    struct kithi_channel *channel = add_channel(net, &peer->endpoint);
    if (channel == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    enum kith_error error =
        net->backend->ops->connect(net->backend, &peer->endpoint, channel, &channel->connection);
    if (error != KITH_OK) {
        channel->connection = NULL;
        kithi_channel_end(channel, false);
        return error;
    }
    channel->peer = peer;
    peer->channel = channel;
    return KITH_OK;
}

enum kith_error kithi_channel_send(struct kithi_channel *channel, const struct kith_frame *frame)
{
    struct kith_net *net = channel->net;
    unsigned char bytes[KITH_FRAME_HEADER_MAX + KITH_HELLO_MAX];
    size_t size = sizeof bytes;
    uint64_t receiver = channel->link == NULL ? 0 : channel->link->incarnation;
    enum kith_error error = kith_frame_encode(frame, net->incarnation, receiver, bytes, &size);
    assert(error == KITH_OK);
    if (error != KITH_OK) {
        return error;
    }
    return net->backend->ops->send(channel->connection, KITH_STREAM_CONTROL, bytes, size);
}

void kithi_channel_end(struct kithi_channel *channel, bool in_good_order)
{
    struct kith_net *net = channel->net;
    struct kithi_peer *peer = channel->peer;
    if (channel->state == KITHI_CHANNEL_ENDED) {
        return;
    }
    if (channel->connection != NULL) {
        net->backend->ops->disconnect(channel->connection, in_good_order);
        channel->connection = NULL;
    }
    channel->state = KITHI_CHANNEL_ENDED;
    channel->peer = NULL;
    kith_alarm_clear(net->node, &channel->alarm);
    kithi_parts_drop(channel);
    remove_channel(channel);
    kithi_handshake_ended(channel);
    if (peer != NULL) {
        peer->channel = NULL;
        kithi_peer_failed(peer, KITH_OK);
    }
}

void kithi_channel_fail(struct kithi_channel *channel, enum kith_error reason, bool tell)
{
    struct kithi_link *link = channel->link;
    struct kithi_peer *peer = channel->peer;
    bool carried = link != NULL && link->live == channel;
    if (channel->state == KITHI_CHANNEL_ENDED) {
        return;
    }
    if (tell && channel->connection != NULL) {
        struct kith_frame frame = {
            .kind = KITH_FRAME_GOODBYE, .error = reason, .remaining_ms = UINT64_MAX};
        (void)kithi_channel_send(channel, &frame); // if it can't be told, it ends all the same
    }
    if (peer != NULL && link != NULL && link->live != NULL) {
        kithi_peer_leads_to(peer, link); // whom we have already
    } else if (peer != NULL) {
        peer->last_error = reason;
    }
    if (tell) {
        kithi_log_endpoint(channel->net, KITH_LOG_WARNING, "connection_refused", &channel->remote,
                           reason);
    }
    kithi_channel_end(channel, tell);
    if (carried) {
        kithi_link_lost(link, reason);
    }
}

void kithi_channel_malformed(struct kithi_channel *channel, const char *what)
{
    if (channel->link != NULL) {
        channel->link->malformed++;
    }
    kithi_log_malformed(channel, what);
    if (++channel->malformed >= KITHI_MALFORMED_MOST || channel->state != KITHI_CHANNEL_LIVE) {
        kithi_channel_fail(channel, KITH_ERROR_INVALID, true);
    }
}

void kithi_channels_free(struct kith_net *net)
{
    while (net->ended != NULL) {
        struct kithi_channel *channel = net->ended;
        net->ended = channel->next;
        net->platform->release(net->platform->state, channel, sizeof *channel);
    }
}

static struct kithi_channel *add_channel(struct kith_net *net, const struct kith_endpoint *remote)
{
    if (net->leaving || net->channel_len >= 2 * net->capacity + 8) {
        return NULL;
    }
    struct kithi_channel *channel = net->platform->allocate(net->platform->state, sizeof *channel);
    if (channel == NULL) {
        return NULL;
    }
    memset(channel, 0, sizeof *channel);
    channel->net = net;
    channel->remote = *remote;
    channel->next = net->channels;
    if (net->channels != NULL) {
        net->channels->previous = channel;
    }
    net->channels = channel;
    net->channel_len++;
    uint64_t wait_ns = net->detect_ns / 2;
    if (wait_ns < KITHI_HANDSHAKE_LEAST_MS * KITHI_MS) {
        wait_ns = KITHI_HANDSHAKE_LEAST_MS * KITHI_MS;
    }
    kith_alarm_init(&channel->alarm, give_up);
    if (kith_alarm_set(net->node, &channel->alarm, kith_node_now(net->node) + wait_ns) != KITH_OK) {
        kithi_channel_end(channel, false);
        return NULL;
    }
    return channel;
}

// Its memory stays until nobody can be looking at it.
static void remove_channel(struct kithi_channel *channel)
{
    struct kith_net *net = channel->net;
    if (channel->previous == NULL) {
        net->channels = channel->next;
    } else {
        channel->previous->next = channel->next;
    }
    if (channel->next != NULL) {
        channel->next->previous = channel->previous;
    }
    net->channel_len--;
    channel->next = net->ended;
    net->ended = channel;
    kithi_net_kick(net);
}

static void give_up(struct kith_alarm *alarm)
{
    kithi_channel_fail((struct kithi_channel *)alarm, KITH_ERROR_TIMEOUT, false);
}

// Connections of one address that say nothing of themselves must not keep others from saying it: if
// there are many, the oldest makes way.
static void limit_silent(const struct kith_net *net, const struct kith_endpoint *remote)
{
    struct kithi_channel *oldest = NULL;
    uint32_t count = 0;
    for (struct kithi_channel *channel = net->channels; channel != NULL; channel = channel->next) {
        if (channel->link == NULL && channel->peer == NULL &&
            kithi_same_address(&channel->remote, remote)) {
            oldest = channel; // the newest are first
            count++;
        }
    }
    if (count > KITHI_SILENT_LEAST + net->capacity / KITHI_LAST_PLACES) {
        kithi_channel_end(oldest, false);
    }
}

static void *accepted(void *owner, struct kith_connection *connection,
                      const struct kith_endpoint *remote)
{
    limit_silent(owner, remote);
    struct kithi_channel *channel = add_channel(owner, remote);
    if (channel != NULL) {
        channel->connection = connection;
    }
    return channel;
}

static bool greets_late(const struct kithi_channel *channel)
{
    return KITH_BUG(GREETED_LATE) && channel->peer == NULL && channel->state == KITHI_CHANNEL_HELLO;
}

static void connected(void *owner)
{
    struct kithi_channel *channel = owner;
    channel->state = KITHI_CHANNEL_HELLO;
    if (!greets_late(channel)) {
        kithi_handshake_greet(channel);
    }
}

static void received(void *owner, unsigned stream, const void *data, size_t size)
{
    struct kithi_channel *channel = owner;
    heard(owner);
    if (stream >= KITH_STREAMS) {
        kithi_channel_malformed(channel, "stream");
        return;
    }
    if (channel->link != NULL) {
        channel->link->batches_received++;
        channel->link->bytes_received += size;
    }
    bool late = greets_late(channel);
    kithi_receive_batch(channel, stream, data, size);
    if (late && channel->state != KITHI_CHANNEL_ENDED) {
        kithi_handshake_greet(channel);
    }
}

static void heard(void *owner)
{
    const struct kithi_channel *channel = owner;
    if (channel->state == KITHI_CHANNEL_LIVE) {
        kithi_liveness_heard(channel->link);
    }
}

static void writable(void *owner)
{
    struct kithi_channel *channel = owner;
    if (channel->state == KITHI_CHANNEL_LIVE) {
        channel->link->stalled = false;
        kithi_link_activate(channel->link);
    }
}

static void closed(void *owner, enum kith_error reason)
{
    struct kithi_channel *channel = owner;
    channel->connection = NULL;
    kithi_channel_fail(channel, reason, false);
}
