// SPDX-License-Identifier: Apache-2.0
// Texts made from the table of commands.
#ifndef KITHI_CLI_HELP_H
#define KITHI_CLI_HELP_H

#include <stdio.h>

#include "command.h"

// --help: of everything, of a group, of a command.
void kithi_help_all(FILE *out);
void kithi_help_group(FILE *out, const struct kithi_group *group);
void kithi_help_command(FILE *out, const struct kithi_command *command);

// Man pages in section 1: of everything, and of one command ("kith-node-ls").
void kithi_man_all(FILE *out, const char *version);
void kithi_man_command(FILE *out, const struct kithi_command *command, const char *version);
#define KITHI_PAGE_SIZE 64
char *kithi_man_page(const struct kithi_command *command, char text[KITHI_PAGE_SIZE]);

// Completion for bash.
void kithi_complete_bash(FILE *out);

#endif
