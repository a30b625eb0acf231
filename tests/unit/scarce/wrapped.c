// SPDX-License-Identifier: Apache-2.0
#include "wrapped.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS_LEAST = 5, RUNS_MOST = 2000 };

static struct {
    uint64_t fail_in; // 1: the next; 0: none
    bool sticky;
    uint64_t failures;
    int64_t alive;
} memory;

void *__real_malloc(size_t size);
void *__real_calloc(size_t len, size_t size);
void *__real_realloc(void *pointer, size_t size);
void __real_free(void *pointer);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t len, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void __wrap_free(void *pointer);
char *__wrap_strdup(const char *text);

static bool is_to_fail(void)
{
    if (memory.fail_in != 1) {
        memory.fail_in -= memory.fail_in > 0;
        return false;
    }
    memory.fail_in = memory.sticky ? 1 : 0;
    memory.failures++;
    return true;
}

static void *count(void *pointer)
{
    memory.alive += pointer != NULL;
    return pointer;
}

void *__wrap_malloc(size_t size)
{
    return is_to_fail() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t len, size_t size)
{
    return is_to_fail() ? NULL : count(__real_calloc(len, size));
}

void *__wrap_realloc(void *pointer, size_t size)
{
    if (is_to_fail()) {
        return NULL;
    }
    return pointer == NULL ? count(__real_malloc(size)) : __real_realloc(pointer, size);
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

void __wrap_free(void *pointer)
{
    memory.alive -= pointer != NULL;
    __real_free(pointer);
}

void *wrapped_malloc(size_t size)
{
    return __wrap_malloc(size);
}

void wrapped_free(void *pointer)
{
    __wrap_free(pointer);
}

void wrapped_stop(void)
{
    memory.fail_in = 0;
}

bool wrapped_has_failed(void)
{
    return memory.failures > 0;
}

static void run_once(void (*scenario)(void *argument), void *argument, uint64_t nth, bool sticky)
{
    int64_t before = memory.alive;
    memory.failures = 0;
    memory.sticky = sticky;
    memory.fail_in = nth;
    scenario(argument);
    memory.fail_in = 0;
    assert_int_equal(memory.alive, before);
}

void wrapped_run(void (*scenario)(void *argument), void *argument)
{
    for (unsigned sticky = 0; sticky < 2; sticky++) {
        uint64_t nth = 0;
        do {
            assert_true(++nth < RUNS_MOST);
            run_once(scenario, argument, nth, sticky);
        } while (memory.failures > 0);
        assert_true(nth > RUNS_LEAST);
    }
}
