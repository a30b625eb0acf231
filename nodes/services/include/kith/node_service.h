// SPDX-License-Identifier: Apache-2.0
// The process `node` that every node runs: it answers kith.Node (proto/node.proto).
#ifndef KITH_NODE_SERVICE_H
#define KITH_NODE_SERVICE_H

#include <kith/net.h>
#include <kith/node.h>

#define KITH_NODE_SERVICE_NAME "node" // registered under this name, index 0

struct kith_node_service;

struct kith_node_service_options {
    const char *version; // of the program; borrowed
    // Changes what is logged. NULL: that can't be changed.
    void (*set_log_level)(void *state, enum kith_log_level level);
    void *state;
    enum kith_log_level log_level; // at the start
};

// Spawns the process and gives its reference, which goes into the hello (kith_net_options.kernel).
// Needs kith_naming_open before. From outside of processes. Errors: NO_MEMORY, LIMIT.
enum kith_error kith_node_service_open(struct kith_node *node,
                                       const struct kith_node_service_options *options,
                                       struct kith_node_service **service,
                                       struct kith_ref *process);

// From now on it tells about these links; NULL: about none. Borrowed.
void kith_node_service_set_net(struct kith_node_service *service, const struct kith_net *net);

// Frees it. After its process has ended, at the latest by kith_node_close, which comes before.
void kith_node_service_close(struct kith_node_service *service,
                             const struct kith_platform *platform);

#endif
