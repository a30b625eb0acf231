// SPDX-License-Identifier: Apache-2.0
// The clock: SysTick extended to 64 bits.
#ifndef KITHI_BOARD_CLOCK_H
#define KITHI_BOARD_CLOCK_H

#include <stdint.h>

// Starts counting from one tick on. `cpu_hz` is a multiple of 1000.
void kithi_clock_start(uint32_t cpu_hz);

// Nanoseconds; never goes back. Callable from anywhere.
uint64_t kithi_clock_now_ns(void);

#endif
