// SPDX-License-Identifier: Apache-2.0
// The services that a node knows, found by their signatures.
#include <assert.h>
#include <string.h>

#include <kith/codec.h>

#define SERVICES_MAX 256
#define METHODS_MAX  256
#define FIRST_SLOTS  16 // a power of two, as are all sizes of the table

struct entry {
    uint64_t signature;
    const ProtobufCServiceDescriptor *service;
};

// `entries` are in the order of registration, for listings; `slots` is a hash table of their places
// plus 1, twice as large, so that a search always meets a free slot.
struct registry {
    uint32_t count, room;
    struct entry *entries;
    uint16_t *slots;
};

static const struct entry *find_entry(const struct registry *registry, uint64_t signature);
static struct registry *get_registry(struct kith_node *node);
static enum kith_error grow_registry(const struct kith_platform *platform,
                                     struct registry *registry);
static void add_slot(struct registry *registry, uint32_t place);
static void release_tables(const struct kith_platform *platform, struct registry *registry);
static bool is_usable(const ProtobufCServiceDescriptor *service);

enum kith_error kith_service_register(struct kith_node *node,
                                      const ProtobufCServiceDescriptor *service)
{
    struct registry *registry = get_registry(node);
    if (registry == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    uint64_t signature = kith_service_signature(service->name);
    const struct entry *known = find_entry(registry, signature);
    if (known != NULL) {
        return known->service == service ? KITH_OK : KITH_ERROR_EXISTS;
    }
    if (!is_usable(service) || registry->count == SERVICES_MAX) {
        return KITH_ERROR_LIMIT;
    }
    if (registry->count == registry->room) {
        enum kith_error error = grow_registry(kith_node_platform(node), registry);
        if (error != KITH_OK) {
            return error;
        }
    }
    registry->entries[registry->count] = (struct entry){signature, service};
    add_slot(registry, registry->count++);
    return KITH_OK;
}

const ProtobufCServiceDescriptor *kith_service_find(const struct kith_node *node,
                                                    uint64_t signature)
{
    const struct registry *registry = kith_node_part(node, KITH_PART_CODEC);
    const struct entry *entry = registry == NULL ? NULL : find_entry(registry, signature);
    return entry == NULL ? NULL : entry->service;
}

const ProtobufCMethodDescriptor *kith_service_method(const struct kith_node *node, uint64_t type)
{
    const ProtobufCServiceDescriptor *service = kith_service_find(node, KITH_TYPE_SIGNATURE(type));
    if (service == NULL || KITH_TYPE_METHOD(type) >= service->n_methods) {
        return NULL;
    }
    return &service->methods[KITH_TYPE_METHOD(type)];
}

const ProtobufCServiceDescriptor *kith_service_at(const struct kith_node *node, uint32_t place)
{
    assert(place < kith_service_count(node));
    const struct registry *registry = kith_node_part(node, KITH_PART_CODEC);
    return registry->entries[place].service;
}

uint32_t kith_service_count(const struct kith_node *node)
{
    const struct registry *registry = kith_node_part(node, KITH_PART_CODEC);
    return registry == NULL ? 0 : registry->count;
}

// FNV-1a (RFC 9923) of 64 bits, folded to 56; docs/wire.md promises it to other implementations.
uint64_t kith_service_signature(const char *full_name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *next = full_name; *next != '\0'; next++) {
        hash = (hash ^ (uint8_t)*next) * UINT64_C(0x100000001b3);
    }
    uint64_t signature = (hash >> 56) ^ (hash & UINT64_C(0xffffffffffffff));
    return signature < 256 ? signature + 256 : signature;
}

uint64_t kith_service_type(const ProtobufCServiceDescriptor *service, unsigned method)
{
    assert(method < service->n_methods && method < METHODS_MAX);
    return KITH_TYPE(kith_service_signature(service->name), method);
}

void kith_codec_close(struct kith_node *node)
{
    struct registry *registry = kith_node_part(node, KITH_PART_CODEC);
    if (registry == NULL) {
        return;
    }
    const struct kith_platform *platform = kith_node_platform(node);
    kith_node_part_set(node, KITH_PART_CODEC, NULL);
    release_tables(platform, registry);
    platform->release(platform->state, registry, sizeof *registry);
}

static const struct entry *find_entry(const struct registry *registry, uint64_t signature)
{
    uint32_t mask = 2 * registry->room - 1;
    for (uint32_t slot = (uint32_t)signature & mask; registry->room > 0; slot = (slot + 1) & mask) {
        if (registry->slots[slot] == 0) {
            return NULL;
        }
        const struct entry *entry = &registry->entries[registry->slots[slot] - 1];
        if (entry->signature == signature) {
            return entry;
        }
    }
    return NULL;
}

static struct registry *get_registry(struct kith_node *node)
{
    struct registry *registry = kith_node_part(node, KITH_PART_CODEC);
    if (registry != NULL) {
        return registry;
    }
    const struct kith_platform *platform = kith_node_platform(node);
    registry = platform->allocate(platform->state, sizeof *registry);
    if (registry != NULL) {
        memset(registry, 0, sizeof *registry);
        kith_node_part_set(node, KITH_PART_CODEC, registry);
    }
    return registry;
}

static enum kith_error grow_registry(const struct kith_platform *platform,
                                     struct registry *registry)
{
    struct registry larger = {.count = registry->count,
                              .room = registry->room == 0 ? FIRST_SLOTS / 2 : 2 * registry->room};
    larger.entries = platform->allocate(platform->state, larger.room * sizeof *larger.entries);
    larger.slots = platform->allocate(platform->state, 2 * larger.room * sizeof *larger.slots);
    if (larger.entries == NULL || larger.slots == NULL) {
        release_tables(platform, &larger);
        return KITH_ERROR_NO_MEMORY;
    }
    memset(larger.slots, 0, 2 * larger.room * sizeof *larger.slots);
    for (uint32_t place = 0; place < larger.count; place++) {
        larger.entries[place] = registry->entries[place];
        add_slot(&larger, place);
    }
    release_tables(platform, registry);
    *registry = larger;
    return KITH_OK;
}

static void add_slot(struct registry *registry, uint32_t place)
{
    uint32_t mask = 2 * registry->room - 1;
    uint32_t slot = (uint32_t)registry->entries[place].signature & mask;
    while (registry->slots[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    registry->slots[slot] = (uint16_t)(place + 1);
}

static void release_tables(const struct kith_platform *platform, struct registry *registry)
{
    platform->release(platform->state, registry->entries,
                      registry->room * sizeof *registry->entries);
    platform->release(platform->state, registry->slots,
                      2 * registry->room * sizeof *registry->slots);
}

static bool is_usable(const ProtobufCServiceDescriptor *service)
{
    return service->n_methods <= METHODS_MAX;
}
