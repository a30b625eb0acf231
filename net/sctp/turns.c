// SPDX-License-Identifier: Apache-2.0
#include "turns.h"

#include <string.h>

#include "mix.h"

static const uint64_t NS_PER_MS = 1000000;

static void begin_period(struct kithi_sctp_turns *turns, uint64_t now_ns)
{
    turns->period_ns = now_ns;
    turns->key++;
    memset(turns->had, 0, sizeof turns->had);
}

static void begin_tick(struct kithi_sctp_turns *turns, uint64_t now_ns)
{
    turns->tick_ns = now_ns;
    turns->tick_left = KITHI_SCTP_TURNS;
}

// Whether the bit was set already.
static bool set_bit(struct kithi_sctp_turns *turns, uint32_t number)
{
    uint64_t *word = &turns->had[number % KITHI_SCTP_TURNS_BITS / 64];
    uint64_t bit = UINT64_C(1) << number % 64;
    bool was = *word & bit;
    *word |= bit;
    return was;
}

bool kithi_sctp_turns_take(struct kithi_sctp_turns *turns, uint64_t hash, uint64_t now_ns)
{
    if (turns->key == 0 || now_ns - turns->period_ns >= KITHI_SCTP_TURN_MS * NS_PER_MS) {
        begin_period(turns, now_ns);
    }
    if (now_ns - turns->tick_ns >= KITHI_SCTP_TURNS_TICK_MS * NS_PER_MS) {
        begin_tick(turns, now_ns);
    }
    if (turns->tick_left == 0) {
        return false;
    }
    uint64_t bits = kithi_sctp_mix(hash ^ turns->key);
    bool first = set_bit(turns, (uint32_t)bits);
    bool second = set_bit(turns, (uint32_t)(bits >> 32));
    if (first && second) {
        return false;
    }
    turns->tick_left--;
    return true;
}
