// SPDX-License-Identifier: Apache-2.0
#include <kith/quantity.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"G", UINT64_C(1) << 30},
    {"M", UINT64_C(1) << 20},
    {"K", UINT64_C(1) << 10},
    {"B", 1},
};

// Longest first; "m" are minutes.
static const struct unit duration_units[] = {
    {"d", UINT64_C(86400000000000)},
    {"h", UINT64_C(3600000000000)},
    {"m", UINT64_C(60000000000)},
    {"s", UINT64_C(1000000000)},
    {"ms", UINT64_C(1000000)},
    {"us", UINT64_C(1000)},
    {"ns", 1},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int digit_value(char letter, unsigned base)
{
    int value = -1;
    if (letter >= '0' && letter <= '9')
        value = letter - '0';
    else if (letter >= 'a' && letter <= 'f')
        value = letter - 'a' + 10;
    else if (letter >= 'A' && letter <= 'F')
        value = letter - 'A' + 10;
    return value < (int)base ? value : -1;
}

enum kith_error kith_quantity_number(const char *text, uint64_t *number)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    uint64_t value = 0;
    bool after_digit = false;
    for (; *text != 0; text++) {
        if (*text == '_' && after_digit && text[1] != 0)
            continue;
        int digit = digit_value(*text, base);
        if (digit < 0 || value > (UINT64_MAX - (unsigned)digit) / base)
            return KITH_ERROR_INVALID;
        value = value * base + (unsigned)digit;
        after_digit = true;
    }
    if (!after_digit)
        return KITH_ERROR_INVALID;
    *number = value;
    return KITH_OK;
}

// Digits with an optional fraction at *text, which is moved behind them. The fraction is given as a
// number of billionths.
static bool read_decimal(const char **text, uint64_t *whole, uint64_t *billionths)
{
    const char *at = *text;
    if (!isdigit((unsigned char)*at))
        return false;
    *whole = *billionths = 0;
    for (; isdigit((unsigned char)*at); at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (*whole > (UINT64_MAX - digit) / 10)
            return false;
        *whole = *whole * 10 + digit;
    }
    if (*at == '.') {
        at++;
        if (!isdigit((unsigned char)*at))
            return false;
        for (uint64_t place = 100000000; isdigit((unsigned char)*at); at++, place /= 10)
            *billionths += (unsigned)(*at - '0') * place;
    }
    *text = at;
    return true;
}

// whole.billionths times factor, rounded down. The factor is split so that nothing overflows.
static bool scale(uint64_t whole, uint64_t billionths, uint64_t factor, uint64_t *result)
{
    const uint64_t billion = 1000000000;
    if (whole > UINT64_MAX / factor)
        return false;
    uint64_t fraction = billionths * (factor / billion) + billionths * (factor % billion) / billion;
    uint64_t product = whole * factor;
    if (fraction > UINT64_MAX - product)
        return false;
    *result = product + fraction;
    return true;
}

enum kith_error kith_quantity_size(const char *text, uint64_t *bytes)
{
    uint64_t whole, billionths;
    if (!read_decimal(&text, &whole, &billionths))
        return KITH_ERROR_INVALID;
    uint64_t factor = 1;
    for (size_t i = 0; i < COUNT_OF(size_units) && *text != 0; i++) {
        if (toupper((unsigned char)*text) != size_units[i].name[0])
            continue;
        factor = size_units[i].factor;
        text++;
        if (factor > 1 && (strcasecmp(text, "iB") == 0 || strcasecmp(text, "B") == 0))
            text += strlen(text);
        break;
    }
    if (*text != 0 || (factor == 1 && billionths != 0))
        return KITH_ERROR_INVALID;
    return scale(whole, billionths, factor, bytes) ? KITH_OK : KITH_ERROR_INVALID;
}

static const struct unit *find_duration_unit(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(duration_units); i++) {
        if (strlen(duration_units[i].name) == len &&
            strncmp(duration_units[i].name, name, len) == 0)
            return &duration_units[i];
    }
    return NULL;
}

enum kith_error kith_quantity_duration(const char *text, uint64_t *duration_ns)
{
    if (strcmp(text, "0") == 0) {
        *duration_ns = 0;
        return KITH_OK;
    }
    uint64_t total = 0, last_factor = UINT64_MAX;
    do {
        uint64_t whole, billionths, part;
        if (!read_decimal(&text, &whole, &billionths))
            return KITH_ERROR_INVALID;
        size_t len = 0;
        while (isalpha((unsigned char)text[len]))
            len++;
        const struct unit *unit = find_duration_unit(text, len);
        if (unit == NULL || unit->factor >= last_factor ||
            !scale(whole, billionths, unit->factor, &part) || part > UINT64_MAX - total)
            return KITH_ERROR_INVALID;
        total += part;
        last_factor = unit->factor;
        text += len;
    } while (*text != 0);
    *duration_ns = total;
    return KITH_OK;
}

// Three digits or so: 1.23, 12.3, 123, 1234.
static char *format_scaled(uint64_t value, uint64_t factor, const char *unit,
                           char text[KITH_QUANTITY_SIZE])
{
    double scaled = (double)value / (double)factor;
    int decimals = factor == 1 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    snprintf(text, KITH_QUANTITY_SIZE, "%.*f %s", decimals, scaled, unit);
    return text;
}

char *kith_quantity_format_size(uint64_t bytes, char text[KITH_QUANTITY_SIZE])
{
    static const char *const names[] = {"GB", "MB", "KB", "B"};
    size_t i = 0;
    while (i + 1 < COUNT_OF(size_units) && bytes < size_units[i].factor)
        i++;
    return format_scaled(bytes, size_units[i].factor, names[i], text);
}

char *kith_quantity_format_count(uint64_t count, char text[KITH_QUANTITY_SIZE])
{
    if (count >= UINT64_C(10000000000))
        return format_scaled(count, 1000000000, "G", text);
    if (count >= 10000000)
        return format_scaled(count, 1000000, "M", text);
    snprintf(text, KITH_QUANTITY_SIZE, "%" PRIu64, count);
    return text;
}

char *kith_quantity_format_duration(uint64_t duration_ns, char text[KITH_QUANTITY_SIZE])
{
    if (duration_ns < duration_units[2].factor) { // less than a minute
        size_t i = 3;
        while (i + 1 < COUNT_OF(duration_units) && duration_ns < duration_units[i].factor)
            i++;
        return format_scaled(duration_ns, duration_units[i].factor, duration_units[i].name, text);
    }
    size_t i = 0;
    while (duration_ns < duration_units[i].factor)
        i++;
    uint64_t rest = duration_ns % duration_units[i].factor / duration_units[i + 1].factor;
    snprintf(text, KITH_QUANTITY_SIZE, "%" PRIu64 "%s %" PRIu64 "%s",
             duration_ns / duration_units[i].factor, duration_units[i].name, rest,
             duration_units[i + 1].name);
    return text;
}

// In the largest unit that leaves no rest.
static char *format_exact(uint64_t value, const struct unit *units, size_t count,
                          char text[KITH_QUANTITY_SIZE])
{
    for (size_t i = 0; i < count; i++) {
        if (value != 0 && value % units[i].factor == 0) {
            snprintf(text, KITH_QUANTITY_SIZE, "%" PRIu64 "%s", value / units[i].factor,
                     units[i].name);
            return text;
        }
    }
    memcpy(text, "0", 2);
    return text;
}

char *kith_quantity_exact_size(uint64_t bytes, char text[KITH_QUANTITY_SIZE])
{
    // Plain bytes are written without a unit.
    if (bytes % size_units[2].factor != 0) {
        snprintf(text, KITH_QUANTITY_SIZE, "%" PRIu64, bytes);
        return text;
    }
    return format_exact(bytes, size_units, COUNT_OF(size_units), text);
}

char *kith_quantity_exact_duration(uint64_t duration_ns, char text[KITH_QUANTITY_SIZE])
{
    return format_exact(duration_ns, duration_units, COUNT_OF(duration_units), text);
}
