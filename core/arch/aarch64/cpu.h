// SPDX-License-Identifier: Apache-2.0
#ifndef KITHI_CPU_H
#define KITHI_CPU_H

#include <stdint.h>

// The virtual counter of the generic timer (Arm ARM D13.8), readable from user space on Linux.
// Without a barrier the read may move by a few instructions, which accounting doesn't notice.
static inline uint64_t kithi_arch_cycles(void)
{
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
}

static inline uintptr_t kithi_arch_stack_pointer(void)
{
    uintptr_t stack_pointer;
    __asm__ volatile("mov %0, sp" : "=r"(stack_pointer));
    return stack_pointer;
}

#endif
