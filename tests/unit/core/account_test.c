// SPDX-License-Identifier: Apache-2.0
// What a process has sent, received and used, where it is easily lost: messages are counted in 32
// bits and their overflows, and of many short slices only some are timed.
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

static void answer(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        assert_int_equal(kith_reply(self, &message), KITH_OK);
    }
}

struct worker {
    struct kith_ref answerer;
    int calls;
    unsigned long laps; // of a loop
};

static void work_when_told(struct kith_process *self, void *argument)
{
    const struct worker *worker = argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        for (int call = 0; call < worker->calls; call++) {
            assert_int_equal(kith_call(self, worker->answerer, &message, KITH_FOREVER), KITH_OK);
        }
        for (volatile unsigned long lap = 0; lap < worker->laps; lap++) {
        }
        kith_message_free(&message);
    }
}

static void tell(struct fixture *fixture, struct kith_ref to)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(fixture->node, 7, 8, &message), KITH_OK);
    assert_int_equal(kith_post(fixture->node, to, &message), KITH_OK);
    run_to_end(fixture);
}

// A round of many short slices and one of a single long one, by turns.
static void a_long_slice_after_many_short_ones_is_charged(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref answerer = spawn(&fixture, "answerer", answer, NULL);
    struct worker caller = {.answerer = answerer, .calls = 60}, burner = {.laps = 500000};
    struct kith_ref calling = spawn(&fixture, "calling", work_when_told, &caller);
    struct kith_ref burning = spawn(&fixture, "burning", work_when_told, &burner);
    run_to_end(&fixture);
    for (int turn = 0; turn < 20; turn++) {
        tell(&fixture, calling);
        tell(&fixture, burning);
    }
    assert_true(kithi_process_at(fixture.node, burning.slot)->cycles >
                kithi_process_at(fixture.node, calling.slot)->cycles);
    struct kith_ref all[] = {answerer, calling, burning};
    for (size_t place = 0; place < 3; place++) {
        assert_int_equal(kith_kill(fixture.node, all[place], KITH_ERROR_KILLED), KITH_OK);
    }
    run_to_end(&fixture);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_handed_over_is_counted),
        cmocka_unit_test(a_message_that_waits_in_the_mailbox_is_counted),
        cmocka_unit_test(a_message_that_waits_for_room_is_counted),
        cmocka_unit_test(a_long_slice_after_many_short_ones_is_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
