// SPDX-License-Identifier: Apache-2.0
// Send, receive, call, reply, forward.
#include "check.h"

enum { STEPS = 5 };

struct scene {
    struct check *check;
    struct kith_ref to, client, next;
    uint32_t seen[STEPS];
    uint32_t count;
    const void *sent; // the message, to see whether it is the same that arrives
    enum kith_error result;
};

// Receives one message of any type and gives its value.
static uint32_t take(struct scene *scene, struct kith_process *self)
{
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    uint32_t value = check_value(message);
    kith_message_free(&message);
    return value;
}

static void send_value(struct scene *scene, struct kith_process *self, uint64_t type,
                       uint32_t value)
{
    struct kith_message *message = check_message(scene->check, type, value);
    CHECK(scene->check, kith_send(self, scene->to, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, message == NULL);
}

static void receive_one(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, message == scene->sent);
    CHECK(scene->check, message->type == CHECK_TYPE_A && check_value(message) == 7);
    CHECK(scene->check, kith_ref_equal(message->from, scene->client));
    CHECK(scene->check, kith_ref_equal(message->to, kith_self(self)));
    CHECK(scene->check, !message->waiting && !message->done && message->id == 0);
    kith_message_free(&message);
    scene->count++;
}

static void send_one(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, 7);
    message->from = scene->to; // a lie, which the kernel corrects
    scene->sent = message;
    CHECK(scene->check, kith_send(self, scene->to, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, message == NULL);
}

static void a_message_moves_and_its_sender_is_stamped(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, receive_one, &scene);
    scene.client = check_spawn(check, send_one, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1);
}

static void send_in_order(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (uint32_t value = 0; value < STEPS; value++) {
        send_value(scene, self, value % 2 == 0 ? CHECK_TYPE_A : CHECK_TYPE_B, value);
    }
}

static void receive_in_order(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (uint32_t value = 0; value < STEPS; value++) {
        scene->seen[value] = take(scene, self);
    }
}

static void messages_of_one_sender_keep_their_order(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, receive_in_order, &scene);
    check_spawn(check, send_in_order, &scene);
    check_finish(check);
    for (uint32_t value = 0; value < STEPS; value++) {
        CHECK(check, scene.seen[value] == value);
    }
}

static void receive_second_type_first(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (uint32_t place = 0; place < 2; place++) {
        struct kith_message *message = NULL;
        CHECK(scene->check,
              kith_receive_type(self, CHECK_TYPE_B, &message, KITH_FOREVER) == KITH_OK);
        scene->seen[place] = check_value(message);
        kith_message_free(&message);
    }
    for (uint32_t place = 2; place < STEPS; place++) {
        scene->seen[place] = take(scene, self);
    }
}

static void receiving_by_type_leaves_the_others_in_order(struct check *check)
{
    static const uint32_t expected[STEPS] = {1, 3, 0, 2, 4};
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, receive_second_type_first, &scene);
    check_spawn(check, send_in_order, &scene);
    check_finish(check);
    for (uint32_t place = 0; place < STEPS; place++) {
        CHECK(check, scene.seen[place] == expected[place]);
    }
}

// Replies to one request with its value plus 1.
static void serve_one(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, message->waiting && !message->done && message->id != 0);
    CHECK(scene->check, kith_ref_equal(message->reply_to, scene->client));
    uint32_t *value = message->data;
    *value += 1;
    CHECK(scene->check, kith_reply(self, &message) == KITH_OK);
    CHECK(scene->check, message == NULL);
    scene->count++;
}

static void call_once(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_B, 41);
    message->trace = 99;
    scene->sent = message;
    scene->result = kith_call(self, scene->to, &message, KITH_FOREVER);
    if (scene->result == KITH_OK) {
        CHECK(scene->check, message == scene->sent); // a local reply is the request, rewritten
        CHECK(scene->check, message->done && !message->waiting && message->error == KITH_OK);
        CHECK(scene->check, message->type == CHECK_TYPE_B && message->trace == 99);
        scene->seen[0] = check_value(message);
        kith_message_free(&message);
    }
    CHECK(scene->check, message == NULL);
}

static void a_call_gives_the_reply_in_the_same_message(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, serve_one, &scene);
    scene.client = check_spawn(check, call_once, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1 && scene.result == KITH_OK);
    CHECK(check, scene.seen[0] == 42);
}

static void forward_one(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, kith_forward(self, scene->next, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, message == NULL);
}

static void the_reply_to_a_forwarded_request_goes_to_the_first_sender(struct check *check)
{
    struct scene scene = {.check = check};
    scene.next = check_spawn(check, serve_one, &scene);
    scene.to = check_spawn(check, forward_one, &scene);
    scene.client = check_spawn(check, call_once, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1 && scene.result == KITH_OK);
    CHECK(check, scene.seen[0] == 42);
}

static void drop_one(struct kith_process *self, void *argument)
{
    take(argument, self);
}

static void a_request_that_is_dropped_ends_with_down(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, drop_one, &scene);
    scene.client = check_spawn(check, call_once, &scene);
    check_finish(check);
    CHECK(check, scene.result == KITH_ERROR_DOWN);
}

static void end_at_once(struct kith_process *self, void *argument)
{
    (void)argument;
    kith_exit(self, KITH_ERROR_IO);
}

static void a_request_to_a_process_that_ends_ends_with_down(struct check *check)
{
    struct scene scene = {.check = check};
    scene.client = check_spawn(check, call_once, &scene);
    scene.to = check_spawn(check, end_at_once, &scene);
    check_finish(check);
    CHECK(check, scene.result == KITH_ERROR_DOWN);
}

static void refuse_one(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, kith_reply_error(self, &message, KITH_ERROR_UNSUPPORTED) == KITH_OK);
    CHECK(scene->check, message == NULL);
}

static void call_and_be_refused(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_B, 41);
    CHECK(scene->check, kith_call(self, scene->to, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, message->error == KITH_ERROR_UNSUPPORTED);
    CHECK(scene->check, message->data == NULL && message->size == 0);
    kith_message_free(&message);
    scene->count++;
}

static void a_server_can_reply_with_an_error(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, refuse_one, &scene);
    check_spawn(check, call_and_be_refused, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1);
}

// Has two requests under way at once and fetches the outcome of the second first.
static void request_twice(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t ids[2];
    for (uint32_t place = 0; place < 2; place++) {
        struct kith_ref to = place == 0 ? scene->to : scene->next;
        struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, 10 * place);
        CHECK(scene->check,
              kith_request(self, to, &message, KITH_FOREVER, KITH_FOREVER, &ids[place]) == KITH_OK);
        CHECK(scene->check, message == NULL);
    }
    CHECK(scene->check, ids[0] != ids[1]);
    for (uint32_t place = 2; place-- > 0;) {
        struct kith_message *message = NULL;
        CHECK(scene->check,
              kith_receive_reply(self, ids[place], &message, KITH_FOREVER) == KITH_OK);
        CHECK(scene->check, message->done && message->id == ids[place]);
        scene->seen[place] = check_value(message);
        kith_message_free(&message);
    }
}

static void replies_are_fetched_by_the_id_of_their_request(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, serve_one, &scene);
    scene.next = check_spawn(check, serve_one, &scene);
    scene.client = check_spawn(check, request_twice, &scene);
    check_finish(check);
    CHECK(check, scene.seen[0] == 1 && scene.seen[1] == 11);
}

static void reply_to_no_request(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, kith_reply(self, &message) == KITH_ERROR_INVALID);
    CHECK(scene->check, message != NULL);
    kith_message_free(&message);
    scene->count++;
}

static void code_outside_of_processes_can_post_but_gets_no_reply(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, reply_to_no_request, &scene);
    struct kith_message *message = check_message(check, CHECK_TYPE_A, 1);
    CHECK(check, kith_post(check->node, scene.to, &message) == KITH_OK);
    CHECK(check, message == NULL);
    check_finish(check);
    CHECK(check, scene.count == 1);
    message = check_message(check, CHECK_TYPE_A, 1);
    CHECK(check, kith_post(check->node, scene.to, &message) == KITH_ERROR_STALE);
    CHECK(check, message != NULL);
    kith_message_free(&message);
}

static void send_into_the_void(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, 3);
    CHECK(scene->check, kith_send(self, scene->to, &message, KITH_FOREVER) == KITH_ERROR_STALE);
    CHECK(scene->check, message != NULL && check_value(message) == 3);
    CHECK(scene->check, kith_send(self, KITH_REF_NONE, &message, KITH_FOREVER) != KITH_OK);
    CHECK(scene->check, message != NULL);
    message->type = KITH_TYPE_DOWN; // only the kernel may
    CHECK(scene->check,
          kith_send(self, kith_self(self), &message, KITH_FOREVER) == KITH_ERROR_DENIED);
    CHECK(scene->check, message != NULL);
    kith_message_free(&message);
    scene->count++;
}

static void a_send_that_fails_leaves_the_message_to_its_sender(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, end_at_once, &scene);
    check_finish(check);
    check_spawn(check, send_into_the_void, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1);
    struct kith_node_counters counters;
    kith_node_counters(check->node, &counters);
    CHECK(check, counters.stale == 1 && counters.denied == 1);
    CHECK(check, counters.sent == 0 && counters.delivered == 0);
}

static void call_oneself(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, 3);
    CHECK(scene->check,
          kith_call(self, kith_self(self), &message, KITH_FOREVER) == KITH_ERROR_INVALID);
    CHECK(scene->check, message != NULL && check_value(message) == 3 && !message->waiting);
    kith_message_free(&message);
    scene->count++;
}

static void a_call_to_oneself_is_refused(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, call_oneself, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_message_moves_and_its_sender_is_stamped),
    CHECK_CASE(messages_of_one_sender_keep_their_order),
    CHECK_CASE(receiving_by_type_leaves_the_others_in_order),
    CHECK_CASE(a_call_gives_the_reply_in_the_same_message),
    CHECK_CASE(the_reply_to_a_forwarded_request_goes_to_the_first_sender),
    CHECK_CASE(a_request_that_is_dropped_ends_with_down),
    CHECK_CASE(a_request_to_a_process_that_ends_ends_with_down),
    CHECK_CASE(a_server_can_reply_with_an_error),
    CHECK_CASE(a_call_to_oneself_is_refused),
    CHECK_CASE(replies_are_fetched_by_the_id_of_their_request),
    CHECK_CASE(code_outside_of_processes_can_post_but_gets_no_reply),
    CHECK_CASE(a_send_that_fails_leaves_the_message_to_its_sender),
};

CHECK_MAIN(cases)
