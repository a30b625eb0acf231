// SPDX-License-Identifier: Apache-2.0
// Text in lines of at most KITH_WRAP_WIDTH columns.
#ifndef KITH_WRAP_H
#define KITH_WRAP_H

#include <stddef.h>
#include <stdio.h>

#define KITH_WRAP_WIDTH 79

// Writes `text` in lines that start at column `indent`. A newline in `text` ends a line.
void kith_wrap(FILE *out, const char *text, size_t indent);

// Writes an entry of a list: `heading` indented by two, `text` beside it from `column` on, or below
// it if the heading is too long.
void kith_wrap_entry(FILE *out, const char *heading, const char *text, size_t column);

// The width of UTF-8 text in columns: its code points. (Wide and combining characters aren't told
// apart from others.)
size_t kith_wrap_columns(const char *text);

#endif
