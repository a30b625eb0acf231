// SPDX-License-Identifier: Apache-2.0
#include <kith/error.h>

#include <stddef.h>

struct error_row {
    unsigned number;
    const char *name, *text;
};

static const struct error_row error_rows[] = {
#define KITH_ERROR_ROW(symbol, number, name, text) {number, name, text},
    KITH_ERRORS(KITH_ERROR_ROW)
#undef KITH_ERROR_ROW
};

static const struct error_row *find_row(unsigned number)
{
    for (size_t row = 0; row < sizeof error_rows / sizeof error_rows[0]; row++) {
        if (error_rows[row].number == number) {
            return &error_rows[row];
        }
    }
    return find_row(KITH_ERROR_INVALID);
}

const char *kith_error_name(enum kith_error error)
{
    return find_row((unsigned)error)->name;
}

const char *kith_error_text(enum kith_error error)
{
    return find_row((unsigned)error)->text;
}

enum kith_error kith_error_from_number(unsigned number)
{
    return (enum kith_error)find_row(number)->number;
}
