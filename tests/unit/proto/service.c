// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include <test.pb-c.h>

// Computed apart from this code, from the rules in docs/wire.md.
static void signatures_are_what_the_document_says(void **state)
{
    (void)state;
    assert_true(kith_service_signature("") == UINT64_C(0xf29ce4842223ee));
    assert_true(kith_service_signature("a") == UINT64_C(0x63dc4c8601ec23));
    assert_true(kith_service_signature("kith.Naming") == UINT64_C(0x5058730652d37f));
    assert_true(kith_service_signature("kith.test.Shapes") == UINT64_C(0x70adb4060396d5));
    assert_true(kith_service_type(&kith__test__shapes__descriptor, 2) ==
                (UINT64_C(0x70adb4060396d5) << 8 | 2));
}

static void a_service_is_found_by_its_signature(void **state)
{
    struct fixture *fixture = *state;
    uint64_t signature = kith_service_signature("kith.test.Shapes");
    assert_null(kith_service_find(fixture->node, signature));
    assert_int_equal(kith_service_count(fixture->node), 0);
    assert_int_equal(kith_service_register(fixture->node, &kith__test__shapes__descriptor),
                     KITH_OK);
    assert_int_equal(kith_service_register(fixture->node, &kith__test__others__descriptor),
                     KITH_OK);
    assert_int_equal(kith_service_register(fixture->node, &kith__test__shapes__descriptor),
                     KITH_OK);
    assert_int_equal(kith_service_count(fixture->node), 2);
    assert_ptr_equal(kith_service_find(fixture->node, signature), &kith__test__shapes__descriptor);
    assert_ptr_equal(kith_service_at(fixture->node, 0), &kith__test__shapes__descriptor);
    assert_ptr_equal(kith_service_at(fixture->node, 1), &kith__test__others__descriptor);
    assert_null(kith_service_find(fixture->node, signature + 1));
}

static void a_method_is_found_by_its_type(void **state)
{
    struct fixture *fixture = *state;
    const ProtobufCServiceDescriptor *shapes = &kith__test__shapes__descriptor;
    uint64_t type = kith_service_type(shapes, 3);
    assert_null(kith_service_method(fixture->node, type));
    assert_int_equal(kith_service_register(fixture->node, shapes), KITH_OK);
    assert_string_equal(kith_service_method(fixture->node, type)->name, "Nothing");
    assert_null(kith_service_method(fixture->node, type + 1));
    assert_null(kith_service_method(fixture->node, KITH_TYPE_DOWN));
}

static void another_service_with_the_same_name_is_refused(void **state)
{
    struct fixture *fixture = *state;
    ProtobufCServiceDescriptor other = kith__test__others__descriptor;
    other.name = "kith.test.Shapes";
    assert_int_equal(kith_service_register(fixture->node, &kith__test__shapes__descriptor),
                     KITH_OK);
    assert_int_equal(kith_service_register(fixture->node, &other), KITH_ERROR_EXISTS);
    assert_int_equal(kith_service_count(fixture->node), 1);
}

static void a_service_with_too_many_methods_is_refused(void **state)
{
    struct fixture *fixture = *state;
    ProtobufCServiceDescriptor large = kith__test__others__descriptor;
    large.n_methods = 257;
    assert_int_equal(kith_service_register(fixture->node, &large), KITH_ERROR_LIMIT);
    large.n_methods = 256;
    assert_int_equal(kith_service_register(fixture->node, &large), KITH_OK);
}

static void there_is_room_for_256_services(void **state)
{
    struct fixture *fixture = *state;
    static ProtobufCServiceDescriptor services[257];
    static char names[257][16];
    for (unsigned i = 0; i < 257; i++) {
        snprintf(names[i], sizeof names[i], "many.S%u", i);
        services[i] = kith__test__others__descriptor;
        services[i].name = names[i];
        assert_int_equal(kith_service_register(fixture->node, &services[i]),
                         i < 256 ? KITH_OK : KITH_ERROR_LIMIT);
    }
    for (unsigned i = 0; i < 257; i++) {
        assert_ptr_equal(kith_service_find(fixture->node, kith_service_signature(names[i])),
                         i < 256 ? &services[i] : NULL);
    }
}

static void without_memory_the_known_services_stay(void **state)
{
    struct fixture *fixture = *state;
    static ProtobufCServiceDescriptor services[17];
    static char names[17][16];
    for (unsigned i = 0; i < 17; i++) {
        snprintf(names[i], sizeof names[i], "some.S%u", i);
        services[i] = kith__test__others__descriptor;
        services[i].name = names[i];
    }
    for (unsigned round = 0; round < 3; round++) { // the registry, its entries, its slots
        kith_platform_sim_fail_allocation(fixture->sim, round < 2 ? 1 : 2, true);
        assert_int_equal(kith_service_register(fixture->node, &services[0]), KITH_ERROR_NO_MEMORY);
        kith_platform_sim_fail_allocation(fixture->sim, 0, false);
        assert_int_equal(kith_service_count(fixture->node), 0);
        if (round == 0) {
            assert_null(kith_service_find(fixture->node, kith_service_signature(names[0])));
            kith_platform_sim_fail_allocation(fixture->sim, 2, true);
            assert_int_equal(kith_service_register(fixture->node, &services[0]),
                             KITH_ERROR_NO_MEMORY);
        }
    }
    unsigned count = 0;
    kith_platform_sim_fail_allocation(fixture->sim, 3, true);
    while (kith_service_register(fixture->node, &services[count]) == KITH_OK) {
        count++;
    }
    kith_platform_sim_fail_allocation(fixture->sim, 0, false);
    assert_in_range(count, 1, 16);
    assert_int_equal(kith_service_count(fixture->node), count);
    for (unsigned i = 0; i < count; i++) {
        assert_non_null(kith_service_find(fixture->node, kith_service_signature(names[i])));
    }
    assert_int_equal(kith_service_register(fixture->node, &services[count]), KITH_OK);
}

static void a_node_without_services_closes(void **state)
{
    struct fixture *fixture = *state;
    kith_codec_close(fixture->node);
    kith_codec_close(fixture->node);
    assert_int_equal(kith_service_count(fixture->node), 0);
}

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_what_the_document_says),
        NODE_TEST(a_service_is_found_by_its_signature),
        NODE_TEST(a_method_is_found_by_its_type),
        NODE_TEST(another_service_with_the_same_name_is_refused),
        NODE_TEST(a_service_with_too_many_methods_is_refused),
        NODE_TEST(there_is_room_for_256_services),
        NODE_TEST(without_memory_the_known_services_stay),
        NODE_TEST(a_node_without_services_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
