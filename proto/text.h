// SPDX-License-Identifier: Apache-2.0
// Text that came from another node and will be shown to people.
#ifndef KITHI_TEXT_H
#define KITHI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

// True if `text`, ended by a zero, is valid UTF-8 (RFC 3629) of at most `size` bytes, the zero
// included, and has no character that moves the cursor, changes colours or turns the direction of
// writing: it can be put on a terminal as it is. The empty text is valid.
bool kithi_text_valid(const char *text, size_t size);

#endif
