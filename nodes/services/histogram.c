// SPDX-License-Identifier: Apache-2.0
#include "histogram.h"

// Values below 16 have a bucket each; above, each power of two has 16.
static unsigned bucket_of(uint64_t value)
{
    unsigned power = 0;
    while (value >> power >= 2 * KITHI_HISTOGRAM_STEPS)
        power++;
    return power * KITHI_HISTOGRAM_STEPS + (unsigned)(value >> power);
}

// The largest value in a bucket.
static uint64_t bucket_end(unsigned bucket)
{
    unsigned power = bucket < 2 * KITHI_HISTOGRAM_STEPS ? 0 : bucket / KITHI_HISTOGRAM_STEPS - 1;
    uint64_t start = bucket - power * KITHI_HISTOGRAM_STEPS;
    return ((start + 1) << power) - 1;
}

void kithi_histogram_add(struct kithi_histogram *histogram, uint64_t value)
{
    if (histogram->count == 0 || value < histogram->least)
        histogram->least = value;
    if (value > histogram->most)
        histogram->most = value;
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
}

uint64_t kithi_histogram_quantile(const struct kithi_histogram *histogram, unsigned part,
                                  unsigned whole)
{
    uint64_t wanted = (histogram->count * part + whole - 1) / whole, seen = 0;
    for (unsigned i = 0; i < KITHI_HISTOGRAM_BUCKETS && histogram->count > 0; i++) {
        seen += histogram->buckets[i];
        if (seen < wanted || seen == 0)
            continue;
        uint64_t value = bucket_end(i);
        if (value < histogram->least)
            return histogram->least;
        return value < histogram->most ? value : histogram->most;
    }
    return 0;
}
