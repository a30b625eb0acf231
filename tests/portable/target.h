// SPDX-License-Identifier: Apache-2.0
// What the portable tests need of the machine they run on; one file per kind of machine.
#ifndef TARGET_H
#define TARGET_H

#include <kith/platform.h>

// Stack of the processes under test.
extern const size_t target_stack_size;

// Fills in the platform; once for a program.
void target_open(struct kith_platform *platform);

// Writes text to the console, from any stack.
void target_print(const char *text);

#endif
