// SPDX-License-Identifier: Apache-2.0
// Errors: one line with what, why and what to try, and an exit code for each kind.
#include "words.h"

#include <kith/error.h>

#include "session.h"

static const struct kithi_session session = {.interrupted_code = 130};

static int fail_error(enum kith_error error, char caught[ERROR_SIZE])
{
    words_catch_errors();
    int code = kithi_fail_error(&session, "counter/0", error);
    words_caught_errors(caught);
    return code;
}

static void every_error_is_told_and_has_an_exit_code(void **state)
{
    (void)state;
    char caught[ERROR_SIZE];
    for (int error = 1; error <= KITH_ERROR_RESTARTED; error++) {
        if (error == KITH_ERROR_KILLED)
            continue;
        int code = fail_error((enum kith_error)error, caught);
        assert_true(code > KITH_EXIT_OK && code < KITHI_EXIT_COUNT);
        assert_non_null(kithi_exit_meanings[code]);
        words_expect_error(caught, kith_error_text((enum kith_error)error));
        words_expect_error(caught, "counter/0: ");
    }
}

static void kinds_of_errors_are_told_apart_by_the_code(void **state)
{
    (void)state;
    assert_int_equal(kithi_exit_code(KITH_OK), KITH_EXIT_OK);
    assert_int_equal(kithi_exit_code(KITH_ERROR_NOT_FOUND), KITH_EXIT_NOT_FOUND);
    assert_int_equal(kithi_exit_code(KITH_ERROR_STALE), KITH_EXIT_NOT_FOUND);
    assert_int_equal(kithi_exit_code(KITH_ERROR_DENIED), KITH_EXIT_DENIED);
    assert_int_equal(kithi_exit_code(KITH_ERROR_UNREACHABLE), KITH_EXIT_UNREACHABLE);
    assert_int_equal(kithi_exit_code(KITH_ERROR_NOT_SENT), KITH_EXIT_UNREACHABLE);
    assert_int_equal(kithi_exit_code(KITH_ERROR_UNKNOWN), KITH_EXIT_UNREACHABLE);
    assert_int_equal(kithi_exit_code(KITH_ERROR_TIMEOUT), KITH_EXIT_TIMEOUT);
    assert_int_equal(kithi_exit_code(KITH_ERROR_FULL), KITH_EXIT_FAILURE);
    assert_int_equal(kithi_exit_code(KITH_ERROR_INVALID), KITH_EXIT_FAILURE);
}

static void what_can_be_tried_is_said(void **state)
{
    (void)state;
    char caught[ERROR_SIZE];
    fail_error(KITH_ERROR_TIMEOUT, caught);
    words_expect_error(caught, "try a longer --timeout");
    fail_error(KITH_ERROR_STALE, caught);
    words_expect_error(caught, "try 'kith name ls'");
    fail_error(KITH_ERROR_UNREACHABLE, caught);
    words_expect_error(caught, "try 'kith node ls'");
}

static void an_interrupted_command_says_nothing(void **state)
{
    (void)state;
    char caught[ERROR_SIZE];
    assert_int_equal(fail_error(KITH_ERROR_KILLED, caught), 130);
    assert_string_equal(caught, "");
}

static void an_error_stays_one_line_whatever_is_in_it(void **state)
{
    (void)state;
    char caught[ERROR_SIZE], word[ERROR_SIZE];
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = 0;
    words_catch_errors();
    assert_int_equal(kithi_fail(&session, KITH_EXIT_DENIED,
                                "a\n\x1b[31m\xc2\x9b"
                                "b"),
                     KITH_EXIT_DENIED);
    words_caught_errors(caught);
    assert_string_equal(caught, "kith: a??[31m??b\n");
    words_catch_errors();
    kithi_fail(&session, KITH_EXIT_FAILURE, "%s", word);
    words_caught_errors(caught);
    words_expect_error(caught, "xxx");
    assert_true(strlen(caught) < ERROR_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_is_told_and_has_an_exit_code),
        cmocka_unit_test(kinds_of_errors_are_told_apart_by_the_code),
        cmocka_unit_test(what_can_be_tried_is_said),
        cmocka_unit_test(an_interrupted_command_says_nothing),
        cmocka_unit_test(an_error_stays_one_line_whatever_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
