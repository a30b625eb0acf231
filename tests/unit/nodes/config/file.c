// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"

#include "fixture.h"

// Reads a file of that content; the problems name it "FILE".
static void read_sized(struct fixture *fixture, const char *content, size_t size)
{
    FILE *file = fopen(fixture->path, "wb");
    assert_int_equal(fwrite(content, 1, size, file), size);
    fclose(file);
    kithi_config_read_file(&fixture->config, fixture->path, &fixture->problems);
    for (size_t i = 0; i < fixture->problems.kept; i++) {
        char *text = fixture->problems.texts[i], *found = strstr(text, fixture->path);
        if (found != NULL) {
            memcpy(found, "FILE", 4);
            memmove(found + 4, found + strlen(fixture->path),
                    strlen(found + strlen(fixture->path)) + 1);
        }
    }
}

static void read_text(struct fixture *fixture, const char *content)
{
    read_sized(fixture, content, strlen(content));
}

static const char *text_of(struct fixture *fixture, enum kithi_setting setting)
{
    return fixture->config.values[setting].text;
}

static void values_and_lists_are_read(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "# a comment\n"
                       "name: garage\n"
                       "listen: 0.0.0.0:7500\n"
                       "peers: [10.0.0.7, \"node-b:7401\"]\n"
                       "detect: 2s # why not\n"
                       "log_level: 'debug'\n");
    expect_no_problem(fixture);
    assert_string_equal(text_of(fixture, KITHI_SETTING_NAME), "garage");
    assert_string_equal(text_of(fixture, KITHI_SETTING_PEERS), "10.0.0.7,node-b:7401");
    assert_int_equal(fixture->config.values[KITHI_SETTING_DETECT].number, 2000000000);
    assert_int_equal(fixture->config.values[KITHI_SETTING_LOG_LEVEL].number, 3);
}

static void a_list_may_be_one_value_or_lines_with_dashes_or_empty(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "peers: 10.0.0.7, 10.0.0.8\n");
    assert_string_equal(text_of(fixture, KITHI_SETTING_PEERS), "10.0.0.7, 10.0.0.8");
    read_text(fixture, "peers:\n  - 10.0.0.1\n  - 10.0.0.2\n");
    assert_string_equal(text_of(fixture, KITHI_SETTING_PEERS), "10.0.0.1,10.0.0.2");
    read_text(fixture, "peers: []\n");
    assert_string_equal(text_of(fixture, KITHI_SETTING_PEERS), "");
    expect_no_problem(fixture);
}

static void an_empty_file_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "");
    read_text(fixture, "# nothing\n");
    read_text(fixture, "---\n");
    expect_no_problem(fixture);
}

static void unknown_keys_suggest_the_nearest(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "name: a\nlisen: 0.0.0.0\n");
    expect_problem(fixture, "FILE:2: unknown setting 'lisen'; did you mean 'listen'?");
    read_text(fixture, "colour: [red, {a: b}]\nname: b\n");
    expect_problem(fixture, "FILE:1: unknown setting 'colour'");
    assert_string_equal(text_of(fixture, KITHI_SETTING_NAME), "b");
    read_text(fixture, "log-level: debug\n");
    expect_problem(fixture, "FILE:1: unknown setting 'log-level'; did you mean 'log_level'?");
}

static void wrong_values_say_file_line_and_key(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "\n\ndetect: 5 parsecs\n");
    expect_problem(fixture, "FILE:3: detect: expected a time with its unit, such as 5s, "
                            "not '5 parsecs'");
    read_text(fixture, "peers:\n- 10.0.0.1\n- a:b:c\n");
    expect_problem(fixture, "FILE:3: peers: expected hosts with or without a port, such as "
                            "10.0.0.7, node-b.lan:7401, not 'a:b:c'");
}

static void all_problems_are_told_at_once(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "detect: x\nmailbox: y\nnaem: z\n");
    assert_int_equal(fixture->problems.errors, 3);
}

static void wrong_shapes_are_refused(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "- a\n- b\n");
    expect_problem(fixture, "FILE:1: expected lines like 'listen: 0.0.0.0:7400'");
    read_text(fixture, "just words\n");
    expect_problem(fixture, "FILE:1: expected lines like 'listen: 0.0.0.0:7400'");
    read_text(fixture, "detect: [5s]\n");
    expect_problem(fixture, "FILE:1: detect: expected one value, not a list; for example: "
                            "'detect: 5s'");
    read_text(fixture, "listen:\n  port: 7\nname: c\n");
    expect_problem(fixture, "FILE:2: listen: expected one value, not a mapping; for example: "
                            "'listen: 0.0.0.0:7400'");
    read_text(fixture, "peers: [[a]]\n");
    expect_problem(fixture, "FILE:1: peers: an item of the list isn't a value");
    read_text(fixture, "[a, b]: c\n");
    expect_problem(fixture, "FILE:1: a key must be a word");
    read_text(fixture, "detect:\n");
    expect_problem(fixture, "FILE:1: detect: has no value; leave the line out for the default");
    read_text(fixture, "name: a\nname: b\n");
    expect_problem(fixture, "FILE:2: 'name' is there twice");
    read_text(fixture, "name: a\n---\nname: b\n");
    expect_problem(fixture, "FILE:2: only one YAML document is read");
    read_text(fixture, "detect: &x 5s\ndrain: *x\n");
    expect_problem(fixture, "FILE:2: drain: expected one value, not an alias; for example: "
                            "'drain: 5s'");
}

static void what_is_not_yaml_says_where(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "name: a\n\tdetect: 5s\n");
    assert_int_equal(fixture->problems.errors, 1);
    assert_non_null(strstr(fixture->problems.texts[0], "FILE:2: not YAML: "));
    read_text(fixture, "name: 'a\n");
    assert_int_equal(fixture->problems.errors, 2);
    read_sized(fixture, "name: \0\xff\xfe", 10);
    assert_int_equal(fixture->problems.errors, 3);
    read_text(fixture, "a: [[[[[[[[[[[[[[[[");
    assert_true(fixture->problems.errors > 3);
}

static void a_zero_byte_is_refused(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "name: \"a\\0b\"\n");
    expect_problem(fixture, "FILE:1: name: has a zero byte in it");
    read_text(fixture, "\"name\\0\": a\n");
    expect_problem(fixture, "FILE:1: a key has a zero byte in it");
}

static void files_that_can_not_be_read_say_why(void **state)
{
    struct fixture *fixture = *state;
    kithi_config_read_file(&fixture->config, "/nowhere/kith.yaml", &fixture->problems);
    expect_problem(fixture, "can't read configuration file /nowhere/kith.yaml: "
                            "No such file or directory");
    kithi_config_read_file(&fixture->config, "/tmp", &fixture->problems);
    expect_problem(fixture, "/tmp: not a regular file");
    char *large = malloc(KITHI_CONFIG_FILE_SIZE_MAX + 1);
    memset(large, '#', KITHI_CONFIG_FILE_SIZE_MAX + 1);
    read_sized(fixture, large, KITHI_CONFIG_FILE_SIZE_MAX + 1);
    free(large);
    expect_problem(fixture, "FILE: larger than 1 MB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_fixture_test(values_and_lists_are_read),
        cmocka_fixture_test(a_list_may_be_one_value_or_lines_with_dashes_or_empty),
        cmocka_fixture_test(an_empty_file_changes_nothing),
        cmocka_fixture_test(unknown_keys_suggest_the_nearest),
        cmocka_fixture_test(wrong_values_say_file_line_and_key),
        cmocka_fixture_test(all_problems_are_told_at_once),
        cmocka_fixture_test(wrong_shapes_are_refused),
        cmocka_fixture_test(what_is_not_yaml_says_where),
        cmocka_fixture_test(a_zero_byte_is_refused),
        cmocka_fixture_test(files_that_can_not_be_read_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
