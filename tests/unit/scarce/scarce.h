// SPDX-License-Identifier: Apache-2.0
// Memory runs out at every allocation in turn, once and for good: nothing crashes, nothing leaks,
// every call says what happened.
#ifndef SCARCE_H
#define SCARCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kith/codec.h>
#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/node.h>
#include <kith/platform_sim.h>

#define MS UINT64_C(1000000)

// One run of a scenario.
struct scarce {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    unsigned calls, failed;        // that could fail, and that did
    unsigned first;                // of those, by number
    enum kith_error first_failure; // and why
};

// Runs the scenario with the first allocation failing, then with the second ..., until it comes to
// its end without a failure; then all of that with every later allocation failing, too. After each
// run all memory must be back. In the run without a failure no call may have failed.
void scarce_run(void (*scenario)(struct scarce *scarce));

// Notes how a call has ended and says whether it was well. The reason must be one that a lack of
// memory can have: not that the call was wrong.
bool scarce_ok(struct scarce *scarce, enum kith_error error);

// A node of the run, or NULL; with its limits small enough to be opened thousands of times.
struct kith_node *scarce_node(struct scarce *scarce, const char *name);

// Ends all processes of the node (which may be NULL) and closes it; no message may be left.
void scarce_node_close(struct kith_node *node);

struct kith_ref scarce_spawn(struct scarce *scarce, struct kith_node *node,
                             kith_process_entry *entry, void *argument); // or NONE

// A message of `size` bytes from 0 on, or NULL.
struct kith_message *scarce_message(struct scarce *scarce, struct kith_node *node, uint64_t type,
                                    size_t size);

#endif
