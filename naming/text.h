// SPDX-License-Identifier: Apache-2.0
// Words and patterns of addresses, for the files of this folder.
#ifndef KITHI_TEXT_H
#define KITHI_TEXT_H

#include <kith/naming.h>

// The characters a scan accepts beside those of names.
enum kithi_scan {
    KITHI_SCAN_NAME = 0,
    KITHI_SCAN_WILD = 1,  // '*' and '?'
    KITHI_SCAN_COLON = 2, // ':'
};

// A word: a run of characters that names may hold.
struct kithi_word {
    const char *text;
    size_t size;         // bytes
    bool digits;         // digits only (and not empty)
    const char *problem; // malformed UTF-8 or an unprintable character ended it, or NULL
};

// Scans the longest word at `text`, which `word` borrows; text[word->size] is what ended it.
void kithi_word_scan(const char *text, unsigned scan, struct kithi_word *word);

// What is wrong with a word as a name, or NULL.
const char *kithi_word_problem(const struct kithi_word *word);

// What is wrong with all of `text` as a name, or NULL; `word` is what it begins with.
const char *kithi_name_scan(const char *text, struct kithi_word *word);

// The index that a word of digits stands for; the result is what is wrong with it, or NULL.
const char *kithi_index_parse(const struct kithi_word *word, uint32_t *index);

// A pattern, its texts borrowed from what was parsed.
struct kithi_pattern {
    const char *host; // NULL: any
    size_t host_size;
    const char *name;
    size_t name_size;
    uint32_t index; // KITH_INDEX_ANY: any
    bool literal;   // the name has no wildcards
    bool any_name;  // the name is "*"
};

// The result is what is wrong with `text`, or NULL.
const char *kithi_pattern_parse(const char *text, struct kithi_pattern *pattern);

// True if all of `text` matches `pattern`: '*' is any run of characters, '?' is one.
bool kithi_glob(const char *pattern, size_t pattern_size, const char *text, size_t size);

#endif
