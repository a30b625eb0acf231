// SPDX-License-Identifier: Apache-2.0
#include "date.h"

// Counted in years that begin in March, so that a leap day is the last one (Hatcher, "Simple
// formulae for Julian dates and calendar dates", 1984).
struct kithi_date kithi_date_of(uint64_t days)
{
    enum { ERA = 146097, TO_MARCH_OF_YEAR_0 = 719468 };
    days += TO_MARCH_OF_YEAR_0;
    uint64_t in_era = days % ERA;
    uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / (ERA - 1)) / 365;
    uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * in_year + 2) / 153; // from March on
    return (struct kithi_date){
        .year = days / ERA * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = in_year - (153 * month + 2) / 5 + 1,
    };
}
