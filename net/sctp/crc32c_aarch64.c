// SPDX-License-Identifier: Apache-2.0
// CRC32c by the instruction that ARMv8.0 may have and ARMv8.1 has.
#include <string.h>
#include <sys/auxv.h>

#include "crc32c.h"

#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif

__attribute__((target("+crc"))) static uint32_t crc32c_armv8(const void *data, size_t size)
{
    const unsigned char *next = data;
    uint32_t crc = UINT32_MAX;
    for (; size >= 8; size -= 8) {
        uint64_t value;
        memcpy(&value, next, sizeof value);
        crc = __builtin_aarch64_crc32cx(crc, value);
        next += 8;
    }
    for (; size > 0; size--) {
        crc = __builtin_aarch64_crc32cb(crc, *next++);
    }
    return ~crc;
}

kithi_crc32c_function *kithi_crc32c_choose(void)
{
    return getauxval(AT_HWCAP) & HWCAP_CRC32 ? crc32c_armv8 : kithi_crc32c_table;
}
