// SPDX-License-Identifier: Apache-2.0
// Settings that are each right but don't go together.
#ifndef KITHI_CHECK_H
#define KITHI_CHECK_H

#include "config.h"

void kithi_config_check(const struct kithi_config *config, struct kithi_problems *problems);

#endif
