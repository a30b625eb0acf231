// SPDX-License-Identifier: Apache-2.0
// Memory of a link: a node that many others connect to, which are in another OS process.
#include <unistd.h>

#include <kith/route.h>

#include "end.h"
#include "pair.h"

enum { LINKS = 64, MOST_MS = 30000 };

static struct end hub;
static int hub_port[2]; // a pipe: a process that has opened the stack of SCTP can't be forked

static void turn(struct end *end)
{
    (void)kith_node_step(end->node);
    end->platform.idle(end->platform.state, KITH_NO_WAIT);
}

static void connect_many(int ready_fd)
{
    static struct end ends[LINKS];
    struct kith_endpoint to;
    uint16_t port;
    pair_ready(ready_fd, 0);
    if (read(hub_port[0], &port, sizeof port) != (ssize_t)sizeof port ||
        kith_endpoint_parse("127.0.0.1", port, &to) != KITH_OK) {
        return;
    }
    for (int place = 0; place < LINKS; place++) {
        if (!end_open(&ends[place], 0, NULL) ||
            kith_net_peer_add(ends[place].net, &to) != KITH_OK) {
            return;
        }
    }
    for (int place = 0;; place = (place + 1) % LINKS) {
        turn(&ends[place]);
    }
}

static uint32_t count_links(void)
{
    uint32_t up = 0;
    for (uint32_t place = 0; place < kith_net_link_count(hub.net); place++) {
        struct kith_link_info info;
        up += kith_net_link_info(hub.net, place, &info) == KITH_OK && info.state == KITH_LINK_UP;
    }
    return up;
}

static bool open_hub(void)
{
    if (!end_open(&hub, 0, NULL)) {
        return false;
    }
    uint16_t port = end_port(&hub);
    return write(hub_port[1], &port, sizeof port) == (ssize_t)sizeof port;
}

bool bench_link_memory(const struct bench_options *options, double *figure)
{
    struct pair pair;
    (void)options;
    if (pipe(hub_port) != 0 || !pair_start(&pair, false, connect_many)) {
        return false;
    }
    bool good = open_hub();
    uint64_t before = bench_resident_bytes();
    uint64_t until_ns = bench_now_ns() + MOST_MS * UINT64_C(1000000);
    while (good && count_links() < LINKS && bench_now_ns() < until_ns) {
        turn(&hub);
    }
    *figure = (double)(bench_resident_bytes() - before) / LINKS;
    pair_stop(&pair);
    return good && count_links() == LINKS;
}
