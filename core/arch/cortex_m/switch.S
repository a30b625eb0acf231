// SPDX-License-Identifier: Apache-2.0
// AAPCS 6.1.1 and 6.1.2.1: r4 to r11 and s16 to s31 belong to the caller. Works on whichever stack
// pointer is in use; the boards run processes on PSP, so that interrupts don't need room there.
    .syntax unified
    .thumb
    .section .text.kithi_arch_switch, "ax", %progbits
    .globl kithi_arch_switch
    .globl kithi_arch_resume
    .type kithi_arch_switch, %function
    .type kithi_arch_resume, %function
    .p2align 2
    .thumb_func
kithi_arch_switch: // r0: where to save the stack pointer, r1: the one to load, r2: result
    push {r4-r11, lr}
#ifdef __ARM_FP
    vpush {s16-s31}
#endif
    mov r3, sp
    str r3, [r0]
    mov sp, r1
    mov r0, r2
    .thumb_func
kithi_arch_resume:
#ifdef __ARM_FP
    vpop {s16-s31}
#endif
    pop {r4-r11, pc}
    .size kithi_arch_switch, . - kithi_arch_switch

// The first frame of a process: r4 is its entry, r5 the argument.
    .globl kithi_arch_start
    .type kithi_arch_start, %function
    .thumb_func
kithi_arch_start:
    .cfi_startproc
    .cfi_undefined lr
    mov r0, r5
    blx r4
    udf #0
    .cfi_endproc
    .size kithi_arch_start, . - kithi_arch_start
