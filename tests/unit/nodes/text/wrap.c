// SPDX-License-Identifier: Apache-2.0
#include <kith/wrap.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void lines_stay_within_the_width(void **state)
{
    (void)state;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (int i = 0; i < 3; i++)
        kith_wrap(out,
                  "many words of several lengths that together are far longer than one line "
                  "of text may be, so that they have to be broken more than once",
                  20);
    fclose(out);
    size_t lines = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
        assert_true(strlen(line) <= KITH_WRAP_WIDTH);
        assert_int_equal(strspn(line, " "), 20);
    }
    assert_int_equal(lines, 9);
    free(text);
}

static void newlines_and_overlong_words_are_kept(void **state)
{
    (void)state;
    char word[2 * KITH_WRAP_WIDTH], *text, expected[sizeof(word) + 20];
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = 0;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    kith_wrap(out, "one\ntwo", 2);
    kith_wrap(out, word, 2);
    fclose(out);
    snprintf(expected, sizeof(expected), "  one\n  two\n  %s\n", word);
    assert_string_equal(text, expected);
    free(text);
}

static void columns_are_code_points(void **state)
{
    (void)state;
    assert_int_equal(kith_wrap_columns(""), 0);
    assert_int_equal(kith_wrap_columns("node"), 4);
    assert_int_equal(kith_wrap_columns("\xc3\xa4\xe2\x82\xac"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_stay_within_the_width),
        cmocka_unit_test(newlines_and_overlong_words_are_kept),
        cmocka_unit_test(columns_are_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
