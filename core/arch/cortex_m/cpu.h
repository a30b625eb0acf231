// SPDX-License-Identifier: Apache-2.0
#ifndef KITHI_CPU_H
#define KITHI_CPU_H

#include <stdint.h>

// Cortex-M has no counter of 64 bits, and not every one has DWT's of 32. The platform extends what
// there is: the board's clock counts processor cycles by SysTick.
uint64_t kith_board_cycles(void);

static inline uint64_t kithi_arch_cycles(void)
{
    return kith_board_cycles();
}

static inline uintptr_t kithi_arch_stack_pointer(void)
{
    uintptr_t stack_pointer;
    __asm__ volatile("mov %0, sp" : "=r"(stack_pointer));
    return stack_pointer;
}

#endif
