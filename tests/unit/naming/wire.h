// SPDX-License-Identifier: Apache-2.0
#ifndef WIRE_H
#define WIRE_H

#include "cluster.h"

extern const struct kith_route_ops wire_ops; // their state: a struct wire

struct kith_endpoint wire_endpoint(uint32_t node);

// Delivers what is there to the other end. True if there was something.
bool wire_deliver(struct wire *wire);

// Loses what is under way, and ends the calls whose replies can't come any more.
void wire_clear(struct wire *wire, enum kith_error reason);

#endif
