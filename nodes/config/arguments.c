// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

#include <stdio.h>
#include <string.h>

#define COMPLAINT_SIZE 256

enum { OPTION_CONFIG, OPTION_CHECK, OPTION_HELP, OPTION_VERSION };

static const struct kith_option fixed_options[KITHI_OPTIONS_FIXED] = {
    [OPTION_CONFIG] = {"config", 'c', "FILE", "read settings from this YAML file"},
    [OPTION_CHECK] = {"check-config", 0, NULL,
                      "check all settings, print what they come to and from where, and end"},
    [OPTION_HELP] = {"help", 'h', NULL, "print this and end"},
    [OPTION_VERSION] = {"version", 'V', NULL, "print the version and end"},
};

static const char *name_value(const struct kith_setting *setting)
{
    if (setting->value != NULL)
        return setting->value;
    return setting->type == KITH_SETTING_BOOLEAN ? "on|off" : "VALUE";
}

void kithi_options_init(struct kithi_options *options, const struct kithi_config *config)
{
    memcpy(options->options, fixed_options, sizeof(fixed_options));
    options->count = KITHI_OPTIONS_FIXED;
    for (size_t i = 0; i < config->count; i++) {
        const struct kith_setting *setting = config->settings[i];
        options->options[options->count++] = (struct kith_option){
            .name = kithi_setting_flag(setting, options->names[i]),
            .letter = setting->letter,
            .value = name_value(setting),
            .help = setting->help,
        };
    }
}

static void take_option(struct kithi_arguments *arguments, struct kithi_config *config,
                        size_t place, const struct kith_option_event *event,
                        struct kithi_problems *problems)
{
    char where[KITHI_KEY_SIZE + 2];
    if (place >= KITHI_OPTIONS_FIXED) {
        snprintf(where, sizeof(where), "--%s", event->option->name);
        kithi_config_add(config, place - KITHI_OPTIONS_FIXED, event->value, KITHI_FLAG, where,
                         problems);
    } else if (place == OPTION_CONFIG) {
        arguments->file = event->value;
    } else if (place == OPTION_HELP) {
        arguments->action = KITHI_HELP;
    } else if (place == OPTION_VERSION && arguments->action != KITHI_HELP) {
        arguments->action = KITHI_SHOW_VERSION;
    } else if (place == OPTION_CHECK && arguments->action == KITHI_RUN) {
        arguments->action = KITHI_CHECK;
    }
}

void kithi_arguments_read(struct kithi_arguments *arguments, struct kithi_config *config, int argc,
                          char **argv, struct kithi_problems *problems)
{
    struct kithi_options options;
    struct kith_option_reader reader;
    char complaint[COMPLAINT_SIZE];
    kithi_options_init(&options, config);
    kith_option_reader_init(&reader, argc, argv, options.options, options.count);
    *arguments = (struct kithi_arguments){.action = KITHI_RUN};
    for (;;) {
        struct kith_option_event event = kith_option_next(&reader);
        if (event.kind == KITH_OPTION_END)
            return;
        if (event.kind == KITH_OPTION_GIVEN) {
            take_option(arguments, config, (size_t)(event.option - options.options), &event,
                        problems);
        } else if (event.kind == KITH_OPTION_ARGUMENT) {
            kithi_problem_error(problems, "unexpected argument '%.100s'; only options are known",
                                event.value);
        } else {
            kith_option_explain(&reader, &event, complaint, sizeof(complaint));
            kithi_problem_error(problems, "%s", complaint);
        }
    }
}
