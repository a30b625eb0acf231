// SPDX-License-Identifier: Apache-2.0
// Planted bugs: wrong code for testing the tests. Where the right code says KITH_BUG(NAME) it goes
// wrong if that bug was selected. In every build but those with KITH_PLANTED or KITH_PLANTED_BUG,
// KITH_BUG is the constant 0, and nothing of this is left.
#ifndef KITH_PLANTED_H
#define KITH_PLANTED_H

#include <stdbool.h>
#include <stddef.h>

#define KITH_PLANTED_BUGS(X)                                                                       \
    X(NONE)                                                                                        \
    X(GENERATION_NOT_CHECKED)

enum kith_planted_bug {
#define KITH_PLANTED_ENUM(name) KITH_PLANTED_##name,
    KITH_PLANTED_BUGS(KITH_PLANTED_ENUM)
#undef KITH_PLANTED_ENUM
};

#ifdef KITH_PLANTED_FIRST

extern enum kith_planted_bug kith_planted; // the bug that is in, for the whole program
#define KITH_BUG(name) (kith_planted == KITH_PLANTED_##name)

// Puts in the bug of that name; false if there is none.
bool kith_planted_select(const char *name);

// The names by place, from 0 on; NULL behind the last.
const char *kith_planted_name(unsigned place);

#else

#define KITH_BUG(name) 0

static inline bool kith_planted_select(const char *name)
{
    (void)name;
    return false;
}

static inline const char *kith_planted_name(unsigned place)
{
    (void)place;
    return NULL;
}

#endif
#endif
