// SPDX-License-Identifier: Apache-2.0
// Whether a struct can be written: protobuf-c follows its pointers without looking.
// (protobuf_c_message_check leaves out the bytes fields of proto3.)
#include <kith/codec.h>

static bool message_is_whole(const ProtobufCMessage *message);

static const void *at(const ProtobufCMessage *message, unsigned offset)
{
    return (const char *)message + offset;
}

static bool holds_pointer(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_MESSAGE ||
           type == PROTOBUF_C_TYPE_BYTES;
}

static bool value_is_whole(const ProtobufCFieldDescriptor *field, const void *value, bool may_lack)
{
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = value;
        return bytes->len == 0 || bytes->data != NULL;
    }
    const void *pointer = *(void *const *)value;
    if (pointer == NULL || field->type == PROTOBUF_C_TYPE_STRING) {
        return pointer != NULL || may_lack;
    }
    return message_is_whole(pointer);
}

static bool list_is_whole(const ProtobufCFieldDescriptor *field, const char *values, size_t count)
{
    size_t size = kith_value_size(field->type);
    if (count > 0 && values == NULL) {
        return false;
    }
    for (size_t i = 0; holds_pointer(field->type) && i < count; i++) {
        if (!value_is_whole(field, values + i * size, false)) {
            return false;
        }
    }
    return true;
}

static bool is_there(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    const void *quantifier = at(message, field->quantifier_offset);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        return *(const uint32_t *)quantifier == field->id;
    }
    return field->label != PROTOBUF_C_LABEL_OPTIONAL || field->type != PROTOBUF_C_TYPE_BYTES ||
           *(const protobuf_c_boolean *)quantifier;
}

static bool message_is_whole(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const void *value = at(message, field->offset);
        bool whole = true;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            const size_t *count = at(message, field->quantifier_offset);
            whole = list_is_whole(field, *(void *const *)value, *count);
        } else if (holds_pointer(field->type) && is_there(field, message)) {
            whole = value_is_whole(field, value, field->label != PROTOBUF_C_LABEL_REQUIRED);
        }
        if (!whole) {
            return false;
        }
    }
    return true;
}

bool kith_payload_is_whole(const struct kith_message *message)
{
    return message->descriptor == NULL || message_is_whole(message->data);
}
