// SPDX-License-Identifier: Apache-2.0
// What newlib asks for: memory for malloc, and somewhere to go when an assertion fails.
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/platform_board.h>

#include "log.h"

extern char kith_heap_start[], kith_heap_end[]; // of the linker script

void *_sbrk(ptrdiff_t change);

// Newlib has no place for state in this call, so the end of the memory handed out so far is static.
void *_sbrk(ptrdiff_t change)
{
    static size_t used;
    size_t size = (size_t)(kith_heap_end - kith_heap_start);
    bool too_much = change >= 0 ? (size_t)change > size - used : (size_t)0 - (size_t)change > used;
    if (too_much) {
        errno = ENOMEM;
        return (void *)UINTPTR_MAX;
    }
    char *before = kith_heap_start + used;
    used += (size_t)change;
    return before;
}

// Replaces newlib's, which would bring in stdio.
void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    (void)function;
    kithi_log_text("\nassertion failed: ");
    kithi_log_text(expression);
    kithi_log_text(" in ");
    kithi_log_text(file);
    kithi_log_hex("line", (uint32_t)line);
    kithi_log_text("\n");
    kith_board.halt(KITH_BOARD_STATUS_ASSERT);
    for (;;) {
        // halt doesn't return; the compiler can't know.
    }
}
