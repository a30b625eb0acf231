// SPDX-License-Identifier: Apache-2.0
// registers_switch of registers.c.
    .text
    .globl registers_switch
    .type registers_switch, @function
registers_switch: // rdi: where to save, rsi: what to load, rdx: values, rcx: seen
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rcx
    movq (%rdx), %rbx
    movq 8(%rdx), %rbp
    movq 16(%rdx), %r12
    movq 24(%rdx), %r13
    movq 32(%rdx), %r14
    movq 40(%rdx), %r15
    callq kithi_arch_switch
    popq %rcx
    movq %rbx, (%rcx)
    movq %rbp, 8(%rcx)
    movq %r12, 16(%rcx)
    movq %r13, 24(%rcx)
    movq %r14, 32(%rcx)
    movq %r15, 40(%rcx)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size registers_switch, . - registers_switch

    .section .note.GNU-stack, "", @progbits
