// SPDX-License-Identifier: Apache-2.0
// Many seeds, on several OS processes.
#ifndef SIM_RUNNER_H
#define SIM_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    const char *program; // how it was called
    uint64_t first, count;
    uint32_t hosts; // 0: as the seed says
    unsigned jobs;
    unsigned minutes;  // 0: `count` seeds; else as many as fit
    unsigned failures; // stop after so many
    bool twice;        // each seed, and both runs must be the same
    bool quiet;        // no progress
    const char *bug;   // planted, or NULL
};

// Runs the seeds; 0 if all held, 1 if not.
int run_seeds(const struct options *options);

// Runs one seed here, with a trace on stdout if `verbose`; 0 if it held, 1 if not.
int run_seed(const struct options *options, uint64_t seed, bool verbose);

#endif
