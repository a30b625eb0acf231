// SPDX-License-Identifier: Apache-2.0
// A method of a service, for those who call it. In short:
//
//     struct kith_method top;
//     struct kith_message *message;
//     kith_method_find(node, &wordcount__counter__descriptor, "Top", &top);
//     if (kith_method_new(node, &top, &message) != KITH_OK) ...
//     Wordcount__TopRequest *request = message->data;
//     request->limit = 10;
//     if (kith_method_call(self, counter, &top, &message, kith_deadline_ms(self, 500)) != KITH_OK)
//         ...
//     const Wordcount__TopReply *reply = message->data;
//     ...
//     kith_message_free(&message);
#ifndef KITH_METHOD_H
#define KITH_METHOD_H

#include <kith/codec.h>
#include <kith/exchange.h>

struct kith_method {
    uint64_t type; // of its messages
    const ProtobufCMessageDescriptor *input, *output;
};

// Finds the method of that name ("Add") and makes the service known to the node, so that what other
// nodes reply can be read. Borrows the service for the node's life. Errors: NOT_FOUND (the service
// has no such method), those of kith_service_register; *method is then all zero.
enum kith_error kith_method_find(struct kith_node *node, const ProtobufCServiceDescriptor *service,
                                 const char *name, struct kith_method *method);

// Gives a message for the method; its data is a struct of method->input, initialised. Errors:
// LIMIT, NO_MEMORY; *message is then NULL.
enum kith_error kith_method_new(struct kith_node *node, const struct kith_method *method,
                                struct kith_message **message);

// Takes *message, sends it to `to` and waits for the reply. OK: *message is the reply, the caller's
// to free, and its data is a struct of method->output. Whatever else happens, the message is gone
// and *message NULL. Errors: those of kith_call, any that the receiver replied with, and INVALID
// (it replied with something else than method->output). For processes; blocks until the deadline.
enum kith_error kith_method_call(struct kith_process *self, struct kith_ref to,
                                 const struct kith_method *method, struct kith_message **message,
                                 uint64_t deadline_ns);

#endif
