// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTERS_H
#define REGISTERS_H

enum { REGISTERS = 11 + 8 }; // x19 to x29, then d8 to d15

#endif
