// SPDX-License-Identifier: Apache-2.0
// The wire (design 5, docs/wire.md): frames and hellos as plain structs, to and from bytes.
#ifndef KITH_FRAME_H
#define KITH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/endpoint.h>
#include <kith/error.h>
#include <kith/limits.h>
#include <kith/ref.h>

#define KITH_WIRE_VERSION     1
#define KITH_FRAME_HEADER_MAX 256 // bytes of one encoded header, its length prefix included

// What a frame is for. Numbers are the wire's.
enum kith_frame_kind {
    KITH_FRAME_MESSAGE = 0, // a message, or the first part of a large one
    KITH_FRAME_PART = 1,    // the next part of the large message begun on this stream
    // A message from `to` for `from` couldn't be delivered: `error`. Type, id, reply_to and waiting
    // as they were; payload: the message's own if it was not a request (in parts if it is large).
    KITH_FRAME_RETURN = 2,
    KITH_FRAME_CREDIT = 3,  // `to` may be sent `credits` more
    KITH_FRAME_MONITOR = 4, // watch `to` for `from`; `id`: the monitor; `tie`
    KITH_FRAME_UNMONITOR = 5,
    // `from` ended, tell `to`; `id`: the monitor, `error`: the reason. Sent once on each stream
    // that carries messages of the pair (its own, urgent, bulk); counts when it has come by all
    // three.
    KITH_FRAME_DOWN = 6,
    KITH_FRAME_PING = 7, // `id` comes back in a PONG
    KITH_FRAME_PONG = 8,
    KITH_FRAME_HELLO = 9,    // payload: a hello; the first frame of either side
    KITH_FRAME_GOODBYE = 10, // `error`: why (LEFT, VERSION, ...); nothing follows
    // Of the end with the smaller incarnation, after both hellos: this connection shall be the
    // link. `error` EXISTS: it still has another one, so accept only if you have lost that.
    KITH_FRAME_OFFER = 11,
    KITH_FRAME_ACCEPT = 12, // the answer to an offer; messages may follow
};

struct kith_frame {
    enum kith_frame_kind kind;
    uint64_t type;
    struct kith_ref from, to; // on the wire without the node where it is that of the link's end
    struct kith_ref reply_to; // NONE: the same as from
    uint64_t id;
    uint64_t remaining_ms; // of the deadline when it was sent; UINT64_MAX: none
    uint64_t trace;
    uint64_t total_size; // of the message, if it comes in parts; 0: this frame has it all
    uint32_t error, credits, hops;
    uint8_t urgency;
    bool waiting, done, tie;
    const void *payload; // borrowed: after decoding it points into the batch. To encode, NULL
                         // leaves room for payload_size bytes at the end of the frame
    size_t payload_size;
};

// Writes the frame at `out`. `sender` and `receiver` are the incarnations of the link's ends.
// *size: room, then bytes written. TOO_LARGE: it doesn't fit. LIMIT: more than KITH_HOPS hops.
// Nothing was written then.
enum kith_error kith_frame_encode(const struct kith_frame *frame, uint64_t sender,
                                  uint64_t receiver, void *out, size_t *size);

// Reads the frame at *data, and moves *data and *size behind it. INVALID: truncated, malformed, out
// of range or against the rules of its kind; what follows in the batch can't be read either. Error
// numbers of later versions read as KITH_ERROR_INVALID.
enum kith_error kith_frame_decode(const void **data, size_t *size, uint64_t sender,
                                  uint64_t receiver, struct kith_frame *frame);

struct kith_hello {
    uint32_t version;
    uint64_t features, required; // bits of enum kith_feature; required: of features
    uint64_t incarnation;
    char name[KITH_NAME_SIZE];     // of the node
    char program[KITH_LABEL_SIZE]; // version of the program
    struct kith_endpoint advertise;
    uint64_t message_size; // largest message accepted
    uint32_t credits;      // initial, for each process
    struct kith_ref naming, kernel;
    uint64_t uptime_ms;
    uint64_t detect_ms;
    bool transient;
};

enum kith_feature {
    KITH_FEATURE_REPLICATION = 1 << 0, // keeps replicas of names
};

#define KITH_HELLO_MAX      512                      // bytes of an encoded hello
#define KITH_HELLO_TIME_MAX UINT64_C(10000000000000) // of uptime_ms and detect_ms

// Writes the hello at `out`. *size: room, then bytes written. TOO_LARGE: it doesn't fit. INVALID:
// name or program isn't printable UTF-8. Nothing was written then.
enum kith_error kith_hello_encode(const struct kith_hello *hello, void *out, size_t *size);

// Reads a hello. VERSION: the peer speaks another version; only hello->version is set. INVALID:
// malformed, out of range, or text that can't be shown to people. Takes 5 KB of stack.
enum kith_error kith_hello_decode(const void *data, size_t size, struct kith_hello *hello);

#endif
