// SPDX-License-Identifier: Apache-2.0
// The table of commands: parsing, --help, completion and man pages come from it.
#ifndef KITHI_COMMAND_H
#define KITHI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <kith/app.h>
#include <kith/option.h>

#define KITHI_ARGUMENTS_MAX 3
#define KITHI_OPTIONS_MAX   6 // of one command, beside the general ones
#define KITHI_EXAMPLES_MAX  5

struct kithi_session;

// What an argument is: for checking it before anything else happens, and for completion.
enum kithi_argument_kind {
    KITHI_ARGUMENT_TEXT,
    KITHI_ARGUMENT_NODE,
    KITHI_ARGUMENT_ADDRESS,
    KITHI_ARGUMENT_PATTERN,
};

struct kithi_argument {
    const char *name; // "ADDRESS"; NULL ends the list
    const char *help;
    bool optional; // only the last ones
    enum kithi_argument_kind kind;
};

struct kithi_example {
    const char *command, *what;
};

struct kithi_command {
    const char *group; // "node"; NULL: none
    const char *name;  // "ls"
    const char *summary;
    const char *description; // NULL: none
    struct kithi_argument arguments[KITHI_ARGUMENTS_MAX + 1];
    struct kith_option options[KITHI_OPTIONS_MAX + 1];
    struct kithi_example examples[KITHI_EXAMPLES_MAX + 1];

    // Checks the values of its options before there is a node; an exit code. NULL: nothing to
    // check.
    int (*check)(struct kithi_session *session);

    // One of them. `run` is a process of the CLI's node, linked to the node of --node. `run_alone`
    // needs no node. Either gives the exit code.
    int (*run)(struct kithi_session *session);
    int (*run_alone)(struct kithi_session *session);
};

struct kithi_group {
    const char *name, *summary;
};

// By place; NULL behind the last.
const struct kithi_command *kithi_command_at(size_t place);
const struct kithi_group *kithi_group_at(size_t place);

const struct kithi_group *kithi_group_find(const char *name);
// `group` NULL: of the commands without one.
const struct kithi_command *kithi_command_find(const char *group, const char *name);

// The nearest word that could stand there, or NULL: a group or a command without group; or a
// command of that group.
const char *kithi_command_suggest(const char *group, const char *word);

// Options that every command takes, in this order.
enum kithi_general {
    KITHI_GENERAL_NODE,
    KITHI_GENERAL_OUTPUT,
    KITHI_GENERAL_TIMEOUT,
    KITHI_GENERAL_WIDE,
    KITHI_GENERAL_VERBOSE,
    KITHI_GENERAL_HELP,
    KITHI_GENERAL_VERSION,
    KITHI_GENERAL_COUNT,
};
extern const struct kith_option kithi_general_options[KITHI_GENERAL_COUNT];

size_t kithi_command_option_count(const struct kithi_command *command);
size_t kithi_command_argument_count(const struct kithi_command *command);

// Writes "kith node info NODE [OPTION]..." and gives `text` back.
#define KITHI_USAGE_SIZE 160
char *kithi_command_usage(const struct kithi_command *command, char text[KITHI_USAGE_SIZE]);

// What the exit codes of <kith/app.h> mean here, by code.
#define KITHI_EXIT_COUNT (KITH_EXIT_TIMEOUT + 1)
extern const char *const kithi_exit_meanings[KITHI_EXIT_COUNT];

#endif
