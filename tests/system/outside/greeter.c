// SPDX-License-Identifier: Apache-2.0
// A program as a user would write it, built from outside the tree against the installed library. It
// greets whoever calls it. With --greet it calls another greeter, wherever that is, and ends.
#include <stdio.h>

#include <kith/kith.h>

#include "greeter.pb-c.h"

static enum kith_error hello(struct kith_serving *serving, const void *request, void *reply)
{
    const Outside__HelloRequest *asked = request;
    Outside__HelloReply *answer = reply;
    unsigned *count = serving->state;
    char text[100];
    snprintf(text, sizeof(text), "hello, %.80s", asked->name);
    answer->text = kith_message_text(*serving->message, text);
    answer->count = ++*count;
    return answer->text != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

static enum kith_error greet(struct kith_process *self, const char *address)
{
    struct kith_node *node = kith_process_node(self);
    struct kith_ref greeter;
    struct kith_method method;
    struct kith_message *message;
    uint64_t deadline = kith_deadline_ms(self, 10000);
    enum kith_error error = kith_wait_name(self, address, deadline, &greeter);
    if (error == KITH_OK)
        error = kith_method_find(node, &outside__greeter__descriptor, "Hello", &method);
    if (error == KITH_OK)
        error = kith_method_new(node, &method, &message);
    if (error != KITH_OK)
        return error;
    ((Outside__HelloRequest *)message->data)->name =
        kith_message_text(message, kith_node_name(node));
    error = kith_method_call(self, greeter, &method, &message, deadline);
    if (error != KITH_OK)
        return error;
    printf("%s\n", ((const Outside__HelloReply *)message->data)->text);
    kith_message_free(&message);
    kith_app_stop(node, KITH_EXIT_OK);
    return KITH_OK;
}

static enum kith_error start(struct kith_process *self, void *state)
{
    (void)state;
    const char *address = kith_setting_text(kith_process_node(self), "greet");
    return address != NULL ? greet(self, address) : KITH_OK;
}

static const struct kith_handler handlers[] = {{"Hello", hello}, {NULL, NULL}};

int main(int argc, char **argv)
{
    static unsigned count;
    static const struct kith_app app = {
        .program = "greeter",
        .version = "7.1",
        .summary = "greets whoever calls it",
        .settings = {{.key = "greet",
                      .type = KITH_SETTING_TEXT,
                      .value = "ADDRESS",
                      .help = "call the greeter there, print what it says, and end"}},
        .processes = {{.name = "greeter",
                       .service = &outside__greeter__descriptor,
                       .handlers = handlers,
                       .state = &count}},
        .start = start,
    };
    return kith_app_run(argc, argv, &app);
}
