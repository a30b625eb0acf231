// SPDX-License-Identifier: Apache-2.0
// Lines on the console, without a buffer: each part goes to the board as it is made.
#ifndef KITHI_BOARD_LOG_H
#define KITHI_BOARD_LOG_H

#include <kith/platform.h>

// One event in the form that the Linux platform uses too, with the seconds since the start of the
// clock for its time:
//     12.345 warning process_ended process=counter slot=3 reason=overflow
void kithi_log_event(enum kith_log_level level, const char *event,
                     const struct kith_log_field *fields, size_t count);

void kithi_log_text(const char *text);
void kithi_log_hex(const char *key, uint32_t value);

#endif
