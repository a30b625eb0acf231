// SPDX-License-Identifier: Apache-2.0
#include "arch/arch.h"

void kithi_arch_start(void);

void *kithi_arch_stack_init(void *base, size_t size, void (*entry)(void *argument), void *argument)
{
    // The layout that kithi_arch_resume pops; kithi_arch_start then calls with an aligned stack.
    enum { R15, R14, R13, R12, RBX, RBP, RIP, WORDS };
    uintptr_t top = ((uintptr_t)base + size) & ~(uintptr_t)15;
    uint64_t *frame = (uint64_t *)top - WORDS - 2;
    for (int word = 0; word < WORDS; word++) {
        frame[word] = 0;
    }
    frame[WORDS] = frame[WORDS + 1] = 0; // the call from kithi_arch_start finds sp aligned to 16
    frame[R12] = (uintptr_t)entry;
    frame[R13] = (uintptr_t)argument;
    frame[RIP] = (uintptr_t)kithi_arch_start;
    return frame;
}
