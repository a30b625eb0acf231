// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <string.h>

#include <kith/suggest.h>

static bool same_group(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const struct kithi_group *kithi_group_find(const char *name)
{
    const struct kithi_group *group;
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++) {
        if (strcmp(group->name, name) == 0)
            return group;
    }
    return NULL;
}

const struct kithi_command *kithi_command_find(const char *group, const char *name)
{
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        if (same_group(command->group, group) && strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

struct candidates {
    const char *group;
};

// Commands that can't stand there are empty words, which nothing is near to.
static const char *candidate(const void *words, size_t index)
{
    const struct candidates *candidates = words;
    const struct kithi_command *command = kithi_command_at(index);
    if (command != NULL)
        return same_group(command->group, candidates->group) ? command->name : "";
    size_t count = 0;
    while (kithi_command_at(count) != NULL)
        count++;
    const struct kithi_group *group =
        candidates->group == NULL ? kithi_group_at(index - count) : NULL;
    return group != NULL ? group->name : NULL;
}

const char *kithi_command_suggest(const char *group, const char *word)
{
    struct candidates candidates = {group};
    return kith_suggest(word, candidate, &candidates);
}

size_t kithi_command_option_count(const struct kithi_command *command)
{
    size_t count = 0;
    while (command->options[count].name != NULL)
        count++;
    return count;
}

size_t kithi_command_argument_count(const struct kithi_command *command)
{
    size_t count = 0;
    while (command->arguments[count].name != NULL)
        count++;
    return count;
}

char *kithi_command_usage(const struct kithi_command *command, char text[KITHI_USAGE_SIZE])
{
    size_t used = (size_t)snprintf(text, KITHI_USAGE_SIZE, "kith %s%s%s",
                                   command->group != NULL ? command->group : "",
                                   command->group != NULL ? " " : "", command->name);
    for (const struct kithi_argument *argument = command->arguments; argument->name != NULL;
         argument++)
        used += (size_t)snprintf(text + used, KITHI_USAGE_SIZE - used,
                                 argument->optional ? " [%s]" : " %s", argument->name);
    snprintf(text + used, KITHI_USAGE_SIZE - used, " [OPTION]...");
    return text;
}
