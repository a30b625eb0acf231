// SPDX-License-Identifier: Apache-2.0
// Whether the settings that a program declares can be.
#ifndef KITHI_DECLARED_H
#define KITHI_DECLARED_H

#include <kith/setting.h>

#include "problem.h"

// Tells of each mistake in a table of `most` rows, whose last ones have no key. A table
// without mistakes can be given to kithi_config_init.
void kithi_settings_check(const struct kith_setting *settings, size_t most,
                          struct kithi_problems *problems);

// How many settings are in front of the first row without a key.
size_t kithi_settings_count(const struct kith_setting *settings, size_t most);

#endif
