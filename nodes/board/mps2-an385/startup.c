// SPDX-License-Identifier: Apache-2.0
// From reset to main, and the table of exceptions.
#include <stdint.h>
#include <stdnoreturn.h>
#include <string.h>

#include <kith/platform_board.h>

#include "uart.h"

extern char kith_data_start[], kith_data_end[], kith_data_load[], kith_bss_start[], kith_bss_end[];
extern char kith_handler_stack_top[];

int main(void);
void kith_board_reset_handler(void);

// The same machine with another processor, QEMU's mps2-an386, has one (Armv7-M Arm ARM B3.2.20).
static void enable_fpu(void)
{
#ifdef __ARM_FP
    volatile uint32_t *const access_control = (volatile uint32_t *)0xE000ED88;
    *access_control |= 0xFu << 20;
    __asm__ volatile("dsb\n isb");
#endif
}

__attribute__((used)) static noreturn void start(void)
{
    memcpy(kith_data_start, kith_data_load, (size_t)(kith_data_end - kith_data_start));
    memset(kith_bss_start, 0, (size_t)(kith_bss_end - kith_bss_start));
    enable_fpu();
    kithi_uart_start();
    int status = main();
    kith_board.halt(status);
    for (;;) {
        // halt doesn't return; the compiler can't know.
    }
}

// Threads use the process stack pointer (CONTROL.SPSEL), so that interrupts have a stack of their
// own, and a process's stack needs room for one exception frame only.
__attribute__((naked)) void kith_board_reset_handler(void)
{
    __asm__ volatile("ldr r0, =kith_main_stack_top\n"
                     "msr psp, r0\n"
                     "movs r0, #2\n"
                     "msr control, r0\n"
                     "isb\n"
                     "b start\n");
}

// A driver takes interrupt N by defining kith_board_interrupt_N; nobody else does.
__attribute__((naked, used)) static void take_unexpected(void)
{
    __asm__ volatile("b kith_board_fault_handler\n");
}

// clang-format off
#define INTERRUPTS(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) \
    X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
// clang-format on
#define DECLARE(n)                                                                                 \
    __attribute__((weak, alias("take_unexpected"))) void kith_board_interrupt_##n(void);
#define NAME(n) kith_board_interrupt_##n,

INTERRUPTS(DECLARE)

#define FOUR(handler) handler, handler, handler, handler
#define UNEXPECTED    kith_board_fault_handler

struct vectors {
    void *handler_stack_top;
    void (*reset)(void);
    void (*nmi_and_hard_fault[2])(void);
    void (*memory_fault)(void);
    void (*others[10])(void);
    void (*systick)(void);
    void (*interrupts[32])(void);
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    .handler_stack_top = kith_handler_stack_top,
    .reset = kith_board_reset_handler,
    .nmi_and_hard_fault = {UNEXPECTED, UNEXPECTED},
    .memory_fault = kith_board_memory_fault_handler,
    .others = {FOUR(UNEXPECTED), FOUR(UNEXPECTED), UNEXPECTED, UNEXPECTED},
    .systick = kith_board_systick_handler,
    .interrupts = {INTERRUPTS(NAME)},
};
