// SPDX-License-Identifier: Apache-2.0
// The least that two programs pay for talking: one datagram for each message.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pair.h"

enum { ROUND_TRIPS = 40000, ONE_WAY = 1000000, WARM_UP = 1000 };

static bool may_go_on(ssize_t result)
{
    return result >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED;
}

static ssize_t receive(int fd, char data[BENCH_PAYLOAD], struct sockaddr_in *from, int flags)
{
    socklen_t size = sizeof *from;
    ssize_t received;
    do {
        received = recvfrom(fd, data, BENCH_PAYLOAD, flags, (struct sockaddr *)from, &size);
    } while (received < 0 && may_go_on(received));
    return received;
}

static void serve(int ready_fd, int flags)
{
    uint16_t port;
    int fd = pair_udp(&port);
    char data[BENCH_PAYLOAD];
    struct sockaddr_in from;
    ssize_t size;
    if (fd < 0) {
        return;
    }
    pair_ready(ready_fd, port);
    while ((size = receive(fd, data, &from, flags)) >= 0) {
        (void)sendto(fd, data, (size_t)size, 0, (struct sockaddr *)&from, sizeof from);
    }
}

static void serve_sleeping(int ready_fd)
{
    serve(ready_fd, 0);
}

static void serve_spinning(int ready_fd)
{
    serve(ready_fd, MSG_DONTWAIT);
}

static bool measure_round_trip(const struct bench_options *options, bool one_core, int flags,
                               double *figure)
{
    struct pair pair;
    struct sockaddr_in from;
    uint16_t port;
    char data[BENCH_PAYLOAD] = {0};
    if (!pair_start(&pair, one_core, flags == 0 ? serve_sleeping : serve_spinning)) {
        return false;
    }
    int fd = pair_udp(&port);
    uint64_t count = bench_count(options, ROUND_TRIPS), warm_up = bench_count(options, WARM_UP);
    uint64_t start_ns = 0;
    bool good = fd >= 0 && pair_connect(fd, pair.port);
    for (uint64_t trip = 0; good && trip < count + warm_up; trip++) {
        if (trip == warm_up) {
            start_ns = bench_now_ns();
        }
        good = send(fd, data, sizeof data, 0) == (ssize_t)sizeof data &&
               receive(fd, data, &from, flags) == (ssize_t)sizeof data;
    }
    *figure = (double)(bench_now_ns() - start_ns) / 1000 / (double)count;
    close(fd);
    pair_stop(&pair);
    return good;
}

bool bench_bare_udp_two_cores(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, false, 0, figure);
}

bool bench_bare_udp_spinning(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, false, MSG_DONTWAIT, figure);
}

// Sends as fast as it can to whoever asks.
static void flood(int ready_fd)
{
    uint16_t port;
    int fd = pair_udp(&port);
    char data[BENCH_PAYLOAD] = {0};
    struct sockaddr_in to;
    if (fd < 0) {
        return;
    }
    pair_ready(ready_fd, port);
    if (receive(fd, data, &to, 0) < 0 || !pair_connect(fd, ntohs(to.sin_port))) {
        return;
    }
    while (may_go_on(send(fd, data, sizeof data, 0))) {
    }
}

// What the receiver gets counts: datagrams that find its buffer full are lost.
bool bench_bare_udp_one_way(const struct bench_options *options, double *figure)
{
    struct pair pair;
    struct sockaddr_in from;
    uint16_t port;
    char data[BENCH_PAYLOAD] = {0};
    if (!pair_start(&pair, false, flood)) {
        return false;
    }
    int fd = pair_udp(&port);
    uint64_t count = bench_count(options, ONE_WAY), warm_up = bench_count(options, WARM_UP);
    uint64_t start_ns = 0;
    bool good = fd >= 0 && pair_connect(fd, pair.port) && send(fd, data, sizeof data, 0) > 0;
    for (uint64_t received = 0; good && received < count + warm_up; received++) {
        if (received == warm_up) {
            start_ns = bench_now_ns();
        }
        good = receive(fd, data, &from, 0) == (ssize_t)sizeof data;
    }
    *figure = (double)count * 1e3 / (double)(bench_now_ns() - start_ns);
    close(fd);
    pair_stop(&pair);
    return good;
}
