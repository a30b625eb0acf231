// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"

#include <ctype.h>

#include "fixture.h"

static void the_command_line_wins_over_environment_and_file_in_any_order(void **state)
{
    struct fixture *fixture = *state;
    struct kithi_config *config = &fixture->config;
    const struct kithi_value *value = &config->values[KITHI_SETTING_DETECT];
    kithi_config_set(config, KITHI_SETTING_DETECT, "1s", KITHI_FLAG, "f", &fixture->problems);
    kithi_config_set(config, KITHI_SETTING_DETECT, "2s", KITHI_FILE, "f", &fixture->problems);
    kithi_config_set(config, KITHI_SETTING_DETECT, "3s", KITHI_ENVIRONMENT, "f",
                     &fixture->problems);
    assert_string_equal(value->text, "1s");
    assert_int_equal(value->source, KITHI_FLAG);

    value = &config->values[KITHI_SETTING_DRAIN];
    assert_int_equal(value->source, KITHI_INITIAL);
    kithi_config_set(config, KITHI_SETTING_DRAIN, "2s", KITHI_FILE, "f", &fixture->problems);
    assert_string_equal(value->text, "2s");
    kithi_config_set(config, KITHI_SETTING_DRAIN, "3s", KITHI_ENVIRONMENT, "f", &fixture->problems);
    assert_string_equal(value->text, "3s");
    expect_no_problem(fixture);
}

static void a_weaker_value_is_checked_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    kithi_config_set(&fixture->config, KITHI_SETTING_MAILBOX, "5", KITHI_FLAG, "--mailbox",
                     &fixture->problems);
    kithi_config_set(&fixture->config, KITHI_SETTING_MAILBOX, "x", KITHI_FILE, "file",
                     &fixture->problems);
    expect_problem(fixture, "file: expected a whole number, such as 100, not 'x'");
}

static void lists_grow_within_a_source_and_are_replaced_by_a_stronger_one(void **state)
{
    struct fixture *fixture = *state;
    struct kithi_config *config = &fixture->config;
    const struct kithi_value *peers = &config->values[KITHI_SETTING_PEERS];
    const enum kithi_setting place = KITHI_SETTING_PEERS;
    kithi_config_add(config, place, "10.0.0.1", KITHI_FILE, "f", &fixture->problems);
    kithi_config_add(config, place, "10.0.0.2", KITHI_FILE, "f", &fixture->problems);
    assert_string_equal(peers->text, "10.0.0.1,10.0.0.2");
    kithi_config_add(config, place, "node-c", KITHI_FLAG, "f", &fixture->problems);
    kithi_config_add(config, place, "node-d", KITHI_FLAG, "f", &fixture->problems);
    kithi_config_add(config, place, "10.0.0.3", KITHI_FILE, "f", &fixture->problems);
    assert_string_equal(peers->text, "node-c,node-d");
    expect_no_problem(fixture);
}

static void a_list_that_grows_too_long_is_refused(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 1000; i++)
        kithi_config_add(&fixture->config, KITHI_SETTING_PEERS, "10.0.0.1", KITHI_FLAG, "--peers",
                         &fixture->problems);
    assert_true(fixture->problems.errors > 0);
    assert_string_equal(fixture->problems.texts[0], "--peers: more than 4096 bytes together");
    assert_true(strlen(fixture->config.values[KITHI_SETTING_PEERS].text) < KITHI_VALUE_SIZE_MAX);
}

static void keys_are_well_formed_and_described(void **state)
{
    struct fixture *fixture = *state;
    bool letters[256] = {false};
    for (size_t i = 0; i < KITHI_SETTING_COUNT; i++) {
        const struct kith_setting *setting = fixture->config.settings[i];
        for (const char *letter = setting->key; *letter != 0; letter++)
            assert_true(islower((unsigned char)*letter) || *letter == '_');
        assert_non_null(setting->help);
        assert_non_null(setting->value);
        assert_true(setting->help[strlen(setting->help) - 1] != '.');
        assert_int_equal(strncmp(setting->key, "test_", 5) == 0, setting->test);
        if (setting->letter != 0)
            assert_false(letters[(unsigned char)setting->letter]);
        letters[(unsigned char)setting->letter] = true;
    }
}

static void a_program_adds_settings_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    static const struct kith_setting own[] = {
        {.key = "counters", .type = KITH_SETTING_NUMBER, .initial = "3", .help = "how many"},
        {.key = "text", .type = KITH_SETTING_TEXT, .help = "which text"},
    };
    kithi_config_fini(&fixture->config);
    kithi_config_init(&fixture->config, own, 2, &fixture->problems);
    int place = kithi_config_find(&fixture->config, "counters");
    assert_int_equal(place, KITHI_SETTING_COUNT);
    assert_int_equal(fixture->config.values[place].number, 3);
    assert_null(fixture->config.values[place + 1].text);
}

static void settings_are_found_by_key_and_by_flag(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(kithi_config_find(&fixture->config, "log_level"), KITHI_SETTING_LOG_LEVEL);
    assert_int_equal(kithi_config_find(&fixture->config, "log-level"), KITHI_SETTING_LOG_LEVEL);
    assert_int_equal(kithi_config_find(&fixture->config, "log"), -1);
    assert_int_equal(kithi_config_find(&fixture->config, ""), -1);
    assert_string_equal(kithi_config_suggest(&fixture->config, "lisen"), "listen");
    assert_null(kithi_config_suggest(&fixture->config, "colour"));
}

static void only_the_first_problems_are_kept_but_all_are_counted(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 100; i++)
        kithi_problem_error(&fixture->problems, "problem %d", i);
    kithi_problem_warning(&fixture->problems, "late");
    assert_int_equal(fixture->problems.errors, 100);
    assert_int_equal(fixture->problems.warnings, 1);
    assert_int_equal(fixture->problems.kept, KITHI_PROBLEMS_MAX);
    assert_string_equal(fixture->problems.texts[19], "problem 19");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_fixture_test(the_command_line_wins_over_environment_and_file_in_any_order),
        cmocka_fixture_test(a_weaker_value_is_checked_all_the_same),
        cmocka_fixture_test(lists_grow_within_a_source_and_are_replaced_by_a_stronger_one),
        cmocka_fixture_test(a_list_that_grows_too_long_is_refused),
        cmocka_fixture_test(keys_are_well_formed_and_described),
        cmocka_fixture_test(a_program_adds_settings_of_its_own),
        cmocka_fixture_test(settings_are_found_by_key_and_by_flag),
        cmocka_fixture_test(only_the_first_problems_are_kept_but_all_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
