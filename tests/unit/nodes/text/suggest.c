// SPDX-License-Identifier: Apache-2.0
#include <kith/suggest.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const words[] = {"listen", "name", NULL, "peers", "log_level", "message_size"};

static const char *suggest(const char *word)
{
    const char *found = kith_suggest_of(word, words, sizeof(words) / sizeof(words[0]));
    return found != NULL ? found : "(none)";
}

static void slips_of_one_letter_find_the_word(void **state)
{
    (void)state;
    assert_string_equal(suggest("liten"), "listen");   // one missing
    assert_string_equal(suggest("listten"), "listen"); // one too many
    assert_string_equal(suggest("lixten"), "listen");  // one changed
    assert_string_equal(suggest("lisetn"), "listen");  // two swapped
    assert_string_equal(suggest("nmae"), "name");
}

static void case_and_the_kind_of_dash_do_not_matter(void **state)
{
    (void)state;
    assert_string_equal(suggest("LISTEN"), "listen");
    assert_string_equal(suggest("log-level"), "log_level");
}

static void the_beginning_of_a_word_finds_it(void **state)
{
    (void)state;
    assert_string_equal(suggest("message"), "message_size");
    assert_string_equal(suggest("lo"), "log_level");
}

static void far_words_find_nothing(void **state)
{
    (void)state;
    assert_string_equal(suggest("frobnicate"), "(none)");
    assert_string_equal(suggest("zz"), "(none)");
    assert_string_equal(suggest(""), "(none)");
}

static void the_nearest_of_several_wins(void **state)
{
    (void)state;
    static const char *const near[] = {"wait", "watch", "watt"};
    assert_string_equal(kith_suggest_of("wat", near, 3), "wait");
    assert_string_equal(kith_suggest_of("wathc", near, 3), "watch");
}

static void words_beyond_the_limit_find_nothing(void **state)
{
    (void)state;
    char word[200];
    for (size_t i = 0; i < sizeof(word) - 1; i++)
        word[i] = 'n';
    word[sizeof(word) - 1] = 0;
    assert_string_equal(suggest(word), "(none)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_of_one_letter_find_the_word),
        cmocka_unit_test(case_and_the_kind_of_dash_do_not_matter),
        cmocka_unit_test(the_beginning_of_a_word_finds_it),
        cmocka_unit_test(far_words_find_nothing),
        cmocka_unit_test(the_nearest_of_several_wins),
        cmocka_unit_test(words_beyond_the_limit_find_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
