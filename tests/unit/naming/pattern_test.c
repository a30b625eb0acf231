// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static bool matches(const char *pattern, const char *text)
{
    return kithi_glob(pattern, strlen(pattern), text, strlen(text));
}

static void a_star_is_any_run_and_a_question_mark_one_character(void **state)
{
    (void)state;
    static const char *const yes[][2] = {
        {"*", ""},
        {"*", "a"},
        {"a", "a"},
        {"a*", "a"},
        {"a*", "abc"},
        {"*c", "abc"},
        {"a*c", "ac"},
        {"a*c", "abcbc"},
        {"?", "a"},
        {"?", "\xc3\xa4"},
        {"??", "\xc3\xa4x"},
        {"*?*", "x"},
        {"**", "x"},
        {"a**b", "ab"},
        {"*a*b*", "xaxbx"},
        {"*aab", "aaab"},
        {"\xc3\xa4", "\xc3\xa4"},
        {"", ""},
    };
    static const char *const no[][2] = {
        {"", "a"},     {"a", ""}, {"a", "b"},  {"a", "ab"}, {"a*", "b"},    {"*c", "cb"},
        {"a*c", "ab"}, {"?", ""}, {"?", "ab"}, {"*?", ""},  {"*a*b", "ba"}, {"??", "\xc3\xa4"},
    };
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (!matches(yes[i][0], yes[i][1])) {
            fail_msg("%s should match %s", yes[i][0], yes[i][1]);
        }
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        if (matches(no[i][0], no[i][1])) {
            fail_msg("%s shouldn't match %s", no[i][0], no[i][1]);
        }
    }
}

static void the_worst_pattern_takes_steps_in_proportion(void **state)
{
    (void)state;
    char pattern[64], text[64];
    memset(pattern, '*', 60);
    memset(text, 'a', 60);
    for (size_t i = 1; i < 60; i += 2) {
        pattern[i] = 'a';
    }
    pattern[60] = 'b';
    assert_false(kithi_glob(pattern, 61, text, 60)); // at most 60 * 61 comparisons
}

struct expected {
    const char *text, *host, *name;
    uint32_t index;
    bool literal, any_name;
};

static void a_pattern_has_the_parts_of_an_address(void **state)
{
    (void)state;
    const uint32_t any = KITH_INDEX_ANY;
    const struct expected all[] = {
        {"*", NULL, "*", any, false, true},
        {"sensor", NULL, "sensor", any, true, false},
        {"sensor/1", NULL, "sensor", 1, true, false},
        {"sensor/*", NULL, "sensor", any, true, false},
        {"sen*", NULL, "sen*", any, false, false},
        {"garage/sensor", "garage", "sensor", any, true, false},
        {"garage/*/*", "garage", "*", any, false, true},
        {"garage/*/2", "garage", "*", 2, false, true},
        {"*/sensor", "*", "sensor", any, true, false},
        {"*/*", NULL, "*", any, false, true},
        {"10.0.0.7:*/s?nsor/0", "10.0.0.7:*", "s?nsor", 0, false, false},
        {"[fd00::7]:7400/x", "[fd00::7]:7400", "x", any, true, false},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct kithi_pattern pattern;
        assert_null(kithi_pattern_parse(all[i].text, &pattern));
        assert_true(kith_pattern_valid(all[i].text));
        assert_int_equal(pattern.host != NULL, all[i].host != NULL);
        if (all[i].host != NULL) {
            assert_int_equal(pattern.host_size, strlen(all[i].host));
            assert_memory_equal(pattern.host, all[i].host, pattern.host_size);
        }
        assert_int_equal(pattern.name_size, strlen(all[i].name));
        assert_memory_equal(pattern.name, all[i].name, pattern.name_size);
        assert_int_equal(pattern.index, all[i].index);
        assert_int_equal(pattern.literal, all[i].literal);
        assert_int_equal(pattern.any_name, all[i].any_name);
    }
}

static void a_malformed_pattern_is_refused_and_explained(void **state)
{
    (void)state;
    static const char *const all[] = {
        "",    "/",     "a/",     "/a",   "a//b", "a/b/c", "a/b/1/2", "a b",   "7",
        "a:b", "h/a:b", "a/b/01", "a/01", "a\n",  "\xff",  "7/8",     "h/7/1", "a/b/4294967295",
        "[a",  "h/[a",
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (kith_pattern_valid(all[i])) {
            fail_msg("%s should be refused", all[i]);
        }
        assert_non_null(kith_pattern_problem(all[i]));
    }
    char longest[70];
    memset(longest, 'a', sizeof longest);
    longest[64] = '\0';
    assert_false(kith_pattern_valid(longest));
    longest[63] = '\0';
    assert_true(kith_pattern_valid(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_is_any_run_and_a_question_mark_one_character),
        cmocka_unit_test(the_worst_pattern_takes_steps_in_proportion),
        cmocka_unit_test(a_pattern_has_the_parts_of_an_address),
        cmocka_unit_test(a_malformed_pattern_is_refused_and_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
