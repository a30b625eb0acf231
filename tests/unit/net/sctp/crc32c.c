// SPDX-License-Identifier: Apache-2.0
// The checksum, against vectors of others, and the fast one against the plain one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "crc32c.h"

static void assert_crc(const void *data, size_t size, uint32_t expected)
{
    assert_int_equal(kithi_crc32c_table(data, size), expected);
    assert_int_equal(kithi_crc32c_choose()(data, size), expected);
}

// RFC 3720, B.4; the last one is the check value that catalogues of checksums give.
static void known_vectors_come_out(void **state)
{
    (void)state;
    unsigned char data[32];
    memset(data, 0, sizeof data);
    assert_crc(data, sizeof data, 0x8a9136aa);
    memset(data, 0xff, sizeof data);
    assert_crc(data, sizeof data, 0x62a8ab43);
    for (unsigned place = 0; place < sizeof data; place++) {
        data[place] = (unsigned char)place;
    }
    assert_crc(data, sizeof data, 0x46dd794e);
    for (unsigned place = 0; place < sizeof data; place++) {
        data[place] = (unsigned char)(31 - place);
    }
    assert_crc(data, sizeof data, 0x113fdb5c);
    assert_crc("123456789", 9, 0xe3069283);
    assert_crc("", 0, 0);
}

static void the_fast_one_agrees_with_the_plain_one_at_every_size(void **state)
{
    (void)state;
    static unsigned char data[70000];
    uint32_t random = 1;
    for (size_t place = 0; place < sizeof data; place++) {
        random = random * 1664525 + 1013904223;
        data[place] = (unsigned char)(random >> 24);
    }
    kithi_crc32c_function *fast = kithi_crc32c_choose();
    for (size_t size = 0; size < 2000; size++) {
        assert_int_equal(fast(data + size % 13, size), kithi_crc32c_table(data + size % 13, size));
    }
    for (size_t size = 2000; size < sizeof data - 16; size += 997) {
        assert_int_equal(fast(data + size % 7, size), kithi_crc32c_table(data + size % 7, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors_come_out),
        cmocka_unit_test(the_fast_one_agrees_with_the_plain_one_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
