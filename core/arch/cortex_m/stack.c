// SPDX-License-Identifier: Apache-2.0
#include "arch/arch.h"

void kithi_arch_start(void);

void *kithi_arch_stack_init(void *base, size_t size, void (*entry)(void *argument), void *argument)
{
    // The layout that kithi_arch_resume pops: s16 to s31 where there is an FPU, r4 to r11, then pc.
    // Once all are popped the stack pointer is a multiple of 8 (AAPCS 6.2.1.2).
#ifdef __ARM_FP
    enum { R4 = 16, R5, PC = R4 + 8, WORDS };
#else
    enum { R4, R5, PC = R4 + 8, WORDS };
#endif
    uintptr_t top = ((uintptr_t)base + size) & ~(uintptr_t)7;
    uint32_t *frame = (uint32_t *)top - WORDS;
    for (int word = 0; word < WORDS; word++) {
        frame[word] = 0;
    }
    frame[R4] = (uintptr_t)entry;
    frame[R5] = (uintptr_t)argument;
    frame[PC] = (uintptr_t)kithi_arch_start;
    return frame;
}
