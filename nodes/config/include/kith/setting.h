// SPDX-License-Identifier: Apache-2.0
// Settings: what can be said in the configuration file, in the environment and on the command line.
// One table describes them; reading, --help, --check-config, man page and messages come from it.
#ifndef KITH_SETTING_H
#define KITH_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/node.h>

enum kith_setting_type {
    KITH_SETTING_TEXT,     // range: bytes
    KITH_SETTING_NUMBER,   // a whole number
    KITH_SETTING_SIZE,     // bytes: 4096, 64K, 16M
    KITH_SETTING_DURATION, // 5s, 500ms; range and value in nanoseconds
    KITH_SETTING_BOOLEAN,  // on, off, true, false, yes, no
    KITH_SETTING_CHOICE,   // one of `choices`; the value is its place there
    KITH_SETTING_NAME,     // a name as nodes and processes have
    KITH_SETTING_ENDPOINT, // an IP address with or without a port
    KITH_SETTING_HOSTS,    // a list of IP addresses or DNS names, each with or without a port
};

// The key `log_level` is `log_level: debug` in the file, `KITH_LOG_LEVEL=debug` in the environment
// and `--log-level debug` on the command line. The command line wins over the environment, and that
// over the file.
struct kith_setting {
    const char *key; // lower-case letters, digits and '_'
    enum kith_setting_type type;
    char letter;         // short flag, 0: none
    bool test;           // for tests only; listed apart
    const char *initial; // as it would be written; NULL: not set
    uint64_t minimum;    // of the value, or of a text's bytes
    uint64_t maximum;    // 0: no limit
    const char *choices; // of a CHOICE: words with a blank between them
    const char *value;   // what the value is called in help texts
    const char *example; // shown when a value is wrong; NULL: a general one of the type
    const char *help;    // a phrase without a full stop
};

// Values of the program's own settings and of kith's, by key. They don't change while the program
// runs. A key that isn't declared, or whose type doesn't fit, ends the program. Never block; from
// anywhere in a program that was started by kith_app_run.

// TEXT, NAME, HOSTS (with commas between them), CHOICE, ENDPOINT: as text, NULL if not set.
const char *kith_setting_text(const struct kith_node *node, const char *key);

// NUMBER, SIZE (bytes), DURATION (ns), BOOLEAN, CHOICE; 0 if not set.
uint64_t kith_setting_number(const struct kith_node *node, const char *key);

#endif
