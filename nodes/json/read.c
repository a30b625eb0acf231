// SPDX-License-Identifier: Apache-2.0
// From JSON to messages.
#include <kith/json.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kith/codec.h>
#include <kith/suggest.h>

#include "base64.h"
#include "field.h"

#define PATH_SIZE 160

struct reader {
    const struct kith_json_memory *memory;
    struct kith_json_problem *problem;
    char path[PATH_SIZE]; // of the field being read: "lines[3].words"
    unsigned depth;
};

static enum kith_error read_message(struct reader *reader, const json_t *json,
                                    ProtobufCMessage *message);

__attribute__((format(printf, 2, 3))) static enum kith_error complain(struct reader *reader,
                                                                      const char *format, ...)
{
    char *text = reader->problem->text;
    int used = 0;
    if (reader->path[0] != 0)
        used = snprintf(text, KITH_JSON_PROBLEM_SIZE, "field '%s': ", reader->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, KITH_JSON_PROBLEM_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    return KITH_ERROR_INVALID;
}

static const char *kind_of(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    default:
        return "null";
    }
}

// "expected uint32, not a string"
static enum kith_error refuse(struct reader *reader, const ProtobufCFieldDescriptor *field,
                              const json_t *json)
{
    const char *example = "";
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        example = " in base64, such as \"a2l0aA==\"";
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        example = ", an object in {}";
    const char *text = json_string_value(json);
    if (text != NULL)
        return complain(reader, "expected %s%s, not \"%.40s\"", kithi_field_type_name(field),
                        example, text);
    return complain(reader, "expected %s%s, not %s", kithi_field_type_name(field), example,
                    kind_of(json));
}

static void *allocate(struct reader *reader, size_t size)
{
    // A list without items still needs no memory, but its pointer shouldn't be told from an error.
    return reader->memory->allocate(reader->memory->state, size > 0 ? size : 1);
}

// Whole numbers may be written as such, as strings, and as 1e3 or 3.0.
static bool read_whole(const json_t *json, bool *negative, uint64_t *magnitude)
{
    if (json_is_integer(json)) {
        json_int_t number = json_integer_value(json);
        *negative = number < 0;
        *magnitude = *negative ? -(uint64_t)number : (uint64_t)number;
        return true;
    }
    if (json_is_real(json)) {
        double number = json_real_value(json);
        *negative = number < 0;
        if (floor(number) != number || fabs(number) >= 0x1p64)
            return false;
        *magnitude = (uint64_t)fabs(number);
        return true;
    }
    const char *text = json_string_value(json);
    if (text == NULL)
        return false;
    *negative = text[0] == '-';
    text += *negative;
    char *end;
    errno = 0;
    *magnitude = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == 0 && text[0] >= '0' && text[0] <= '9';
}

static enum kith_error read_unsigned(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                     const json_t *json, uint64_t maximum, uint64_t *number)
{
    bool negative;
    if (!read_whole(json, &negative, number))
        return refuse(reader, field, json);
    if ((negative && *number != 0) || *number > maximum)
        return complain(reader, "expected %s, from 0 to %" PRIu64, kithi_field_type_name(field),
                        maximum);
    return KITH_OK;
}

static enum kith_error read_signed(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                   const json_t *json, int64_t maximum, int64_t *number)
{
    bool negative;
    uint64_t magnitude;
    if (!read_whole(json, &negative, &magnitude))
        return refuse(reader, field, json);
    if (magnitude > (uint64_t)maximum + negative)
        return complain(reader, "expected %s, from %" PRId64 " to %" PRId64,
                        kithi_field_type_name(field), -maximum - 1, maximum);
    *number = (int64_t)(negative ? -magnitude : magnitude);
    return KITH_OK;
}

static enum kith_error read_real(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                 const json_t *json, double *number)
{
    const char *text = json_string_value(json);
    if (json_is_number(json)) {
        *number = json_number_value(json);
        return KITH_OK;
    }
    if (text == NULL)
        return refuse(reader, field, json);
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == 0 ? KITH_OK : refuse(reader, field, json);
}

static const char *enum_name(const void *words, size_t index)
{
    const ProtobufCEnumDescriptor *descriptor = words;
    return index < descriptor->n_value_names ? descriptor->values_by_name[index].name : NULL;
}

static enum kith_error read_enum(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                 const json_t *json, int *number)
{
    const ProtobufCEnumDescriptor *descriptor = field->descriptor;
    const char *text = json_string_value(json);
    if (text == NULL) {
        int64_t value = 0;
        enum kith_error error = read_signed(reader, field, json, INT32_MAX, &value);
        *number = (int)value;
        return error;
    }
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(descriptor, text);
    if (value != NULL) {
        *number = value->value;
        return KITH_OK;
    }
    const char *meant = kith_suggest(text, enum_name, descriptor);
    return complain(reader, "'%.40s' is no %s%s%s%s", text, descriptor->name,
                    meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
                    meant != NULL ? "'?" : "");
}

static enum kith_error read_string(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                   const json_t *json, char **result)
{
    const char *text = json_string_value(json);
    if (text == NULL)
        return refuse(reader, field, json);
    size_t size = json_string_length(json);
    if (strlen(text) != size)
        return complain(reader, "has a zero byte in it; only bytes fields can");
    *result = allocate(reader, size + 1);
    if (*result == NULL)
        return KITH_ERROR_NO_MEMORY;
    memcpy(*result, text, size + 1);
    return KITH_OK;
}

static enum kith_error read_bytes(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                  const json_t *json, ProtobufCBinaryData *bytes)
{
    const char *text = json_string_value(json);
    if (text == NULL)
        return refuse(reader, field, json);
    size_t len = json_string_length(json);
    bytes->data = allocate(reader, KITHI_BASE64_SIZE(len));
    if (bytes->data == NULL)
        return KITH_ERROR_NO_MEMORY;
    return kithi_base64_decode(text, len, bytes->data, &bytes->len) ? KITH_OK
                                                                    : refuse(reader, field, json);
}

static enum kith_error read_submessage(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                       const json_t *json, ProtobufCMessage **result)
{
    const ProtobufCMessageDescriptor *descriptor = field->descriptor;
    if (!json_is_object(json))
        return refuse(reader, field, json);
    *result = allocate(reader, descriptor->sizeof_message);
    if (*result == NULL)
        return KITH_ERROR_NO_MEMORY;
    kith_part_init(descriptor, *result);
    return read_message(reader, json, *result);
}

static enum kith_error read_boolean(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                    const json_t *json, protobuf_c_boolean *value)
{
    if (!json_is_boolean(json))
        return refuse(reader, field, json);
    *value = json_is_true(json);
    return KITH_OK;
}

static enum kith_error read_number(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                   const json_t *json, void *value)
{
    int64_t number = 0;
    uint64_t positive = 0;
    double real = 0;
    enum kith_error error;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        error = read_signed(reader, field, json, INT32_MAX, &number);
        *(int32_t *)value = (int32_t)number;
        return error;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        error = read_unsigned(reader, field, json, UINT32_MAX, &positive);
        *(uint32_t *)value = (uint32_t)positive;
        return error;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_unsigned(reader, field, json, UINT64_MAX, value);
    case PROTOBUF_C_TYPE_FLOAT:
        error = read_real(reader, field, json, &real);
        *(float *)value = (float)real;
        return error;
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_real(reader, field, json, value);
    default:
        return read_signed(reader, field, json, INT64_MAX, value);
    }
}

static enum kith_error read_value(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                  const json_t *json, void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return read_boolean(reader, field, json, value);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reader, field, json, value);
    case PROTOBUF_C_TYPE_STRING:
        return read_string(reader, field, json, value);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reader, field, json, value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_submessage(reader, field, json, value);
    default:
        return read_number(reader, field, json, value);
    }
}

static enum kith_error read_list(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                 const json_t *json, ProtobufCMessage *message)
{
    if (!json_is_array(json))
        return complain(reader, "expected a list of %s in [], not %s", kithi_field_type_name(field),
                        kind_of(json));
    size_t count = json_array_size(json), size = kith_value_size(field->type);
    char *items = allocate(reader, count * size), *end = reader->path + strlen(reader->path);
    if (items == NULL)
        return KITH_ERROR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        snprintf(end, sizeof(reader->path) - (size_t)(end - reader->path), "[%zu]", i);
        enum kith_error error =
            read_value(reader, field, json_array_get(json, i), items + i * size);
        if (error != KITH_OK)
            return error;
    }
    *(char **)kithi_field_value(field, message) = items;
    *(size_t *)kithi_field_quantifier(field, message) = count;
    return KITH_OK;
}

static enum kith_error read_single(struct reader *reader, const ProtobufCFieldDescriptor *field,
                                   const json_t *json, ProtobufCMessage *message)
{
    void *quantifier = kithi_field_quantifier(field, message);
    if (kithi_field_is_oneof(field)) {
        if (*(uint32_t *)quantifier != 0)
            return complain(reader, "excludes another one that is also given");
        *(uint32_t *)quantifier = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0) {
        *(protobuf_c_boolean *)quantifier = 1;
    }
    return read_value(reader, field, json, kithi_field_value(field, message));
}

static const char *field_name(const void *words, size_t index)
{
    const ProtobufCMessageDescriptor *descriptor = words;
    return index < descriptor->n_fields ? descriptor->fields[index].name : NULL;
}

static enum kith_error complain_unknown(struct reader *reader, const char *name,
                                        const ProtobufCMessageDescriptor *descriptor)
{
    const char *meant = kith_suggest(name, field_name, descriptor);
    if (meant != NULL)
        return complain(reader, "%s has no such field; did you mean '%s'?", descriptor->name,
                        meant);
    char known[PATH_SIZE] = "it has none";
    size_t used = 0;
    for (unsigned i = 0; i < descriptor->n_fields && used < sizeof(known); i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                                 i == 0 ? "it has: " : ", ", descriptor->fields[i].name);
    return complain(reader, "%s has no such field; %s", descriptor->name, known);
}

// Reads the fields that are given; reader->path is that of the message, and is so again afterwards.
static enum kith_error read_fields(struct reader *reader, const json_t *json,
                                   ProtobufCMessage *message)
{
    const char *name;
    json_t *value;
    char *end = reader->path + strlen(reader->path);
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        snprintf(end, sizeof(reader->path) - (size_t)(end - reader->path), "%s%.60s",
                 end != reader->path ? "." : "", name);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        enum kith_error error;
        if (field == NULL)
            error = complain_unknown(reader, name, message->descriptor);
        else if (json_is_null(value))
            error = KITH_OK;
        else if (field->label == PROTOBUF_C_LABEL_REPEATED)
            error = read_list(reader, field, value, message);
        else
            error = read_single(reader, field, value, message);
        if (error != KITH_OK)
            return error;
        *end = 0;
    }
    return KITH_OK;
}

// Of proto2 only.
static enum kith_error check_required(struct reader *reader, const json_t *json,
                                      const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const json_t *value = json_object_get(json, field->name);
        if (field->label == PROTOBUF_C_LABEL_REQUIRED && (value == NULL || json_is_null(value)))
            return complain(reader, "%s needs the field '%s'", descriptor->name, field->name);
    }
    return KITH_OK;
}

static enum kith_error read_message(struct reader *reader, const json_t *json,
                                    ProtobufCMessage *message)
{
    if (reader->depth == KITH_JSON_DEPTH) {
        complain(reader, "more than %d messages within each other", KITH_JSON_DEPTH);
        return KITH_ERROR_LIMIT;
    }
    reader->depth++;
    enum kith_error error = read_fields(reader, json, message);
    if (error == KITH_OK)
        error = check_required(reader, json, message->descriptor);
    reader->depth--;
    return error;
}

enum kith_error kith_json_to_message(const json_t *json, const struct kith_json_memory *memory,
                                     ProtobufCMessage *message, struct kith_json_problem *problem)
{
    struct reader reader = {.memory = memory, .problem = problem};
    problem->text[0] = 0;
    if (!json_is_object(json))
        return complain(&reader, "expected an object in {}, not %s", kind_of(json));
    return read_message(&reader, json, message);
}

enum kith_error kith_json_parse(const char *text, size_t size, json_t **json,
                                struct kith_json_problem *problem)
{
    json_error_t error;
    *json =
        json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (*json != NULL)
        return KITH_OK;
    if (error.text[0] == 0 || json_error_code(&error) == json_error_out_of_memory) {
        snprintf(problem->text, sizeof(problem->text), "out of memory");
        return KITH_ERROR_NO_MEMORY; // jansson leaves it without a text, or even calls it syntax
    }
    snprintf(problem->text, sizeof(problem->text), "not JSON: line %d, column %d: %s", error.line,
             error.column, error.text);
    return KITH_ERROR_INVALID;
}
