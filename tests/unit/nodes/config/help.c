// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "help.h"

#include <kith/wrap.h>

#include "fixture.h"

static const struct kithi_program program = {"kithd", "1.2", "runs a node", NULL};

static char *capture(void (*print)(FILE *out, const struct kithi_config *config),
                     const struct kithi_config *config)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    print(out, config);
    fclose(out);
    return text;
}

static void print_help(FILE *out, const struct kithi_config *config)
{
    kithi_help_print(out, &program, config);
}

static void print_man(FILE *out, const struct kithi_config *config)
{
    kithi_help_man(out, &program, config);
}

static void print_completion(FILE *out, const struct kithi_config *config)
{
    kithi_help_completion(out, &program, config);
}

static void every_setting_is_in_help_man_page_and_completion(void **state)
{
    struct fixture *fixture = *state;
    char flag[KITHI_KEY_SIZE], escaped[2 * KITHI_KEY_SIZE];
    char *help = capture(print_help, &fixture->config);
    char *man = capture(print_man, &fixture->config);
    char *completion = capture(print_completion, &fixture->config);
    for (size_t i = 0; i < fixture->config.count; i++) {
        kithi_setting_flag(fixture->config.settings[i], flag);
        assert_non_null(strstr(help, flag));
        assert_non_null(strstr(completion, flag));
        size_t used = 0;
        for (const char *letter = flag; *letter != 0; letter++) {
            if (*letter == '-')
                escaped[used++] = '\\';
            escaped[used++] = *letter;
        }
        escaped[used] = 0;
        assert_non_null(strstr(man, escaped));
    }
    free(help);
    free(man);
    free(completion);
}

static void help_stays_within_the_width(void **state)
{
    struct fixture *fixture = *state;
    char *help = capture(print_help, &fixture->config);
    for (char *line = strtok(help, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= KITH_WRAP_WIDTH);
    free(help);
}

static void help_tells_range_and_default(void **state)
{
    struct fixture *fixture = *state;
    char *help = capture(print_help, &fixture->config);
    assert_non_null(strstr(help, "(from 500ms"));
    assert_non_null(strstr(help, "(default 127.0.0.1:7400)"));
    free(help);
}

static void what_is_shown_is_read_back_unchanged(void **state)
{
    struct fixture *fixture = *state;
    struct kithi_config *config = &fixture->config;
    kithi_config_set(config, KITHI_SETTING_NAME, "it's-garage", KITHI_FLAG, "f",
                     &fixture->problems);
    kithi_config_set(config, KITHI_SETTING_PEERS, "a, [::1]:7", KITHI_FLAG, "f",
                     &fixture->problems);
    kithi_config_set(config, KITHI_SETTING_LISTEN, "::", KITHI_FLAG, "f", &fixture->problems);
    char *shown = capture(kithi_help_show, config);
    assert_non_null(strstr(shown, "detect: 5s # default\n"));
    assert_non_null(strstr(shown, "# advertise: not set\n"));
    FILE *file = fopen(fixture->path, "w");
    fputs(shown, file);
    fclose(file);
    free(shown);

    struct kithi_config again;
    kithi_config_init(&again, NULL, 0, &fixture->problems);
    kithi_config_read_file(&again, fixture->path, &fixture->problems);
    expect_no_problem(fixture);
    for (size_t i = 0; i < config->count; i++) {
        if (config->values[i].text != NULL)
            assert_string_equal(config->values[i].text, again.values[i].text);
        else
            assert_null(again.values[i].text);
    }
    kithi_config_fini(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_fixture_test(every_setting_is_in_help_man_page_and_completion),
        cmocka_fixture_test(help_stays_within_the_width),
        cmocka_fixture_test(help_tells_range_and_default),
        cmocka_fixture_test(what_is_shown_is_read_back_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
