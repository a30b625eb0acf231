// SPDX-License-Identifier: Apache-2.0
// How long idle spins follows from how waits turned out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spin.h"

enum { LONGEST_US = 80, LONGEST_NS = LONGEST_US * 1000, SHORT_NS = 60000, LONG_NS = 10000000 };

static void wait_often(struct kithi_spin *spin, unsigned times, uint64_t waited_ns)
{
    for (unsigned time = 0; time < times; time++) {
        kithi_spin_waited(spin, waited_ns);
    }
}

static void short_waits_make_it_as_long_as_they_are(void **state)
{
    struct kithi_spin spin;
    (void)state;
    kithi_spin_init(&spin, LONGEST_US);
    assert_int_equal(spin.now_ns, 0);
    wait_often(&spin, 1, SHORT_NS);
    assert_int_equal(spin.now_ns, LONGEST_NS / KITHI_SPIN_STEPS);
    wait_often(&spin, 5, SHORT_NS);
    assert_in_range(spin.now_ns, SHORT_NS, LONGEST_NS);
    uint64_t enough_ns = spin.now_ns;
    wait_often(&spin, 100, SHORT_NS / 2);
    assert_int_equal(spin.now_ns, enough_ns);
}

static void long_waits_end_it(void **state)
{
    struct kithi_spin spin;
    (void)state;
    kithi_spin_init(&spin, LONGEST_US);
    wait_often(&spin, 6, SHORT_NS);
    wait_often(&spin, 1, LONG_NS);
    assert_in_range(spin.now_ns, 1, LONGEST_NS / 2);
    wait_often(&spin, 4, LONG_NS);
    assert_int_equal(spin.now_ns, 0);
}

static void who_must_leave_the_core_rests(void **state)
{
    struct kithi_spin spin;
    (void)state;
    kithi_spin_init(&spin, LONGEST_US);
    wait_often(&spin, 6, SHORT_NS);
    kithi_spin_watch(&spin, spin.displaced + KITHI_SPINS_DISTURBED);
    assert_true(spin.now_ns > 0);
    kithi_spin_watch(&spin, spin.displaced + KITHI_SPINS_DISTURBED + 1);
    assert_int_equal(spin.now_ns, 0);
    wait_often(&spin, KITHI_SPIN_REST, SHORT_NS);
    wait_often(&spin, 100, LONG_NS);
    assert_int_equal(spin.now_ns, 0);
    wait_often(&spin, 1, SHORT_NS);
    assert_true(spin.now_ns > 0);
}

static void who_must_leave_again_and_again_rests_longer(void **state)
{
    struct kithi_spin spin;
    (void)state;
    kithi_spin_init(&spin, LONGEST_US);
    for (uint32_t rest = KITHI_SPIN_REST; rest <= 4 * KITHI_SPIN_REST; rest *= 2) {
        kithi_spin_watch(&spin, spin.displaced + KITHI_SPINS_DISTURBED + 1);
        assert_int_equal(spin.rest, rest);
    }
    kithi_spin_watch(&spin, spin.displaced);
    kithi_spin_watch(&spin, spin.displaced + KITHI_SPINS_DISTURBED + 1);
    assert_int_equal(spin.rest, KITHI_SPIN_REST);
    for (int time = 0; time < 40; time++) {
        kithi_spin_watch(&spin, spin.displaced + KITHI_SPINS_DISTURBED + 1);
    }
    assert_int_equal(spin.rest, KITHI_SPIN_REST_MOST);
}

// As a wait is that ends soon after it begins to sleep, whatever it spins before.
static void wait_for_sleep(struct kithi_spin *spin, unsigned times)
{
    for (unsigned time = 0; time < times; time++) {
        kithi_spin_waited(spin, spin->now_ns + LONGEST_NS / 4);
    }
}

static void who_only_spins_in_vain_rests(void **state)
{
    struct kithi_spin spin;
    (void)state;
    kithi_spin_init(&spin, LONGEST_US);
    wait_for_sleep(&spin, 1);
    assert_true(spin.now_ns > 0);
    wait_for_sleep(&spin, KITHI_SPINS_IN_VAIN);
    assert_int_equal(spin.now_ns, 0);
    assert_in_range(spin.rest, KITHI_SPIN_REST - 1, KITHI_SPIN_REST);
    wait_for_sleep(&spin, KITHI_SPIN_REST + KITHI_SPINS_IN_VAIN + 1);
    assert_in_range(spin.rest, 2 * KITHI_SPIN_REST - 2, 2 * KITHI_SPIN_REST);
}

static void without_a_longest_time_it_never_spins(void **state)
{
    struct kithi_spin spin;
    (void)state;
    kithi_spin_init(&spin, 0);
    wait_often(&spin, 100, 1);
    wait_often(&spin, 100, 0);
    assert_int_equal(spin.now_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_waits_make_it_as_long_as_they_are),
        cmocka_unit_test(long_waits_end_it),
        cmocka_unit_test(who_must_leave_the_core_rests),
        cmocka_unit_test(who_must_leave_again_and_again_rests_longer),
        cmocka_unit_test(who_only_spins_in_vain_rests),
        cmocka_unit_test(without_a_longest_time_it_never_spins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
