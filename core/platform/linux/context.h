// SPDX-License-Identifier: Apache-2.0
// The interrupted thread, as a signal handler sees it (ucontext_t): context_*.c, by CPU.
#ifndef KITHI_CONTEXT_H
#define KITHI_CONTEXT_H

#include <stdint.h>

uintptr_t kithi_context_stack_pointer(const void *context);

// Returning from the handler will continue at `code` on that stack.
void kithi_context_continue(void *context, void (*code)(void), void *stack_pointer);

#endif
