// SPDX-License-Identifier: Apache-2.0
#define _POSIX_C_SOURCE 200809L
#include "tally.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_words(const void *a, const void *b)
{
    return strcmp(((const struct tally_row *)a)->word, ((const struct tally_row *)b)->word);
}

static int compare_counts(const void *a, const void *b)
{
    const struct tally_row *left = *(struct tally_row *const *)a;
    const struct tally_row *right = *(struct tally_row *const *)b;
    if (left->count != right->count) {
        return left->count < right->count ? 1 : -1;
    }
    return strcmp(left->word, right->word);
}

static bool make_room(struct tally *tally)
{
    if (tally->len < tally->capacity) {
        return true;
    }
    size_t capacity = tally->capacity == 0 ? 256 : 2 * tally->capacity;
    struct tally_row **rows = realloc(tally->rows, capacity * sizeof rows[0]);
    if (rows == NULL) {
        return false;
    }
    tally->rows = rows;
    tally->capacity = capacity;
    return true;
}

static struct tally_row *add_row(struct tally *tally, const char *word)
{
    struct tally_row *row = calloc(1, sizeof *row);
    if (row == NULL || (row->word = strdup(word)) == NULL || !make_room(tally) ||
        tsearch(row, &tally->tree, compare_words) == NULL) {
        if (row != NULL) {
            free(row->word);
        }
        free(row);
        return NULL;
    }
    tally->rows[tally->len++] = row;
    return row;
}

bool tally_add(struct tally *tally, const char *word, uint64_t times)
{
    struct tally_row key = {.word = (char *)word};
    struct tally_row *const *found = tfind(&key, &tally->tree, compare_words);
    struct tally_row *row = found != NULL ? *found : add_row(tally, word);
    if (row == NULL) {
        return false;
    }
    row->count += times;
    tally->words += times;
    return true;
}

void tally_sort(struct tally *tally)
{
    if (tally->len > 0) {
        qsort(tally->rows, tally->len, sizeof tally->rows[0], compare_counts);
    }
}

void tally_clear(struct tally *tally)
{
    for (size_t place = 0; place < tally->len; place++) {
        tdelete(tally->rows[place], &tally->tree, compare_words);
        free(tally->rows[place]->word);
        free(tally->rows[place]);
    }
    free(tally->rows);
    *tally = (struct tally){0};
}
