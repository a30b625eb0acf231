// SPDX-License-Identifier: Apache-2.0
// Names over real links: crashes, goodbyes, partitions and lossy paths.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static const struct kith_loop_options calm = {
    .seed = 1,
    .path = {.delay_least_ns = MS / 10, .delay_most_ns = MS},
    .retry_ns = 50 * MS,
    .connect_ns = 1000 * MS,
    .heartbeat_ns = 500 * MS,
    .unanswered = 4,
};

static struct world world; // too large for a stack

static bool knows(uint32_t host, const char *address)
{
    struct kith_ref ref;
    return kith_lookup_here(world.hosts[host].node, address, &ref) == KITH_OK;
}

static void tables_travel_over_links(void **state)
{
    (void)state;
    world_open(&world, 4, &calm);
    world_register(&world, 0, "x");
    world_connect_all(&world);
    world_run(&world, 1000);
    assert_true(world_converged(&world));
    assert_true(knows(3, "node0/x/0") && knows(3, "10.0.0.1/x"));
    struct kith_ref y = world_register(&world, 2, "y");
    world_run(&world, 100);
    assert_true(knows(1, "y"));
    world_kill(&world, 2, y);
    world_run(&world, 100);
    assert_false(knows(1, "y"));
    assert_true(world_converged(&world));
    world_close(&world);
}

static void the_names_of_a_crashed_node_go_and_come_back_with_it(void **state)
{
    (void)state;
    world_open(&world, 3, &calm);
    world_register(&world, 0, "x");
    world_connect_all(&world);
    world_run(&world, 1000);
    assert_true(knows(1, "x") && knows(2, "x"));
    world_crash(&world, 0);
    world_run(&world, 7000);
    assert_false(knows(1, "x") || knows(2, "x"));
    world_start(&world, 0);
    world_register(&world, 0, "z");
    world_run(&world, 60000); // others connect again by themselves
    assert_true(knows(1, "node0/z") && knows(2, "node0/z"));
    assert_false(knows(1, "x"));
    assert_true(world_converged(&world));
    world_close(&world);
}

static void the_names_of_a_node_that_leaves_go_at_once(void **state)
{
    (void)state;
    world_open(&world, 3, &calm);
    world_register(&world, 0, "x");
    world_connect_all(&world);
    world_run(&world, 1000);
    world_leave(&world, 0); // in 100 ms
    assert_false(knows(1, "x") || knows(2, "x") || knows(1, "node0/naming"));
    world_close(&world);
}

static void block(uint32_t a, uint32_t b, bool blocked)
{
    struct kith_endpoint one = world_endpoint(a), other = world_endpoint(b);
    struct kith_loop_path path = calm.path;
    path.blocked = blocked;
    assert_int_equal(kith_loop_path_set(world.network, &one, &other, &path), KITH_OK);
    assert_int_equal(kith_loop_path_set(world.network, &other, &one, &path), KITH_OK);
}

static void after_a_partition_tables_meet(void **state)
{
    (void)state;
    world_open(&world, 4, &calm);
    world_connect_all(&world);
    world_run(&world, 1000);
    for (uint32_t i = 0; i < 4; i++) {
        block(i % 2, 2 + i / 2, true);
    }
    world_run(&world, 10000);
    world_register(&world, 0, "x");
    world_register(&world, 3, "x"); // one owner for each name and node, also now
    world_run(&world, 1000);
    assert_true(knows(1, "node0/x") && knows(2, "node3/x"));
    assert_false(knows(2, "node0/x") || knows(1, "node3/x"));
    for (uint32_t i = 0; i < 4; i++) {
        block(i % 2, 2 + i / 2, false);
    }
    world_run(&world, 60000);
    assert_true(world_converged(&world));
    assert_true(knows(2, "node0/x") && knows(1, "node3/x"));
    world_close(&world);
}

static void tables_meet_over_paths_that_lose_and_break(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct kith_loop_options options = calm;
        options.seed = seed;
        options.path.loss_per_million = 100000;
        world_open(&world, 3, &options);
        world_connect_all(&world);
        world_run(&world, 1000);
        struct kith_ref last[3] = {{0}};
        for (uint32_t step = 0; step < 60; step++) {
            uint32_t host = step % 3;
            if (!kith_ref_is_none(last[host])) {
                world_kill(&world, host, last[host]);
            }
            last[host] = world_register(&world, host, step % 2 == 0 ? "x" : "y");
            if (step % 7 == 0) {
                struct kith_endpoint one = world_endpoint(host);
                struct kith_endpoint other = world_endpoint((host + 1) % 3);
                assert_int_equal(kith_loop_break(world.network, &one, &other, 5 * MS), KITH_OK);
            }
            world_run(&world, 50);
        }
        world_run(&world, 30000);
        assert_true(world_converged(&world));
        world_close(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_travel_over_links),
        cmocka_unit_test(the_names_of_a_crashed_node_go_and_come_back_with_it),
        cmocka_unit_test(the_names_of_a_node_that_leaves_go_at_once),
        cmocka_unit_test(after_a_partition_tables_meet),
        cmocka_unit_test(tables_meet_over_paths_that_lose_and_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
