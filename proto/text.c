// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <stdint.h>

static bool read_character(const uint8_t **text, uint32_t *character);
static bool is_printable(uint32_t character);

bool kithi_text_valid(const char *text, size_t size)
{
    const uint8_t *start = (const uint8_t *)text;
    const uint8_t *next = start;
    while (*next != 0) {
        uint32_t character;
        if (!read_character(&next, &character) || !is_printable(character)) {
            return false;
        }
        if ((size_t)(next - start) >= size) {
            return false;
        }
    }
    return size > 0;
}

// Reads one character of UTF-8. A zero is no continuation byte, so this never runs past the end.
static bool read_character(const uint8_t **text, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t *next = *text;
    uint8_t first = *next++;
    unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4) {
        return false;
    }
    uint32_t value = more == 0 ? first : first & (0x3fu >> more);
    for (unsigned i = 0; i < more; i++) {
        if ((*next & 0xc0) != 0x80) {
            return false;
        }
        value = value << 6 | (*next++ & 0x3f);
    }
    *character = value;
    *text = next;
    return value >= smallest[more] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

static bool is_printable(uint32_t character)
{
    // Unicode 15, categories Cc, Zl, Zp, the directional ones of Cf, and the byte order mark.
    static const uint32_t refused[][2] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f},
        {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xfffe, 0xffff},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (character >= refused[i][0] && character <= refused[i][1]) {
            return false;
        }
    }
    return true;
}
