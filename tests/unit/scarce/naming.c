// SPDX-License-Identifier: Apache-2.0
// Names without memory: registered, looked up, found, waited for, watched, and sent to, on two
// nodes.
#include "pair.h"

enum { NAMES = 20, ENTRIES = 8 };

struct scene {
    struct pair pair;
    struct scarce *scarce;
};

static void expect_event(const struct kith_message *message)
{
    struct kith_naming_event event;
    if (kith_naming_event(message, &event)) {
        assert_non_null(event.name);
    }
}

// Reads what is in the mailbox and what comes soon.
static void drain(struct kith_process *self, uint64_t span_ms)
{
    struct kith_message *message;
    uint64_t deadline_ns = kith_deadline_ms(self, span_ms);
    while (kith_receive(self, &message, deadline_ns) == KITH_OK) {
        expect_event(message);
        kith_message_free(&message);
    }
}

static void hold_names(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (unsigned i = 0; i < NAMES; i++) {
        uint32_t index;
        (void)scarce_ok(scene->scarce, kith_register(self, "many", KITH_INDEX_ANY, &index,
                                                     kith_deadline_ms(self, 100)));
    }
    if (scarce_ok(scene->scarce,
                  kith_register(self, "brief", 3, NULL, kith_deadline_ms(self, 100)))) {
        drain(self, 1000);
        (void)scarce_ok(scene->scarce, kith_release(self, "brief", 3, kith_deadline_ms(self, 100)));
    }
    drain(self, 60000);
}

static void look_up(struct scene *scene, struct kith_process *self)
{
    struct kith_ref ref;
    struct scarce *scarce = scene->scarce;
    (void)scarce_ok(scarce, kith_naming_wait_complete(self, kith_deadline_ms(self, 300)));
    (void)scarce_ok(scarce, kith_wait_name(self, "many", kith_deadline_ms(self, 300), &ref));
    (void)scarce_ok(scarce,
                    kith_wait_name(self, "right/many/1", kith_deadline_ms(self, 300), &ref));
    (void)scarce_ok(scarce, kith_lookup(self, "many/2", kith_deadline_ms(self, 300), &ref));
    (void)scarce_ok(scarce,
                    kith_lookup(self, "10.0.0.2:7400/many", kith_deadline_ms(self, 300), &ref));
    (void)scarce_ok(scarce, kith_lookup_here(kith_process_node(self), "naming", &ref));
}

static void find(struct scene *scene, struct kith_process *self)
{
    struct kith_name_entry entries[ENTRIES], entry;
    size_t count;
    uint64_t cursor = 0;
    (void)scarce_ok(scene->scarce, kith_find(self, "right/many", kith_deadline_ms(self, 100),
                                             entries, ENTRIES, &count));
    while (kith_find_next(kith_process_node(self), "*", &cursor, &entry) == KITH_OK) {
        assert_true(kith_name_valid(entry.name));
    }
}

static void watch(struct scene *scene, struct kith_process *self)
{
    uint64_t watch;
    if (scarce_ok(scene->scarce,
                  kith_watch(self, "*", KITH_WATCH_NAMES | KITH_WATCH_NODES | KITH_WATCH_LINKS,
                             &watch, kith_deadline_ms(self, 100)))) {
        drain(self, 1500);
        (void)scarce_ok(scene->scarce, kith_unwatch(self, watch, kith_deadline_ms(self, 100)));
        drain(self, 10);
    }
}

static void send_to_all(struct scene *scene, struct kith_process *self)
{
    struct kith_send_all_result result;
    struct kith_message *message = scarce_message(scene->scarce, kith_process_node(self), 1, 2000);
    if (message != NULL) {
        (void)scarce_ok(scene->scarce, kith_send_all(self, "many/*", &message,
                                                     kith_deadline_ms(self, 100), &result));
        kith_message_free(&message);
    }
    drain(self, 50);
}

static void use_everything(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    (void)scarce_ok(scene->scarce,
                    kith_register(self, "user", KITH_INDEX_ANY, NULL, kith_deadline_ms(self, 100)));
    look_up(scene, self);
    find(scene, self);
    send_to_all(scene, self);
    watch(scene, self);
}

// With memory again, the nodes agree on what there is.
static void expect_agreement(struct scene *scene)
{
    struct kith_naming_status left, right;
    struct kith_naming_node_status node;
    assert_int_equal(kith_naming_status(scene->pair.left.node, &left), KITH_OK);
    assert_int_equal(kith_naming_status(scene->pair.right.node, &right), KITH_OK);
    uint64_t incarnation = kith_node_incarnation(scene->pair.right.node);
    bool found = false;
    for (uint32_t place = 0; place < left.nodes; place++) {
        if (kith_naming_node_status(scene->pair.left.node, place, &node) == KITH_OK &&
            node.incarnation == incarnation) {
            assert_true(node.complete);
            assert_int_equal(node.digest, right.digest);
            assert_int_equal(node.entries, right.own);
            found = true;
        }
    }
    assert_true(found);
}

static void use_names(struct scarce *scarce)
{
    struct scene scene = {.scarce = scarce};
    if (pair_open(&scene.pair, scarce)) {
        (void)scarce_spawn(scarce, scene.pair.right.node, hold_names, &scene);
        (void)scarce_spawn(scarce, scene.pair.left.node, use_everything, &scene);
        pair_run(&scene.pair, 8000);
        kith_platform_sim_fail_allocation(scarce->sim, 0, false);
        pair_run(&scene.pair, 40000);
        expect_agreement(&scene);
    }
    pair_close(&scene.pair);
}

static void names_live_without_memory(void **state)
{
    (void)state;
    scarce_run(use_names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_live_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
