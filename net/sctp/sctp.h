// SPDX-License-Identifier: Apache-2.0
// What the files of the SCTP back end share. Only this folder includes it.
//
// usrsctp knows a peer by an address that it never looks into. Here that is the number of a slot: a
// peer's UDP endpoint and the back end that talks to it. Slots are registered with usrsctp when
// they are first used and then used again and again, because unregistering leaks without a thread
// of the library's own.
#ifndef KITHI_SCTP_H
#define KITHI_SCTP_H

#include <usrsctp.h>

#include <kith/backend_sctp.h>

#include "faults.h"

enum {
    KITHI_SCTP_CONNECTIONS = 1024, // defaults of the options
    KITHI_SCTP_HEARTBEAT_MS = 1000,
    KITHI_SCTP_CONNECT_MS = 4000,
    KITHI_SCTP_GIVE_UP_MS = 60000,
    KITHI_SCTP_LEAVE_MS = 5000,
    KITHI_SCTP_BUFFER = 4 << 20,
    KITHI_SCTP_BUFFERS_TOTAL = 128 << 20,
    KITHI_SCTP_BUFFER_LEAST = 256 << 10,

    KITHI_SCTP_SLOT_CHUNK = 64,
    KITHI_SCTP_SLOT_CHUNKS = 1024,
    KITHI_SCTP_BUCKETS = 256,
    KITHI_SCTP_STRANGERS = 256, // that may be connecting at once, all back ends together
    KITHI_SCTP_STRANGER_WAYS = 8,
    KITHI_SCTP_STRANGER_MS = 3000, // then its place may go to another

    KITHI_SCTP_TICK_MS = 10,
    KITHI_SCTP_SLOW_TICK_MS = 100, // when nothing is under way but heartbeats
    KITHI_SCTP_QUIET_TICKS = 5,    // before that

    KITHI_SCTP_CHUNK_INIT = 1, // RFC 9260, 3.2
    KITHI_SCTP_CHUNK_COOKIE_ECHO = 10,
    KITHI_SCTP_HEADER_SIZE = 12,  // RFC 9260, 3.1
    KITHI_SCTP_TAG_PLACE = 4,     // in it
    KITHI_SCTP_DATA_SIZE = 16,    // header of a DATA chunk, 3.3.1
    KITHI_SCTP_BATCH_LEAST = 512, // what batch_size promises
};

struct kithi_sctp;

struct kithi_sctp_slot {
    struct kithi_sctp *backend; // NULL: free
    struct kith_endpoint endpoint;
    uint32_t number;
    uint32_t next; // in the back end's bucket, or in the list of free ones
    struct kith_connection *connections;
    struct socket *listener; // of connections from this peer; kept when the slot is used again
    size_t path_size;        // of a UDP payload
    uint64_t asked_ns;       // when the peer last asked to connect; 0: never
};

enum kithi_sctp_state {
    KITHI_SCTP_CONNECTING,
    KITHI_SCTP_ACCEPTED, // usrsctp has it, the owner hasn't been asked yet
    KITHI_SCTP_UP,
    KITHI_SCTP_LEAVING, // over for the owner, but not for the peer
    KITHI_SCTP_OVER,    // only waits to be freed
};

struct kith_connection {
    struct kithi_sctp *backend;
    struct kithi_sctp_slot *slot;
    struct socket *socket;
    void *owner;
    struct kith_connection *next_in_slot;
    struct kith_connection *next, *previous; // of the back end
    struct kith_connection *next_noted;      // or among those to be freed
    uint16_t local_port, peer_port;          // in network order
    uint32_t tag;                            // that the peer's packets carry, as they do
    uint8_t state;
    bool noted;             // there may be something to do
    bool heard;             // a packet has come
    bool blocked;           // the owner waits for room
    uint64_t give_up_ns;    // while CONNECTING or LEAVING
    unsigned char *partial; // of a message that comes in parts
    size_t partial_size;
};

struct kithi_sctp {
    struct kith_backend backend;
    struct kith_backend_sctp_options options;
    struct kithi_sctp_faults faults;
    struct kith_backend_events events;
    void *owner;
    bool opened, closed;
    bool doomed;    // to be freed when depth is 0 again
    unsigned depth; // of calls into the owner
    uint32_t tick_ms;
    unsigned quiet_ticks;                 // since a packet was sent or came
    uint32_t buckets[KITHI_SCTP_BUCKETS]; // slots, by endpoint
    struct kith_connection *connections;
    struct kith_connection *noted, *last_noted, *ended;
    struct kith_backend_sctp_counters counters;
    unsigned char *message; // options.message_most bytes
};

// stack.c: the one instance of usrsctp
enum kith_error kithi_sctp_stack_ref(const struct kith_platform *platform);
void kithi_sctp_stack_unref(void);
void kithi_sctp_stack_tick(uint64_t now_ns);
void kithi_sctp_stack_input(struct kithi_sctp_slot *slot, const void *packet, size_t size);
uint32_t kithi_sctp_stack_crc32c(const void *data, size_t size);
// A number that nobody outside can guess, the same for the same endpoint.
uint64_t kithi_sctp_stack_hash(const struct kith_endpoint *endpoint);
// True if this stranger, which asks to connect or answers (`asks` false) our question back, has its
// turn. Those who flood us with questions don't take the turns of those who have answered.
bool kithi_sctp_stack_may_greet(const struct kith_endpoint *endpoint, bool asks, uint64_t now_ns);

// slot.c
struct kithi_sctp_slot *kithi_sctp_slot_at(const void *address);
void *kithi_sctp_slot_address(const struct kithi_sctp_slot *slot);
// The slot of `endpoint`, or NULL if it has none: it is a stranger.
struct kithi_sctp_slot *kithi_sctp_slot_find(const struct kithi_sctp *self,
                                             const struct kith_endpoint *endpoint);
// The same, but a stranger gets one. Errors: LIMIT, NO_MEMORY, UNREACHABLE.
enum kith_error kithi_sctp_slot_take(struct kithi_sctp *self, const struct kith_endpoint *endpoint,
                                     struct kithi_sctp_slot **slot);
// A slot for a stranger that asks to connect or answers (`asks` false) our question back. NULL: no.
struct kithi_sctp_slot *kithi_sctp_slot_greet(struct kithi_sctp *self,
                                              const struct kith_endpoint *endpoint, bool asks);
// The stranger has become a peer.
void kithi_sctp_slot_settle(struct kithi_sctp_slot *slot);
// Gives the slot back if it has no connection.
void kithi_sctp_slot_release(struct kithi_sctp_slot *slot);
// A slot for one packet of a stranger that isn't connecting: usrsctp will say so.
struct kithi_sctp_slot *kithi_sctp_slot_stray(struct kithi_sctp *self,
                                              const struct kith_endpoint *endpoint);
void kithi_sctp_slots_forget(const struct kithi_sctp *self);
void kithi_sctp_slots_close(void);

// socket.c
// Bytes that the next connection may have in each direction, beside so many: `most`, or a share of
// `total` if that is less, but KITHI_SCTP_BUFFER_LEAST in any case.
size_t kithi_sctp_find_buffer(size_t most, size_t total, uint32_t connections);
enum kith_error kithi_sctp_socket_open(const struct kithi_sctp_slot *slot, uint16_t port,
                                       struct socket **socket);
enum kith_error kithi_sctp_socket_connect(const struct kithi_sctp_slot *slot,
                                          struct socket *socket);
enum kith_error kithi_sctp_socket_listen(struct kithi_sctp_slot *slot);
uint16_t kithi_sctp_socket_local_port(struct socket *socket);
void kithi_sctp_socket_set_path(struct socket *socket, const struct kithi_sctp_slot *slot);
void kithi_sctp_socket_set_priorities(struct socket *socket);
// Errors: FULL, DOWN.
enum kith_error kithi_sctp_socket_send(struct socket *socket, unsigned stream, const void *data,
                                       size_t size);
bool kithi_sctp_socket_busy(struct socket *socket);
void kithi_sctp_socket_abort(struct socket *socket);    // and free it
void kithi_sctp_socket_farewell(struct socket *socket); // abort, but the peer sees LEFT
bool kithi_sctp_is_farewell(const struct sctp_assoc_change *change, size_t size);

// connection.c
enum kith_error kithi_sctp_connection_open(struct kithi_sctp *self,
                                           const struct kith_endpoint *peer, void *owner,
                                           struct kith_connection **connection);
// What came of a packet, one with a cookie. False: there was nothing to accept.
bool kithi_sctp_connection_accept(struct kithi_sctp_slot *slot, const unsigned char *packet);
// Tells the owner, and ends it.
void kithi_sctp_connection_lost(struct kith_connection *connection, enum kith_error reason);
// Ends it without telling.
void kithi_sctp_connection_end(struct kith_connection *connection);
void kithi_sctp_connection_leave(struct kith_connection *connection);
// Ends all, without telling.
void kithi_sctp_connections_close(struct kithi_sctp *self);
void kithi_sctp_connection_note(struct kith_connection *connection);
// Does what there is to do for all that were noted.
void kithi_sctp_connections_work(struct kithi_sctp *self);
// Gives up those whose time has come.
void kithi_sctp_connections_expire(struct kithi_sctp *self, uint64_t now_ns);
uint64_t kithi_sctp_now_ns(const struct kithi_sctp *self);

// backend.c
void kithi_sctp_output(struct kithi_sctp_slot *slot, void *packet, size_t size);
// Something is about to happen: makes usrsctp's clock right, and tick as fast as it needs.
void kithi_sctp_rouse(struct kithi_sctp *self);
void kithi_sctp_set_tick(struct kithi_sctp *self, uint32_t period_ms);
void kithi_sctp_enter(struct kithi_sctp *self);
void kithi_sctp_leave(struct kithi_sctp *self); // may free it

#endif
