// SPDX-License-Identifier: Apache-2.0
// The processor's own registers that the platform uses (Armv7-M Arm ARM, B3.2 and B3.3), and the
// instructions that C has no words for.
#ifndef KITHI_BOARD_REGISTERS_H
#define KITHI_BOARD_REGISTERS_H

#include <stdint.h>

#define KITHI_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define KITHI_SYSTICK_CONTROL      KITHI_REGISTER(0xE000E010)
#define KITHI_SYSTICK_RELOAD       KITHI_REGISTER(0xE000E014)
#define KITHI_SYSTICK_CURRENT      KITHI_REGISTER(0xE000E018)
#define KITHI_INTERRUPT_STATE      KITHI_REGISTER(0xE000ED04) // ICSR
#define KITHI_SYSTEM_PRIORITY_3    KITHI_REGISTER(0xE000ED20) // SHPR3: PendSV, SysTick
#define KITHI_FAULT_STATUS         KITHI_REGISTER(0xE000ED28) // CFSR
#define KITHI_HARD_FAULT_STATUS    KITHI_REGISTER(0xE000ED2C) // HFSR
#define KITHI_MEMORY_FAULT_ADDRESS KITHI_REGISTER(0xE000ED34)
#define KITHI_BUS_FAULT_ADDRESS    KITHI_REGISTER(0xE000ED38)

#define KITHI_SYSTICK_RUN     7u            // counting processor cycles, with interrupt
#define KITHI_SYSTICK_PENDING (1u << 26)    // in KITHI_INTERRUPT_STATE
#define KITHI_SYSTICK_LAST    (0xFFu << 24) // in KITHI_SYSTEM_PRIORITY_3: the lowest priority

#define KITHI_SYSTEM_HANDLERS       KITHI_REGISTER(0xE000ED24) // SHCSR
#define KITHI_MEMORY_FAULT_ENABLE   (1u << 16)
#define KITHI_MEMORY_FAULT_BITS     0xFFu // in KITHI_FAULT_STATUS
#define KITHI_MEMORY_FAULT_STACKING (1u << 4)
#define KITHI_MEMORY_FAULT_AT       (1u << 7) // KITHI_MEMORY_FAULT_ADDRESS is valid

// The memory protection unit (B3.5).
#define KITHI_MPU_TYPE       KITHI_REGISTER(0xE000ED90)
#define KITHI_MPU_CONTROL    KITHI_REGISTER(0xE000ED94)
#define KITHI_MPU_REGION     KITHI_REGISTER(0xE000ED98)
#define KITHI_MPU_BASE       KITHI_REGISTER(0xE000ED9C)
#define KITHI_MPU_ATTRIBUTES KITHI_REGISTER(0xE000EDA0)
#define KITHI_MPU_ON         5u // with the default map for everything outside of the regions
#define KITHI_MPU_NO_ACCESS  (1u << 28) // execute never; no access for anybody
#define KITHI_MPU_USED       1u

#define KITHI_FPU_CONTEXT     KITHI_REGISTER(0xE000EF34) // FPCCR
#define KITHI_FPU_TO_BE_SAVED 1u

// Masks interrupts; what it gives goes to kithi_interrupts_restore, so pairs can be nested.
static inline uint32_t kithi_interrupts_mask(void)
{
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n cpsid i" : "=r"(before)::"memory");
    return before;
}

static inline void kithi_interrupts_restore(uint32_t before)
{
    __asm__ volatile("msr primask, %0" ::"r"(before) : "memory");
}

// What was written to the system's registers holds from here on.
static inline void kithi_barrier(void)
{
    __asm__ volatile("dsb\n isb" ::: "memory");
}

// Sleeps until an interrupt is pending, masked or not.
static inline void kithi_sleep(void)
{
    __asm__ volatile("dsb\n wfi" ::: "memory");
}

#endif
