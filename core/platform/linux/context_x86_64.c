// SPDX-License-Identifier: Apache-2.0
#include "context.h"

#include <ucontext.h>

uintptr_t kithi_context_stack_pointer(const void *context)
{
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
}

void kithi_context_continue(void *context, void (*code)(void), void *stack_pointer)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    registers[REG_RSP] = (greg_t)(uintptr_t)stack_pointer;
    registers[REG_RIP] = (greg_t)(uintptr_t)code;
}
