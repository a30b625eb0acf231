// SPDX-License-Identifier: Apache-2.0
#include "declared.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "settings.h"
#include "value.h"

#define WHERE_SIZE 72

static const char *const letters_taken = "chV"; // --config, --help, --version

static bool is_key_good(const char *key)
{
    size_t size = strlen(key);
    return size < KITHI_KEY_SIZE / 2 && islower((unsigned char)key[0]) &&
           strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

// Another setting with that key or letter: of kith, or in front of this one in its table.
static const struct kith_setting *find_other(const struct kith_setting *settings, size_t place,
                                             bool by_letter)
{
    const struct kith_setting *setting = &settings[place];
    for (size_t i = 0; i < KITHI_SETTING_COUNT + place; i++) {
        const struct kith_setting *other =
            i < KITHI_SETTING_COUNT ? &kithi_settings[i] : &settings[i - KITHI_SETTING_COUNT];
        if (by_letter ? other->letter == setting->letter : strcmp(other->key, setting->key) == 0)
            return other;
    }
    return NULL;
}

static void check_letter(const struct kith_setting *settings, size_t place, const char *where,
                         struct kithi_problems *problems)
{
    char letter = settings[place].letter;
    if (letter == 0)
        return;
    if (!isalnum((unsigned char)letter))
        kithi_problem_error(problems, "%s: its letter is neither a letter nor a digit", where);
    else if (strchr(letters_taken, letter) != NULL || find_other(settings, place, true) != NULL)
        kithi_problem_error(problems, "%s: -%c is another option's letter", where, letter);
}

static void check_value(const struct kith_setting *setting, const char *where,
                        struct kithi_problems *problems)
{
    struct kithi_value value = {.number = 0};
    char initial[WHERE_SIZE + 16];
    if (setting->type > KITH_SETTING_HOSTS) {
        kithi_problem_error(problems, "%s: there is no such type", where);
        return;
    }
    if (setting->type == KITH_SETTING_CHOICE &&
        (setting->choices == NULL || setting->choices[0] == 0)) {
        kithi_problem_error(problems, "%s: a CHOICE without choices", where);
        return;
    }
    if (setting->maximum != 0 && setting->minimum > setting->maximum)
        kithi_problem_error(problems, "%s: its minimum is above its maximum", where);
    snprintf(initial, sizeof(initial), "%s: initial", where);
    if (setting->initial != NULL)
        kithi_value_parse(setting, setting->initial, &value, initial, problems);
}

static void check_setting(const struct kith_setting *settings, size_t place,
                          struct kithi_problems *problems)
{
    const struct kith_setting *setting = &settings[place];
    char where[WHERE_SIZE];
    snprintf(where, sizeof(where), "settings[%zu] '%.32s'", place, setting->key);
    if (!is_key_good(setting->key))
        kithi_problem_error(problems,
                            "%s: a key is a few lower-case letters, digits and '_', and begins "
                            "with a letter",
                            where);
    else if (find_other(settings, place, false) != NULL)
        kithi_problem_error(problems, "%s: there is a setting of that key already", where);
    if (setting->help == NULL)
        kithi_problem_error(problems, "%s: it has no help", where);
    check_letter(settings, place, where, problems);
    check_value(setting, where, problems);
}

size_t kithi_settings_count(const struct kith_setting *settings, size_t most)
{
    size_t count = 0;
    while (count < most && settings[count].key != NULL)
        count++;
    return count;
}

void kithi_settings_check(const struct kith_setting *settings, size_t most,
                          struct kithi_problems *problems)
{
    size_t count = kithi_settings_count(settings, most);
    for (size_t place = 0; place < count; place++)
        check_setting(settings, place, problems);
    for (size_t place = count; place < most; place++) {
        if (settings[place].key != NULL || settings[place].help != NULL)
            kithi_problem_error(problems, "settings[%zu]: it comes after a row without a key",
                                place);
    }
}
