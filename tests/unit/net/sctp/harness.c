// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include <kith/platform_linux.h>

enum { HEAD_SIZE = 4 };

static const uint64_t PATIENCE_NS = UINT64_C(60) * 1000000000;

static struct kith_platform platform;
static unsigned ends_open;
struct kith_udp_uv_options harness_udp_options;

const struct kith_platform *harness_platform(void)
{
    return &platform;
}

int harness_open(void **state)
{
    (void)state;
    harness_udp_options = (struct kith_udp_uv_options){0};
    return kith_platform_linux_open(NULL, &platform) == KITH_OK ? 0 : -1;
}

int harness_close(void **state)
{
    (void)state;
    if (ends_open > 0) { // the test has failed half way: what it opened is lost
        ends_open = 0;
        return -1;
    }
    kith_platform_linux_close(&platform);
    return 0;
}

// --- UDP that can be cut

struct cut {
    struct kith_udp udp;
    struct kith_udp *inner;
    struct kith_udp_events events;
    void *owner;
    bool cut, opened;
};

static struct cut *cut_of(struct kith_udp *udp)
{
    return (struct cut *)(void *)udp;
}

static void cut_received(void *owner, const struct kith_endpoint *from, void *data, size_t size)
{
    struct cut *cut = owner;
    if (!cut->cut) {
        cut->events.received(cut->owner, from, data, size);
    }
}

static void cut_settled(void *owner)
{
    struct cut *cut = owner;
    cut->events.settled(cut->owner);
}

static void cut_tick(void *owner)
{
    struct cut *cut = owner;
    cut->events.tick(cut->owner);
}

static void cut_refused(void *owner, const struct kith_endpoint *to)
{
    struct cut *cut = owner;
    cut->events.refused(cut->owner, to);
}

static void cut_narrowed(void *owner, const struct kith_endpoint *to)
{
    struct cut *cut = owner;
    cut->events.narrowed(cut->owner, to);
}

static enum kith_error cut_open(struct kith_udp *udp, const struct kith_endpoint *listen,
                                const struct kith_udp_events *events, void *owner,
                                struct kith_endpoint *bound)
{
    static const struct kith_udp_events mine = {cut_received, cut_settled, cut_tick, cut_refused,
                                                cut_narrowed};
    struct cut *cut = cut_of(udp);
    cut->events = *events;
    cut->owner = owner;
    return cut->inner->ops->open(cut->inner, listen, &mine, cut, bound);
}

static void cut_close(struct kith_udp *udp)
{
    struct cut *cut = cut_of(udp);
    cut->inner->ops->close(cut->inner);
    free(cut);
}

static void cut_send(struct kith_udp *udp, const struct kith_endpoint *to, const void *data,
                     size_t size)
{
    struct cut *cut = cut_of(udp);
    if (!cut->cut) {
        cut->inner->ops->send(cut->inner, to, data, size);
    }
}

static void cut_flush(struct kith_udp *udp)
{
    struct cut *cut = cut_of(udp);
    cut->inner->ops->flush(cut->inner);
}

static enum kith_error cut_path(struct kith_udp *udp, const struct kith_endpoint *to, size_t *size)
{
    struct cut *cut = cut_of(udp);
    return cut->inner->ops->path(cut->inner, to, size);
}

static void cut_set_tick(struct kith_udp *udp, uint32_t period_ms)
{
    struct cut *cut = cut_of(udp);
    cut->inner->ops->set_tick(cut->inner, period_ms);
}

static struct kith_udp *make_udp(void)
{
    static const struct kith_udp_ops ops = {cut_open,  cut_close, cut_send,
                                            cut_flush, cut_path,  cut_set_tick};
    struct kith_udp_uv_options options = harness_udp_options;
    options.loop = kith_platform_linux_loop(&platform);
    struct cut *cut = calloc(1, sizeof *cut);
    assert_non_null(cut);
    cut->udp.ops = &ops;
    assert_int_equal(kith_udp_uv_open(&options, &cut->inner), KITH_OK);
    return &cut->udp;
}

void harness_end_cut(struct harness_end *end, bool cut)
{
    cut_of(end->udp)->cut = cut;
}

// --- messages: a sequence number, and bytes that follow from it and the stream

static unsigned char byte_at(unsigned stream, uint64_t number, size_t place)
{
    return (unsigned char)(stream * 31 + number * 7 + place + (place >> 8) * 3);
}

enum kith_error harness_send(struct harness_link *link, unsigned stream, size_t size)
{
    static unsigned char message[KITH_BATCH_MAX];
    uint64_t number = link->sent_next[stream];
    for (size_t place = 0; place < size; place++) {
        message[place] = place < HEAD_SIZE ? (unsigned char)(number >> 8 * place)
                                           : byte_at(stream, number, place);
    }
    enum kith_error error = link->end->backend->ops->send(link->connection, stream, message, size);
    link->sent_next[stream] += error == KITH_OK;
    return error;
}

static void check_message(struct harness_link *link, unsigned stream, const unsigned char *data,
                          size_t size)
{
    uint64_t number = link->received_next[stream]++;
    for (size_t place = 0; place < size; place++) {
        unsigned char expected = place < HEAD_SIZE ? (unsigned char)(number >> 8 * place)
                                                   : byte_at(stream, number, place);
        if (data[place] != expected) {
            fail_msg("stream %u message %u size %zu differs at %zu", stream, (unsigned)number, size,
                     place);
        }
    }
}

// --- the owner

static struct harness_link *take_link(struct harness_end *end)
{
    for (size_t place = 0; place < HARNESS_LINKS; place++) {
        struct harness_link *link = &end->links[place];
        if (!link->used || link->closed) {
            memset(link, 0, sizeof *link);
            link->used = true;
            link->end = end;
            return link;
        }
    }
    fail_msg("too many links in the test");
    return NULL;
}

static void *take_accepted(void *owner, struct kith_connection *connection,
                           const struct kith_endpoint *peer)
{
    struct harness_end *end = owner;
    if (end->refuses) {
        end->refused++;
        return NULL;
    }
    struct harness_link *link = take_link(end);
    link->connection = connection;
    link->peer = *peer;
    link->accepted = true;
    return link;
}

static void take_connected(void *owner)
{
    struct harness_link *link = owner;
    assert_false(link->connected);
    link->connected = true;
}

static void take_received(void *owner, unsigned stream, const void *data, size_t size)
{
    struct harness_link *link = owner;
    assert_true(link->connected && !link->closed);
    check_message(link, stream, data, size);
    link->received++;
    if (link->reacts != NULL) {
        link->reacts(link, stream);
    }
}

static void take_heard(void *owner)
{
    struct harness_link *link = owner;
    assert_true(link->connected && !link->closed);
    link->heard++;
}

static void take_writable(void *owner)
{
    struct harness_link *link = owner;
    assert_true(link->connected && !link->closed);
    link->writable++;
}

static void take_closed(void *owner, enum kith_error reason)
{
    struct harness_link *link = owner;
    assert_false(link->closed);
    link->closed = true;
    link->reason = reason;
    link->connection = NULL;
}

struct kith_backend_sctp_options harness_options(void)
{
    return (struct kith_backend_sctp_options){.heartbeat_ms = 100};
}

enum kith_error harness_end_try(struct harness_end *end, const char *listen,
                                const struct kith_backend_sctp_options *options)
{
    static const struct kith_backend_events events = {
        .accepted = take_accepted,
        .connected = take_connected,
        .received = take_received,
        .heard = take_heard,
        .writable = take_writable,
        .closed = take_closed,
    };
    memset(end, 0, sizeof *end);
    struct kith_backend_sctp_options used = options == NULL ? harness_options() : *options;
    used.platform = &platform;
    used.udp = end->udp = make_udp();
    assert_int_equal(kith_backend_sctp_open(&used, &end->backend), KITH_OK);
    struct kith_endpoint wanted;
    assert_int_equal(kith_endpoint_parse(listen, 0, &wanted), KITH_OK);
    enum kith_error error =
        end->backend->ops->open(end->backend, &wanted, &events, end, &end->endpoint);
    if (error != KITH_OK) {
        kith_backend_sctp_close(end->backend);
    } else {
        ends_open++;
    }
    return error;
}

void harness_end_open(struct harness_end *end, const char *listen,
                      const struct kith_backend_sctp_options *options)
{
    assert_int_equal(harness_end_try(end, listen, options), KITH_OK);
    assert_int_not_equal(end->endpoint.port, 0);
}

void harness_end_close(struct harness_end *end)
{
    end->backend->ops->close(end->backend);
    struct kith_backend_sctp_counters counters;
    kith_backend_sctp_counters(end->backend, &counters);
    assert_int_equal(counters.connections, 0);
    kith_backend_sctp_close(end->backend);
    ends_open--;
}

struct kith_backend_sctp_counters harness_counters(const struct harness_end *end)
{
    struct kith_backend_sctp_counters counters;
    cut_of(end->udp)->udp.counters = cut_of(end->udp)->inner->counters;
    kith_backend_sctp_counters(end->backend, &counters);
    return counters;
}

struct harness_link *harness_connect(struct harness_end *end, const struct kith_endpoint *peer)
{
    struct harness_link *link = take_link(end);
    link->peer = *peer;
    assert_int_equal(end->backend->ops->connect(end->backend, peer, link, &link->connection),
                     KITH_OK);
    return link;
}

struct harness_link *harness_accepted(struct harness_end *end)
{
    for (size_t place = 0; place < HARNESS_LINKS; place++) {
        if (end->links[place].accepted && !end->links[place].closed) {
            return &end->links[place];
        }
    }
    return NULL;
}

static bool has_accepted(void *argument)
{
    return harness_accepted(argument) != NULL;
}

struct harness_link *harness_pair(struct harness_end *from, struct harness_end *to,
                                  struct harness_link **other)
{
    struct harness_link *link = harness_connect(from, &to->endpoint);
    harness_run(harness_is_connected, link);
    harness_run(has_accepted, to);
    *other = harness_accepted(to);
    return link;
}

// --- the loop

void harness_turn(void)
{
    platform.idle(platform.state, platform.now_ns(platform.state));
}

void harness_run(bool (*done)(void *argument), void *argument)
{
    uint64_t give_up_ns = platform.now_ns(platform.state) + PATIENCE_NS;
    while (!done(argument)) {
        if (platform.now_ns(platform.state) > give_up_ns) {
            fail_msg("nothing happens any more");
        }
        platform.idle(platform.state, give_up_ns);
    }
}

static bool has_no_connection(void *argument)
{
    return harness_counters(argument).connections == 0;
}

void harness_settle(struct harness_end *end)
{
    harness_run(has_no_connection, end);
}

bool harness_is_connected(void *link)
{
    return ((struct harness_link *)link)->connected;
}

bool harness_is_closed(void *link)
{
    return ((struct harness_link *)link)->closed;
}

bool harness_is_idle(void *argument)
{
    struct harness_link *link = argument;
    return link->closed || !link->end->backend->ops->busy(link->connection);
}
