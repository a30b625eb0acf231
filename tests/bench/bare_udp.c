// SPDX-License-Identifier: Apache-2.0
// The least that two programs pay for talking: one datagram there and one back.
#include <sys/socket.h>
#include <unistd.h>

#include "pair.h"

enum { ROUND_TRIPS = 40000, WARM_UP = 1000 };

static void serve(int ready_fd)
{
    uint16_t port;
    int fd = pair_udp(&port);
    char data[BENCH_PAYLOAD];
    if (fd < 0) {
        return;
    }
    pair_ready(ready_fd, port);
    for (;;) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t received = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &size);
        if (received > 0) {
            (void)sendto(fd, data, (size_t)received, 0, (struct sockaddr *)&from, size);
        }
    }
}

static bool measure(const struct bench_options *options, bool one_core, double *figure)
{
    struct pair pair;
    uint16_t port;
    char data[BENCH_PAYLOAD] = {0};
    if (!pair_start(&pair, one_core, serve)) {
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
               recv(fd, data, sizeof data, 0) == (ssize_t)sizeof data;
    }
    *figure = (double)(bench_now_ns() - start_ns) / 1000 / (double)count;
    close(fd);
    pair_stop(&pair);
    return good;
}

bool bench_bare_udp_one_core(const struct bench_options *options, double *figure)
{
    return measure(options, true, figure);
}

bool bench_bare_udp_two_cores(const struct bench_options *options, double *figure)
{
    return measure(options, false, figure);
}
