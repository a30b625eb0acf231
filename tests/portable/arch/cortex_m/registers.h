// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTERS_H
#define REGISTERS_H

#ifdef __ARM_FP
enum { REGISTERS = 8 + 16 }; // r4 to r11, then s16 to s31
#else
enum { REGISTERS = 8 }; // r4 to r11
#endif

#endif
