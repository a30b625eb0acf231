// SPDX-License-Identifier: Apache-2.0
// The back end of one node: the operations that links call, and the inbox.
#include "loop.h"

#include <assert.h>
#include <stdlib.h>

static struct kithi_backend *of(struct kith_backend *backend)
{
    return (struct kithi_backend *)backend;
}

static enum kith_error choose_place(struct kith_loop_network *network, struct kith_endpoint *bound,
                                    uint32_t *place)
{
    if (bound->port != 0) {
        return kithi_loop_place(network, bound, place);
    }
    do {
        bound->port = network->next_port++;
        enum kith_error error = kithi_loop_place(network, bound, place);
        if (error != KITH_OK) {
            return error;
        }
    } while (network->places[*place].backend != NULL);
    return KITH_OK;
}

static enum kith_error open_backend(struct kith_backend *head, const struct kith_endpoint *listen,
                                    const struct kith_backend_events *events, void *owner,
                                    struct kith_endpoint *bound)
{
    struct kithi_backend *backend = of(head);
    struct kith_loop_network *network = backend->network;
    assert(!backend->open && !backend->crashed);
    *bound = *listen;
    enum kith_error error = choose_place(network, bound, &backend->place);
    if (error != KITH_OK) {
        return error;
    }
    struct kithi_place *place = &network->places[backend->place];
    if (place->backend != NULL) {
        return KITH_ERROR_IN_USE;
    }
    place->backend = backend;
    place->silent = false;
    backend->events = *events;
    backend->owner = owner;
    backend->open = true;
    return KITH_OK;
}

static struct kithi_item *pop_inbox(struct kithi_backend *backend)
{
    struct kithi_item *item = backend->first;
    if (item != NULL) {
        backend->first = item->next;
        backend->network->inbox_count--;
    }
    return item;
}

static void empty_inbox(struct kithi_backend *backend)
{
    struct kithi_item *item;
    while ((item = pop_inbox(backend)) != NULL) {
        kithi_loop_item_free(item);
    }
}

static void close_backend(struct kith_backend *head)
{
    struct kithi_backend *backend = of(head);
    while (backend->connections != NULL) {
        kithi_connection_disconnect(backend->connections, 1);
    }
    empty_inbox(backend);
    if (backend->open && !backend->crashed) {
        backend->network->places[backend->place].backend = NULL;
    }
    backend->open = false;
}

static enum kith_error connect_to(struct kith_backend *head, const struct kith_endpoint *peer,
                                  void *connection_owner, struct kith_connection **connection)
{
    struct kithi_backend *backend = of(head);
    uint32_t place;
    if (!backend->open || backend->crashed) {
        return KITH_ERROR_UNREACHABLE;
    }
    enum kith_error error = kithi_loop_place(backend->network, peer, &place);
    if (error != KITH_OK) {
        return error;
    }
    struct kith_connection *end = kithi_connection_new(backend, place, connection_owner);
    if (end == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    *connection = end;
    kithi_loop_packet(end, KITHI_ITEM_CONNECT);
    return KITH_OK;
}

static enum kith_error send_batch(struct kith_connection *connection, unsigned stream,
                                  const void *data, size_t size)
{
    return kithi_connection_send(connection, stream, data, size);
}

static size_t get_batch_size(const struct kith_connection *connection)
{
    return connection->network->options.batch_size;
}

// Nothing waits to go with others here.
static void ignore_flush(struct kith_backend *backend)
{
    (void)backend;
}

static int is_busy(const struct kith_connection *connection)
{
    return connection->unacknowledged > 0;
}

static const struct kith_backend_ops ops = {
    .open = open_backend,
    .close = close_backend,
    .connect = connect_to,
    .send = send_batch,
    .disconnect = kithi_connection_disconnect,
    .batch_size = get_batch_size,
    .flush = ignore_flush,
    .busy = is_busy,
};

enum kith_error kith_loop_backend_new(struct kith_loop_network *network,
                                      void (*arrived)(void *state), void *state,
                                      struct kith_backend **backend)
{
    struct kithi_backend *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    fresh->head.ops = &ops;
    fresh->network = network;
    fresh->arrived = arrived;
    fresh->arrived_state = state;
    struct kithi_backend **link = &network->backends; // at the end: settle polls in this order
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = fresh;
    *backend = &fresh->head;
    return KITH_OK;
}

void kith_loop_backend_free(struct kith_backend *head)
{
    struct kithi_backend *backend = of(head);
    assert(!backend->open);
    struct kithi_backend **link = &backend->network->backends;
    while (*link != backend) {
        link = &(*link)->next;
    }
    *link = backend->next;
    free(backend);
}

bool kith_loop_backend_poll(struct kith_backend *head)
{
    struct kithi_backend *backend = of(head);
    bool any = false;
    struct kithi_item *item;
    while ((item = pop_inbox(backend)) != NULL) {
        any = true;
        kithi_connection_take(backend, item);
        kithi_loop_item_free(item);
    }
    return any;
}

void kith_loop_backend_crash(struct kith_backend *head)
{
    struct kithi_backend *backend = of(head);
    if (!backend->open || backend->crashed) {
        return;
    }
    struct kithi_place *place = &backend->network->places[backend->place];
    backend->crashed = true;
    place->backend = NULL;
    place->silent = true;
    empty_inbox(backend);
    for (struct kith_connection *end = backend->connections; end != NULL; end = end->next) {
        end->state = KITHI_CONNECTION_ENDED; // stays until its owner ends it: the handle is his
        end->deaf = true;
    }
}
