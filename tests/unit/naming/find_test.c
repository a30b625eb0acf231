// SPDX-License-Identifier: Apache-2.0
// All entries that match a pattern.
#include <string.h>

#include "cluster.h"

enum { MOST = 512 };

struct search {
    const char *pattern;
    size_t capacity;
    enum kith_error error;
    size_t count;
    struct kith_name_entry entries[MOST];
};

static struct search shared; // too large for a stack

static void find(struct kith_process *self, void *argument)
{
    struct search *search = argument;
    search->error = kith_find(self, search->pattern, kith_deadline_ms(self, 1000), search->entries,
                              search->capacity, &search->count);
}

static size_t count_found(struct cluster *cluster, uint32_t node, const char *pattern)
{
    memset(&shared, 0, sizeof shared);
    shared.pattern = pattern;
    shared.capacity = MOST;
    cluster_run(cluster, node, find, &shared);
    assert_int_equal(shared.error, KITH_OK);
    return shared.count;
}

static bool found(const char *name, uint32_t index, struct kith_ref ref)
{
    for (size_t i = 0; i < shared.count; i++) {
        const struct kith_name_entry *entry = &shared.entries[i];
        if (strcmp(entry->name, name) == 0 && entry->index == index &&
            kith_ref_equal(entry->ref, ref)) {
            return true;
        }
    }
    return false;
}

static void find_everywhere(const struct kith_limits *limits)
{
    struct cluster cluster;
    cluster_open(&cluster, 3, limits, NULL);
    struct kith_ref x0 = cluster_register(&cluster, 0, "x", 0);
    struct kith_ref x1 = cluster_register(&cluster, 1, "x", 0);
    struct kith_ref x2 = cluster_register(&cluster, 1, "x", 7);
    struct kith_ref xy = cluster_register(&cluster, 2, "xy", 0);
    cluster_connect_all(&cluster);
    assert_int_equal(count_found(&cluster, 0, "*"), 4 + 3); // and a naming/0 each
    assert_int_equal(count_found(&cluster, 0, "x"), 3);
    assert_true(found("x", 0, x0) && found("x", 0, x1) && found("x", 7, x2));
    assert_int_equal(count_found(&cluster, 2, "x*"), 4);
    assert_true(found("x", 0, x0) && found("xy", 0, xy));
    assert_int_equal(count_found(&cluster, 0, "x?"), 1);
    assert_int_equal(count_found(&cluster, 0, "x/7"), 1);
    assert_int_equal(count_found(&cluster, 0, "*/x/0"), 2);
    assert_int_equal(count_found(&cluster, 0, "node1/*/*"), 3);
    assert_int_equal(count_found(&cluster, 0, "node1/x"), 2);
    assert_int_equal(count_found(&cluster, 0, "10.0.0.2/x/7"), 1);
    assert_int_equal(count_found(&cluster, 0, "10.0.0.*:7400/x/7"), 1);
    assert_string_equal(shared.entries[0].node_name, "node1");
    assert_false(shared.entries[0].own);
    struct kith_endpoint endpoint;
    assert_int_equal(kith_endpoint_parse("10.0.0.2:7400", 0, &endpoint), KITH_OK);
    assert_true(kith_endpoint_equal(&shared.entries[0].endpoint, &endpoint));
    assert_int_equal(count_found(&cluster, 0, "nobody/*/*"), 0);
    assert_int_equal(count_found(&cluster, 0, "z"), 0);
    cluster_close(&cluster);
}

static void entries_of_all_nodes_are_found(void **state)
{
    (void)state;
    find_everywhere(&kith_limits_linux);
}

static void entries_are_found_by_asking_where_there_are_no_replicas(void **state)
{
    (void)state;
    struct kith_limits limits = kith_limits_linux;
    limits.replicated_names = 0;
    find_everywhere(&limits);
}

static void a_large_table_is_asked_for_in_pages(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.replicated_names = 0;
    cluster_open(&cluster, 2, &limits, NULL);
    for (uint32_t i = 0; i < 300; i++) {
        cluster_register(&cluster, 1, "a-name", i);
    }
    cluster_connect_all(&cluster);
    assert_int_equal(count_found(&cluster, 0, "a-*"), 300);
    bool seen[300] = {false};
    for (size_t i = 0; i < shared.count; i++) {
        assert_false(seen[shared.entries[i].index]);
        seen[shared.entries[i].index] = true;
    }
    assert_true(cluster.wires[1][0].largest <= 4096);
    cluster_close(&cluster);
}

static void more_than_the_callers_array_holds_is_counted(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 10; i++) {
        cluster_register(&cluster, 0, "x", i);
    }
    memset(&shared, 0, sizeof shared);
    shared.pattern = "x";
    shared.capacity = 4;
    cluster_run(&cluster, 0, find, &shared);
    assert_int_equal(shared.error, KITH_OK);
    assert_int_equal(shared.count, 10);
    assert_string_equal(shared.entries[3].name, "x");
    assert_string_equal(shared.entries[4].name, "");
    cluster_close(&cluster);
}

static void a_malformed_pattern_is_refused(void **state)
{
    (void)state;
    struct cluster cluster;
    uint64_t cursor = 0;
    struct kith_name_entry entry;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    memset(&shared, 0, sizeof shared);
    shared.pattern = "a b";
    cluster_run(&cluster, 0, find, &shared);
    assert_int_equal(shared.error, KITH_ERROR_INVALID);
    assert_int_equal(kith_find_next(cluster.nodes[0], "", &cursor, &entry), KITH_ERROR_INVALID);
    cluster_close(&cluster);
}

static void going_through_entries_gives_those_that_stay_exactly_once(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref processes[40];
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 40; i++) {
        processes[i] = cluster_register(&cluster, 0, "x", i);
    }
    uint32_t seen[100] = {0};
    uint64_t cursor = 0;
    struct kith_name_entry entry;
    for (uint32_t i = 0; kith_find_next(cluster.nodes[0], "x", &cursor, &entry) == KITH_OK; i++) {
        seen[entry.index]++;
        if (i % 3 == 0 && i < 30) { // some go and some come in between
            cluster_kill(&cluster, 0, processes[i]);
            cluster_register(&cluster, 0, "x", 50 + i);
        }
    }
    for (uint32_t i = 0; i < 40; i++) {
        assert_true(seen[i] == 1 || i % 3 == 0);
        assert_in_range(seen[i], 0, 1);
    }
    cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_of_all_nodes_are_found),
        cmocka_unit_test(entries_are_found_by_asking_where_there_are_no_replicas),
        cmocka_unit_test(a_large_table_is_asked_for_in_pages),
        cmocka_unit_test(more_than_the_callers_array_holds_is_counted),
        cmocka_unit_test(a_malformed_pattern_is_refused),
        cmocka_unit_test(going_through_entries_gives_those_that_stay_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
