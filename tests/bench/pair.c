// SPDX-License-Identifier: Apache-2.0
#include "pair.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool pair_start(struct pair *pair, bool one_core, void (*peer)(int ready_fd))
{
    int ends[2];
    if (pipe(ends) != 0) {
        bench_complain("pipe");
        return false;
    }
    bench_stay_on(0);
    pair->peer = fork();
    if (pair->peer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        if (!one_core) {
            bench_stay_on(1);
        }
        peer(ends[1]);
        _exit(1);
    }
    close(ends[1]);
    bool ready = pair->peer > 0 &&
                 read(ends[0], &pair->port, sizeof pair->port) == (ssize_t)sizeof pair->port;
    close(ends[0]);
    if (!ready) {
        bench_complain("the peer didn't start");
        pair_stop(pair);
    }
    return ready;
}

void pair_ready(int ready_fd, uint16_t port)
{
    if (write(ready_fd, &port, sizeof port) != (ssize_t)sizeof port) {
        _exit(1);
    }
    close(ready_fd);
}

void pair_stop(struct pair *pair)
{
    if (pair->peer > 0) {
        kill(pair->peer, SIGKILL);
        waitpid(pair->peer, NULL, 0);
    }
}

uint64_t pair_cpu_ns(const struct pair *pair)
{
    clockid_t clock;
    struct timespec time = {0};
    if (clock_getcpuclockid(pair->peer, &clock) != 0 || clock_gettime(clock, &time) != 0) {
        bench_complain("CPU clock of the peer");
    }
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int pair_udp(uint16_t *port)
{
    enum { BUFFER = 4 << 20 };
    const int buffer_size = BUFFER;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        bench_complain("UDP socket");
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_size, sizeof buffer_size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size);
    *port = ntohs(address.sin_port);
    return fd;
}

bool pair_connect(int fd, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}
