// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arguments.h"

#include "fixture.h"

#define WORDS_MAX 16

static struct kithi_arguments read_line(struct fixture *fixture, const char *line)
{
    char copy[400], *words[WORDS_MAX] = {(char[]){"kithd"}};
    int count = 1;
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = word;
    struct kithi_arguments arguments;
    kithi_arguments_read(&arguments, &fixture->config, count, words, &fixture->problems);
    if (arguments.file != NULL) // it points into `copy`
        arguments.file = strcmp(arguments.file, "a.yaml") == 0 ? "a.yaml" : "another file";
    return arguments;
}

static void flags_set_values(void **state)
{
    struct fixture *fixture = *state;
    struct kithi_arguments arguments =
        read_line(fixture, "-n garage --log-level=debug --peers a --peers b -c a.yaml");
    expect_no_problem(fixture);
    assert_int_equal(arguments.action, KITHI_RUN);
    assert_string_equal(arguments.file, "a.yaml");
    assert_string_equal(fixture->config.values[KITHI_SETTING_NAME].text, "garage");
    assert_string_equal(fixture->config.values[KITHI_SETTING_PEERS].text, "a,b");
    assert_int_equal(fixture->config.values[KITHI_SETTING_LOG_LEVEL].source, KITHI_FLAG);
}

static void help_wins_over_version_and_that_over_the_check(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_line(fixture, "--check-config").action, KITHI_CHECK);
    assert_int_equal(read_line(fixture, "--check-config -V").action, KITHI_SHOW_VERSION);
    assert_int_equal(read_line(fixture, "-V --check-config").action, KITHI_SHOW_VERSION);
    assert_int_equal(read_line(fixture, "-h -V").action, KITHI_HELP);
    assert_int_equal(read_line(fixture, "-V -h").action, KITHI_HELP);
}

static void mistakes_are_told(void **state)
{
    struct fixture *fixture = *state;
    read_line(fixture, "--lisen 0.0.0.0");
    assert_int_equal(fixture->problems.errors, 2); // the address isn't an option's any more
    assert_string_equal(fixture->problems.texts[0],
                        "unknown option '--lisen'; did you mean '--listen'?");
    assert_string_equal(fixture->problems.texts[1],
                        "unexpected argument '0.0.0.0'; only options are known");
    fixture->problems = (struct kithi_problems){.kept = 0};
    read_line(fixture, "--detect");
    expect_problem(fixture, "option '--detect' needs a value: --detect TIME");
    read_line(fixture, "--detect never");
    expect_problem(fixture, "--detect: expected a time with its unit, such as 5s, not 'never'");
    read_line(fixture, "--help=yes");
    expect_problem(fixture, "option '--help' takes no value, but was given 'yes'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_fixture_test(flags_set_values),
        cmocka_fixture_test(help_wins_over_version_and_that_over_the_check),
        cmocka_fixture_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
