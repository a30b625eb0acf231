// SPDX-License-Identifier: Apache-2.0
// A peer whose SCTP packets are changed on their way, with checksums that are right again: chunks
// that are cut, twisted, repeated and invented, within a connection that exists. Whatever comes of
// that one, the connection beside it goes on.
//
// The first byte says who connects; then each packet of the peer takes one instruction of the
// input, until there are none left.
#include "fuzz.h"

#include <kith/backend_sctp.h>
#include <kith/platform_sim.h>

#include "crc32c.h"

enum {
    VICTIM,
    BAD,
    GOOD,
    ENDS,
    PACKETS_MOST = 1024,
    PACKET_SIZE = 2048,
    HEADER_SIZE = 12, // of a packet: ports, tag, checksum
    STEP_MS = 10,
    PLAY_MS = 400,
};

struct scene;

struct end {
    struct kith_udp udp; // first
    struct scene *scene;
    const struct kith_udp_events *events; // NULL: closed
    void *owner;
    struct kith_endpoint endpoint;
    uint32_t tick_ms;
    uint64_t tick_ns; // when it is due
    struct kith_backend *backend;
};

// A connection as its owner sees it.
struct side {
    struct kith_connection *connection;
    bool connected, closed;
    size_t received;
};

struct packet {
    struct end *from, *to;
    size_t size;
    unsigned char bytes[PACKET_SIZE];
};

struct scene {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct end ends[ENDS];
    struct side good, good_accepted, bad, bad_accepted;
    struct packet *packets[PACKETS_MOST];
    size_t first, count;
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

static struct packet *add_packet(struct end *from, struct end *to, const void *data, size_t size)
{
    struct scene *scene = from->scene;
    if (scene->count == PACKETS_MOST || size > PACKET_SIZE) {
        return NULL; // lost, as packets may be
    }
    struct packet *packet = malloc(sizeof *packet);
    require(packet != NULL);
    packet->from = from;
    packet->to = to;
    packet->size = size;
    memcpy(packet->bytes, data, size);
    scene->packets[(scene->first + scene->count++) % PACKETS_MOST] = packet;
    return packet;
}

// A packet of the same connection with chunks of the script's.
static void invent(struct scene *scene, struct end *from, const void *data)
{
    struct packet *packet = add_packet(from, &scene->ends[VICTIM], data, HEADER_SIZE);
    size_t size = next_byte(scene) & ~3u; // others are dropped at once
    if (packet != NULL) {
        overwrite(scene, packet->bytes + HEADER_SIZE, size);
        packet->size += size;
        set_checksum(packet->bytes, packet->size);
    }
}

static void twist(struct scene *scene, struct packet *packet, unsigned how)
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

static void send_changed(struct scene *scene, struct end *from, const void *data, size_t size)
{
    struct end *victim = &scene->ends[VICTIM];
    unsigned what = next_byte(scene) % 8;
    if (what == 1) {
        invent(scene, from, data);
    } else if (what == 2) {
        add_packet(from, victim, data, size);
    } else if (what == 3) {
        return; // lost
    }
    struct packet *packet = add_packet(from, victim, data, size);
    if (packet != NULL && what >= 4 && what < 7 && size >= HEADER_SIZE) {
        twist(scene, packet, what - 4);
    }
}

// --- UDP without a network

static enum kith_error open_udp(struct kith_udp *udp, const struct kith_endpoint *listen,
                                const struct kith_udp_events *events, void *owner,
                                struct kith_endpoint *bound)
{
    struct end *end = (struct end *)udp;
    end->events = events;
    end->owner = owner;
    *bound = *listen;
    return KITH_OK;
}

static void close_udp(struct kith_udp *udp)
{
    ((struct end *)udp)->events = NULL;
}

static void send_udp(struct kith_udp *udp, const struct kith_endpoint *to, const void *data,
                     size_t size)
{
    struct end *end = (struct end *)udp;
    struct scene *scene = end->scene;
    for (size_t i = 0; i < ENDS; i++) {
        if (kith_endpoint_equal(&scene->ends[i].endpoint, to)) {
            if (end == &scene->ends[BAD]) {
                send_changed(scene, end, data, size);
            } else {
                add_packet(end, &scene->ends[i], data, size);
            }
        }
    }
}

static enum kith_error find_path(struct kith_udp *udp, const struct kith_endpoint *to, size_t *size)
{
    (void)udp, (void)to;
    *size = KITH_UDP_PATH_LEAST;
    return KITH_OK;
}

static void set_tick(struct kith_udp *udp, uint32_t period_ms)
{
    struct end *end = (struct end *)udp;
    end->tick_ms = period_ms;
    end->tick_ns = end->scene->platform.now_ns(end->scene->platform.state);
}

static void settle(struct scene *scene)
{
    for (size_t i = 0; i < ENDS; i++) {
        if (scene->ends[i].events != NULL) {
            scene->ends[i].events->settled(scene->ends[i].owner);
        }
    }
}

static void deliver(struct scene *scene)
{
    settle(scene);
    for (size_t most = 0; scene->count > 0 && most < PACKETS_MOST; most++) {
        struct packet *packet = scene->packets[scene->first];
        scene->first = (scene->first + 1) % PACKETS_MOST;
        scene->count--;
        if (packet->to->events != NULL) {
            // A copy of just that size: whoever reads beyond it is caught.
            unsigned char *bytes = malloc(packet->size);
            require(bytes != NULL);
            memcpy(bytes, packet->bytes, packet->size);
            packet->to->events->received(packet->to->owner, &packet->from->endpoint, bytes,
                                         packet->size);
            free(bytes);
        }
        free(packet);
        settle(scene);
    }
}

static void pass_time(struct scene *scene, uint32_t span_ms)
{
    deliver(scene);
    for (uint32_t passed = 0; passed < span_ms; passed += STEP_MS) {
        kith_platform_sim_advance(scene->sim, STEP_MS * UINT64_C(1000000));
        uint64_t now_ns = scene->platform.now_ns(scene->platform.state);
        for (size_t i = 0; i < ENDS; i++) {
            struct end *end = &scene->ends[i];
            if (end->events != NULL && end->tick_ms > 0 &&
                now_ns - end->tick_ns >= end->tick_ms * UINT64_C(1000000)) {
                end->tick_ns = now_ns;
                end->events->tick(end->owner);
            }
        }
        deliver(scene);
    }
}

// --- the owners of the connections

static void *take_accepted(void *owner, struct kith_connection *connection,
                           const struct kith_endpoint *peer)
{
    struct end *end = owner;
    struct scene *scene = end->scene;
    bool good = kith_endpoint_equal(peer, &scene->ends[GOOD].endpoint);
    struct side *side = good                       ? &scene->good_accepted
                        : end == &scene->ends[BAD] ? &scene->bad
                                                   : &scene->bad_accepted;
    if (side->connection != NULL) {
        require(!good);
        return NULL;
    }
    *side = (struct side){.connection = connection, .connected = true};
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
    static const struct kith_udp_ops ops = {open_udp, close_udp, send_udp, find_path, set_tick};
    static const struct kith_backend_events events = {take_accepted, take_connected, take_received,
                                                      take_nothing,  take_nothing,   take_closed};
    struct end *end = &scene->ends[place];
    char text[] = "10.0.0.1:7400";
    text[7] = (char)('1' + place);
    *end = (struct end){.udp = {.ops = &ops}, .scene = scene};
    require(kith_endpoint_parse(text, 0, &end->endpoint) == KITH_OK);
    struct kith_backend_sctp_options options = {.platform = &scene->platform,
                                                .udp = &end->udp,
                                                .connections = 8,
                                                .heartbeat_ms = 100,
                                                .give_up_ms = 2000,
                                                .leave_ms = 200};
    struct kith_endpoint bound;
    require(kith_backend_sctp_open(&options, &end->backend) == KITH_OK);
    require(end->backend->ops->open(end->backend, &end->endpoint, &events, end, &bound) == KITH_OK);
}

static void connect_end(struct scene *scene, unsigned from, unsigned to, struct side *side)
{
    const struct kith_backend_ops *ops = scene->ends[from].backend->ops;
    require(ops->connect(scene->ends[from].backend, &scene->ends[to].endpoint, side,
                         &side->connection) == KITH_OK);
}

static void send_message(struct scene *scene, unsigned from, struct side *side, unsigned stream,
                         size_t size)
{
    static const unsigned char message[KITH_BATCH_MAX];
    if (side->connected && !side->closed) {
        (void)scene->ends[from].backend->ops->send(side->connection, stream, message, size);
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
        pass_time(scene, PLAY_MS / 4);
        send_message(scene, BAD, &scene->bad, 0, 100);
        send_message(scene, BAD, &scene->bad, 3, 5000);
        send_message(scene, VICTIM, &scene->bad_accepted, 2, 3000);
    }
    pass_time(scene, PLAY_MS);
}

static void check_other_connection(struct scene *scene)
{
    size_t before = scene->good.received, before_accepted = scene->good_accepted.received;
    require(!scene->good.closed && !scene->good_accepted.closed);
    send_message(scene, GOOD, &scene->good, 5, 20000);
    send_message(scene, VICTIM, &scene->good_accepted, 5, 20000);
    pass_time(scene, PLAY_MS);
    require(scene->good.received == before + 1);
    require(scene->good_accepted.received == before_accepted + 1);
}

static void close_scene(struct scene *scene)
{
    for (unsigned place = 0; place < ENDS; place++) {
        scene->ends[place].backend->ops->close(scene->ends[place].backend);
        kith_backend_sctp_close(scene->ends[place].backend);
    }
    deliver(scene);
    kith_platform_sim_close(scene->sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;
    static uint64_t start_ns; // all share one usrsctp, whose clock never goes back
    memset(&scene, 0, sizeof scene);
    scene.sim = kith_platform_sim_open(1, &scene.platform);
    require(scene.sim != NULL);
    start_ns += UINT64_C(60000000000);
    kith_platform_sim_set_now(scene.sim, start_ns);
    for (unsigned place = 0; place < ENDS; place++) {
        open_end(&scene, place);
    }
    connect_end(&scene, GOOD, VICTIM, &scene.good);
    pass_time(&scene, PLAY_MS / 4);
    require(scene.good.connected && scene.good_accepted.connected);
    scene.script = data;
    scene.script_size = size;
    play(&scene);
    check_other_connection(&scene);
    close_scene(&scene);
    return 0;
}
