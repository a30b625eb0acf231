// SPDX-License-Identifier: Apache-2.0
#include <kith/suggest.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static char fold(char letter)
{
    return letter == '_' ? '-' : (char)tolower((unsigned char)letter);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

// Edit distance with swaps of neighbours (optimal string alignment), three rows at a time.
static unsigned measure_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][KITH_SUGGEST_WORD_SIZE + 1];
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned change = fold(a[i - 1]) != fold(b[j - 1]);
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + change);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

static bool begins_with(const char *text, const char *start, size_t start_len)
{
    for (size_t i = 0; i < start_len; i++) {
        if (text[i] == 0 || fold(text[i]) != fold(start[i]))
            return false;
    }
    return true;
}

const char *kith_suggest(const char *word, kith_suggest_candidate *candidate, const void *words)
{
    size_t word_len = strlen(word);
    if (word_len == 0 || word_len > KITH_SUGGEST_WORD_SIZE)
        return NULL;
    const char *best = NULL, *begun = NULL, *text;
    unsigned best_distance = word_len < 3 ? 2 : 2 + (unsigned)word_len / 4; // first one too far
    for (size_t index = 0; (text = candidate(words, index)) != NULL; index++) {
        size_t len = strlen(text);
        if (len > KITH_SUGGEST_WORD_SIZE)
            continue;
        unsigned distance = measure_distance(word, word_len, text, len);
        if (distance < best_distance && distance < len) {
            best = text;
            best_distance = distance;
        }
        if (begun == NULL && word_len >= 2 && begins_with(text, word, word_len))
            begun = text;
    }
    return best != NULL ? best : begun;
}

struct word_array {
    const char *const *words;
    size_t count;
};

// Empty words stand in for the skipped ones: nothing is near to them.
static const char *array_word(const void *words, size_t index)
{
    const struct word_array *array = words;
    if (index >= array->count)
        return NULL;
    return array->words[index] != NULL ? array->words[index] : "";
}

const char *kith_suggest_of(const char *word, const char *const *words, size_t count)
{
    struct word_array array = {words, count};
    return kith_suggest(word, array_word, &array);
}
