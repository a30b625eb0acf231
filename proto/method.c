// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include <kith/method.h>

#include "payload.h"

enum kith_error kith_method_find(struct kith_node *node, const ProtobufCServiceDescriptor *service,
                                 const char *name, struct kith_method *method)
{
    memset(method, 0, sizeof *method);
    enum kith_error error = kith_service_register(node, service);
    if (error != KITH_OK) {
        return error;
    }
    for (unsigned number = 0; number < service->n_methods; number++) {
        const ProtobufCMethodDescriptor *descriptor = &service->methods[number];
        if (strcmp(descriptor->name, name) == 0) {
            method->type = kith_service_type(service, number);
            method->input = descriptor->input;
            method->output = descriptor->output;
            return KITH_OK;
        }
    }
    return KITH_ERROR_NOT_FOUND;
}

enum kith_error kith_method_new(struct kith_node *node, const struct kith_method *method,
                                struct kith_message **message)
{
    *message = NULL;
    return kith_message_new_typed(node, method->type, method->input, message);
}

enum kith_error kith_method_call(struct kith_process *self, struct kith_ref to,
                                 const struct kith_method *method, struct kith_message **message,
                                 uint64_t deadline_ns)
{
    assert((*message)->type == method->type);
    enum kith_error error = kith_call(self, to, message, deadline_ns);
    if (error == KITH_OK) {
        error = (enum kith_error)(*message)->error;
    }
    if (error == KITH_OK && kithi_payload_read(*message, method->output) == NULL) {
        error = KITH_ERROR_INVALID;
    }
    if (error != KITH_OK) {
        kith_message_free(message);
    }
    return error;
}
