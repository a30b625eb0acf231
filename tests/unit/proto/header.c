// SPDX-License-Identifier: Apache-2.0
// The header written and read by hand, beside protobuf-c.
#include "fixture.h"

#include <string.h>

#include <header.h>

#define BYTES_MOST 512

// 0, small, or anything.
static uint64_t draw_value(uint64_t *seed)
{
    uint64_t way = draw(seed) % 4;
    return way == 0 ? 0 : draw(seed) >> (way == 1 ? 60 : draw(seed) % 64);
}

static Kith__Frame draw_header(uint64_t *seed)
{
    Kith__Frame header = KITH__FRAME__INIT;
    header.type = draw_value(seed);
    header.to = draw_value(seed);
    header.from = draw_value(seed);
    header.id = draw_value(seed);
    header.flags = (uint32_t)draw_value(seed);
    header.kind = (Kith__Frame__Kind)(uint32_t)draw_value(seed);
    header.deadline = draw_value(seed);
    header.hops = (uint32_t)draw_value(seed);
    header.urgency = (uint32_t)draw_value(seed);
    header.error = (uint32_t)draw_value(seed);
    header.credits = (uint32_t)draw_value(seed);
    header.trace = draw_value(seed);
    header.total_size = draw_value(seed);
    header.reply_to = draw_value(seed);
    header.reply_node = draw_value(seed);
    header.to_node = draw_value(seed);
    header.from_node = draw_value(seed);
    return header;
}

// Whether both could read it. What they read is compared as it is written, which leaves out nothing
// but fields that aren't known.
static bool read_by_both(const uint8_t *bytes, size_t size)
{
    Kith__Frame header;
    uint8_t own[KITHI_HEADER_MAX], library[KITHI_HEADER_MAX];
    bool good = kithi_header_read(bytes, size, &header);
    Kith__Frame *unpacked = kith__frame__unpack(NULL, size, bytes);
    assert_int_equal(good, unpacked != NULL);
    if (good) {
        size_t own_size = kithi_header_write(&header, own);
        assert_int_equal(own_size, kithi_header_write(unpacked, library));
        assert_memory_equal(own, library, own_size);
        kith__frame__free_unpacked(unpacked, NULL);
    }
    return good;
}

static void the_bytes_are_those_of_the_library(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (unsigned round = 0; round < 50000; round++) {
        Kith__Frame header = draw_header(&seed);
        uint8_t own[KITHI_HEADER_MAX], library[KITHI_HEADER_MAX];
        size_t size = kith__frame__pack(&header, library);
        assert_in_range(size, 0, KITHI_HEADER_MAX);
        assert_int_equal(kithi_header_write(&header, own), size);
        assert_memory_equal(own, library, size);
        assert_true(read_by_both(own, size));
    }
}

static void the_largest_header_has_room(void **state)
{
    (void)state;
    Kith__Frame header = KITH__FRAME__INIT;
    header.type = header.to = header.from = header.id = header.deadline = UINT64_MAX;
    header.trace = header.total_size = header.reply_to = header.reply_node = UINT64_MAX;
    header.to_node = header.from_node = UINT64_MAX;
    header.flags = header.hops = header.urgency = header.error = header.credits = UINT32_MAX;
    header.kind = (Kith__Frame__Kind)-1;
    assert_in_range(kith__frame__get_packed_size(&header), 1, KITHI_HEADER_MAX);
    uint8_t own[KITHI_HEADER_MAX];
    assert_int_equal(kithi_header_write(&header, own), kith__frame__get_packed_size(&header));
    assert_true(read_by_both(own, kithi_header_write(&header, own)));
}

static void changed_bytes_are_read_as_by_the_library(void **state)
{
    (void)state;
    uint64_t seed = 12;
    unsigned good = 0;
    for (unsigned round = 0; round < 200000; round++) {
        Kith__Frame header = draw_header(&seed);
        uint8_t bytes[KITHI_HEADER_MAX] = {0};
        size_t size = 1 + kithi_header_write(&header, bytes);
        for (uint64_t changes = draw(&seed) % 4; changes > 0; changes--) {
            bytes[draw(&seed) % size] = (uint8_t)draw(&seed);
        }
        good += read_by_both(bytes, draw(&seed) % (size + 1)) ? 1 : 0;
    }
    assert_in_range(good, 10000, 190000); // both happened
}

static void any_bytes_are_read_as_by_the_library(void **state)
{
    (void)state;
    uint64_t seed = 13;
    unsigned good = 0;
    for (unsigned round = 0; round < 200000; round++) {
        uint8_t bytes[24];
        for (size_t place = 0; place < sizeof bytes; place++) {
            bytes[place] = (uint8_t)(draw(&seed) >> (draw(&seed) % 8));
        }
        good += read_by_both(bytes, draw(&seed) % sizeof bytes) ? 1 : 0;
    }
    assert_in_range(good, 1000, 199000);
}

// `prefix`, then a number of `count` bytes, all but the last `byte`.
static bool reads_number(uint8_t key, size_t count, uint8_t byte, uint8_t last)
{
    uint8_t bytes[BYTES_MOST] = {key};
    memset(bytes + 1, byte, count);
    bytes[count] = last;
    return read_by_both(bytes, 1 + count);
}

static void numbers_of_any_length_are_read_as_by_the_library(void **state)
{
    (void)state;
    for (uint8_t field = 0; field < 16; field++) {
        for (size_t count = 1; count <= 12; count++) {
            bool long_enough = count <= 10;
            bool is_number = field != 0 && field != 1 && field != 12 && field != 15;
            assert_int_equal(reads_number((uint8_t)(field << 3), count, 0xff, 0x7f),
                             long_enough && is_number);
            assert_int_equal(reads_number((uint8_t)(field << 3), count, 0x80, 0),
                             long_enough && is_number);
            assert_false(reads_number((uint8_t)(field << 3), count, 0x80, 0x80));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_of_the_library),
        cmocka_unit_test(the_largest_header_has_room),
        cmocka_unit_test(changed_bytes_are_read_as_by_the_library),
        cmocka_unit_test(any_bytes_are_read_as_by_the_library),
        cmocka_unit_test(numbers_of_any_length_are_read_as_by_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
