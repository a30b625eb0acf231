// SPDX-License-Identifier: Apache-2.0
// A back end that a test plays: it keeps what the node sends, and tells the node what the test
// says.
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>

#include <kith/backend.h>

enum { FAKE_SENT_MOST = 4096, FAKE_CONNECTIONS_MOST = 32 };

struct fake_batch {
    unsigned stream;
    size_t size, read; // how far the test has read it
    size_t flushes;    // of the back end before it
    unsigned char *bytes;
};

struct kith_connection {
    struct fake *fake;
    void *owner;
    struct kith_endpoint remote;
    bool dialed;        // by the node
    bool ended;         // by the node, or closed
    bool in_good_order; // how the node ended it
    bool full, busy;    // what send and busy say
    size_t room;        // batches until it is full; 0: no end
    struct fake_batch sent[FAKE_SENT_MOST];
    size_t sent_count, sent_read;
};

struct fake {
    struct kith_backend backend;
    const struct kith_backend_events *events;
    void *owner;
    bool open;
    size_t batch_size;
    enum kith_error connect_error; // what connect says
    size_t flushes;
    struct kith_connection *connections[FAKE_CONNECTIONS_MOST];
    size_t connection_count;
};

void fake_init(struct fake *fake);
void fake_fini(struct fake *fake);

// Frees the newest connection, which has ended, so that a test can have many one after the other.
void fake_forget_last(struct fake *fake);

// A peer connects from `remote`. NULL: the node refuses.
struct kith_connection *fake_accept(struct fake *fake, const struct kith_endpoint *remote);

// The last connection that the node has begun and not ended, or NULL.
struct kith_connection *fake_dialed(struct fake *fake);
size_t fake_dials(const struct fake *fake); // ever begun

void fake_connected(struct kith_connection *connection);
void fake_closed(struct kith_connection *connection, enum kith_error reason);
void fake_writable(struct kith_connection *connection);
void fake_received(struct kith_connection *connection, unsigned stream, const void *data,
                   size_t size);

#endif
