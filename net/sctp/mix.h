// SPDX-License-Identifier: Apache-2.0
#ifndef KITHI_SCTP_MIX_H
#define KITHI_SCTP_MIX_H

#include <stdint.h>

// Every bit of the result depends on every bit of `value` (the finisher of MurmurHash3, Appleby
// 2011).
static inline uint64_t kithi_sctp_mix(uint64_t value)
{
    value = (value ^ (value >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    value = (value ^ (value >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ (value >> 33);
}

#endif
