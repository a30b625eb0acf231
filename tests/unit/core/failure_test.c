// SPDX-License-Identifier: Apache-2.0
// Nodes that can't be opened as asked for. What happens without memory is in unit/scarce.
#include "fixture.h"

#include <string.h>

static void limits_that_cannot_work_are_refused(void **state)
{
    (void)state;
    struct kith_platform platform;
    struct kith_platform_sim *sim = kith_platform_sim_open(1, &platform);
    struct kith_limits limits = kith_limits_linux;
    limits.processes = 0;
    struct kith_node *node;
    struct kith_node_options options = {.platform = &platform, .limits = &limits};
    assert_int_equal(kith_node_open(&options, &node), KITH_ERROR_INVALID);
    kith_platform_sim_close(sim);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct kith_platform platform;
    struct kith_platform_sim *sim = kith_platform_sim_open(1, &platform);
    struct kith_node *node;
    char name[KITH_NAME_SIZE + 1];
    memset(name, 'n', sizeof name);
    name[KITH_NAME_SIZE] = '\0';
    struct kith_node_options options = {
        .name = name, .platform = &platform, .limits = &kith_limits_linux};
    assert_int_equal(kith_node_open(&options, &node), KITH_ERROR_INVALID);
    name[KITH_NAME_SIZE - 1] = '\0';
    assert_int_equal(kith_node_open(&options, &node), KITH_OK);
    assert_string_equal(kith_node_name(node), name);
    kith_node_close(node);
    assert_int_equal(kith_platform_sim_memory(sim), 0);
    kith_platform_sim_close(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_that_cannot_work_are_refused),
        cmocka_unit_test(a_name_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
