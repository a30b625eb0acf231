// SPDX-License-Identifier: Apache-2.0
// Exchanging messages. `to` may be local or remote; the sender can't tell and needn't. A deadline
// is a time of the node's clock: KITH_NO_WAIT only tries, KITH_FOREVER waits as long as it takes.
//
// Ownership: every call that *takes* *message sets it to NULL when it succeeds. When it fails and
// *message isn't NULL, the message is untouched and still the caller's. Blocking calls are only for
// processes, and return KILLED when the process is told to end.
#ifndef KITH_EXCHANGE_H
#define KITH_EXCHANGE_H

#include <kith/message.h>
#include <kith/platform.h>
#include <kith/process.h>

// Takes *message and queues it for `to`. Blocks until there is room or the deadline passes; a
// process that sends much to other nodes, or in vain, gives way now and then, unless it says
// KITH_NO_WAIT. OK means queued here; if it can't be delivered later it comes back as
// KITH_TYPE_RETURNED with the reason in message->error. Only of what had left for another node when
// the connection broke nobody knows: it doesn't come back (docs/guarantees.md). Errors: FULL (with
// KITH_NO_WAIT), TIMEOUT, STALE, NOT_FOUND, DENIED, TOO_LARGE, UNREACHABLE, LIMIT (too many hops),
// INVALID (a typed payload for another node in which something is NULL that can't be), KILLED.
enum kith_error kith_send(struct kith_process *self, struct kith_ref to,
                          struct kith_message **message, uint64_t deadline_ns);

// kith_send for code outside of processes (drivers, callbacks of the platform): never blocks, the
// sender is nobody, nothing comes back. Errors as of kith_send with KITH_NO_WAIT.
enum kith_error kith_post(struct kith_node *node, struct kith_ref to,
                          struct kith_message **message);

// Takes *message, sends it and waits for the reply, which it gives in *message (a local one is the
// same message, rewritten). Ends with exactly one of: OK (a reply, whose own message->error may be
// set), DOWN (the receiver ended, or freed the request), TIMEOUT, UNKNOWN (sent, but the link
// broke), UNSUPPORTED (the other node doesn't know the service), INVALID (it calls itself, and
// nobody would be left to reply), or an error of kith_send (certainly not executed). *message is
// NULL afterwards unless the request never left this node; then it is untouched and still the
// caller's. A late reply is dropped and counted.
enum kith_error kith_call(struct kith_process *self, struct kith_ref to,
                          struct kith_message **message, uint64_t deadline_ns);

// The same without waiting for the reply: takes *message, sends it as kith_send does and gives the
// request's id. The outcome arrives in the mailbox as a message with that id and `done` set; if it
// is also `failed`, nobody replied and message->error says why. Fetch it with kith_receive_reply.
// `reply_deadline_ns` travels with the request.
enum kith_error kith_request(struct kith_process *self, struct kith_ref to,
                             struct kith_message **message, uint64_t deadline_ns,
                             uint64_t reply_deadline_ns, uint64_t *id);

// Takes the request *message back to whoever waits for it, with the payload it now has. The type
// stays, so that both ends know the method. Never blocks: a reply to another node that doesn't keep
// up waits in front of the link; when those hold more than 16 times what the link's queue may, or a
// fourth of the message memory for all links, the requester gets FULL instead. If nobody waits any
// longer the reply is dropped and counted, and that is OK too. Errors: INVALID (not a waiting
// request, or a typed payload in which something is NULL that can't be), DENIED, TOO_LARGE,
// NO_MEMORY.
enum kith_error kith_reply(struct kith_process *self, struct kith_message **message);

// Takes the request *message and replies with `error` and no payload.
enum kith_error kith_reply_error(struct kith_process *self, struct kith_message **message,
                                 enum kith_error error);

// Takes *message, a request or not, and passes it on to `to`. A reply goes to the first sender.
// Blocks and fails like kith_send.
enum kith_error kith_forward(struct kith_process *self, struct kith_ref to,
                             struct kith_message **message, uint64_t deadline_ns);

// Gives the oldest message of the mailbox, waiting for one until the deadline. The receiver owns
// it. Errors: TIMEOUT, KILLED. *message is NULL on error.
enum kith_error kith_receive(struct kith_process *self, struct kith_message **message,
                             uint64_t deadline_ns);

// The oldest message of that type; others stay in their order.
enum kith_error kith_receive_type(struct kith_process *self, uint64_t type,
                                  struct kith_message **message, uint64_t deadline_ns);

// The outcome of the request `id`.
enum kith_error kith_receive_reply(struct kith_process *self, uint64_t id,
                                   struct kith_message **message, uint64_t deadline_ns);

#endif
