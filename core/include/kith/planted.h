// SPDX-License-Identifier: Apache-2.0
// Planted bugs: wrong code for testing the tests. Where the right code says KITH_BUG(NAME) it goes
// wrong if that bug was selected. In every build but those with KITH_PLANTED or KITH_PLANTED_BUG,
// KITH_BUG is the constant 0, and nothing of this is left.
#ifndef KITH_PLANTED_H
#define KITH_PLANTED_H

#include <stdbool.h>
#include <stddef.h>

// docs/design/simulator.md says what is wrong with each: first core, then net, then naming.
#define KITH_PLANTED_BUGS(X)                                                                       \
    X(NONE)                                                                                        \
    X(GENERATION_NOT_CHECKED)                                                                      \
    X(STALE_SENT_TO_SUCCESSOR)                                                                     \
    X(FROM_NOT_STAMPED)                                                                            \
    X(MAILBOX_LIMIT_IGNORED)                                                                       \
    X(BLOCKED_SENDERS_LIFO)                                                                        \
    X(LATE_REPLY_TO_LATER_CALL)                                                                    \
    X(REQUEST_DROPPED_WITHOUT_OUTCOME)                                                             \
    X(RETURNED_DROPPED)                                                                            \
    X(MESSAGE_LEAKED)                                                                              \
    X(MONITOR_NUMBER_REUSED)                                                                       \
    X(DOWN_AFTER_STOP)                                                                             \
    X(MONITORS_NOT_RENEWED)                                                                        \
    X(CREDIT_OFF_BY_ONE)                                                                           \
    X(CREDIT_NEVER_GIVEN_BACK)                                                                     \
    X(QUEUE_LIMIT_IGNORED)                                                                         \
    X(LARGE_ON_ANOTHER_STREAM)                                                                     \
    X(BUSY_TAKEN_FOR_FULL)                                                                         \
    X(SENT_CALL_SAID_NOT_SENT)                                                                     \
    X(REFUSED_NOT_RETURNED)                                                                        \
    X(UNKNOWN_NOT_COUNTED)                                                                         \
    X(MONITOR_OVERTAKES_MESSAGE)                                                                   \
    X(RECONNECT_FORGOTTEN)                                                                         \
    X(GREETED_LATE)                                                                                \
    X(NAME_GIVEN_TWICE)                                                                            \
    X(ONLY_ONE_NAME_RELEASED)                                                                      \
    X(EPOCH_NOT_RAISED)                                                                            \
    X(RELEASE_NOT_REPLICATED)                                                                      \
    X(NO_RESYNC_AFTER_RECONNECT)                                                                   \
    X(LOST_NODES_NAMES_KEPT)                                                                       \
    X(WATCH_EVENT_LOST)

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
