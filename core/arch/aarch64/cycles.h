// SPDX-License-Identifier: Apache-2.0
#ifndef KITHI_CYCLES_H
#define KITHI_CYCLES_H

#include <stdint.h>

// The virtual counter of the generic timer (Arm ARM D13.8), readable from user space on Linux.
// Without a barrier the read may move by a few instructions, which accounting doesn't notice.
static inline uint64_t kithi_arch_cycles(void)
{
    uint64_t count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
}

#endif
