// SPDX-License-Identifier: Apache-2.0
#include "cell.h"

#include <inttypes.h>
#include <string.h>

#include <kith/clean.h>
#include <kith/quantity.h>

static const char *clean_text(const char *source, char text[KITHI_CELL_SIZE])
{
    snprintf(text, KITHI_CELL_SIZE, "%s", source);
    kith_clean(text);
    return text;
}

const char *kithi_cell_text(const struct kithi_column *column, const struct kithi_cell *cell,
                            char text[KITHI_CELL_SIZE])
{
    if (!cell->present)
        return "-";
    switch (column->kind) {
    case KITHI_TEXT:
    case KITHI_STATE:
        return clean_text(cell->text, text);
    case KITHI_COUNT:
        return kith_quantity_format_count(cell->number, text);
    case KITHI_NUMBER:
        snprintf(text, KITHI_CELL_SIZE, "%" PRIu64, cell->number);
        return text;
    case KITHI_BYTES:
        return kith_quantity_format_size(cell->number, text);
    case KITHI_DURATION:
        return kith_quantity_format_duration(cell->number, text);
    case KITHI_BOOLEAN:
        return cell->number != 0 ? "yes" : "no";
    case KITHI_RATE:
        kith_quantity_format_count(cell->number, text);
        return strcat(text, "/s");
    case KITHI_ID:
        snprintf(text, KITHI_CELL_SIZE, "%016" PRIx64, cell->number);
    }
    return text;
}

// Texts that aren't UTF-8 must not make the whole output unreadable.
static json_t *text_as_json(const char *source)
{
    json_t *json = json_string(source);
    if (json != NULL)
        return json;
    char text[KITHI_CELL_SIZE];
    snprintf(text, sizeof(text), "%s", source);
    for (char *letter = text; *letter != 0; letter++) {
        if ((unsigned char)*letter >= 0x80)
            *letter = '?';
    }
    return json_string(text);
}

json_t *kithi_cell_json(const struct kithi_column *column, const struct kithi_cell *cell)
{
    if (!cell->present)
        return json_null();
    switch (column->kind) {
    case KITHI_TEXT:
    case KITHI_STATE:
        return text_as_json(cell->text);
    case KITHI_ID:
        return json_sprintf("%016" PRIx64, cell->number);
    case KITHI_BOOLEAN:
        return json_boolean(cell->number != 0);
    default:
        return json_integer(cell->number <= INT64_MAX ? (json_int_t)cell->number : INT64_MAX);
    }
}

bool kithi_cell_is_right(const struct kithi_column *column)
{
    return column->kind == KITHI_COUNT || column->kind == KITHI_NUMBER ||
           column->kind == KITHI_BYTES || column->kind == KITHI_DURATION ||
           column->kind == KITHI_RATE;
}

const char *kithi_cell_colour(const struct kithi_column *column, const struct kithi_cell *cell)
{
    static const char *const words[][2] = {
        {"up", "\x1b[32m"},          {"ok", "\x1b[32m"},      {"self", "\x1b[32m"},
        {"suspect", "\x1b[33m"},     {"hello", "\x1b[33m"},   {"connecting", "\x1b[33m"},
        {"unreachable", "\x1b[31m"}, {"down", "\x1b[31m"},    {"gone", "\x1b[31m"},
        {"backoff", "\x1b[31m"},     {"leaving", "\x1b[33m"},
    };
    if (column->kind != KITHI_STATE || !cell->present)
        return NULL;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(cell->text, words[i][0]) == 0)
            return words[i][1];
    }
    return NULL;
}
