// SPDX-License-Identifier: Apache-2.0
// From a connection to a link. Both ends say hello. Then the one with the smaller incarnation
// decides, alone, which connection becomes the link: it offers one, and the other accepts. If the
// first still has a link with the second when another connection comes, it says so in the offer,
// and the second knows whether it has lost that link (a reconnect) or not (both connected at once).
#include <assert.h>
#include <string.h>

#include "net_state.h"

static struct kith_hello make_hello(const struct kith_net *net);
static void receive_hello(struct kithi_channel *channel, const struct kith_frame *frame);
static enum kith_error check_hello(struct kithi_channel *channel, const struct kith_frame *frame);
static void meet(struct kithi_channel *channel);
static void limit_waiting(const struct kithi_link *link);
static void offer_or_hold(struct kithi_channel *channel);
static void offer(struct kithi_channel *channel);
static void receive_offer(struct kithi_channel *channel, const struct kith_frame *frame);
static void receive_accept(struct kithi_channel *channel);

void kithi_handshake_receive(struct kithi_channel *channel, const struct kith_frame *frame)
{
    switch (frame->kind) {
    case KITH_FRAME_HELLO:
        receive_hello(channel, frame);
        break;
    case KITH_FRAME_OFFER:
        receive_offer(channel, frame);
        break;
    case KITH_FRAME_GOODBYE:
        kithi_channel_fail(channel, (enum kith_error)frame->error, false);
        break;
    case KITH_FRAME_ACCEPT:
    default: // streams aren't in order among themselves: any frame of a link says "accepted"
        receive_accept(channel);
        break;
    }
}

enum kith_error kithi_handshake_check(const struct kith_net *net)
{
    struct kith_hello hello = make_hello(net);
    unsigned char payload[KITH_HELLO_MAX];
    size_t size = sizeof payload;
    enum kith_error error = kith_hello_encode(&hello, payload, &size);
    return error == KITH_OK ? kith_hello_decode(payload, size, &hello) : error;
}

void kithi_handshake_greet(struct kithi_channel *channel)
{
    struct kith_hello hello = make_hello(channel->net);
    unsigned char payload[KITH_HELLO_MAX];
    size_t size = sizeof payload;
    enum kith_error error = kith_hello_encode(&hello, payload, &size);
    assert(error == KITH_OK && "kith_net_open has seen to that");
    struct kith_frame frame = {
        .kind = KITH_FRAME_HELLO,
        .payload = payload,
        .payload_size = size,
        .remaining_ms = UINT64_MAX,
    };
    error = kithi_channel_send(channel, &frame);
    if (error != KITH_OK) {
        kithi_channel_fail(channel, error, false);
    }
}

static struct kith_hello make_hello(const struct kith_net *net)
{
    const struct kith_net_options *options = &net->options;
    struct kith_hello hello = {
        .version = KITH_WIRE_VERSION,
        .features = options->features,
        .incarnation = net->incarnation,
        .advertise = options->advertise,
        .message_size = net->limits->message_size,
        .credits = net->limits->link_credits,
        .naming = options->naming,
        .kernel = options->kernel,
        .uptime_ms = (kith_node_now(net->node) - kith_node_started_ns(net->node)) / KITHI_MS,
        .detect_ms = net->detect_ns / KITHI_MS,
        .transient = options->transient,
    };
    strncpy(hello.name, kith_node_name(net->node), sizeof hello.name - 1);
    memcpy(hello.program, net->version, sizeof hello.program);
    return hello;
}

void kithi_handshake_ended(struct kithi_channel *channel)
{
    struct kithi_link *link = channel->link;
    if (link == NULL) {
        return;
    }
    channel->link = NULL;
    link->channels--;
    if (link->held == channel) {
        link->held = NULL;
    }
    if (link->offered == channel) {
        link->offered = NULL;
        kithi_handshake_next(link);
    }
    if (link->route == NULL && link->channels == 0 && !link->gone) {
        kithi_link_discard(link);
    }
}

void kithi_handshake_next(struct kithi_link *link)
{
    struct kithi_channel *channel = link->held;
    if (channel != NULL && link->offered == NULL && !link->gone) {
        link->held = NULL;
        offer(channel);
    }
}

static void receive_hello(struct kithi_channel *channel, const struct kith_frame *frame)
{
    if (channel->state != KITHI_CHANNEL_HELLO) {
        kithi_channel_malformed(channel, "second hello");
        return;
    }
    enum kith_error error = check_hello(channel, frame);
    if (error != KITH_OK) {
        kithi_channel_fail(channel, error, true);
        return;
    }
    if (channel->hello.incarnation == channel->net->incarnation) {
        if (channel->peer != NULL) {
            channel->peer->self = true;
            kith_route_reached_self(channel->net->node, &channel->peer->endpoint);
        }
        kithi_channel_end(channel, true);
        return;
    }
    meet(channel);
}

static enum kith_error check_hello(struct kithi_channel *channel, const struct kith_frame *frame)
{
    struct kith_hello *hello = &channel->hello;
    enum kith_error error = kith_hello_decode(frame->payload, frame->payload_size, hello);
    if (error != KITH_OK) {
        return error;
    }
    if ((hello->required & ~channel->net->options.features) != 0) {
        return KITH_ERROR_UNSUPPORTED;
    }
    return hello->version == KITH_WIRE_VERSION ? KITH_OK : KITH_ERROR_VERSION;
}

// The peer is known now: the connection belongs to a link.
static void meet(struct kithi_channel *channel)
{
    struct kith_net *net = channel->net;
    struct kithi_link *link;
    enum kith_error error = kithi_link_obtain(net, channel, &link);
    if (error == KITH_OK && link->leaving) {
        error = KITH_ERROR_LEFT;
    }
    if (error != KITH_OK) {
        kithi_channel_fail(channel, error, true);
        return;
    }
    assert(channel->state == KITHI_CHANNEL_HELLO && "who gave way wasn't this one");
    channel->endpoint = channel->hello.advertise;
    if (kith_endpoint_is_any(&channel->endpoint)) {
        uint16_t port = channel->endpoint.port;
        channel->endpoint = channel->remote;
        channel->endpoint.port = port != 0 ? port : channel->remote.port;
    }
    channel->link = link;
    link->channels++;
    if (net->incarnation < link->incarnation) {
        offer_or_hold(channel);
    } else {
        channel->state = KITHI_CHANNEL_WAITING;
        limit_waiting(link);
    }
}

// A peer that never offers must not take all connections by that. The newest are the first.
static void limit_waiting(const struct kithi_link *link)
{
    struct kithi_channel *oldest = NULL;
    uint32_t count = 0;
    for (struct kithi_channel *channel = link->net->channels; channel != NULL;
         channel = channel->next) {
        if (channel->link == link && channel->state == KITHI_CHANNEL_WAITING) {
            oldest = channel;
            count++;
        }
    }
    if (count > KITHI_WAITING_MOST) {
        kithi_channel_end(oldest, true);
    }
}

// One at a time, so that the answer to an offer says something about the link that we have.
static void offer_or_hold(struct kithi_channel *channel)
{
    struct kithi_link *link = channel->link;
    struct kithi_channel *former = link->held;
    channel->state = KITHI_CHANNEL_HELD;
    link->held = channel;
    if (former != NULL) {
        kithi_channel_end(former, true); // the newest is the likeliest to be of use
    }
    kithi_handshake_next(link);
}

static void offer(struct kithi_channel *channel)
{
    struct kithi_link *link = channel->link;
    struct kith_frame frame = {
        .kind = KITH_FRAME_OFFER,
        .error = link->live != NULL ? KITH_ERROR_EXISTS : KITH_OK,
        .remaining_ms = UINT64_MAX,
    };
    channel->state = KITHI_CHANNEL_OFFERED;
    link->offered = channel;
    enum kith_error error = kithi_channel_send(channel, &frame);
    if (error != KITH_OK) {
        kithi_channel_fail(channel, error, false);
    }
}

static void receive_offer(struct kithi_channel *channel, const struct kith_frame *frame)
{
    struct kithi_link *link = channel->link;
    if (channel->state != KITHI_CHANNEL_WAITING) {
        kithi_channel_malformed(channel, "offer");
        return;
    }
    if (frame->error == KITH_ERROR_EXISTS && link->live != NULL) {
        if (channel->peer != NULL) {
            kithi_peer_leads_to(channel->peer, link);
        }
        kithi_channel_end(channel, true);
        return;
    }
    struct kith_frame answer = {.kind = KITH_FRAME_ACCEPT, .remaining_ms = UINT64_MAX};
    enum kith_error error = kithi_channel_send(channel, &answer);
    if (error != KITH_OK) {
        kithi_channel_fail(channel, error, false);
        return;
    }
    kithi_link_up(link, channel);
}

static void receive_accept(struct kithi_channel *channel)
{
    struct kithi_link *link = channel->link;
    if (channel->state != KITHI_CHANNEL_OFFERED) {
        kithi_channel_malformed(channel, "before the handshake");
        return;
    }
    link->offered = NULL;
    if (kithi_link_up(link, channel)) {
        kithi_handshake_next(link);
    }
}
