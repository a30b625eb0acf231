// SPDX-License-Identifier: Apache-2.0
// Guards of stacks. A memory fault in the guard of the running process gives that process up, and
// the scheduler continues; any other is the end.
#include "guard.h"

#include "arch/arch.h"
#include "kernel.h"
#include "registers.h"
#include "watch.h"

enum {
    EXCEPTION_MEMORY_FAULT = 4,
    FRAME_WITH_FPU = 104,
    STATUS_THUMB = 1 << 24,
    STATUS_REALIGNED = 1 << 9, // one word more to pop: the stack pointer wasn't a multiple of 8
};
#define RETURN_FROM_THREAD 8u // in EXC_RETURN
#define RETURN_TO_PSP      4u
#define RETURN_PLAIN       0xFFFFFFFDu // to a thread on PSP, without FPU registers on the stack

uint32_t kithi_memory_fault(const struct kithi_frame *frame, uint32_t exception_return);

void kithi_guards_start(struct kith_platform_board *board)
{
    uint32_t regions = KITHI_MPU_TYPE >> 8 & 0xFF;
    board->guard_count = regions < KITH_BOARD_GUARDS ? regions : KITH_BOARD_GUARDS;
    if (board->guard_count > 0) {
        KITHI_SYSTEM_HANDLERS |= KITHI_MEMORY_FAULT_ENABLE;
        KITHI_MPU_CONTROL = KITHI_MPU_ON;
        kithi_barrier();
    }
}

static void set_region(uint32_t region, const void *base, uint32_t attributes)
{
    KITHI_MPU_REGION = region;
    KITHI_MPU_ATTRIBUTES = 0;
    KITHI_MPU_BASE = (uintptr_t)base;
    KITHI_MPU_ATTRIBUTES = attributes;
    kithi_barrier();
}

// The region of the MPU that protects `guard`; of NULL: one that is free. guard_count: there is
// none.
static uint32_t find_region(const struct kith_platform_board *board, const void *guard)
{
    uint32_t region = 0;
    while (region < board->guard_count && board->guards[region] != guard) {
        region++;
    }
    return region;
}

bool kithi_guard_available(const struct kith_platform_board *board)
{
    return find_region(board, NULL) < board->guard_count;
}

void kithi_guard_set(struct kith_platform_board *board, void *guard)
{
    uint32_t region = find_region(board, NULL);
    assert(region < board->guard_count);
    board->guards[region] = guard;
    set_region(region, guard, KITHI_MPU_NO_ACCESS | (KITHI_GUARD_BITS - 1) << 1 | KITHI_MPU_USED);
}

bool kithi_guard_clear(struct kith_platform_board *board, const void *guard)
{
    uint32_t region = find_region(board, guard);
    if (region == board->guard_count) {
        return false;
    }
    board->guards[region] = NULL;
    set_region(region, NULL, 0);
    return true;
}

// True if the running process hit what is right below its stack, by an access of its own or while
// the processor was pushing the frame of an interrupt.
static bool hit_guard(const struct kithi_frame *frame, uint32_t exception_return)
{
    uint32_t from_process = RETURN_FROM_THREAD | RETURN_TO_PSP;
    if (kithi_watched() == NULL || (exception_return & from_process) != from_process) {
        return false;
    }
    const struct kith_stack *stack = kithi_process_stack(kithi_watched());
    if (stack == NULL) {
        return false;
    }
    uintptr_t base = (uintptr_t)stack->base;
    uint32_t faults = KITHI_FAULT_STATUS & KITHI_MEMORY_FAULT_BITS;
    if ((faults & KITHI_MEMORY_FAULT_STACKING) != 0) {
        uintptr_t lowest = (uintptr_t)frame;
        return lowest < base && lowest >= base - KITHI_GUARD_SIZE - FRAME_WITH_FPU;
    }
    uintptr_t address = KITHI_MEMORY_FAULT_ADDRESS;
    return (faults & KITHI_MEMORY_FAULT_AT) != 0 && address < base &&
           address >= base - KITHI_GUARD_SIZE;
}

// Builds the frame from which the processor continues at kithi_arch_resume with `stack_pointer`.
static void continue_with(void *stack_pointer)
{
    uintptr_t end = (uintptr_t)stack_pointer;
    bool realigned = (end & 4) != 0;
    struct kithi_frame *frame = (struct kithi_frame *)(end - (realigned ? 4 : 0)) - 1;
    *frame = (struct kithi_frame){
        .pc = (uintptr_t)kithi_arch_resume & ~(uintptr_t)1,
        .status = STATUS_THUMB | (realigned ? STATUS_REALIGNED : 0),
    };
    __asm__ volatile("msr psp, %0" ::"r"(frame) : "memory");
}

// Gives what the processor returns by. `frame` may not be readable.
__attribute__((used)) uint32_t kithi_memory_fault(const struct kithi_frame *frame,
                                                  uint32_t exception_return)
{
    if (!hit_guard(frame, exception_return)) {
        kithi_fault_report(frame, EXCEPTION_MEMORY_FAULT);
    }
    KITHI_FAULT_STATUS = KITHI_MEMORY_FAULT_BITS; // writing clears them
#ifdef __ARM_FP
    KITHI_FPU_CONTEXT &= ~KITHI_FPU_TO_BE_SAVED; // nobody needs what the process had there
#endif
    continue_with(kithi_process_overflowed(kithi_watched()));
    return RETURN_PLAIN;
}

__attribute__((naked)) void kith_board_memory_fault_handler(void)
{
    __asm__ volatile("tst lr, #4\n"
                     "ite eq\n"
                     "mrseq r0, msp\n"
                     "mrsne r0, psp\n"
                     "mov r1, lr\n"
                     "bl kithi_memory_fault\n"
                     "bx r0\n");
}
