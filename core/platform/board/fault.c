// SPDX-License-Identifier: Apache-2.0
// Faults, and interrupts that nobody expects: the registers on the console, then the end.
#include "guard.h"
#include "log.h"
#include "registers.h"

noreturn void kithi_fault_report(const struct kithi_frame *frame, uint32_t exception)
{
    KITHI_MPU_CONTROL = 0; // the frame may be in a guard
    kithi_barrier();
    kithi_log_text("\nfault:");
    kithi_log_hex("exception", exception);
    kithi_log_hex("pc", frame->pc);
    kithi_log_hex("lr", frame->lr);
    kithi_log_hex("sp", (uintptr_t)(frame + 1));
    kithi_log_hex("cfsr", KITHI_FAULT_STATUS);
    kithi_log_hex("hfsr", KITHI_HARD_FAULT_STATUS);
    kithi_log_hex("mmfar", KITHI_MEMORY_FAULT_ADDRESS);
    kithi_log_hex("bfar", KITHI_BUS_FAULT_ADDRESS);
    kithi_log_text("\n");
    kith_board.halt(KITH_BOARD_STATUS_FAULT);
    for (;;) {
        // halt doesn't return; the compiler can't know.
    }
}

// Bit 2 of lr says which stack the frame is on.
__attribute__((naked)) void kith_board_fault_handler(void)
{
    __asm__ volatile("tst lr, #4\n"
                     "ite eq\n"
                     "mrseq r0, msp\n"
                     "mrsne r0, psp\n"
                     "mrs r1, ipsr\n"
                     "b kithi_fault_report\n");
}
