// SPDX-License-Identifier: Apache-2.0
// Looks up DNS names without stopping the node: a thread asks for each, a process hands out the
// answers.
#ifndef KITHI_RESOLVER_H
#define KITHI_RESOLVER_H

#include <kith/endpoint.h>
#include <kith/process.h>

#define KITHI_RESOLVER_ENDPOINTS 64 // of one name
#define KITHI_RESOLVER_LOOKUPS   8  // running at once; more are refused with LIMIT

struct kithi_resolver;

// Spawns the process `resolver`. Errors: NO_MEMORY, LIMIT.
enum kith_error kithi_resolver_open(struct kith_node *node, struct kithi_resolver **resolver,
                                    struct kith_ref *process);

// Lookups that still run are left to themselves. Before kith_node_close.
void kithi_resolver_close(struct kithi_resolver *resolver);

// The function of struct kith_resolver (<kith/naming.h>); `state` is the resolver. Fills at most
// `capacity` endpoints with all addresses of `host`, IPv4 first. Errors: NOT_FOUND, TIMEOUT, LIMIT,
// IO (the name servers don't answer), KILLED.
enum kith_error kithi_resolver_resolve(void *state, struct kith_process *self, const char *host,
                                       uint16_t port, uint64_t deadline_ns,
                                       struct kith_endpoint *endpoints, size_t capacity,
                                       size_t *count);

#endif
