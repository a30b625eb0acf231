// SPDX-License-Identifier: Apache-2.0
// Serving: a process that answers the messages of a service, one function for each method. In
// short:
//
//     static enum kith_error add(struct kith_serving *serving, const void *request, void *reply)
//     {
//         struct counter *counter = serving->state;
//         const Wordcount__Words *words = request;
//         return count_words(counter, words->words, words->n_words);
//     }
//
//     static const struct kith_handler handlers[] = {{"Add", add}, {"Top", top}, {NULL, NULL}};
//
//     static void run_counter(struct kith_process *self, void *argument)
//     {
//         struct counter counter = {0};
//         struct kith_server server = {.service = &wordcount__counter__descriptor,
//                                      .handlers = handlers, .state = &counter};
//         kith_serve(self, &server);
//     }
#ifndef KITH_SERVE_H
#define KITH_SERVE_H

#include <kith/codec.h>
#include <kith/exchange.h>

// What a handler works with, valid until it returns.
struct kith_serving {
    struct kith_process *self;
    struct kith_message **message; // what it handles: sender, deadline, trace, memory for the reply
    void *state;                   // of the server
};

// Handles one message. `request` is a struct of the method's input. `reply` is one of its output,
// initialised; it lives in the message, as does the request: strings and parts for it come from
// kith_message_text and kith_message_part of *serving->message, or from the request itself. OK: the
// reply is sent. Anything else: that error is sent instead. Either only if a reply is wanted.
//
// It may block. To let somebody else reply, it passes the message on by kith_forward; to reply
// later, it takes the message by kith_serving_take. What it returns is ignored then.
typedef enum kith_error kith_handle(struct kith_serving *serving, const void *request, void *reply);

struct kith_handler {
    const char *method; // name in the .proto file
    kith_handle *handle;
};

// A table of handlers with what they need. The caller's memory; borrowed while it serves.
struct kith_server {
    const ProtobufCServiceDescriptor *service; // borrowed for the node's life
    const struct kith_handler *handlers;       // in any order, the last one all NULL
    void *state;                               // handed to the handlers

    // Gets all that isn't a message of the service: replies, the kernel's, other services'. Owns
    // *message and leaves it NULL. May be NULL: then requests end with UNSUPPORTED, and the rest is
    // freed.
    void (*other)(struct kith_process *self, struct kith_message **message, void *state);

    uint64_t signature; // set by kith_server_init
};

// Makes the service known to the node. kith_serve does it by itself. Errors: NOT_FOUND (a handler
// names a method that the service hasn't got), those of kith_service_register.
enum kith_error kith_server_init(struct kith_server *server, struct kith_node *node);

// Receives and handles messages until the process is told to end. Errors: KILLED (then), and those
// of kith_server_init (at once).
enum kith_error kith_serve(struct kith_process *self, struct kith_server *server);

// Handles one message, for processes with a loop of their own; the server has been initialised.
// Takes *message, always. A request for which there is no handler ends with UNSUPPORTED, one whose
// payload is of the wrong kind with INVALID; such messages that want no reply are freed. Errors:
// KILLED (the handler was told to end).
enum kith_error kith_serve_dispatch(struct kith_process *self, const struct kith_server *server,
                                    struct kith_message **message);

// Takes the message from the handler's hands: it is then the program's, to reply to at some time
// (kith_message_set_typed, kith_reply) or to free, which tells its sender DOWN.
static inline struct kith_message *kith_serving_take(struct kith_serving *serving)
{
    struct kith_message *message = *serving->message;
    *serving->message = NULL;
    return message;
}

#endif
