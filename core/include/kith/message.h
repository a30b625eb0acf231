// SPDX-License-Identifier: Apache-2.0
// A message: the one struct that everything kith does travels in (design D4). It has one owner at a
// time. Its payload, with all parts, lives in the message's own arena, so that handing over the
// pointer hands over everything, and freeing is one step.
#ifndef KITH_MESSAGE_H
#define KITH_MESSAGE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/error.h>
#include <kith/ref.h>

struct kith_node;
struct kith_process;
struct kith_arena_block;

// A type is a service's signature (upper 56 bits) and the number of a method (lower 8). Signature 0
// is plain bytes without a service; signature 1 belongs to the kernel.
#define KITH_TYPE(signature, method) (((uint64_t)(signature) << 8) | (uint8_t)(method))
#define KITH_TYPE_SIGNATURE(type)    ((uint64_t)(type) >> 8)
#define KITH_TYPE_METHOD(type)       ((uint8_t)(type))
#define KITH_SIGNATURE_BYTES         UINT64_C(0)
#define KITH_SIGNATURE_KERNEL        UINT64_C(1)

// Messages that the kernel sends.
#define KITH_TYPE_DOWN     KITH_TYPE(KITH_SIGNATURE_KERNEL, 1) // data: struct kith_down
#define KITH_TYPE_TIMER    KITH_TYPE(KITH_SIGNATURE_KERNEL, 2) // id: the timer
#define KITH_TYPE_RETURNED KITH_TYPE(KITH_SIGNATURE_KERNEL, 3) // a message of yours came back

enum kith_urgency {
    KITH_NORMAL, // keeps its order with all other normal messages of the same two processes
    KITH_URGENT, // overtakes normal ones on a link
    KITH_BULK,   // gives way to all others on a link
};

struct kith_message {
    uint64_t type;
    void *data;             // payload, in the arena; NULL if size is 0
    size_t size;            // bytes at data
    const void *descriptor; // what kind of struct data is (protobuf-c's); NULL: plain bytes
    struct kith_ref from;   // stamped by the kernel, never by the sender
    struct kith_ref to;
    struct kith_ref reply_to; // who waits for the reply: the first sender of a forwarded request
    uint64_t id;              // of the request; 0 for a message that wants no reply
    uint64_t deadline_ns;     // of the request, on this node's clock; KITH_FOREVER if none
    uint64_t trace;           // free for the program: kept by replies and forwards, also remotely
    uint64_t returned_type;   // of a KITH_TYPE_RETURNED: the type it was sent with
    uint32_t error;           // enum kith_error: of a reply or of a returned message
    bool waiting;             // a request whose sender waits for a reply
    bool done;                // a reply, or the outcome of a request that got none
    bool failed;              // of such an outcome: the kernel made it, nobody replied
    bool asynchronous;        // the kernel's own: the reply to this request goes to the mailbox
    uint8_t urgency;          // enum kith_urgency
    uint8_t hops;             // times forwarded or sent across a link

    // The kernel's own from here on. Down to `owner`, without it, a new message is all zeros but
    // for deadline_ns.
    uint8_t place;
    uint32_t origin;             // 1 + index of the route it came by; 0: from this node
    struct kith_process *caller; // who waits for the reply, if that is a process of this node
    uint32_t owner;
    uint32_t carried; // bytes of payload that came by that route, before decoding
    struct kith_message *next;
    struct kith_node *node;
    struct kith_arena_block *blocks;
    uint32_t inline_used;
    uint32_t arena_bytes; // memory of the blocks, for the limits
    alignas(16) unsigned char inline_arena[];
};

// Gives a message of `type` with `size` bytes of plain payload (contents undefined). It belongs to
// the running process, or to the caller outside of any. Errors: TOO_LARGE, LIMIT, NO_MEMORY.
enum kith_error kith_message_new(struct kith_node *node, uint64_t type, size_t size,
                                 struct kith_message **message);

// Frees *message, which may be NULL, and sets it to NULL. A request that waits and was never
// replied to tells its sender KITH_ERROR_DOWN: dropping a request is an outcome, not a silence.
void kith_message_free(struct kith_message **message);

// `size` bytes from the message's arena, aligned for any type; they live as long as the message or
// until its next reset. NULL when the limits of the node or its memory don't allow it.
void *kith_message_allocate(struct kith_message *message, size_t size);

// Drops the payload and everything in the arena; the envelope stays. To reply with something new.
void kith_message_reset(struct kith_message *message);

// Replaces the payload by `size` plain bytes from the arena and gives their address in
// message->data. Earlier parts of the arena stay valid. Errors as of kith_message_new; on error the
// message is unchanged.
enum kith_error kith_message_resize(struct kith_message *message, size_t size);

struct kith_message_counters {
    uint64_t alive;       // messages
    uint64_t alive_bytes; // payload memory beyond what each message has built in
    uint64_t slabs_bytes; // memory taken from the platform for messages and blocks
};

// Reads the pool's counters. Callable at any time from the node's thread.
void kith_message_counters(const struct kith_node *node, struct kith_message_counters *counters);

#endif
