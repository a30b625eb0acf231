// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <string.h>

#include <kith/error.h>

static void every_error_has_its_own_number_name_and_text(void **state)
{
    (void)state;
    static const unsigned numbers[] = {
#define NUMBER(symbol, number, name, text) number,
        KITH_ERRORS(NUMBER)
#undef NUMBER
    };
    size_t len = sizeof numbers / sizeof numbers[0];
    for (size_t a = 0; a < len; a++) {
        assert_int_equal(numbers[a], a); // the wire's numbers have no gaps
        assert_int_equal(kith_error_from_number(numbers[a]), numbers[a]);
        assert_true(strlen(kith_error_text((enum kith_error)a)) > 0);
        for (size_t b = 0; b < a; b++) {
            assert_string_not_equal(kith_error_name((enum kith_error)a),
                                    kith_error_name((enum kith_error)b));
        }
    }
}

static void an_unknown_number_reads_as_invalid(void **state)
{
    (void)state;
    assert_int_equal(kith_error_from_number(4711), KITH_ERROR_INVALID);
    assert_string_equal(kith_error_name((enum kith_error)4711), "invalid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_number_name_and_text),
        cmocka_unit_test(an_unknown_number_reads_as_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
