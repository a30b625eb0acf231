// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"

#include "fixture.h"

static void read_variable(struct fixture *fixture, const char *variable)
{
    char copy[200];
    snprintf(copy, sizeof(copy), "%s", variable);
    char *environment[] = {(char[]){"PATH=/bin"}, copy, (char[]){"KITHNAME=x"}, NULL};
    kithi_config_read_environment(&fixture->config, environment, &fixture->problems);
}

static void variables_set_values(void **state)
{
    struct fixture *fixture = *state;
    read_variable(fixture, "KITH_LOG_LEVEL=debug");
    read_variable(fixture, "KITH_PEERS=a,b=c");
    assert_int_equal(fixture->config.values[KITHI_SETTING_LOG_LEVEL].number, 3);
    expect_problem(fixture, "KITH_PEERS: expected hosts with or without a port, such as "
                            "10.0.0.7, node-b.lan:7401, not 'b=c'");
}

static void an_empty_variable_counts_as_not_set(void **state)
{
    struct fixture *fixture = *state;
    read_variable(fixture, "KITH_DETECT=");
    assert_int_equal(fixture->config.values[KITHI_SETTING_DETECT].source, KITHI_INITIAL);
    expect_no_problem(fixture);
}

static void an_unknown_variable_is_a_warning_with_a_suggestion(void **state)
{
    struct fixture *fixture = *state;
    read_variable(fixture, "KITH_LISEN=0.0.0.0");
    assert_int_equal(fixture->problems.errors, 0);
    expect_problem(fixture, "warning: environment: unknown variable 'KITH_LISEN'; "
                            "did you mean 'KITH_LISTEN'?");
    read_variable(fixture, "KITH_SERVICE_HOST=10.0.0.1");
    expect_problem(fixture, "warning: environment: unknown variable 'KITH_SERVICE_HOST'");
}

static void variables_of_the_command_line_program_are_left_alone(void **state)
{
    struct fixture *fixture = *state;
    read_variable(fixture, "KITH_NODE=10.0.0.7");
    read_variable(fixture, "KITH_CONFIG=/etc/kith.yaml");
    expect_no_problem(fixture);
}

static void odd_variables_do_no_harm(void **state)
{
    struct fixture *fixture = *state;
    read_variable(fixture, "KITH_");
    read_variable(fixture, "KITH_=");
    read_variable(fixture,
                  "KITH_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=x");
    assert_int_equal(fixture->problems.errors, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_fixture_test(variables_set_values),
        cmocka_fixture_test(an_empty_variable_counts_as_not_set),
        cmocka_fixture_test(an_unknown_variable_is_a_warning_with_a_suggestion),
        cmocka_fixture_test(variables_of_the_command_line_program_are_left_alone),
        cmocka_fixture_test(odd_variables_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
