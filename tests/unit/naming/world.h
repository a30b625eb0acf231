// SPDX-License-Identifier: Apache-2.0
// Nodes with naming and real links, over a network in memory on virtual time.
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>

#include <kith/naming.h>
#include <kith/net.h>
#include <kith/net_loop.h>
#include <kith/node.h>
#include <kith/platform_sim.h>

#define MS UINT64_C(1000000)
enum { HOSTS_MOST = 250 };

struct host {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct kith_node *node; // NULL: not running
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_ref naming;
    bool due;         // something has arrived, or the test has done something
    uint64_t next_ns; // when it has something to do by itself
};

struct world {
    struct kith_loop_network *network;
    struct kith_limits limits;
    struct kith_naming_options options;
    struct host hosts[HOSTS_MOST];
    uint32_t count;
    uint64_t now_ns;
    uint64_t starts;
};

// Opens `count` nodes, "node0" at 10.0.0.1:7400 and so on, that keep links to nobody yet.
void world_open(struct world *world, uint32_t count, const struct kith_loop_options *network);

// Ends all processes, nodes and links; nothing may be left.
void world_close(struct world *world);

// Makes the host keep a link to the other.
void world_connect(struct world *world, uint32_t host, uint32_t other);
void world_connect_all(struct world *world);

// The host loses power; another node starts in its place.
void world_crash(struct world *world, uint32_t host);
void world_start(struct world *world, uint32_t host);

// The host says goodbye and ends.
void world_leave(struct world *world, uint32_t host);

void world_run(struct world *world, uint64_t span_ms);

struct kith_endpoint world_endpoint(uint32_t host);

// Starts a process that registers the name and then waits to be killed.
struct kith_ref world_register(struct world *world, uint32_t host, const char *name);
void world_kill(struct world *world, uint32_t host, struct kith_ref ref);

// Whether every running node knows the same entries of every other as that node itself.
bool world_converged(struct world *world);

#endif
