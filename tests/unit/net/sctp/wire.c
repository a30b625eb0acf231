// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t NS_PER_MS = 1000000;

static enum kith_error open_udp(struct kith_udp *udp, const struct kith_endpoint *listen,
                                const struct kith_udp_events *events, void *owner,
                                struct kith_endpoint *bound)
{
    struct wire_end *end = (struct wire_end *)udp;
    end->events = events;
    end->owner = owner;
    *bound = *listen;
    return KITH_OK;
}

static void close_udp(struct kith_udp *udp)
{
    ((struct wire_end *)udp)->events = NULL;
}

struct wire_packet *wire_carry(struct wire_end *from, struct wire_end *to, const void *data,
                               size_t size)
{
    struct wire *wire = from->wire;
    if (wire->count == WIRE_PACKETS_MOST || size > WIRE_PACKET_SIZE) {
        return NULL;
    }
    struct wire_packet *packet = &wire->packets[(wire->first + wire->count++) % WIRE_PACKETS_MOST];
    packet->from = from;
    packet->to = to;
    packet->size = size;
    memcpy(packet->bytes, data, size);
    return packet;
}

static void send_udp(struct kith_udp *udp, const struct kith_endpoint *to, const void *data,
                     size_t size)
{
    struct wire_end *from = (struct wire_end *)udp;
    struct wire *wire = from->wire;
    for (size_t i = 0; i < WIRE_ENDS; i++) {
        if (!kith_endpoint_equal(&wire->ends[i].endpoint, to)) {
            continue;
        }
        if (wire->sent != NULL) {
            wire->sent(from, &wire->ends[i], data, size);
        } else {
            wire_carry(from, &wire->ends[i], data, size);
        }
    }
}

static enum kith_error find_path(struct kith_udp *udp, const struct kith_endpoint *to, size_t *size)
{
    (void)udp, (void)to;
    *size = KITH_UDP_PATH_LEAST;
    return KITH_OK;
}

static void flush_udp(struct kith_udp *udp)
{
    (void)udp; // nothing waits
}

static uint64_t now_ns(const struct wire *wire)
{
    return wire->platform.now_ns(wire->platform.state);
}

static void set_tick(struct kith_udp *udp, uint32_t period_ms)
{
    struct wire_end *end = (struct wire_end *)udp;
    end->tick_ms = period_ms;
    end->tick_ns = now_ns(end->wire);
}

void wire_open(struct wire *wire)
{
    static const struct kith_udp_ops ops = {.open = open_udp,
                                            .close = close_udp,
                                            .send = send_udp,
                                            .flush = flush_udp,
                                            .path = find_path,
                                            .set_tick = set_tick};
    static uint64_t start_ns;
    memset(wire, 0, sizeof *wire);
    wire->sim = kith_platform_sim_open(1, &wire->platform);
    assert(wire->sim != NULL);
    start_ns += 60000 * NS_PER_MS;
    kith_platform_sim_set_now(wire->sim, start_ns);
    for (size_t i = 0; i < WIRE_ENDS; i++) {
        char text[] = "10.0.0.1:7400";
        text[7] = (char)('1' + i);
        wire->ends[i].udp.ops = &ops;
        wire->ends[i].wire = wire;
        (void)kith_endpoint_parse(text, 0, &wire->ends[i].endpoint);
    }
}

void wire_close(struct wire *wire)
{
    for (size_t i = 0; i < WIRE_ENDS; i++) {
        assert(wire->ends[i].events == NULL);
    }
    kith_platform_sim_close(wire->sim);
}

static void settle(struct wire *wire)
{
    for (size_t i = 0; i < WIRE_ENDS; i++) {
        if (wire->ends[i].events != NULL) {
            wire->ends[i].events->settled(wire->ends[i].owner);
        }
    }
}

// What it gets is of just that size, so that whoever reads beyond it is caught.
static void hand_over(const struct wire_packet *packet)
{
    unsigned char *bytes = malloc(packet->size);
    if (bytes != NULL && packet->to->events != NULL) {
        memcpy(bytes, packet->bytes, packet->size);
        packet->to->events->received(packet->to->owner, &packet->from->endpoint, bytes,
                                     packet->size);
    }
    free(bytes);
}

void wire_deliver(struct wire *wire)
{
    settle(wire);
    for (size_t most = 0; wire->count > 0 && most < WIRE_PACKETS_MOST; most++) {
        struct wire_packet packet = wire->packets[wire->first];
        wire->first = (wire->first + 1) % WIRE_PACKETS_MOST;
        wire->count--;
        hand_over(&packet);
        settle(wire);
    }
}

void wire_run(struct wire *wire, uint32_t span_ms)
{
    wire_deliver(wire);
    for (uint32_t passed = 0; passed < span_ms; passed += WIRE_STEP_MS) {
        kith_platform_sim_advance(wire->sim, WIRE_STEP_MS * NS_PER_MS);
        for (size_t i = 0; i < WIRE_ENDS; i++) {
            struct wire_end *end = &wire->ends[i];
            if (end->events != NULL && end->tick_ms > 0 &&
                now_ns(wire) - end->tick_ns >= end->tick_ms * NS_PER_MS) {
                end->tick_ns = now_ns(wire);
                end->events->tick(end->owner);
            }
        }
        wire_deliver(wire);
    }
}
