// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include <frame.pb-c.h>

#include <kith/frame.h>

#include "arena.h"
#include "budget.h"
#include "process_number.h"
#include "text.h"
#include "varint.h"

#define HELLO_MEMORY 4096 // all fields of this version and some that it doesn't know
#define ADDRESS_SIZE 16

static bool read_version(const uint8_t *data, size_t size, uint32_t *version);
static bool is_any_address(const struct kith_endpoint *endpoint);
static enum kith_error read_hello(const Kith__Hello *packed, struct kith_hello *hello);
static bool is_valid(const Kith__Hello *packed);

enum kith_error kith_hello_encode(const struct kith_hello *hello, void *out, size_t *size)
{
    Kith__Hello packed = KITH__HELLO__INIT;
    struct kith_endpoint advertise = hello->advertise;
    if (!kithi_text_valid(hello->name, KITH_NAME_SIZE) ||
        !kithi_text_valid(hello->program, KITH_LABEL_SIZE)) {
        return KITH_ERROR_INVALID;
    }
    packed.version = hello->version;
    packed.features = hello->features;
    packed.required = hello->required;
    packed.incarnation = hello->incarnation;
    packed.name = (char *)hello->name;
    packed.program = (char *)hello->program;
    if (!is_any_address(&advertise)) {
        packed.address.data = advertise.address;
        packed.address.len = ADDRESS_SIZE;
    }
    packed.port = advertise.port;
    packed.message_size = hello->message_size;
    packed.credits = hello->credits;
    packed.naming = kithi_process_number(hello->naming);
    packed.kernel = kithi_process_number(hello->kernel);
    packed.uptime_ms = hello->uptime_ms;
    packed.detect_ms = hello->detect_ms;
    packed.transient = hello->transient;
    if (protobuf_c_message_get_packed_size(&packed.base) > *size) {
        return KITH_ERROR_TOO_LARGE;
    }
    *size = protobuf_c_message_pack(&packed.base, out);
    assert(*size <= KITH_HELLO_MAX);
    return KITH_OK;
}

enum kith_error kith_hello_decode(const void *data, size_t size, struct kith_hello *hello)
{
    memset(hello, 0, sizeof *hello);
    if (!read_version(data, size, &hello->version)) {
        return KITH_ERROR_INVALID;
    }
    if (hello->version != KITH_WIRE_VERSION) {
        return KITH_ERROR_VERSION; // what follows is for that version to say
    }
    size_t needed;
    if (size > KITH_HELLO_MAX || kithi_budget_measure(&kith__hello__descriptor, data, size,
                                                      HELLO_MEMORY, &needed) != KITH_OK) {
        return KITH_ERROR_INVALID;
    }
    alignas(KITHI_ARENA_ALIGN) unsigned char memory[HELLO_MEMORY];
    struct kithi_arena arena;
    kithi_arena_init(&arena, memory, sizeof memory);
    Kith__Hello *packed = (Kith__Hello *)protobuf_c_message_unpack(&kith__hello__descriptor,
                                                                   &arena.allocator, size, data);
    return packed == NULL ? KITH_ERROR_INVALID : read_hello(packed, hello);
}

// The version comes first in every hello of every version, and is never 0.
static bool read_version(const uint8_t *data, size_t size, uint32_t *version)
{
    if (size == 0 || *data != (1 << 3 | PROTOBUF_C_WIRE_TYPE_VARINT)) {
        return false;
    }
    data++;
    size--;
    return kithi_varint_read(&data, &size, version) && *version != 0;
}

static bool is_any_address(const struct kith_endpoint *endpoint)
{
    for (size_t i = 0; i < ADDRESS_SIZE; i++) {
        if (endpoint->address[i] != 0) {
            return false;
        }
    }
    return true;
}

static enum kith_error read_hello(const Kith__Hello *packed, struct kith_hello *hello)
{
    uint64_t node = packed->incarnation;
    if (!is_valid(packed) || !kithi_process_ref(packed->naming, 0, node, &hello->naming) ||
        !kithi_process_ref(packed->kernel, 0, node, &hello->kernel)) {
        return KITH_ERROR_INVALID;
    }
    hello->features = packed->features;
    hello->required = packed->required;
    hello->incarnation = node;
    memcpy(hello->name, packed->name, strlen(packed->name) + 1);
    memcpy(hello->program, packed->program, strlen(packed->program) + 1);
    if (packed->address.len > 0) {
        memcpy(hello->advertise.address, packed->address.data, ADDRESS_SIZE);
    }
    hello->advertise.port = (uint16_t)packed->port;
    hello->message_size = packed->message_size;
    hello->credits = packed->credits;
    hello->uptime_ms = packed->uptime_ms;
    hello->detect_ms = packed->detect_ms;
    hello->transient = packed->transient != 0;
    return KITH_OK;
}

static bool is_valid(const Kith__Hello *packed)
{
    return packed->version == KITH_WIRE_VERSION && packed->incarnation != 0 &&
           (packed->required & ~packed->features) == 0 &&
           kithi_text_valid(packed->name, KITH_NAME_SIZE) &&
           kithi_text_valid(packed->program, KITH_LABEL_SIZE) &&
           (packed->address.len == 0 || packed->address.len == ADDRESS_SIZE) &&
           packed->port <= UINT16_MAX && packed->message_size > 0 && packed->credits > 0 &&
           packed->uptime_ms <= KITH_HELLO_TIME_MAX && packed->detect_ms <= KITH_HELLO_TIME_MAX;
}
