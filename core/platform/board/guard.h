// SPDX-License-Identifier: Apache-2.0
// Guards of stacks: regions of the MPU that nobody may touch.
#ifndef KITHI_BOARD_GUARD_H
#define KITHI_BOARD_GUARD_H

#include <kith/platform_board.h>

// A power of two, and its own alignment. Whatever first touches the guard, the frame of the fault
// is pushed right below the stack pointer: the guard has room for that frame (32 bytes, 104 with an
// FPU), and for the locals of a small function, or the neighbour would be hit all the same.
#ifdef __ARM_FP
enum { KITHI_GUARD_BITS = 8 };
#else
enum { KITHI_GUARD_BITS = 7 };
#endif
enum { KITHI_GUARD_SIZE = 1 << KITHI_GUARD_BITS };

// Turns the MPU on, if there is one.
void kithi_guards_start(struct kith_platform_board *board);

// True if there is a region left.
bool kithi_guard_available(const struct kith_platform_board *board);

// Protects the KITHI_GUARD_SIZE bytes at `guard`. There must be a region left.
void kithi_guard_set(struct kith_platform_board *board, void *guard);

// Gives access again; false if there is no guard.
bool kithi_guard_clear(struct kith_platform_board *board, const void *guard);

// What the processor pushes on entry to an exception (Armv7-M Arm ARM B1.5.6).
struct kithi_frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, status;
};

// Reports a fault on the console and halts.
noreturn void kithi_fault_report(const struct kithi_frame *frame, uint32_t exception);

#endif
