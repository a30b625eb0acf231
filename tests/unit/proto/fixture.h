// SPDX-License-Identifier: Apache-2.0
// A node on virtual time for the tests of proto, and its end, which leaves nothing behind.
#ifndef FIXTURE_H
#define FIXTURE_H

// What cmocka.h needs before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kith/codec.h>
#include <kith/platform_sim.h>

struct fixture {
    struct kith_platform_sim *sim;
    struct kith_platform platform;
    struct kith_limits limits;
    struct kith_node *node;
};

// cmocka's set-up and tear-down: *state is a struct fixture. The tear-down checks that no message,
// no process and no memory is left.
int open_fixture(void **state);
int close_fixture(void **state);

// A message of no type, for its arena.
struct kith_message *new_message(struct fixture *fixture);

// Numbers that look random and are the same in every run.
uint64_t draw(uint64_t *seed);

#endif
