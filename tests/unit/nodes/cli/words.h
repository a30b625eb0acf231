// SPDX-License-Identifier: Apache-2.0
// Command lines as words, and what is written on standard error.
#ifndef TEST_CLI_WORDS_H
#define TEST_CLI_WORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define WORDS_MAX  32
#define LINE_SIZE  512
#define ERROR_SIZE 2048

struct words {
    char line[LINE_SIZE];
    char *argv[WORDS_MAX + 1];
    int argc;
};

// Splits a line as a shell does that knows '...' and nothing else, up to an unquoted |, &, > or ).
void words_split(struct words *words, const char *line);

// Writes "kith node ls" into `text` and gives it back: the command with, for each argument that it
// needs (`all`: for each that it takes), a word that may stand there.
char *words_of_command(const struct kithi_command *command, bool all, char text[LINE_SIZE]);

// Gives what is written on standard error between the two.
void words_catch_errors(void);
void words_caught_errors(char text[ERROR_SIZE]);

// It is one line, "kith: ...", and says that.
void words_expect_error(const char *text, const char *says);

#endif
