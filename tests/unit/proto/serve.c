// SPDX-License-Identifier: Apache-2.0
// A process that serves, and others that call its methods.
#include "fixture.h"

#include <string.h>

#include <kith/method.h>
#include <kith/serve.h>

#include <test.pb-c.h>

// The server's state, and where the callers find it.
struct scene {
    struct fixture *fixture;
    struct kith_server server;
    struct kith_ref server_ref;
    enum kith_error serve_result;
    unsigned handled, others;
    struct kith_message *kept;
    struct kith_ref forward_to;
    unsigned called; // callers that got to their end
};

static struct scene scene;

static enum kith_error shout(struct kith_serving *serving, const void *request, void *reply)
{
    const Kith__Test__Text *text = request;
    Kith__Test__Text *louder = reply;
    louder->text = kith_message_text(*serving->message, text->text);
    if (louder->text == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (char *next = louder->text; *next != '\0'; next++) {
        *next = (char)(*next >= 'a' && *next <= 'z' ? *next - 'a' + 'A' : *next);
    }
    ((struct scene *)serving->state)->handled++;
    return KITH_OK;
}

static enum kith_error refuse(struct kith_serving *serving, const void *request, void *reply)
{
    (void)request;
    (void)reply;
    ((struct scene *)serving->state)->handled++;
    return KITH_ERROR_DENIED;
}

static enum kith_error keep(struct kith_serving *serving, const void *request, void *reply)
{
    (void)request;
    (void)reply;
    ((struct scene *)serving->state)->kept = kith_serving_take(serving);
    return KITH_ERROR_INVALID; // ignored
}

static enum kith_error forward(struct kith_serving *serving, const void *request, void *reply)
{
    (void)request;
    (void)reply;
    return kith_forward(serving->self, scene.forward_to, serving->message, KITH_FOREVER);
}

static void serve(struct kith_process *self, void *argument)
{
    (void)argument;
    scene.serve_result = kith_serve(self, &scene.server);
}

static struct kith_ref spawn(kith_process_entry *entry, void *argument)
{
    struct kith_ref ref;
    struct kith_spawn_options options = {.label = "test", .entry = entry, .argument = argument};
    assert_int_equal(kith_spawn(scene.fixture->node, &options, &ref), KITH_OK);
    return ref;
}

static int open_scene(void **state)
{
    static const struct kith_handler none[] = {{NULL, NULL}};
    open_fixture(state);
    memset(&scene, 0, sizeof scene);
    scene.fixture = *state;
    scene.server = (struct kith_server){
        .service = &kith__test__shapes__descriptor, .handlers = none, .state = &scene};
    return 0;
}

// Starts the server with these handlers, lets the caller run to its end, and ends the server.
static void play(const struct kith_handler *handlers, kith_process_entry *caller)
{
    struct kith_node *node = scene.fixture->node;
    scene.server.handlers = handlers;
    scene.server_ref = spawn(serve, NULL);
    spawn(caller, NULL);
    kith_node_settle(node);
    assert_int_equal(scene.called, 1);
    assert_int_equal(kith_kill(node, scene.server_ref, KITH_ERROR_KILLED), KITH_OK);
    kith_node_settle(node);
    assert_int_equal(scene.serve_result, KITH_ERROR_KILLED);
}

static struct kith_method find_method(const char *name)
{
    struct kith_method method;
    assert_int_equal(
        kith_method_find(scene.fixture->node, &kith__test__shapes__descriptor, name, &method),
        KITH_OK);
    return method;
}

static struct kith_message *new_text(const struct kith_method *method, const char *text)
{
    struct kith_message *message;
    assert_int_equal(kith_method_new(scene.fixture->node, method, &message), KITH_OK);
    Kith__Test__Text *request = message->data;
    request->text = kith_message_text(message, text);
    return message;
}

// Calls Shout with "hello", expects that outcome and gives the reply, or NULL.
static struct kith_message *call_shout(struct kith_process *self, enum kith_error expected)
{
    struct kith_method method = find_method("Shout");
    struct kith_message *message = new_text(&method, "hello");
    assert_int_equal(
        kith_method_call(self, scene.server_ref, &method, &message, kith_deadline_ms(self, 1000)),
        expected);
    assert_true((message == NULL) == (expected != KITH_OK));
    return message;
}

static void call_and_hear_hello(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message = call_shout(self, KITH_OK);
    const Kith__Test__Text *reply = message->data;
    assert_string_equal(reply->text, "HELLO");
    kith_message_free(&message);
    scene.called++;
}

static void a_call_gets_the_reply_of_its_handler(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Nothing", refuse}, {"Shout", shout}, {0}};
    play(handlers, call_and_hear_hello);
    assert_int_equal(scene.handled, 1);
}

static void call_and_be_denied(struct kith_process *self, void *argument)
{
    (void)argument;
    call_shout(self, KITH_ERROR_DENIED);
    scene.called++;
}

static void a_call_gets_the_error_of_its_handler(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", refuse}, {0}};
    play(handlers, call_and_be_denied);
}

static void call_what_nobody_handles(struct kith_process *self, void *argument)
{
    (void)argument;
    call_shout(self, KITH_ERROR_UNSUPPORTED);
    struct kith_method method = find_method("Shout");
    struct kith_message *message;
    const uint64_t types[] = {method.type | 0xff, KITH_TYPE(12345, 1), KITH_TYPE(0, 0)};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        message = new_text(&method, "hello");
        message->type = types[i];
        assert_int_equal(kith_call(self, scene.server_ref, &message, kith_deadline_ms(self, 1000)),
                         KITH_OK);
        assert_int_equal(message->error, KITH_ERROR_UNSUPPORTED);
        kith_message_free(&message);
    }
    message = new_text(&method, "wants no reply");
    assert_int_equal(kith_send(self, scene.server_ref, &message, KITH_NO_WAIT), KITH_OK);
    scene.called++;
}

static void a_call_that_nobody_handles_is_unsupported(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Nothing", refuse}, {"Grow", NULL}, {0}};
    play(handlers, call_what_nobody_handles);
    assert_int_equal(scene.handled, 0);
}

static void call_with_something_else(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_method method = find_method("Shout");
    struct kith_message *message;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(kith_message_new(scene.fixture->node, method.type, 10, &message), KITH_OK);
        memset(message->data, 0xff, 10);
        if (i == 1) {
            kith_message_set_typed(message, &kith__test__empty__descriptor);
        }
        assert_int_equal(kith_call(self, scene.server_ref, &message, kith_deadline_ms(self, 1000)),
                         KITH_OK);
        assert_int_equal(message->error, KITH_ERROR_INVALID);
        kith_message_free(&message);
    }
    scene.called++;
}

static void a_handler_never_sees_a_payload_of_another_kind(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", shout}, {0}};
    play(handlers, call_with_something_else);
    assert_int_equal(scene.handled, 0);
}

static enum kith_error expect_nothing(struct kith_serving *serving, const void *request,
                                      void *reply)
{
    const Kith__Test__Text *text = request;
    (void)reply;
    assert_string_equal(text->text, "");
    struct kith_message *message = kith_serving_take(serving);
    kith_message_reset(message);
    return kith_reply(serving->self, &message);
}

static void call_without_bytes(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_method method = find_method("Shout");
    struct kith_message *message;
    assert_int_equal(kith_message_new(scene.fixture->node, method.type, 0, &message), KITH_OK);
    assert_int_equal(kith_method_call(self, scene.server_ref, &method, &message, KITH_FOREVER),
                     KITH_OK);
    assert_string_equal(((const Kith__Test__Text *)message->data)->text, "");
    kith_message_free(&message);
    scene.called++;
}

static void no_bytes_are_a_struct_of_defaults(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", expect_nothing}, {0}};
    play(handlers, call_without_bytes);
}

static void send_only(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_method method = find_method("Shout");
    for (unsigned i = 0; i < 3; i++) {
        struct kith_message *message = new_text(&method, "no reply, please");
        assert_int_equal(kith_send(self, scene.server_ref, &message, KITH_FOREVER), KITH_OK);
    }
    scene.called++;
}

static void a_message_that_wants_no_reply_is_handled_too(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", shout}, {0}};
    play(handlers, send_only);
    assert_int_equal(scene.handled, 3);
    scene.called = scene.handled = 0;
    static const struct kith_handler refusing[] = {{"Shout", refuse}, {0}};
    play(refusing, send_only);
    assert_int_equal(scene.handled, 3);
}

static void reply_to_kept(struct kith_process *self, void *argument)
{
    (void)argument;
    Kith__Test__Text *reply = kith_message_set_typed(scene.kept, &kith__test__text__descriptor);
    reply->text = kith_message_text(scene.kept, "HELLO");
    assert_int_equal(kith_reply(self, &scene.kept), KITH_OK);
}

// Serves, and replies in its own good time.
static void serve_and_reply_later(struct kith_process *self, void *argument)
{
    assert_int_equal(kith_server_init(&scene.server, scene.fixture->node), KITH_OK);
    struct kith_message *message;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_serve_dispatch(self, &scene.server, &message), KITH_OK);
    assert_null(message);
    assert_non_null(scene.kept);
    reply_to_kept(self, argument);
}

static void a_handler_may_keep_a_request_and_reply_later(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", keep}, {0}};
    scene.server.handlers = handlers;
    scene.server_ref = spawn(serve_and_reply_later, NULL);
    spawn(call_and_hear_hello, NULL);
    kith_node_settle(scene.fixture->node);
    assert_int_equal(scene.called, 1);
}

static void serve_shout(struct kith_process *self, void *argument)
{
    static const struct kith_handler handlers[] = {{"Shout", shout}, {0}};
    struct kith_server server = {
        .service = &kith__test__shapes__descriptor, .handlers = handlers, .state = argument};
    kith_serve(self, &server);
}

static void a_handler_may_pass_a_request_on(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", forward}, {0}};
    scene.forward_to = spawn(serve_shout, &scene);
    play(handlers, call_and_hear_hello);
    assert_int_equal(scene.handled, 1);
    assert_int_equal(kith_kill(scene.fixture->node, scene.forward_to, KITH_ERROR_KILLED), KITH_OK);
}

static void take_other(struct kith_process *self, struct kith_message **message, void *state)
{
    struct scene *other = state;
    other->others++;
    if ((*message)->waiting) {
        assert_int_equal(kith_reply_error(self, message, KITH_ERROR_EXISTS), KITH_OK);
    }
    kith_message_free(message);
}

static void send_others(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(scene.fixture->node, KITH_TYPE(0, 1), 0, &message), KITH_OK);
    assert_int_equal(kith_call(self, scene.server_ref, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(message->error, KITH_ERROR_EXISTS);
    kith_message_free(&message);
    call_shout(self, KITH_ERROR_DENIED);
    scene.called++;
}

static void messages_of_other_kinds_go_to_the_programs_own_function(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", refuse}, {0}};
    scene.server.other = take_other;
    play(handlers, send_others);
    assert_int_equal(scene.others, 1);
    assert_int_equal(scene.handled, 1);
}

// Asks itself, so that a reply comes to the server.
static enum kith_error ask_myself(struct kith_serving *serving, const void *request, void *reply)
{
    (void)request;
    (void)reply;
    struct kith_method method = find_method("Nothing");
    struct kith_message *message;
    assert_int_equal(kith_method_new(scene.fixture->node, &method, &message), KITH_OK);
    uint64_t id;
    assert_int_equal(
        kith_request(serving->self, scene.server_ref, &message, KITH_NO_WAIT, KITH_FOREVER, &id),
        KITH_OK);
    return KITH_ERROR_DENIED;
}

static void a_reply_is_not_taken_for_a_request(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", ask_myself}, {"Nothing", refuse}, {0}};
    scene.server.other = take_other;
    play(handlers, call_and_be_denied);
    assert_int_equal(scene.handled, 1); // Nothing, once
    assert_int_equal(scene.others, 1);  // its reply
}

static enum kith_error sleep_for_ever(struct kith_serving *serving, const void *request,
                                      void *reply)
{
    (void)request;
    (void)reply;
    return kith_sleep_until(serving->self, KITH_FOREVER);
}

static void call_and_see_it_end(struct kith_process *self, void *argument)
{
    (void)argument;
    call_shout(self, KITH_ERROR_DOWN);
    scene.called++;
}

static void a_server_that_is_told_to_end_ends_with_its_handler(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", sleep_for_ever}, {0}};
    scene.server.handlers = handlers;
    scene.server_ref = spawn(serve, NULL);
    spawn(call_and_see_it_end, NULL);
    kith_node_settle(scene.fixture->node);
    assert_int_equal(kith_kill(scene.fixture->node, scene.server_ref, KITH_ERROR_KILLED), KITH_OK);
    kith_node_settle(scene.fixture->node);
    assert_int_equal(scene.called, 1);
    assert_int_equal(scene.serve_result, KITH_ERROR_KILLED);
}

static void a_handler_for_a_method_that_is_none_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct kith_handler handlers[] = {{"Shout", shout}, {"Whisper", shout}, {0}};
    scene.server.handlers = handlers;
    assert_int_equal(kith_server_init(&scene.server, fixture->node), KITH_ERROR_NOT_FOUND);
    struct kith_method method;
    assert_int_equal(kith_method_find(fixture->node, scene.server.service, "Whisper", &method),
                     KITH_ERROR_NOT_FOUND);
    assert_null(method.input);
}

static void call_and_find_no_memory(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_method method = find_method("Shout");
    struct kith_message *message = new_text(&method, "hello");
    // Leaves nothing of the memory that the message has built in.
    while (kith_message_allocate(message, 16) != NULL) {
    }
    assert_int_equal(kith_method_call(self, scene.server_ref, &method, &message, KITH_FOREVER),
                     KITH_ERROR_NO_MEMORY);
    scene.called++;
}

static int open_small_scene(void **state)
{
    open_scene(state);
    struct fixture *fixture = *state;
    kith_node_close(fixture->node);
    fixture->limits.message_memory = 0;
    struct kith_node_options options = {.platform = &fixture->platform, .limits = &fixture->limits};
    assert_int_equal(kith_node_open(&options, &fixture->node), KITH_OK);
    return 0;
}

static void without_memory_for_the_reply_the_call_ends_with_that(void **state)
{
    (void)state;
    static const struct kith_handler handlers[] = {{"Shout", shout}, {0}};
    play(handlers, call_and_find_no_memory);
    assert_int_equal(scene.handled, 0);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_call_gets_the_reply_of_its_handler),
        SCENE_TEST(a_call_gets_the_error_of_its_handler),
        SCENE_TEST(a_call_that_nobody_handles_is_unsupported),
        SCENE_TEST(a_handler_never_sees_a_payload_of_another_kind),
        SCENE_TEST(no_bytes_are_a_struct_of_defaults),
        SCENE_TEST(a_message_that_wants_no_reply_is_handled_too),
        SCENE_TEST(a_handler_may_keep_a_request_and_reply_later),
        SCENE_TEST(a_handler_may_pass_a_request_on),
        SCENE_TEST(messages_of_other_kinds_go_to_the_programs_own_function),
        SCENE_TEST(a_reply_is_not_taken_for_a_request),
        SCENE_TEST(a_server_that_is_told_to_end_ends_with_its_handler),
        SCENE_TEST(a_handler_for_a_method_that_is_none_is_refused),
        cmocka_unit_test_setup_teardown(without_memory_for_the_reply_the_call_ends_with_that,
                                        open_small_scene, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
