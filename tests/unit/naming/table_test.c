// SPDX-License-Identifier: Apache-2.0
// The table against a plain list that does the same slowly.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <kith/platform_sim.h>

#include "table.h"

enum { NODES = 4, NAMES = 6, INDEXES = 8, STEPS = 20000 };

struct fixture {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct kithi_table table;
    struct kithi_roll rolls[NODES];
};

static void open_fixture(struct fixture *fixture, uint32_t own, uint32_t replicated)
{
    struct kith_limits limits = kith_limits_linux;
    limits.names = own;
    limits.replicated_names = replicated;
    fixture->sim = kith_platform_sim_open(7, &fixture->platform);
    assert_non_null(fixture->sim);
    assert_int_equal(kithi_names_init(&fixture->table, &fixture->platform, &limits), KITH_OK);
    for (uint32_t node = 0; node < NODES; node++) {
        fixture->rolls[node] = KITHI_ROLL_EMPTY;
    }
}

static void close_fixture(struct fixture *fixture)
{
    assert_int_equal(fixture->table.own, 0);
    assert_int_equal(fixture->table.replicated, 0);
    assert_int_equal(fixture->table.map.len, 0);
    kithi_names_fini(&fixture->table);
    assert_int_equal(kith_platform_sim_memory(fixture->sim), 0);
    kith_platform_sim_close(fixture->sim);
}

static enum kith_error add(struct fixture *fixture, const char *text, uint32_t node, uint32_t index,
                           uint32_t slot, uint32_t *entry)
{
    struct kithi_entry values = {.node = node, .index = index, .slot = slot, .generation = 1};
    assert_int_equal(kithi_name_hold(&fixture->table, text, strlen(text), &values.name), KITH_OK);
    enum kith_error error = kithi_entry_add(&fixture->table, &fixture->rolls[node], &values, entry);
    kithi_name_drop(&fixture->table, values.name);
    return error;
}

static uint32_t find(struct fixture *fixture, const char *text, uint32_t node, uint32_t index)
{
    uint32_t name = kithi_name_find(&fixture->table, text, strlen(text));
    return kithi_entry_find(&fixture->table, name, node, index);
}

static void remove_all(struct fixture *fixture)
{
    for (uint32_t node = 0; node < NODES; node++) {
        while (fixture->rolls[node].first != KITHI_NONE) {
            kithi_entry_remove(&fixture->table, &fixture->rolls[node], fixture->rolls[node].first);
        }
        assert_int_equal(fixture->rolls[node].count, 0);
        assert_int_equal(fixture->rolls[node].digest, 0);
    }
}

static void this_nodes_instances_come_first_by_turns(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t remote, own, other, name;
    open_fixture(&fixture, 10, 10);
    assert_int_equal(add(&fixture, "x", 2, 0, 1, &remote), KITH_OK);
    name = kithi_name_find(&fixture.table, "x", 1);
    assert_int_equal(kithi_entry_anycast(&fixture.table, name, KITH_INDEX_ANY), remote);
    assert_int_equal(add(&fixture, "x", KITHI_OWN, 4, 2, &own), KITH_OK);
    assert_int_equal(kithi_entry_anycast(&fixture.table, name, KITH_INDEX_ANY), own);
    assert_int_equal(kithi_entry_anycast(&fixture.table, name, 0), remote);
    assert_int_equal(kithi_entry_anycast(&fixture.table, name, 4), own);
    assert_int_equal(kithi_entry_anycast(&fixture.table, name, 9), KITHI_NONE);
    assert_int_equal(add(&fixture, "x", KITHI_OWN, 1, 3, &other), KITH_OK);
    uint32_t first = kithi_entry_anycast(&fixture.table, name, KITH_INDEX_ANY);
    uint32_t second = kithi_entry_anycast(&fixture.table, name, KITH_INDEX_ANY);
    assert_int_not_equal(first, second);
    assert_int_equal(kithi_entry_anycast(&fixture.table, name, KITH_INDEX_ANY), first);
    assert_true((first == own && second == other) || (first == other && second == own));
    remove_all(&fixture);
    close_fixture(&fixture);
}

static void an_index_on_several_nodes_is_taken_by_turns(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t entries[3], seen[3], counts[3] = {0};
    open_fixture(&fixture, 10, 10);
    for (uint32_t node = 1; node < NODES; node++) {
        uint32_t more;
        assert_int_equal(add(&fixture, "x", node, 5, node, &entries[node - 1]), KITH_OK);
        assert_int_equal(add(&fixture, "x", node, 6, node, &more), KITH_OK);
    }
    uint32_t name = kithi_name_find(&fixture.table, "x", 1);
    for (int i = 0; i < 3; i++) {
        seen[i] = kithi_entry_anycast(&fixture.table, name, 5);
        for (int j = 0; j < 3; j++) {
            counts[j] += seen[i] == entries[j];
        }
    }
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 1);
    remove_all(&fixture);
    close_fixture(&fixture);
}

static void the_lowest_free_index_fills_gaps(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t entry, entries[5];
    open_fixture(&fixture, 10, 10);
    assert_int_equal(add(&fixture, "x", 1, 0, 9, &entry), KITH_OK); // another node's: no matter
    uint32_t name = kithi_name_find(&fixture.table, "x", 1);
    for (uint32_t index = 0; index < 5; index++) {
        assert_int_equal(kithi_name_free_index(&fixture.table, name), index);
        assert_int_equal(add(&fixture, "x", KITHI_OWN, index, index, &entries[index]), KITH_OK);
    }
    kithi_entry_remove(&fixture.table, &fixture.rolls[0], entries[3]);
    kithi_entry_remove(&fixture.table, &fixture.rolls[0], entries[1]);
    assert_int_equal(kithi_name_free_index(&fixture.table, name), 1);
    assert_int_equal(add(&fixture, "x", KITHI_OWN, 1, 1, &entry), KITH_OK);
    assert_int_equal(kithi_name_free_index(&fixture.table, name), 3);
    kithi_entry_remove(&fixture.table, &fixture.rolls[0], entries[0]);
    assert_int_equal(kithi_name_free_index(&fixture.table, name), 0);
    assert_int_equal(kithi_entry_lowest(&fixture.table, name, KITHI_OWN), entry);
    remove_all(&fixture);
    close_fixture(&fixture);
}

static void own_and_replicated_entries_have_their_own_limits(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t entry;
    open_fixture(&fixture, 2, 1);
    assert_int_equal(add(&fixture, "a", KITHI_OWN, 0, 1, &entry), KITH_OK);
    assert_int_equal(add(&fixture, "b", KITHI_OWN, 0, 1, &entry), KITH_OK);
    assert_int_equal(add(&fixture, "c", KITHI_OWN, 0, 1, &entry), KITH_ERROR_LIMIT);
    assert_int_equal(kithi_name_find(&fixture.table, "c", 1), KITHI_NONE);
    assert_int_equal(add(&fixture, "c", 1, 0, 1, &entry), KITH_OK);
    assert_int_equal(add(&fixture, "d", 1, 0, 1, &entry), KITH_ERROR_LIMIT);
    remove_all(&fixture);
    close_fixture(&fixture);
}

static void one_node_leaves_the_last_quarter_to_others(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t entry;
    open_fixture(&fixture, 2, 8);
    for (uint32_t index = 0; index < 6; index++) {
        assert_int_equal(add(&fixture, "many", 1, index, 1, &entry), KITH_OK);
    }
    assert_int_equal(add(&fixture, "many", 1, 6, 1, &entry), KITH_ERROR_LIMIT);
    assert_int_equal(add(&fixture, "few", 2, 0, 1, &entry), KITH_OK);
    assert_int_equal(add(&fixture, "few", 2, 1, 1, &entry), KITH_OK);
    assert_int_equal(add(&fixture, "few", 2, 2, 1, &entry), KITH_ERROR_LIMIT);
    remove_all(&fixture);
    close_fixture(&fixture);
}

static void the_digest_is_that_of_the_entries_whatever_their_order(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t entries[3];
    open_fixture(&fixture, 10, 10);
    assert_int_equal(add(&fixture, "a", 1, 0, 1, &entries[0]), KITH_OK);
    // FNV-1a of 'a', index 0, slot 1, generation 1, as docs/design/naming.md defines it.
    assert_true(fixture.rolls[1].digest == UINT64_C(0x69d0276f5874ba5c));
    assert_int_equal(add(&fixture, "b", 1, 3, 4, &entries[1]), KITH_OK);
    uint64_t both = fixture.rolls[1].digest;
    assert_int_equal(add(&fixture, "b", 2, 3, 4, &entries[1]), KITH_OK);
    assert_int_equal(add(&fixture, "a", 2, 0, 1, &entries[2]), KITH_OK);
    assert_true(fixture.rolls[2].digest == both);
    kithi_entry_replace(&fixture.table, &fixture.rolls[2], entries[2], 2, 1, 9);
    assert_true(fixture.rolls[2].digest != both);
    kithi_entry_replace(&fixture.table, &fixture.rolls[2], entries[2], 1, 1, 10);
    assert_true(fixture.rolls[2].digest == both);
    remove_all(&fixture);
    close_fixture(&fixture);
}

struct model {
    uint32_t slots[NAMES][NODES][INDEXES]; // 0: no entry
    uint32_t entries[NAMES][NODES][INDEXES];
};

static void name_text(uint32_t name, char text[16])
{
    snprintf(text, 16, "name-%u", (unsigned)name);
}

static void check_name(struct fixture *fixture, const struct model *model, uint32_t name)
{
    char text[16];
    name_text(name, text);
    uint32_t id = kithi_name_find(&fixture->table, text, strlen(text));
    uint32_t count = 0;
    for (uint32_t node = 0; node < NODES; node++) {
        uint32_t lowest = KITHI_NONE;
        for (uint32_t index = INDEXES; index-- > 0;) {
            bool is_there = model->slots[name][node][index] != 0;
            uint32_t expected = is_there ? model->entries[name][node][index] : KITHI_NONE;
            lowest = is_there ? expected : lowest;
            count += is_there;
            assert_int_equal(find(fixture, text, node, index), expected);
        }
        assert_int_equal(kithi_entry_lowest(&fixture->table, id, node), lowest);
    }
    assert_int_equal(id != KITHI_NONE, count > 0);
    if (id != KITHI_NONE) {
        uint32_t free_index = 0;
        while (free_index < INDEXES && model->slots[name][0][free_index] != 0) {
            free_index++;
        }
        assert_int_equal(kithi_name_free_index(&fixture->table, id), free_index);
        assert_int_equal(fixture->table.names[id].instances.count, count);
    }
}

static void random_changes_leave_what_a_plain_list_would(void **state)
{
    (void)state;
    struct fixture fixture;
    struct model model = {0};
    uint64_t random = 12345;
    open_fixture(&fixture, 1000, 1000);
    for (uint32_t step = 1; step <= STEPS; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint32_t name = (uint32_t)(random >> 33) % NAMES;
        uint32_t node = (uint32_t)(random >> 41) % NODES;
        uint32_t index = (uint32_t)(random >> 49) % INDEXES;
        uint32_t *slot = &model.slots[name][node][index];
        uint32_t *entry = &model.entries[name][node][index];
        if (*slot == 0) {
            char text[16];
            name_text(name, text);
            *slot = step;
            assert_int_equal(add(&fixture, text, node, index, step, entry), KITH_OK);
        } else {
            kithi_entry_remove(&fixture.table, &fixture.rolls[node], *entry);
            *slot = 0;
        }
        check_name(&fixture, &model, name);
    }
    remove_all(&fixture);
    close_fixture(&fixture);
}

static void many_names_are_all_found_while_the_map_grows(void **state)
{
    (void)state;
    struct fixture fixture;
    enum { MANY = 3000 };
    open_fixture(&fixture, MANY, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        char text[16];
        uint32_t entry;
        name_text(i, text);
        assert_int_equal(add(&fixture, text, KITHI_OWN, 0, i, &entry), KITH_OK);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        char text[16];
        name_text(i, text);
        uint32_t entry = find(&fixture, text, KITHI_OWN, 0);
        assert_int_not_equal(entry, KITHI_NONE);
        assert_int_equal(fixture.table.entries[entry].slot, i);
    }
    assert_true(fixture.table.map.mask + 1 >= 2 * MANY); // at most half full
    remove_all(&fixture);
    close_fixture(&fixture);
}

static void running_out_of_memory_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 40; nth++) {
        struct fixture fixture;
        open_fixture(&fixture, 1000, 0);
        uint32_t added = 0;
        kith_platform_sim_fail_allocation(fixture.sim, nth, false);
        for (uint32_t i = 0; i < 60; i++) {
            char text[16];
            struct kithi_entry values = {.node = KITHI_OWN, .index = i, .slot = 1};
            name_text(i % 7, text);
            uint32_t entry;
            if (kithi_name_hold(&fixture.table, text, strlen(text), &values.name) != KITH_OK) {
                continue;
            }
            added += kithi_entry_add(&fixture.table, &fixture.rolls[0], &values, &entry) == KITH_OK;
            kithi_name_drop(&fixture.table, values.name);
        }
        kith_platform_sim_fail_allocation(fixture.sim, 0, false);
        assert_int_equal(fixture.rolls[0].count, added);
        assert_in_range(added, 59, 60);
        remove_all(&fixture);
        close_fixture(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_nodes_instances_come_first_by_turns),
        cmocka_unit_test(an_index_on_several_nodes_is_taken_by_turns),
        cmocka_unit_test(the_lowest_free_index_fills_gaps),
        cmocka_unit_test(own_and_replicated_entries_have_their_own_limits),
        cmocka_unit_test(one_node_leaves_the_last_quarter_to_others),
        cmocka_unit_test(the_digest_is_that_of_the_entries_whatever_their_order),
        cmocka_unit_test(random_changes_leave_what_a_plain_list_would),
        cmocka_unit_test(many_names_are_all_found_while_the_map_grows),
        cmocka_unit_test(running_out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
