// SPDX-License-Identifier: Apache-2.0
#include "value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <kith/limits.h>
#include <kith/naming.h>
#include <kith/quantity.h>
#include <kith/suggest.h>

#include "host.h"

#define CHOICES_MAX 16
#define WORD_SIZE   32

struct expectation {
    const char *what, *example;
};

static const struct expectation expectations[] = {
    [KITH_SETTING_TEXT] = {"a text", "some text"},
    [KITH_SETTING_NUMBER] = {"a whole number", "100"},
    [KITH_SETTING_SIZE] = {"a size in bytes, K, M or G", "64K"},
    [KITH_SETTING_DURATION] = {"a time with its unit", "5s"},
    [KITH_SETTING_BOOLEAN] = {"on or off", "on"},
    [KITH_SETTING_CHOICE] = {"one of a few words", NULL},
    [KITH_SETTING_NAME] = {"a name", "node-a"},
    [KITH_SETTING_ENDPOINT] = {"an IP address with or without a port", "0.0.0.0:7400"},
    [KITH_SETTING_HOSTS] = {"hosts with or without a port", "10.0.0.7, node-b.lan:7401"},
};

// "kith.yaml:3: detect: expected a time with its unit, such as 5s, not 'soon'"
static bool refuse(const struct kith_setting *setting, const char *text, const char *where,
                   struct kithi_problems *problems)
{
    const struct expectation *expected = &expectations[setting->type];
    const char *example = setting->example != NULL ? setting->example : expected->example;
    if (example == NULL)
        example = setting->initial;
    kithi_problem_error(problems, "%s: expected %s, such as %s, not '%.200s'", where,
                        expected->what, example, text);
    return false;
}

static char *format_value(enum kith_setting_type type, uint64_t value,
                          char text[KITH_QUANTITY_SIZE])
{
    if (type == KITH_SETTING_DURATION)
        return kith_quantity_exact_duration(value, text);
    if (type == KITH_SETTING_SIZE)
        return kith_quantity_exact_size(value, text);
    snprintf(text, KITH_QUANTITY_SIZE, "%" PRIu64, value);
    return text;
}

char *kithi_value_range(const struct kith_setting *setting, char text[KITHI_RANGE_SIZE])
{
    char least[KITH_QUANTITY_SIZE], most[KITH_QUANTITY_SIZE];
    format_value(setting->type, setting->minimum, least);
    format_value(setting->type, setting->maximum, most);
    text[0] = 0;
    if (setting->maximum != 0)
        snprintf(text, KITHI_RANGE_SIZE, "from %s to %s", least, most);
    else if (setting->minimum != 0)
        snprintf(text, KITHI_RANGE_SIZE, "at least %s", least);
    return text;
}

static bool check_range(const struct kith_setting *setting, uint64_t value, const char *text,
                        const char *where, struct kithi_problems *problems)
{
    char range[KITHI_RANGE_SIZE];
    bool small = value < setting->minimum;
    if (!small && (setting->maximum == 0 || value <= setting->maximum))
        return true;
    kithi_problem_error(problems, "%s: '%.200s' is too %s; it can be %s%s", where, text,
                        small ? "small" : "large", kithi_value_range(setting, range),
                        setting->type == KITH_SETTING_TEXT ? " bytes long" : "");
    return false;
}

static bool parse_boolean(const char *text, uint64_t *number)
{
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *number = i % 2;
            return true;
        }
    }
    return false;
}

static bool parse_choice(const struct kith_setting *setting, const char *text, uint64_t *number,
                         const char *where, struct kithi_problems *problems)
{
    char words[CHOICES_MAX][WORD_SIZE];
    const char *known[CHOICES_MAX];
    size_t count = 0;
    for (const char *at = setting->choices; *at != 0 && count < CHOICES_MAX; count++) {
        size_t len = strcspn(at, " ");
        snprintf(words[count], WORD_SIZE, "%.*s", (int)len, at);
        if (strcmp(words[count], text) == 0) {
            *number = count;
            return true;
        }
        known[count] = words[count];
        at += len + (at[len] == ' ');
    }
    const char *meant = kith_suggest_of(text, known, count);
    kithi_problem_error(problems, "%s: expected one of: %s; not '%.200s'%s%s%s", where,
                        setting->choices, text, meant != NULL ? "; did you mean '" : "",
                        meant != NULL ? meant : "", meant != NULL ? "'?" : "");
    return false;
}

static bool parse_name(const char *text, const char *where, struct kithi_problems *problems)
{
    const char *wrong = kith_name_problem(text);
    if (wrong == NULL)
        return true;
    kithi_problem_error(problems, "%s: '%.200s' can't be a name: %s; for example: node-a", where,
                        text, wrong);
    return false;
}

static bool parse_hosts(const struct kith_setting *setting, const char *text, const char *where,
                        struct kithi_problems *problems)
{
    char item[KITHI_HOST_ITEM_SIZE];
    struct kithi_host host;
    while (kithi_host_next(&text, item)) {
        if (kithi_host_parse(item, &host) != KITH_OK)
            return refuse(setting, item, where, problems);
    }
    return true;
}

static bool parse_quantity(const struct kith_setting *setting, const char *text, uint64_t *number)
{
    switch (setting->type) {
    case KITH_SETTING_SIZE:
        return kith_quantity_size(text, number) == KITH_OK;
    case KITH_SETTING_DURATION:
        return kith_quantity_duration(text, number) == KITH_OK;
    case KITH_SETTING_BOOLEAN:
        return parse_boolean(text, number);
    default:
        return kith_quantity_number(text, number) == KITH_OK;
    }
}

bool kithi_value_parse(const struct kith_setting *setting, const char *text,
                       struct kithi_value *value, const char *where,
                       struct kithi_problems *problems)
{
    if (strlen(text) >= KITHI_VALUE_SIZE_MAX) {
        kithi_problem_error(problems, "%s: longer than %d bytes", where, KITHI_VALUE_SIZE_MAX - 1);
        return false;
    }
    switch (setting->type) {
    case KITH_SETTING_TEXT:
        return check_range(setting, strlen(text), text, where, problems);
    case KITH_SETTING_NAME:
        return parse_name(text, where, problems);
    case KITH_SETTING_CHOICE:
        return parse_choice(setting, text, &value->number, where, problems);
    case KITH_SETTING_HOSTS:
        return parse_hosts(setting, text, where, problems);
    case KITH_SETTING_ENDPOINT:
        if (kith_endpoint_parse(text, KITH_DEFAULT_PORT, &value->endpoint) != KITH_OK)
            return refuse(setting, text, where, problems);
        return true;
    default:
        if (!parse_quantity(setting, text, &value->number))
            return refuse(setting, text, where, problems);
        if (setting->type == KITH_SETTING_BOOLEAN)
            return true;
        return check_range(setting, value->number, text, where, problems);
    }
}
