// SPDX-License-Identifier: Apache-2.0
#include "context.h"

#include <ucontext.h>

uintptr_t kithi_context_stack_pointer(const void *context)
{
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.sp;
}

void kithi_context_continue(void *context, void (*code)(void), void *stack_pointer)
{
    mcontext_t *registers = &((ucontext_t *)context)->uc_mcontext;
    registers->sp = (uintptr_t)stack_pointer;
    registers->pc = (uintptr_t)code;
}
