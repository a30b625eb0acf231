// SPDX-License-Identifier: Apache-2.0
#include "help.h"

#include <string.h>

#include <kith/roff.h>

#define TEXT_SIZE 512

static void write_options(FILE *out, const struct kith_option *options, size_t count)
{
    char heading[TEXT_SIZE];
    for (size_t i = 0; i < count; i++) {
        kith_option_heading(&options[i], heading, sizeof(heading));
        kith_roff_entry(out, heading + strspn(heading, " "), options[i].help);
    }
}

static void write_exit_codes(FILE *out)
{
    char code[4];
    kith_roff_section(out, "Exit status");
    for (unsigned i = 0; i < KITHI_EXIT_COUNT; i++) {
        snprintf(code, sizeof(code), "%u", i);
        kith_roff_entry(out, code, kithi_exit_meanings[i]);
    }
}

char *kithi_man_page(const struct kithi_command *command, char text[KITHI_PAGE_SIZE])
{
    snprintf(text, KITHI_PAGE_SIZE, "kith%s%s-%s", command->group != NULL ? "-" : "",
             command->group != NULL ? command->group : "", command->name);
    return text;
}

void kithi_man_all(FILE *out, const char *version)
{
    const struct kithi_command *command;
    char page[KITHI_PAGE_SIZE], text[TEXT_SIZE];
    kith_roff_begin(out, "kith", 1, version, "look into a cluster of kith nodes, send messages");
    kith_roff_section(out, "Synopsis");
    kith_roff_entry(out, "kith", "[OPTION]... COMMAND [ARGUMENT]...");
    kith_roff_section(out, "Description");
    kith_roff_paragraph(out,
                        "kith is a short-lived node itself: it links to the node of --node, asks "
                        "it, prints the answer and leaves. With -o json every command prints JSON; "
                        "errors are one line on standard error.");
    kith_roff_section(out, "Commands");
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        kithi_man_page(command, page);
        snprintf(text, sizeof(text), "%s; see %s(1)", command->summary, page);
        kith_roff_entry(out, page, text);
    }
    kith_roff_section(out, "Options");
    write_options(out, kithi_general_options, KITHI_GENERAL_COUNT);
    kith_roff_section(out, "Environment");
    kith_roff_entry(out, "KITH_NODE, KITH_OUTPUT, KITH_TIMEOUT",
                    "stand for --node, --output and --timeout where these aren't given");
    kith_roff_entry(out, "NO_COLOR", "no colours on a terminal");
    write_exit_codes(out);
    kith_roff_section(out, "See also");
    kith_roff_paragraph(out, "kithd(8)");
}

void kithi_man_command(FILE *out, const struct kithi_command *command, const char *version)
{
    char text[TEXT_SIZE];
    kith_roff_begin(out, kithi_man_page(command, text), 1, version, command->summary);
    kith_roff_section(out, "Synopsis");
    kith_roff_verbatim(out, kithi_command_usage(command, text));
    if (command->description != NULL) {
        kith_roff_section(out, "Description");
        kith_roff_paragraph(out, command->description);
    }
    if (command->arguments[0].name != NULL)
        kith_roff_section(out, "Arguments");
    for (const struct kithi_argument *argument = command->arguments; argument->name != NULL;
         argument++)
        kith_roff_entry(out, argument->name, argument->help);
    kith_roff_section(out, "Options");
    write_options(out, command->options, kithi_command_option_count(command));
    write_options(out, kithi_general_options, KITHI_GENERAL_COUNT);
    kith_roff_section(out, "Examples");
    for (const struct kithi_example *example = command->examples; example->command != NULL;
         example++) {
        snprintf(text, sizeof(text), "%s:", example->what);
        kith_roff_paragraph(out, text);
        kith_roff_verbatim(out, example->command);
    }
    write_exit_codes(out);
    kith_roff_section(out, "See also");
    kith_roff_paragraph(out, "kith(1), kithd(8)");
}
