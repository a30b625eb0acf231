// SPDX-License-Identifier: Apache-2.0
// One value of a setting, from text.
#ifndef KITHI_VALUE_H
#define KITHI_VALUE_H

#include "config.h"

// Fills number and endpoint of *value as the setting's type wants it. False, and a problem that
// says what was expected, if the text doesn't fit.
bool kithi_value_parse(const struct kith_setting *setting, const char *text,
                       struct kithi_value *value, const char *where,
                       struct kithi_problems *problems);

// Writes "from 500ms to 1h", "at least 8K" or "" for the range of a setting, and gives `text` back.
#define KITHI_RANGE_SIZE 64
char *kithi_value_range(const struct kith_setting *setting, char text[KITHI_RANGE_SIZE]);

#endif
