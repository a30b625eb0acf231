// SPDX-License-Identifier: Apache-2.0
// How a reference is written on the wire: slot and generation in one number, the node beside it and
// only where it isn't the expected one.
#ifndef KITHI_PROCESS_NUMBER_H
#define KITHI_PROCESS_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include <kith/ref.h>

static inline uint64_t kithi_process_number(struct kith_ref ref)
{
    return kith_ref_is_none(ref) ? 0 : (uint64_t)ref.generation << 32 | ref.slot;
}

// The reference of `number` at `node` or, if that is 0, at `expected`. False if it is half there: a
// slot without a generation, or a node without a process.
static inline bool kithi_process_ref(uint64_t number, uint64_t node, uint64_t expected,
                                     struct kith_ref *ref)
{
    if (number == 0) {
        *ref = KITH_REF_NONE;
        return node == 0;
    }
    ref->node = node != 0 ? node : expected;
    ref->slot = (uint32_t)number;
    ref->generation = (uint32_t)(number >> 32);
    return ref->generation != 0;
}

#endif
