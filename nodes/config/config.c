// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kith/suggest.h>

#include "host.h"
#include "settings.h"
#include "value.h"

static void add_setting(struct kithi_config *config, const struct kith_setting *setting,
                        struct kithi_problems *problems)
{
    assert(config->count < KITHI_SETTINGS_MAX);
    assert(kithi_config_find(config, setting->key) < 0 && "the same key twice");
    size_t place = config->count++;
    config->settings[place] = setting;
    config->values[place] = (struct kithi_value){.source = KITHI_INITIAL};
    if (setting->initial != NULL)
        kithi_config_set(config, place, setting->initial, KITHI_INITIAL, setting->key, problems);
}

void kithi_config_init(struct kithi_config *config, const struct kith_setting *more, size_t count,
                       struct kithi_problems *problems)
{
    config->count = 0;
    config->file = NULL;
    for (size_t i = 0; i < KITHI_SETTING_COUNT; i++)
        add_setting(config, &kithi_settings[i], problems);
    for (size_t i = 0; i < count; i++)
        add_setting(config, &more[i], problems);
}

void kithi_config_fini(struct kithi_config *config)
{
    for (size_t i = 0; i < config->count; i++)
        free(config->values[i].text);
    config->count = 0;
}

static void keep(struct kithi_config *config, size_t place, struct kithi_value *value,
                 const char *text, const char *where, struct kithi_problems *problems)
{
    char *copy = strdup(text);
    if (copy == NULL) {
        kithi_problem_error(problems, "%s: there is no memory left for it", where);
        return;
    }
    free(config->values[place].text);
    value->text = copy;
    config->values[place] = *value;
}

void kithi_config_set(struct kithi_config *config, size_t place, const char *text,
                      enum kithi_source source, const char *where, struct kithi_problems *problems)
{
    const struct kith_setting *setting = config->settings[place];
    struct kithi_value value = {.source = source};
    if (!kithi_value_parse(setting, text, &value, where, problems))
        return;
    if (source >= config->values[place].source)
        keep(config, place, &value, text, where, problems);
}

void kithi_config_add(struct kithi_config *config, size_t place, const char *text,
                      enum kithi_source source, const char *where, struct kithi_problems *problems)
{
    const struct kithi_value *old = &config->values[place];
    if (config->settings[place]->type != KITH_SETTING_HOSTS || old->source != source ||
        old->text == NULL || old->text[0] == 0) {
        kithi_config_set(config, place, text, source, where, problems);
        return;
    }
    struct kithi_value value = {.source = source};
    if (!kithi_value_parse(config->settings[place], text, &value, where, problems))
        return;
    char joined[KITHI_VALUE_SIZE_MAX];
    int size = snprintf(joined, sizeof(joined), "%s,%s", old->text, text);
    if (size >= (int)sizeof(joined))
        kithi_problem_error(problems, "%s: more than %zu bytes together", where, sizeof(joined));
    else
        keep(config, place, &value, joined, where, problems);
}

int kithi_config_find(const struct kithi_config *config, const char *key)
{
    for (size_t i = 0; i < config->count; i++) {
        const char *candidate = config->settings[i]->key, *typed = key;
        while (*typed != 0 && (*typed == *candidate || (*typed == '-' && *candidate == '_'))) {
            typed++;
            candidate++;
        }
        if (*typed == 0 && *candidate == 0)
            return (int)i;
    }
    return -1;
}

static const char *candidate_key(const void *words, size_t index)
{
    const struct kithi_config *config = words;
    return index < config->count ? config->settings[index]->key : NULL;
}

const char *kithi_config_suggest(const struct kithi_config *config, const char *word)
{
    return kith_suggest(word, candidate_key, config);
}

char *kithi_setting_flag(const struct kith_setting *setting, char text[KITHI_KEY_SIZE])
{
    snprintf(text, KITHI_KEY_SIZE, "%s", setting->key);
    for (char *letter = text; *letter != 0; letter++) {
        if (*letter == '_')
            *letter = '-';
    }
    return text;
}

char *kithi_setting_variable(const struct kith_setting *setting, char text[KITHI_KEY_SIZE])
{
    snprintf(text, KITHI_KEY_SIZE, "KITH_%s", setting->key);
    for (char *letter = text; *letter != 0; letter++)
        *letter = (char)toupper((unsigned char)*letter);
    return text;
}

const char *kithi_source_name(enum kithi_source source)
{
    static const char *const names[] = {"default", "file", "environment", "command line"};
    return names[source];
}
