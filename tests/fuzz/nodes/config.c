// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration file, as a variable of the environment, and as a host. All that was
// taken is valid, and all that was refused is told in lines that a terminal can be shown.
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "host.h"
#include "problem.h"
#include "value.h"

// A file of these bytes that is only in memory; gives its path.
static void write_file(const uint8_t *data, size_t size, char path[64])
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("config", 0);
        require(file >= 0);
    }
    require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    snprintf(path, 64, "/proc/self/fd/%d", file);
}

static void check_problems(const struct kithi_problems *problems)
{
    require(problems->kept <= KITHI_PROBLEMS_MAX);
    require(problems->kept == problems->errors + problems->warnings ||
            problems->kept == KITHI_PROBLEMS_MAX);
    for (size_t i = 0; i < problems->kept; i++) {
        const char *text = problems->texts[i];
        require(text[0] != '\0' && strlen(text) < KITHI_PROBLEM_SIZE);
        for (; *text != '\0'; text++) {
            require((unsigned char)*text >= ' ');
        }
    }
}

static void check_values(const struct kithi_config *config)
{
    struct kithi_problems problems = {.kept = 0};
    for (size_t i = 0; i < config->count; i++) {
        const struct kithi_value *value = &config->values[i];
        struct kithi_value again = {.number = 0};
        if (value->text == NULL) {
            continue;
        }
        require(kithi_value_parse(config->settings[i], value->text, &again, "", &problems));
        require(again.number == value->number);
        require(kith_endpoint_equal(&again.endpoint, &value->endpoint));
    }
}

static void read_file(const uint8_t *data, size_t size)
{
    struct kithi_config config;
    struct kithi_problems problems = {.kept = 0};
    char path[64];
    kithi_config_init(&config, NULL, 0, &problems);
    write_file(data, size, path);
    kithi_config_read_file(&config, path, &problems);
    check_problems(&problems);
    check_values(&config);
    kithi_config_fini(&config);
}

static void read_environment(char *text)
{
    struct kithi_config config;
    struct kithi_problems problems = {.kept = 0};
    char *const environment[] = {text, NULL};
    kithi_config_init(&config, NULL, 0, &problems);
    kithi_config_read_environment(&config, environment, &problems);
    check_problems(&problems);
    check_values(&config);
    kithi_config_fini(&config);
}

static void read_hosts(const char *text)
{
    char item[KITHI_HOST_ITEM_SIZE];
    while (kithi_host_next(&text, item)) {
        struct kithi_host host;
        if (kithi_host_parse(item, &host) == KITH_OK) {
            require(host.port != 0 && host.numeric == (host.text[0] == '\0'));
            require(!host.numeric || host.endpoint.port == host.port);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    char *text = fuzz_text(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        read_file(data + 1, size - 1);
        break;
    case 1:
        read_environment(text);
        break;
    default:
        read_hosts(text);
        break;
    }
    free(text);
    return 0;
}
