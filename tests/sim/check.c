// SPDX-License-Identifier: Apache-2.0
// The list of all checks.
#include "check.h"

#include <string.h>

// The runner compares two runs of a seed; nothing in one run tells.
static void see_nothing(struct world *world, const struct check *check, void *state,
                        const struct event *event)
{
    (void)world;
    (void)check;
    (void)state;
    (void)event;
}

const struct check check_same = {
    .name = "same",
    .guarantee = "the same seed gives the same run",
    .on = see_nothing,
};

const struct check *const checks[] = {
    &check_once,   &check_order,      &check_outcome, &check_stale,    &check_monitor, &check_names,
    &check_bounds, &check_accounting, &check_clean,   &check_converge, &check_sense,   &check_same,
};
const unsigned check_count = sizeof checks / sizeof checks[0];

unsigned find_check(const char *name)
{
    unsigned place = 0;
    while (place < check_count && strcmp(checks[place]->name, name) != 0) {
        place++;
    }
    return place;
}
