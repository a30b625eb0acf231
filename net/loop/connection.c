// SPDX-License-Identifier: Apache-2.0
// One end of a connection: what it sends, and what it makes of what arrives.
#include "loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct kith_connection *kithi_connection_new(struct kithi_backend *backend, uint32_t peer_place,
                                             void *owner)
{
    struct kith_connection *end = calloc(1, sizeof *end);
    if (end == NULL) {
        return NULL;
    }
    end->network = backend->network;
    end->backend = backend;
    end->refs = 1; // the back end's
    end->place = backend->place;
    end->peer_place = peer_place;
    end->owner = owner;
    end->next = backend->connections;
    backend->connections = end;
    backend->network->connection_count++;
    return end;
}

struct kith_connection *kithi_connection_ref(struct kith_connection *end)
{
    end->refs++;
    return end;
}

void kithi_connection_unref(struct kith_connection *end)
{
    if (--end->refs > 0) {
        return;
    }
    for (unsigned stream = 0; stream < KITH_STREAMS; stream++) {
        while (end->streams[stream].first != NULL) {
            struct kithi_data *data = end->streams[stream].first;
            end->streams[stream].first = data->next;
            free(data);
        }
    }
    end->network->connection_count--;
    free(end);
}

void kithi_connection_end(struct kith_connection *end, enum kithi_connection_state state)
{
    struct kithi_backend *backend = end->backend;
    struct kith_connection **link = &backend->connections;
    while (*link != end) {
        link = &(*link)->next;
    }
    *link = end->next;
    end->backend = NULL;
    end->owner = NULL;
    end->state = state;
    if (end->peer != NULL) {
        kithi_connection_unref(end->peer);
        end->peer = NULL;
    }
    kithi_connection_unref(end);
}

// Tells the owner that the connection is over.
static void close_end(struct kith_connection *end, enum kith_error reason)
{
    struct kithi_backend *backend = end->backend;
    void *owner = end->owner;
    if (reason != KITH_ERROR_LEFT) {
        kithi_loop_path(end->network, end->place, end->peer_place)->broken++;
    }
    kithi_connection_end(end, KITHI_CONNECTION_ENDED);
    backend->events.closed(owner, reason);
}

enum kith_error kithi_connection_send(struct kith_connection *end, unsigned stream,
                                      const void *data, size_t size)
{
    assert(stream < KITH_STREAMS && size >= 1 && size <= KITH_BATCH_MAX);
    struct kith_loop_network *network = end->network;
    if (end->state != KITHI_CONNECTION_OPEN) {
        return KITH_ERROR_DOWN;
    }
    // The last batch may go beyond, whatever its size: it must get through behind others.
    if (end->unacknowledged >= network->options.buffer_bytes) {
        end->full = true;
        return KITH_ERROR_FULL;
    }
    struct kithi_data *sent = malloc(sizeof *sent + size);
    if (sent == NULL) {
        end->full = true;
        return KITH_ERROR_FULL;
    }
    sent->next = NULL;
    sent->size = size;
    sent->arrived = false;
    memcpy(sent->bytes, data, size);
    struct kithi_stream *queue = &end->peer->streams[stream];
    if (queue->first == NULL) {
        queue->first = sent;
    } else {
        queue->last->next = sent;
    }
    queue->last = sent;
    end->peer->outstanding++;
    end->unacknowledged += size;
    struct kithi_item *item = kithi_loop_item(network, KITHI_ITEM_DATA, end, end->peer);
    item->data = sent;
    item->size = size;
    item->stream = stream;
    kithi_loop_launch(network, item);
    return KITH_OK;
}

void kithi_connection_disconnect(struct kith_connection *end, int in_good_order)
{
    bool open = end->state == KITHI_CONNECTION_OPEN;
    if (open && !in_good_order) {
        kithi_loop_path(end->network, end->place, end->peer_place)->broken++;
    }
    if (open) {
        kithi_loop_packet(end, in_good_order ? KITHI_ITEM_SHUTDOWN : KITHI_ITEM_ABORT);
    }
    kithi_connection_end(end,
                         open && in_good_order ? KITHI_CONNECTION_CLOSING : KITHI_CONNECTION_ENDED);
}

static void begin(struct kith_connection *end)
{
    uint64_t heartbeat_ns = end->network->options.heartbeat_ns;
    if (heartbeat_ns != 0) {
        kithi_loop_at(end, KITHI_ITEM_TIMER, end->network->now_ns + heartbeat_ns);
    }
    end->backend->events.connected(end->owner);
}

bool kithi_connection_accept(struct kithi_backend *backend, struct kithi_item *item)
{
    struct kith_loop_network *network = backend->network;
    if (item->from->state != KITHI_CONNECTION_CONNECTING) {
        return false; // has given up
    }
    bool refuses = network->places[backend->place].refuses;
    struct kith_connection *end =
        refuses ? NULL : kithi_connection_new(backend, item->from_place, NULL);
    if (end == NULL) {
        kithi_loop_launch(network, kithi_loop_item(network, KITHI_ITEM_REFUSE, NULL, item->from));
        return false;
    }
    end->state = KITHI_CONNECTION_OPEN;
    end->peer = kithi_connection_ref(item->from);
    item->from->peer = kithi_connection_ref(end);
    item->to = kithi_connection_ref(end); // the owner may end it from inside
    kithi_loop_packet(end, KITHI_ITEM_ACCEPT);
    return true;
}

static void take_connect(struct kithi_backend *backend, struct kithi_item *item)
{
    struct kith_endpoint peer = backend->network->places[item->from_place].endpoint;
    if (item->to == NULL && !kithi_connection_accept(backend, item)) {
        return;
    }
    struct kith_connection *end = item->to;
    void *owner = backend->events.accepted(backend->owner, end, &peer);
    if (end->backend != NULL && owner == NULL) {
        kithi_loop_packet(end, KITHI_ITEM_ABORT);
        kithi_connection_end(end, KITHI_CONNECTION_ENDED);
    } else if (end->backend != NULL) {
        end->owner = owner;
        begin(end);
    }
}

// Hands over what is at the head of its stream, for as long as there is a head and an owner.
static void hand_over(struct kith_connection *end, unsigned stream)
{
    struct kithi_stream *queue = &end->streams[stream];
    while (end->backend != NULL && queue->first != NULL && queue->first->arrived) {
        struct kithi_data *data = queue->first;
        queue->first = data->next;
        end->outstanding--;
        end->backend->events.received(end->owner, stream, data->bytes, data->size);
        free(data);
    }
    if (end->backend != NULL && end->shut && end->outstanding == 0) {
        close_end(end, KITH_ERROR_LEFT);
    }
}

static void take_data(struct kith_connection *end, struct kithi_item *item)
{
    item->data->arrived = true;
    struct kithi_item *ack = kithi_loop_item(end->network, KITHI_ITEM_ACK, end, item->from);
    ack->size = item->size;
    kithi_loop_launch(end->network, ack);
    hand_over(end, item->stream);
}

static void take_ack(struct kith_connection *end, size_t size)
{
    assert(size <= end->unacknowledged);
    end->unacknowledged -= size;
    end->asked = 0;
    if (end->full && end->unacknowledged <= end->network->options.buffer_bytes / 2) {
        end->full = false;
        end->backend->events.writable(end->owner);
    }
}

static void take_accept(struct kith_connection *end)
{
    if (end->state != KITHI_CONNECTION_CONNECTING) {
        return; // data was faster
    }
    end->state = KITHI_CONNECTION_OPEN;
    begin(end);
}

static void take_timer(struct kith_connection *end)
{
    const struct kith_loop_options *options = &end->network->options;
    if (end->asked >= options->unanswered) {
        kithi_loop_packet(end, KITHI_ITEM_ABORT);
        close_end(end, KITH_ERROR_UNREACHABLE);
        return;
    }
    end->asked++;
    kithi_loop_packet(end, KITHI_ITEM_HEARTBEAT);
    kithi_loop_at(end, KITHI_ITEM_TIMER, end->network->now_ns + options->heartbeat_ns);
}

static void take_packet(struct kith_connection *end, struct kithi_item *item)
{
    switch (item->kind) {
    case KITHI_ITEM_DATA:
        take_data(end, item);
        return;
    case KITHI_ITEM_ACK:
        take_ack(end, item->size);
        return;
    case KITHI_ITEM_HEARTBEAT:
        kithi_loop_packet(end, KITHI_ITEM_ANSWER);
        return;
    case KITHI_ITEM_ANSWER:
        end->asked = 0;
        return;
    case KITHI_ITEM_SHUTDOWN:
        end->shut = true;
        if (end->outstanding == 0) {
            close_end(end, KITH_ERROR_LEFT);
        }
        return;
    case KITHI_ITEM_CONNECT:
    case KITHI_ITEM_ACCEPT:
    case KITHI_ITEM_REFUSE:
    case KITHI_ITEM_ABORT:
    case KITHI_ITEM_BREAK:
    case KITHI_ITEM_TIMER:
        return; // kithi_connection_take has done it
    }
}

// The packet is for an end that is over. Its sender learns it, as from SCTP's "out of the blue".
static void take_blue(struct kithi_backend *backend, struct kithi_item *item)
{
    struct kith_connection *from = item->from;
    bool tells = item->kind == KITHI_ITEM_DATA || item->kind == KITHI_ITEM_HEARTBEAT ||
                 item->kind == KITHI_ITEM_ACCEPT;
    if (tells && item->to->state == KITHI_CONNECTION_ENDED && from->backend != NULL) {
        struct kith_loop_network *network = backend->network;
        kithi_loop_launch(network, kithi_loop_item(network, KITHI_ITEM_ABORT, NULL, from));
    }
}

void kithi_connection_take(struct kithi_backend *backend, struct kithi_item *item)
{
    struct kith_connection *end = item->to;
    if (item->kind == KITHI_ITEM_CONNECT) {
        take_connect(backend, item);
        return;
    }
    if (end->backend != backend) {
        if (item->from != NULL) {
            take_blue(backend, item);
        }
        return;
    }
    if (item->kind == KITHI_ITEM_TIMER) {
        take_timer(end);
        return;
    }
    if (item->kind == KITHI_ITEM_BREAK || item->kind == KITHI_ITEM_ABORT ||
        item->kind == KITHI_ITEM_REFUSE) {
        close_end(end, KITH_ERROR_UNREACHABLE);
        return;
    }
    if (end->deaf) {
        return;
    }
    take_accept(end); // any packet of the peer says that it has accepted
    if (end->backend == backend && item->kind != KITHI_ITEM_ACCEPT) {
        backend->events.heard(end->owner);
    }
    if (end->backend == backend) {
        take_packet(end, item);
    }
}
