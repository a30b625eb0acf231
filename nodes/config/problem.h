// SPDX-License-Identifier: Apache-2.0
// Problems found while reading a configuration: all of them are told at once, one a line.
#ifndef KITHI_PROBLEM_H
#define KITHI_PROBLEM_H

#include <stddef.h>

#define KITHI_PROBLEMS_MAX 20
#define KITHI_PROBLEM_SIZE 512

struct kithi_problems {
    size_t errors, warnings; // found; only the first KITHI_PROBLEMS_MAX of both are kept
    size_t kept;
    char texts[KITHI_PROBLEMS_MAX][KITHI_PROBLEM_SIZE];
};

// Each is one line without the program's name and without a line end; control characters in it are
// shown as '?'.
__attribute__((format(printf, 2, 3))) void kithi_problem_error(struct kithi_problems *problems,
                                                               const char *format, ...);
__attribute__((format(printf, 2, 3))) void kithi_problem_warning(struct kithi_problems *problems,
                                                                 const char *format, ...);

#endif
