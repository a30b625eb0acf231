// SPDX-License-Identifier: Apache-2.0
// CRC32c by the instruction of SSE4.2. It takes three cycles but can start in each one: so three
// lanes are computed side by side and put together by a multiplication without carry.
#include <immintrin.h>
#include <string.h>

#include "crc32c.h"

enum { LANE_SIZE = 256 };

// x^(8n - 33) modulo the polynomial, lowest bit first: multiplying by it, and then reducing by the
// instruction, moves a remainder over n bytes of zeros.
enum { OVER_ONE_LANE = (int)0xb9e02b86, OVER_TWO_LANES = (int)0xdd7e3b0c };

#define FEATURES __attribute__((target("sse4.2,pclmul")))

static uint64_t load(const unsigned char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

FEATURES static uint32_t move(uint64_t crc, int factor)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc), _mm_cvtsi32_si128(factor), 0);
    return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

FEATURES static uint64_t add_lanes(uint64_t crc, const unsigned char *bytes)
{
    uint64_t second = 0, third = 0;
    for (size_t place = 0; place < LANE_SIZE; place += 8) {
        crc = _mm_crc32_u64(crc, load(bytes + place));
        second = _mm_crc32_u64(second, load(bytes + LANE_SIZE + place));
        third = _mm_crc32_u64(third, load(bytes + 2 * LANE_SIZE + place));
    }
    return move(crc, OVER_TWO_LANES) ^ move(second, OVER_ONE_LANE) ^ third;
}

FEATURES static uint32_t crc32c_sse(const void *data, size_t size)
{
    const unsigned char *next = data;
    uint64_t crc = UINT32_MAX;
    for (; size >= 3 * LANE_SIZE; size -= 3 * LANE_SIZE) {
        crc = add_lanes(crc, next);
        next += 3 * LANE_SIZE;
    }
    for (; size >= 8; size -= 8) {
        crc = _mm_crc32_u64(crc, load(next));
        next += 8;
    }
    for (; size > 0; size--) {
        crc = _mm_crc32_u8((uint32_t)crc, *next++);
    }
    return ~(uint32_t)crc;
}

kithi_crc32c_function *kithi_crc32c_choose(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")
               ? crc32c_sse
               : kithi_crc32c_table;
}
