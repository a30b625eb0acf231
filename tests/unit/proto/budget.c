// SPDX-License-Identifier: Apache-2.0
// The measure of what unpacking takes: it has to be enough, and should not be much more.
#include "fixture.h"

#include <string.h>

#include <arena.h>
#include <budget.h>

#include <test.pb-c.h>

#include "shapes.h"

static size_t pack_all(struct fixture *fixture, uint64_t *seed, uint8_t *bytes)
{
    struct kith_message *message = new_message(fixture);
    Kith__Test__All *all = kith_message_set_typed(message, &kith__test__all__descriptor);
    assert_non_null(all);
    fill_all(message, all, seed);
    size_t size = kith__test__all__pack(all, bytes);
    kith_message_free(&message);
    return size;
}

static void the_measure_is_what_unpacking_takes(void **state)
{
    struct fixture *fixture = *state;
    uint64_t seed = 5;
    for (unsigned round = 0; round < 1000; round++) {
        uint8_t bytes[8192];
        size_t size = pack_all(fixture, &seed, bytes);
        size_t needed;
        assert_int_equal(
            kithi_budget_measure(&kith__test__all__descriptor, bytes, size, SIZE_MAX, &needed),
            KITH_OK);
        void *memory = test_malloc(needed);
        struct kithi_arena arena;
        kithi_arena_init(&arena, memory, needed);
        assert_non_null(kith__test__all__unpack(&arena.allocator, size, bytes));
        assert_in_range(arena.left, 0, 128);
        test_free(memory);
    }
}

static void the_measure_is_refused_above_its_limit(void **state)
{
    struct fixture *fixture = *state;
    uint64_t seed = 6;
    uint8_t bytes[8192];
    size_t size = pack_all(fixture, &seed, bytes);
    size_t needed, again;
    const ProtobufCMessageDescriptor *all = &kith__test__all__descriptor;
    assert_int_equal(kithi_budget_measure(all, bytes, size, SIZE_MAX, &needed), KITH_OK);
    assert_int_equal(kithi_budget_measure(all, bytes, size, needed, &again), KITH_OK);
    for (size_t most = 0; most < needed; most += 8) {
        assert_int_equal(kithi_budget_measure(all, bytes, size, most, &again), KITH_ERROR_LIMIT);
    }
}

static void an_arena_gives_no_more_than_it_has(void **state)
{
    (void)state;
    uint64_t memory[4];
    struct kithi_arena arena;
    kithi_arena_init(&arena, memory, sizeof memory);
    ProtobufCAllocator *allocator = &arena.allocator;
    assert_null(allocator->alloc(allocator->allocator_data, sizeof memory + 1));
    assert_null(allocator->alloc(allocator->allocator_data, SIZE_MAX));
    assert_null(allocator->alloc(allocator->allocator_data, SIZE_MAX - 8));
    assert_ptr_equal(allocator->alloc(allocator->allocator_data, 1), memory);
    assert_ptr_equal(allocator->alloc(allocator->allocator_data, 24), memory + 1);
    assert_null(allocator->alloc(allocator->allocator_data, 1));
    allocator->free(allocator->allocator_data, memory);
    assert_null(allocator->alloc(allocator->allocator_data, 1));
}

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(the_measure_is_what_unpacking_takes),
        NODE_TEST(the_measure_is_refused_above_its_limit),
        cmocka_unit_test(an_arena_gives_no_more_than_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
