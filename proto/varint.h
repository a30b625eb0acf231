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
static inline uint8_t *kithi_varint_write(uint64_t value, uint8_t *out)
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

// 8 bytes as a number, the lowest first.
static inline uint64_t kithi_fixed64_read(const uint8_t *data)
{
    return (uint64_t)data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 |
           (uint64_t)data[3] << 24 | (uint64_t)data[4] << 32 | (uint64_t)data[5] << 40 |
           (uint64_t)data[6] << 48 | (uint64_t)data[7] << 56;
}

// Reads a number of at most `most` bytes that ends before `end`, whatever bits it has beyond 64,
// and moves *next behind it. False: it doesn't end there.
static inline bool kithi_varint_read_loose(const uint8_t **next, const uint8_t *end, unsigned most,
                                           uint64_t *value)
{
    const uint8_t *at = *next;
    uint64_t result = 0;
    for (unsigned place = 0; place < most && at < end; place++) {
        uint8_t byte = *at++;
        result |= (uint64_t)(byte & 0x7f) << 7 * place;
        if (byte < 0x80) {
            *next = at;
            *value = result;
            return true;
        }
    }
    return false;
}

// The same for 10 bytes, quickly where 8 can be looked at together: bytes of 7 bits are drawn
// together to pairs of 14, these to 28, these to 56.
static inline bool kithi_varint_read_quickly(const uint8_t **next, const uint8_t *end,
                                             uint64_t *value)
{
    if (end - *next < 8) {
        return kithi_varint_read_loose(next, end, KITHI_VARINT64_MAX, value);
    }
    uint64_t bits = kithi_fixed64_read(*next);
    uint64_t ends = ~bits & UINT64_C(0x8080808080808080);
    if (ends == 0) {
        return kithi_varint_read_loose(next, end, KITHI_VARINT64_MAX, value);
    }
    *next += (__builtin_ctzll(ends) >> 3) + 1;
    bits &= (ends ^ (ends - 1)) & UINT64_C(0x7f7f7f7f7f7f7f7f);
    bits = (bits & UINT64_C(0x007f007f007f007f)) | (bits & UINT64_C(0x7f007f007f007f00)) >> 1;
    bits = (bits & UINT64_C(0x00003fff00003fff)) | (bits & UINT64_C(0x3fff00003fff0000)) >> 2;
    *value = (bits & UINT64_C(0x000000000fffffff)) | (bits & UINT64_C(0x0fffffff00000000)) >> 4;
    return true;
}

#endif
