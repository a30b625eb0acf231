// SPDX-License-Identifier: Apache-2.0
// Hooks for the sanitizers, here without one: nothing to do. The build chooses this folder or asan.
#ifndef KITHI_CHECKS_H
#define KITHI_CHECKS_H

#include <stddef.h>
#include <stdint.h>

enum { KITHI_CHECKS = 0 };

static inline void kithi_check_poison(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

static inline void kithi_check_unpoison(const void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

// Touches memory of a stack.
static inline void kithi_check_touch(uintptr_t address)
{
    (void)*(const volatile unsigned char *)address;
}

static inline void kithi_check_leave(void **fake_stack, const void *base, size_t size)
{
    (void)fake_stack;
    (void)base;
    (void)size;
}

static inline void kithi_check_arrive(void *fake_stack, const void **from_base, size_t *from_size)
{
    (void)fake_stack;
    (void)from_base;
    (void)from_size;
}

#endif
