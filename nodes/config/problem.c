// SPDX-License-Identifier: Apache-2.0
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <kith/clean.h>

__attribute__((format(printf, 3, 0))) static void keep(struct kithi_problems *problems,
                                                       const char *start, const char *format,
                                                       va_list arguments)
{
    if (problems->kept == KITHI_PROBLEMS_MAX)
        return;
    char *text = problems->texts[problems->kept++];
    size_t used = strlen(start);
    memcpy(text, start, used + 1);
    vsnprintf(text + used, KITHI_PROBLEM_SIZE - used, format, arguments);
    kith_clean(text);
}

void kithi_problem_error(struct kithi_problems *problems, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    keep(problems, "", format, arguments);
    va_end(arguments);
    problems->errors++;
}

void kithi_problem_warning(struct kithi_problems *problems, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    keep(problems, "warning: ", format, arguments);
    va_end(arguments);
    problems->warnings++;
}
