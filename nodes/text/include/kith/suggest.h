// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word nearest to the one that was typed.
#ifndef KITH_SUGGEST_H
#define KITH_SUGGEST_H

#include <stddef.h>

#define KITH_SUGGEST_WORD_SIZE 64 // longer words get no suggestion

// The known words: gives the one at `index`, NULL behind the last.
typedef const char *kith_suggest_candidate(const void *words, size_t index);

// The candidate nearest to `word`, or NULL if none is near enough to have been meant. Nearness is
// the number of letters changed, missing, too many or swapped with their neighbour; upper and lower
// case, '-' and '_' are the same. A word that only begins a candidate counts as near, too. Gives
// one of the candidates, so it lives as long as they do.
const char *kith_suggest(const char *word, kith_suggest_candidate *candidate, const void *words);

// The same for a plain array of `count` words; NULL entries are skipped.
const char *kith_suggest_of(const char *word, const char *const *words, size_t count);

#endif
