// SPDX-License-Identifier: Apache-2.0
#include <kith/clean.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_clean(const char *text, const char *expected)
{
    char copy[64];
    snprintf(copy, sizeof(copy), "%s", text);
    kith_clean(copy);
    assert_string_equal(copy, expected);
}

static void plain_text_stays_as_it_is(void **state)
{
    (void)state;
    expect_clean("", "");
    expect_clean("sensor/1 ~", "sensor/1 ~");
    // Their UTF-8 has bytes from 0x80 to 0x9f: a-grave, en dash, an emoji.
    expect_clean("\xc3\x80 \xe2\x80\x93 \xf0\x9f\x98\x80",
                 "\xc3\x80 \xe2\x80\x93 \xf0\x9f\x98\x80");
}

static void control_characters_of_ascii_are_replaced(void **state)
{
    (void)state;
    char text[] = "x\x01y", expected[] = "x?y";
    for (char control = 1; control < 0x20; control++) {
        text[1] = control;
        expect_clean(text, expected);
    }
    expect_clean("\x1b[31mred\x7f\r\n", "?[31mred???");
}

static void control_characters_behind_ascii_are_replaced(void **state)
{
    (void)state;
    expect_clean("a\xc2\x9b"
                 "31m\xc2\x80\xc2\x9f\xc2\xa0",
                 "a??31m????\xc2\xa0");
    expect_clean("a\x9b"
                 "31m\x80\xa0",
                 "a?31m?\xa0");
    expect_clean("\xc2", "\xc2");
}

static void what_turns_the_direction_of_writing_is_replaced(void **state)
{
    (void)state;
    expect_clean("a\xe2\x80\xae"
                 "b\xe2\x81\xa9",
                 "a???b???");
    expect_clean("\xe2\x80\xa6 \xe2\x81\x84", "\xe2\x80\xa6 \xe2\x81\x84");
}

static void a_character_that_was_cut_hides_no_control_character(void **state)
{
    (void)state;
    expect_clean("\xe2\x80\x1b[m", "\xe2\x80?[m");
    expect_clean("\xe2"
                 "A\x9b"
                 "m",
                 "\xe2"
                 "A?m");
    expect_clean("\xe2\x80\x93\x9b", "\xe2\x80\x93?");
    expect_clean("\xf0\xc2\x9b", "\xf0??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_stays_as_it_is),
        cmocka_unit_test(control_characters_of_ascii_are_replaced),
        cmocka_unit_test(control_characters_behind_ascii_are_replaced),
        cmocka_unit_test(what_turns_the_direction_of_writing_is_replaced),
        cmocka_unit_test(a_character_that_was_cut_hides_no_control_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
