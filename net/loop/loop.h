// SPDX-License-Identifier: Apache-2.0
// The inside of the network in memory.
#ifndef KITHI_LOOP_H
#define KITHI_LOOP_H

#include <kith/net_loop.h>

#define KITHI_LOOP_RETRY_NS UINT64_C(200000000)

enum {
    KITHI_LOOP_BUFFER = 256 * 1024,
    KITHI_LOOP_BATCH = 1400,
    KITHI_LOOP_BACKOFF = 3, // doublings of the time between two tries
    KITHI_LOOP_TRIES = 12,  // of one packet, before the connection is given up
    KITHI_LOOP_PACKET = 64, // bytes of a packet without data, for slow paths
};

enum kithi_item_kind {
    KITHI_ITEM_CONNECT,
    KITHI_ITEM_ACCEPT,
    KITHI_ITEM_REFUSE,
    KITHI_ITEM_DATA,
    KITHI_ITEM_ACK,
    KITHI_ITEM_HEARTBEAT,
    KITHI_ITEM_ANSWER,   // to a heartbeat
    KITHI_ITEM_SHUTDOWN, // nothing more follows
    KITHI_ITEM_ABORT,
    KITHI_ITEM_BREAK, // not a packet: the network's will
    KITHI_ITEM_TIMER, // not a packet: the next heartbeat is due
};

// One batch, in the list of the end that will receive it, in the order in which it was sent.
struct kithi_data {
    struct kithi_data *next;
    size_t size;
    bool arrived;
    unsigned char bytes[];
};

// A packet on its way, or a timer.
struct kithi_item {
    uint64_t due_ns, order; // of two due at once the older is first
    uint64_t first_ns;      // when it was first sent
    enum kithi_item_kind kind;
    bool lost;                         // when it is due it is sent again
    uint8_t tries;                     // so far
    uint32_t from_place, place;        // where it comes from and goes to
    struct kith_connection *from, *to; // ends, each with a reference; may be NULL
    struct kithi_data *data;           // in to->streams
    size_t size;                       // of the data, or of what is acknowledged
    unsigned stream;
    struct kithi_item *next; // in an inbox
};

struct kithi_stream {
    struct kithi_data *first, *last;
};

enum kithi_connection_state {
    KITHI_CONNECTION_CONNECTING,
    KITHI_CONNECTION_OPEN,
    KITHI_CONNECTION_CLOSING, // what was sent still arrives; hears nothing
    KITHI_CONNECTION_ENDED,
};

// One end of a connection.
struct kith_connection {
    struct kith_loop_network *network;
    struct kithi_backend *backend; // NULL when it has no owner any longer
    struct kith_connection *next;  // of the back end
    struct kith_connection *peer;  // the other end, with a reference; NULL: not yet, no longer
    uint32_t refs;
    enum kithi_connection_state state;
    uint32_t place, peer_place;
    void *owner;
    size_t unacknowledged;
    bool full;          // the owner waits for writable
    bool shut;          // the peer has said that nothing more follows
    bool deaf;          // broken: what is on its way to here is lost
    uint32_t asked;     // heartbeats since the last answer
    size_t outstanding; // batches in streams
    struct kithi_stream streams[KITH_STREAMS];
};

struct kithi_backend {
    struct kith_backend head;
    struct kith_loop_network *network;
    void (*arrived)(void *state);
    void *arrived_state;
    bool open, crashed;
    uint32_t place;
    struct kith_backend_events events;
    void *owner;
    struct kith_connection *connections;
    struct kithi_item *first, *last; // the inbox
    struct kithi_backend *next;
};

struct kithi_path {
    struct kith_loop_path path;
    uint64_t free_ns; // a slow path is busy until then
    uint64_t broken;
};

// An endpoint, in use or not.
struct kithi_place {
    struct kith_endpoint endpoint;
    struct kithi_backend *backend; // who is there, or NULL
    bool silent;                   // crashed: doesn't even refuse
    bool refuses;
};

struct kith_loop_network {
    struct kith_loop_options options;
    uint64_t now_ns, random, next_order;
    struct kithi_place *places;
    struct kithi_path *paths; // [from * capacity + to]
    uint32_t place_count, place_capacity;
    uint16_t next_port;
    struct kithi_item **heap; // from 1 on
    size_t item_count, item_capacity;
    size_t inbox_count, connection_count;
    struct kithi_backend *backends;
};

// network.c
enum kith_error kithi_loop_place(struct kith_loop_network *network,
                                 const struct kith_endpoint *endpoint, uint32_t *place);
struct kithi_path *kithi_loop_path(struct kith_loop_network *network, uint32_t from, uint32_t to);
uint64_t kithi_loop_draw(struct kith_loop_network *network, uint64_t below);

// A packet from `from` to `to`, its peer. Where one of them is NULL (a place without a connection)
// the caller sets from_place and place before kithi_loop_launch.
struct kithi_item *kithi_loop_item(struct kith_loop_network *network, enum kithi_item_kind kind,
                                   struct kith_connection *from, struct kith_connection *to);
void kithi_loop_launch(struct kith_loop_network *network, struct kithi_item *item);
void kithi_loop_packet(struct kith_connection *from, enum kithi_item_kind kind);

// Not over the network: at `end` itself, when that time has come.
void kithi_loop_at(struct kith_connection *end, enum kithi_item_kind kind, uint64_t due_ns);
void kithi_loop_item_free(struct kithi_item *item);

// malloc that doesn't fail.
void *kithi_loop_allocate(size_t size);

// connection.c
struct kith_connection *kithi_connection_new(struct kithi_backend *backend, uint32_t peer_place,
                                             void *owner);
struct kith_connection *kithi_connection_ref(struct kith_connection *end);
void kithi_connection_unref(struct kith_connection *end);
// Takes the end away from its back end; `state` is CLOSING or ENDED.
void kithi_connection_end(struct kith_connection *end, enum kithi_connection_state state);
enum kith_error kithi_connection_send(struct kith_connection *end, unsigned stream,
                                      const void *data, size_t size);
void kithi_connection_disconnect(struct kith_connection *end, int in_good_order);
// The carrier's part of accepting: the peer learns it, and the owner will be told. False: refused.
bool kithi_connection_accept(struct kithi_backend *backend, struct kithi_item *item);
// Hands an item to the back end where it has arrived. The item stays the caller's.
void kithi_connection_take(struct kithi_backend *backend, struct kithi_item *item);

#endif
