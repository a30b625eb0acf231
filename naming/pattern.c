// SPDX-License-Identifier: Apache-2.0
// Patterns: addresses with wildcards, for find, watch and send-to-all.
#include <string.h>

#include "text.h"

#define PROBLEM_FORM "a pattern is [host/]name[/index]"

static bool is_index(const struct kithi_word *word)
{
    return word->digits || (word->size == 1 && word->text[0] == '*');
}

static bool is_wild(const char *text, size_t size)
{
    return memchr(text, '*', size) != NULL || memchr(text, '?', size) != NULL;
}

// Splits `text` at '/'. A first word may be a host with colons and brackets.
static const char *split(const char *text, struct kithi_word words[3], size_t *count)
{
    for (*count = 0; *count < 3;) {
        unsigned scan = KITHI_SCAN_WILD | (*count == 0 ? KITHI_SCAN_COLON : 0);
        struct kithi_word *word = &words[(*count)++];
        kithi_word_scan(text, scan, word);
        if (word->problem != NULL) {
            return word->problem;
        }
        text += word->size;
        if (*text == '\0') {
            return NULL;
        }
        if (*text != '/') {
            return "a pattern can't hold white space, control characters, or ':' in its name";
        }
        text++;
    }
    return PROBLEM_FORM;
}

static const char *check(const struct kithi_pattern *pattern)
{
    if (pattern->name_size == 0) {
        return "the name is missing";
    }
    if (memchr(pattern->name, ':', pattern->name_size) != NULL) {
        return "after a host comes '/' and a name";
    }
    if (pattern->name[0] == '[') {
        return "a name can't begin with '[': that would be an IPv6 address";
    }
    if (pattern->name_size >= KITH_NAME_SIZE) {
        return "a name has at most 63 bytes";
    }
    if (pattern->host != NULL && pattern->host_size == 0) {
        return "the host is missing";
    }
    return pattern->host_size >= KITH_HOST_SIZE ? "a host has at most 253 bytes" : NULL;
}

const char *kithi_pattern_parse(const char *text, struct kithi_pattern *pattern)
{
    *pattern = (struct kithi_pattern){.index = KITH_INDEX_ANY};
    struct kithi_word words[3];
    size_t count;
    const char *problem = split(text, words, &count);
    if (problem != NULL) {
        return problem;
    }
    bool with_index = count == 3 || (count == 2 && is_index(&words[1]));
    if (with_index && !is_index(&words[count - 1])) {
        return "the index of a pattern is a number or '*'";
    }
    if (with_index && words[count - 1].digits) {
        problem = kithi_index_parse(&words[count - 1], &pattern->index);
        if (problem != NULL) {
            return problem;
        }
    }
    bool with_host = count - (with_index ? 1 : 0) == 2;
    const struct kithi_word *name = &words[with_host ? 1 : 0];
    if (with_host) {
        pattern->host = words[0].text;
        pattern->host_size = words[0].size;
    }
    pattern->name = name->text;
    pattern->name_size = name->size;
    pattern->literal = !is_wild(name->text, name->size);
    pattern->any_name = name->size == 1 && name->text[0] == '*';
    return name->digits ? "a name can't be only digits: that would be an index" : check(pattern);
}

bool kith_pattern_valid(const char *pattern)
{
    return kith_pattern_problem(pattern) == NULL;
}

const char *kith_pattern_problem(const char *pattern)
{
    struct kithi_pattern parsed;
    return kithi_pattern_parse(pattern, &parsed);
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

// Bytes of the UTF-8 character at `text`, which is valid.
static size_t character_size(const char *text, size_t size)
{
    size_t length = 1;
    while (length < size && is_continuation(text[length])) {
        length++;
    }
    return length;
}

bool kithi_glob(const char *pattern, size_t pattern_size, const char *text, size_t size)
{
    size_t at = 0, in = 0;
    size_t star = SIZE_MAX, star_in = 0; // where to go on if what follows the last '*' fails
    while (in < size) {
        if (at < pattern_size && pattern[at] == '*') {
            star = ++at;
            star_in = in;
        } else if (at < pattern_size && pattern[at] == '?') {
            at++;
            in += character_size(text + in, size - in);
        } else if (at < pattern_size && pattern[at] == text[in]) {
            at++;
            in++;
        } else if (star != SIZE_MAX) {
            at = star;
            star_in += character_size(text + star_in, size - star_in);
            in = star_in;
        } else {
            return false;
        }
    }
    while (at < pattern_size && pattern[at] == '*') {
        at++;
    }
    return at == pattern_size;
}
