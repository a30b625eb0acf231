// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <inttypes.h>

#include <kith/quantity.h>

#include "session.h"

typedef enum kith_error parse_function(const char *text, uint64_t *value);
typedef char *format_function(uint64_t value, char text[KITH_QUANTITY_SIZE]);

static char *format_number(uint64_t value, char text[KITH_QUANTITY_SIZE])
{
    snprintf(text, KITH_QUANTITY_SIZE, "%" PRIu64, value);
    return text;
}

static int read_option(const struct kithi_session *session, const char *name, uint64_t minimum,
                       uint64_t maximum, uint64_t *value, parse_function *parse,
                       format_function *format, const char *kind)
{
    const char *text = kithi_invocation_option(&session->invocation, name);
    char least[KITH_QUANTITY_SIZE], most[KITH_QUANTITY_SIZE];
    uint64_t read;
    if (text == NULL)
        return KITH_EXIT_OK;
    if (parse(text, &read) == KITH_OK && read >= minimum && read <= maximum) {
        *value = read;
        return KITH_EXIT_OK;
    }
    return kithi_fail(session, KITH_EXIT_USAGE, "--%s: expected %s from %s to %s, not '%.100s'",
                      name, kind, format(minimum, least), format(maximum, most), text);
}

int kithi_option_number(const struct kithi_session *session, const char *name, uint64_t minimum,
                        uint64_t maximum, uint64_t *number)
{
    return read_option(session, name, minimum, maximum, number, kith_quantity_number, format_number,
                       "a number");
}

int kithi_option_size(const struct kithi_session *session, const char *name, uint64_t minimum,
                      uint64_t maximum, uint64_t *bytes)
{
    return read_option(session, name, minimum, maximum, bytes, kith_quantity_size,
                       kith_quantity_exact_size, "a size, such as 64 or 4K,");
}

int kithi_option_duration(const struct kithi_session *session, const char *name,
                          uint64_t minimum_ns, uint64_t maximum_ns, uint64_t *duration_ns)
{
    return read_option(session, name, minimum_ns, maximum_ns, duration_ns, kith_quantity_duration,
                       kith_quantity_exact_duration, "a time, such as 500ms,");
}
