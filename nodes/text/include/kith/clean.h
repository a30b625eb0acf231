// SPDX-License-Identifier: Apache-2.0
// Texts that came from elsewhere, before a terminal sees them.
#ifndef KITH_CLEAN_H
#define KITH_CLEAN_H

// Replaces control characters by '?', in place: those of ASCII, U+0080 to U+009F, which many
// terminals obey as well, and those that turn the direction of writing. The size stays the same.
void kith_clean(char *text);

#endif
