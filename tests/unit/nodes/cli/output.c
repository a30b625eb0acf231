// SPDX-License-Identifier: Apache-2.0
// Results as tables for people and as JSON for programs, from the same rows.
#include "words.h"

#include "output.h"

static const struct kithi_column columns[] = {
    {.title = "NAME", .key = "name", .kind = KITHI_TEXT},
    {.title = "STATE", .key = "state", .kind = KITHI_STATE},
    {.title = "COUNT", .key = "count", .kind = KITHI_COUNT},
    {.title = "SIZE", .key = "size_bytes", .kind = KITHI_BYTES},
    {.title = "RTT", .key = "rtt_ns", .kind = KITHI_DURATION},
    {.title = "ID", .key = "id", .kind = KITHI_ID, .detail = true},
    {.title = "OWN", .key = "own", .kind = KITHI_BOOLEAN},
    {.title = "RATE", .key = "rate", .kind = KITHI_RATE, .detail = true},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const struct kithi_cell rows[][COLUMNS] = {
    {
        {true, "garage", 0},
        {true, "up", 0},
        {true, NULL, 12},
        {true, NULL, 1536},
        {true, NULL, 312000},
        {true, NULL, 0xabc},
        {true, NULL, 1},
        {true, NULL, 250},
    },
    {
        {true, "attic", 0},
        {true, "suspect", 0},
        {true, NULL, 123456},
        {.present = false},
        {.present = false},
        {true, NULL, UINT64_MAX},
        {true, NULL, 0},
        {.present = false},
    },
};

struct capture {
    struct kithi_output output;
    char *text;
    size_t size;
};

static void begin(struct capture *capture)
{
    *capture = (struct capture){.text = NULL};
    capture->output.out = open_memstream(&capture->text, &capture->size);
    assert_non_null(capture->output.out);
}

static void expect_text(struct capture *capture, const char *expected)
{
    fclose(capture->output.out);
    assert_string_equal(capture->text, expected);
    free(capture->text);
}

static json_t *end_as_json(struct capture *capture)
{
    fclose(capture->output.out);
    json_t *json = json_loads(capture->text, 0, NULL);
    assert_non_null(json);
    assert_ptr_equal(strchr(capture->text, '\n'), capture->text + capture->size - 1);
    free(capture->text);
    return json;
}

static void write_rows(const struct capture *capture, size_t count)
{
    struct kithi_table *table = kithi_table_open(&capture->output, columns, COLUMNS);
    for (size_t i = 0; i < count; i++)
        kithi_table_row(table, rows[i]);
    assert_int_equal(kithi_table_rows(table), count);
    kithi_table_close(table);
}

static void a_table_is_aligned_numbers_to_the_right(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    write_rows(&capture, 2);
    expect_text(&capture, "NAME    STATE     COUNT     SIZE     RTT  OWN\n"
                          "garage  up           12  1.50 KB  312 us  yes\n"
                          "attic   suspect  123456        -       -  no\n");
}

static void a_wide_table_has_the_details_too(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    capture.output.wide = true;
    write_rows(&capture, 1);
    expect_text(&capture, "NAME    STATE  COUNT     SIZE     RTT  ID                OWN   RATE\n"
                          "garage  up        12  1.50 KB  312 us  0000000000000abc  yes  250/s\n");
}

static void json_has_every_column_of_the_same_rows(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    capture.output.json = true;
    write_rows(&capture, 2);
    json_t *list = end_as_json(&capture);
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    assert_int_equal(json_object_size(first), COLUMNS);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "garage");
    assert_string_equal(json_string_value(json_object_get(first, "state")), "up");
    assert_int_equal(json_integer_value(json_object_get(first, "count")), 12);
    assert_int_equal(json_integer_value(json_object_get(first, "size_bytes")), 1536);
    assert_int_equal(json_integer_value(json_object_get(first, "rtt_ns")), 312000);
    assert_string_equal(json_string_value(json_object_get(first, "id")), "0000000000000abc");
    assert_true(json_is_true(json_object_get(first, "own")));
    assert_int_equal(json_integer_value(json_object_get(first, "rate")), 250);
    // What is absent is said to be.
    assert_true(json_is_null(json_object_get(second, "rtt_ns")));
    assert_string_equal(json_string_value(json_object_get(second, "id")), "ffffffffffffffff");
    assert_true(json_is_false(json_object_get(second, "own")));
    json_decref(list);
}

static void a_number_too_large_for_json_is_the_largest_there_is(void **state)
{
    (void)state;
    const struct kithi_cell cell = {true, NULL, UINT64_MAX};
    struct capture capture;
    begin(&capture);
    capture.output.json = true;
    kithi_record_write(&capture.output, &columns[2], &cell, 1);
    expect_text(&capture, "{\"count\":9223372036854775807}\n");
}

static void an_empty_result_is_titles_or_an_empty_list(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    write_rows(&capture, 0);
    expect_text(&capture, "NAME  STATE  COUNT  SIZE  RTT  OWN\n");
    begin(&capture);
    capture.output.json = true;
    write_rows(&capture, 0);
    expect_text(&capture, "[]\n");
}

static void a_discarded_table_writes_nothing(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    struct kithi_table *table = kithi_table_open(&capture.output, columns, COLUMNS);
    kithi_table_row(table, rows[0]);
    kithi_table_discard(table);
    expect_text(&capture, "");
}

static void a_table_keeps_many_rows_and_copies_their_texts(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    capture.output.json = true;
    struct kithi_table *table = kithi_table_open(&capture.output, columns, 1);
    for (unsigned i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof(text), "row %u", i);
        kithi_table_row(table, &(struct kithi_cell){true, text, 0});
    }
    kithi_table_close(table);
    json_t *list = end_as_json(&capture);
    assert_int_equal(json_array_size(list), 100);
    const json_t *last = json_array_get(list, 99);
    assert_string_equal(json_string_value(json_object_get(last, "name")), "row 99");
    json_decref(list);
}

static void rows_are_sorted_by_their_first_columns_from_a_row_on(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    const struct kithi_column sorted[] = {
        {.title = "NAME", .key = "name", .kind = KITHI_TEXT},
        {.title = "INDEX", .key = "index", .kind = KITHI_COUNT},
        {.title = "NODE", .key = "node", .kind = KITHI_TEXT},
    };
    const struct kithi_cell cells[][3] = {
        {kithi_text("self"), kithi_number(0), kithi_text("z")},
        {kithi_text("b"), kithi_number(0), kithi_text("y")},
        {kithi_text("a"), kithi_number(10), kithi_text("y")},
        {kithi_text("a"), kithi_number(9), kithi_text("y")},
        {kithi_text("a"), kithi_number(9), kithi_text("x")},
        {kithi_text(NULL), kithi_number(1), kithi_text("x")},
    };
    struct kithi_table *table = kithi_table_open(&capture.output, sorted, 3);
    for (size_t row = 0; row < sizeof cells / sizeof cells[0]; row++)
        kithi_table_row(table, cells[row]);
    kithi_table_sort(table, 1);
    kithi_table_close(table);
    expect_text(&capture, "NAME  INDEX  NODE\n"
                          "self      0  z\n"
                          "-         1  x\n"
                          "a         9  x\n"
                          "a         9  y\n"
                          "a        10  y\n"
                          "b         0  y\n");
}

static void control_characters_never_reach_the_terminal(void **state)
{
    (void)state;
    const struct kithi_cell cell = {true, "\x1b[2Jred\r\n\x7f\xc2\x9b.", 0};
    struct capture capture;
    begin(&capture);
    kithi_record_write(&capture.output, columns, &cell, 1);
    expect_text(&capture, "NAME  ?[2Jred?????.\n");
    begin(&capture);
    kithi_stream_row(&capture.output, columns, &cell, 1);
    expect_text(&capture, "?[2Jred?????.\n");
    begin(&capture);
    capture.output.json = true;
    kithi_record_write(&capture.output, columns, &cell, 1);
    json_t *object = end_as_json(&capture);
    assert_string_equal(json_string_value(json_object_get(object, "name")), cell.text);
    json_decref(object);
}

static void json_escapes_control_characters(void **state)
{
    (void)state;
    const struct kithi_cell cell = {true, "a\x1b\"\n", 0};
    struct capture capture;
    begin(&capture);
    capture.output.json = true;
    kithi_stream_row(&capture.output, columns, &cell, 1);
    expect_text(&capture, "{\"name\":\"a\\u001B\\\"\\n\"}\n");
}

static void a_text_that_is_not_utf8_still_makes_json(void **state)
{
    (void)state;
    const struct kithi_cell cell = {true, "a\xff\xfe.", 0};
    struct capture capture;
    begin(&capture);
    capture.output.json = true;
    kithi_record_write(&capture.output, columns, &cell, 1);
    expect_text(&capture, "{\"name\":\"a??.\"}\n");
}

static void letters_of_several_bytes_keep_the_columns_straight(void **state)
{
    (void)state;
    static const struct kithi_cell wide[][3] = {
        {{true,
          "k\xc3\xbc"
          "che",
          0},
         {true, "up", 0},
         {true, NULL, 1}},
        {{true, "attic", 0}, {true, "up", 0}, {true, NULL, 2}},
    };
    struct capture capture;
    begin(&capture);
    struct kithi_table *table = kithi_table_open(&capture.output, columns, 3);
    kithi_table_row(table, wide[0]);
    kithi_table_row(table, wide[1]);
    kithi_table_close(table);
    expect_text(&capture, "NAME   STATE  COUNT\n"
                          "k\xc3\xbc"
                          "che  up         1\n"
                          "attic  up         2\n");
}

static void a_record_is_a_line_for_each_property(void **state)
{
    (void)state;
    struct capture capture;
    begin(&capture);
    kithi_record_write(&capture.output, columns, rows[1], 4);
    expect_text(&capture, "NAME   attic\n"
                          "STATE  suspect\n"
                          "COUNT  123456\n"
                          "SIZE   -\n");
}

static void a_stream_writes_each_row_at_once(void **state)
{
    (void)state;
    static const struct kithi_column fixed[] = {
        {.title = "EVENT", .key = "event", .kind = KITHI_STATE, .width = 7},
        {.title = "N", .key = "n", .kind = KITHI_COUNT, .width = 3},
    };
    static const struct kithi_cell cells[] = {{true, "up", 0}, {true, NULL, 7}};
    struct capture capture;
    begin(&capture);
    kithi_stream_begin(&capture.output, fixed, 2);
    assert_string_equal(capture.text, "EVENT      N\n");
    kithi_stream_row(&capture.output, fixed, cells, 2);
    assert_string_equal(capture.text, "EVENT      N\nup         7\n");
    expect_text(&capture, "EVENT      N\nup         7\n");
    begin(&capture);
    capture.output.json = true;
    kithi_stream_begin(&capture.output, fixed, 2);
    kithi_stream_row(&capture.output, fixed, cells, 2);
    expect_text(&capture, "{\"event\":\"up\",\"n\":7}\n");
}

static void only_states_are_coloured_and_only_where_there_are_colours(void **state)
{
    (void)state;
    static const struct kithi_cell cells[] = {{true, "up", 0}, {true, "up", 0}};
    struct capture capture;
    begin(&capture);
    capture.output.colour = true;
    kithi_stream_row(&capture.output, columns, cells, 2);
    expect_text(&capture, "up    \x1b[32mup\x1b[0m\n");
    begin(&capture);
    capture.output.colour = capture.output.json = true;
    kithi_stream_row(&capture.output, columns, cells, 2);
    expect_text(&capture, "{\"name\":\"up\",\"state\":\"up\"}\n");
}

static void json_that_came_as_such_is_indented_for_people(void **state)
{
    (void)state;
    json_t *json = json_pack("{s:i}", "n", 5);
    struct capture capture;
    begin(&capture);
    kithi_json_write(&capture.output, json);
    expect_text(&capture, "{\n  \"n\": 5\n}\n");
    begin(&capture);
    capture.output.json = true;
    kithi_json_write(&capture.output, json);
    expect_text(&capture, "{\"n\":5}\n");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_aligned_numbers_to_the_right),
        cmocka_unit_test(a_wide_table_has_the_details_too),
        cmocka_unit_test(json_has_every_column_of_the_same_rows),
        cmocka_unit_test(a_number_too_large_for_json_is_the_largest_there_is),
        cmocka_unit_test(an_empty_result_is_titles_or_an_empty_list),
        cmocka_unit_test(a_discarded_table_writes_nothing),
        cmocka_unit_test(a_table_keeps_many_rows_and_copies_their_texts),
        cmocka_unit_test(rows_are_sorted_by_their_first_columns_from_a_row_on),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(json_escapes_control_characters),
        cmocka_unit_test(a_text_that_is_not_utf8_still_makes_json),
        cmocka_unit_test(letters_of_several_bytes_keep_the_columns_straight),
        cmocka_unit_test(a_record_is_a_line_for_each_property),
        cmocka_unit_test(a_stream_writes_each_row_at_once),
        cmocka_unit_test(only_states_are_coloured_and_only_where_there_are_colours),
        cmocka_unit_test(json_that_came_as_such_is_indented_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
