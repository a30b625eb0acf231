// SPDX-License-Identifier: Apache-2.0
// Names, as the node asked knows them.
#ifndef KITHI_NAMES_H
#define KITHI_NAMES_H

#include "naming.pb-c.h"
#include "session.h"

// Calls `visit` for each entry that matches; `own`: only of the node that is asked. `naming` is
// that node's naming process. The entry is only valid during the call.
enum kith_error kithi_names_visit(struct kithi_session *session, struct kith_ref naming,
                                  const char *pattern, bool own,
                                  void (*visit)(void *state, const Kith__NamingEntry *entry),
                                  void *state);

// A process that an address stands for, and the link to its node.
struct kithi_found {
    struct kith_ref ref;
    char name[KITH_NAME_SIZE];
    uint32_t index;
    char node_name[KITH_NAME_SIZE];
    struct kith_endpoint endpoint; // all zero: not known
    bool has_endpoint;
    uint64_t epoch;
};

// Finds it; tells what went wrong and gives an exit code, 0 if it's fine.
int kithi_find_process(struct kithi_session *session, const char *address,
                       struct kithi_found *found);

// The same, and links to its node.
int kithi_reach_process(struct kithi_session *session, const char *address,
                        struct kithi_found *found, struct kith_link_info *link);

// Tells that the address isn't found, and which name was perhaps meant.
int kithi_fail_unknown(struct kithi_session *session, const char *address);

#endif
