// SPDX-License-Identifier: Apache-2.0
// How often which duration was measured, to within 1/16, in fixed memory.
#ifndef KITHI_HISTOGRAM_H
#define KITHI_HISTOGRAM_H

#include <stdint.h>

#define KITHI_HISTOGRAM_STEPS   16 // per power of two
#define KITHI_HISTOGRAM_BUCKETS (61 * KITHI_HISTOGRAM_STEPS)

struct kithi_histogram {
    uint64_t count, least, most;
    uint32_t buckets[KITHI_HISTOGRAM_BUCKETS];
};

// All zero is an empty one.
void kithi_histogram_add(struct kithi_histogram *histogram, uint64_t value);

// The value that `part` of `whole` values don't exceed; exact at both ends. 0 if there are none.
uint64_t kithi_histogram_quantile(const struct kithi_histogram *histogram, unsigned part,
                                  unsigned whole);

#endif
