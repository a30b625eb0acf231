// SPDX-License-Identifier: Apache-2.0
// AAPCS64 6.1.1 and 6.1.2: x19 to x28, the frame pointer x29, the link register x30, the stack
// pointer and the lower halves of v8 to v15 belong to the caller. The switch leaves by a plain
// branch, not by ret: the return predictor holds an address of the other stack.
    .text
    .globl kithi_arch_switch
    .globl kithi_arch_resume
    .type kithi_arch_switch, %function
    .type kithi_arch_resume, %function
    .p2align 4
kithi_arch_switch: // x0: where to save the stack pointer, x1: the one to load, w2: result
    sub sp, sp, #160
    stp x19, x20, [sp]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    mov w0, w2
kithi_arch_resume:
    ldp x19, x20, [sp]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    br x30
    .size kithi_arch_switch, . - kithi_arch_switch

// The first frame of a process: x19 is its entry, x20 the argument.
    .globl kithi_arch_start
    .type kithi_arch_start, %function
kithi_arch_start:
    .cfi_startproc
    .cfi_undefined x30
    mov x0, x20
    blr x19
    brk #0
    .cfi_endproc
    .size kithi_arch_start, . - kithi_arch_start

    .section .note.GNU-stack, "", %progbits
