// SPDX-License-Identifier: Apache-2.0
// Only in builds for testing the tests: which of the planted bugs is in.
#include <kith/planted.h>

#include <string.h>

enum kith_planted_bug kith_planted = KITH_PLANTED_FIRST;

static const char *const names[] = {
#define KITH_PLANTED_NAME(name) #name,
    KITH_PLANTED_BUGS(KITH_PLANTED_NAME)
#undef KITH_PLANTED_NAME
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

bool kith_planted_select(const char *name)
{
    for (unsigned place = 1; place < NAME_COUNT; place++) {
        if (strcmp(names[place], name) == 0) {
            kith_planted = (enum kith_planted_bug)place;
            return true;
        }
    }
    return false;
}

const char *kith_planted_name(unsigned place)
{
    return place + 1 < NAME_COUNT ? names[place + 1] : NULL;
}
