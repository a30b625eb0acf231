// SPDX-License-Identifier: Apache-2.0
// The SCTP back end between two OS processes, without nodes above it.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kith/backend_sctp.h>
#include <kith/platform_linux.h>
#include <kith/udp_uv.h>

#include "pair.h"

enum {
    ROUND_TRIPS = 20000,
    WARM_UP = 1000,
    BULK_BYTES = 1 << 30,
    BULK_WARM_UP = 64 << 20,
    ETHERNET_PACKET = 1452,
    SPIN_US = 50,
};

// One end, in whichever of the two processes.
struct end {
    struct kith_platform platform;
    struct kith_backend *backend;
    struct kith_endpoint bound;
    struct kith_connection *connection;
    bool connected, closed, writable, echo;
    uint64_t received;
};

static void *take_accepted(void *owner, struct kith_connection *connection,
                           const struct kith_endpoint *peer)
{
    struct end *end = owner;
    (void)peer;
    end->connection = connection;
    return end;
}

static void take_connected(void *owner)
{
    ((struct end *)owner)->connected = true;
}

static void take_received(void *owner, unsigned stream, const void *data, size_t size)
{
    struct end *end = owner;
    end->received++;
    if (end->echo) {
        (void)end->backend->ops->send(end->connection, stream, data, size);
    }
}

static void take_heard(void *owner)
{
    (void)owner;
}

static void take_writable(void *owner)
{
    ((struct end *)owner)->writable = true;
}

static void take_closed(void *owner, enum kith_error reason)
{
    (void)reason;
    ((struct end *)owner)->closed = true;
}

static bool open_end(struct end *end, size_t payload_most, uint32_t spin_us)
{
    static const struct kith_backend_events events = {take_accepted, take_connected, take_received,
                                                      take_heard,    take_writable,  take_closed};
    struct kith_platform_linux_options platform = {.log_level = KITH_LOG_ERROR, .spin_us = spin_us};
    struct kith_endpoint listen;
    struct kith_backend_sctp_options options = {.platform = &end->platform};
    memset(end, 0, sizeof *end);
    if (kith_platform_linux_open(&platform, &end->platform) != KITH_OK) {
        return false;
    }
    struct kith_udp_uv_options udp = {.loop = kith_platform_linux_loop(&end->platform),
                                      .payload_most = payload_most};
    return kith_udp_uv_open(&udp, &options.udp) == KITH_OK &&
           kith_backend_sctp_open(&options, &end->backend) == KITH_OK &&
           kith_endpoint_parse("127.0.0.1:0", 0, &listen) == KITH_OK &&
           end->backend->ops->open(end->backend, &listen, &events, end, &end->bound) == KITH_OK;
}

static void serve(int ready_fd, size_t payload_most, uint32_t spin_us, bool echo)
{
    static struct end end;
    if (!open_end(&end, payload_most, spin_us)) {
        return;
    }
    end.echo = echo;
    pair_ready(ready_fd, end.bound.port);
    while (!end.closed) {
        end.platform.idle(end.platform.state, KITH_FOREVER);
    }
}

static void serve_echo(int ready_fd)
{
    serve(ready_fd, 0, 0, true);
}

static void serve_echo_spinning(int ready_fd)
{
    serve(ready_fd, 0, SPIN_US, true);
}

static void serve_loopback(int ready_fd)
{
    serve(ready_fd, 0, 0, false);
}

static void serve_ethernet(int ready_fd)
{
    serve(ready_fd, ETHERNET_PACKET, 0, false);
}

static bool connect_end(struct end *end, const struct pair *pair, size_t payload_most,
                        uint32_t spin_us)
{
    if (!open_end(end, payload_most, spin_us)) {
        return false;
    }
    struct kith_endpoint peer = end->bound;
    peer.port = pair->port;
    if (end->backend->ops->connect(end->backend, &peer, end, &end->connection) != KITH_OK) {
        return false;
    }
    while (!end->connected && !end->closed) {
        end->platform.idle(end->platform.state, KITH_FOREVER);
    }
    return end->connected;
}

static bool measure_round_trip(const struct bench_options *options, bool one_core, uint32_t spin_us,
                               double *figure)
{
    static struct end end;
    static const unsigned char data[BENCH_PAYLOAD];
    struct pair pair;
    if (!pair_start(&pair, one_core, spin_us == 0 ? serve_echo : serve_echo_spinning)) {
        return false;
    }
    bool good = connect_end(&end, &pair, 0, spin_us);
    uint64_t count = bench_count(options, ROUND_TRIPS), warm_up = bench_count(options, WARM_UP);
    uint64_t start_ns = 0;
    for (uint64_t trip = 0; good && trip < count + warm_up; trip++) {
        if (trip == warm_up) {
            start_ns = bench_now_ns();
        }
        good =
            end.backend->ops->send(end.connection, KITH_STREAM_FIRST, data, sizeof data) == KITH_OK;
        while (good && end.received == trip) {
            end.platform.idle(end.platform.state, KITH_FOREVER);
            good = !end.closed;
        }
    }
    *figure = (double)(bench_now_ns() - start_ns) / 1000 / (double)count;
    pair_stop(&pair);
    return good;
}

static bool measure_one_way(const struct bench_options *options, size_t payload_most,
                            void (*peer)(int ready_fd), double *figure)
{
    static struct end end;
    static const unsigned char data[KITH_BATCH_MAX];
    struct pair pair;
    if (!pair_start(&pair, false, peer)) {
        return false;
    }
    bool good = connect_end(&end, &pair, payload_most, 0);
    uint64_t bytes = bench_count(options, BULK_BYTES), warm_up = bench_count(options, BULK_WARM_UP);
    uint64_t sent = 0, start_ns = 0;
    size_t size = good ? end.backend->ops->batch_size(end.connection) : 0;
    while (good && sent < bytes + warm_up) {
        if (start_ns == 0 && sent >= warm_up) {
            start_ns = bench_now_ns();
        }
        enum kith_error error =
            end.backend->ops->send(end.connection, KITH_STREAM_FIRST, data, size);
        if (error == KITH_OK) {
            sent += size;
        } else {
            good = error == KITH_ERROR_FULL;
            end.platform.idle(end.platform.state, KITH_FOREVER);
        }
    }
    *figure = (double)(sent - warm_up) * 1000 / (double)(bench_now_ns() - start_ns);
    pair_stop(&pair);
    return good;
}

bool bench_backend_one_core(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, true, 0, figure);
}

bool bench_backend_two_cores(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, false, 0, figure);
}

bool bench_backend_spinning(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, false, SPIN_US, figure);
}

bool bench_backend_loopback(const struct bench_options *options, double *figure)
{
    return measure_one_way(options, 0, serve_loopback, figure);
}

bool bench_backend_ethernet(const struct bench_options *options, double *figure)
{
    return measure_one_way(options, ETHERNET_PACKET, serve_ethernet, figure);
}
