// SPDX-License-Identifier: Apache-2.0
// Numbers, byte sizes and time spans as people write and read them.
#ifndef KITH_QUANTITY_H
#define KITH_QUANTITY_H

#include <stdint.h>

#include <kith/error.h>

#define KITH_QUANTITY_SIZE 24 // room for any formatted quantity

// Read the whole of `text`; surrounding blanks aren't allowed. INVALID (also when it doesn't fit 64
// bits), and the result is unchanged.

// "42", "0x2a", "1_000_000".
enum kith_error kith_quantity_number(const char *text, uint64_t *number);
// "4096", "64K", "16MB", "1GiB": K, M and G are powers of 1024. Gives bytes.
enum kith_error kith_quantity_size(const char *text, uint64_t *bytes);
// "5s", "500ms", "1.5s", "1m30s", "50us", "0": days, hours, minutes, seconds, milli-, micro- and
// nanoseconds. The unit is required except for 0. Gives nanoseconds.
enum kith_error kith_quantity_duration(const char *text, uint64_t *duration_ns);

// Write it for people, in three or four digits, and give `text` back: "1.5 MB", "312 us", "3d 4h",
// "12.3 M".
char *kith_quantity_format_size(uint64_t bytes, char text[KITH_QUANTITY_SIZE]);
char *kith_quantity_format_duration(uint64_t duration_ns, char text[KITH_QUANTITY_SIZE]);
char *kith_quantity_format_count(uint64_t count, char text[KITH_QUANTITY_SIZE]);

// Write it exactly, as the functions above read it: "16M", "5s", "1500ms".
char *kith_quantity_exact_size(uint64_t bytes, char text[KITH_QUANTITY_SIZE]);
char *kith_quantity_exact_duration(uint64_t duration_ns, char text[KITH_QUANTITY_SIZE]);

#endif
