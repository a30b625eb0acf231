// SPDX-License-Identifier: Apache-2.0
// A tally: how often each word was seen. Plain C, nothing of kith in it.
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_row {
    char *word;
    uint64_t count;
};

struct tally {
    void *tree; // of rows, by word
    struct tally_row **rows;
    size_t len, capacity;
    uint64_t words; // counted in all
};

// Counts `word` (copied) `times` more. False: no memory, and nothing was counted.
bool tally_add(struct tally *tally, const char *word, uint64_t times);

// Orders tally->rows: the most frequent first, equals by the alphabet.
void tally_sort(struct tally *tally);

// Forgets everything.
void tally_clear(struct tally *tally);

#endif
