// SPDX-License-Identifier: Apache-2.0
// The back end while memory runs out: each of its own allocations fails in turn, once and for good
// (usrsctp keeps its own). Nothing crashes, nothing leaks, every call says what happened, and with
// memory again two ends connect.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kith/backend_sctp.h>

#include "wire.h"
#include "wrapped.h"

enum { MESSAGES = 4, ACCEPTED_MOST = 16, TRIES = 5 };

struct side {
    struct kith_connection *connection; // NULL: none, or it has ended
    bool connected;
    unsigned received;
};

struct scene {
    struct wire wire; // first
    struct kith_backend *backends[2];
    struct side dialed, accepted[ACCEPTED_MOST];
    unsigned accepted_count; // an end that had no memory may have left some to time out
};

static void *take_accepted(void *owner, struct kith_connection *connection,
                           const struct kith_endpoint *peer)
{
    struct scene *scene = owner;
    (void)peer;
    assert_true(scene->accepted_count < ACCEPTED_MOST);
    struct side *side = &scene->accepted[scene->accepted_count++];
    side->connection = connection;
    return side;
}

static void take_connected(void *owner)
{
    ((struct side *)owner)->connected = true;
}

static void take_received(void *owner, unsigned stream, const void *data, size_t size)
{
    (void)stream, (void)data;
    assert_true(size > 0);
    ((struct side *)owner)->received++;
}

static void take_nothing(void *owner)
{
    assert_non_null(((struct side *)owner)->connection);
}

static void take_closed(void *owner, enum kith_error reason)
{
    struct side *side = owner;
    assert_int_not_equal(reason, KITH_OK);
    side->connection = NULL;
    side->connected = false;
}

// False if there was no memory for it.
static bool open_end(struct scene *scene, unsigned place)
{
    static const struct kith_backend_events events = {take_accepted, take_connected, take_received,
                                                      take_nothing,  take_nothing,   take_closed};
    struct wire_end *end = &scene->wire.ends[place];
    struct kith_backend **backend = &scene->backends[place];
    struct kith_backend_sctp_options options = {.platform = &scene->wire.platform,
                                                .udp = &end->udp,
                                                .connections = 4,
                                                .heartbeat_ms = 100,
                                                .connect_ms = 500,
                                                .leave_ms = 200,
                                                .faults = {.seed = 1, .delay = 500, .delay_ms = 5}};
    struct kith_endpoint bound;
    enum kith_error error = kith_backend_sctp_open(&options, backend);
    if (error != KITH_OK) {
        assert_int_equal(error, KITH_ERROR_NO_MEMORY);
        *backend = NULL;
        return false;
    }
    error = (*backend)->ops->open(*backend, &end->endpoint, &events, scene, &bound);
    assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
    if (error != KITH_OK) {
        kith_backend_sctp_close(*backend);
        *backend = NULL;
    }
    return error == KITH_OK;
}

static void close_end(struct scene *scene, unsigned place)
{
    struct kith_backend *backend = scene->backends[place];
    if (backend != NULL) {
        backend->ops->close(backend);
        kith_backend_sctp_close(backend);
    }
}

static void connect(struct scene *scene)
{
    struct kith_backend *backend = scene->backends[0];
    struct side *side = &scene->dialed;
    enum kith_error error =
        backend->ops->connect(backend, &scene->wire.ends[1].endpoint, side, &side->connection);
    if (error != KITH_OK) {
        assert_true(error == KITH_ERROR_NO_MEMORY || error == KITH_ERROR_LIMIT);
        side->connection = NULL;
    }
    wire_run(&scene->wire, 800);
}

static void send(struct scene *scene, struct side *side, size_t size)
{
    static const unsigned char message[KITH_BATCH_MAX];
    if (side->connection != NULL && side->connected) {
        enum kith_error error = scene->backends[0]->ops->send(side->connection, 2, message, size);
        assert_true(error == KITH_OK || error == KITH_ERROR_FULL || error == KITH_ERROR_DOWN);
    }
}

static void talk(struct scene *scene)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        send(scene, &scene->dialed, 1000 + 21000 * (size_t)i);
        send(scene, &scene->accepted[0], 1000 + 21000 * (size_t)i);
        wire_run(&scene->wire, 100);
    }
    wire_run(&scene->wire, 1000);
}

static void assert_all_arrived(const struct scene *scene)
{
    assert_true(scene->dialed.connected && scene->accepted[0].connected);
    assert_int_equal(scene->dialed.received, MESSAGES);
    assert_int_equal(scene->accepted[0].received, MESSAGES);
}

// A peer that had no memory for a connection may take a moment to forget the attempt.
static void reconnect(struct scene *scene)
{
    for (unsigned try = 0; try < TRIES && !scene->dialed.connected; try++) {
        wire_run(&scene->wire, 1000);
        connect(scene);
    }
    assert_true(scene->dialed.connected);
}

static void use_backends(struct scene *scene)
{
    bool first = open_end(scene, 0), second = open_end(scene, 1);
    if (first) {
        connect(scene);
        talk(scene);
    }
    if (!wrapped_has_failed()) {
        assert_all_arrived(scene);
    }
    wrapped_stop();
    if (first && second) {
        reconnect(scene);
    }
    close_end(scene, 0);
    close_end(scene, 1);
}

// The wire is opened before memory runs out, since it takes some, too.
static void use_all(void *argument)
{
    struct scene *scene = argument;
    scene->dialed = (struct side){.connected = false};
    memset(scene->accepted, 0, sizeof scene->accepted);
    scene->accepted_count = 0;
    use_backends(scene);
}

static void the_back_end_lives_without_memory(void **state)
{
    (void)state;
    static struct scene scene; // too large for a stack
    wire_open(&scene.wire);
    wrapped_run(use_all, &scene);
    wire_close(&scene.wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_back_end_lives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
