// SPDX-License-Identifier: Apache-2.0
// A platform of virtual time: nothing waits, everything follows from a seed.
#ifndef KITH_PLATFORM_SIM_H
#define KITH_PLATFORM_SIM_H

#include <kith/platform.h>

struct kith_platform_sim;

// Opens a platform whose clock stands at 1 s and whose entropy comes from `seed`, and fills in
// `platform`. idle jumps to its deadline. Gives NULL when there is no memory.
struct kith_platform_sim *kith_platform_sim_open(uint64_t seed, struct kith_platform *platform);

// Fails an assertion if memory or stacks of it are still out: nodes give back everything.
void kith_platform_sim_close(struct kith_platform_sim *sim);

// Moves the clock, which never goes back.
void kith_platform_sim_advance(struct kith_platform_sim *sim, uint64_t ns);
void kith_platform_sim_set_now(struct kith_platform_sim *sim, uint64_t now_ns);

// Bytes allocated and not yet released, stacks included.
size_t kith_platform_sim_memory(const struct kith_platform_sim *sim);

// Makes the n-th allocation from now on fail (1: the next), once or from then on; 0: none. Stacks
// are allocations, too.
void kith_platform_sim_fail_allocation(struct kith_platform_sim *sim, uint64_t nth, bool sticky);

// How many have failed for that reason.
uint64_t kith_platform_sim_failures(const struct kith_platform_sim *sim);

// Where log lines go instead of nowhere. `log` as in struct kith_platform; `state` is its own.
void kith_platform_sim_set_log(struct kith_platform_sim *sim,
                               void (*log)(void *state, enum kith_log_level level,
                                           const char *event, const struct kith_log_field *fields,
                                           size_t count),
                               void *state);

#endif
