// SPDX-License-Identifier: Apache-2.0
// The command line of a node's program.
#ifndef KITHI_ARGUMENTS_H
#define KITHI_ARGUMENTS_H

#include <kith/option.h>

#include "config.h"

enum kithi_action { KITHI_RUN, KITHI_CHECK, KITHI_HELP, KITHI_SHOW_VERSION };

struct kithi_arguments {
    enum kithi_action action;
    const char *file; // of --config; NULL: not given
};

// The options of the table: kith's own, the program's, and the fixed ones in front.
#define KITHI_OPTIONS_FIXED 4
struct kithi_options {
    struct kith_option options[KITHI_OPTIONS_FIXED + KITHI_SETTINGS_MAX];
    char names[KITHI_SETTINGS_MAX][KITHI_KEY_SIZE];
    size_t count;
};
void kithi_options_init(struct kithi_options *options, const struct kithi_config *config);

// Reads the whole command line; settings go into `config`.
void kithi_arguments_read(struct kithi_arguments *arguments, struct kithi_config *config, int argc,
                          char **argv, struct kithi_problems *problems);

#endif
