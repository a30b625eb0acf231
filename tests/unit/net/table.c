// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "table.h"

struct entry {
    struct kithi_key key;
    uint64_t value;
};

static bool refuses; // an allocation fails

static void *allocate(void *state, size_t size)
{
    (void)state;
    return refuses ? NULL : malloc(size);
}

static void release(void *state, void *memory, size_t size)
{
    (void)state, (void)size;
    free(memory);
}

static const struct kith_platform platform = {.allocate = allocate, .release = release};

static struct kithi_key key_of(uint64_t number)
{
    return (struct kithi_key){number, number % 7, number % 3};
}

static void add(struct kithi_table *table, uint64_t number)
{
    struct kithi_key key = key_of(number);
    void *entry;
    assert_int_equal(kithi_table_add(table, &platform, &key, &entry), KITH_OK);
    ((struct entry *)entry)->value = 10 * number;
}

static struct entry *find(struct kithi_table *table, uint64_t number)
{
    struct kithi_key key = key_of(number);
    return kithi_table_find(table, &key);
}

static void entries_are_found_again_while_others_come_and_go(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct kithi_table table;
    kithi_table_init(&table, sizeof(struct entry), COUNT, 99);
    assert_null(find(&table, 1));
    for (uint64_t number = 1; number <= COUNT; number++) {
        add(&table, number);
    }
    for (uint64_t number = 1; number <= COUNT; number += 3) {
        kithi_table_remove(&table, find(&table, number));
    }
    for (uint64_t number = 1; number <= COUNT; number++) {
        struct entry *entry = find(&table, number);
        if (number % 3 == 1) {
            assert_null(entry);
        } else {
            assert_int_equal(entry->value, 10 * number);
        }
    }
    kithi_table_fini(&table, &platform);
}

static void all_can_be_removed_on_one_walk(void **state)
{
    (void)state;
    struct kithi_table table;
    kithi_table_init(&table, sizeof(struct entry), 100, 1);
    for (uint64_t number = 1; number <= 100; number++) {
        add(&table, number);
    }
    uint32_t removed = 0;
    for (uint32_t place = 0; place < table.capacity;) {
        void *entry = kithi_table_at(&table, place);
        if (entry == NULL) {
            place++;
            continue;
        }
        kithi_table_remove(&table, entry);
        removed++;
    }
    assert_int_equal(removed, 100);
    assert_int_equal(table.len, 0);
    kithi_table_fini(&table, &platform);
}

static void a_table_never_grows_beyond_its_limit(void **state)
{
    (void)state;
    struct kithi_table table;
    kithi_table_init(&table, sizeof(struct entry), 2, 1);
    add(&table, 1);
    add(&table, 2);
    struct kithi_key key = key_of(3);
    void *entry;
    assert_int_equal(kithi_table_add(&table, &platform, &key, &entry), KITH_ERROR_LIMIT);
    kithi_table_clear(&table);
    assert_null(find(&table, 1));
    add(&table, 3);
    kithi_table_fini(&table, &platform);
}

static void without_memory_a_table_stays_as_it_is(void **state)
{
    (void)state;
    struct kithi_table table;
    kithi_table_init(&table, sizeof(struct entry), 100, 1);
    struct kithi_key key = key_of(50);
    void *entry;
    refuses = true;
    assert_int_equal(kithi_table_add(&table, &platform, &key, &entry), KITH_ERROR_NO_MEMORY);
    refuses = false;
    for (uint64_t number = 1; number <= 6; number++) {
        add(&table, number);
    }
    refuses = true;
    assert_int_equal(kithi_table_add(&table, &platform, &key, &entry), KITH_ERROR_NO_MEMORY);
    refuses = false;
    assert_int_equal(table.len, 6);
    assert_int_equal(find(&table, 6)->value, 60);
    kithi_table_fini(&table, &platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_again_while_others_come_and_go),
        cmocka_unit_test(all_can_be_removed_on_one_walk),
        cmocka_unit_test(a_table_never_grows_beyond_its_limit),
        cmocka_unit_test(without_memory_a_table_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
