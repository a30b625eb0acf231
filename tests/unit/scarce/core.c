// SPDX-License-Identifier: Apache-2.0
// The kernel without memory: processes that call, send, forward, monitor and wait.
#include "scarce.h"

#include <kith/rights.h>
#include <kith/timer.h>

enum { REPLY = 1, REFUSE, FORWARD, DROP, PAYLOAD = 3000 };

struct scene {
    struct scarce *scarce;
    struct kith_node *node;
    struct kith_ref server, second;
    struct kith_alarm alarm;
    unsigned fired;
};

static void serve(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message;
    while (kith_receive(self, &message, kith_deadline_ms(self, 500)) == KITH_OK) {
        if (message->waiting && message->type == REPLY) {
            (void)scarce_ok(scene->scarce, kith_message_resize(message, PAYLOAD));
            (void)scarce_ok(scene->scarce, kith_reply(self, &message));
        } else if (message->waiting && message->type == REFUSE) {
            (void)scarce_ok(scene->scarce, kith_reply_error(self, &message, KITH_ERROR_DENIED));
        } else if (message->type == FORWARD) {
            message->type = REPLY;
            (void)scarce_ok(scene->scarce,
                            kith_forward(self, scene->second, &message, KITH_NO_WAIT));
        }
        kith_message_free(&message);
    }
    kith_exit(self, KITH_OK);
}

static void ask(struct scene *scene, struct kith_process *self, uint64_t type)
{
    struct kith_message *message = scarce_message(scene->scarce, scene->node, type, PAYLOAD);
    if (message == NULL) {
        return;
    }
    enum kith_error error = kith_call(self, scene->server, &message, kith_deadline_ms(self, 10));
    if (type != DROP && scarce_ok(scene->scarce, error)) {
        assert_int_equal(message->error, type == REFUSE ? KITH_ERROR_DENIED : KITH_OK);
    }
    kith_message_free(&message);
}

static void ask_later(struct scene *scene, struct kith_process *self)
{
    uint64_t id;
    struct kith_message *message = scarce_message(scene->scarce, scene->node, REPLY, 5);
    if (message == NULL) {
        return;
    }
    uint64_t deadline_ns = kith_deadline_ms(self, 10);
    if (scarce_ok(scene->scarce,
                  kith_request(self, scene->server, &message, deadline_ns, deadline_ns, &id))) {
        (void)scarce_ok(scene->scarce, kith_receive_reply(self, id, &message, deadline_ns));
    }
    kith_message_free(&message);
}

static void tell(struct scene *scene, struct kith_process *self)
{
    struct kith_message *message = scarce_message(scene->scarce, scene->node, DROP, 0);
    if (message != NULL) {
        void *part = kith_message_allocate(message, PAYLOAD);
        (void)scarce_ok(scene->scarce, part != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY);
        kith_message_reset(message);
        (void)scarce_ok(scene->scarce, kith_message_resize(message, PAYLOAD));
        (void)scarce_ok(scene->scarce,
                        kith_send(self, scene->server, &message, kith_deadline_ms(self, 10)));
        kith_message_free(&message);
    }
    message = scarce_message(scene->scarce, scene->node, DROP, 10);
    if (message != NULL) {
        (void)scarce_ok(scene->scarce, kith_post(scene->node, kith_self(self), &message));
        kith_message_free(&message);
        if (kith_receive_type(self, DROP, &message, KITH_NO_WAIT) == KITH_OK) {
            kith_message_free(&message);
        }
    }
}

static void end_at_once(struct kith_process *self, void *argument)
{
    (void)argument;
    (void)kith_yield(self);
    kith_exit(self, KITH_ERROR_IO);
}

// Monitors, ties and timers; their messages are read to the end.
static void wait_for_ends(struct scene *scene, struct kith_process *self)
{
    struct scarce *scarce = scene->scarce;
    struct kith_message *message;
    uint64_t timer, monitor;
    struct kith_ref short_lived = scarce_spawn(scarce, scene->node, end_at_once, NULL);
    (void)scarce_ok(scarce, kith_monitor_start(self, short_lived, NULL));
    (void)scarce_ok(scarce, kith_tie(self, scene->server));
    if (scarce_ok(scarce, kith_monitor_start(self, scene->second, &monitor))) {
        (void)scarce_ok(scarce, kith_monitor_stop(self, monitor));
    }
    (void)scarce_ok(scarce, kith_timer_start(self, kith_now(self) + MS, 0, &timer));
    if (scarce_ok(scarce, kith_timer_start(self, kith_now(self) + MS, MS, &timer))) {
        (void)scarce_ok(scarce, kith_timer_stop(self, timer));
    }
    while (kith_receive(self, &message, kith_deadline_ms(self, 20)) == KITH_OK) {
        kith_message_free(&message);
    }
    (void)kith_sleep_until(self, kith_deadline_ms(self, 1));
}

static void use_everything(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    ask(scene, self, REPLY);
    ask(scene, self, REFUSE);
    ask(scene, self, FORWARD);
    ask(scene, self, DROP);
    ask_later(scene, self);
    tell(scene, self);
    wait_for_ends(scene, self);
}

static bool allow(void *state, const struct kith_message *message, bool remote)
{
    (void)state, (void)message, (void)remote;
    return true;
}

static void note_alarm(struct kith_alarm *alarm)
{
    struct scene *scene = (struct scene *)(void *)((char *)alarm - offsetof(struct scene, alarm));
    scene->fired++;
}

static void run_to_end(struct scene *scene)
{
    const struct kith_platform *platform = kith_node_platform(scene->node);
    uint64_t deadline_ns;
    while ((deadline_ns = kith_node_step(scene->node)) != KITH_FOREVER) {
        platform->idle(platform->state, deadline_ns);
    }
}

static void use_kernel(struct scarce *scarce)
{
    const struct kith_rights rights = {.allow = allow};
    struct scene scene = {.scarce = scarce, .node = scarce_node(scarce, "scarce")};
    if (scene.node == NULL) {
        return;
    }
    kith_rights_set(scene.node, &rights);
    kith_alarm_init(&scene.alarm, note_alarm);
    bool set =
        scarce_ok(scarce, kith_alarm_set(scene.node, &scene.alarm, kith_node_now(scene.node) + MS));
    scene.server = scarce_spawn(scarce, scene.node, serve, &scene);
    scene.second = scarce_spawn(scarce, scene.node, serve, &scene);
    (void)scarce_spawn(scarce, scene.node, use_everything, &scene);
    run_to_end(&scene);
    assert_int_equal(scene.fired, set ? 1 : 0);
    kith_alarm_clear(scene.node, &scene.alarm);
    scarce_node_close(scene.node);
}

static void the_kernel_lives_without_memory(void **state)
{
    (void)state;
    scarce_run(use_kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_lives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
