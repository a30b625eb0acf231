// SPDX-License-Identifier: Apache-2.0
// One command line, parsed and checked.
#ifndef KITHI_INVOCATION_H
#define KITHI_INVOCATION_H

#include <stdint.h>

#include "command.h"

#define KITHI_COMPLAINT_SIZE 512

struct kithi_invocation {
    const struct kithi_command *command;        // NULL: none was given
    const struct kithi_group *group;            // a group without a command
    const char *arguments[KITHI_ARGUMENTS_MAX]; // NULL: not given
    const char *values[KITHI_OPTIONS_MAX];      // of the command's options, by place; "": a switch
    const char *general[KITHI_GENERAL_COUNT];   // of the general ones
    char complaint[KITHI_COMPLAINT_SIZE];       // what is wrong, what to try
};

// Parses the words. False: `complaint` says why. With --help and --version arguments may be
// missing. Borrows argv.
bool kithi_invocation_parse(struct kithi_invocation *invocation, int argc, char **argv);

// The value of the command's option of that name; NULL if it wasn't given. Asserts that there is
// such an option.
const char *kithi_invocation_option(const struct kithi_invocation *invocation, const char *name);

#endif
