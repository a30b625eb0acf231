// SPDX-License-Identifier: Apache-2.0
// A process counts its messages in 32 bits and their overflows: by each way that a message takes.
#include "fixture.h"

#include "kernel.h"

struct scene {
    struct fixture fixture;
    struct kith_ref receiver;
    uint64_t pause_ms; // of the receiver, before it receives
    int before;        // messages sent first, that aren't the one in question
    uint64_t sent, received;
};

static void overflow_next(struct scene *scene, struct kith_process *sender)
{
    sender->sent = UINT32_MAX;
    kithi_process_at(scene->fixture.node, scene->receiver.slot)->received =
        UINT32_MAX - (uint32_t)scene->before;
}

static uint64_t read_count(const struct scene *scene, struct kith_ref ref, bool sent)
{
    struct kith_process_info info;
    assert_int_equal(kith_process_info(scene->fixture.node, ref.slot, &info), KITH_OK);
    return sent ? info.sent : info.received;
}

static void receive_all(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    (void)kith_sleep_until(self, kith_deadline_ms(self, scene->pause_ms));
    for (int i = 0; i <= scene->before; i++) {
        struct kith_message *message;
        assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
        kith_message_free(&message);
    }
    scene->received = read_count(scene, scene->receiver, false);
}

static void send_one(struct kith_process *self, const struct scene *scene)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(scene->fixture.node, 7, 8, &message), KITH_OK);
    assert_int_equal(kith_send(self, scene->receiver, &message, KITH_FOREVER), KITH_OK);
}

static void send_all(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    (void)kith_sleep_until(self, kith_deadline_ms(self, 1)); // the receiver is where it should be
    for (int i = 0; i < scene->before; i++) {
        send_one(self, scene);
    }
    overflow_next(scene, self);
    send_one(self, scene);
    scene->sent = read_count(scene, kith_self(self), true);
}

static void assert_counted(uint64_t pause_ms, int before)
{
    struct scene scene = {.pause_ms = pause_ms, .before = before};
    open_fixture(&scene.fixture, &kith_limits_linux);
    const struct kith_spawn_options options = {
        .label = "receiver", .entry = receive_all, .argument = &scene, .mailbox_messages = 1};
    assert_int_equal(kith_spawn(scene.fixture.node, &options, &scene.receiver), KITH_OK);
    spawn(&scene.fixture, "sender", send_all, &scene);
    run_to_end(&scene.fixture);
    assert_int_equal(scene.sent, (uint64_t)UINT32_MAX + 1);
    assert_int_equal(scene.received, (uint64_t)UINT32_MAX + 1);
    close_fixture(&scene.fixture);
}

static void a_message_handed_over_is_counted(void **state)
{
    (void)state;
    assert_counted(0, 0);
}

static void a_message_that_waits_in_the_mailbox_is_counted(void **state)
{
    (void)state;
    assert_counted(5, 0);
}

static void a_message_that_waits_for_room_is_counted(void **state)
{
    (void)state;
    assert_counted(5, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_handed_over_is_counted),
        cmocka_unit_test(a_message_that_waits_in_the_mailbox_is_counted),
        cmocka_unit_test(a_message_that_waits_for_room_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
