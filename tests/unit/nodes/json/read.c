// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kith/json.h>

#include <math.h>

#include "arena.h"
#include "old.pb-c.h"
#include "sample.pb-c.h"

static void expect_refused(const char *text, const char *expected)
{
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    struct arena arena = {.count = 0};
    struct kith_json_problem problem;
    assert_int_equal(read_text(&arena, text, &message.base, &problem), KITH_ERROR_INVALID);
    assert_string_equal(problem.text, expected);
    arena_free(&arena);
}

static Sample__Everything read_sample(struct arena *arena, const char *text)
{
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    struct kith_json_problem problem;
    if (read_text(arena, text, &message.base, &problem) != KITH_OK)
        fail_msg("%s", problem.text);
    return message;
}

static void numbers_may_be_strings_and_enumerations_numbers(void **state)
{
    (void)state;
    struct arena arena = {.count = 0};
    Sample__Everything message =
        read_sample(&arena, "{\"u64\":\"18446744073709551615\",\"i64\":\"-9223372036854775808\","
                            "\"i32\":\"-5\",\"u32\":3.0,\"f32\":1e3,\"colour\":7,\"single\":2,"
                            "\"real\":\"-Infinity\",\"s64\":\"-0\",\"f64\":-0.0}");
    assert_true(message.u64 == UINT64_MAX);
    assert_true(message.i64 == INT64_MIN);
    assert_int_equal(message.i32, -5);
    assert_int_equal(message.u32, 3);
    assert_int_equal(message.f32, 1000);
    assert_int_equal(message.colour, SAMPLE__COLOUR__DARK_BLUE);
    assert_true(message.single == 2);
    assert_true(isinf(message.real) && message.real < 0);
    assert_int_equal(message.s64, 0);
    assert_int_equal(message.f64, 0);
    arena_free(&arena);
}

// Descriptors that came from another node have no function that initialises their structs.
static void messages_in_messages_need_no_generated_code(void **state)
{
    (void)state;
    ProtobufCMessageDescriptor nested = sample__nested__descriptor;
    ProtobufCFieldDescriptor inner = sample__nested__descriptor.fields[0];
    nested.message_init = NULL;
    nested.fields = &inner;
    inner.descriptor = &nested;
    struct arena arena = {.count = 0};
    struct kith_json_problem problem;
    Sample__Nested message = {.base = {.descriptor = &nested}};
    assert_int_equal(read_text(&arena, "{\"inner\":{\"inner\":{}}}", &message.base, &problem),
                     KITH_OK);
    assert_ptr_equal(message.inner->base.descriptor, &nested);
    assert_non_null(message.inner->inner);
    assert_null(message.inner->inner->inner);
    arena_free(&arena);
}

static void null_is_a_field_that_is_not_there(void **state)
{
    (void)state;
    struct arena arena = {.count = 0};
    Sample__Everything message =
        read_sample(&arena, "{\"i32\":null,\"numbers\":null,\"part\":null,\"by_name\":null}");
    assert_int_equal(message.n_numbers, 0);
    assert_null(message.part);
    assert_int_equal(message.choice_case, SAMPLE__EVERYTHING__CHOICE__NOT_SET);
    arena_free(&arena);
}

static void unknown_fields_are_told_with_their_path(void **state)
{
    (void)state;
    expect_refused("{\"txet\":\"a\"}",
                   "field 'txet': sample.Everything has no such field; did you mean 'text'?");
    expect_refused("{\"part\":{\"colour\":1}}",
                   "field 'part.colour': sample.Part has no such field; it has: name, weight");
    expect_refused("{\"parts\":[{},{\"wieght\":1}]}", "field 'parts[1].wieght': sample.Part has no "
                                                      "such field; did you mean 'weight'?");
}

static void wrong_types_are_told_with_what_was_expected(void **state)
{
    (void)state;
    expect_refused("{\"i32\":\"x\"}", "field 'i32': expected int32, not \"x\"");
    expect_refused("{\"i32\":1.5}", "field 'i32': expected int32, not a number");
    expect_refused("{\"i32\":[1]}", "field 'i32': expected int32, not a list");
    expect_refused("{\"u64\":true}", "field 'u64': expected uint64, not true or false");
    expect_refused("{\"u64\":\" 1\"}", "field 'u64': expected uint64, not \" 1\"");
    expect_refused("{\"u64\":\"1x\"}", "field 'u64': expected uint64, not \"1x\"");
    expect_refused("{\"u64\":1e300}", "field 'u64': expected uint64, not a number");
    expect_refused("{\"real\":\"much\"}", "field 'real': expected double, not \"much\"");
    expect_refused("{\"flag\":1}", "field 'flag': expected bool, not a number");
    expect_refused("{\"text\":1}", "field 'text': expected string, not a number");
    expect_refused("{\"text\":\"a\\u0000b\"}",
                   "field 'text': has a zero byte in it; only bytes fields can");
    expect_refused("{\"part\":3}",
                   "field 'part': expected sample.Part, an object in {}, not a number");
    expect_refused("{\"numbers\":3}", "field 'numbers': expected a list of int32 in [], not a "
                                      "number");
    expect_refused("{\"numbers\":[1,null]}", "field 'numbers[1]': expected int32, not null");
    expect_refused("{\"texts\":[\"a\",{}]}", "field 'texts[1]': expected string, not an object");
    expect_refused("{\"data\":\"?\"}",
                   "field 'data': expected bytes in base64, such as \"a2l0aA==\", not \"?\"");
    expect_refused("[1]", "expected an object in {}, not a list");
}

static void numbers_out_of_range_are_told_with_the_range(void **state)
{
    (void)state;
    expect_refused("{\"i32\":2147483648}",
                   "field 'i32': expected int32, from -2147483648 to 2147483647");
    expect_refused("{\"u32\":-1}", "field 'u32': expected uint32, from 0 to 4294967295");
    expect_refused("{\"u64\":\"-1\"}",
                   "field 'u64': expected uint64, from 0 to 18446744073709551615");
    expect_refused("{\"i64\":\"9223372036854775808\"}",
                   "field 'i64': expected int64, from -9223372036854775808 to "
                   "9223372036854775807");
}

static void unknown_enumeration_names_suggest_the_nearest(void **state)
{
    (void)state;
    expect_refused("{\"colour\":\"GREN\"}",
                   "field 'colour': 'GREN' is no sample.Colour; did you mean 'GREEN'?");
    expect_refused("{\"colours\":[\"PURPLE\"]}",
                   "field 'colours[0]': 'PURPLE' is no sample.Colour");
}

static void two_of_a_oneof_are_refused(void **state)
{
    (void)state;
    expect_refused("{\"by_name\":\"a\",\"by_number\":1}",
                   "field 'by_number': excludes another one that is also given");
}

static void required_fields_of_proto2_are_missed(void **state)
{
    (void)state;
    Old__Strict message = OLD__STRICT__INIT;
    struct arena arena = {.count = 0};
    struct kith_json_problem problem;
    assert_int_equal(read_text(&arena, "{}", &message.base, &problem), KITH_ERROR_INVALID);
    assert_string_equal(problem.text, "old.Strict needs the field 'name'");
    assert_int_equal(read_text(&arena, "{\"name\":\"a\",\"count\":2}", &message.base, &problem),
                     KITH_OK);
    assert_true(message.has_count);
    assert_int_equal(message.count, 2);
    arena_free(&arena);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char text[1000] = "";
    for (int i = 0; i < KITH_JSON_DEPTH; i++)
        strcat(text, "{\"inner\":");
    strcat(text, "{}");
    for (int i = 0; i < KITH_JSON_DEPTH; i++)
        strcat(text, "}");
    Sample__Nested message = SAMPLE__NESTED__INIT;
    struct arena arena = {.count = 0};
    struct kith_json_problem problem;
    assert_int_equal(read_text(&arena, text, &message.base, &problem), KITH_ERROR_LIMIT);
    assert_non_null(strstr(problem.text, "more than 16 messages within each other"));
    arena_free(&arena);
}

static void running_out_of_memory_is_an_error_at_every_step(void **state)
{
    (void)state;
    static const char text[] = "{\"text\":\"a\",\"data\":\"AA==\",\"part\":{\"name\":\"b\"},"
                               "\"parts\":[{\"name\":\"c\"}],\"numbers\":[1]}";
    enum kith_error error = KITH_ERROR_NO_MEMORY;
    size_t limit = 0;
    while (error == KITH_ERROR_NO_MEMORY) {
        Sample__Everything message = SAMPLE__EVERYTHING__INIT;
        struct arena arena = {.limit = ++limit};
        struct kith_json_problem problem;
        error = read_text(&arena, text, &message.base, &problem);
        arena_free(&arena);
    }
    assert_int_equal(error, KITH_OK);
    assert_int_equal(limit, 8); // two texts, bytes, two parts with a text less, two lists
}

static void what_is_not_json_is_told_with_its_place(void **state)
{
    (void)state;
    expect_refused("{\"a\":1,}", "not JSON: line 1, column 8: string or '}' expected near '}'");
    expect_refused("{\"a\":1,\"a\":2}",
                   "not JSON: line 1, column 10: duplicate object key near '\"a\"'");
    expect_refused("{\"a\":1", "not JSON: line 1, column 6: '}' expected near end of file");
    expect_refused("{} {}", "not JSON: line 1, column 4: end of file expected near '{'");
}

static void overlong_paths_are_cut(void **state)
{
    (void)state;
    char text[2000] = "";
    for (int i = 0; i < 12; i++)
        strcat(text, "{\"inner\":");
    strcat(text,
           "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":{}}");
    for (int i = 0; i < 12; i++)
        strcat(text, "}");
    Sample__Nested message = SAMPLE__NESTED__INIT;
    struct arena arena = {.count = 0};
    struct kith_json_problem problem;
    assert_int_equal(read_text(&arena, text, &message.base, &problem), KITH_ERROR_INVALID);
    assert_true(strlen(problem.text) < KITH_JSON_PROBLEM_SIZE);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_may_be_strings_and_enumerations_numbers),
        cmocka_unit_test(messages_in_messages_need_no_generated_code),
        cmocka_unit_test(null_is_a_field_that_is_not_there),
        cmocka_unit_test(unknown_fields_are_told_with_their_path),
        cmocka_unit_test(wrong_types_are_told_with_what_was_expected),
        cmocka_unit_test(numbers_out_of_range_are_told_with_the_range),
        cmocka_unit_test(unknown_enumeration_names_suggest_the_nearest),
        cmocka_unit_test(two_of_a_oneof_are_refused),
        cmocka_unit_test(required_fields_of_proto2_are_missed),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(running_out_of_memory_is_an_error_at_every_step),
        cmocka_unit_test(what_is_not_json_is_told_with_its_place),
        cmocka_unit_test(overlong_paths_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
