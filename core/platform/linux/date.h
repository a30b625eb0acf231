// SPDX-License-Identifier: Apache-2.0
// The calendar for signal handlers: gmtime_r takes a lock.
#ifndef KITHI_DATE_H
#define KITHI_DATE_H

#include <stdint.h>

struct kithi_date {
    uint64_t year, month, day; // month and day from 1 on
};

// In the Gregorian calendar, of the day so many days after 1970-01-01.
struct kithi_date kithi_date_of(uint64_t days);

#endif
