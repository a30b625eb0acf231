// SPDX-License-Identifier: Apache-2.0
#include "budget.h"

#include <stdbool.h>
#include <string.h>

#include <kith/codec.h>

#include "arena.h"
#include "varint.h"

// How protobuf-c 1.4 unpacks a message: it notes each field that it meets, the first 16 on its
// stack, the rest in slabs of twice the size each; then it allocates the arrays, then the parts.
#define NOTE_SIZE         32
#define NOTES_ON_STACK    16
#define REQUIRED_ON_STACK 16 // bytes of its bitmap of required fields

struct measure {
    size_t memory, memory_max;
};

// A field as it is on the wire: `data` and `size` are its contents without tag and length.
struct wire_field {
    const ProtobufCFieldDescriptor *descriptor; // NULL: unknown
    ProtobufCWireType wire;
    const uint8_t *data;
    size_t size;
};

static enum kith_error measure_message(struct measure *measure,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       const uint8_t *data, size_t size, unsigned depth);
static bool read_field(const ProtobufCMessageDescriptor *message, const uint8_t **data,
                       size_t *size, struct wire_field *field);
static bool read_contents(const uint8_t **data, size_t *size, struct wire_field *field);
static enum kith_error measure_field(struct measure *measure, const struct wire_field *field,
                                     unsigned depth);
static bool measure_packed(const struct wire_field *field, size_t *bytes);
static enum kith_error take(struct measure *measure, size_t size);
static enum kith_error take_notes(struct measure *measure, size_t fields);
static ProtobufCWireType wire_type(ProtobufCType type);

enum kith_error kithi_budget_measure(const ProtobufCMessageDescriptor *descriptor, const void *data,
                                     size_t size, size_t memory_max, size_t *memory)
{
    struct measure measure = {.memory = 0, .memory_max = memory_max};
    enum kith_error error = measure_message(&measure, descriptor, data, size, 1);
    *memory = measure.memory;
    return error;
}

static enum kith_error measure_message(struct measure *measure,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       const uint8_t *data, size_t size, unsigned depth)
{
    if (depth > KITH_DECODE_DEPTH) {
        return KITH_ERROR_LIMIT;
    }
    enum kith_error error = take(measure, descriptor->sizeof_message);
    size_t bitmap = (descriptor->n_fields + 7) / 8;
    if (error == KITH_OK && bitmap > REQUIRED_ON_STACK) {
        error = take(measure, bitmap);
    }
    size_t fields = 0;
    while (error == KITH_OK && size > 0) {
        struct wire_field field;
        if (!read_field(descriptor, &data, &size, &field)) {
            return KITH_ERROR_INVALID;
        }
        fields++;
        error = measure_field(measure, &field, depth);
    }
    return error == KITH_OK ? take_notes(measure, fields) : error;
}

static bool read_field(const ProtobufCMessageDescriptor *message, const uint8_t **data,
                       size_t *size, struct wire_field *field)
{
    uint32_t tag;
    if (!kithi_varint_read(data, size, &tag) || tag >> 3 == 0) {
        return false;
    }
    field->wire = (ProtobufCWireType)(tag & 7);
    field->descriptor = protobuf_c_message_descriptor_get_field(message, tag >> 3);
    return read_contents(data, size, field);
}

static bool read_contents(const uint8_t **data, size_t *size, struct wire_field *field)
{
    uint32_t length = 0;
    switch (field->wire) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        while (length < *size && length < KITHI_VARINT64_MAX && (*data)[length] > 0x7f) {
            length++;
        }
        length++; // the last byte; a number that has none is longer than allowed
        if (length > KITHI_VARINT64_MAX) {
            return false;
        }
        break;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        length = 8;
        break;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        length = 4;
        break;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        if (!kithi_varint_read(data, size, &length)) {
            return false;
        }
        break;
    default:
        return false; // groups, and what protobuf doesn't define
    }
    if (length > *size) {
        return false;
    }
    field->data = *data;
    field->size = length;
    *data += length;
    *size -= length;
    return true;
}

static enum kith_error measure_field(struct measure *measure, const struct wire_field *field,
                                     unsigned depth)
{
    const ProtobufCFieldDescriptor *descriptor = field->descriptor;
    if (descriptor == NULL) {
        // It is kept as it is, with its length in front.
        return take(measure, sizeof(ProtobufCMessageUnknownField) +
                                 kithi_arena_round(field->size + KITHI_VARINT32_MAX));
    }
    bool repeated = descriptor->label == PROTOBUF_C_LABEL_REPEATED;
    size_t element = repeated ? kithi_arena_round(kith_value_size(descriptor->type)) : 0;
    if (field->wire != wire_type(descriptor->type)) {
        size_t bytes;
        if (!repeated || !measure_packed(field, &bytes)) {
            return KITH_ERROR_INVALID;
        }
        return take(measure, bytes);
    }
    switch (descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (memchr(field->data, 0, field->size) != NULL) {
            return KITH_ERROR_INVALID;
        }
        return take(measure, element + kithi_arena_round(field->size + 1));
    case PROTOBUF_C_TYPE_BYTES:
        return take(measure, element + kithi_arena_round(field->size));
    case PROTOBUF_C_TYPE_MESSAGE:
        if (take(measure, element) != KITH_OK) {
            return KITH_ERROR_LIMIT;
        }
        return measure_message(measure, descriptor->descriptor, field->data, field->size,
                               depth + 1);
    default:
        return take(measure, element);
    }
}

// Numbers written in one piece, whatever the .proto file says.
static bool measure_packed(const struct wire_field *field, size_t *bytes)
{
    ProtobufCType type = field->descriptor->type;
    size_t count = 0;
    if (field->wire != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
        return false;
    }
    switch (wire_type(type)) {
    case PROTOBUF_C_WIRE_TYPE_64BIT:
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        count = field->size / kith_value_size(type);
        *bytes = field->size;
        return field->size % kith_value_size(type) == 0;
    default:
        for (size_t i = 0; i < field->size; i++) {
            count += field->data[i] < 0x80;
        }
        // protobuf-c makes room for a byte each of booleans, before it looks at them.
        *bytes = (type == PROTOBUF_C_TYPE_BOOL ? field->size : count) * kith_value_size(type);
        return true;
    }
}

static enum kith_error take(struct measure *measure, size_t size)
{
    size_t rounded = kithi_arena_round(size);
    if (rounded < size || rounded > measure->memory_max - measure->memory) {
        return KITH_ERROR_LIMIT;
    }
    measure->memory += rounded;
    return KITH_OK;
}

static enum kith_error take_notes(struct measure *measure, size_t fields)
{
    enum kith_error error = KITH_OK;
    for (size_t slab = NOTES_ON_STACK; error == KITH_OK && fields > slab;) {
        fields -= slab;
        slab *= 2;
        error = take(measure, slab * NOTE_SIZE);
    }
    return error;
}

static ProtobufCWireType wire_type(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default:
        return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}
