// SPDX-License-Identifier: Apache-2.0
// The one way in which results are written: tables and records for people, JSON for programs. A
// result is described by columns once; both forms come from that.
#ifndef KITHI_OUTPUT_H
#define KITHI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#define KITHI_COLUMNS_MAX 32

enum kithi_kind {
    KITHI_TEXT,
    KITHI_STATE,    // a text that is coloured by what it says
    KITHI_COUNT,    // "1.02 M"; JSON: a number
    KITHI_NUMBER,   // all digits: what isn't counted, but names something
    KITHI_BYTES,    // "1.5 MB"; JSON: a number
    KITHI_DURATION, // nanoseconds, "312 us"; JSON: a number
    KITHI_ID,       // 64 bits as 16 hexadecimal digits, in JSON as well
    KITHI_BOOLEAN,  // yes, no
    KITHI_RATE,     // a number per second
};

struct kithi_column {
    const char *title; // for people: "LAST ERROR"
    const char *key;   // in JSON, with its unit: "last_error", "rtt_ns"
    enum kithi_kind kind;
    bool detail;    // in tables only with --wide
    unsigned width; // at least so wide, for rows that are written as they come
};

// A value; absent ones are "-" and null.
struct kithi_cell {
    bool present;
    const char *text; // borrowed
    uint64_t number;
};

static inline struct kithi_cell kithi_text(const char *text)
{
    return (struct kithi_cell){text != NULL && text[0] != 0, text, 0};
}

static inline struct kithi_cell kithi_number(uint64_t number)
{
    return (struct kithi_cell){true, NULL, number};
}

static inline struct kithi_cell kithi_number_if(bool present, uint64_t number)
{
    return (struct kithi_cell){present, NULL, number};
}

struct kithi_output {
    FILE *out;
    bool json;
    bool wide; // the columns for details, too
    bool colour;
};

// A table: rows are kept until it is closed, which writes them. JSON: a list of objects.
struct kithi_table;
struct kithi_table *kithi_table_open(const struct kithi_output *output,
                                     const struct kithi_column *columns, size_t count);
// `cells` has one for each column. Texts are copied.
void kithi_table_row(struct kithi_table *table, const struct kithi_cell *cells);
// Sorts the rows from number `first` on by their first columns, from left to right.
void kithi_table_sort(struct kithi_table *table, size_t first);
size_t kithi_table_rows(const struct kithi_table *table);
void kithi_table_close(struct kithi_table *table);
// Frees it without writing.
void kithi_table_discard(struct kithi_table *table);

// One thing with many properties, one a line. JSON: an object.
void kithi_record_write(const struct kithi_output *output, const struct kithi_column *columns,
                        const struct kithi_cell *cells, size_t count);

// Rows as they come, each written at once. JSON: an object on a line of its own.
void kithi_stream_begin(const struct kithi_output *output, const struct kithi_column *columns,
                        size_t count);
void kithi_stream_row(const struct kithi_output *output, const struct kithi_column *columns,
                      const struct kithi_cell *cells, size_t count);

// A JSON value that came as such: indented for people, on one line for programs.
void kithi_json_write(const struct kithi_output *output, const json_t *json);

#endif
