// SPDX-License-Identifier: Apache-2.0
// Command-line options, read by a table that help texts, completion and man pages are made from as
// well.
#ifndef KITH_OPTION_H
#define KITH_OPTION_H

#include <stddef.h>
#include <stdio.h>

struct kith_option {
    const char *name;  // without the dashes
    char letter;       // short form, 0: none
    const char *value; // what the value is called in help texts; NULL: a switch without value
    const char *help;  // a phrase without a full stop
};

// Reads argv[1] and on. All of it is borrowed.
struct kith_option_reader {
    int argc;
    char **argv;
    const struct kith_option *options;
    size_t option_count;
    int place;          // next word of argv
    int letter;         // place in a word of several short options, 0: not in one
    int arguments_only; // after "--"
};

enum kith_option_kind {
    KITH_OPTION_END,            // nothing left
    KITH_OPTION_GIVEN,          // an option, with its value if it takes one
    KITH_OPTION_ARGUMENT,       // a word that isn't an option: `value`
    KITH_OPTION_UNKNOWN,        // no such option: `value` is the word as it was typed
    KITH_OPTION_VALUE_MISSING,  // `option` needs a value
    KITH_OPTION_VALUE_UNWANTED, // `option` takes none, but --name=value was given
};

struct kith_option_event {
    enum kith_option_kind kind;
    const struct kith_option *option; // NULL for words that aren't options
    const char *value;
};

void kith_option_reader_init(struct kith_option_reader *reader, int argc, char **argv,
                             const struct kith_option *options, size_t option_count);

// Gives the next option or argument: --name, --name value, --name=value, -x, -x value, -xvalue,
// -xyz (switches), and after "--" only arguments.
struct kith_option_event kith_option_next(struct kith_option_reader *reader);

// Writes what is wrong with an event of the last three kinds, and what was meant instead, as the
// middle of an error line: "unknown option '--nodee'; did you mean '--node'?".
void kith_option_explain(const struct kith_option_reader *reader,
                         const struct kith_option_event *event, char *text, size_t size);

// Writes "-n, --node HOST" into `text` and gives it back.
char *kith_option_heading(const struct kith_option *option, char *text, size_t size);

// Writes the options as a list for --help.
void kith_option_print(FILE *out, const struct kith_option *options, size_t option_count);

#endif
