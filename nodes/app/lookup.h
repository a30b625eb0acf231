// SPDX-License-Identifier: Apache-2.0
// One DNS lookup in a thread of its own: getaddrinfo can't be stopped and may take half a minute,
// so whoever started it must be able to leave it behind.
#ifndef KITHI_LOOKUP_H
#define KITHI_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include <kith/endpoint.h>

#include "resolver.h"

struct kithi_lookup;

// `wake` is called from the thread, at most once, and not after kithi_lookup_close has returned.
// Errors: NO_MEMORY (also: no thread).
enum kith_error kithi_lookup_open(const char *host, uint16_t port, void (*wake)(void *state),
                                  void *state, struct kithi_lookup **lookup);

// True once there is a result: OK and endpoints, or NOT_FOUND or IO. The endpoints live as long as
// the lookup.
bool kithi_lookup_is_done(struct kithi_lookup *lookup);
enum kith_error kithi_lookup_result(const struct kithi_lookup *lookup,
                                    const struct kith_endpoint **endpoints, size_t *count);

// Frees it, or leaves that to the thread.
void kithi_lookup_close(struct kithi_lookup *lookup);

#endif
