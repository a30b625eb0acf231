// SPDX-License-Identifier: Apache-2.0
// Variable-length numbers as protobuf writes them: 7 bits a byte, the lowest first, the highest bit
// set on all but the last.
#ifndef KITHI_VARINT_H
#define KITHI_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KITHI_VARINT32_MAX 5 // bytes of a 32-bit number
#define KITHI_VARINT64_MAX 10

// Bytes that `value` takes.
static inline size_t kithi_varint_size(uint32_t value)
{
    size_t size = 1;
    for (; value > 0x7f; value >>= 7) {
        size++;
    }
    return size;
}

// Writes `value` at `out`, where there is room for it, and gives the place behind it.
static inline uint8_t *kithi_varint_write(uint32_t value, uint8_t *out)
{
    for (; value > 0x7f; value >>= 7) {
        *out++ = (uint8_t)(value | 0x80);
    }
    *out++ = (uint8_t)value;
    return out;
}

// Reads a 32-bit number and moves *data and *size behind it. False: truncated or too large.
static inline bool kithi_varint_read(const uint8_t **data, size_t *size, uint32_t *value)
{
    uint32_t result = 0;
    for (unsigned place = 0; place < KITHI_VARINT32_MAX && place < *size; place++) {
        uint8_t byte = (*data)[place];
        if (place == KITHI_VARINT32_MAX - 1 && byte > 0x0f) {
            return false;
        }
        result |= (uint32_t)(byte & 0x7f) << (7 * place);
        if (byte < 0x80) {
            *data += place + 1;
            *size -= place + 1;
            *value = result;
            return true;
        }
    }
    return false;
}

#endif
