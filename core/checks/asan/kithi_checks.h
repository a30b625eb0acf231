// SPDX-License-Identifier: Apache-2.0
// Hooks for AddressSanitizer: memory that a process doesn't own is poisoned, and each switch says
// which stack comes next.
#ifndef KITHI_CHECKS_H
#define KITHI_CHECKS_H

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stddef.h>
#include <stdint.h>

enum { KITHI_CHECKS = 1 };

static inline void kithi_check_poison(const void *memory, size_t size)
{
    __asan_poison_memory_region(memory, size);
}

static inline void kithi_check_unpoison(const void *memory, size_t size)
{
    __asan_unpoison_memory_region(memory, size);
}

// Touches memory of a stack, which frames that are gone may have left poisoned.
static __attribute__((noinline, unused, no_sanitize("address"))) void kithi_check_touch(
    uintptr_t address)
{
    (void)*(const volatile unsigned char *)address;
}

// Before a switch to the stack at `base`; `fake_stack` NULL: the current one never continues.
static inline void kithi_check_leave(void **fake_stack, const void *base, size_t size)
{
    __sanitizer_start_switch_fiber(fake_stack, base, size);
}

static inline void kithi_check_arrive(void *fake_stack, const void **from_base, size_t *from_size)
{
    __sanitizer_finish_switch_fiber(fake_stack, from_base, from_size);
}

#endif
