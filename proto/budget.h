// SPDX-License-Identifier: Apache-2.0
// The decode budget: bytes from outside are measured before protobuf-c unpacks them, since its
// recursion has no limit and its memory none but the allocator's.
#ifndef KITHI_BUDGET_H
#define KITHI_BUDGET_H

#include <protobuf-c/protobuf-c.h>

#include <kith/error.h>

// Walks the message in `data` and gives the bytes of arena that unpacking it takes. Time grows with
// `size` only. Errors: INVALID (malformed, a group, a field of the wrong kind, a zero in a string),
// LIMIT (nested deeper than KITH_DECODE_DEPTH, or more than `memory_max` bytes of arena).
enum kith_error kithi_budget_measure(const ProtobufCMessageDescriptor *descriptor, const void *data,
                                     size_t size, size_t memory_max, size_t *memory);

#endif
