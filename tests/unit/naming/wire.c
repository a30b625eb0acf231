// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "wire.h"

enum kind { MESSAGE, REPLY, RETURN, MONITOR, UNMONITOR, DOWN };

struct envelope {
    uint64_t type, id, deadline_ns, trace;
    struct kith_ref from, to, reply_to;
    uint32_t error;
    uint8_t urgency, hops;
    bool waiting, done, failed;
};

struct packet {
    enum kind kind;
    struct packet *next;
    struct envelope envelope;
    enum kith_monitor_kind monitor_kind;
    enum kith_error reason;
    size_t size;
    unsigned char payload[];
};

static struct wire *reverse_of(const struct wire *wire)
{
    return &wire->cluster->wires[wire->to][wire->from];
}

static struct packet *add_packet(struct wire *wire, enum kind kind, size_t size)
{
    struct packet *packet = calloc(1, sizeof *packet + size);
    assert_non_null(packet);
    packet->kind = kind;
    packet->size = size;
    if (wire->first == NULL) {
        wire->first = packet;
    } else {
        wire->last->next = packet;
    }
    wire->last = packet;
    return packet;
}

static enum kith_error send(void *state, struct kith_message **message)
{
    struct wire *wire = state;
    struct kith_message *sent = *message;
    bool plain = !sent->done && !sent->waiting;
    if (!sent->done && (wire->full || (wire->room > 0 && wire->queued >= wire->room))) {
        return KITH_ERROR_FULL;
    }
    size_t size = kith_payload_size(sent);
    if (wire->most > 0 && size > wire->most) {
        return KITH_ERROR_TOO_LARGE;
    }
    wire->messages++;
    wire->bytes += size;
    wire->largest = size > wire->largest ? size : wire->largest;
    if (plain && wire->skip > 0) {
        wire->skip--;
    } else if (plain && wire->lose > 0) {
        wire->lose--;
        kith_route_free(message);
        return KITH_OK;
    }
    struct packet *packet = add_packet(wire, sent->done ? REPLY : MESSAGE, size);
    packet->envelope = (struct envelope){sent->type,    sent->id,   sent->deadline_ns, sent->trace,
                                         sent->from,    sent->to,   sent->reply_to,    sent->error,
                                         sent->urgency, sent->hops, sent->waiting,     sent->done,
                                         sent->failed};
    kith_payload_encode(sent, packet->payload);
    wire->queued++;
    if (sent->waiting) {
        sent->next = wire->calls;
        wire->calls = sent;
        *message = NULL;
    } else {
        kith_route_free(message);
    }
    return KITH_OK;
}

static void cancel(void *state, uint64_t id)
{
    struct wire *wire = state;
    for (struct kith_message **call = &wire->calls; *call != NULL; call = &(*call)->next) {
        if ((*call)->id == id) {
            struct kith_message *ended = *call;
            *call = ended->next;
            kith_route_free(&ended);
            return;
        }
    }
}

static void consumed(void *state, struct kith_ref receiver, size_t size)
{
    (void)state, (void)receiver, (void)size;
}

static void add_control(struct wire *wire, enum kind kind, struct kith_ref watcher,
                        struct kith_ref target, uint64_t monitor, enum kith_error reason,
                        enum kith_monitor_kind monitor_kind)
{
    struct packet *packet = add_packet(wire, kind, 0);
    packet->envelope.from = watcher;
    packet->envelope.to = target;
    packet->envelope.id = monitor;
    packet->reason = reason;
    packet->monitor_kind = monitor_kind;
}

static enum kith_error monitor(void *state, struct kith_ref watcher, struct kith_ref target,
                               uint64_t id, enum kith_monitor_kind kind)
{
    add_control(state, MONITOR, watcher, target, id, KITH_OK, kind);
    return KITH_OK;
}

static void monitor_stop(void *state, struct kith_ref watcher, struct kith_ref target, uint64_t id)
{
    add_control(state, UNMONITOR, watcher, target, id, KITH_OK, KITH_KIND_MONITOR);
}

static void down(void *state, struct kith_ref watcher, struct kith_ref target, uint64_t id,
                 enum kith_error reason)
{
    add_control(state, DOWN, watcher, target, id, reason, KITH_KIND_MONITOR);
}

const struct kith_route_ops wire_ops = {send, cancel, consumed, monitor, monitor_stop, down};

struct kith_endpoint wire_endpoint(uint32_t node)
{
    char text[] = "10.0.0.1:7400";
    text[7] = (char)('1' + node);
    struct kith_endpoint endpoint;
    assert_int_equal(kith_endpoint_parse(text, 0, &endpoint), KITH_OK);
    return endpoint;
}

static void copy_envelope(struct kith_message *message, const struct packet *packet)
{
    const struct envelope *envelope = &packet->envelope;
    message->type = envelope->type;
    message->from = envelope->from;
    message->to = envelope->to;
    message->reply_to = envelope->reply_to;
    message->id = envelope->id;
    message->deadline_ns = envelope->deadline_ns; // all nodes have the same clock
    message->trace = envelope->trace;
    message->error = envelope->error;
    message->urgency = envelope->urgency;
    message->hops = envelope->hops;
    message->waiting = envelope->waiting;
    message->done = envelope->done;
    message->failed = envelope->failed;
}

// Tells the sender that its message wasn't taken.
static void return_packet(struct wire *wire, const struct packet *packet, enum kith_error error)
{
    struct packet *returned = add_packet(reverse_of(wire), RETURN, packet->size);
    returned->envelope = packet->envelope;
    memcpy(returned->payload, packet->payload, packet->size);
    returned->reason = error;
}

static void deliver_message(struct wire *wire, const struct packet *packet)
{
    struct kith_node *node = wire->cluster->nodes[wire->to];
    struct kith_message *message;
    enum kith_error error = kith_message_new(node, packet->envelope.type, 0, &message);
    if (error != KITH_OK) {
        return_packet(wire, packet, error);
        return;
    }
    copy_envelope(message, packet);
    error = kith_payload_decode(node, message, packet->payload, packet->size);
    if (error == KITH_OK) {
        error = kith_route_deliver(reverse_of(wire)->route, &message);
    }
    if (error != KITH_OK) {
        message->waiting = false; // its outcome is made by the other side
        kith_message_free(&message);
        return_packet(wire, packet, error);
    }
}

// The record of a call, out of its list.
static struct kith_message *take_call(struct wire *wire, uint64_t id)
{
    for (struct kith_message **call = &wire->calls; *call != NULL; call = &(*call)->next) {
        if ((*call)->id == id) {
            struct kith_message *taken = *call;
            *call = taken->next;
            taken->next = NULL;
            return taken;
        }
    }
    return NULL;
}

static void deliver_reply(struct wire *wire, const struct packet *packet)
{
    struct wire *reverse = reverse_of(wire);
    struct kith_message *call = take_call(reverse, packet->envelope.id);
    if (call == NULL) {
        return;
    }
    if (packet->envelope.failed) {
        kith_route_return(reverse->route, &call, (enum kith_error)packet->envelope.error);
        return;
    }
    kith_message_reset(call);
    copy_envelope(call, packet);
    assert_int_equal(
        kith_payload_decode(wire->cluster->nodes[wire->to], call, packet->payload, packet->size),
        KITH_OK);
    assert_int_equal(kith_route_deliver(reverse->route, &call), KITH_OK);
}

static void deliver_return(struct wire *wire, const struct packet *packet)
{
    struct wire *reverse = reverse_of(wire);
    if (packet->envelope.waiting) {
        struct kith_message *call = take_call(reverse, packet->envelope.id);
        if (call != NULL) {
            kith_route_return(reverse->route, &call, packet->reason);
        }
        return;
    }
    struct kith_node *node = wire->cluster->nodes[wire->to];
    struct kith_message *message;
    assert_int_equal(kith_message_new(node, packet->envelope.type, 0, &message), KITH_OK);
    copy_envelope(message, packet);
    assert_int_equal(kith_payload_decode(node, message, packet->payload, packet->size), KITH_OK);
    kith_route_return(reverse->route, &message, packet->reason);
}

static void deliver(struct wire *wire, const struct packet *packet)
{
    struct kith_route *route = reverse_of(wire)->route;
    const struct envelope *envelope = &packet->envelope;
    switch (packet->kind) {
    case MESSAGE:
        deliver_message(wire, packet);
        break;
    case REPLY:
        deliver_reply(wire, packet);
        break;
    case RETURN:
        deliver_return(wire, packet);
        break;
    case MONITOR:
        kith_route_monitor(route, envelope->from, envelope->to, envelope->id, packet->monitor_kind);
        break;
    case UNMONITOR:
        kith_route_monitor_stop(route, envelope->from, envelope->to, envelope->id);
        break;
    case DOWN:
        kith_route_down(route, envelope->from, envelope->to, envelope->id, packet->reason);
        break;
    }
}

bool wire_deliver(struct wire *wire)
{
    bool any = false;
    while (wire->first != NULL && !wire->held) {
        struct packet *packet = wire->first;
        wire->first = packet->next;
        wire->queued -= packet->kind == MESSAGE || packet->kind == REPLY;
        if (reverse_of(wire)->route != NULL) {
            deliver(wire, packet);
        }
        free(packet);
        any = true;
    }
    return any;
}

void wire_clear(struct wire *wire, enum kith_error reason)
{
    while (wire->first != NULL) {
        struct packet *packet = wire->first;
        wire->first = packet->next;
        free(packet);
    }
    wire->queued = 0;
    while (wire->calls != NULL) {
        struct kith_message *call = wire->calls;
        wire->calls = call->next;
        call->next = NULL;
        kith_route_return(wire->route, &call, reason);
    }
}
