// SPDX-License-Identifier: Apache-2.0
// Typed payloads in a message's arena, and their way to bytes and back.
#include <assert.h>
#include <string.h>

#include <kith/codec.h>

#include "arena.h"
#include "budget.h"

static enum kith_error choose_descriptor(const struct kith_node *node,
                                         const struct kith_message *message,
                                         const ProtobufCMessageDescriptor **descriptor);
static enum kith_error decode_typed(struct kith_message *message,
                                    const ProtobufCMessageDescriptor *descriptor, const void *data,
                                    size_t size);
static enum kith_error copy_plain(struct kith_message *message, const void *data, size_t size);

enum kith_error kith_payload_decode(const struct kith_node *node, struct kith_message *message,
                                    const void *data, size_t size)
{
    kith_message_reset(message);
    if (size > kith_node_limits(node)->message_size) {
        return KITH_ERROR_TOO_LARGE;
    }
    if (message->done && message->error != KITH_OK && size == 0) {
        return KITH_OK;
    }
    const ProtobufCMessageDescriptor *descriptor;
    enum kith_error error = choose_descriptor(node, message, &descriptor);
    if (error != KITH_OK) {
        return error;
    }
    if (descriptor == NULL) {
        return copy_plain(message, data, size);
    }
    error = decode_typed(message, descriptor, data, size);
    if (error != KITH_OK) {
        kith_message_reset(message);
    }
    return error;
}

size_t kith_payload_size(const struct kith_message *message)
{
    if (message->descriptor == NULL) {
        return message->size;
    }
    return protobuf_c_message_get_packed_size(message->data);
}

void kith_payload_encode(const struct kith_message *message, void *out)
{
    if (message->descriptor != NULL) {
        protobuf_c_message_pack(message->data, out);
    } else if (message->size > 0) {
        memcpy(out, message->data, message->size);
    }
}

const void *kith_message_typed(const struct kith_message *message,
                               const ProtobufCMessageDescriptor *descriptor)
{
    return message->descriptor == descriptor ? message->data : NULL;
}

// These two are steps of the calls below: what is public can't be inlined into position-independent
// code, and each request and reply takes both.
static inline void *make_part(struct kith_message *message,
                              const ProtobufCMessageDescriptor *descriptor)
{
    assert(descriptor != NULL && descriptor->magic == PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC);
    void *part = kith_message_allocate(message, descriptor->sizeof_message);
    if (part != NULL) {
        kith_part_init(descriptor, part);
    }
    return part;
}

static inline void *set_typed(struct kith_message *message,
                              const ProtobufCMessageDescriptor *descriptor)
{
    void *part = make_part(message, descriptor);
    if (part != NULL) {
        message->data = part;
        message->size = descriptor->sizeof_message;
        message->descriptor = descriptor;
    }
    return part;
}

void *kith_message_part(struct kith_message *message, const ProtobufCMessageDescriptor *descriptor)
{
    return make_part(message, descriptor);
}

void *kith_message_set_typed(struct kith_message *message,
                             const ProtobufCMessageDescriptor *descriptor)
{
    return set_typed(message, descriptor);
}

enum kith_error kith_message_new_typed(struct kith_node *node, uint64_t type,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       struct kith_message **message)
{
    struct kith_message *fresh;
    enum kith_error error = kith_message_new(node, type, 0, &fresh);
    if (error != KITH_OK) {
        return error;
    }
    if (set_typed(fresh, descriptor) == NULL) {
        kith_message_free(&fresh);
        return KITH_ERROR_NO_MEMORY;
    }
    *message = fresh;
    return KITH_OK;
}

char *kith_message_text(struct kith_message *message, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = kith_message_allocate(message, size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

// Generated descriptors bring their own function; those built at run time (kith/describe.h) can't,
// and have defaults for strings only.
void kith_part_init(const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage *part)
{
    if (descriptor->message_init != NULL) {
        descriptor->message_init(part);
        return;
    }
    memset(part, 0, descriptor->sizeof_message);
    part->descriptor = descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->default_value != NULL) {
            assert(field->type == PROTOBUF_C_TYPE_STRING);
            memcpy((char *)part + field->offset, &field->default_value, sizeof(void *));
        }
    }
}

// What the payload of the message is: NULL for plain bytes.
static enum kith_error choose_descriptor(const struct kith_node *node,
                                         const struct kith_message *message,
                                         const ProtobufCMessageDescriptor **descriptor)
{
    uint64_t type = message->type == KITH_TYPE_RETURNED ? message->returned_type : message->type;
    *descriptor = NULL;
    if (KITH_TYPE_SIGNATURE(type) <= KITH_SIGNATURE_KERNEL) {
        return KITH_OK;
    }
    const ProtobufCMethodDescriptor *method = kith_service_method(node, type);
    if (method == NULL) {
        return KITH_ERROR_UNSUPPORTED;
    }
    *descriptor = message->done ? method->output : method->input;
    return KITH_OK;
}

static enum kith_error decode_typed(struct kith_message *message,
                                    const ProtobufCMessageDescriptor *descriptor, const void *data,
                                    size_t size)
{
    size_t needed;
    size_t most = KITH_DECODE_EXPANSION * kith_node_limits(message->node)->message_size;
    enum kith_error error = kithi_budget_measure(descriptor, data, size, most, &needed);
    if (error != KITH_OK) {
        return error;
    }
    void *memory = kith_message_allocate(message, needed);
    if (memory == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    struct kithi_arena arena;
    kithi_arena_init(&arena, memory, needed);
    message->data = protobuf_c_message_unpack(descriptor, &arena.allocator, size, data);
    if (message->data == NULL) {
        return KITH_ERROR_INVALID;
    }
    message->size = descriptor->sizeof_message;
    message->descriptor = descriptor;
    return KITH_OK;
}

static enum kith_error copy_plain(struct kith_message *message, const void *data, size_t size)
{
    enum kith_error error = kith_message_resize(message, size);
    if (error == KITH_OK && size > 0) {
        memcpy(message->data, data, size);
    }
    return error;
}

size_t kith_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}
