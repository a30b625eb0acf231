// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <string.h>

#include <kith/platform_board.h>

#include "clock.h"

static const char digits[] = "0123456789abcdef";

static const char *name_level(enum kith_log_level level)
{
    switch (level) {
    case KITH_LOG_ERROR:
        return "error";
    case KITH_LOG_WARNING:
        return "warning";
    case KITH_LOG_INFO:
        return "info";
    case KITH_LOG_DEBUG:
        return "debug";
    }
    return "unknown";
}

static void write_number(uint64_t number)
{
    char text[20]; // UINT64_MAX has 20 digits
    size_t place = sizeof text;
    do {
        text[--place] = digits[number % 10];
        number /= 10;
    } while (number != 0);
    kith_board.write(text + place, sizeof text - place);
}

static bool is_plain(const char *text)
{
    const char *end = text;
    while (*end > ' ' && *end < 0x7F && *end != '"' && *end != '=' && *end != '\\') {
        end++;
    }
    return end != text && *end == '\0';
}

// In quotes, with anything that could break the line or its fields as \xNN.
static void write_quoted(const char *text)
{
    kithi_log_text("\"");
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\' || byte < ' ' || byte == 0x7F) {
            const char escape[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
            kith_board.write(escape, sizeof escape);
        } else {
            kith_board.write(text, 1);
        }
    }
    kithi_log_text("\"");
}

void kithi_log_event(enum kith_log_level level, const char *event,
                     const struct kith_log_field *fields, size_t count)
{
    kithi_log_text("ms=");
    write_number(kithi_clock_now_ns() / 1000000);
    kithi_log_text(" level=");
    kithi_log_text(name_level(level));
    kithi_log_text(" event=");
    kithi_log_text(event);
    for (size_t place = 0; place < count; place++) {
        const struct kith_log_field *field = &fields[place];
        kithi_log_text(" ");
        kithi_log_text(field->key);
        kithi_log_text("=");
        if (field->text == NULL) {
            write_number(field->number);
        } else if (is_plain(field->text)) {
            kithi_log_text(field->text);
        } else {
            write_quoted(field->text);
        }
    }
    kithi_log_text("\n");
}

void kithi_log_text(const char *text)
{
    kith_board.write(text, strlen(text));
}

void kithi_log_hex(const char *key, uint32_t value)
{
    char text[8];
    for (size_t place = 0; place < sizeof text; place++) {
        text[place] = digits[value >> (28 - 4 * place) & 15];
    }
    kithi_log_text(" ");
    kithi_log_text(key);
    kithi_log_text("=");
    kith_board.write(text, sizeof text);
}
