// SPDX-License-Identifier: Apache-2.0
#include <kith/wrap.h>

#include <string.h>

// Columns of the first `size` bytes: UTF-8 continuation bytes take none.
static size_t count_columns(const char *text, size_t size)
{
    size_t columns = 0;
    for (size_t i = 0; i < size; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

size_t kith_wrap_columns(const char *text)
{
    return count_columns(text, strlen(text));
}

// Writes one paragraph of `size` bytes; the cursor stands at `column`.
static void wrap_paragraph(FILE *out, const char *text, size_t size, size_t indent, size_t column)
{
    const char *end = text + size;
    size_t words_in_line = 0;
    while (text < end) {
        size_t word = 0;
        while (text + word < end && text[word] != ' ')
            word++;
        size_t columns = count_columns(text, word);
        if (words_in_line > 0 && column + 1 + columns > KITH_WRAP_WIDTH) {
            fputc('\n', out);
            column = 0;
            words_in_line = 0;
        }
        if (words_in_line > 0) {
            fputc(' ', out);
            column++;
        }
        for (; column < indent; column++)
            fputc(' ', out);
        fwrite(text, 1, word, out);
        column += columns;
        words_in_line++;
        text += word + (text + word < end);
    }
    fputc('\n', out);
}

static void wrap_from(FILE *out, const char *text, size_t indent, size_t column)
{
    do {
        size_t size = strcspn(text, "\n");
        wrap_paragraph(out, text, size, indent, column);
        column = 0;
        text += size + (text[size] == '\n');
    } while (*text != 0);
}

void kith_wrap(FILE *out, const char *text, size_t indent)
{
    wrap_from(out, text, indent, 0);
}

void kith_wrap_entry(FILE *out, const char *heading, const char *text, size_t column)
{
    size_t used = 2 + kith_wrap_columns(heading);
    fprintf(out, "  %s", heading);
    if (used + 2 > column) {
        fputc('\n', out);
        used = 0;
    }
    wrap_from(out, text, column, used);
}
