// SPDX-License-Identifier: Apache-2.0
// A check watches a run for one of the guarantees (docs/guarantees.md) and says when it is broken.
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "world.h"

struct check {
    const char *name;
    const char *guarantee; // one sentence
    size_t size;           // of its state
    void (*on)(struct world *world, const struct check *check, void *state,
               const struct event *event);
    void (*fini)(void *state); // may be NULL
};

extern const struct check check_order, check_once, check_outcome, check_stale, check_monitor,
    check_names, check_bounds, check_converge, check_accounting, check_clean, check_sense,
    check_same;

extern const struct check *const checks[]; // all
extern const unsigned check_count;
unsigned find_check(const char *name); // its place

#define CRASH_BIT 31 // stands for "the program crashed" among the places of checks

// check_converge.c: whether all links are up and all tables the same, and if not, a failure.
bool is_converged(const struct world *world);
void say_what_differs(struct world *world);

// check_clean.c: whether nothing of the workload is left; at the very end, whether the network has
// forgotten everything.
bool is_clean(const struct world *world);
void check_network(struct world *world);

#endif
