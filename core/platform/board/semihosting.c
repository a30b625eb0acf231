// SPDX-License-Identifier: Apache-2.0
#include <kith/platform_board.h>

#include <string.h>

enum {
    OPERATION_OPEN = 0x01,
    OPERATION_CLOSE = 0x02,
    OPERATION_READ = 0x06,
    OPERATION_EXIT_EXTENDED = 0x20,
    OPEN_READ_BINARY = 1,
    EXIT_APPLICATION = 0x20026, // ADP_Stopped_ApplicationExit
};

static uint32_t call_host(uint32_t operation, const void *block)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

noreturn void kith_semihosting_exit(int status)
{
    const uint32_t block[] = {EXIT_APPLICATION, (uint32_t)status};
    call_host(OPERATION_EXIT_EXTENDED, block);
    for (;;) {
        // A debugger may continue after the exit.
    }
}

bool kith_semihosting_read(const char *path, void *bytes, size_t size)
{
    const uint32_t open[] = {(uintptr_t)path, OPEN_READ_BINARY, strlen(path)};
    uint32_t handle = call_host(OPERATION_OPEN, open);
    if (handle == UINT32_MAX) {
        return false;
    }
    const uint32_t read[] = {handle, (uintptr_t)bytes, size};
    uint32_t left = call_host(OPERATION_READ, read);
    call_host(OPERATION_CLOSE, &handle);
    return left == 0;
}
