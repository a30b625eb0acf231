// SPDX-License-Identifier: Apache-2.0
// Memory of the C library that runs out, for code that takes it from there: the linker puts these
// functions in front of the library's in all that is linked statically. Shared libraries keep
// theirs.
#ifndef WRAPPED_H
#define WRAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Runs `scenario` with the first allocation failing, then with the second ..., until it comes to
// its end without a failure; then all of that with every later allocation failing, too. After each
// run all memory must be back.
void wrapped_run(void (*scenario)(void *argument), void *argument);

// For the scenario: nothing fails any more; whether anything has; and the functions, for libraries
// that can be given theirs.
void wrapped_stop(void);
bool wrapped_has_failed(void);
void *wrapped_malloc(size_t size);
void wrapped_free(void *pointer);

#endif
