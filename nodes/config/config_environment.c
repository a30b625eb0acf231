// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PREFIX     "KITH_"
#define PREFIX_LEN (sizeof(PREFIX) - 1)

// Variables of the command-line program and of this one that aren't settings.
static bool is_known_elsewhere(const char *name)
{
    static const char *const names[] = {"KITH_NODE", "KITH_CONFIG", "KITH_TIMEOUT", "KITH_OUTPUT"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

// Others than our own programs set variables of that form (orchestrators name services so), so an
// unknown one is only a warning.
static void warn_of_unknown(const struct kithi_config *config, const char *name, const char *key,
                            struct kithi_problems *problems)
{
    const char *meant = kithi_config_suggest(config, key);
    char variable[KITHI_KEY_SIZE] = "";
    if (meant != NULL)
        kithi_setting_variable(config->settings[kithi_config_find(config, meant)], variable);
    kithi_problem_warning(problems, "environment: unknown variable '%.100s'%s%s%s", name,
                          meant != NULL ? "; did you mean '" : "", variable,
                          meant != NULL ? "'?" : "");
}

static void read_variable(struct kithi_config *config, const char *variable,
                          struct kithi_problems *problems)
{
    char name[KITHI_KEY_SIZE + PREFIX_LEN], key[KITHI_KEY_SIZE];
    size_t len = strcspn(variable, "=");
    if (variable[len] != '=' || len >= sizeof(key))
        return;
    snprintf(name, sizeof(name), "%.*s", (int)len, variable);
    snprintf(key, sizeof(key), "%s", name + PREFIX_LEN);
    for (char *letter = key; *letter != 0; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    int place = kithi_config_find(config, key);
    if (place >= 0 && variable[len + 1] != 0)
        kithi_config_set(config, (size_t)place, variable + len + 1, KITHI_ENVIRONMENT, name,
                         problems);
    else if (place < 0 && !is_known_elsewhere(name))
        warn_of_unknown(config, name, key, problems);
}

void kithi_config_read_environment(struct kithi_config *config, char *const *environment,
                                   struct kithi_problems *problems)
{
    for (; environment != NULL && *environment != NULL; environment++) { // NULL after clearenv
        if (strncmp(*environment, PREFIX, PREFIX_LEN) == 0)
            read_variable(config, *environment, problems);
    }
}
