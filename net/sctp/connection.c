// SPDX-License-Identifier: Apache-2.0
// Connections: one association of SCTP each. usrsctp only leaves notes here (its upcalls); what
// they mean is worked out later, from the loop, where everything may be called.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sctp.h"

static void take_note(struct socket *socket, void *argument, int flags)
{
    (void)socket;
    (void)flags;
    kithi_sctp_connection_note(argument);
}

void kithi_sctp_connection_note(struct kith_connection *connection)
{
    struct kithi_sctp *self = connection->backend;
    if (connection->noted || connection->state == KITHI_SCTP_OVER) {
        return;
    }
    connection->noted = true;
    connection->next_noted = NULL;
    if (self->last_noted == NULL) {
        self->noted = connection;
    } else {
        self->last_noted->next_noted = connection;
    }
    self->last_noted = connection;
}

static void insert(struct kithi_sctp *self, struct kith_connection *connection)
{
    connection->next = self->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    self->connections = connection;
    connection->next_in_slot = connection->slot->connections;
    connection->slot->connections = connection;
    self->counters.connections++;
}

static void remove_connection(struct kith_connection *connection)
{
    struct kithi_sctp *self = connection->backend;
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        self->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    struct kith_connection **link = &connection->slot->connections;
    while (*link != connection) {
        link = &(*link)->next_in_slot;
    }
    *link = connection->next_in_slot;
    self->counters.connections--;
}

static struct kith_connection *make_connection(struct kithi_sctp *self,
                                               struct kithi_sctp_slot *slot, struct socket *socket,
                                               enum kithi_sctp_state state)
{
    struct kith_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->backend = self;
    connection->slot = slot;
    connection->socket = socket;
    connection->state = (uint8_t)state;
    connection->local_port = kithi_sctp_socket_local_port(socket);
    usrsctp_set_upcall(socket, take_note, connection);
    insert(self, connection);
    kithi_sctp_rouse(self);
    return connection;
}

static uint64_t after_ms(const struct kithi_sctp *self, uint32_t timeout_ms)
{
    return kithi_sctp_now_ns(self) + timeout_ms * UINT64_C(1000000);
}

enum kith_error kithi_sctp_connection_open(struct kithi_sctp *self,
                                           const struct kith_endpoint *peer, void *owner,
                                           struct kith_connection **connection)
{
    if (self->counters.connections >= self->options.connections) {
        return KITH_ERROR_LIMIT;
    }
    struct kithi_sctp_slot *slot;
    struct socket *socket;
    enum kith_error error = kithi_sctp_slot_take(self, peer, &slot);
    if (error != KITH_OK) {
        return error;
    }
    error = kithi_sctp_socket_open(slot, 0, &socket);
    if (error != KITH_OK) {
        kithi_sctp_slot_release(slot);
        return error;
    }
    struct kith_connection *opened = make_connection(self, slot, socket, KITHI_SCTP_CONNECTING);
    if (opened == NULL) {
        kithi_sctp_socket_abort(socket);
        kithi_sctp_slot_release(slot);
        return KITH_ERROR_NO_MEMORY;
    }
    opened->owner = owner;
    opened->peer_port = htons(KITH_SCTP_PORT);
    opened->give_up_ns = after_ms(self, self->options.connect_ms);
    error = kithi_sctp_socket_connect(slot, socket);
    if (error != KITH_OK) {
        kithi_sctp_connection_end(opened);
        return error;
    }
    *connection = opened;
    return KITH_OK;
}

bool kithi_sctp_connection_accept(struct kithi_sctp_slot *slot, const unsigned char *packet)
{
    struct kithi_sctp *self = slot->backend;
    for (bool accepted = false;; accepted = true) {
        struct sockaddr_conn peer;
        socklen_t size = sizeof peer;
        memset(&peer, 0, sizeof peer);
        struct socket *socket = usrsctp_accept(slot->listener, (struct sockaddr *)&peer, &size);
        if (socket == NULL) {
            return accepted;
        }
        kithi_sctp_slot_settle(slot);
        bool room = self->counters.connections < self->options.connections;
        struct kith_connection *connection =
            room ? make_connection(self, slot, socket, KITHI_SCTP_ACCEPTED) : NULL;
        if (connection == NULL) {
            self->counters.connects_limited++;
            kithi_sctp_socket_abort(socket);
            kithi_sctp_slot_release(slot);
            return true;
        }
        connection->peer_port = peer.sconn_port;
        memcpy(&connection->tag, packet + KITHI_SCTP_TAG_PLACE, sizeof connection->tag);
        kithi_sctp_connection_note(connection);
    }
}

// Frees it when nobody can be looking at it any more.
static void bury(struct kith_connection *connection)
{
    struct kithi_sctp *self = connection->backend;
    connection->next_noted = self->ended;
    self->ended = connection;
}

// What is left when the socket is gone.
static void end(struct kith_connection *connection)
{
    struct kithi_sctp *self = connection->backend;
    kithi_sctp_enter(self);
    connection->state = KITHI_SCTP_OVER;
    remove_connection(connection);
    kithi_sctp_slot_release(connection->slot);
    free(connection->partial);
    connection->partial = NULL;
    if (!connection->noted) {
        bury(connection);
    }
    if (self->connections == NULL) {
        kithi_sctp_set_tick(self, 0);
    }
    kithi_sctp_leave(self);
}

void kithi_sctp_connection_end(struct kith_connection *connection)
{
    kithi_sctp_socket_abort(connection->socket);
    end(connection);
}

// There is no time to wait for an orderly end, but a peer that has acknowledged everything can be
// told that this is one.
static void say_farewell(struct kith_connection *connection)
{
    if (connection->state == KITHI_SCTP_LEAVING ||
        (connection->state == KITHI_SCTP_UP && !kithi_sctp_socket_busy(connection->socket))) {
        kithi_sctp_socket_farewell(connection->socket);
    } else {
        kithi_sctp_socket_abort(connection->socket);
    }
    end(connection);
}

void kithi_sctp_connections_close(struct kithi_sctp *self)
{
    while (self->connections != NULL) {
        say_farewell(self->connections);
    }
    while (self->noted != NULL) {
        struct kith_connection *connection = self->noted;
        self->noted = connection->next_noted;
        connection->noted = false;
        bury(connection);
    }
    self->last_noted = NULL;
}

static void tell_closed(struct kith_connection *connection, enum kith_error reason)
{
    struct kithi_sctp *self = connection->backend;
    void *owner = connection->owner;
    connection->owner = NULL;
    self->counters.closed++;
    self->events.closed(owner, reason);
}

void kithi_sctp_connection_lost(struct kith_connection *connection, enum kith_error reason)
{
    struct kithi_sctp *self = connection->backend;
    bool tell = connection->state == KITHI_SCTP_CONNECTING || connection->state == KITHI_SCTP_UP;
    void *owner = connection->owner;
    kithi_sctp_enter(self);
    kithi_sctp_connection_end(connection);
    if (tell) {
        connection->owner = owner;
        tell_closed(connection, reason);
    }
    kithi_sctp_leave(self);
}

void kithi_sctp_connection_leave(struct kith_connection *connection)
{
    if (connection->state != KITHI_SCTP_UP || usrsctp_shutdown(connection->socket, SHUT_WR) != 0) {
        kithi_sctp_connection_end(connection);
        return;
    }
    kithi_sctp_rouse(connection->backend);
    connection->state = KITHI_SCTP_LEAVING;
    connection->owner = NULL;
    connection->give_up_ns = after_ms(connection->backend, connection->backend->options.leave_ms);
}

// The peer has sent everything it had, and will send no more.
static void take_shutdown(struct kith_connection *connection)
{
    if (connection->state != KITHI_SCTP_UP) {
        return;
    }
    connection->state = KITHI_SCTP_LEAVING;
    connection->give_up_ns = after_ms(connection->backend, connection->backend->options.leave_ms);
    tell_closed(connection, KITH_ERROR_LEFT);
}

static void tell_accepted(struct kith_connection *connection)
{
    struct kithi_sctp *self = connection->backend;
    struct kith_endpoint peer = connection->slot->endpoint;
    void *owner = self->events.accepted(self->owner, connection, &peer);
    if (connection->state != KITHI_SCTP_UP) {
        return; // it was ended from inside
    }
    if (owner == NULL) {
        kithi_sctp_connection_end(connection);
        return;
    }
    connection->owner = owner;
    self->events.connected(owner);
}

static void take_up(struct kith_connection *connection, const struct sctp_assoc_change *change)
{
    struct kithi_sctp *self = connection->backend;
    if (change->sac_inbound_streams < KITH_STREAMS || change->sac_outbound_streams < KITH_STREAMS) {
        kithi_sctp_connection_lost(connection, KITH_ERROR_VERSION);
        return;
    }
    kithi_sctp_socket_set_priorities(connection->socket);
    if (connection->state == KITHI_SCTP_CONNECTING) {
        connection->state = KITHI_SCTP_UP;
        self->counters.connected++;
        self->events.connected(connection->owner);
    } else if (connection->state == KITHI_SCTP_ACCEPTED) {
        connection->state = KITHI_SCTP_UP;
        self->counters.accepted++;
        tell_accepted(connection);
    }
}

static void take_notification(struct kith_connection *connection, const unsigned char *bytes,
                              size_t size)
{
    const union sctp_notification *notification = (const void *)bytes;
    if (size >= sizeof notification->sn_shutdown_event &&
        notification->sn_header.sn_type == SCTP_SHUTDOWN_EVENT) {
        take_shutdown(connection);
        return;
    }
    const struct sctp_assoc_change *change = &notification->sn_assoc_change;
    if (size < sizeof *change || notification->sn_header.sn_type != SCTP_ASSOC_CHANGE) {
        return;
    }
    switch (change->sac_state) {
    case SCTP_COMM_UP:
        take_up(connection, change);
        break;
    case SCTP_SHUTDOWN_COMP:
        kithi_sctp_connection_lost(connection, KITH_ERROR_LEFT);
        break;
    default: // lost, couldn't start, or the peer has started anew on the same ports
        kithi_sctp_connection_lost(connection, kithi_sctp_is_farewell(change, size)
                                                   ? KITH_ERROR_LEFT
                                                   : KITH_ERROR_UNREACHABLE);
    }
}

// Keeps a part of a message. False: no memory, or larger than a message may be.
static bool keep_part(struct kith_connection *connection, const unsigned char *data, size_t size)
{
    if (connection->partial == NULL) {
        connection->partial = malloc(connection->backend->options.message_most);
    }
    size_t most = connection->backend->options.message_most;
    if (connection->partial == NULL || size > most - connection->partial_size) {
        return false;
    }
    memcpy(connection->partial + connection->partial_size, data, size);
    connection->partial_size += size;
    return true;
}

static void take_data(struct kith_connection *connection, const struct sctp_rcvinfo *info,
                      const unsigned char *data, size_t size, bool last)
{
    struct kithi_sctp *self = connection->backend;
    if (connection->state != KITHI_SCTP_UP) {
        return; // what a peer still sends to somebody who is leaving
    }
    if (ntohl(info->rcv_ppid) != KITH_SCTP_PPID || info->rcv_sid >= KITH_STREAMS) {
        kithi_sctp_connection_lost(connection, KITH_ERROR_VERSION);
        return;
    }
    if (last && connection->partial_size == 0) {
        self->events.received(connection->owner, info->rcv_sid, data, size);
        return;
    }
    if (!keep_part(connection, data, size)) {
        kithi_sctp_connection_lost(connection, KITH_ERROR_VERSION);
        return;
    }
    if (last) {
        unsigned char *whole = connection->partial;
        size = connection->partial_size;
        connection->partial = NULL;
        connection->partial_size = 0;
        self->events.received(connection->owner, info->rcv_sid, whole, size);
        free(whole);
    }
}

// Takes the next message or notification; false when there is none.
static bool receive(struct kith_connection *connection)
{
    struct kithi_sctp *self = connection->backend;
    struct sctp_rcvinfo info = {0};
    socklen_t info_size = sizeof info;
    unsigned info_type = 0;
    int flags = 0;
    ssize_t size = usrsctp_recvv(connection->socket, self->message, self->options.message_most,
                                 NULL, NULL, &info, &info_size, &info_type, &flags);
    if (size < 0 && (errno == EWOULDBLOCK || errno == EAGAIN || errno == ENOTCONN)) {
        return false;
    }
    if (size <= 0) {
        kithi_sctp_connection_lost(connection, KITH_ERROR_UNREACHABLE);
    } else if (flags & MSG_NOTIFICATION) {
        take_notification(connection, self->message, (size_t)size);
    } else {
        take_data(connection, &info, self->message, (size_t)size, flags & MSG_EOR);
    }
    return true;
}

static void work(struct kith_connection *connection)
{
    struct kithi_sctp *self = connection->backend;
    if (connection->heard) {
        connection->heard = false;
        if (connection->state == KITHI_SCTP_UP) {
            self->events.heard(connection->owner);
        }
    }
    int ready = 0;
    while (connection->state != KITHI_SCTP_OVER) {
        ready = usrsctp_get_events(connection->socket);
        if (!(ready & (SCTP_EVENT_READ | SCTP_EVENT_ERROR)) || !receive(connection)) {
            break;
        }
    }
    if (connection->blocked && connection->state == KITHI_SCTP_UP && ready & SCTP_EVENT_WRITE) {
        connection->blocked = false;
        self->events.writable(connection->owner);
    }
}

void kithi_sctp_connections_work(struct kithi_sctp *self)
{
    kithi_sctp_enter(self);
    while (self->noted != NULL) {
        struct kith_connection *connection = self->noted;
        self->noted = connection->next_noted;
        if (self->noted == NULL) {
            self->last_noted = NULL;
        }
        connection->noted = false;
        if (connection->state == KITHI_SCTP_OVER) {
            bury(connection);
        } else {
            work(connection);
        }
    }
    kithi_sctp_leave(self);
}

void kithi_sctp_connections_expire(struct kithi_sctp *self, uint64_t now_ns)
{
    kithi_sctp_enter(self);
    struct kith_connection *connection = self->connections;
    while (connection != NULL) {
        bool waits =
            connection->state == KITHI_SCTP_CONNECTING || connection->state == KITHI_SCTP_LEAVING;
        if (waits && now_ns >= connection->give_up_ns) {
            kithi_sctp_connection_lost(connection, KITH_ERROR_UNREACHABLE);
            connection = self->connections; // the owner may have ended any of them
        } else {
            connection = connection->next;
        }
    }
    kithi_sctp_leave(self);
}
