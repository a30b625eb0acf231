// SPDX-License-Identifier: Apache-2.0
// What waits in front of a link: per stream a list of batches of encoded frames, and of large
// messages that are cut into parts when it is their turn.
#ifndef KITHI_QUEUE_H
#define KITHI_QUEUE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/backend.h>
#include <kith/frame.h>
#include <kith/message.h>

struct kithi_link;
struct kith_net;

enum {
    KITHI_BUFFER_CLASSES = 7,    // of 1 KB << class
    KITHI_BUFFER_FIRST = 1024,   // bytes of class 0
    KITHI_PART_MOST = 32 * 1024, // payload of one frame; larger ones come in parts
};

struct kithi_batch {
    struct kithi_batch *next;
    uint32_t class;    // of its memory
    uint32_t messages; // MESSAGE and RETURN frames
    bool large;        // bytes hold a struct kithi_large
    size_t size;       // bytes filled
    alignas(16) unsigned char bytes[];
};

// A message or a returned one that goes in parts. Its payload stays in `message`, or in `copy`
// where the message itself is needed elsewhere.
struct kithi_large {
    struct kith_message *message;
    unsigned char *copy;
    const unsigned char *payload;
    size_t size, cut; // of the payload; and what has been handed to the back end
    struct kith_frame frame;
};

struct kithi_stream {
    struct kithi_batch *first, *last;
    // MESSAGE and RETURN frames ever queued, handed to the back end, and known to have been read
    // (or given up): the n-th has been handed over if `handed` is above n.
    uint64_t queued, handed, read;
    uint64_t mark, marked; // id of the PING under way behind `marked` of them; 0: there is none
};

struct kithi_queue {
    struct kithi_stream streams[KITH_STREAMS];
    size_t bytes;        // encoded, and of large payloads, that wait
    uint32_t turn;       // the stream that is served next
    uint32_t large_open; // large messages of which a part has been handed over
    uint32_t class_hint; // size of the next batch
};

// Buffers of batches that wait for their next use.
struct kithi_buffers {
    struct kithi_batch *free[KITHI_BUFFER_CLASSES];
    size_t bytes;
};
void kithi_buffers_fini(struct kith_net *net);

// Appends a frame to a stream's open batch, or to a new one. If frame->payload is NULL and its size
// isn't 0, the payload of `source` is encoded there. NO_MEMORY.
enum kith_error kithi_queue_frame(struct kithi_link *link, unsigned stream,
                                  const struct kith_frame *frame,
                                  const struct kith_message *source);

// Appends a frame whose payload is larger than one part. Takes *message if it isn't NULL and its
// payload is plain and not needed elsewhere (a request's is), else copies the payload. NO_MEMORY.
enum kith_error kithi_queue_large(struct kithi_link *link, unsigned stream,
                                  const struct kith_frame *frame, struct kith_message **message);

// The stream of a message, or of another frame of that pair of processes.
unsigned kithi_queue_stream(struct kith_ref from, struct kith_ref to, unsigned urgency);

// Calls `visit` for every frame that waits, with its whole payload.
typedef void kithi_queue_visit_fn(struct kithi_link *link, const struct kith_frame *frame);
void kithi_queue_visit(struct kithi_link *link, kithi_queue_visit_fn *visit);

// Drops everything that waits on a stream, or on all of them.
void kithi_queue_drop_stream(struct kithi_link *link, unsigned stream);
void kithi_queue_drop(struct kithi_link *link);

// The connection was lost: large messages begin again.
void kithi_queue_restart(struct kithi_link *link);

// pump.c: hands what waits to the back end, while that takes it, and KITHI_TURN_BYTES at a time:
// true if there is more. Only outside of processes.
bool kithi_queue_pump(struct kithi_link *link);

// Takes the first batch off a stream, and frees it.
void kithi_queue_shift(struct kithi_link *link, unsigned stream);

#endif
