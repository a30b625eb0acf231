// SPDX-License-Identifier: Apache-2.0
#ifndef KITHI_CYCLES_H
#define KITHI_CYCLES_H

#include <stdint.h>

static inline uint64_t kithi_arch_cycles(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

#endif
