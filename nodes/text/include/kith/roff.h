// SPDX-License-Identifier: Apache-2.0
// Man pages in the man(7) macros. Text is plain; it is escaped on the way.
#ifndef KITH_ROFF_H
#define KITH_ROFF_H

#include <stdio.h>

// The title line and the NAME section of page `page` (e.g. "kith-node") in `section`.
void kith_roff_begin(FILE *out, const char *page, int section, const char *version,
                     const char *summary);

void kith_roff_section(FILE *out, const char *title);
void kith_roff_subsection(FILE *out, const char *title);

// A paragraph. Each newline in `text` starts another one.
void kith_roff_paragraph(FILE *out, const char *text);

// An entry of a list: bold `term`, indented text.
void kith_roff_entry(FILE *out, const char *term, const char *text);

// A command line or a piece of a file, shown as it is.
void kith_roff_verbatim(FILE *out, const char *text);

#endif
