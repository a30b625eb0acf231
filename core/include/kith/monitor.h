// SPDX-License-Identifier: Apache-2.0
// Monitors tell one process that another has ended; ties let both end together (the field also
// calls these links, a word that kith keeps for the connection of two nodes). Local and remote
// alike.
#ifndef KITH_MONITOR_H
#define KITH_MONITOR_H

#include <kith/error.h>
#include <kith/process.h>

// The payload of KITH_TYPE_DOWN.
struct kith_down {
    struct kith_ref process; // who ended
    uint64_t monitor;        // which monitor says so
    uint32_t reason; // enum kith_error: the reason of its exit; STALE if it had ended before;
                     // UNREACHABLE, LEFT or RESTARTED if its node went
};

// Asks for one KITH_TYPE_DOWN when `target` ends, after the last message of that process. Fires at
// once for a process that has ended. Exactly once, or never if stopped first. Never blocks. Errors:
// LIMIT, NO_MEMORY. `monitor` may be NULL.
enum kith_error kith_monitor_start(struct kith_process *self, struct kith_ref target,
                                   uint64_t *monitor);

// Ends a monitor; no DOWN of it will be received afterwards, one that waits in the mailbox is
// removed. NOT_FOUND: there is no such monitor and no message of it.
enum kith_error kith_monitor_stop(struct kith_process *self, uint64_t monitor);

// Ties this process and `target` together: when one ends with a reason other than OK, the other is
// told to end with the same reason. Errors: DENIED (its node needs the target; of another node's
// that is the reason with which this process is told to end), LIMIT, NO_MEMORY.
enum kith_error kith_tie(struct kith_process *self, struct kith_ref target);

#endif
