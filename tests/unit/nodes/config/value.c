// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "value.h"

#include "fixture.h"

static uint64_t set(struct fixture *fixture, enum kithi_setting setting, const char *text)
{
    kithi_config_set(&fixture->config, setting, text, KITHI_FLAG, "here", &fixture->problems);
    return fixture->config.values[setting].number;
}

static void each_type_is_read(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(set(fixture, KITHI_SETTING_DETECT, "500ms"), 500000000);
    assert_int_equal(set(fixture, KITHI_SETTING_MESSAGE_SIZE, "1M"), 1 << 20);
    assert_int_equal(set(fixture, KITHI_SETTING_MAILBOX, "7"), 7);
    assert_int_equal(set(fixture, KITHI_SETTING_LOG_LEVEL, "warning"), 1);
    set(fixture, KITHI_SETTING_NAME, "node-b");
    assert_string_equal(fixture->config.values[KITHI_SETTING_NAME].text, "node-b");
    set(fixture, KITHI_SETTING_LISTEN, "[::]:7500");
    assert_int_equal(fixture->config.values[KITHI_SETTING_LISTEN].endpoint.port, 7500);
    set(fixture, KITHI_SETTING_PEERS, "10.0.0.7, node-b.lan:7401 [fd00::7]:9");
    expect_no_problem(fixture);
}

static void wrong_types_say_what_was_expected_with_an_example(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, KITHI_SETTING_DETECT, "soon");
    expect_problem(fixture, "here: expected a time with its unit, such as 5s, not 'soon'");
    set(fixture, KITHI_SETTING_DETECT, "5");
    expect_problem(fixture, "here: expected a time with its unit, such as 5s, not '5'");
    set(fixture, KITHI_SETTING_MESSAGE_SIZE, "big");
    expect_problem(fixture, "here: expected a size in bytes, K, M or G, such as 64K, not 'big'");
    set(fixture, KITHI_SETTING_MAILBOX, "-3");
    expect_problem(fixture, "here: expected a whole number, such as 100, not '-3'");
    set(fixture, KITHI_SETTING_LISTEN, "localhost");
    expect_problem(fixture, "here: expected an IP address with or without a port, such as "
                            "0.0.0.0:7400, not 'localhost'");
    set(fixture, KITHI_SETTING_PEERS, "10.0.0.7,node-b:port");
    expect_problem(fixture, "here: expected hosts with or without a port, such as 10.0.0.7, "
                            "node-b.lan:7401, not 'node-b:port'");
}

static void values_out_of_range_say_the_range(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, KITHI_SETTING_DETECT, "10ms");
    expect_problem(fixture, "here: '10ms' is too small; it can be from 500ms to 1h");
    set(fixture, KITHI_SETTING_MESSAGE_SIZE, "2G");
    expect_problem(fixture, "here: '2G' is too large; it can be from 4K to 1G");
    set(fixture, KITHI_SETTING_STATE_DIR, "");
    expect_problem(fixture, "here: '' is too small; it can be from 1 to 1024 bytes long");
}

static void choices_are_listed_and_suggested(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, KITHI_SETTING_LOG_LEVEL, "debgu");
    expect_problem(fixture, "here: expected one of: error warning info debug; not 'debgu'; "
                            "did you mean 'debug'?");
    set(fixture, KITHI_SETTING_LOG_LEVEL, "7");
    expect_problem(fixture, "here: expected one of: error warning info debug; not '7'");
}

static void bad_names_say_what_is_wrong(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, KITHI_SETTING_NAME, "a/b");
    assert_int_equal(fixture->problems.errors, 1);
    assert_non_null(strstr(fixture->problems.texts[0], "here: 'a/b' can't be a name: "));
    set(fixture, KITHI_SETTING_NAME, "");
    assert_int_equal(fixture->problems.errors, 2);
}

static void a_refused_value_leaves_the_old_one(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(set(fixture, KITHI_SETTING_DETECT, "7s"), 7000000000);
    assert_int_equal(set(fixture, KITHI_SETTING_DETECT, "never"), 7000000000);
    assert_string_equal(fixture->config.values[KITHI_SETTING_DETECT].text, "7s");
}

static void overlong_values_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char text[KITHI_VALUE_SIZE_MAX + 1];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    set(fixture, KITHI_SETTING_NAME, text);
    expect_problem(fixture, "here: longer than 4095 bytes");
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, KITHI_SETTING_DETECT, "a\nb\x1b[31m");
    expect_problem(fixture, "here: expected a time with its unit, such as 5s, not 'a?b?[31m'");
}

static void booleans_have_many_words(void **state)
{
    struct fixture *fixture = *state;
    const struct kith_setting setting = {.key = "loud", .type = KITH_SETTING_BOOLEAN};
    static const char *const words[] = {"off", "on", "No", "YES", "false", "true", "0", "1"};
    struct kithi_value value;
    for (size_t i = 0; i < 8; i++) {
        assert_true(kithi_value_parse(&setting, words[i], &value, "here", &fixture->problems));
        assert_int_equal(value.number, i % 2);
    }
    assert_false(kithi_value_parse(&setting, "perhaps", &value, "here", &fixture->problems));
    expect_problem(fixture, "here: expected on or off, such as on, not 'perhaps'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_fixture_test(each_type_is_read),
        cmocka_fixture_test(wrong_types_say_what_was_expected_with_an_example),
        cmocka_fixture_test(values_out_of_range_say_the_range),
        cmocka_fixture_test(choices_are_listed_and_suggested),
        cmocka_fixture_test(bad_names_say_what_is_wrong),
        cmocka_fixture_test(a_refused_value_leaves_the_old_one),
        cmocka_fixture_test(overlong_values_are_refused),
        cmocka_fixture_test(control_characters_do_not_reach_the_terminal),
        cmocka_fixture_test(booleans_have_many_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
