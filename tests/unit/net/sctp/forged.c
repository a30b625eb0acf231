// SPDX-License-Identifier: Apache-2.0
// Packets that somebody else sends in the name of a peer, without knowing more of its connection
// than anybody can: addresses, ports, and a checksum that is right.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kith/backend_sctp.h>

#include "crc32c.h"
#include "wire.h"

enum { CONNECT_MS = 2000, WAIT_MS = 500, INIT_SIZE = 20, HEADER_SIZE = 12 };

struct side {
    struct kith_connection *connection;
    bool connected, closed;
    unsigned received, heard;
};

struct scene {
    struct wire wire; // first
    struct kith_backend *backends[2];
    struct side dialed, accepted;
    unsigned char ports[4]; // of what the first end sent last
};

static void note_ports(struct wire_end *from, struct wire_end *to, const void *data, size_t size)
{
    struct scene *scene = (struct scene *)from->wire;
    if (from == &scene->wire.ends[0]) {
        memcpy(scene->ports, data, sizeof scene->ports);
    }
    wire_carry(from, to, data, size);
}

static void lose(struct wire_end *from, struct wire_end *to, const void *data, size_t size)
{
    (void)from, (void)to, (void)data, (void)size;
}

static void *take_accepted(void *owner, struct kith_connection *connection,
                           const struct kith_endpoint *peer)
{
    struct scene *scene = owner;
    (void)peer;
    assert_null(scene->accepted.connection);
    scene->accepted.connection = connection;
    return &scene->accepted;
}

static void take_connected(void *owner)
{
    ((struct side *)owner)->connected = true;
}

static void take_received(void *owner, unsigned stream, const void *data, size_t size)
{
    (void)stream, (void)data, (void)size;
    ((struct side *)owner)->received++;
}

static void take_heard(void *owner)
{
    ((struct side *)owner)->heard++;
}

static void take_nothing(void *owner)
{
    (void)owner;
}

static void take_closed(void *owner, enum kith_error reason)
{
    (void)reason;
    ((struct side *)owner)->closed = true;
}

static void open_end(struct scene *scene, unsigned place)
{
    static const struct kith_backend_events events = {take_accepted, take_connected, take_received,
                                                      take_heard,    take_nothing,   take_closed};
    struct wire_end *end = &scene->wire.ends[place];
    struct kith_backend **backend = &scene->backends[place];
    const struct kith_backend_sctp_options options = {.platform = &scene->wire.platform,
                                                      .udp = &end->udp};
    struct kith_endpoint bound;
    assert_int_equal(kith_backend_sctp_open(&options, backend), KITH_OK);
    assert_int_equal((*backend)->ops->open(*backend, &end->endpoint, &events, scene, &bound),
                     KITH_OK);
}

static void close_end(const struct scene *scene, unsigned place)
{
    scene->backends[place]->ops->close(scene->backends[place]);
    kith_backend_sctp_close(scene->backends[place]);
}

static void open_scene(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    wire_open(&scene->wire);
    scene->wire.sent = note_ports;
    open_end(scene, 0);
    open_end(scene, 1);
    struct kith_backend *backend = scene->backends[0];
    assert_int_equal(backend->ops->connect(backend, &scene->wire.ends[1].endpoint, &scene->dialed,
                                           &scene->dialed.connection),
                     KITH_OK);
    wire_run(&scene->wire, CONNECT_MS);
    assert_true(scene->dialed.connected && scene->accepted.connected);
}

// To the second end, in the name of the first: a chunk, and whatever `more` is.
static void forge(struct scene *scene, const unsigned char chunk[INIT_SIZE], const void *more,
                  size_t more_size)
{
    unsigned char packet[HEADER_SIZE + INIT_SIZE + 100] = {0};
    size_t size = HEADER_SIZE + INIT_SIZE + more_size;
    memcpy(packet, scene->ports, sizeof scene->ports);
    memcpy(packet + HEADER_SIZE, chunk, INIT_SIZE);
    if (more_size > 0) {
        memcpy(packet + HEADER_SIZE + INIT_SIZE, more, more_size);
        packet[HEADER_SIZE + 3] = (unsigned char)(INIT_SIZE + more_size);
    }
    uint32_t crc = kithi_crc32c_table(packet, size);
    for (int byte = 0; byte < 4; byte++) {
        packet[HEADER_SIZE - 4 + byte] = (unsigned char)(crc >> 8 * byte);
    }
    assert_non_null(wire_carry(&scene->wire.ends[0], &scene->wire.ends[1], packet, size));
    wire_run(&scene->wire, WAIT_MS);
}

static void assert_works(struct scene *scene)
{
    unsigned before = scene->accepted.received;
    assert_false(scene->dialed.closed || scene->accepted.closed);
    assert_int_equal(scene->backends[0]->ops->send(scene->dialed.connection, 2, "hello", 5),
                     KITH_OK);
    wire_run(&scene->wire, WAIT_MS);
    assert_int_equal(scene->accepted.received, before + 1);
}

static void an_init_of_somebody_else_breaks_nothing(void **state)
{
    (void)state;
    static struct scene scene; // too large for a stack
    static const unsigned char good[INIT_SIZE] = {1, 0, 0, INIT_SIZE, 9, 9,  9, 9, 0, 1,
                                                  0, 0, 0, 16,        0, 16, 0, 0, 0, 1};
    static const unsigned char random[] = {0x80, 2,   0,   24,  'r', 'r', 'r', 'r',
                                           'r',  'r', 'r', 'r', 'r', 'r', 'r', 'r',
                                           'r',  'r', 'r', 'r', 'r', 'r', 'r', 'r'};
    static const struct {
        size_t place, size; // of what is zero in it
    } gaps[] = {{4, 4}, {8, 4}, {12, 2}, {14, 2}, {4, 16}};
    open_scene(&scene);
    forge(&scene, good, NULL, 0);
    assert_works(&scene);
    forge(&scene, good, random, sizeof random);
    assert_works(&scene);
    for (size_t gap = 0; gap < sizeof gaps / sizeof gaps[0]; gap++) {
        unsigned char init[INIT_SIZE];
        memcpy(init, good, sizeof init);
        memset(init + gaps[gap].place, 0, gaps[gap].size);
        forge(&scene, init, NULL, 0);
        assert_works(&scene);
    }
    close_end(&scene, 0);
    close_end(&scene, 1);
    wire_close(&scene.wire);
}

static void what_has_a_wrong_tag_is_no_sign_of_life(void **state)
{
    (void)state;
    static struct scene scene;
    static const unsigned char heartbeat[INIT_SIZE] = {4, 0, 0, INIT_SIZE, 0, 1, 0, 16};
    open_scene(&scene);
    assert_works(&scene);
    assert_true(scene.accepted.heard > 0);
    unsigned before = scene.accepted.heard;
    scene.wire.sent = lose; // what the peer itself sends
    for (unsigned i = 0; i < 3; i++) {
        forge(&scene, heartbeat, NULL, 0);
    }
    assert_int_equal(scene.accepted.heard, before);
    scene.wire.sent = note_ports;
    assert_works(&scene);
    assert_true(scene.accepted.heard > before);
    close_end(&scene, 0);
    close_end(&scene, 1);
    wire_close(&scene.wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_init_of_somebody_else_breaks_nothing),
        cmocka_unit_test(what_has_a_wrong_tag_is_no_sign_of_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
