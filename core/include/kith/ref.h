// SPDX-License-Identifier: Apache-2.0
// A reference: the small value by which a process is addressed once it is known (design D7).
#ifndef KITH_REF_H
#define KITH_REF_H

#include <stdbool.h>
#include <stdint.h>

// `node` is the incarnation of the process's node, `slot` its place in that node's process table,
// `generation` counts the lives of that slot and starts at 1, so that an all-zero reference names
// nobody. References are values: copy, compare and send them freely; they never own anything.
struct kith_ref {
    uint64_t node;
    uint32_t slot;
    uint32_t generation;
};

#define KITH_REF_NONE ((struct kith_ref){0, 0, 0})

static inline bool kith_ref_equal(struct kith_ref a, struct kith_ref b)
{
    return a.node == b.node && a.slot == b.slot && a.generation == b.generation;
}

static inline bool kith_ref_is_none(struct kith_ref ref)
{
    return ref.generation == 0;
}

#endif
