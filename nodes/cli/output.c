// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <kith/wrap.h>

#include "cell.h"

#define GAP        2 // columns between two columns of a table
#define COLOUR_END "\x1b[0m"

enum { SORT_COLUMNS = 3 };

struct kithi_table {
    struct kithi_output output;
    const struct kithi_column *columns;
    size_t column_count;
    struct kithi_cell *cells; // row by row
    size_t row_count, row_capacity;
};

static void *check(void *memory)
{
    if (memory == NULL) {
        fputs("kith: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

struct kithi_table *kithi_table_open(const struct kithi_output *output,
                                     const struct kithi_column *columns, size_t count)
{
    assert(count <= KITHI_COLUMNS_MAX);
    struct kithi_table *table = check(calloc(1, sizeof(*table)));
    *table = (struct kithi_table){.output = *output, .columns = columns, .column_count = count};
    return table;
}

void kithi_table_row(struct kithi_table *table, const struct kithi_cell *cells)
{
    if (table->row_count == table->row_capacity) {
        table->row_capacity = table->row_capacity == 0 ? 16 : 2 * table->row_capacity;
        table->cells = check(realloc(table->cells, table->row_capacity * table->column_count *
                                                       sizeof(*table->cells)));
    }
    struct kithi_cell *row = table->cells + table->row_count++ * table->column_count;
    for (size_t i = 0; i < table->column_count; i++) {
        row[i] = cells[i];
        if (cells[i].present && cells[i].text != NULL)
            row[i].text = check(strdup(cells[i].text));
    }
}

static int compare_cells(const struct kithi_cell *left, const struct kithi_cell *right)
{
    if (left->text != NULL || right->text != NULL) { // an absent text comes first
        return strcmp(left->text != NULL ? left->text : "", right->text != NULL ? right->text : "");
    }
    return (left->number > right->number) - (left->number < right->number);
}

static int compare_rows(const void *left, const void *right)
{
    int order = 0;
    for (size_t column = 0; column < SORT_COLUMNS && order == 0; column++) {
        order = compare_cells((const struct kithi_cell *)left + column,
                              (const struct kithi_cell *)right + column);
    }
    return order;
}

void kithi_table_sort(struct kithi_table *table, size_t first)
{
    assert(table->column_count >= SORT_COLUMNS);
    if (table->row_count > first) {
        qsort(table->cells + first * table->column_count, table->row_count - first,
              table->column_count * sizeof(*table->cells), compare_rows);
    }
}

size_t kithi_table_rows(const struct kithi_table *table)
{
    return table->row_count;
}

static json_t *row_as_json(const struct kithi_column *columns, const struct kithi_cell *cells,
                           size_t count)
{
    json_t *object = check(json_object());
    for (size_t i = 0; i < count; i++) {
        if (json_object_set_new(object, columns[i].key, kithi_cell_json(&columns[i], &cells[i])) !=
            0)
            check(NULL);
    }
    return object;
}

void kithi_json_write(const struct kithi_output *output, const json_t *json)
{
    size_t flags = output->json ? JSON_COMPACT : JSON_INDENT(2);
    json_dumpf(json, output->out, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    fputc('\n', output->out);
}

static void write_spaces(FILE *out, size_t count)
{
    fprintf(out, "%*s", (int)count, "");
}

static void write_titles(const struct kithi_output *output, const struct kithi_column *columns,
                         const size_t *widths, size_t count)
{
    size_t owed = 0; // spaces, only written if something follows
    for (size_t i = 0; i < count; i++) {
        if (columns[i].detail && !output->wide)
            continue;
        size_t padding = widths[i] - strlen(columns[i].title);
        bool right = kithi_cell_is_right(&columns[i]);
        write_spaces(output->out, owed + (right ? padding : 0));
        fputs(columns[i].title, output->out);
        owed = GAP + (right ? 0 : padding);
    }
    fputc('\n', output->out);
}

static void write_row(const struct kithi_output *output, const struct kithi_column *columns,
                      const struct kithi_cell *cells, const size_t *widths, size_t count)
{
    char buffer[KITHI_CELL_SIZE];
    size_t owed = 0;
    for (size_t i = 0; i < count; i++) {
        if (columns[i].detail && !output->wide)
            continue;
        const char *text = kithi_cell_text(&columns[i], &cells[i], buffer);
        const char *colour = output->colour ? kithi_cell_colour(&columns[i], &cells[i]) : NULL;
        size_t used = kith_wrap_columns(text);
        size_t padding = used < widths[i] ? widths[i] - used : 0;
        bool right = kithi_cell_is_right(&columns[i]);
        write_spaces(output->out, owed + (right ? padding : 0));
        fprintf(output->out, "%s%s%s", colour != NULL ? colour : "", text,
                colour != NULL ? COLOUR_END : "");
        owed = GAP + (right ? 0 : padding);
    }
    fputc('\n', output->out);
}

static void widen(size_t *width, size_t needed)
{
    if (*width < needed)
        *width = needed;
}

static void write_table(const struct kithi_table *table)
{
    size_t widths[KITHI_COLUMNS_MAX];
    char buffer[KITHI_CELL_SIZE];
    for (size_t i = 0; i < table->column_count; i++) {
        const struct kithi_column *column = &table->columns[i];
        widths[i] = strlen(column->title);
        for (size_t row = 0; row < table->row_count; row++)
            widen(&widths[i], kith_wrap_columns(kithi_cell_text(
                                  column, &table->cells[row * table->column_count + i], buffer)));
    }
    write_titles(&table->output, table->columns, widths, table->column_count);
    for (size_t row = 0; row < table->row_count; row++)
        write_row(&table->output, table->columns, table->cells + row * table->column_count, widths,
                  table->column_count);
}

static void write_list(const struct kithi_table *table)
{
    json_t *list = check(json_array());
    for (size_t row = 0; row < table->row_count; row++) {
        if (json_array_append_new(list, row_as_json(table->columns,
                                                    table->cells + row * table->column_count,
                                                    table->column_count)) != 0)
            check(NULL);
    }
    kithi_json_write(&table->output, list);
    json_decref(list);
}

void kithi_table_close(struct kithi_table *table)
{
    if (table->output.json)
        write_list(table);
    else
        write_table(table);
    kithi_table_discard(table);
}

void kithi_table_discard(struct kithi_table *table)
{
    for (size_t i = 0; i < table->row_count * table->column_count; i++) {
        if (table->cells[i].present)
            free((char *)(uintptr_t)table->cells[i].text);
    }
    free(table->cells);
    free(table);
}

void kithi_record_write(const struct kithi_output *output, const struct kithi_column *columns,
                        const struct kithi_cell *cells, size_t count)
{
    char buffer[KITHI_CELL_SIZE];
    if (output->json) {
        json_t *object = row_as_json(columns, cells, count);
        kithi_json_write(output, object);
        json_decref(object);
        return;
    }
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        widen(&width, strlen(columns[i].title));
    for (size_t i = 0; i < count; i++) {
        const char *colour = output->colour ? kithi_cell_colour(&columns[i], &cells[i]) : NULL;
        fprintf(output->out, "%-*s%s%s%s\n", (int)(width + GAP), columns[i].title,
                colour != NULL ? colour : "", kithi_cell_text(&columns[i], &cells[i], buffer),
                colour != NULL ? COLOUR_END : "");
    }
}

static void fixed_widths(const struct kithi_column *columns, size_t count,
                         size_t widths[KITHI_COLUMNS_MAX])
{
    for (size_t i = 0; i < count; i++) {
        widths[i] = columns[i].width;
        widen(&widths[i], strlen(columns[i].title));
    }
}

void kithi_stream_begin(const struct kithi_output *output, const struct kithi_column *columns,
                        size_t count)
{
    size_t widths[KITHI_COLUMNS_MAX];
    if (output->json)
        return;
    fixed_widths(columns, count, widths);
    write_titles(output, columns, widths, count);
    fflush(output->out);
}

void kithi_stream_row(const struct kithi_output *output, const struct kithi_column *columns,
                      const struct kithi_cell *cells, size_t count)
{
    size_t widths[KITHI_COLUMNS_MAX];
    if (output->json) {
        json_t *object = row_as_json(columns, cells, count);
        kithi_json_write(output, object);
        json_decref(object);
    } else {
        fixed_widths(columns, count, widths);
        write_row(output, columns, cells, widths, count);
    }
    fflush(output->out);
}
