// SPDX-License-Identifier: Apache-2.0
// How long to look again and again before sleeping. Sleeping and being woken up costs tens of
// microseconds, which a dialogue of two nodes would pay for each message. But looking keeps a core
// from whoever else could use it, perhaps the very peer whose answer is awaited.
//
// So the time is learnt from the waits, as a guest of Linux does before it halts (cpuidle governor
// haltpoll): it grows with each wait that turns out shorter than the longest spin, and shrinks with
// each that doesn't, until an idle node doesn't spin at all. A thread that is often made to leave
// the core meanwhile isn't alone on it, and sleeps at once for a long time. So does one that spins
// again and again without anything coming: perhaps it can't be made to leave the core, and what it
// waits for only runs when it sleeps.
#ifndef KITHI_SPIN_H
#define KITHI_SPIN_H

#include <stdint.h>

enum {
    KITHI_SPIN_STEPS = 8,      // the least spin is the longest divided by this
    KITHI_SPINS_WATCHED = 8,   // of so many
    KITHI_SPINS_DISTURBED = 2, // these may be disturbed
    KITHI_SPINS_IN_VAIN = 16,  // one after the other: enough
    KITHI_SPIN_REST = 4096,    // short waits after that, or too many disturbed; next twice as many
    KITHI_SPIN_REST_MOST = 65536,
};

struct kithi_spin {
    uint64_t longest_ns; // 0: never
    uint64_t now_ns;     // how long to spin now; 0: not at all
    uint32_t rest;       // short waits until now_ns may grow again
    uint32_t last_rest;  // how many they were the last time; 0: there has been peace since
    uint32_t spins;      // so far
    uint32_t in_vain;    // the last so many
    long displaced;      // times that the thread had to leave a core, when last looked at
};

void kithi_spin_init(struct kithi_spin *spin, uint32_t longest_us);

// After each wait, with or without a spin.
void kithi_spin_waited(struct kithi_spin *spin, uint64_t waited_ns);

// What that learns, after some spins, from how often the thread has had to leave a core so far.
void kithi_spin_watch(struct kithi_spin *spin, long displaced);

#endif
