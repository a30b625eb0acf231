// SPDX-License-Identifier: Apache-2.0
// From messages to JSON.
#include <kith/json.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kith/codec.h>

#include "base64.h"
#include "field.h"

#define EXACT_MAX INT64_C(9007199254740992) // 2^53: what a double holds exactly

static enum kith_error write_message(const ProtobufCMessage *message, unsigned depth,
                                     json_t **json);

static json_t *write_signed(int64_t number)
{
    if (number >= -EXACT_MAX && number <= EXACT_MAX)
        return json_integer(number);
    return json_sprintf("%" PRId64, number);
}

static json_t *write_unsigned(uint64_t number)
{
    if (number <= (uint64_t)EXACT_MAX)
        return json_integer((json_int_t)number);
    return json_sprintf("%" PRIu64, number);
}

static json_t *write_real(double number)
{
    if (isnan(number))
        return json_string("NaN");
    if (isinf(number))
        return json_string(number > 0 ? "Infinity" : "-Infinity");
    return json_real(number);
}

static json_t *write_bytes(const ProtobufCBinaryData *bytes)
{
    size_t len = KITHI_BASE64_LEN(bytes->len);
    char *text = malloc(len + 1);
    if (text == NULL)
        return NULL;
    kithi_base64_encode(bytes->data, bytes->len, text);
    json_t *json = json_stringn(text, len);
    free(text);
    return json;
}

static json_t *write_enum(const ProtobufCEnumDescriptor *descriptor, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    return value != NULL ? json_string(value->name) : json_integer(number);
}

// Texts that came from elsewhere may not be UTF-8; then they are shown as Latin-1.
static json_t *write_string(const char *text)
{
    json_t *json = json_string(text);
    if (json != NULL)
        return json;
    char *copy = malloc(2 * strlen(text) + 1), *end = copy;
    if (copy == NULL)
        return NULL;
    for (; *text != 0; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x80)
            *end++ = (char)(0xc0 | byte >> 6);
        *end++ = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
    }
    *end = 0;
    json = json_string(copy);
    free(copy);
    return json;
}

// One value, of a single field or out of a list. NULL: no memory.
static json_t *write_scalar(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)value);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)value);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return write_signed(*(const int64_t *)value);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return write_unsigned(*(const uint64_t *)value);
    case PROTOBUF_C_TYPE_FLOAT:
        return write_real(*(const float *)value);
    case PROTOBUF_C_TYPE_DOUBLE:
        return write_real(*(const double *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(field->descriptor, *(const int *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(value);
    default:
        return write_string(*(char *const *)value != NULL ? *(char *const *)value : "");
    }
}

static enum kith_error write_value(const ProtobufCFieldDescriptor *field, const void *value,
                                   unsigned depth, json_t **json)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return write_message(*(ProtobufCMessage *const *)value, depth + 1, json);
    *json = write_scalar(field, value);
    return *json != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

static enum kith_error write_list(const ProtobufCFieldDescriptor *field,
                                  const ProtobufCMessage *message, unsigned depth, json_t **json)
{
    size_t count = *(const size_t *)kithi_field_quantifier(field, message);
    size_t size = kith_value_size(field->type);
    const char *items = *(char *const *)kithi_field_value(field, message);
    *json = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item;
        enum kith_error error = write_value(field, items + i * size, depth, &item);
        if (error == KITH_OK && json_array_append_new(*json, item) != 0)
            error = KITH_ERROR_NO_MEMORY;
        if (error != KITH_OK) {
            json_decref(*json);
            return error;
        }
    }
    return *json != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

// Whether a single field is there and to be shown.
static bool is_present(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    if (kithi_field_is_oneof(field))
        return *(const uint32_t *)kithi_field_quantifier(field, message) == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(void *const *)kithi_field_value(field, message) != NULL;
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL)
        return true;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const void *text = *(void *const *)kithi_field_value(field, message);
        return text != NULL && text != field->default_value;
    }
    return *(const protobuf_c_boolean *)kithi_field_quantifier(field, message);
}

static enum kith_error write_field(const ProtobufCFieldDescriptor *field,
                                   const ProtobufCMessage *message, unsigned depth, json_t *object)
{
    json_t *json = NULL;
    enum kith_error error;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        error = write_list(field, message, depth, &json);
    else if (is_present(field, message))
        error = write_value(field, kithi_field_value(field, message), depth, &json);
    else
        return KITH_OK;
    if (error == KITH_OK && json_object_set_new(object, field->name, json) != 0)
        error = KITH_ERROR_NO_MEMORY;
    return error;
}

static enum kith_error write_message(const ProtobufCMessage *message, unsigned depth, json_t **json)
{
    if (depth > KITH_JSON_DEPTH)
        return KITH_ERROR_LIMIT;
    json_t *object = json_object();
    if (object == NULL)
        return KITH_ERROR_NO_MEMORY;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        enum kith_error error =
            write_field(&message->descriptor->fields[i], message, depth, object);
        if (error != KITH_OK) {
            json_decref(object);
            return error;
        }
    }
    *json = object;
    return KITH_OK;
}

enum kith_error kith_json_from_message(const ProtobufCMessage *message, json_t **json)
{
    return write_message(message, 1, json);
}
