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

static void expect_json(const ProtobufCMessage *message, const char *expected)
{
    json_t *json;
    assert_int_equal(kith_json_from_message(message, &json), KITH_OK);
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12));
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

static void an_empty_message_shows_its_single_fields_and_lists(void **state)
{
    (void)state;
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    expect_json(&message.base,
                "{\"i32\":0,\"s32\":0,\"sf32\":0,\"u32\":0,\"f32\":0,\"i64\":0,\"s64\":0,"
                "\"sf64\":0,\"u64\":0,\"f64\":0,\"single\":0.0,\"real\":0.0,\"flag\":false,"
                "\"text\":\"\",\"data\":\"\",\"colour\":\"RED\",\"numbers\":[],\"texts\":[],"
                "\"parts\":[],\"colours\":[],\"blobs\":[],\"flags\":[],\"reals\":[],"
                "\"larges\":[]}");
    Sample__Nothing nothing = SAMPLE__NOTHING__INIT;
    expect_json(&nothing.base, "{}");
}

static json_t *field_of(const Sample__Everything *message, const char *name)
{
    json_t *json;
    assert_int_equal(kith_json_from_message(&message->base, &json), KITH_OK);
    json_t *field = json_incref(json_object_get(json, name));
    json_decref(json);
    return field;
}

static void expect_field(const Sample__Everything *message, const char *name, const char *expected)
{
    json_t *field = field_of(message, name);
    if (expected == NULL) {
        assert_null(field);
        return;
    }
    assert_non_null(field);
    char *text = json_dumps(field, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, expected);
    free(text);
    json_decref(field);
}

static void numbers_that_readers_can_not_hold_are_strings(void **state)
{
    (void)state;
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    message.u64 = UINT64_C(1) << 53;
    message.f64 = UINT64_MAX;
    message.i64 = INT64_MIN;
    message.s64 = -(INT64_C(1) << 53);
    message.i32 = INT32_MIN;
    message.u32 = UINT32_MAX;
    expect_field(&message, "u64", "9007199254740992");
    expect_field(&message, "f64", "\"18446744073709551615\"");
    expect_field(&message, "i64", "\"-9223372036854775808\"");
    expect_field(&message, "s64", "-9007199254740992");
    expect_field(&message, "i32", "-2147483648");
    expect_field(&message, "u32", "4294967295");
}

static void numbers_that_are_not_finite_are_strings(void **state)
{
    (void)state;
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    message.real = (double)NAN;
    message.single = -INFINITY;
    expect_field(&message, "real", "\"NaN\"");
    expect_field(&message, "single", "\"-Infinity\"");
}

static void unknown_enumeration_numbers_stay_numbers(void **state)
{
    (void)state;
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    message.colour = SAMPLE__COLOUR__DARK_BLUE;
    expect_field(&message, "colour", "\"DARK_BLUE\"");
    memcpy(&message.colour, &(int){5}, sizeof(int));
    expect_field(&message, "colour", "5");
}

static void oneofs_show_only_what_is_there(void **state)
{
    (void)state;
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    Sample__Part part = SAMPLE__PART__INIT;
    expect_field(&message, "by_name", NULL);
    message.choice_case = SAMPLE__EVERYTHING__CHOICE_BY_NUMBER;
    message.by_number = 0;
    expect_field(&message, "by_number", "0");
    expect_field(&message, "by_name", NULL);
    message.choice_case = SAMPLE__EVERYTHING__CHOICE_BY_PART;
    message.by_part = &part;
    expect_field(&message, "by_part", "{\"name\":\"\",\"weight\":0}");
}

static void optional_fields_of_proto2_show_only_what_is_there(void **state)
{
    (void)state;
    Old__Strict message = OLD__STRICT__INIT;
    message.name = (char[]){"n"};
    expect_json(&message.base, "{\"name\":\"n\"}");
    message.has_count = 1;
    message.text = (char[]){""};
    message.has_data = 1;
    expect_json(&message.base, "{\"name\":\"n\",\"count\":0,\"text\":\"\",\"data\":\"\"}");
}

static void text_that_is_not_utf8_is_shown_all_the_same(void **state)
{
    (void)state;
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    message.text = (char[]){"a\xff\x80z"};
    json_t *field = field_of(&message, "text");
    assert_string_equal(json_string_value(field), "a\xc3\xbf\xc2\x80z");
    json_decref(field);
}

static void messages_nested_too_deep_are_refused(void **state)
{
    (void)state;
    Sample__Nested nested[KITH_JSON_DEPTH + 1];
    for (size_t i = 0; i <= KITH_JSON_DEPTH; i++) {
        sample__nested__init(&nested[i]);
        if (i > 0)
            nested[i - 1].inner = &nested[i];
    }
    json_t *json;
    assert_int_equal(kith_json_from_message(&nested[0].base, &json), KITH_ERROR_LIMIT);
    assert_int_equal(kith_json_from_message(&nested[1].base, &json), KITH_OK);
    json_decref(json);
}

static void what_is_written_is_read_back_unchanged(void **state)
{
    (void)state;
    static const char text[] =
        "{\"i32\":-1,\"s32\":-2,\"sf32\":-3,\"u32\":4,\"f32\":5,\"i64\":-6,\"s64\":-7,"
        "\"sf64\":-8,\"u64\":9,\"f64\":\"18446744073709551615\",\"single\":0.5,\"real\":1.25,"
        "\"flag\":true,\"text\":\"\xc3\xa4\\n\",\"data\":\"a2l0aA==\",\"colour\":\"GREEN\","
        "\"part\":{\"name\":\"x\",\"weight\":3},\"numbers\":[1,-2],\"texts\":[\"a\",\"\"],"
        "\"parts\":[{\"name\":\"y\",\"weight\":0}],\"colours\":[\"RED\",\"DARK_BLUE\"],"
        "\"blobs\":[\"\",\"AA==\"],\"by_number\":3,"
        "\"flags\":[true,false],\"reals\":[0.5],\"larges\":[1]}";
    Sample__Everything message = SAMPLE__EVERYTHING__INIT;
    struct arena arena = {.count = 0};
    struct kith_json_problem problem;
    assert_int_equal(read_text(&arena, text, &message.base, &problem), KITH_OK);
    expect_json(&message.base, text);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_message_shows_its_single_fields_and_lists),
        cmocka_unit_test(numbers_that_readers_can_not_hold_are_strings),
        cmocka_unit_test(numbers_that_are_not_finite_are_strings),
        cmocka_unit_test(unknown_enumeration_numbers_stay_numbers),
        cmocka_unit_test(oneofs_show_only_what_is_there),
        cmocka_unit_test(optional_fields_of_proto2_show_only_what_is_there),
        cmocka_unit_test(text_that_is_not_utf8_is_shown_all_the_same),
        cmocka_unit_test(messages_nested_too_deep_are_refused),
        cmocka_unit_test(what_is_written_is_read_back_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
