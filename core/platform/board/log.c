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

static void write_escaped(unsigned char byte)
{
    if (byte == '"' || byte == '\\') {
        const char escape[] = {'\\', (char)byte};
        kith_board.write(escape, sizeof escape);
    } else if (byte == '\n') {
        kithi_log_text("\\n");
    } else if (byte == '\t') {
        kithi_log_text("\\t");
    } else if (byte < ' ' || byte == 0x7F) {
        const char escape[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        kith_board.write(escape, sizeof escape);
    } else {
        kith_board.write((const char *)&byte, 1);
    }
}

// In quotes unless it is plain, so that nothing can break the line or its fields.
static void write_value(const char *text)
{
    if (is_plain(text)) {
        kithi_log_text(text);
        return;
    }
    kithi_log_text("\"");
    for (; *text != '\0'; text++) {
        write_escaped((unsigned char)*text);
    }
    kithi_log_text("\"");
}

static void write_seconds(uint64_t now_ns)
{
    uint32_t ms = (uint32_t)(now_ns / 1000000 % 1000);
    const char fraction[] = {'.', digits[ms / 100], digits[ms / 10 % 10], digits[ms % 10]};
    write_number(now_ns / 1000000000);
    kith_board.write(fraction, sizeof fraction);
}

void kithi_log_event(enum kith_log_level level, const char *event,
                     const struct kith_log_field *fields, size_t count)
{
    write_seconds(kithi_clock_now_ns());
    kithi_log_text(" ");
    kithi_log_text(name_level(level));
    kithi_log_text(" ");
    write_value(event);
    for (size_t place = 0; place < count; place++) {
        const struct kith_log_field *field = &fields[place];
        kithi_log_text(" ");
        kithi_log_text(field->key);
        kithi_log_text("=");
        if (field->text == NULL) {
            write_number(field->number);
        } else {
            write_value(field->text);
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
