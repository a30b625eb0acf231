// SPDX-License-Identifier: Apache-2.0
#include <kith/setting.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "app.h"

static _Noreturn void complain(const char *key, const char *what)
{
    fprintf(stderr, "setting '%s': %s\n", key, what);
    abort();
}

static const struct kithi_value *find_value(const struct kith_node *node, const char *key,
                                            enum kith_setting_type *type)
{
    const struct kithi_app *self = kith_node_part(node, KITH_PART_APP);
    assert(self != NULL && "settings are for programs that were started by kith_app_run");
    int place = kithi_config_find(&self->config, key);
    if (place < 0)
        complain(key, "the program declares no such setting");
    *type = self->config.settings[place]->type;
    return &self->config.values[place];
}

const char *kith_setting_text(const struct kith_node *node, const char *key)
{
    enum kith_setting_type type;
    return find_value(node, key, &type)->text;
}

uint64_t kith_setting_number(const struct kith_node *node, const char *key)
{
    enum kith_setting_type type;
    const struct kithi_value *value = find_value(node, key, &type);
    bool fits = type == KITH_SETTING_NUMBER || type == KITH_SETTING_SIZE ||
                type == KITH_SETTING_DURATION || type == KITH_SETTING_BOOLEAN ||
                type == KITH_SETTING_CHOICE;
    if (!fits)
        complain(key, "it is asked for its number, and its type has none");
    return value->number;
}
