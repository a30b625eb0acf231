// SPDX-License-Identifier: Apache-2.0
#include "base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kithi_base64_encode(const uint8_t *bytes, size_t size, char *text)
{
    for (; size > 0; bytes += 3, text += 4) {
        size_t taken = size < 3 ? size : 3;
        uint32_t group = (uint32_t)bytes[0] << 16;
        if (taken > 1)
            group |= (uint32_t)bytes[1] << 8;
        if (taken > 2)
            group |= bytes[2];
        text[0] = letters[group >> 18];
        text[1] = letters[group >> 12 & 63];
        text[2] = taken > 1 ? letters[group >> 6 & 63] : '=';
        text[3] = taken > 2 ? letters[group & 63] : '=';
        size -= taken;
    }
}

static int letter_value(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

bool kithi_base64_decode(const char *text, size_t len, uint8_t *bytes, size_t *size)
{
    *size = 0;
    if (len % 4 != 0)
        return false;
    for (size_t at = 0; at < len; at += 4) {
        bool last = at + 4 == len;
        size_t padding =
            last ? (text[at + 3] == '=') + (text[at + 2] == '=' && text[at + 3] == '=') : 0;
        uint32_t group = 0;
        for (size_t i = 0; i < 4; i++) {
            int value = i < 4 - padding ? letter_value(text[at + i]) : 0;
            if (value < 0)
                return false;
            group = group << 6 | (uint32_t)value;
        }
        // Bits that the padding cuts off must be zero, so that each text stands for other bytes.
        if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0))
            return false;
        for (size_t i = 0; i < 3 - padding; i++)
            bytes[(*size)++] = (uint8_t)(group >> (16 - 8 * i));
    }
    return true;
}
