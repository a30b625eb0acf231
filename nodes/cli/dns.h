// SPDX-License-Identifier: Apache-2.0
// Looks up a DNS name before there is a node.
#ifndef KITHI_DNS_H
#define KITHI_DNS_H

#include <stddef.h>
#include <stdint.h>

#include <kith/endpoint.h>

// Fills at most `capacity` endpoints. Blocks. Errors: NOT_FOUND, TIMEOUT, IO, NO_MEMORY.
enum kith_error kithi_dns_resolve(const char *host, uint16_t port, uint64_t timeout_ns,
                                  struct kith_endpoint *endpoints, size_t capacity, size_t *count);

#endif
