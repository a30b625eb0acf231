// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include <kith/serve.h>

#include "payload.h"

static bool is_for(const struct kith_server *server, const struct kith_message *message);
static kith_handle *find_handler(const struct kith_server *server, unsigned method);
static enum kith_error handle_message(struct kith_serving *serving, kith_handle *handle,
                                      const ProtobufCMethodDescriptor *method);
static enum kith_error finish_message(struct kith_process *self, struct kith_message **message,
                                      enum kith_error error);
static enum kith_error pass_to_other(struct kith_process *self, const struct kith_server *server,
                                     struct kith_message **message);
static bool has_method(const ProtobufCServiceDescriptor *service, const char *name);

enum kith_error kith_serve(struct kith_process *self, struct kith_server *server)
{
    enum kith_error error = kith_server_init(server, kith_process_node(self));
    while (error == KITH_OK) {
        struct kith_message *message;
        error = kith_receive(self, &message, KITH_FOREVER);
        if (error == KITH_OK) {
            error = kith_serve_dispatch(self, server, &message);
        }
    }
    return error;
}

enum kith_error kith_serve_dispatch(struct kith_process *self, const struct kith_server *server,
                                    struct kith_message **message)
{
    assert(server->signature != 0);
    if (!is_for(server, *message)) {
        return pass_to_other(self, server, message);
    }
    unsigned number = KITH_TYPE_METHOD((*message)->type);
    kith_handle *handle = find_handler(server, number);
    if (handle == NULL) {
        return finish_message(self, message, KITH_ERROR_UNSUPPORTED);
    }
    struct kith_serving serving = {self, message, server->state};
    return handle_message(&serving, handle, &server->service->methods[number]);
}

enum kith_error kith_server_init(struct kith_server *server, struct kith_node *node)
{
    for (const struct kith_handler *handler = server->handlers; handler->method != NULL;
         handler++) {
        if (!has_method(server->service, handler->method)) {
            return KITH_ERROR_NOT_FOUND;
        }
    }
    server->signature = kith_service_signature(server->service->name);
    return kith_service_register(node, server->service);
}

static bool is_for(const struct kith_server *server, const struct kith_message *message)
{
    return KITH_TYPE_SIGNATURE(message->type) == server->signature && !message->done;
}

static kith_handle *find_handler(const struct kith_server *server, unsigned method)
{
    if (method >= server->service->n_methods) {
        return NULL;
    }
    const char *name = server->service->methods[method].name;
    for (const struct kith_handler *handler = server->handlers; handler->method != NULL;
         handler++) {
        if (strcmp(handler->method, name) == 0) {
            return handler->handle;
        }
    }
    return NULL;
}

static enum kith_error handle_message(struct kith_serving *serving, kith_handle *handle,
                                      const ProtobufCMethodDescriptor *method)
{
    struct kith_message *message = *serving->message;
    const void *request = kithi_payload_read(message, method->input);
    if (request == NULL) {
        return finish_message(serving->self, serving->message, KITH_ERROR_INVALID);
    }
    void *reply = kith_message_part(message, method->output);
    if (reply == NULL) {
        return finish_message(serving->self, serving->message, KITH_ERROR_NO_MEMORY);
    }
    enum kith_error error = handle(serving, request, reply);
    if (*serving->message == NULL) {
        return KITH_OK;
    }
    if (error == KITH_OK) {
        message->data = reply;
        message->size = method->output->sizeof_message;
        message->descriptor = method->output;
    }
    return finish_message(serving->self, serving->message, error);
}

// Sends the payload or the error back to whoever waits, and in any case ends with the message.
static enum kith_error finish_message(struct kith_process *self, struct kith_message **message,
                                      enum kith_error error)
{
    if ((*message)->waiting && error == KITH_OK) {
        error = kith_reply(self, message);
    }
    if (*message != NULL && (*message)->waiting && error != KITH_ERROR_KILLED) {
        error = kith_reply_error(self, message, error);
    }
    kith_message_free(message);
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

static enum kith_error pass_to_other(struct kith_process *self, const struct kith_server *server,
                                     struct kith_message **message)
{
    if (server->other == NULL) {
        return finish_message(self, message, KITH_ERROR_UNSUPPORTED);
    }
    server->other(self, message, server->state);
    assert(*message == NULL);
    return KITH_OK;
}

static bool has_method(const ProtobufCServiceDescriptor *service, const char *name)
{
    for (unsigned number = 0; number < service->n_methods; number++) {
        if (strcmp(service->methods[number].name, name) == 0) {
            return true;
        }
    }
    return false;
}
