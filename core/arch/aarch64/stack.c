// SPDX-License-Identifier: Apache-2.0
#include "arch/arch.h"

void kithi_arch_start(void);

void *kithi_arch_stack_init(void *base, size_t size, void (*entry)(void *argument), void *argument)
{
    // The layout that kithi_arch_resume loads: x19 to x30, then d8 to d15.
    enum { X19, X20, X30 = 11, WORDS = 20 };
    uintptr_t top = ((uintptr_t)base + size) & ~(uintptr_t)15;
    uint64_t *frame = (uint64_t *)top - WORDS;
    for (int word = 0; word < WORDS; word++) {
        frame[word] = 0; // x29 of 0 ends backtraces
    }
    frame[X19] = (uintptr_t)entry;
    frame[X20] = (uintptr_t)argument;
    frame[X30] = (uintptr_t)kithi_arch_start;
    return frame;
}
