// SPDX-License-Identifier: Apache-2.0
#include "help.h"

#include <string.h>

#include <kith/wrap.h>

#define COLUMN       28
#define HEADING_SIZE 64

static void print_exit_codes(FILE *out)
{
    char code[4];
    fputs("\nExit status:\n", out);
    for (unsigned i = 0; i < KITHI_EXIT_COUNT; i++) {
        snprintf(code, sizeof(code), "%u", i);
        kith_wrap_entry(out, code, kithi_exit_meanings[i], 6);
    }
}

static void print_general_options(FILE *out)
{
    fputs("\nGeneral options:\n", out);
    kith_option_print(out, kithi_general_options, KITHI_GENERAL_COUNT);
}

// Commands of a group, or those without one.
static void print_commands(FILE *out, const char *group)
{
    const struct kithi_command *command;
    char heading[HEADING_SIZE];
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        bool belongs = group == NULL ? command->group == NULL
                                     : command->group != NULL && strcmp(command->group, group) == 0;
        if (!belongs)
            continue;
        snprintf(heading, sizeof(heading), "%s%s%s", group != NULL ? group : "",
                 group != NULL ? " " : "", command->name);
        kith_wrap_entry(out, heading, command->summary, COLUMN);
    }
}

void kithi_help_all(FILE *out)
{
    const struct kithi_group *group;
    fputs("Usage: kith [OPTION]... COMMAND [ARGUMENT]...\n\n", out);
    kith_wrap(out, "Looks into a cluster of kith nodes, and sends messages to its processes.", 0);
    fputs("\nCommands:\n", out);
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++)
        print_commands(out, group->name);
    print_commands(out, NULL);
    print_general_options(out);
    fputs("\nExamples:\n", out);
    kith_wrap_entry(out, "kith node ls", "nodes, as the one on this machine sees them", 36);
    kith_wrap_entry(out, "kith -n 10.0.0.7 name ls", "names, as another node knows them", 36);
    kith_wrap_entry(out, "kith send logger --data hello", "a message to a process", 36);
    kith_wrap_entry(out, "kith call node Node.Info", "a call", 36);
    fputs("\nWith -o json each command prints JSON. 'kith COMMAND --help' says more.\n", out);
    print_exit_codes(out);
}

void kithi_help_group(FILE *out, const struct kithi_group *group)
{
    fprintf(out, "Usage: kith %s COMMAND [ARGUMENT]... [OPTION]...\n\nAbout %s.\n\nCommands:\n",
            group->name, group->summary);
    print_commands(out, group->name);
    const struct kithi_command *command;
    fputs("\nExamples:\n", out);
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        if (command->group != NULL && strcmp(command->group, group->name) == 0)
            kith_wrap_entry(out, command->examples[0].command, command->examples[0].what, 36);
    }
    print_general_options(out);
    fprintf(out, "\n'kith %s COMMAND --help' says more.\n", group->name);
}

void kithi_help_command(FILE *out, const struct kithi_command *command)
{
    char usage[KITHI_USAGE_SIZE];
    fprintf(out, "Usage: %s\n\n", kithi_command_usage(command, usage));
    fprintf(out, "%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->description != NULL)
        kith_wrap(out, command->description, 0);
    if (command->arguments[0].name != NULL)
        fputs("\nArguments:\n", out);
    for (const struct kithi_argument *argument = command->arguments; argument->name != NULL;
         argument++)
        kith_wrap_entry(out, argument->name, argument->help, COLUMN);
    if (command->options[0].name != NULL)
        fputs("\nOptions:\n", out);
    kith_option_print(out, command->options, kithi_command_option_count(command));
    print_general_options(out);
    fputs("\nExamples:\n", out);
    for (const struct kithi_example *example = command->examples; example->command != NULL;
         example++)
        fprintf(out, "  %s\n      %s\n", example->command, example->what);
}
