// SPDX-License-Identifier: Apache-2.0
// The back end as its owner sees it, and the way of a packet: UDP, unseal, SCTP, and back.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sctp.h"
#include "seal.h"

static struct kithi_sctp *from_backend(const struct kith_backend *backend)
{
    return (struct kithi_sctp *)(void *)backend; // it is the first member
}

uint64_t kithi_sctp_now_ns(const struct kithi_sctp *self)
{
    const struct kith_platform *platform = self->options.platform;
    return platform->now_ns(platform->state);
}

// Between enter and leave nothing is freed that a caller up the stack may look at.
void kithi_sctp_enter(struct kithi_sctp *self)
{
    self->depth++;
}

static void free_backend(struct kithi_sctp *self)
{
    kithi_sctp_faults_fini(&self->faults);
    free(self->message);
    free(self);
}

void kithi_sctp_leave(struct kithi_sctp *self)
{
    if (--self->depth > 0) {
        return;
    }
    while (self->ended != NULL) {
        struct kith_connection *connection = self->ended;
        self->ended = connection->next_noted;
        free(connection);
    }
    if (self->doomed) {
        free_backend(self);
    }
}

void kithi_sctp_set_tick(struct kithi_sctp *self, uint32_t period_ms)
{
    struct kith_udp *udp = self->options.udp;
    if (!self->closed && self->tick_ms != period_ms) {
        self->tick_ms = period_ms;
        udp->ops->set_tick(udp, period_ms);
    }
}

void kithi_sctp_rouse(struct kithi_sctp *self)
{
    self->quiet_ticks = 0;
    if (self->tick_ms == KITHI_SCTP_TICK_MS) {
        return;
    }
    kithi_sctp_stack_tick(kithi_sctp_now_ns(self));
    if (self->connections != NULL) {
        kithi_sctp_set_tick(self, KITHI_SCTP_TICK_MS);
    }
}

// Who asks for a connection says with which tag it is to be answered.
static void note_tag(struct kithi_sctp_slot *slot, const unsigned char *init)
{
    struct kith_connection *connection = slot->connections;
    for (; connection != NULL; connection = connection->next_in_slot) {
        if (memcmp(&connection->local_port, init, sizeof connection->local_port) == 0) {
            memcpy(&connection->tag, init + KITHI_SCTP_HEADER_SIZE + 4, sizeof connection->tag);
            return;
        }
    }
}

void kithi_sctp_output(struct kithi_sctp_slot *slot, void *packet, size_t size)
{
    struct kithi_sctp *self = slot->backend;
    if (((unsigned char *)packet)[KITHI_SCTP_HEADER_SIZE] == KITHI_SCTP_CHUNK_INIT) {
        note_tag(slot, packet);
    }
    const void *datagram;
    size_t datagram_size;
    kithi_seal(packet, size, &datagram, &datagram_size);
    self->counters.packets_sent++;
    self->quiet_ticks = 0;
    if (!self->closed) {
        kithi_sctp_faults_send(&self->faults, &slot->endpoint, datagram, datagram_size,
                               kithi_sctp_now_ns(self));
    }
}

// The checksum is in the last 4 bytes of the header, lowest byte first, and covers the packet with
// zeros in its place (RFC 9260, 6.8).
static bool is_sctp(unsigned char *packet, size_t size)
{
    if (size < KITHI_SCTP_HEADER_SIZE + 4 || size % 4 != 0) {
        return false;
    }
    uint32_t expected = 0;
    for (int byte = 0; byte < 4; byte++) {
        unsigned char *field = packet + KITHI_SCTP_HEADER_SIZE - 4 + byte;
        expected |= (uint32_t)*field << 8 * byte;
        *field = 0;
    }
    return kithi_sctp_stack_crc32c(packet, size) == expected;
}

static uint32_t read_number(const unsigned char *bytes, size_t size)
{
    uint32_t number = 0;
    for (size_t byte = 0; byte < size; byte++) {
        number = number << 8 | bytes[byte];
    }
    return number;
}

// An INIT that can't be makes usrsctp abort the association that it has between these ports, though
// anybody can send one (RFC 9260, 5.2.1, would have that go on). So it gets those only that can be,
// alone and without parameters: all that they could ask for is off (stack.c). Cuts the packet.
static bool trim_init(unsigned char *packet, size_t *size)
{
    enum { INITIATE_TAG = 4, WINDOW = 8, OUT = 12, IN = 14, INIT_SIZE = 20, WINDOW_LEAST = 1500 };
    unsigned char *init = packet + KITHI_SCTP_HEADER_SIZE;
    if (*size < KITHI_SCTP_HEADER_SIZE + INIT_SIZE ||
        read_number(packet + KITHI_SCTP_TAG_PLACE, 4) != 0 ||
        read_number(init + INITIATE_TAG, 4) == 0 || read_number(init + WINDOW, 4) < WINDOW_LEAST ||
        read_number(init + OUT, 2) == 0 || read_number(init + IN, 2) == 0) {
        return false;
    }
    init[2] = 0;
    init[3] = INIT_SIZE; // its length, without which there are no parameters
    *size = KITHI_SCTP_HEADER_SIZE + INIT_SIZE;
    return true;
}

// A slot for a packet of somebody who isn't a peer, by its first chunk. NULL: it is dropped.
static struct kithi_sctp_slot *greet(struct kithi_sctp *self, const struct kith_endpoint *from,
                                     unsigned char chunk)
{
    if (chunk != KITHI_SCTP_CHUNK_INIT && chunk != KITHI_SCTP_CHUNK_COOKIE_ECHO) {
        self->counters.strays++;
        return kithi_sctp_slot_stray(self, from);
    }
    struct kithi_sctp_slot *slot = NULL;
    bool asks = chunk == KITHI_SCTP_CHUNK_INIT;
    if (self->counters.connections < self->options.connections &&
        kithi_sctp_stack_may_greet(from, asks, kithi_sctp_now_ns(self))) {
        slot = kithi_sctp_slot_greet(self, from, asks);
    }
    if (slot == NULL) {
        self->counters.connects_limited++;
    }
    return slot;
}

// Only what has the right tag is of the peer: anybody can send the rest in its name.
static void note_heard(struct kithi_sctp_slot *slot, const unsigned char *packet)
{
    uint16_t peer_port, local_port;
    uint32_t tag;
    memcpy(&peer_port, packet, sizeof peer_port);
    memcpy(&local_port, packet + sizeof peer_port, sizeof local_port);
    memcpy(&tag, packet + KITHI_SCTP_TAG_PLACE, sizeof tag);
    struct kith_connection *connection = slot->connections;
    while (connection != NULL &&
           (connection->peer_port != peer_port || connection->local_port != local_port)) {
        connection = connection->next_in_slot;
    }
    if (connection != NULL && connection->tag == tag) {
        connection->heard = true;
        kithi_sctp_connection_note(connection);
    }
}

static void take_answer(struct kithi_sctp *self, struct kithi_sctp_slot *slot,
                        const struct kith_endpoint *from, const void *packet, size_t size)
{
    bool was_stranger = slot->connections == NULL;
    kithi_sctp_stack_input(slot, packet, size);
    if (!kithi_sctp_connection_accept(slot, packet) && was_stranger) {
        // Its cookie was for a place that another stranger has got since: it should start again,
        // rather than wait for an answer.
        slot = kithi_sctp_slot_stray(self, from);
        kithi_sctp_stack_input(slot, packet, size);
    }
}

static void take_datagram(void *owner, const struct kith_endpoint *from, void *data, size_t size)
{
    struct kithi_sctp *self = owner;
    void *unsealed;
    kithi_unseal(data, size, &unsealed, &size);
    unsigned char *packet = unsealed;
    if (packet == NULL || !is_sctp(packet, size)) {
        self->counters.malformed++;
        return;
    }
    self->counters.packets_received++;
    kithi_sctp_rouse(self);
    unsigned char chunk = packet[KITHI_SCTP_HEADER_SIZE];
    if (chunk == KITHI_SCTP_CHUNK_INIT && !trim_init(packet, &size)) {
        self->counters.malformed++;
        return;
    }
    struct kithi_sctp_slot *slot = kithi_sctp_slot_find(self, from);
    if (slot == NULL) {
        slot = greet(self, from, chunk);
    } else if (chunk == KITHI_SCTP_CHUNK_INIT) {
        slot->asked_ns = kithi_sctp_now_ns(self);
        if (kithi_sctp_socket_listen(slot) != KITH_OK) {
            slot = NULL;
        }
    }
    if (slot == NULL) {
        return;
    }
    if (chunk == KITHI_SCTP_CHUNK_COOKIE_ECHO && slot->listener != NULL) {
        take_answer(self, slot, from, packet, size);
    } else {
        kithi_sctp_stack_input(slot, packet, size);
        note_heard(slot, packet);
    }
}

static void settle(void *owner)
{
    kithi_sctp_connections_work(owner);
}

static bool is_anything_under_way(const struct kithi_sctp *self)
{
    if (self->faults.held_count > 0) {
        return true;
    }
    for (const struct kith_connection *connection = self->connections; connection != NULL;
         connection = connection->next) {
        if (connection->state != KITHI_SCTP_UP || kithi_sctp_socket_busy(connection->socket)) {
            return true;
        }
    }
    return false;
}

// An idle node is woken less often.
static void choose_tick(struct kithi_sctp *self)
{
    if (self->connections == NULL) {
        return;
    }
    if (self->quiet_ticks++ == 0) {
        kithi_sctp_set_tick(self, KITHI_SCTP_TICK_MS);
    } else if (self->quiet_ticks >= KITHI_SCTP_QUIET_TICKS && self->tick_ms == KITHI_SCTP_TICK_MS) {
        if (is_anything_under_way(self)) {
            self->quiet_ticks = 1;
        } else {
            kithi_sctp_set_tick(self, KITHI_SCTP_SLOW_TICK_MS);
        }
    }
}

static void tick(void *owner)
{
    struct kithi_sctp *self = owner;
    uint64_t now_ns = kithi_sctp_now_ns(self);
    kithi_sctp_enter(self);
    kithi_sctp_faults_tick(&self->faults, now_ns);
    kithi_sctp_stack_tick(now_ns);
    choose_tick(self);
    kithi_sctp_connections_expire(self, now_ns);
    kithi_sctp_connections_work(self);
    kithi_sctp_leave(self);
}

// Somebody whose host says so isn't there; but an established connection doesn't end by a message
// that anybody can forge (RFC 9260, 10).
static void take_refusal(void *owner, const struct kith_endpoint *to)
{
    struct kithi_sctp *self = owner;
    struct kithi_sctp_slot *slot = kithi_sctp_slot_find(self, to);
    if (slot == NULL) {
        return;
    }
    for (struct kith_connection *connection = slot->connections; connection != NULL;
         connection = connection->next_in_slot) {
        if (connection->state == KITHI_SCTP_CONNECTING) {
            connection->give_up_ns = 0; // at the next tick
        }
    }
}

static void take_narrowing(void *owner, const struct kith_endpoint *to)
{
    struct kithi_sctp *self = owner;
    struct kithi_sctp_slot *slot = kithi_sctp_slot_find(self, to);
    if (slot == NULL ||
        self->options.udp->ops->path(self->options.udp, to, &slot->path_size) != KITH_OK) {
        return;
    }
    for (struct kith_connection *connection = slot->connections; connection != NULL;
         connection = connection->next_in_slot) {
        kithi_sctp_socket_set_path(connection->socket, slot);
    }
}

static enum kith_error open_backend(struct kith_backend *backend,
                                    const struct kith_endpoint *listen,
                                    const struct kith_backend_events *events, void *owner,
                                    struct kith_endpoint *bound)
{
    static const struct kith_udp_events udp_events = {
        .received = take_datagram,
        .settled = settle,
        .tick = tick,
        .refused = take_refusal,
        .narrowed = take_narrowing,
    };
    struct kithi_sctp *self = from_backend(backend);
    struct kith_udp *udp = self->options.udp;
    assert(!self->opened);
    enum kith_error error = kithi_sctp_stack_ref(self->options.platform);
    if (error != KITH_OK) {
        return error;
    }
    self->events = *events;
    self->owner = owner;
    error = udp->ops->open(udp, listen, &udp_events, self, bound);
    if (error != KITH_OK) {
        kithi_sctp_stack_unref();
        return error;
    }
    self->opened = true;
    return KITH_OK;
}

static void close_backend(struct kith_backend *backend)
{
    struct kithi_sctp *self = from_backend(backend);
    struct kith_udp *udp = self->options.udp;
    assert(self->opened && !self->closed);
    kithi_sctp_enter(self);
    kithi_sctp_connections_close(self);
    kithi_sctp_slots_forget(self);
    self->closed = true;
    self->counters.udp = udp->counters;
    udp->ops->close(udp);
    kithi_sctp_stack_unref();
    kithi_sctp_leave(self);
}

static enum kith_error connect_peer(struct kith_backend *backend, const struct kith_endpoint *peer,
                                    void *connection_owner, struct kith_connection **connection)
{
    struct kithi_sctp *self = from_backend(backend);
    assert(self->opened && !self->closed);
    return kithi_sctp_connection_open(self, peer, connection_owner, connection);
}

static enum kith_error send_batch(struct kith_connection *connection, unsigned stream,
                                  const void *data, size_t size)
{
    assert(stream < KITH_STREAMS && size > 0 && size <= KITH_BATCH_MAX);
    if (connection->state != KITHI_SCTP_UP) {
        return KITH_ERROR_DOWN;
    }
    kithi_sctp_rouse(connection->backend);
    enum kith_error error = kithi_sctp_socket_send(connection->socket, stream, data, size);
    if (error == KITH_ERROR_FULL) {
        connection->blocked = true;
        connection->backend->counters.full++;
    } else if (error == KITH_ERROR_DOWN) {
        kithi_sctp_connection_note(connection); // closed follows
    }
    return error;
}

static void flush(struct kith_backend *backend)
{
    const struct kithi_sctp *self = from_backend(backend);
    if (self->opened && !self->closed) {
        self->options.udp->ops->flush(self->options.udp);
    }
}

static void disconnect(struct kith_connection *connection, int in_good_order)
{
    if (in_good_order) {
        kithi_sctp_connection_leave(connection);
    } else {
        kithi_sctp_connection_end(connection);
    }
}

static size_t get_batch_size(const struct kith_connection *connection)
{
    size_t headers = KITHI_SEAL_OVERHEAD + KITHI_SCTP_HEADER_SIZE + KITHI_SCTP_DATA_SIZE;
    size_t size = (connection->slot->path_size - headers) & ~(size_t)3;
    if (size < KITHI_SCTP_BATCH_LEAST) {
        return KITHI_SCTP_BATCH_LEAST;
    }
    return size < KITH_BATCH_MAX ? size : KITH_BATCH_MAX;
}

static int is_busy(const struct kith_connection *connection)
{
    return connection->state == KITHI_SCTP_UP && kithi_sctp_socket_busy(connection->socket);
}

static void set_default(uint32_t *option, uint32_t value)
{
    if (*option == 0) {
        *option = value;
    }
}

enum kith_error kith_backend_sctp_open(const struct kith_backend_sctp_options *options,
                                       struct kith_backend **backend)
{
    static const struct kith_backend_ops ops = {
        .open = open_backend,
        .close = close_backend,
        .connect = connect_peer,
        .send = send_batch,
        .disconnect = disconnect,
        .batch_size = get_batch_size,
        .flush = flush,
        .busy = is_busy,
    };
    struct kithi_sctp *self = calloc(1, sizeof *self);
    size_t message_most = options->message_most == 0 ? KITH_BATCH_MAX : options->message_most;
    unsigned char *message = malloc(message_most);
    if (self == NULL || message == NULL ||
        kithi_sctp_faults_init(&self->faults, &options->faults, options->udp) != KITH_OK) {
        free(message);
        free(self);
        options->udp->ops->close(options->udp);
        return KITH_ERROR_NO_MEMORY;
    }
    self->backend.ops = &ops;
    self->message = message;
    self->options = *options;
    self->options.message_most = message_most;
    set_default(&self->options.connections, KITHI_SCTP_CONNECTIONS);
    set_default(&self->options.heartbeat_ms, KITHI_SCTP_HEARTBEAT_MS);
    set_default(&self->options.connect_ms, KITHI_SCTP_CONNECT_MS);
    set_default(&self->options.give_up_ms, KITHI_SCTP_GIVE_UP_MS);
    set_default(&self->options.leave_ms, KITHI_SCTP_LEAVE_MS);
    if (self->options.buffer_size == 0) {
        self->options.buffer_size = KITHI_SCTP_BUFFER;
    }
    if (self->options.buffers_total == 0) {
        self->options.buffers_total = KITHI_SCTP_BUFFERS_TOTAL;
    }
    *backend = &self->backend;
    return KITH_OK;
}

void kith_backend_sctp_close(struct kith_backend *backend)
{
    struct kithi_sctp *self = from_backend(backend);
    kithi_sctp_enter(self);
    if (!self->opened) {
        self->options.udp->ops->close(self->options.udp);
    } else if (!self->closed) {
        close_backend(backend);
    }
    self->doomed = true;
    kithi_sctp_leave(self);
}

void kith_backend_sctp_counters(const struct kith_backend *backend,
                                struct kith_backend_sctp_counters *counters)
{
    const struct kithi_sctp *self = from_backend(backend);
    *counters = self->counters;
    counters->faults = self->faults.injected;
    if (self->opened && !self->closed) {
        counters->udp = self->options.udp->counters;
    }
}
