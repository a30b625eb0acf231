// SPDX-License-Identifier: Apache-2.0
// Texts made from the table of settings.
#ifndef KITHI_HELP_H
#define KITHI_HELP_H

#include <stdio.h>

#include "config.h"

struct kithi_program {
    const char *name, *version;
    const char *summary;     // one phrase
    const char *description; // sentences; NULL: none
};

// --help.
void kithi_help_print(FILE *out, const struct kithi_program *program,
                      const struct kithi_config *config);

// The man page in section 8.
void kithi_help_man(FILE *out, const struct kithi_program *program,
                    const struct kithi_config *config);

// --check-config: the settings as a configuration file, and where each comes from.
void kithi_help_show(FILE *out, const struct kithi_config *config);

// Bash completion.
void kithi_help_completion(FILE *out, const struct kithi_program *program,
                           const struct kithi_config *config);

#endif
