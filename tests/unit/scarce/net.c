// SPDX-License-Identifier: Apache-2.0
// Links without memory: connected, used by processes of both nodes, looked at, left and ended.
#include "pair.h"

enum { LARGE = 200 * 1024 };

struct scene {
    struct pair pair;
    struct scarce *scarce;
    struct kith_ref server, mortal; // on the right
};

static void serve(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        if (message->waiting) {
            (void)scarce_ok(scene->scarce, kith_reply(self, &message));
        }
        kith_message_free(&message);
    }
}

static void call(struct scene *scene, struct kith_process *self, size_t size)
{
    struct kith_message *message = scarce_message(scene->scarce, kith_process_node(self), 1, size);
    if (message != NULL) {
        enum kith_error error =
            kith_call(self, scene->server, &message, kith_deadline_ms(self, 200));
        if (scarce_ok(scene->scarce, error)) {
            // Without memory for it there, the request came back with a reason.
            (void)scarce_ok(scene->scarce, (enum kith_error)message->error);
            assert_true(message->error != 0 || message->size == size);
        }
        kith_message_free(&message);
    }
}

static void request(struct scene *scene, struct kith_process *self)
{
    struct kith_message *message = scarce_message(scene->scarce, kith_process_node(self), 1, 100);
    uint64_t id, deadline_ns = kith_deadline_ms(self, 100);
    if (message == NULL) {
        return;
    }
    if (scarce_ok(scene->scarce,
                  kith_request(self, scene->server, &message, deadline_ns, deadline_ns, &id))) {
        (void)scarce_ok(scene->scarce, kith_receive_reply(self, id, &message, deadline_ns));
    }
    kith_message_free(&message);
}

static void send(struct scene *scene, struct kith_process *self, struct kith_ref to, size_t size)
{
    struct kith_message *message = scarce_message(scene->scarce, kith_process_node(self), 2, size);
    if (message != NULL) {
        (void)scarce_ok(scene->scarce, kith_send(self, to, &message, kith_deadline_ms(self, 100)));
        kith_message_free(&message);
    }
}

// Monitors and a tie across the link, and what comes of them.
static void outlive(struct scene *scene, struct kith_process *self)
{
    struct kith_message *message;
    uint64_t monitor;
    (void)scarce_ok(scene->scarce, kith_monitor_start(self, scene->mortal, NULL));
    if (scarce_ok(scene->scarce, kith_monitor_start(self, scene->server, &monitor))) {
        (void)scarce_ok(scene->scarce, kith_monitor_stop(self, monitor));
    }
    (void)scarce_ok(scene->scarce, kith_tie(self, scene->server));
    (void)kith_sleep_until(self, kith_deadline_ms(self, 10));
    if (!kith_ref_is_none(scene->mortal)) {
        (void)kith_kill(scene->pair.right.node, scene->mortal, KITH_ERROR_KILLED);
    }
    while (kith_receive(self, &message, kith_deadline_ms(self, 50)) == KITH_OK) {
        kith_message_free(&message);
    }
    send(scene, self, scene->mortal, 10); // comes back
    while (kith_receive(self, &message, kith_deadline_ms(self, 50)) == KITH_OK) {
        kith_message_free(&message);
    }
}

static void use_everything(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    call(scene, self, 10);
    call(scene, self, LARGE);
    request(scene, self);
    send(scene, self, scene->server, 3000);
    send(scene, self, scene->server, LARGE);
    outlive(scene, self);
}

static void look(struct scene *scene)
{
    const struct pair_side *left = &scene->pair.left, *right = &scene->pair.right;
    struct kith_link_info info;
    struct kith_endpoint bound = kith_net_endpoint(left->net);
    assert_true(kith_endpoint_equal(&bound, &left->endpoint));
    for (uint32_t place = 0; place < kith_net_link_count(left->net); place++) {
        if (kith_net_link_info(left->net, place, &info) == KITH_OK) {
            assert_non_null(kith_link_state_name(info.state));
        }
    }
    (void)scarce_ok(scene->scarce, kith_net_peer_info(left->net, &right->endpoint, &info));
    (void)scarce_ok(scene->scarce,
                    kith_net_link_find(left->net, kith_node_incarnation(right->node), &info));
}

static void part(struct scene *scene)
{
    struct pair *pair = &scene->pair;
    (void)scarce_ok(scene->scarce, kith_net_peer_remove(pair->left.net, &pair->right.endpoint));
    pair_run(pair, 100);
    kith_net_leave(pair->right.net, scene->scarce->platform.now_ns(scene->scarce->sim) + 100 * MS);
    pair_run(pair, 200);
    assert_true(kith_net_quiet(pair->right.net));
}

static void use_links(struct scarce *scarce)
{
    struct scene scene = {.scarce = scarce};
    if (pair_open(&scene.pair, scarce)) {
        pair_run(&scene.pair, 3000); // it may take a second try
        scene.server = scarce_spawn(scarce, scene.pair.right.node, serve, &scene);
        scene.mortal = scarce_spawn(scarce, scene.pair.right.node, serve, &scene);
        (void)scarce_spawn(scarce, scene.pair.left.node, use_everything, &scene);
        pair_run(&scene.pair, 3000);
        look(&scene);
        part(&scene);
    }
    pair_close(&scene.pair);
}

static void links_live_without_memory(void **state)
{
    (void)state;
    scarce_run(use_links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_live_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
