// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include <kith/method.h>

#include "session.h"

enum kith_error kithi_ask_begin(struct kithi_session *session,
                                const ProtobufCServiceDescriptor *service, const char *method,
                                struct kith_message **message)
{
    struct kith_method found;
    enum kith_error error = kith_method_find(session->node, service, method, &found);
    assert(error != KITH_ERROR_NOT_FOUND && "a method that the service doesn't have");
    return error == KITH_OK ? kith_method_new(session->node, &found, message) : error;
}

enum kith_error kithi_ask(struct kithi_session *session, struct kith_ref to,
                          struct kith_message **message)
{
    const ProtobufCMethodDescriptor *descriptor =
        kith_service_method(session->node, (*message)->type);
    const struct kith_method method = {
        .type = (*message)->type, .input = descriptor->input, .output = descriptor->output};
    if (kith_ref_is_none(to)) {
        kith_message_free(message);
        return KITH_ERROR_UNSUPPORTED;
    }
    return kith_method_call(session->self, to, &method, message, session->deadline_ns);
}
