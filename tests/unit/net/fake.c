// SPDX-License-Identifier: Apache-2.0
#include "fake.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct fake *fake_of(struct kith_backend *backend)
{
    return (struct fake *)backend;
}

static struct kith_connection *add_connection(struct fake *fake, const struct kith_endpoint *remote,
                                              bool dialed)
{
    struct kith_connection *connection = calloc(1, sizeof *connection);
    assert(connection != NULL && fake->connection_count < FAKE_CONNECTIONS_MOST);
    connection->fake = fake;
    connection->remote = *remote;
    connection->dialed = dialed;
    fake->connections[fake->connection_count++] = connection;
    return connection;
}

static enum kith_error open_fake(struct kith_backend *backend, const struct kith_endpoint *listen,
                                 const struct kith_backend_events *events, void *owner,
                                 struct kith_endpoint *bound)
{
    struct fake *fake = fake_of(backend);
    if (fake->connect_error == KITH_ERROR_IN_USE) {
        return KITH_ERROR_IN_USE;
    }
    fake->events = events;
    fake->owner = owner;
    fake->open = true;
    *bound = *listen;
    if (bound->port == 0) {
        bound->port = 50000;
    }
    return KITH_OK;
}

static void close_fake(struct kith_backend *backend)
{
    fake_of(backend)->open = false;
}

static enum kith_error connect_fake(struct kith_backend *backend,
                                    const struct kith_endpoint *remote, void *owner,
                                    struct kith_connection **connection)
{
    struct fake *fake = fake_of(backend);
    if (fake->connect_error != KITH_OK) {
        return fake->connect_error;
    }
    *connection = add_connection(fake, remote, true);
    (*connection)->owner = owner;
    return KITH_OK;
}

static enum kith_error send_fake(struct kith_connection *connection, unsigned stream,
                                 const void *data, size_t size)
{
    assert(!connection->ended && size > 0 && size <= KITH_BATCH_MAX && stream < KITH_STREAMS);
    if (connection->full) {
        return KITH_ERROR_FULL;
    }
    assert(connection->sent_count < FAKE_SENT_MOST);
    struct fake_batch *batch = &connection->sent[connection->sent_count++];
    batch->stream = stream;
    batch->flushes = connection->fake->flushes;
    batch->size = size;
    batch->bytes = malloc(size);
    assert(batch->bytes != NULL);
    memcpy(batch->bytes, data, size);
    connection->full = connection->room == 1;
    connection->room -= connection->room > 0 ? 1 : 0;
    return KITH_OK;
}

static void disconnect_fake(struct kith_connection *connection, int in_good_order)
{
    assert(!connection->ended);
    connection->ended = true;
    connection->in_good_order = in_good_order;
}

static size_t read_batch_size(const struct kith_connection *connection)
{
    assert(!connection->ended);
    return connection->fake->batch_size;
}

// Nothing waits to go with others here.
static void count_flush(struct kith_backend *backend)
{
    fake_of(backend)->flushes++;
}

static int is_busy(const struct kith_connection *connection)
{
    assert(!connection->ended);
    return connection->busy;
}

static const struct kith_backend_ops fake_ops = {
    .open = open_fake,
    .close = close_fake,
    .connect = connect_fake,
    .send = send_fake,
    .disconnect = disconnect_fake,
    .batch_size = read_batch_size,
    .flush = count_flush,
    .busy = is_busy,
};

void fake_init(struct fake *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->backend.ops = &fake_ops;
    fake->batch_size = 1200;
}

void fake_forget_last(struct fake *fake)
{
    struct kith_connection *connection = fake->connections[--fake->connection_count];
    for (size_t batch = 0; batch < connection->sent_count; batch++) {
        free(connection->sent[batch].bytes);
    }
    assert(connection->ended); // the node leaves none behind
    free(connection);
}

void fake_fini(struct fake *fake)
{
    assert(!fake->open);
    while (fake->connection_count > 0) {
        fake_forget_last(fake);
    }
}

struct kith_connection *fake_accept(struct fake *fake, const struct kith_endpoint *remote)
{
    struct kith_connection *connection = add_connection(fake, remote, false);
    connection->owner = fake->events->accepted(fake->owner, connection, remote);
    if (connection->owner == NULL) {
        connection->ended = true;
        return NULL;
    }
    fake_connected(connection);
    return connection;
}

struct kith_connection *fake_dialed(struct fake *fake)
{
    for (size_t i = fake->connection_count; i-- > 0;) {
        if (fake->connections[i]->dialed && !fake->connections[i]->ended) {
            return fake->connections[i];
        }
    }
    return NULL;
}

size_t fake_dials(const struct fake *fake)
{
    size_t dials = 0;
    for (size_t i = 0; i < fake->connection_count; i++) {
        dials += fake->connections[i]->dialed ? 1 : 0;
    }
    return dials;
}

void fake_connected(struct kith_connection *connection)
{
    connection->fake->events->connected(connection->owner);
}

void fake_closed(struct kith_connection *connection, enum kith_error reason)
{
    assert(!connection->ended);
    connection->ended = true;
    connection->fake->events->closed(connection->owner, reason);
}

void fake_writable(struct kith_connection *connection)
{
    connection->full = false;
    connection->fake->events->writable(connection->owner);
}

void fake_received(struct kith_connection *connection, unsigned stream, const void *data,
                   size_t size)
{
    assert(!connection->ended);
    connection->fake->events->heard(connection->owner);
    if (!connection->ended) {
        connection->fake->events->received(connection->owner, stream, data, size);
    }
}
