// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mix.h"
#include "turns.h"

enum { SHOUTERS = 300 };

static const uint64_t START_NS = 1000000000, NS_PER_MS = 1000000;

static struct kithi_sctp_turns turns;

static bool take(uint64_t who, uint64_t after_ms)
{
    return kithi_sctp_turns_take(&turns, kithi_sctp_mix(who), START_NS + after_ms * NS_PER_MS);
}

static int begin(void **state)
{
    (void)state;
    memset(&turns, 0, sizeof turns);
    return 0;
}

static void everybody_has_one_turn_in_a_period(void **state)
{
    (void)state;
    assert_true(take(1, 0));
    assert_false(take(1, 0));
    assert_true(take(2, 1));
    assert_false(take(1, KITHI_SCTP_TURN_MS - 1));
    assert_true(take(1, KITHI_SCTP_TURN_MS));
    assert_false(take(1, KITHI_SCTP_TURN_MS + 1));
}

static void a_tick_has_so_many_turns_and_no_more(void **state)
{
    (void)state;
    unsigned taken = 0;
    for (uint64_t who = 1; who <= 2 * KITHI_SCTP_TURNS; who++) {
        taken += take(who, 0);
    }
    assert_int_equal(taken, KITHI_SCTP_TURNS);
    assert_true(take(1000000, KITHI_SCTP_TURNS_TICK_MS));
}

// Somebody who asks once in each period, after those who ask all the time.
static void those_who_shout_dont_take_the_turn_of_those_who_wait(void **state)
{
    (void)state;
    enum { PERIODS = 100, PATIENT = SHOUTERS };
    unsigned heard = 0;
    for (uint64_t ms = 0; ms < PERIODS * KITHI_SCTP_TURN_MS; ms++) {
        for (uint64_t who = 0; who < SHOUTERS; who++) {
            take(who, ms);
        }
        if (ms % KITHI_SCTP_TURN_MS == KITHI_SCTP_TURN_MS / 2) {
            heard += take(PATIENT, ms);
        }
    }
    assert_int_equal(heard, PERIODS);
}

// Two who are taken for each other in one period aren't in the next one.
static void who_is_mistaken_for_others_is_heard_in_the_end(void **state)
{
    (void)state;
    enum { NEWCOMERS = 2000, PERIODS = 6 };
    for (uint64_t newcomer = SHOUTERS; newcomer < SHOUTERS + NEWCOMERS; newcomer++) {
        bool heard = false;
        for (uint64_t period = 0; period < PERIODS && !heard; period++) {
            uint64_t ms = (newcomer * PERIODS + period) * KITHI_SCTP_TURN_MS;
            for (uint64_t who = 0; who < SHOUTERS; who++) {
                take(who, ms);
            }
            heard = take(newcomer, ms + 2 * KITHI_SCTP_TURNS_TICK_MS);
        }
        assert_true(heard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everybody_has_one_turn_in_a_period, begin),
        cmocka_unit_test_setup(a_tick_has_so_many_turns_and_no_more, begin),
        cmocka_unit_test_setup(those_who_shout_dont_take_the_turn_of_those_who_wait, begin),
        cmocka_unit_test_setup(who_is_mistaken_for_others_is_heard_in_the_end, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
