// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include <kith/frame.h>
#include <kith/message.h>

#include "header.h"
#include "process_number.h"
#include "varint.h"

enum { FLAG_WAITING = 1, FLAG_DONE = 2, FLAG_TIE = 4, FLAGS_ALL = 7 };

#define HEADER_MAX (KITH_FRAME_HEADER_MAX - 2) // its length prefix has at most 2 bytes
#define ERROR_MAX  255                         // error numbers are bytes

static void fill_header(const struct kith_frame *frame, uint64_t sender, uint64_t receiver,
                        Kith__Frame *header);
static bool decode_header(const uint8_t *data, size_t size, uint64_t sender, uint64_t receiver,
                          struct kith_frame *frame);
static bool read_header(const Kith__Frame *header, uint64_t sender, uint64_t receiver,
                        struct kith_frame *frame);
static bool has_valid_ranges(const Kith__Frame *header);
static uint32_t read_error(uint32_t number);
static bool follows_rules(const struct kith_frame *frame);
static bool may_come_in_parts(const struct kith_frame *frame);

enum kith_error kith_frame_encode(const struct kith_frame *frame, uint64_t sender,
                                  uint64_t receiver, void *out, size_t *size)
{
    Kith__Frame header = KITH__FRAME__INIT;
    uint8_t packed[KITHI_HEADER_MAX];
    fill_header(frame, sender, receiver, &header);
    size_t header_size = kithi_header_write(&header, packed);
    assert(header_size <= HEADER_MAX);

    if (frame->hops > KITH_HOPS) {
        return KITH_ERROR_LIMIT;
    }
    if (frame->payload_size > UINT32_MAX) {
        return KITH_ERROR_TOO_LARGE;
    }
    size_t prefixes =
        kithi_varint_size((uint32_t)header_size) + kithi_varint_size((uint32_t)frame->payload_size);
    if (*size < prefixes + header_size || *size - prefixes - header_size < frame->payload_size) {
        return KITH_ERROR_TOO_LARGE;
    }
    uint8_t *next = kithi_varint_write((uint32_t)header_size, out);
    memcpy(next, packed, header_size);
    next = kithi_varint_write((uint32_t)frame->payload_size, next + header_size);
    if (frame->payload != NULL && frame->payload_size > 0) {
        memcpy(next, frame->payload, frame->payload_size);
    }
    *size = prefixes + header_size + frame->payload_size;
    return KITH_OK;
}

enum kith_error kith_frame_decode(const void **data, size_t *size, uint64_t sender,
                                  uint64_t receiver, struct kith_frame *frame)
{
    const uint8_t *next = *data;
    size_t left = *size;
    uint32_t header_size, payload_size;
    if (!kithi_varint_read(&next, &left, &header_size) || header_size > left) {
        return KITH_ERROR_INVALID;
    }
    if (!decode_header(next, header_size, sender, receiver, frame)) {
        return KITH_ERROR_INVALID;
    }
    next += header_size;
    left -= header_size;
    if (!kithi_varint_read(&next, &left, &payload_size) || payload_size > left) {
        return KITH_ERROR_INVALID;
    }
    frame->payload = payload_size > 0 ? next : NULL;
    frame->payload_size = payload_size;
    if (!follows_rules(frame)) {
        return KITH_ERROR_INVALID;
    }
    *data = next + payload_size;
    *size = left - payload_size;
    return KITH_OK;
}

static void fill_header(const struct kith_frame *frame, uint64_t sender, uint64_t receiver,
                        Kith__Frame *header)
{
    assert(frame->kind <= KITH_FRAME_ACCEPT && frame->urgency <= KITH_BULK);
    header->type = frame->type;
    header->id = frame->id;
    header->flags = (frame->waiting ? FLAG_WAITING : 0u) | (frame->done ? FLAG_DONE : 0u) |
                    (frame->tie ? FLAG_TIE : 0u);
    header->kind = (Kith__Frame__Kind)frame->kind;
    header->deadline = frame->remaining_ms + 1; // none, UINT64_MAX, becomes 0
    header->hops = frame->hops;
    header->urgency = frame->urgency;
    header->error = read_error(frame->error);
    header->credits = frame->credits;
    header->trace = frame->trace;
    header->total_size = frame->total_size;
    header->to = kithi_process_number(frame->to);
    header->from = kithi_process_number(frame->from);
    header->to_node = header->to != 0 && frame->to.node != receiver ? frame->to.node : 0;
    header->from_node = header->from != 0 && frame->from.node != sender ? frame->from.node : 0;
    if (!kith_ref_is_none(frame->reply_to) && !kith_ref_equal(frame->reply_to, frame->from)) {
        header->reply_to = kithi_process_number(frame->reply_to);
        header->reply_node = frame->reply_to.node != sender ? frame->reply_to.node : 0;
    }
}

static bool decode_header(const uint8_t *data, size_t size, uint64_t sender, uint64_t receiver,
                          struct kith_frame *frame)
{
    if (size > HEADER_MAX) {
        return false;
    }
    Kith__Frame header;
    return kithi_header_read(data, size, &header) && has_valid_ranges(&header) &&
           read_header(&header, sender, receiver, frame);
}

static bool read_header(const Kith__Frame *header, uint64_t sender, uint64_t receiver,
                        struct kith_frame *frame)
{
    frame->kind = (enum kith_frame_kind)header->kind;
    frame->type = header->type;
    frame->id = header->id;
    frame->waiting = (header->flags & FLAG_WAITING) != 0;
    frame->done = (header->flags & FLAG_DONE) != 0;
    frame->tie = (header->flags & FLAG_TIE) != 0;
    frame->remaining_ms = header->deadline - 1; // none, 0, becomes UINT64_MAX
    frame->hops = header->hops;
    frame->urgency = (uint8_t)header->urgency;
    frame->error = read_error(header->error);
    frame->credits = header->credits;
    frame->trace = header->trace;
    frame->total_size = header->total_size;
    return kithi_process_ref(header->to, header->to_node, receiver, &frame->to) &&
           kithi_process_ref(header->from, header->from_node, sender, &frame->from) &&
           kithi_process_ref(header->reply_to, header->reply_node, sender, &frame->reply_to);
}

static bool has_valid_ranges(const Kith__Frame *header)
{
    return (unsigned)header->kind <= KITH_FRAME_ACCEPT && header->flags <= FLAGS_ALL &&
           header->hops <= KITH_HOPS && header->urgency <= KITH_BULK && header->error <= ERROR_MAX;
}

// Programs set errors too, and later versions may know more of them than this one.
static uint32_t read_error(uint32_t number)
{
    return number == KITH_OK ? KITH_OK : kith_error_from_number(number);
}

// What each kind needs; fields that it doesn't use are left to the reader to ignore.
static bool follows_rules(const struct kith_frame *frame)
{
    bool has_to = !kith_ref_is_none(frame->to);
    bool has_from = !kith_ref_is_none(frame->from);
    if (!may_come_in_parts(frame)) {
        return false;
    }
    switch (frame->kind) {
    case KITH_FRAME_MESSAGE:
        if (frame->waiting && (frame->done || (!has_from && kith_ref_is_none(frame->reply_to)))) {
            return false;
        }
        return has_to && (frame->id != 0 || (!frame->waiting && !frame->done));
    case KITH_FRAME_PART:
    case KITH_FRAME_HELLO:
        return frame->payload_size > 0;
    case KITH_FRAME_RETURN:
        return frame->error != KITH_OK;
    case KITH_FRAME_CREDIT:
        return has_to && frame->credits > 0;
    case KITH_FRAME_MONITOR:
    case KITH_FRAME_UNMONITOR:
    case KITH_FRAME_DOWN:
        return has_to && has_from;
    case KITH_FRAME_PING:
    case KITH_FRAME_PONG:
    case KITH_FRAME_GOODBYE:
    case KITH_FRAME_OFFER:
    case KITH_FRAME_ACCEPT:
        return true;
    }
    return false;
}

// The first frame of a large message says how large the whole is; that is more than it brings.
static bool may_come_in_parts(const struct kith_frame *frame)
{
    if (frame->total_size == 0) {
        return true;
    }
    return (frame->kind == KITH_FRAME_MESSAGE || frame->kind == KITH_FRAME_RETURN) &&
           frame->payload_size > 0 && frame->payload_size < frame->total_size;
}
