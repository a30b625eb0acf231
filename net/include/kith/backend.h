// SPDX-License-Identifier: Apache-2.0
// The contract between links and what carries them: SCTP over UDP, or memory. A back end moves
// whole messages (batches) over connections, reliable and in order within each stream, and knows
// nothing of frames, hellos or processes. One back end object per node; everything runs on the
// node's thread, from its idle.
#ifndef KITH_BACKEND_H
#define KITH_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include <kith/endpoint.h>
#include <kith/error.h>

// Streams (design D10): one pair of processes keeps to one stream.
enum {
    KITH_STREAM_CONTROL = 0,
    KITH_STREAM_URGENT = 1,
    KITH_STREAM_FIRST = 2, // FIRST to BULK - 1: by hash of (from, to)
    KITH_STREAMS = 16,
    KITH_STREAM_BULK = KITH_STREAMS - 1,
};

// One user message at most; larger payloads are cut by the link. What a receiver must accept.
#define KITH_BATCH_MAX 65536

struct kith_backend;
struct kith_connection;

// What the back end tells its owner. `owner` is that of open. The callee may call any function of
// the back end from inside, close included.
struct kith_backend_events {
    // A peer has connected to us. Sets the owner of the connection by the return value, and
    // connected follows before anything else; NULL refuses.
    void *(*accepted)(void *owner, struct kith_connection *connection,
                      const struct kith_endpoint *peer);
    // The rest get the connection's owner (of connect, or what accepted returned). From here on it
    // can be sent to.
    void (*connected)(void *connection_owner);
    // A whole batch. Borrowed for the call.
    void (*received)(void *connection_owner, unsigned stream, const void *data, size_t size);
    // Any byte of the peer arrived, heartbeats and acknowledgements of the carrier included: life.
    void (*heard)(void *connection_owner);
    // After a FULL from send: there is room again.
    void (*writable)(void *connection_owner);
    // The connection is over and its handle invalid after this call. LEFT: closed in good order by
    // the peer; UNREACHABLE: vanished, refused or never answered; VERSION: speaks something else.
    void (*closed)(void *connection_owner, enum kith_error reason);
};

struct kith_backend_ops {
    // Listens on `listen` (port 0: any free one) and gives the endpoint bound. Errors: IN_USE,
    // INVALID (an address this machine doesn't have), IO, NO_MEMORY.
    enum kith_error (*open)(struct kith_backend *backend, const struct kith_endpoint *listen,
                            const struct kith_backend_events *events, void *owner,
                            struct kith_endpoint *bound);
    // Ends all connections in good order, without further events, and the back end.
    void (*close)(struct kith_backend *backend);
    // Starts connecting; connected or closed follows, never from inside this call. Errors: LIMIT,
    // NO_MEMORY, UNREACHABLE (no route to that network).
    enum kith_error (*connect)(struct kith_backend *backend, const struct kith_endpoint *peer,
                               void *connection_owner, struct kith_connection **connection);
    // Copies one batch (1 to KITH_BATCH_MAX bytes) into the connection. FULL: not taken; writable
    // follows. DOWN: the connection is ending.
    enum kith_error (*send)(struct kith_connection *connection, unsigned stream, const void *data,
                            size_t size);
    // Ends a connection: in good order (all sent data arrives first, the peer sees LEFT) or at
    // once. No closed event follows; the handle is invalid afterwards.
    void (*disconnect)(struct kith_connection *connection, int in_good_order);
    // Bytes of a batch that travel in one packet at the path MTU now; at least 512.
    size_t (*batch_size)(const struct kith_connection *connection);
    // Nothing more will be sent for now: what was leaves without waiting for more to go with it.
    void (*flush)(struct kith_backend *backend);
    // True while sent data has not all been acknowledged by the peer.
    int (*busy)(const struct kith_connection *connection);
};

// The head of every back end; its own state follows in the object that embeds it.
struct kith_backend {
    const struct kith_backend_ops *ops;
};

#endif
