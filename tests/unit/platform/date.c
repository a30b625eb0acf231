// SPDX-License-Identifier: Apache-2.0
// The calendar, against the C library's.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "date.h"

static void every_day_until_2500_is_that_of_the_c_library(void **state)
{
    (void)state;
    enum { DAYS = 530 * 366, SECONDS_PER_DAY = 86400 };
    for (uint64_t day = 0; day < DAYS; day++) {
        time_t seconds = (time_t)(day * SECONDS_PER_DAY);
        struct tm expected;
        assert_non_null(gmtime_r(&seconds, &expected));
        struct kithi_date date = kithi_date_of(day);
        assert_int_equal(date.year, expected.tm_year + 1900);
        assert_int_equal(date.month, expected.tm_mon + 1);
        assert_int_equal(date.day, expected.tm_mday);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_until_2500_is_that_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
