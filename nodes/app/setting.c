// SPDX-License-Identifier: Apache-2.0
#include <kith/setting.h>

#include <assert.h>
#include <string.h>

#include "app.h"

static const struct kithi_value *find_value(const struct kith_node *node, const char *key,
                                            enum kith_setting_type *type)
{
    const struct kithi_app *self = kith_node_part(node, KITH_PART_APP);
    assert(self != NULL && "settings are for programs that were started by kith_app_run");
    int place = kithi_config_find(&self->config, key);
    assert(place >= 0 && "no such setting");
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
    assert(type == KITH_SETTING_NUMBER || type == KITH_SETTING_SIZE ||
           type == KITH_SETTING_DURATION || type == KITH_SETTING_BOOLEAN ||
           type == KITH_SETTING_CHOICE);
    return value->number;
}
