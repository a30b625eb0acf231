// SPDX-License-Identifier: Apache-2.0
// Measures latency and throughput between two nodes, through their kith.Node services.
#ifndef KITH_BENCH_H
#define KITH_BENCH_H

#include <kith/exchange.h>

#define KITH_BENCH_TIME_MS_MAX 60000

struct kith_bench_options {
    struct kith_ref peer; // the process `node` of the other node
    size_t size;          // bytes in each message
    uint64_t time_ns;     // for each of the two measurements
    // Called now and then; `step` names what is measured. NULL: nobody wants to know.
    void (*progress)(void *state, const char *step, uint64_t done_ns);
    void *state;
};

struct kith_bench_result {
    uint64_t pings;
    uint64_t least_ns, median_ns, p99_ns, most_ns; // of a round trip
    uint64_t messages, elapsed_ns;                 // one way
};

// First round trips one after the other, then one-way messages as fast as the peer takes them. For
// processes; blocks for twice time_ns and a bit. Errors: those of kith_call; NO_MEMORY, TOO_LARGE.
enum kith_error kith_bench_run(struct kith_process *self, const struct kith_bench_options *options,
                               struct kith_bench_result *result);

#endif
