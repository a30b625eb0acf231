// SPDX-License-Identifier: Apache-2.0
#include "faults.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_PASSES = 4,           // datagrams that overtake a reordered one
    REORDER_NS = 30 * 1000000, // unless nothing follows it
};

// splitmix64: good enough, and the same everywhere.
static uint64_t draw(struct kithi_sctp_faults *faults)
{
    uint64_t value = faults->random += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static bool happens(struct kithi_sctp_faults *faults, uint16_t per_mille)
{
    if (per_mille == 0 || draw(faults) % 1000 >= per_mille) {
        return false;
    }
    faults->injected++;
    return true;
}

static void send_now(struct kithi_sctp_faults *faults, const struct kith_endpoint *to,
                     const void *data, size_t size)
{
    faults->udp->ops->send(faults->udp, to, data, size);
}

static void send_corrupted(struct kithi_sctp_faults *faults, const struct kith_endpoint *to,
                           const void *data, size_t size)
{
    unsigned char *copy = malloc(size);
    if (copy == NULL) {
        return; // lost, which is a fault as well
    }
    memcpy(copy, data, size);
    uint64_t place = draw(faults);
    copy[place % size] ^= (unsigned char)(1 + (place >> 32) % 255);
    send_now(faults, to, copy, size);
    free(copy);
}

// False: nothing can be held any more.
static bool hold(struct kithi_sctp_faults *faults, const struct kith_endpoint *to, const void *data,
                 size_t size, uint64_t due_ns, unsigned passes)
{
    struct kithi_sctp_held *held = faults->held;
    if (faults->held_count == KITHI_FAULTS_HELD) {
        return false;
    }
    while (held->data != NULL) {
        held++;
    }
    held->data = malloc(size);
    if (held->data == NULL) {
        return false;
    }
    memcpy(held->data, data, size);
    held->size = size;
    held->to = *to;
    held->due_ns = due_ns;
    held->passes = passes;
    faults->held_count++;
    return true;
}

static void let_go(struct kithi_sctp_faults *faults, struct kithi_sctp_held *held)
{
    send_now(faults, &held->to, held->data, held->size);
    free(held->data);
    held->data = NULL;
    faults->held_count--;
}

// A datagram has gone: it has overtaken those that are held to be overtaken.
static void count_pass(struct kithi_sctp_faults *faults)
{
    for (unsigned place = 0; place < KITHI_FAULTS_HELD && faults->held_count > 0; place++) {
        struct kithi_sctp_held *held = &faults->held[place];
        if (held->data != NULL && held->passes > 0 && --held->passes == 0) {
            let_go(faults, held);
        }
    }
}

void kithi_sctp_faults_send(struct kithi_sctp_faults *faults, const struct kith_endpoint *to,
                            const void *data, size_t size, uint64_t now_ns)
{
    if (!faults->active) {
        send_now(faults, to, data, size);
        return;
    }
    const struct kith_sctp_faults *options = &faults->options;
    if (happens(faults, options->drop)) {
        return;
    }
    if (happens(faults, options->duplicate)) {
        send_now(faults, to, data, size);
    }
    if (happens(faults, options->corrupt)) {
        send_corrupted(faults, to, data, size);
    } else if (happens(faults, options->delay) &&
               hold(faults, to, data, size, now_ns + options->delay_ms * UINT64_C(1000000), 0)) {
        return;
    } else if (happens(faults, options->reorder) &&
               hold(faults, to, data, size, now_ns + REORDER_NS,
                    1 + (unsigned)(draw(faults) % MOST_PASSES))) {
        return;
    } else {
        send_now(faults, to, data, size);
    }
    count_pass(faults);
}

void kithi_sctp_faults_tick(struct kithi_sctp_faults *faults, uint64_t now_ns)
{
    for (unsigned place = 0; place < KITHI_FAULTS_HELD && faults->held_count > 0; place++) {
        struct kithi_sctp_held *held = &faults->held[place];
        if (held->data != NULL && held->due_ns <= now_ns) {
            let_go(faults, held);
        }
    }
}

enum kith_error kithi_sctp_faults_init(struct kithi_sctp_faults *faults,
                                       const struct kith_sctp_faults *options, struct kith_udp *udp)
{
    *faults = (struct kithi_sctp_faults){
        .options = *options,
        .udp = udp,
        .random = options->seed,
        .active = options->drop > 0 || options->duplicate > 0 || options->reorder > 0 ||
                  options->corrupt > 0 || options->delay > 0,
    };
    if (faults->active) {
        faults->held = calloc(KITHI_FAULTS_HELD, sizeof *faults->held);
        return faults->held == NULL ? KITH_ERROR_NO_MEMORY : KITH_OK;
    }
    return KITH_OK;
}

void kithi_sctp_faults_fini(struct kithi_sctp_faults *faults)
{
    for (unsigned place = 0; faults->held != NULL && place < KITHI_FAULTS_HELD; place++) {
        free(faults->held[place].data);
    }
    free(faults->held);
    faults->held = NULL;
    faults->active = false;
}
