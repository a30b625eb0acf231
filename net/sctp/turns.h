// SPDX-License-Identifier: Apache-2.0
// Which strangers are answered when more of them ask than can be: each at most once in a while, so
// that those who shout don't take the turn of those who wait.
#ifndef KITHI_SCTP_TURNS_H
#define KITHI_SCTP_TURNS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    KITHI_SCTP_TURN_MS = 250, // less than a peer waits before it asks again
    KITHI_SCTP_TURNS = 200,   // in a tick: at some 5 us each a tenth of a core
    KITHI_SCTP_TURNS_TICK_MS = 10,
    KITHI_SCTP_TURNS_BITS = 1 << 16,
};

// A Bloom filter of those who had their turn (Bloom 1970), with two bits each.
struct kithi_sctp_turns {
    uint64_t key; // another in each period: who is mistaken for somebody else isn't again
    uint64_t period_ns, tick_ns; // when they began
    uint32_t tick_left;
    uint64_t had[KITHI_SCTP_TURNS_BITS / 64];
};

// Whether the one with this hash, which nobody outside can guess, has a turn at `now_ns`. If so, it
// was that.
bool kithi_sctp_turns_take(struct kithi_sctp_turns *turns, uint64_t hash, uint64_t now_ns);

#endif
