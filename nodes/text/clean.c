// SPDX-License-Identifier: Apache-2.0
#include <kith/clean.h>

#include <stdbool.h>
#include <stddef.h>

// U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069: what follows would be shown elsewhere.
static bool turns_direction(const unsigned char *text)
{
    if (text[0] != 0xe2 || (text[1] != 0x80 && text[1] != 0x81))
        return false;
    unsigned last = text[2];
    return text[1] == 0x80 ? last == 0x8e || last == 0x8f || (last >= 0xaa && last <= 0xae)
                           : last >= 0xa6 && last <= 0xa9;
}

// Bytes of the control character at the start of `text`, 0 if there is none. One of U+0080 to
// U+009F is two bytes of UTF-8; where it is a byte of its own, the text isn't UTF-8, and the
// terminal may take it for what it is in Latin-1.
static size_t control_size(const unsigned char *text, size_t continuation)
{
    if (text[0] < 0x20 || text[0] == 0x7f)
        return 1;
    if (text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f)
        return 2;
    if (turns_direction(text))
        return 3;
    return text[0] >= 0x80 && text[0] <= 0x9f && continuation == 0;
}

// Bytes that follow this one in UTF-8.
static size_t followers(unsigned char byte)
{
    return byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : byte < 0xf8 ? 3 : 0;
}

void kith_clean(char *text)
{
    size_t continuation = 0; // bytes that still belong to a character
    for (unsigned char *next = (unsigned char *)text; *next != 0;) {
        bool continues = continuation > 0 && (*next & 0xc0) == 0x80;
        continuation = continues ? continuation : 0;
        size_t size = control_size(next, continuation);
        continuation = continues ? continuation - 1 : followers(*next);
        if (size == 0) {
            next++;
            continue;
        }
        continuation = 0;
        for (; size > 0; size--)
            *next++ = '?';
    }
}
