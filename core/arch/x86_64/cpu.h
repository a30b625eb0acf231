// SPDX-License-Identifier: Apache-2.0
#ifndef KITHI_CPU_H
#define KITHI_CPU_H

#include <stdint.h>

static inline uint64_t kithi_arch_cycles(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

static inline uintptr_t kithi_arch_stack_pointer(void)
{
    uintptr_t stack_pointer;
    __asm__ volatile("movq %%rsp, %0" : "=r"(stack_pointer));
    return stack_pointer;
}

#endif
