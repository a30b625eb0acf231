// SPDX-License-Identifier: Apache-2.0
// The slots of peers, and where strangers wait until they are peers.
//
// A stranger's INIT is answered with a cookie and must leave nothing behind (RFC 9260, 5.1), but
// the cookie is bound to the slot's number, and the same number has to be found again when the
// cookie comes back. So a few places keep slots for strangers, and which of them a stranger may get
// depends on a hash of its endpoint. Under a flood of INITs places are taken over from others; a
// stranger that comes back is then given its home place again, and its cookie is still good.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sctp.h"

enum { STRAY = 1, FIRST = 2 }; // numbers; 0 is none

// Part of the state of usrsctp: the numbers are known to it.
static struct {
    struct kithi_sctp_slot *chunks[KITHI_SCTP_SLOT_CHUNKS];
    uint32_t end;  // the first number never used
    uint32_t free; // list, by `next`
    uint32_t strangers[KITHI_SCTP_STRANGERS];
} slots;

static struct kithi_sctp_slot *at(uint32_t number)
{
    if (number == 0 || number >= slots.end) {
        return NULL;
    }
    return &slots.chunks[number / KITHI_SCTP_SLOT_CHUNK][number % KITHI_SCTP_SLOT_CHUNK];
}

struct kithi_sctp_slot *kithi_sctp_slot_at(const void *address)
{
    uintptr_t number = (uintptr_t)address;
    return number < UINT32_MAX ? at((uint32_t)number) : NULL;
}

void *kithi_sctp_slot_address(const struct kithi_sctp_slot *slot)
{
    return (void *)(uintptr_t)slot->number;
}

static struct kithi_sctp_slot *add_slot(void)
{
    if (slots.end == 0) {
        slots.end = STRAY;
    }
    uint32_t chunk = slots.end / KITHI_SCTP_SLOT_CHUNK;
    if (chunk == KITHI_SCTP_SLOT_CHUNKS) {
        return NULL;
    }
    if (slots.chunks[chunk] == NULL) {
        slots.chunks[chunk] = calloc(KITHI_SCTP_SLOT_CHUNK, sizeof **slots.chunks);
        if (slots.chunks[chunk] == NULL) {
            return NULL;
        }
    }
    struct kithi_sctp_slot *slot = &slots.chunks[chunk][slots.end % KITHI_SCTP_SLOT_CHUNK];
    slot->number = slots.end++;
    return slot;
}

static struct kithi_sctp_slot *take_free(struct kithi_sctp *self,
                                         const struct kith_endpoint *endpoint)
{
    if (slots.end == 0 && add_slot() == NULL) { // the one for strays
        return NULL;
    }
    struct kithi_sctp_slot *slot = at(slots.free);
    if (slot != NULL) {
        slots.free = slot->next;
    } else {
        slot = add_slot();
        if (slot == NULL) {
            return NULL;
        }
        usrsctp_register_address(kithi_sctp_slot_address(slot));
    }
    slot->backend = self;
    slot->endpoint = *endpoint;
    slot->asked_ns = 0;
    slot->path_size = 0;
    return slot;
}

static void give_free(struct kithi_sctp_slot *slot)
{
    assert(slot->connections == NULL);
    slot->backend = NULL;
    slot->next = slots.free;
    slots.free = slot->number;
}

// --- peers: in a table of their back end

static uint32_t *bucket_of(const struct kithi_sctp *self, const struct kith_endpoint *endpoint)
{
    uint64_t hash = kithi_sctp_stack_hash(endpoint);
    return (uint32_t *)&self->buckets[hash % KITHI_SCTP_BUCKETS];
}

struct kithi_sctp_slot *kithi_sctp_slot_find(const struct kithi_sctp *self,
                                             const struct kith_endpoint *endpoint)
{
    struct kithi_sctp_slot *slot = at(*bucket_of(self, endpoint));
    while (slot != NULL && !kith_endpoint_equal(&slot->endpoint, endpoint)) {
        slot = at(slot->next);
    }
    return slot;
}

static void insert(struct kithi_sctp_slot *slot)
{
    uint32_t *bucket = bucket_of(slot->backend, &slot->endpoint);
    slot->next = *bucket;
    *bucket = slot->number;
}

static void remove_from_bucket(struct kithi_sctp_slot *slot)
{
    uint32_t *link = bucket_of(slot->backend, &slot->endpoint);
    while (*link != slot->number) {
        link = &at(*link)->next;
    }
    *link = slot->next;
}

static enum kith_error ask_path(struct kithi_sctp_slot *slot)
{
    struct kith_udp *udp = slot->backend->options.udp;
    return udp->ops->path(udp, &slot->endpoint, &slot->path_size);
}

// --- strangers: in a few places that all back ends share

static uint32_t *way(const struct kith_endpoint *endpoint, unsigned number)
{
    uint64_t hash = kithi_sctp_stack_hash(endpoint) >> 32;
    return &slots.strangers[(hash + number) % KITHI_SCTP_STRANGERS];
}

static uint32_t *find_stranger(const struct kithi_sctp *self, const struct kith_endpoint *endpoint)
{
    for (unsigned number = 0; number < KITHI_SCTP_STRANGER_WAYS; number++) {
        uint32_t *place = way(endpoint, number);
        const struct kithi_sctp_slot *slot = at(*place);
        if (slot != NULL && slot->backend == self &&
            kith_endpoint_equal(&slot->endpoint, endpoint)) {
            return place;
        }
    }
    return NULL;
}

// The place for another stranger: one that is empty or whose stranger didn't come back, or else its
// home place.
static uint32_t *choose_place(const struct kith_endpoint *endpoint, uint64_t now_ns)
{
    for (unsigned number = 0; number < KITHI_SCTP_STRANGER_WAYS; number++) {
        uint32_t *place = way(endpoint, number);
        const struct kithi_sctp_slot *slot = at(*place);
        if (slot == NULL || now_ns - slot->asked_ns > KITHI_SCTP_STRANGER_MS * UINT64_C(1000000)) {
            return place;
        }
    }
    return way(endpoint, 0);
}

static struct kithi_sctp_slot *move_in(struct kithi_sctp *self,
                                       const struct kith_endpoint *endpoint, uint32_t *place)
{
    struct kithi_sctp_slot *slot = at(*place);
    if (slot == NULL) {
        slot = take_free(self, endpoint);
        if (slot == NULL) {
            return NULL;
        }
        *place = slot->number;
    }
    slot->backend = self;
    slot->endpoint = *endpoint;
    slot->path_size = 0;
    return slot;
}

struct kithi_sctp_slot *kithi_sctp_slot_greet(struct kithi_sctp *self,
                                              const struct kith_endpoint *endpoint, bool asks)
{
    uint64_t now_ns = kithi_sctp_now_ns(self);
    uint32_t *place = find_stranger(self, endpoint);
    struct kithi_sctp_slot *slot = at(place == NULL ? 0 : *place);
    if (slot == NULL) {
        place = asks ? choose_place(endpoint, now_ns) : way(endpoint, 0);
        slot = move_in(self, endpoint, place);
    }
    if (slot == NULL) {
        return NULL;
    }
    slot->asked_ns = now_ns;
    if (slot->path_size == 0 && ask_path(slot) != KITH_OK) {
        return NULL;
    }
    return kithi_sctp_socket_listen(slot) == KITH_OK ? slot : NULL;
}

void kithi_sctp_slot_settle(struct kithi_sctp_slot *slot)
{
    uint32_t *place = find_stranger(slot->backend, &slot->endpoint);
    if (place != NULL && *place == slot->number) {
        *place = 0;
        insert(slot);
    }
}

// ---

enum kith_error kithi_sctp_slot_take(struct kithi_sctp *self, const struct kith_endpoint *endpoint,
                                     struct kithi_sctp_slot **slot)
{
    *slot = kithi_sctp_slot_find(self, endpoint);
    if (*slot != NULL) {
        return KITH_OK;
    }
    const uint32_t *place = find_stranger(self, endpoint);
    struct kithi_sctp_slot *taken = place != NULL ? at(*place) : take_free(self, endpoint);
    if (taken == NULL) {
        return KITH_ERROR_LIMIT;
    }
    enum kith_error error = ask_path(taken);
    if (error != KITH_OK) {
        if (place == NULL) {
            give_free(taken);
        }
        return error;
    }
    if (place != NULL) {
        kithi_sctp_slot_settle(taken);
    } else {
        insert(taken);
    }
    *slot = taken;
    return KITH_OK;
}

// A peer that has just asked to connect again, and then lost its last connection, becomes a
// stranger, so that its cookie stays good.
void kithi_sctp_slot_release(struct kithi_sctp_slot *slot)
{
    if (slot->connections != NULL) {
        return;
    }
    remove_from_bucket(slot);
    uint64_t now_ns = kithi_sctp_now_ns(slot->backend);
    if (slot->asked_ns == 0 ||
        now_ns - slot->asked_ns > KITHI_SCTP_STRANGER_MS * UINT64_C(1000000)) {
        give_free(slot);
        return;
    }
    uint32_t *place = choose_place(&slot->endpoint, now_ns);
    struct kithi_sctp_slot *former = at(*place);
    if (former != NULL) {
        give_free(former);
    }
    *place = slot->number;
}

struct kithi_sctp_slot *kithi_sctp_slot_stray(struct kithi_sctp *self,
                                              const struct kith_endpoint *endpoint)
{
    if (slots.end == 0 && add_slot() == NULL) {
        return NULL;
    }
    struct kithi_sctp_slot *slot = at(STRAY);
    slot->backend = self;
    slot->endpoint = *endpoint;
    return slot;
}

void kithi_sctp_slots_forget(const struct kithi_sctp *self)
{
    for (size_t place = 0; place < KITHI_SCTP_STRANGERS; place++) {
        struct kithi_sctp_slot *slot = at(slots.strangers[place]);
        if (slot != NULL && slot->backend == self) {
            slots.strangers[place] = 0;
            give_free(slot);
        }
    }
    struct kithi_sctp_slot *stray = at(STRAY);
    if (stray != NULL && stray->backend == self) {
        stray->backend = NULL;
    }
}

void kithi_sctp_slots_close(void)
{
    for (uint32_t number = FIRST; number < slots.end; number++) {
        assert(at(number)->backend == NULL);
        usrsctp_close(at(number)->listener);
    }
    for (size_t chunk = 0; chunk < KITHI_SCTP_SLOT_CHUNKS; chunk++) {
        free(slots.chunks[chunk]);
    }
    memset(&slots, 0, sizeof slots);
}
