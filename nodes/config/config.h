// SPDX-License-Identifier: Apache-2.0
// The values of all settings, and where each came from.
#ifndef KITHI_CONFIG_H
#define KITHI_CONFIG_H

#include <kith/endpoint.h>
#include <kith/setting.h>

#include "problem.h"

#define KITHI_SETTINGS_MAX         64
#define KITHI_CONFIG_FILE_SIZE_MAX (1 << 20) // bytes
#define KITHI_VALUE_SIZE_MAX       4096      // bytes of one value with its terminating zero

enum kithi_source { KITHI_INITIAL, KITHI_FILE, KITHI_ENVIRONMENT, KITHI_FLAG };

struct kithi_value {
    enum kithi_source source;
    char *text;      // as it was given; NULL: not set
    uint64_t number; // of the types that have one
    struct kith_endpoint endpoint;
};

struct kithi_config {
    const struct kith_setting *settings[KITHI_SETTINGS_MAX];
    struct kithi_value values[KITHI_SETTINGS_MAX];
    size_t count;
    const char *file; // path of the configuration file, NULL: none
};

// Starts with kith's own settings and `count` more of the program's, at their initial values. Keys
// must be unique.
void kithi_config_init(struct kithi_config *config, const struct kith_setting *more, size_t count,
                       struct kithi_problems *problems);
void kithi_config_fini(struct kithi_config *config);

// Each reads one source over what is there. What is wrong goes to `problems`, and reading goes on.
// A variable that is empty counts as not set.
void kithi_config_read_file(struct kithi_config *config, const char *path,
                            struct kithi_problems *problems);
void kithi_config_read_environment(struct kithi_config *config, char *const *environment,
                                   struct kithi_problems *problems);

// Sets one value from text. `where` is how messages name the place: "--detect", "kith.yaml:3". A
// value from a weaker source is ignored, but checked.
void kithi_config_set(struct kithi_config *config, size_t place, const char *text,
                      enum kithi_source source, const char *where, struct kithi_problems *problems);

// Adds to a list: the items of one source come together, those of a weaker one are replaced.
void kithi_config_add(struct kithi_config *config, size_t place, const char *text,
                      enum kithi_source source, const char *where, struct kithi_problems *problems);

// Place of a setting, or -1. By its key ("log_level") or its flag ("log-level").
int kithi_config_find(const struct kithi_config *config, const char *key);

// The key nearest to `word`, or NULL.
const char *kithi_config_suggest(const struct kithi_config *config, const char *word);

// Writes the flag ("log-level") or the variable ("KITH_LOG_LEVEL") of a setting.
#define KITHI_KEY_SIZE 64
char *kithi_setting_flag(const struct kith_setting *setting, char text[KITHI_KEY_SIZE]);
char *kithi_setting_variable(const struct kith_setting *setting, char text[KITHI_KEY_SIZE]);

const char *kithi_source_name(enum kithi_source source);

#endif
