// SPDX-License-Identifier: Apache-2.0
// One run of the program: a short-lived node, its links, and what the command needs of them. All
// but kithi_session_main is for the process that runs the command.
#ifndef KITHI_SESSION_H
#define KITHI_SESSION_H

#include <kith/backend.h>
#include <kith/codec.h>
#include <kith/naming.h>
#include <kith/net.h>
#include <kith/platform_linux.h>

#include "invocation.h"
#include "output.h"

#define KITHI_TARGETS_MAX 16 // addresses of the node asked that are tried

struct kithi_session {
    struct kithi_invocation invocation;
    struct kithi_output output;
    const char *target_text; // of --node, as it was given
    uint64_t timeout_ns;
    bool progress; // somebody watches standard error

    struct kith_platform platform;
    struct kith_node *node;
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_ref process;   // that runs the command
    struct kith_process *self; // the same, from inside
    struct kith_endpoint targets[KITHI_TARGETS_MAX];
    size_t target_count;
    struct kith_link_info target; // the node asked
    uint64_t deadline_ns;         // of the command
    int exit_code, interrupted_code;
    bool platform_open, leaving;
    uint64_t leaving_since_ns;
};

// Runs a command that needs a node, from main; gives the exit code.
int kithi_session_main(struct kithi_session *session);

// "kith: what: why; try that" on standard error. Gives `code`.
__attribute__((format(printf, 3, 4))) int kithi_fail(const struct kithi_session *session, int code,
                                                     const char *format, ...);

// The same for an error of the runtime while doing something with `what`; finds the code and what
// to try. Says nothing if the program was interrupted.
int kithi_fail_error(const struct kithi_session *session, const char *what, enum kith_error error);

// The exit code of an error.
int kithi_exit_code(enum kith_error error);

// Milliseconds from now on, as a deadline, but not later than the command's.
uint64_t kithi_deadline_ms(const struct kithi_session *session, uint64_t timeout_ms);

// ---- Links. ----

// Links to the node at `endpoint` and waits until the link is up. Errors: UNREACHABLE, TIMEOUT,
// VERSION, KILLED, LIMIT.
enum kith_error kithi_link_endpoint(struct kithi_session *session,
                                    const struct kith_endpoint *endpoint,
                                    struct kith_link_info *link);

// Waits until there is a link to that incarnation, at `endpoint` if there is none yet.
enum kith_error kithi_link_incarnation(struct kithi_session *session, uint64_t incarnation,
                                       const struct kith_endpoint *endpoint,
                                       struct kith_link_info *link);

// Links to the node that `text` names: a name, an endpoint, a host or an incarnation; NULL: the one
// asked. Tells what went wrong and gives an exit code, 0 if it's fine.
int kithi_link_node(struct kithi_session *session, const char *text, struct kith_link_info *link);

// ---- Calls. ----

// Gives a message for a method; fill in its data, then kithi_ask.
enum kith_error kithi_ask_begin(struct kithi_session *session,
                                const ProtobufCServiceDescriptor *service, const char *method,
                                struct kith_message **message);

// Sends it and gives the reply in *message, whose data is of the method's output. On error *message
// is NULL.
enum kith_error kithi_ask(struct kithi_session *session, struct kith_ref to,
                          struct kith_message **message);

#endif
