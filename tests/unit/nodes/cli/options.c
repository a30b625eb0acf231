// SPDX-License-Identifier: Apache-2.0
// Values of options, within their ranges.
#include "words.h"

#include "options.h"
#include "session.h"

static struct words words;

static void given(struct kithi_session *session, const char *line)
{
    *session = (struct kithi_session){.exit_code = 0};
    words_split(&words, line);
    assert_true(kithi_invocation_parse(&session->invocation, words.argc, words.argv));
}

typedef int read_function(const struct kithi_session *session, const char *name, uint64_t minimum,
                          uint64_t maximum, uint64_t *value);

static void expect_taken(const char *line, const char *name, read_function *read, uint64_t expected)
{
    struct kithi_session session;
    uint64_t value = 7;
    given(&session, line);
    assert_int_equal(read(&session, name, 10, 2000, &value), KITH_EXIT_OK);
    assert_int_equal(value, expected);
}

static void expect_refused(const char *line, const char *name, read_function *read,
                           const char *says)
{
    struct kithi_session session;
    uint64_t value = 7;
    char caught[ERROR_SIZE];
    given(&session, line);
    words_catch_errors();
    int code = read(&session, name, 10, 2000, &value);
    words_caught_errors(caught);
    assert_int_equal(code, KITH_EXIT_USAGE);
    assert_int_equal(value, 7);
    words_expect_error(caught, says);
}

static void an_option_that_was_not_given_leaves_the_value(void **state)
{
    (void)state;
    expect_taken("kith node ping", "count", kithi_option_number, 7);
    expect_taken("kith node ping", "size", kithi_option_size, 7);
    expect_taken("kith node ping", "interval", kithi_option_duration, 7);
}

static void values_within_the_range_are_taken(void **state)
{
    (void)state;
    expect_taken("kith node ping -c 10", "count", kithi_option_number, 10);
    expect_taken("kith node ping -c 2000", "count", kithi_option_number, 2000);
    expect_taken("kith node ping -s 1K", "size", kithi_option_size, 1024);
    expect_taken("kith node ping -i 2us", "interval", kithi_option_duration, 2000);
}

static void values_beyond_the_range_are_refused_with_the_range(void **state)
{
    (void)state;
    expect_refused("kith node ping -c 9", "count", kithi_option_number,
                   "--count: expected a number from 10 to 2000, not '9'");
    expect_refused("kith node ping -c 2001", "count", kithi_option_number, "not '2001'");
    expect_refused("kith node ping -s 2K", "size", kithi_option_size,
                   "--size: expected a size, such as 64 or 4K, from 10 to 2000, not '2K'");
    expect_refused("kith node ping -i 1s", "interval", kithi_option_duration,
                   "--interval: expected a time, such as 500ms, from 10ns to 2us, not '1s'");
}

static void what_is_no_value_is_refused(void **state)
{
    (void)state;
    expect_refused("kith node ping -c ''", "count", kithi_option_number, "not ''");
    expect_refused("kith node ping -c 10x", "count", kithi_option_number, "not '10x'");
    expect_refused("kith node ping -s 1Q", "size", kithi_option_size, "not '1Q'");
    expect_refused("kith node ping -i 1000", "interval", kithi_option_duration, "not '1000'");
    expect_refused("kith node ping -c 99999999999999999999", "count", kithi_option_number,
                   "not '99999999999999999999'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_that_was_not_given_leaves_the_value),
        cmocka_unit_test(values_within_the_range_are_taken),
        cmocka_unit_test(values_beyond_the_range_are_refused_with_the_range),
        cmocka_unit_test(what_is_no_value_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
