// SPDX-License-Identifier: Apache-2.0
// What a seed decides before a run begins.
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <stdbool.h>

#include <kith/limits.h>
#include <kith/net_loop.h>

#include "random.h"

enum {
    HOSTS_MOST = 256,
    FAULTS_MOST = 64,
};

#define MS_NS     UINT64_C(1000000)
#define SECOND_NS UINT64_C(1000000000)

// What a scenario may contain; a fault is drawn from those whose bit is set.
enum fault_kind {
    FAULT_BREAK,     // the connections of two hosts break
    FAULT_PARTITION, // two groups of hosts don't hear each other
    FAULT_ONE_WAY,   // one group doesn't hear the other
    FAULT_LOSS,      // one host loses many packets
    FAULT_SLOW_LINK, // few bytes a second, long delays
    FAULT_CRASH,     // a host vanishes, and comes back as another incarnation
    FAULT_RESTART,   // a host says goodbye and comes back
    FAULT_STALL,     // a host stands still for a while (SIGSTOP)
    FAULT_SLOW_HOST, // a host takes its time for everything
    FAULT_REFUSE,    // nobody can connect to a host
    FAULT_BREAK_ALL, // all connections of one host break
    FAULT_KINDS,
};

struct scenario {
    uint64_t seed;
    uint32_t hosts;
    uint32_t actors;     // that each host tries to keep alive
    uint32_t peers;      // per mille: how many pairs know each other from the beginning
    uint32_t both_sides; // per mille of these: each of the two connects
    uint32_t faults;     // in the faulty part of the run
    uint32_t fault_set;  // bits of enum fault_kind
    uint64_t chaos_ns;   // how long the faulty part lasts
    bool abrupt;         // the work ends before the faults do: nothing that comes later helps
    uint64_t think_ns;   // what an actor waits at most between two acts
    uint64_t step_ns;    // what a round of a node's scheduler costs at most
    uint64_t detect_ms;
    uint32_t check_ms; // how often nodes compare their tables; 0: as usual
    uint32_t letters;  // the workload stops when so many were sent
    uint32_t large;    // per mille of messages that take several batches
    uint32_t stale;    // per mille of targets that have ended
    uint32_t spawn;    // actors started in the place of others, each host
    struct kith_limits limits;
    struct kith_loop_options network;
};

// `hosts` 0: drawn like the rest.
void draw_scenario(uint64_t seed, uint32_t hosts, struct scenario *scenario);

const char *fault_name(enum fault_kind kind);

#endif
