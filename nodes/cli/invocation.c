// SPDX-License-Identifier: Apache-2.0
#include "invocation.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define EXPLANATION_SIZE 300
#define ALL_OPTIONS      (KITHI_GENERAL_COUNT + KITHI_OPTIONS_MAX)

__attribute__((format(printf, 2, 3))) static bool complain(struct kithi_invocation *invocation,
                                                           const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(invocation->complaint, KITHI_COMPLAINT_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

// What --help would be asked for: "kith", "kith node", "kith node ls".
static const char *subject(const struct kithi_invocation *invocation, char text[KITHI_USAGE_SIZE])
{
    const char *group = invocation->group != NULL ? invocation->group->name : NULL;
    const char *name = NULL;
    if (invocation->command != NULL) {
        group = invocation->command->group;
        name = invocation->command->name;
    }
    snprintf(text, KITHI_USAGE_SIZE, "kith%s%s%s%s", group != NULL ? " " : "",
             group != NULL ? group : "", name != NULL ? " " : "", name != NULL ? name : "");
    return text;
}

static bool complain_of_word(struct kithi_invocation *invocation, const char *word)
{
    const char *group = invocation->group != NULL ? invocation->group->name : NULL;
    const char *meant = kithi_command_suggest(group, word);
    char text[KITHI_USAGE_SIZE];
    subject(invocation, text);
    if (meant != NULL)
        return complain(invocation, "unknown command '%.60s'; did you mean '%s %s'?", word, text,
                        meant);
    return complain(invocation, "unknown command '%.60s'; try '%s --help'", word, text);
}

static bool complain_of_option(struct kithi_invocation *invocation,
                               const struct kith_option_reader *reader,
                               const struct kith_option_event *event)
{
    char text[EXPLANATION_SIZE], about[KITHI_USAGE_SIZE];
    kith_option_explain(reader, event, text, sizeof(text));
    if (strchr(text, '?') != NULL)
        return complain(invocation, "%s", text);
    return complain(invocation, "%s; try '%s --help'", text, subject(invocation, about));
}

// A word in front of the command: the name of a group or a command, or "help", which is --help.
static bool take_word(struct kithi_invocation *invocation, const char *word)
{
    const char *group = invocation->group != NULL ? invocation->group->name : NULL;
    if (group == NULL && strcmp(word, "help") == 0) {
        invocation->general[KITHI_GENERAL_HELP] = "";
        return true;
    }
    invocation->command = kithi_command_find(group, word);
    if (invocation->command != NULL)
        return true;
    if (group == NULL)
        invocation->group = kithi_group_find(word);
    return (group == NULL && invocation->group != NULL) || complain_of_word(invocation, word);
}

static bool take_argument(struct kithi_invocation *invocation, const char *word, size_t *count)
{
    char usage[KITHI_USAGE_SIZE];
    if (*count == kithi_command_argument_count(invocation->command))
        return complain(invocation, "unexpected argument '%.100s'; usage: %s", word,
                        kithi_command_usage(invocation->command, usage));
    invocation->arguments[(*count)++] = word;
    return true;
}

static void take_option(struct kithi_invocation *invocation, size_t place, const char *value)
{
    if (value == NULL)
        value = "";
    if (place < KITHI_GENERAL_COUNT)
        invocation->general[place] = value;
    else
        invocation->values[place - KITHI_GENERAL_COUNT] = value;
}

// The general options, and behind them those of the command once it is known.
static size_t gather_options(const struct kithi_command *command,
                             struct kith_option options[ALL_OPTIONS])
{
    size_t count = KITHI_GENERAL_COUNT;
    memcpy(options, kithi_general_options, sizeof(kithi_general_options));
    if (command != NULL) {
        size_t own = kithi_command_option_count(command);
        memcpy(options + count, command->options, own * sizeof(options[0]));
        count += own;
    }
    return count;
}

static bool read_words(struct kithi_invocation *invocation, int argc, char **argv, size_t *given)
{
    struct kith_option options[ALL_OPTIONS];
    struct kith_option_reader reader;
    kith_option_reader_init(&reader, argc, argv, options, gather_options(NULL, options));
    for (;;) {
        struct kith_option_event event = kith_option_next(&reader);
        bool fine = true;
        if (event.kind == KITH_OPTION_END)
            return true;
        if (event.kind == KITH_OPTION_GIVEN) {
            take_option(invocation, (size_t)(event.option - options), event.value);
        } else if (event.kind != KITH_OPTION_ARGUMENT) {
            fine = complain_of_option(invocation, &reader, &event);
        } else if (invocation->command != NULL) {
            fine = take_argument(invocation, event.value, given);
        } else {
            fine = take_word(invocation, event.value);
            reader.option_count = gather_options(invocation->command, options);
        }
        if (!fine)
            return false;
    }
}

bool kithi_invocation_parse(struct kithi_invocation *invocation, int argc, char **argv)
{
    size_t given = 0;
    *invocation = (struct kithi_invocation){.command = NULL};
    if (!read_words(invocation, argc, argv, &given))
        return false;
    if (invocation->general[KITHI_GENERAL_HELP] != NULL ||
        invocation->general[KITHI_GENERAL_VERSION] != NULL || invocation->command == NULL)
        return true;
    const struct kithi_argument *missing = &invocation->command->arguments[given];
    char usage[KITHI_USAGE_SIZE];
    if (missing->name != NULL && !missing->optional)
        return complain(invocation, "%s is missing; usage: %s", missing->name,
                        kithi_command_usage(invocation->command, usage));
    return true;
}

const char *kithi_invocation_option(const struct kithi_invocation *invocation, const char *name)
{
    const struct kith_option *options = invocation->command->options;
    size_t place = 0;
    while (options[place].name != NULL && strcmp(options[place].name, name) != 0)
        place++;
    assert(options[place].name != NULL && "an option that the command doesn't have");
    return invocation->values[place];
}
