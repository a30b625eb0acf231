// SPDX-License-Identifier: Apache-2.0
// Services without memory: registered, described, built from their descriptions, served and called;
// payloads written and read.
#include "scarce.h"

#include <kith/describe.h>
#include <kith/method.h>
#include <kith/serve.h>

#include <describe.pb-c.h>
#include <old.pb-c.h>
#include <test.pb-c.h>

enum { CHILDREN = 40, TEXT_SIZE = 3000 };

struct scene {
    struct scarce *scarce;
    struct kith_node *node;
    struct kith_server server;
    struct kith_ref server_ref;
    struct kith_message *taken;
};

static enum kith_error shout(struct kith_serving *serving, const void *request, void *reply)
{
    Kith__Test__Text *louder = reply;
    louder->text = kith_message_text(*serving->message, ((const Kith__Test__Text *)request)->text);
    return louder->text != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

static enum kith_error take(struct kith_serving *serving, const void *request, void *reply)
{
    (void)request, (void)reply;
    struct scene *scene = serving->state;
    kith_message_free(&scene->taken);
    scene->taken = kith_serving_take(serving);
    return KITH_OK;
}

static void serve(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    enum kith_error error = kith_serve(self, &scene->server);
    (void)scarce_ok(scene->scarce, error == KITH_ERROR_KILLED ? KITH_OK : error);
}

// A large tree, in many parts of the arena; false if there was no room for all of it.
static bool grow(struct kith_message *message, Kith__Test__Tree *tree)
{
    tree->children = kith_message_allocate(message, CHILDREN * sizeof(void *));
    for (; tree->children != NULL && tree->n_children < CHILDREN; tree->n_children++) {
        Kith__Test__Tree *child = kith_message_part(message, &kith__test__tree__descriptor);
        if (child == NULL) {
            return false;
        }
        child->value = (uint32_t)tree->n_children;
        tree->children[tree->n_children] = child;
    }
    return tree->children != NULL;
}

// What was written is read as another message.
static void read_again(struct scene *scene, const struct kith_message *message)
{
    static uint8_t bytes[64 * 1024];
    size_t size = kith_payload_size(message);
    struct kith_message *again = NULL;
    assert_true(size <= sizeof bytes);
    kith_payload_encode(message, bytes);
    if (scarce_ok(scene->scarce, kith_message_new(scene->node, message->type, 0, &again)) &&
        scarce_ok(scene->scarce, kith_payload_decode(scene->node, again, bytes, size))) {
        assert_int_equal(kith_payload_size(again), size);
        assert_non_null(kith_message_typed(again, message->descriptor));
    }
    kith_message_free(&again);
}

static void write_payload(struct scene *scene)
{
    uint64_t type = kith_service_type(&kith__test__shapes__descriptor, 1);
    struct kith_message *message = NULL;
    if (!scarce_ok(
            scene->scarce,
            kith_message_new_typed(scene->node, type, &kith__test__tree__descriptor, &message))) {
        return;
    }
    bool grown = grow(message, message->data);
    if (scarce_ok(scene->scarce, grown ? KITH_OK : KITH_ERROR_NO_MEMORY)) {
        read_again(scene, message);
    }
    kith_message_reset(message);
    Kith__Test__Tree *tree = kith_message_set_typed(message, &kith__test__tree__descriptor);
    (void)scarce_ok(scene->scarce, tree != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY);
    kith_message_free(&message);
}

static void build(struct scene *scene, struct kith_message *message,
                  struct Kith__Description *description)
{
    const ProtobufCServiceDescriptor *services;
    size_t count;
    if (scarce_ok(scene->scarce,
                  kith_describe_service(message, description, &kith__test__shapes__descriptor)) &&
        scarce_ok(scene->scarce,
                  kith_describe_service(message, description, &kith__test__olds__descriptor)) &&
        scarce_ok(scene->scarce, kith_describe_build(message, description, &services, &count))) {
        assert_int_equal(count, 2);
        assert_int_equal(services[0].n_methods, 4);
    }
}

static void describe(struct scene *scene)
{
    struct kith_message *message = NULL;
    if (scarce_ok(scene->scarce, kith_message_new_typed(
                                     scene->node, 77, &kith__description__descriptor, &message))) {
        build(scene, message, message->data);
        kith_message_free(&message);
    }
}

static void call(struct scene *scene, struct kith_process *self, const char *name)
{
    static char text[TEXT_SIZE];
    struct kith_method method;
    struct kith_message *message = NULL;
    memset(text, 'x', sizeof text - 1);
    if (!scarce_ok(scene->scarce,
                   kith_method_find(scene->node, &kith__test__shapes__descriptor, name, &method)) ||
        !scarce_ok(scene->scarce, kith_method_new(scene->node, &method, &message))) {
        return;
    }
    bool shouts = method.input == &kith__test__text__descriptor;
    if (shouts) {
        Kith__Test__Text *request = message->data;
        request->text = kith_message_text(message, text);
        if (!scarce_ok(scene->scarce, request->text != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY)) {
            kith_message_free(&message);
            return;
        }
    }
    enum kith_error error =
        kith_method_call(self, scene->server_ref, &method, &message, kith_deadline_ms(self, 10));
    if (shouts && scarce_ok(scene->scarce, error)) {
        assert_string_equal(((const Kith__Test__Text *)message->data)->text, text);
    }
    kith_message_free(&message);
}

static void use_everything(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    call(scene, self, "Shout");
    call(scene, self, "Nothing");
    kith_message_free(&scene->taken);
    write_payload(scene);
    describe(scene);
}

static void use_services(struct scarce *scarce)
{
    static const struct kith_handler handlers[] = {
        {"Shout", shout}, {"Nothing", take}, {NULL, NULL}};
    struct scene scene = {.scarce = scarce, .node = scarce_node(scarce, "scarce")};
    scene.server = (struct kith_server){
        .service = &kith__test__shapes__descriptor, .handlers = handlers, .state = &scene};
    if (scene.node == NULL) {
        return;
    }
    (void)scarce_ok(scarce, kith_service_register(scene.node, &kith__test__olds__descriptor));
    (void)scarce_ok(scarce, kith_server_init(&scene.server, scene.node));
    scene.server_ref = scarce_spawn(scarce, scene.node, serve, &scene);
    (void)scarce_spawn(scarce, scene.node, use_everything, &scene);
    uint64_t end_ns = kith_node_now(scene.node) + 100 * MS;
    for (uint64_t next_ns; (next_ns = kith_node_settle(scene.node)) <= end_ns;) {
        kith_platform_sim_set_now(scarce->sim, next_ns);
    }
    scarce_node_close(scene.node);
}

static void services_live_without_memory(void **state)
{
    (void)state;
    scarce_run(use_services);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_live_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
