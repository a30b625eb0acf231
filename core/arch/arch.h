// SPDX-License-Identifier: Apache-2.0
// What the kernel needs of a CPU. Each folder below holds switch.S, stack.c and cpu.h; the build
// chooses one (docs/porting.md).
#ifndef KITHI_ARCH_H
#define KITHI_ARCH_H

#include <stddef.h>
#include <stdint.h>

#include <cpu.h>

// Prepares a fresh stack so that the first switch to it calls entry(argument), which must never
// return. Gives the stack pointer to switch to. Touches only the top of the stack.
void *kithi_arch_stack_init(void *base, size_t size, void (*entry)(void *argument), void *argument);

// Saves the callee-saved registers on the current stack and its pointer in *save, then continues
// where the stack pointer `load` was saved: there this call returns `result`. So whoever switches
// says what the other one's blocking call returns, and that call can end in this one (a tail call):
// a return after a switch is mispredicted, since the predictor holds the other stack's addresses.
uint32_t kithi_arch_switch(void **save, void *load, uint32_t result);

// The second half of the switch: expects the stack pointer register to hold a saved stack pointer.
// Fault handlers continue here to abandon a process. Not callable from C.
void kithi_arch_resume(void);

// cpu.h, static inline:
// uint64_t kithi_arch_cycles(void): a cheap counter that never goes back.
// uintptr_t kithi_arch_stack_pointer(void): where the stack ends now; it grows downwards.

#endif
