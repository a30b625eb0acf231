// SPDX-License-Identifier: Apache-2.0
// Registering and releasing on one node.
#include <string.h>

#include "cluster.h"

static struct kith_limits with_names(uint32_t names)
{
    struct kith_limits limits = kith_limits_linux;
    limits.names = names;
    return limits;
}

static void register_and_release(struct kith_process *self, void *argument)
{
    (void)argument;
    uint32_t index = 99;
    struct kith_ref ref;
    assert_int_equal(kith_register(self, "a", KITH_INDEX_ANY, &index, KITH_FOREVER), KITH_OK);
    assert_int_equal(index, 0);
    assert_int_equal(kith_register(self, "a", KITH_INDEX_ANY, &index, KITH_FOREVER), KITH_OK);
    assert_int_equal(index, 1);
    assert_int_equal(kith_register(self, "a", 5, &index, KITH_FOREVER), KITH_OK);
    assert_int_equal(index, 5);
    assert_int_equal(kith_register(self, "a", 5, NULL, KITH_FOREVER), KITH_ERROR_EXISTS);
    assert_int_equal(kith_lookup(self, "a/5", KITH_NO_WAIT, &ref), KITH_OK);
    assert_true(kith_ref_equal(ref, kith_self(self)));
    assert_int_equal(kith_release(self, "a", 1, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_release(self, "a", 1, KITH_FOREVER), KITH_ERROR_NOT_FOUND);
    assert_int_equal(kith_lookup(self, "a/1", KITH_NO_WAIT, &ref), KITH_ERROR_NOT_FOUND);
    assert_int_equal(kith_register(self, "a", KITH_INDEX_ANY, &index, KITH_FOREVER), KITH_OK);
    assert_int_equal(index, 1);
}

static void a_name_gives_the_lowest_free_index_or_the_one_asked_for(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    cluster_run(&cluster, 0, register_and_release, NULL);
    cluster_close(&cluster);
}

static void a_registration_ends_with_its_process(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref ref;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    cluster_run(&cluster, 0, register_and_release, NULL); // leaves three, then ends
    cluster_settle(&cluster);
    assert_int_equal(cluster_status(&cluster, 0).own, 1);
    struct kith_ref process = cluster_register(&cluster, 0, "b", 7);
    assert_int_equal(kith_lookup_here(cluster.nodes[0], "b", &ref), KITH_OK);
    assert_true(kith_ref_equal(ref, process));
    cluster_kill(&cluster, 0, process);
    assert_int_equal(kith_lookup_here(cluster.nodes[0], "b", &ref), KITH_ERROR_NOT_FOUND);
    cluster_close(&cluster);
}

static void a_killed_process_makes_room_for_the_next(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref ref;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct kith_ref first = cluster_register(&cluster, 0, "b", 0);
    cluster_kill(&cluster, 0, first);
    struct kith_ref second = cluster_register(&cluster, 0, "b", 0);
    assert_false(kith_ref_equal(first, second));
    assert_int_equal(kith_lookup_here(cluster.nodes[0], "b/0", &ref), KITH_OK);
    assert_true(kith_ref_equal(ref, second));
    cluster_close(&cluster);
}

static void each_change_raises_the_epoch(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    assert_int_equal(cluster_status(&cluster, 0).epoch, 1); // naming/0
    struct kith_ref first = cluster_register(&cluster, 0, "a", 0);
    cluster_register(&cluster, 0, "a", 1);
    assert_int_equal(cluster_status(&cluster, 0).epoch, 3);
    cluster_kill(&cluster, 0, first);
    assert_int_equal(cluster_status(&cluster, 0).epoch, 4);
    assert_int_equal(cluster_status(&cluster, 0).registers, 2);
    assert_int_equal(cluster_status(&cluster, 0).releases, 1);
    cluster_close(&cluster);
}

static void use_bad_names(struct kith_process *self, void *argument)
{
    (void)argument;
    static char long_name[301];
    static const char *const bad[] = {
        "",         "1",    "a/b",           "a b",           "a*",     "a:1",       "[a",
        "\xff",     "\x01", "a\nb",          "\x1b[31m",      "a\x7f",  "\xc2\x9bm", "\xc0\x80",
        "\xe2\x82", "a\t",  "a\xed\xa0\x80", "a\xe2\x80\xa8", long_name};
    memset(long_name, 'n', sizeof long_name - 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(kith_register(self, bad[i], KITH_INDEX_ANY, NULL, KITH_FOREVER),
                         KITH_ERROR_INVALID);
        assert_int_equal(kith_release(self, bad[i], 0, KITH_FOREVER), KITH_ERROR_INVALID);
    }
    assert_int_equal(kith_register(self, "naming", 1, NULL, KITH_FOREVER), KITH_ERROR_DENIED);
    assert_int_equal(kith_release(self, "naming", 0, KITH_FOREVER), KITH_ERROR_DENIED);
    assert_int_equal(kith_release(self, "other", 0, KITH_FOREVER), KITH_ERROR_DENIED);
}

static void bad_reserved_and_foreign_names_are_refused(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    cluster_register(&cluster, 0, "other", 0);
    cluster_run(&cluster, 0, use_bad_names, NULL);
    assert_int_equal(cluster_status(&cluster, 0).own, 2);
    cluster_close(&cluster);
}

static void fill_the_table(struct kith_process *self, void *argument)
{
    (void)argument;
    uint32_t index;
    for (uint32_t i = 0; i < 9; i++) { // naming/0 has the tenth place
        assert_int_equal(kith_register(self, "a", KITH_INDEX_ANY, &index, KITH_FOREVER), KITH_OK);
    }
    assert_int_equal(kith_register(self, "b", KITH_INDEX_ANY, &index, KITH_FOREVER),
                     KITH_ERROR_LIMIT);
    assert_int_equal(kith_release(self, "a", 3, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_register(self, "b", KITH_INDEX_ANY, &index, KITH_FOREVER), KITH_OK);
}

static void a_full_table_says_so_and_goes_on(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = with_names(10);
    cluster_open(&cluster, 1, &limits, NULL);
    cluster_run(&cluster, 0, fill_the_table, NULL);
    cluster_close(&cluster);
}

static void churn(struct kith_process *self, void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < 3000; i++) { // far more than the log of changes holds
        char name[] = "name-0";
        name[5] = (char)('0' + i % 10);
        uint32_t index;
        assert_int_equal(kith_register(self, name, KITH_INDEX_ANY, &index, KITH_FOREVER), KITH_OK);
        assert_int_equal(index, 0);
        assert_int_equal(kith_release(self, name, 0, KITH_FOREVER), KITH_OK);
    }
}

static void registering_and_releasing_for_long_keeps_memory_as_it_is(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    cluster_run(&cluster, 0, churn, NULL);
    size_t memory = kith_platform_sim_memory(cluster.sims[0]);
    cluster_run(&cluster, 0, churn, NULL);
    assert_int_equal(kith_platform_sim_memory(cluster.sims[0]), memory);
    assert_int_equal(cluster_status(&cluster, 0).epoch, 1 + 4 * 3000);
    cluster_close(&cluster);
}

static void opening_twice_is_refused_and_reopening_works(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref naming, ref;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    assert_int_equal(kith_naming_open(cluster.nodes[0], NULL, &naming), KITH_ERROR_EXISTS);
    kith_naming_close(cluster.nodes[0]);
    kith_naming_close(cluster.nodes[0]);
    assert_int_equal(kith_naming_open(cluster.nodes[0], NULL, &cluster.naming[0]), KITH_OK);
    cluster_settle(&cluster); // the old process ends without touching the new state
    assert_int_equal(kith_node_processes(cluster.nodes[0]), 1);
    assert_int_equal(kith_lookup_here(cluster.nodes[0], "naming/0", &ref), KITH_OK);
    assert_true(kith_ref_equal(ref, cluster.naming[0]));
    struct kith_naming_status status;
    kith_naming_close(cluster.nodes[0]);
    assert_int_equal(kith_naming_status(cluster.nodes[0], &status), KITH_ERROR_NOT_FOUND);
    assert_int_equal(kith_naming_open(cluster.nodes[0], NULL, &cluster.naming[0]), KITH_OK);
    cluster_close(&cluster);
}

static void opening_without_memory_leaves_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 30; nth++) {
        struct kith_platform platform;
        struct kith_platform_sim *sim = kith_platform_sim_open(1, &platform);
        struct kith_node_options options = {.platform = &platform, .limits = &kith_limits_linux};
        struct kith_node *node;
        struct kith_ref naming;
        assert_int_equal(kith_node_open(&options, &node), KITH_OK);
        kith_platform_sim_fail_allocation(sim, nth, false);
        enum kith_error error = kith_naming_open(node, NULL, &naming);
        kith_platform_sim_fail_allocation(sim, 0, false);
        assert_true(error == KITH_OK || error == KITH_ERROR_NO_MEMORY);
        if (error != KITH_OK) {
            assert_int_equal(kith_naming_open(node, NULL, &naming), KITH_OK);
        }
        kith_node_settle(node);
        kith_naming_close(node);
        kith_node_settle(node);
        assert_int_equal(kith_node_processes(node), 0);
        kith_codec_close(node);
        kith_node_close(node);
        assert_int_equal(kith_platform_sim_memory(sim), 0);
        kith_platform_sim_close(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_gives_the_lowest_free_index_or_the_one_asked_for),
        cmocka_unit_test(a_registration_ends_with_its_process),
        cmocka_unit_test(a_killed_process_makes_room_for_the_next),
        cmocka_unit_test(each_change_raises_the_epoch),
        cmocka_unit_test(bad_reserved_and_foreign_names_are_refused),
        cmocka_unit_test(a_full_table_says_so_and_goes_on),
        cmocka_unit_test(registering_and_releasing_for_long_keeps_memory_as_it_is),
        cmocka_unit_test(opening_twice_is_refused_and_reopening_works),
        cmocka_unit_test(opening_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
