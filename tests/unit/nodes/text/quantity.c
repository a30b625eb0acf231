// SPDX-License-Identifier: Apache-2.0
#include <kith/quantity.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOTHING 77 // what the helpers give for text that is refused

static uint64_t number(const char *text)
{
    uint64_t value = NOTHING;
    return kith_quantity_number(text, &value) == KITH_OK ? value : NOTHING;
}

static uint64_t size(const char *text)
{
    uint64_t value = NOTHING;
    return kith_quantity_size(text, &value) == KITH_OK ? value : NOTHING;
}

static uint64_t duration(const char *text)
{
    uint64_t value = NOTHING;
    return kith_quantity_duration(text, &value) == KITH_OK ? value : NOTHING;
}

static void numbers_are_read_whole(void **state)
{
    (void)state;
    assert_int_equal(number("0"), 0);
    assert_int_equal(number("1_000_000"), 1000000);
    assert_int_equal(number("0xFf"), 255);
    assert_true(number("18446744073709551615") == UINT64_MAX);
}

static void malformed_numbers_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1x",
        "0x",
        "x",
        "1.5",
        "_1",
        "1_",
        "18446744073709551616",
        "99999999999999999999999",
        "0x10000000000000000",
        "0xg",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(number(texts[i]), NOTHING);
}

static void sizes_know_their_units(void **state)
{
    (void)state;
    assert_int_equal(size("4096"), 4096);
    assert_int_equal(size("12B"), 12);
    assert_int_equal(size("64K"), 65536);
    assert_int_equal(size("16MB"), 16 << 20);
    assert_int_equal(size("1GiB"), 1 << 30);
    assert_int_equal(size("1.5k"), 1536);
}

static void malformed_sizes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",    "M",  "1.M", "1.5",    "1 M",          "1MBB",
        "-1M", "1T", "1Kx", "1.2.3M", "99999999999G", "18446744073709551616",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(size(texts[i]), NOTHING);
}

static void durations_know_their_units(void **state)
{
    (void)state;
    assert_int_equal(duration("0"), 0);
    assert_int_equal(duration("5s"), 5000000000);
    assert_int_equal(duration("500ms"), 500000000);
    assert_int_equal(duration("1.5s"), 1500000000);
    assert_int_equal(duration("50us"), 50000);
    assert_int_equal(duration("7ns"), 7);
    assert_int_equal(duration("1m30s"), 90000000000);
    assert_int_equal(duration("1d2h"), 93600000000000);
}

static void malformed_durations_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",        "5",    "s",   "5 s", "5sec", "-5s",
        "1s1m",    "1s1s", "1.s", "5s3", "5S",   "99999999999999999999s",
        "213504d",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(duration(texts[i]), NOTHING);
}

static void sizes_are_written_in_three_digits(void **state)
{
    (void)state;
    char text[KITH_QUANTITY_SIZE];
    assert_string_equal(kith_quantity_format_size(0, text), "0 B");
    assert_string_equal(kith_quantity_format_size(1023, text), "1023 B");
    assert_string_equal(kith_quantity_format_size(1536, text), "1.50 KB");
    assert_string_equal(kith_quantity_format_size(16 << 20, text), "16.0 MB");
    assert_string_equal(kith_quantity_format_size(UINT64_C(300) << 30, text), "300 GB");
}

static void durations_are_written_for_people(void **state)
{
    (void)state;
    char text[KITH_QUANTITY_SIZE];
    assert_string_equal(kith_quantity_format_duration(0, text), "0 ns");
    assert_string_equal(kith_quantity_format_duration(999, text), "999 ns");
    assert_string_equal(kith_quantity_format_duration(15600, text), "15.6 us");
    assert_string_equal(kith_quantity_format_duration(1500000, text), "1.50 ms");
    assert_string_equal(kith_quantity_format_duration(5000000000, text), "5.00 s");
    assert_string_equal(kith_quantity_format_duration(90000000000, text), "1m 30s");
    assert_string_equal(kith_quantity_format_duration(UINT64_C(273600000000000), text), "3d 4h");
    assert_true(kith_quantity_format_duration(UINT64_MAX, text) == text);
}

static void counts_are_exact_until_they_are_long(void **state)
{
    (void)state;
    char text[KITH_QUANTITY_SIZE];
    assert_string_equal(kith_quantity_format_count(9999999, text), "9999999");
    assert_string_equal(kith_quantity_format_count(12300000, text), "12.3 M");
}

static void exact_forms_are_read_back_unchanged(void **state)
{
    (void)state;
    static const uint64_t values[] = {
        0,     1,        1000,       1023,      1024,        1536,
        65536, 16777216, 1073741824, 500000000, 90000000000, UINT64_MAX,
    };
    char text[KITH_QUANTITY_SIZE];
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_true(size(kith_quantity_exact_size(values[i], text)) == values[i]);
        assert_true(duration(kith_quantity_exact_duration(values[i], text)) == values[i]);
    }
    assert_string_equal(kith_quantity_exact_duration(5000000000, text), "5s");
    assert_string_equal(kith_quantity_exact_size(16 << 20, text), "16M");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_whole),
        cmocka_unit_test(malformed_numbers_are_refused),
        cmocka_unit_test(sizes_know_their_units),
        cmocka_unit_test(malformed_sizes_are_refused),
        cmocka_unit_test(durations_know_their_units),
        cmocka_unit_test(malformed_durations_are_refused),
        cmocka_unit_test(sizes_are_written_in_three_digits),
        cmocka_unit_test(durations_are_written_for_people),
        cmocka_unit_test(counts_are_exact_until_they_are_long),
        cmocka_unit_test(exact_forms_are_read_back_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
