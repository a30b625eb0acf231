// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTERS_H
#define REGISTERS_H

enum { REGISTERS = 6 }; // rbx, rbp, r12 to r15

#endif
