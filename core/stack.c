// SPDX-License-Identifier: Apache-2.0
// Stacks: classes of sizes, and what can be read off a stack afterwards.
#include "kernel.h"

enum { CANARY_WORDS = 8 };

size_t kithi_stack_class_size(uint32_t class)
{
    return (size_t)(class % 2 == 0 ? 1024 : 1536) << class / 2;
}

// A size between two powers of two has the class of one and a half of the lower, or of the higher.
enum kith_error kithi_stack_class(size_t size, uint32_t *class)
{
    uint32_t found = 0;
    if (size > 1024) {
        uint32_t power = 63 - (uint32_t)__builtin_clzll(size - 1);
        found = 2 * (power - 10) + (size > (size_t)3 << (power - 1) ? 2 : 1);
    }
    if (found >= KITHI_STACK_CLASSES) {
        return KITH_ERROR_TOO_LARGE;
    }
    *class = found;
    return KITH_OK;
}

// Reading below the used part of a stack touches no memory on Linux: the pages are the shared zero
// page until somebody writes.
__attribute__((no_sanitize("address"))) size_t kithi_stack_used(const struct kith_stack *stack)
{
    const unsigned char *bytes = stack->base;
    size_t unused = 0;
    while (unused < stack->size && bytes[unused] == stack->fill) {
        unused++;
    }
    return stack->size - unused;
}

__attribute__((no_sanitize("address"))) bool kithi_stack_intact(const struct kith_stack *stack)
{
    const uint64_t *words = stack->base;
    uint64_t expected = UINT64_C(0x0101010101010101) * stack->fill;
    uint64_t damage = 0;
    for (size_t word = 0; word < CANARY_WORDS; word++) {
        damage |= words[word] ^ expected;
    }
    return damage == 0;
}
