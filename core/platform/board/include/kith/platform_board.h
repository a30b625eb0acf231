// SPDX-License-Identifier: Apache-2.0
// The platform of a bare-metal board with a Cortex-M processor: clock from SysTick, idle by the
// sleep instruction, memory from newlib's malloc between two addresses of the linker script.
// docs/porting.md says what a new board has to bring.
#ifndef KITH_PLATFORM_BOARD_H
#define KITH_PLATFORM_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include <kith/node.h>
#include <kith/platform.h>

// What every board's folder defines, once, under the name kith_board. The linker script gives the
// heap as kith_heap_start and kith_heap_end.
struct kith_board {
    const char *name;
    uint32_t cpu_hz; // clock of the processor and of SysTick, a multiple of 1000, 1 to 1000 MHz

    // Writes `size` bytes of text to the console and waits until the hardware has taken them.
    // Called from processes, and with interrupts masked from the fault handler. Can't fail.
    void (*write)(const char *text, size_t size);

    // Fills `size` bytes with unpredictable ones from hardware; false: there is no source, or it is
    // broken. Called once at start with a few bytes as a trial, and whenever the kernel asks.
    bool (*entropy)(void *bytes, size_t size);

    // Ends everything and never returns: resets the board, or ends the emulator with `status`.
    void (*halt)(int status);
};
extern const struct kith_board kith_board;

// What the platform ends with, beside the program's own status.
enum {
    KITH_BOARD_STATUS_PANIC = 70,
    KITH_BOARD_STATUS_ASSERT = 71,
    KITH_BOARD_STATUS_FAULT = 72,
};

// A driver's part outside of interrupts: `poll` is called in each idle, before and after sleeping,
// on the node's thread. There it does what its interrupt handler left to do, and may post messages
// to processes. It must not block. The interrupt handler calls the platform's wake, or else the
// node may sleep until the next tick of its clock. The driver's memory.
struct kith_board_driver {
    void (*poll)(struct kith_board_driver *driver);
    struct kith_board_driver *next;
};

enum { KITH_BOARD_GUARDS = 8 }; // regions of the MPU that are used for stacks, at most

struct kith_platform_board {
    volatile bool woken;
    struct kith_board_driver *drivers;
    void *guards[KITH_BOARD_GUARDS]; // by region of the MPU; NULL: free
    uint32_t guard_count;            // regions that there are
};

// Starts the clock and fills in `platform`, whose state is `board`: the caller's memory, to be kept
// for good. Once for an image. A board without entropy panics here.
void kith_platform_board_init(struct kith_platform_board *board, struct kith_platform *platform);

// Links a driver in, for good. The caller's memory.
void kith_platform_board_driver_add(struct kith_platform_board *board,
                                    struct kith_board_driver *driver);

// From here on an overflow that hits the guard of a stack ends only the process of `node` that
// caused it, instead of everything. The first stacks get a guard, as many as the MPU has regions
// for; all of them have the kernel's canary. A process that holds the CPU is reported by the tick
// of the clock (kith_node_watch). Call it after kith_node_open, and with NULL before
// kith_node_close. One node of an image.
void kith_platform_board_watch(struct kith_node *node);

// For the board's vector table. SysTick is the clock. The memory fault handler belongs to exception
// 4; the fault handler to all other faults, and to the interrupts that nobody expects: it reports
// registers on the console and halts. Threads must run on PSP.
void kith_board_systick_handler(void);
void kith_board_memory_fault_handler(void);
void kith_board_fault_handler(void);

// Processor cycles since the start of the clock; 0 before. Callable from anywhere.
uint64_t kith_board_cycles(void);

// Requests to a debugger or an emulator (Arm, "Semihosting for AArch32 and AArch64"). Without one,
// each of them is a fault. `kith_semihosting_exit` ends the emulator with `status`;
// `kith_semihosting_read` reads the first bytes of a file of the host, false: not all of them.
noreturn void kith_semihosting_exit(int status);
bool kith_semihosting_read(const char *path, void *bytes, size_t size);

#endif
