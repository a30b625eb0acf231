// SPDX-License-Identifier: Apache-2.0
// A peer whose SCTP packets are changed on their way, with checksums that are right again: chunks
// that are cut, twisted, repeated and invented, within a connection that exists. Whatever comes of
// that one, the connection beside it goes on.
//
// The first byte says who connects; then each packet of the peer takes one instruction of the
// input, until there are none left.
#include "fuzz.h"

#include <kith/backend_sctp.h>

#include "crc32c.h"
#include "wire.h"

enum {
    VICTIM,
    BAD,
    GOOD,
    HEADER_SIZE = 12, // of a packet: ports, tag, checksum
    PLAY_MS = 400,
};

// A connection as its owner sees it.
struct side {
    struct kith_connection *connection;
    bool connected, closed;
    size_t received;
};

struct scene {
    struct wire wire; // first
    struct kith_backend *backends[WIRE_ENDS];
    struct side good, good_accepted, bad, bad_accepted;
    const uint8_t *script;
    size_t script_size;
};

// --- the script

static unsigned next_byte(struct scene *scene)
{
    if (scene->script_size == 0) {
        return 0;
    }
    scene->script_size--;
    return *scene->script++;
}

static size_t next_place(struct scene *scene, size_t size)
{
    unsigned low = next_byte(scene);
    return (low | (size_t)next_byte(scene) << 8) % size;
}

static void overwrite(struct scene *scene, unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)next_byte(scene);
    }
}

static void set_checksum(unsigned char *bytes, size_t size)
{
    memset(bytes + 8, 0, 4);
    uint32_t crc = kithi_crc32c_table(bytes, size);
    for (int byte = 0; byte < 4; byte++) {
        bytes[8 + byte] = (unsigned char)(crc >> 8 * byte);
    }
}

// A packet of the same connection with chunks of the script's.
static void invent(struct scene *scene, struct wire_end *from, const void *data)
{
    struct wire_packet *packet = wire_carry(from, &scene->wire.ends[VICTIM], data, HEADER_SIZE);
    size_t size = next_byte(scene) & ~3u; // others are dropped at once
    if (packet != NULL) {
        overwrite(scene, packet->bytes + HEADER_SIZE, size);
        packet->size += size;
        set_checksum(packet->bytes, packet->size);
    }
}

static void twist(struct scene *scene, struct wire_packet *packet, unsigned how)
{
    size_t place = next_place(scene, packet->size);
    switch (how) {
    case 0:
        packet->bytes[place] ^= (unsigned char)next_byte(scene);
        break;
    case 1:
        packet->size = place < HEADER_SIZE ? HEADER_SIZE : place & ~(size_t)3;
        break;
    default: {
        size_t size = next_byte(scene);
        overwrite(scene, packet->bytes + place,
                  size < packet->size - place ? size : packet->size - place);
        break;
    }
    }
    set_checksum(packet->bytes, packet->size);
}

// Takes what is sent: from the peer to the victim it is changed.
static void take_sent(struct wire_end *from, struct wire_end *to, const void *data, size_t size)
{
    struct scene *scene = (struct scene *)from->wire;
    bool bad = from == &scene->wire.ends[BAD] && size >= HEADER_SIZE;
    unsigned what = bad ? next_byte(scene) % 8 : 0;
    if (what == 1) {
        invent(scene, from, data);
    } else if (what == 2) {
        wire_carry(from, to, data, size);
    } else if (what == 3) {
        return; // lost
    }
    struct wire_packet *packet = wire_carry(from, to, data, size);
    if (packet != NULL && what >= 4 && what < 7) {
        twist(scene, packet, what - 4);
    }
}

// --- the owners of the connections

static void *take_accepted(void *owner, struct kith_connection *connection,
                           const struct kith_endpoint *peer)
{
    struct wire_end *end = owner;
    struct scene *scene = (struct scene *)end->wire;
    bool good = kith_endpoint_equal(peer, &scene->wire.ends[GOOD].endpoint);
    struct side *side = good                            ? &scene->good_accepted
                        : end == &scene->wire.ends[BAD] ? &scene->bad
                                                        : &scene->bad_accepted;
    if (side->connection != NULL) {
        require(!good);
        return NULL;
    }
    *side = (struct side){.connection = connection};
    return side;
}

static void take_connected(void *owner)
{
    ((struct side *)owner)->connected = true;
}

static void take_received(void *owner, unsigned stream, const void *data, size_t size)
{
    struct side *side = owner;
    unsigned char last = ((const unsigned char *)data)[size - 1]; // it is all there
    (void)last;
    require(side->connected && !side->closed);
    require(stream < KITH_STREAMS && size > 0 && size <= KITH_BATCH_MAX);
    side->received++;
}

static void take_nothing(void *owner)
{
    require(!((struct side *)owner)->closed);
}

static void take_closed(void *owner, enum kith_error reason)
{
    struct side *side = owner;
    require(!side->closed && reason != KITH_OK);
    side->closed = true;
    side->connection = NULL;
}

static void open_end(struct scene *scene, unsigned place)
{
    static const struct kith_backend_events events = {take_accepted, take_connected, take_received,
                                                      take_nothing,  take_nothing,   take_closed};
    struct wire_end *end = &scene->wire.ends[place];
    struct kith_backend **backend = &scene->backends[place];
    struct kith_backend_sctp_options options = {.platform = &scene->wire.platform,
                                                .udp = &end->udp,
                                                .connections = 8,
                                                .heartbeat_ms = 100,
                                                .give_up_ms = 2000,
                                                .leave_ms = 200};
    struct kith_endpoint bound;
    require(kith_backend_sctp_open(&options, backend) == KITH_OK);
    require((*backend)->ops->open(*backend, &end->endpoint, &events, end, &bound) == KITH_OK);
}

static void connect_end(struct scene *scene, unsigned from, unsigned to, struct side *side)
{
    struct kith_backend *backend = scene->backends[from];
    require(backend->ops->connect(backend, &scene->wire.ends[to].endpoint, side,
                                  &side->connection) == KITH_OK);
}

static void send_message(struct scene *scene, unsigned from, struct side *side, unsigned stream,
                         size_t size)
{
    static const unsigned char message[KITH_BATCH_MAX];
    if (side->connected && !side->closed) {
        (void)scene->backends[from]->ops->send(side->connection, stream, message, size);
    }
}

static void play(struct scene *scene)
{
    if (next_byte(scene) % 2 == 0) {
        connect_end(scene, BAD, VICTIM, &scene->bad);
    } else {
        connect_end(scene, VICTIM, BAD, &scene->bad_accepted);
    }
    for (uint32_t passed = 0; passed < PLAY_MS; passed += PLAY_MS / 4) {
        wire_run(&scene->wire, PLAY_MS / 4);
        send_message(scene, BAD, &scene->bad, 0, 100);
        send_message(scene, BAD, &scene->bad, 3, 5000);
        send_message(scene, VICTIM, &scene->bad_accepted, 2, 3000);
    }
    wire_run(&scene->wire, PLAY_MS);
}

static void check_other_connection(struct scene *scene)
{
    size_t before = scene->good.received, before_accepted = scene->good_accepted.received;
    require(!scene->good.closed && !scene->good_accepted.closed);
    send_message(scene, GOOD, &scene->good, 5, 20000);
    send_message(scene, VICTIM, &scene->good_accepted, 5, 20000);
    wire_run(&scene->wire, PLAY_MS);
    require(scene->good.received == before + 1);
    require(scene->good_accepted.received == before_accepted + 1);
}

static void close_scene(struct scene *scene)
{
    for (unsigned place = 0; place < WIRE_ENDS; place++) {
        scene->backends[place]->ops->close(scene->backends[place]);
        kith_backend_sctp_close(scene->backends[place]);
    }
    wire_close(&scene->wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;
    memset(&scene, 0, sizeof scene);
    wire_open(&scene.wire);
    for (unsigned place = 0; place < WIRE_ENDS; place++) {
        open_end(&scene, place);
    }
    connect_end(&scene, GOOD, VICTIM, &scene.good);
    wire_run(&scene.wire, PLAY_MS / 4);
    require(scene.good.connected && scene.good_accepted.connected);
    scene.wire.sent = take_sent;
    scene.script = data;
    scene.script_size = size;
    play(&scene);
    check_other_connection(&scene);
    close_scene(&scene);
    return 0;
}
