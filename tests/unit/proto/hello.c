// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <string.h>

#include <frame.pb-c.h>

#include <kith/frame.h>

static const struct kith_hello full = {
    .version = KITH_WIRE_VERSION,
    .features = 0xff,
    .required = 0x11,
    .incarnation = UINT64_C(0xfedcba9876543210),
    .name = "k\xc3\xbc"
            "che \xf0\x9f\x9a\x80",
    .program = "kithd 0.1.0",
    .advertise = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 7}, 7400},
    .message_size = 16 << 20,
    .credits = 256,
    .naming = {UINT64_C(0xfedcba9876543210), 1, 2},
    .kernel = {UINT64_C(0xfedcba9876543210), 0, 1},
    .uptime_ms = 123456,
    .detect_ms = 5000,
    .transient = true,
};

static size_t encode(const struct kith_hello *hello, uint8_t *bytes)
{
    size_t size = KITH_HELLO_MAX;
    assert_int_equal(kith_hello_encode(hello, bytes, &size), KITH_OK);
    return size;
}

static void a_hello_comes_back_as_it_was(void **state)
{
    (void)state;
    uint8_t bytes[KITH_HELLO_MAX];
    struct kith_hello back;
    size_t size = encode(&full, bytes);
    assert_int_equal(kith_hello_decode(bytes, size, &back), KITH_OK);
    assert_true(back.version == full.version && back.features == full.features &&
                back.required == full.required && back.incarnation == full.incarnation);
    assert_string_equal(back.name, full.name);
    assert_string_equal(back.program, full.program);
    assert_true(kith_endpoint_equal(&back.advertise, &full.advertise));
    assert_true(back.message_size == full.message_size && back.credits == full.credits);
    assert_true(kith_ref_equal(back.naming, full.naming));
    assert_true(kith_ref_equal(back.kernel, full.kernel));
    assert_true(back.uptime_ms == full.uptime_ms && back.detect_ms == full.detect_ms);
    assert_true(back.transient);
}

static void the_least_hello_comes_back_as_it_was(void **state)
{
    (void)state;
    struct kith_hello least = {
        .version = KITH_WIRE_VERSION, .incarnation = 1, .message_size = 1, .credits = 1};
    uint8_t bytes[KITH_HELLO_MAX];
    struct kith_hello back;
    size_t size = encode(&least, bytes);
    assert_int_equal(kith_hello_decode(bytes, size, &back), KITH_OK);
    assert_true(kith_endpoint_is_any(&back.advertise));
    assert_int_equal(back.advertise.port, 0);
    assert_true(kith_ref_is_none(back.naming) && kith_ref_is_none(back.kernel));
    assert_string_equal(back.name, "");
    assert_false(back.transient);
}

static void the_longest_hello_fits(void **state)
{
    (void)state;
    struct kith_hello longest = full;
    uint8_t bytes[KITH_HELLO_MAX];
    memset(longest.name, 'n', KITH_NAME_SIZE - 1);
    memset(longest.program, 'p', KITH_LABEL_SIZE - 1);
    longest.features = longest.required = longest.message_size = UINT64_MAX;
    longest.credits = longest.naming.slot = longest.naming.generation = UINT32_MAX;
    longest.kernel = longest.naming;
    longest.uptime_ms = longest.detect_ms = KITH_HELLO_TIME_MAX;
    size_t size = encode(&longest, bytes);
    struct kith_hello back;
    assert_int_equal(kith_hello_decode(bytes, size, &back), KITH_OK);
    assert_string_equal(back.name, longest.name);
    size_t room = size - 1;
    assert_int_equal(kith_hello_encode(&longest, bytes, &room), KITH_ERROR_TOO_LARGE);
}

static void a_hello_cut_off_anywhere_is_refused_or_shorter(void **state)
{
    (void)state;
    uint8_t bytes[KITH_HELLO_MAX];
    size_t size = encode(&full, bytes);
    for (size_t cut = 0; cut < size; cut++) {
        struct kith_hello back;
        uint8_t *exact = test_malloc(cut + 1); // so that reading past the end is noticed
        memcpy(exact, bytes, cut);
        enum kith_error error = kith_hello_decode(exact, cut, &back);
        assert_true(error == KITH_OK || error == KITH_ERROR_INVALID);
        if (error == KITH_OK) {
            assert_true(back.credits == full.credits); // all that is necessary came before the cut
        }
        test_free(exact);
    }
}

static void another_version_is_told_apart_from_garbage(void **state)
{
    (void)state;
    // Version 2, then things that version 1 would refuse: a name that is a number, and a group.
    static const uint8_t bytes[] = {1 << 3, 2, 5 << 3, 0, 6 << 3 | 3};
    struct kith_hello hello;
    assert_int_equal(kith_hello_decode(bytes, sizeof bytes, &hello), KITH_ERROR_VERSION);
    assert_int_equal(hello.version, 2);
    static const uint8_t late[] = {2 << 3, 1, 1 << 3, 2};
    assert_int_equal(kith_hello_decode(late, sizeof late, &hello), KITH_ERROR_INVALID);
    assert_int_equal(kith_hello_decode(bytes, 1, &hello), KITH_ERROR_INVALID);
    assert_int_equal(kith_hello_decode(bytes, 0, &hello), KITH_ERROR_INVALID);
}

// A packed hello that is in order until the caller changes it.
static Kith__Hello packed_hello(void)
{
    Kith__Hello hello = KITH__HELLO__INIT;
    hello.version = KITH_WIRE_VERSION;
    hello.incarnation = 5;
    hello.message_size = 4096;
    hello.credits = 8;
    hello.name = (char *)"node";
    return hello;
}

static enum kith_error decode_packed(const Kith__Hello *packed)
{
    uint8_t bytes[1024];
    struct kith_hello hello;
    return kith_hello_decode(bytes, kith__hello__pack(packed, bytes), &hello);
}

#define ASSERT_REFUSED(change)                                                                     \
    do {                                                                                           \
        Kith__Hello changed = packed_hello();                                                      \
        assert_int_equal(decode_packed(&changed), KITH_OK);                                        \
        changed.change;                                                                            \
        assert_int_equal(decode_packed(&changed), KITH_ERROR_INVALID);                             \
    } while (0)

static void a_hello_that_can_not_be_is_invalid(void **state)
{
    (void)state;
    static uint8_t address[17];
    ASSERT_REFUSED(version = 0);
    ASSERT_REFUSED(incarnation = 0);
    ASSERT_REFUSED(required = 1);
    ASSERT_REFUSED(message_size = 0);
    ASSERT_REFUSED(credits = 0);
    ASSERT_REFUSED(port = 65536);
    ASSERT_REFUSED(naming = 1);
    ASSERT_REFUSED(kernel = 1);
    ASSERT_REFUSED(uptime_ms = KITH_HELLO_TIME_MAX + 1);
    ASSERT_REFUSED(detect_ms = KITH_HELLO_TIME_MAX + 1);
    ASSERT_REFUSED(address = ((ProtobufCBinaryData){4, address}));
    ASSERT_REFUSED(address = ((ProtobufCBinaryData){17, address}));
}

static void text_that_people_should_not_be_shown_is_invalid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "esc\x1b[31m",
        "line\n",
        "\x7f",
        "nul\xc2\x80",
        "\xff",
        "\xc0\xaf",
        "\xe0\x80\x80",
        "\xed\xa0\x80",     // half of a surrogate pair
        "\xf4\x90\x80\x80", // above U+10FFFF
        "\xe2\x80\xae",     // turns the direction of writing
        "\xe2\x82",         // cut off
        "\x80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ASSERT_REFUSED(name = (char *)bad[i]);
        ASSERT_REFUSED(program = (char *)bad[i]);
        struct kith_hello hello = full;
        strcpy(hello.name, bad[i]);
        uint8_t bytes[KITH_HELLO_MAX];
        size_t size = sizeof bytes;
        assert_int_equal(kith_hello_encode(&hello, bytes, &size), KITH_ERROR_INVALID);
    }
    static char text[KITH_NAME_SIZE + 1];
    memset(text, 'a', KITH_NAME_SIZE);
    ASSERT_REFUSED(name = text);
    ASSERT_REFUSED(program = text + KITH_NAME_SIZE - KITH_LABEL_SIZE);
}

static void a_zero_in_a_name_is_invalid(void **state)
{
    (void)state;
    uint8_t bytes[KITH_HELLO_MAX];
    struct kith_hello hello;
    size_t size = encode(&full, bytes);
    assert_int_equal(kith_hello_decode(bytes, size, &hello), KITH_OK);
    uint8_t *letter = memchr(bytes, 'k', size);
    assert_non_null(letter);
    letter[1] = letter[2] = 0;
    assert_int_equal(kith_hello_decode(bytes, size, &hello), KITH_ERROR_INVALID);
}

static void fields_of_a_later_version_are_ignored(void **state)
{
    (void)state;
    uint8_t bytes[KITH_HELLO_MAX + 1];
    struct kith_hello hello;
    size_t size = encode(&full, bytes);
    for (unsigned i = 0; i < 32; i++) {
        const uint8_t field[] = {(uint8_t)((20 << 3) | 0x80 | 2), 20 >> 4, 1, (uint8_t)i};
        memcpy(bytes + size, field, sizeof field);
        size += sizeof field;
        assert_int_equal(kith_hello_decode(bytes, size, &hello), KITH_OK);
    }
    assert_string_equal(hello.name, full.name);
    assert_int_equal(kith_hello_decode(bytes, sizeof bytes, &hello), KITH_ERROR_INVALID);
}

static void garbage_ends_in_a_hello_or_an_error(void **state)
{
    (void)state;
    uint64_t seed = 4711;
    uint8_t bytes[KITH_HELLO_MAX];
    unsigned valid = 0;
    for (unsigned round = 0; round < 50000; round++) {
        struct kith_hello hello;
        size_t size = encode(&full, bytes);
        for (uint64_t changes = 1 + draw(&seed) % 4; changes > 0; changes--) {
            bytes[draw(&seed) % size] = (uint8_t)draw(&seed);
        }
        if (kith_hello_decode(bytes, size, &hello) == KITH_OK) {
            assert_true(hello.credits > 0 && hello.incarnation != 0);
            valid++;
        }
    }
    assert_in_range(valid, 1000, 49999); // both happened
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_comes_back_as_it_was),
        cmocka_unit_test(the_least_hello_comes_back_as_it_was),
        cmocka_unit_test(the_longest_hello_fits),
        cmocka_unit_test(a_hello_cut_off_anywhere_is_refused_or_shorter),
        cmocka_unit_test(another_version_is_told_apart_from_garbage),
        cmocka_unit_test(a_hello_that_can_not_be_is_invalid),
        cmocka_unit_test(text_that_people_should_not_be_shown_is_invalid),
        cmocka_unit_test(a_zero_in_a_name_is_invalid),
        cmocka_unit_test(fields_of_a_later_version_are_ignored),
        cmocka_unit_test(garbage_ends_in_a_hello_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
