// SPDX-License-Identifier: Apache-2.0
#include "help.h"

#include <ctype.h>
#include <string.h>

#include <kith/option.h>
#include <kith/roff.h>
#include <kith/wrap.h>

#include "arguments.h"
#include "settings.h"
#include "value.h"

#define HELP_SIZE    512
#define HEADING_SIZE 96

static const char *const sources_text =
    "A setting can be given on the command line, in the environment or in the file; the first of "
    "these that has it counts. The setting log_level, for example, is --log-level debug on the "
    "command line, KITH_LOG_LEVEL=debug in the environment, and a line log_level: debug in the "
    "file. A list is [a, b] in the file, and a,b elsewhere. Only the file named by --config or by "
    "KITH_CONFIG is read.";

static const char *const signals_text =
    "SIGTERM, SIGINT and SIGHUP stop the node: its processes are told to end, what is queued is "
    "delivered, peers are told goodbye. A second one stops it at once. "
    "(Neither gets through to a node while one of its processes holds the CPU and never gives way, "
    "which the log says: process_held_cpu. Then only SIGKILL is left.)";

struct exit_code {
    const char *code, *meaning;
};
static const struct exit_code exit_codes[] = {
    {"0", "stopped in good order, or --help, --version or --check-config was asked for"},
    {"1", "the node couldn't start or broke"},
    {"2", "wrong options or configuration"},
    {"4", "the system denied access, for example to a port below 1024"},
    {"7", "another program uses the port"},
};

// The help phrase with the range and the default behind it.
static const char *describe(const struct kith_setting *setting, char text[HELP_SIZE])
{
    char range[KITHI_RANGE_SIZE] = "";
    bool ranged = setting->type == KITH_SETTING_NUMBER || setting->type == KITH_SETTING_SIZE ||
                  setting->type == KITH_SETTING_DURATION;
    if (ranged)
        kithi_value_range(setting, range);
    const char *comma = range[0] != 0 && setting->initial != NULL ? ", " : "";
    if (range[0] == 0 && setting->initial == NULL)
        snprintf(text, HELP_SIZE, "%s", setting->help);
    else
        snprintf(text, HELP_SIZE, "%s (%s%s%s%s)", setting->help, range, comma,
                 setting->initial != NULL ? "default " : "",
                 setting->initial != NULL ? setting->initial : "");
    return text;
}

// Calls `print` for the options from `first` to before `end` that are, or aren't, for tests.
typedef void print_entry(FILE *out, const char *heading, const char *help);

static void print_group(FILE *out, const struct kithi_config *config, size_t first, size_t end,
                        bool test, print_entry *print)
{
    struct kithi_options options;
    char heading[HEADING_SIZE], help[HELP_SIZE];
    kithi_options_init(&options, config);
    for (size_t i = first; i < end; i++) {
        if (config->settings[i]->test != test)
            continue;
        const struct kith_option *option = &options.options[KITHI_OPTIONS_FIXED + i];
        kith_option_heading(option, heading, sizeof(heading));
        print(out, heading, describe(config->settings[i], help));
    }
}

static void print_fixed(FILE *out, const struct kithi_config *config, print_entry *print)
{
    struct kithi_options options;
    char heading[HEADING_SIZE];
    kithi_options_init(&options, config);
    for (size_t i = 0; i < KITHI_OPTIONS_FIXED; i++) {
        kith_option_heading(&options.options[i], heading, sizeof(heading));
        print(out, heading, options.options[i].help);
    }
}

static void print_help_entry(FILE *out, const char *heading, const char *help)
{
    kith_wrap_entry(out, heading, help, 28);
}

static void print_man_entry(FILE *out, const char *heading, const char *help)
{
    kith_roff_entry(out, heading + strspn(heading, " "), help);
}

// The phrase as a sentence.
static void print_summary(FILE *out, const char *summary)
{
    char sentence[HELP_SIZE];
    snprintf(sentence, sizeof(sentence), "%s.", summary);
    sentence[0] = (char)toupper((unsigned char)sentence[0]);
    kith_wrap(out, sentence, 0);
}

void kithi_help_print(FILE *out, const struct kithi_program *program,
                      const struct kithi_config *config)
{
    fprintf(out, "Usage: %s [OPTION]...\n\n", program->name);
    print_summary(out, program->summary);
    if (program->description != NULL)
        kith_wrap(out, program->description, 0);
    fputs("\nOptions:\n", out);
    print_fixed(out, config, print_help_entry);
    if (config->count > KITHI_SETTING_COUNT) {
        fprintf(out, "\nSettings of %s:\n", program->name);
        print_group(out, config, KITHI_SETTING_COUNT, config->count, false, print_help_entry);
    }
    fputs("\nSettings of the node:\n", out);
    print_group(out, config, 0, KITHI_SETTING_COUNT, false, print_help_entry);
    fputs("\nOnly for tests:\n", out);
    print_group(out, config, 0, config->count, true, print_help_entry);
    fputs("\n", out);
    kith_wrap(out, sources_text, 0);
    fputs("\nExamples:\n", out);
    fprintf(out, "  %s --listen 0.0.0.0 --peers 10.0.0.7,node-b.lan:7401\n", program->name);
    fprintf(out, "  %s --config %s.yaml --check-config\n", program->name, program->name);
    fprintf(out, "  KITH_LOG_LEVEL=debug %s --name garage\n", program->name);
    fputs("\n", out);
    kith_wrap(out, signals_text, 0);
    fputs("\nExit status:\n", out);
    for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++)
        kith_wrap_entry(out, exit_codes[i].code, exit_codes[i].meaning, 6);
}

static void print_man_example(FILE *out, const char *name)
{
    char text[HELP_SIZE];
    snprintf(text, sizeof(text),
             "listen: 0.0.0.0:7400\npeers: [10.0.0.7, node-b.lan:7401]\nlog_level: debug");
    kith_roff_section(out, "Examples");
    kith_roff_paragraph(out, "A configuration file:");
    kith_roff_verbatim(out, text);
    snprintf(text, sizeof(text), "%s --config %s.yaml --check-config", name, name);
    kith_roff_paragraph(out, "What it comes to, without starting anything:");
    kith_roff_verbatim(out, text);
}

void kithi_help_man(FILE *out, const struct kithi_program *program,
                    const struct kithi_config *config)
{
    kith_roff_begin(out, program->name, 8, program->version, program->summary);
    kith_roff_section(out, "Synopsis");
    kith_roff_entry(out, program->name, "[OPTION]...");
    kith_roff_section(out, "Description");
    kith_roff_paragraph(out,
                        program->description != NULL ? program->description : program->summary);
    kith_roff_section(out, "Options");
    print_fixed(out, config, print_man_entry);
    kith_roff_section(out, "Settings");
    kith_roff_paragraph(out, sources_text);
    print_group(out, config, KITHI_SETTING_COUNT, config->count, false, print_man_entry);
    print_group(out, config, 0, KITHI_SETTING_COUNT, false, print_man_entry);
    kith_roff_subsection(out, "Only for tests");
    print_group(out, config, 0, config->count, true, print_man_entry);
    kith_roff_section(out, "Signals");
    kith_roff_paragraph(out, signals_text);
    print_man_example(out, program->name);
    kith_roff_section(out, "Exit status");
    for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++)
        kith_roff_entry(out, exit_codes[i].code, exit_codes[i].meaning);
    kith_roff_section(out, "See also");
    kith_roff_paragraph(out, "kith(1)");
}

// A text that YAML would take for something else is quoted.
static void print_yaml_text(FILE *out, const char *text)
{
    bool plain = text[0] != 0 &&
                 strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789._/:-") == strlen(text) &&
                 text[0] != ':' && text[0] != '-' && text[strlen(text) - 1] != ':';
    if (plain) {
        fputs(text, out);
        return;
    }
    fputc('\'', out);
    for (; *text != 0; text++) {
        if (*text == '\'')
            fputc('\'', out); // doubled
        fputc(*text, out);
    }
    fputc('\'', out);
}

void kithi_help_show(FILE *out, const struct kithi_config *config)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct kithi_value *value = &config->values[i];
        const char *key = config->settings[i]->key;
        if (value->text == NULL) {
            fprintf(out, "# %s: not set\n", key);
            continue;
        }
        fprintf(out, "%s: ", key);
        print_yaml_text(out, value->text);
        fprintf(out, " # %s\n", kithi_source_name(value->source));
    }
}

void kithi_help_completion(FILE *out, const struct kithi_program *program,
                           const struct kithi_config *config)
{
    struct kithi_options options;
    kithi_options_init(&options, config);
    fprintf(out, "# bash completion for %s\n_%s()\n{\n", program->name, program->name);
    fputs("    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    case $before in\n"
          "    --config | -c)\n"
          "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
          "        return\n"
          "        ;;\n",
          out);
    for (size_t i = 0; i < config->count; i++) {
        if (config->settings[i]->type == KITH_SETTING_CHOICE)
            fprintf(out,
                    "    --%s)\n        COMPREPLY=($(compgen -W \"%s\" -- \"$word\"))\n"
                    "        return\n        ;;\n",
                    options.names[i], config->settings[i]->choices);
    }
    fputs("    esac\n    COMPREPLY=($(compgen -W \"", out);
    for (size_t i = 0; i < options.count; i++)
        fprintf(out, "%s--%s", i > 0 ? " " : "", options.options[i].name);
    fprintf(out, "\" -- \"$word\"))\n}\ncomplete -F _%s %s\n", program->name, program->name);
}
