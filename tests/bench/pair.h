// SPDX-License-Identifier: Apache-2.0
// Two OS processes on loopback: the one that measures, and its peer.
#ifndef PAIR_H
#define PAIR_H

#include <netinet/in.h>
#include <sys/types.h>

#include "bench.h"

struct pair {
    pid_t peer;
    uint16_t port; // UDP, of the peer
};

// Starts `peer` in a child: it opens its socket, says its port with pair_ready, and serves until it
// is killed. `one_core`: both run on the same core, else on two if there are two.
bool pair_start(struct pair *pair, bool one_core, void (*peer)(int ready_fd));
void pair_ready(int ready_fd, uint16_t port);
void pair_stop(struct pair *pair);

// CPU time that the peer has used.
uint64_t pair_cpu_ns(const struct pair *pair);

// A UDP socket on loopback; *port is what it is bound to. -1: none can be had.
int pair_udp(uint16_t *port);
bool pair_connect(int fd, uint16_t port);

#endif
