// SPDX-License-Identifier: Apache-2.0
// What fuzzers share.
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// libFuzzer's entry.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What must hold for every input.
#define require(condition) fuzz_require(condition, #condition, __FILE__, __LINE__)

static inline void fuzz_require(bool holds, const char *condition, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: %s doesn't hold\n", file, line, condition);
        abort();
    }
}

// A copy of the bytes as a terminated text; whoever reads beyond it is caught. To be freed.
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    return text;
}

#endif
