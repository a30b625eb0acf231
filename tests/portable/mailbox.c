// SPDX-License-Identifier: Apache-2.0
// Full mailboxes: senders wait, give up, or go on.
#include "check.h"

enum { ROOM = 4, SENT = 10 };

struct scene {
    struct check *check;
    struct kith_ref to;
    uint32_t sent, received;
    enum kith_error result;
    uint32_t order[4];
    uint32_t count;
};

static struct kith_ref spawn_receiver(struct scene *scene, kith_process_entry *entry)
{
    struct kith_spawn_options options = {
        .entry = entry, .argument = scene, .mailbox_messages = ROOM, .mailbox_bytes = 256};
    struct kith_ref ref = KITH_REF_NONE;
    CHECK(scene->check, kith_spawn(scene->check->node, &options, &ref) == KITH_OK);
    return ref;
}

static void receive_when_posted(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    // Of type B, so that those of type A stay in the mailbox.
    CHECK(scene->check, kith_receive_type(self, CHECK_TYPE_B, &message, KITH_FOREVER) == KITH_OK);
    kith_message_free(&message);
    while (scene->received < SENT) {
        CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
        CHECK(scene->check, check_value(message) == scene->received);
        kith_message_free(&message);
        scene->received++;
    }
}

static void send_many(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    while (scene->sent < SENT) {
        struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, scene->sent);
        CHECK(scene->check, kith_send(self, scene->to, &message, KITH_FOREVER) == KITH_OK);
        CHECK(scene->check, message == NULL);
        scene->sent++;
    }
}

static void open_the_gate(struct scene *scene)
{
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_B, 0);
    CHECK(scene->check, kith_post(scene->check->node, scene->to, &message) == KITH_OK);
}

static void a_full_mailbox_suspends_the_sender_until_there_is_room(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = spawn_receiver(&scene, receive_when_posted);
    struct kith_ref sender = check_spawn(check, send_many, &scene);
    kith_node_settle(check->node);
    CHECK(check, scene.sent == ROOM && scene.received == 0);
    struct kith_process_info info;
    CHECK(check, kith_process_info(check->node, scene.to.slot, &info) == KITH_OK);
    CHECK(check, info.mailbox_messages == ROOM && info.mailbox_limit == ROOM);
    CHECK(check, info.mailbox_bytes >= ROOM * sizeof(uint32_t));
    CHECK(check, kith_process_info(check->node, sender.slot, &info) == KITH_OK);
    CHECK(check, info.state == KITH_STATE_SENDING);
    open_the_gate(&scene);
    check_finish(check);
    CHECK(check, scene.sent == SENT && scene.received == SENT);
}

static void never_receive(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    CHECK(scene->check, kith_sleep_until(self, KITH_FOREVER) == KITH_ERROR_KILLED);
}

static void try_until_full(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, 0);
    while (kith_send(self, scene->to, &message, KITH_NO_WAIT) == KITH_OK) {
        message = check_message(scene->check, CHECK_TYPE_A, ++scene->sent);
    }
    CHECK(scene->check, message != NULL && check_value(message) == ROOM);
    scene->result = kith_send(self, scene->to, &message, KITH_NO_WAIT);
    CHECK(scene->check, scene->result == KITH_ERROR_FULL && message != NULL);

    uint64_t deadline_ns = kith_deadline_ms(self, 2);
    scene->result = kith_send(self, scene->to, &message, deadline_ns);
    CHECK(scene->check, scene->result == KITH_ERROR_TIMEOUT && message != NULL);
    CHECK(scene->check, kith_now(self) >= deadline_ns);

    CHECK(scene->check, kith_kill(scene->check->node, scene->to, KITH_ERROR_IO) == KITH_OK);
    scene->result = kith_send(self, scene->to, &message, KITH_FOREVER);
    CHECK(scene->check, message != NULL && check_value(message) == ROOM);
    kith_message_free(&message);
}

static void a_sender_can_refuse_to_wait_or_wait_until_a_deadline_or_the_end(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = spawn_receiver(&scene, never_receive);
    check_spawn(check, try_until_full, &scene);
    check_finish(check);
    CHECK(check, scene.sent == ROOM);
    CHECK(check, scene.result == KITH_ERROR_STALE);
}

static void code_outside_of_processes_never_waits_for_room(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = spawn_receiver(&scene, never_receive);
    struct kith_message *message = check_message(check, CHECK_TYPE_A, 0);
    while (kith_post(check->node, scene.to, &message) == KITH_OK) {
        message = check_message(check, CHECK_TYPE_A, ++scene.sent);
    }
    CHECK(check, scene.sent == ROOM);
    CHECK(check, kith_post(check->node, scene.to, &message) == KITH_ERROR_FULL);
    kith_message_free(&message);
    kith_node_settle(check->node);
    CHECK(check, kith_kill(check->node, scene.to, KITH_ERROR_IO) == KITH_OK);
    check_finish(check);
}

struct sender {
    struct scene *scene;
    uint32_t number;
};

static void send_one(struct kith_process *self, void *argument)
{
    struct sender *sender = argument;
    struct kith_message *message =
        check_message(sender->scene->check, CHECK_TYPE_A, sender->number);
    CHECK(sender->scene->check,
          kith_send(self, sender->scene->to, &message, KITH_FOREVER) == KITH_OK);
}

static void receive_in_order(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive_type(self, CHECK_TYPE_B, &message, KITH_FOREVER) == KITH_OK);
    kith_message_free(&message);
    while (scene->count < 4) {
        CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
        scene->order[scene->count++] = check_value(message);
        kith_message_free(&message);
    }
}

static void waiting_senders_go_on_in_their_order(struct check *check)
{
    struct scene scene = {.check = check};
    struct sender senders[4];
    struct kith_spawn_options options = {
        .entry = receive_in_order, .argument = &scene, .mailbox_messages = 1};
    CHECK(check, kith_spawn(check->node, &options, &scene.to) == KITH_OK);
    for (uint32_t place = 0; place < 4; place++) {
        senders[place] = (struct sender){&scene, place};
        check_spawn(check, send_one, &senders[place]);
    }
    kith_node_settle(check->node);
    open_the_gate(&scene);
    check_finish(check);
    for (uint32_t place = 0; place < 4; place++) {
        CHECK(check, scene.order[place] == place);
    }
}

static void send_large(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    do {
        if (message == NULL) {
            CHECK(scene->check,
                  kith_message_new(scene->check->node, CHECK_TYPE_A, 100, &message) == KITH_OK);
        }
        scene->result = kith_send(self, scene->to, &message, KITH_NO_WAIT);
        scene->sent += scene->result == KITH_OK;
    } while (scene->result == KITH_OK && scene->sent < SENT);
    kith_message_free(&message);
}

static void wait_for_type_b(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive_type(self, CHECK_TYPE_B, &message, KITH_FOREVER) == KITH_OK);
    kith_message_free(&message);
}

static void a_mailbox_is_bounded_in_bytes_too(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = spawn_receiver(&scene, wait_for_type_b);
    check_spawn(check, send_large, &scene);
    kith_node_settle(check->node);
    CHECK(check, scene.sent >= 1 && scene.sent <= 256 / 100);
    CHECK(check, scene.result == KITH_ERROR_FULL);
    open_the_gate(&scene);
    check_finish(check);
}

static void send_until_killed(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    do {
        message = check_message(scene->check, CHECK_TYPE_A, scene->sent);
        scene->result = kith_send(self, scene->to, &message, KITH_FOREVER);
        scene->sent += scene->result == KITH_OK;
    } while (scene->result == KITH_OK && scene->sent < SENT);
    CHECK(scene->check, message != NULL && check_value(message) == scene->sent);
    kith_message_free(&message);
}

static void a_killed_sender_stops_waiting_and_keeps_its_message(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = spawn_receiver(&scene, wait_for_type_b);
    struct kith_ref sender = check_spawn(check, send_until_killed, &scene);
    kith_node_settle(check->node);
    CHECK(check, kith_kill(check->node, sender, KITH_ERROR_KILLED) == KITH_OK);
    kith_node_settle(check->node);
    CHECK(check, kith_node_processes(check->node) == 1);
    CHECK(check, scene.sent == ROOM && scene.result == KITH_ERROR_KILLED);
    open_the_gate(&scene);
    check_finish(check);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_full_mailbox_suspends_the_sender_until_there_is_room),
    CHECK_CASE(a_sender_can_refuse_to_wait_or_wait_until_a_deadline_or_the_end),
    CHECK_CASE(code_outside_of_processes_never_waits_for_room),
    CHECK_CASE(waiting_senders_go_on_in_their_order),
    CHECK_CASE(a_mailbox_is_bounded_in_bytes_too),
    CHECK_CASE(a_killed_sender_stops_waiting_and_keeps_its_message),
};

CHECK_MAIN(cases)
