// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648, section 4), with padding.
#ifndef KITHI_BASE64_H
#define KITHI_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Characters of `size` encoded bytes, without a terminating zero; and at most so many bytes of
// `len` characters.
#define KITHI_BASE64_LEN(size) (((size) + 2) / 3 * 4)
#define KITHI_BASE64_SIZE(len) ((len) / 4 * 3)

void kithi_base64_encode(const uint8_t *bytes, size_t size, char *text);

// Decodes `len` characters; *size is how many bytes they were. False: not base64.
bool kithi_base64_decode(const char *text, size_t len, uint8_t *bytes, size_t *size);

#endif
