// SPDX-License-Identifier: Apache-2.0
#include "spin.h"

#include <sys/resource.h>

static long count_displaced(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

void kithi_spin_init(struct kithi_spin *spin, uint32_t longest_us)
{
    *spin = (struct kithi_spin){.longest_ns = (uint64_t)longest_us * 1000,
                                .displaced = count_displaced()};
}

static void rest(struct kithi_spin *spin)
{
    spin->now_ns = 0;
    spin->in_vain = 0;
    spin->rest = spin->last_rest == 0 ? KITHI_SPIN_REST : 2 * spin->last_rest;
    spin->rest = spin->rest < KITHI_SPIN_REST_MOST ? spin->rest : KITHI_SPIN_REST_MOST;
    spin->last_rest = spin->rest;
}

void kithi_spin_watch(struct kithi_spin *spin, long displaced)
{
    if (displaced - spin->displaced > KITHI_SPINS_DISTURBED) {
        rest(spin);
    } else if (spin->in_vain == 0) {
        spin->last_rest = 0;
    }
    spin->displaced = displaced;
}

static void count_spin(struct kithi_spin *spin, uint64_t waited_ns)
{
    spin->in_vain = waited_ns > spin->now_ns ? spin->in_vain + 1 : 0;
    if (++spin->spins % KITHI_SPINS_WATCHED == 0) {
        kithi_spin_watch(spin, count_displaced());
    }
    if (spin->in_vain >= KITHI_SPINS_IN_VAIN) {
        rest(spin);
    }
}

static uint64_t find_least_ns(const struct kithi_spin *spin)
{
    return spin->longest_ns / KITHI_SPIN_STEPS;
}

static void grow(struct kithi_spin *spin)
{
    uint64_t grown_ns = spin->now_ns == 0 ? find_least_ns(spin) : 2 * spin->now_ns;
    spin->now_ns = grown_ns < spin->longest_ns ? grown_ns : spin->longest_ns;
}

static void shrink(struct kithi_spin *spin)
{
    spin->now_ns = spin->now_ns / 2 >= find_least_ns(spin) ? spin->now_ns / 2 : 0;
}

void kithi_spin_waited(struct kithi_spin *spin, uint64_t waited_ns)
{
    if (spin->now_ns > 0) {
        count_spin(spin, waited_ns);
    }
    if (waited_ns > spin->longest_ns) {
        shrink(spin);
    } else if (spin->rest > 0) {
        spin->rest--;
    } else if (waited_ns > spin->now_ns) {
        grow(spin);
    }
}
