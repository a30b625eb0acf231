// SPDX-License-Identifier: Apache-2.0
// Measures what tables cost on the wire in a cluster where every node has a link to every other:
//
//     kith-naming-traffic [NODES [NAMES]]     200 nodes with 10 names each
//
// Time is virtual, counts are exact. Bytes are payloads of naming's messages, without the headers
// of frames and packets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

static const struct kith_loop_options network = {
    .seed = 1,
    .path = {.delay_least_ns = MS / 10, .delay_most_ns = MS / 2},
    .retry_ns = 50 * MS,
    .connect_ns = 1000 * MS,
    .heartbeat_ns = 1000 * MS,
    .unanswered = 4,
};

static struct world world;

struct traffic {
    uint64_t messages, bytes;
};

static struct traffic sum_up(void)
{
    struct traffic sum = {0, 0};
    for (uint32_t host = 0; host < world.count; host++) {
        struct kith_naming_status status;
        if (world.hosts[host].node != NULL &&
            kith_naming_status(world.hosts[host].node, &status) == KITH_OK) {
            sum.messages += status.messages_sent;
            sum.bytes += status.bytes_sent;
        }
    }
    return sum;
}

static void print(const char *what, struct traffic before)
{
    struct traffic after = sum_up();
    double messages = (double)(after.messages - before.messages);
    double bytes = (double)(after.bytes - before.bytes);
    printf("%-40s %10.0f %12.0f %12.1f %12.0f   %s\n", what, messages, bytes,
           messages / world.count, bytes / world.count,
           world_converged(&world) ? "all tables the same" : "TABLES DIFFER");
}

// Until all tables are the same; the time is virtual.
static void print_convergence(void)
{
    enum { STEP_MS = 5, MOST_MS = 20000 };
    uint32_t passed_ms = 0;
    while (!world_converged(&world) && passed_ms < MOST_MS) {
        world_run(&world, STEP_MS);
        passed_ms += STEP_MS;
    }
    printf("%-40s %10u ms\n", "all tables are the same again after", (unsigned)passed_ms);
    world_run(&world, 30000 - passed_ms);
}

static void register_names(uint32_t host, uint32_t names)
{
    for (uint32_t i = 0; i < names; i++) {
        world_register(&world, host, "service");
    }
}

static bool measure(uint32_t nodes, uint32_t names)
{
    printf("%u nodes with %u names each\n%-40s %10s %12s %12s %12s\n", (unsigned)nodes,
           (unsigned)names, "", "messages", "bytes", "per node", "bytes/node");
    world_open(&world, nodes, &network);
    for (uint32_t host = 0; host < nodes; host++) {
        register_names(host, names);
    }
    struct traffic before = sum_up();
    world_connect_all(&world);
    world_run(&world, 5000);
    print("all links come up at once", before);
    before = sum_up();
    struct kith_ref process = world_register(&world, 0, "another");
    world_run(&world, 100);
    print("one name comes", before);
    before = sum_up();
    world_kill(&world, 0, process);
    world_run(&world, 100);
    print("one name goes", before);
    before = sum_up();
    world_run(&world, 100000);
    print("100 s without changes", before);
    world_crash(&world, 0);
    before = sum_up(); // without its counters, which are gone
    world_run(&world, 10000);
    world_start(&world, 0);
    register_names(0, names);
    print_convergence();
    print("one node crashes and restarts, in 40 s", before);
    bool converged = world_converged(&world);
    world_close(&world);
    return converged;
}

int main(int argc, char **argv)
{
    uint32_t nodes = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 200;
    uint32_t names = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10;
    if (nodes < 2 || nodes > HOSTS_MOST || names > 200) {
        fprintf(stderr, "usage: %s [NODES [NAMES]], 2 to %d nodes, up to 200 names\n", argv[0],
                HOSTS_MOST);
        return 2;
    }
    return measure(nodes, names) ? EXIT_SUCCESS : EXIT_FAILURE;
}
