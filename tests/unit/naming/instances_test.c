// SPDX-License-Identifier: Apache-2.0
// Instances of a name against a plain array of them, however they come and go.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kith/platform_sim.h>

#include "instances.h"
#include "map.h"

enum { NODES = 5, INDEXES = 4000, MOST = NODES * INDEXES };

struct model {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct kithi_instances instances;
    bool there[NODES][INDEXES];
    uint64_t random;
};

static uint32_t draw(struct model *model, uint32_t below)
{
    model->random = model->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(model->random >> 33) % below;
}

static void open_model(struct model *model)
{
    memset(model, 0, sizeof *model);
    model->sim = kith_platform_sim_open(1, &model->platform);
    assert_non_null(model->sim);
}

static void close_model(struct model *model)
{
    kithi_instances_clear(&model->instances, &model->platform);
    assert_int_equal(kith_platform_sim_memory(model->sim), 0);
    kith_platform_sim_close(model->sim);
}

static void add(struct model *model, uint32_t node, uint32_t index)
{
    const struct kithi_instance instance = {node, index, node * INDEXES + index};
    if (!model->there[node][index]) {
        assert_int_equal(kithi_instances_add(&model->instances, &model->platform, &instance),
                         KITH_OK);
        model->there[node][index] = true;
    }
}

static void take(struct model *model, uint32_t node, uint32_t index)
{
    if (model->there[node][index]) {
        kithi_instances_remove(&model->instances, &model->platform, node, index);
        model->there[node][index] = false;
    }
}

// Every instance is at its position, found, and sought from where there is none.
static void compare(const struct model *model)
{
    uint32_t position = 0;
    for (uint32_t node = 0; node < NODES; node++) {
        for (uint32_t index = 0; index < INDEXES; index++) {
            assert_int_equal(kithi_instances_seek(&model->instances, node, index), position);
            uint32_t entry = kithi_instances_find(&model->instances, node, index);
            if (!model->there[node][index]) {
                assert_true(entry == KITHI_NONE);
                continue;
            }
            const struct kithi_instance *at = kithi_instances_at(&model->instances, position++);
            assert_int_equal(entry, node * INDEXES + index);
            assert_true(at->node == node && at->index == index && at->entry == entry);
        }
    }
    assert_int_equal(model->instances.count, position);
}

static void they_stay_in_order_whatever_comes_and_goes(void **state)
{
    (void)state;
    static struct model model;
    open_model(&model);
    for (uint32_t step = 1; step <= 60000; step++) {
        bool grows = step / 15000 % 2 == 0;
        uint32_t node = draw(&model, NODES), index = draw(&model, INDEXES);
        if (draw(&model, 4) == 0 ? !grows : grows) {
            add(&model, node, index);
        } else {
            take(&model, node, index);
        }
        if (step % 5000 == 0 || step < 20) {
            compare(&model);
        }
    }
    close_model(&model);
}

static void they_come_and_go_from_either_end(void **state)
{
    (void)state;
    static struct model model;
    for (int way = 0; way < 4; way++) {
        open_model(&model);
        for (uint32_t i = 0; i < INDEXES; i++) {
            add(&model, 1, way & 1 ? i : INDEXES - 1 - i);
        }
        compare(&model);
        for (uint32_t i = 0; i < INDEXES - 1; i++) {
            take(&model, 1, way & 2 ? i : INDEXES - 1 - i);
        }
        compare(&model);
        assert_in_range(kith_platform_sim_memory(model.sim), 0, 20000); // merged on the way
        close_model(&model);
    }
}

static void few_that_are_left_of_many_take_little(void **state)
{
    (void)state;
    static struct model model;
    open_model(&model);
    for (uint32_t number = 0; number < MOST; number++) {
        add(&model, number / INDEXES, number % INDEXES);
    }
    size_t full = kith_platform_sim_memory(model.sim);
    for (uint32_t number = 0; number < MOST; number++) {
        if (number % 200 != 0) {
            take(&model, number / INDEXES, number % INDEXES);
        }
    }
    compare(&model);
    assert_in_range(kith_platform_sim_memory(model.sim), 0, full / 20);
    close_model(&model);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    static struct model model;
    open_model(&model);
    unsigned failed = 0;
    for (uint32_t index = 0; index < 2000; index++) {
        const struct kithi_instance instance = {1, index, INDEXES + index};
        kith_platform_sim_fail_allocation(model.sim, 1, true);
        enum kith_error error = kithi_instances_add(&model.instances, &model.platform, &instance);
        kith_platform_sim_fail_allocation(model.sim, 0, false);
        if (error != KITH_OK) {
            assert_int_equal(error, KITH_ERROR_NO_MEMORY);
            failed++;
            compare(&model);
            add(&model, 1, index);
        }
        model.there[1][index] = true;
    }
    compare(&model);
    assert_in_range(failed, 8, 30);
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_stay_in_order_whatever_comes_and_goes),
        cmocka_unit_test(they_come_and_go_from_either_end),
        cmocka_unit_test(few_that_are_left_of_many_take_little),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
