// SPDX-License-Identifier: Apache-2.0
// registers_switch of registers.c.
    .syntax unified
    .thumb
    .text
    .globl registers_switch
    .type registers_switch, %function
    .thumb_func
registers_switch: // r0: where to save, r1: what to load, r2: values, r3: seen
    push {r3-r11, lr}
#ifdef __ARM_FP
    vpush {s16-s31}
    add r12, r2, #32
    vldmia r12, {s16-s31}
#endif
    ldmia r2, {r4-r11}
    bl kithi_arch_switch
#ifdef __ARM_FP
    ldr r3, [sp, #64]
    stmia r3!, {r4-r11}
    vstmia r3, {s16-s31}
    vpop {s16-s31}
#else
    ldr r3, [sp]
    stmia r3, {r4-r11}
#endif
    pop {r3-r11, pc}
    .size registers_switch, . - registers_switch
