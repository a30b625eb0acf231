// SPDX-License-Identifier: Apache-2.0
// Messages and their fields, and how the struct of a message is laid out.
#include <stdalign.h>
#include <string.h>

#include <kith/describe.h>

#include "build.h"
#include "field_type.h"

#define FIELD_NUMBER_MAX 536870911 // 2^29 - 1, protobuf's

// The largest of what a field can be.
union member {
    uint64_t number;
    double real;
    void *pointer;
    ProtobufCBinaryData bytes;
};

static bool build_field(const struct kithi_build *build, const Kith__FieldDescription *described,
                        ProtobufCFieldDescriptor *field);
static bool find_type(const struct kithi_build *build, const Kith__FieldDescription *described,
                      ProtobufCFieldDescriptor *field);
static bool is_consistent(const Kith__FieldDescription *described,
                          const ProtobufCFieldDescriptor *field);
static bool sort_fields(ProtobufCFieldDescriptor *fields, const Kith__FieldDescription **sources,
                        size_t count);
static enum kith_error sort_names(struct kithi_build *build, ProtobufCMessageDescriptor *message);
static void lay_out(ProtobufCMessageDescriptor *message, ProtobufCFieldDescriptor *fields,
                    const Kith__FieldDescription *const *sources);
static void place_field(ProtobufCFieldDescriptor *field, size_t *size);
static void place_oneof(ProtobufCFieldDescriptor *fields, size_t place,
                        const Kith__FieldDescription *const *sources, size_t *size);
static unsigned reserve(size_t *size, size_t wanted, size_t alignment);
static void find_member(const ProtobufCFieldDescriptor *field, size_t *size, size_t *alignment);
static unsigned build_ranges(const ProtobufCFieldDescriptor *fields, size_t count,
                             ProtobufCIntRange *ranges);

enum kith_error kithi_build_message(struct kithi_build *build,
                                    const Kith__MessageDescription *described)
{
    ProtobufCMessageDescriptor *built = &build->messages[build->message_count];
    if (described->n_fields > KITH_DESCRIPTION_FIELDS) {
        return KITH_ERROR_LIMIT;
    }
    if (kithi_build_find_message(build, described->name) != NULL) {
        return KITH_ERROR_INVALID;
    }
    enum kith_error error =
        kithi_build_name(build, described->name, &built->package_name, &built->short_name);
    if (error != KITH_OK) {
        return error;
    }
    built->magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC;
    built->name = described->name;
    built->c_name = described->name;
    build->message_count++;
    return KITH_OK;
}

enum kith_error kithi_build_fields(struct kithi_build *build,
                                   const Kith__MessageDescription *described,
                                   ProtobufCMessageDescriptor *message)
{
    size_t count = described->n_fields;
    ProtobufCFieldDescriptor *fields = kithi_build_allocate(build, count, sizeof *fields);
    const Kith__FieldDescription **sources = kithi_build_allocate(build, count, sizeof *sources);
    ProtobufCIntRange *ranges = kithi_build_allocate(build, count, sizeof *ranges);
    if (fields == NULL || sources == NULL || ranges == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (size_t place = 0; place < count; place++) {
        sources[place] = described->fields[place];
        if (!build_field(build, sources[place], &fields[place])) {
            return KITH_ERROR_INVALID;
        }
    }
    if (!sort_fields(fields, sources, count)) {
        return KITH_ERROR_INVALID;
    }
    message->n_fields = (unsigned)count;
    message->fields = fields;
    enum kith_error error = sort_names(build, message);
    if (error != KITH_OK) {
        return error;
    }
    lay_out(message, fields, sources);
    message->n_field_ranges = build_ranges(fields, count, ranges);
    message->field_ranges = ranges;
    return KITH_OK;
}

static bool build_field(const struct kithi_build *build, const Kith__FieldDescription *described,
                        ProtobufCFieldDescriptor *field)
{
    field->name = described->name;
    field->id = described->number;
    if (!kithi_build_is_identifier(described->name) || described->number == 0 ||
        described->number > FIELD_NUMBER_MAX ||
        !kithi_field_label_build(described->label, &field->label) ||
        !kithi_field_type_build(described->type, &field->type) ||
        !find_type(build, described, field) || !is_consistent(described, field)) {
        return false;
    }
    if (described->packed) {
        field->flags |= PROTOBUF_C_FIELD_FLAG_PACKED;
    }
    if (described->oneof != 0) {
        field->flags |= PROTOBUF_C_FIELD_FLAG_ONEOF;
    }
    // In a oneof, protobuf-c 1.4 would take the default for a value that has been set.
    if (field->type == PROTOBUF_C_TYPE_STRING && field->label == PROTOBUF_C_LABEL_NONE &&
        described->oneof == 0) {
        field->default_value = protobuf_c_empty_string;
    }
    return true;
}

static bool find_type(const struct kithi_build *build, const Kith__FieldDescription *described,
                      ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        field->descriptor = kithi_build_find_message(build, described->type_name);
        return field->descriptor != NULL;
    case PROTOBUF_C_TYPE_ENUM:
        field->descriptor = kithi_build_find_enum(build, described->type_name);
        return field->descriptor != NULL;
    default:
        return described->type_name[0] == '\0';
    }
}

static bool is_consistent(const Kith__FieldDescription *described,
                          const ProtobufCFieldDescriptor *field)
{
    bool number = field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_BYTES &&
                  field->type != PROTOBUF_C_TYPE_MESSAGE;
    if (described->packed && (!number || field->label != PROTOBUF_C_LABEL_REPEATED)) {
        return false;
    }
    return described->oneof == 0 || field->label == PROTOBUF_C_LABEL_NONE ||
           field->label == PROTOBUF_C_LABEL_OPTIONAL;
}

// Sorts both by the numbers of the fields. False if two have the same.
static bool sort_fields(ProtobufCFieldDescriptor *fields, const Kith__FieldDescription **sources,
                        size_t count)
{
    for (size_t next = 1; next < count; next++) {
        ProtobufCFieldDescriptor field = fields[next];
        const Kith__FieldDescription *source = sources[next];
        size_t hole = next;
        for (; hole > 0 && fields[hole - 1].id > field.id; hole--) {
            fields[hole] = fields[hole - 1];
            sources[hole] = sources[hole - 1];
        }
        if (hole > 0 && fields[hole - 1].id == field.id) {
            return false;
        }
        fields[hole] = field;
        sources[hole] = source;
    }
    return true;
}

static enum kith_error sort_names(struct kithi_build *build, ProtobufCMessageDescriptor *message)
{
    const char **names = kithi_build_allocate(build, message->n_fields, sizeof *names);
    unsigned *places = kithi_build_allocate(build, message->n_fields, sizeof *places);
    if (names == NULL || places == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (size_t place = 0; place < message->n_fields; place++) {
        names[place] = message->fields[place].name;
    }
    message->fields_sorted_by_name = places;
    return kithi_build_sort(names, message->n_fields, places);
}

static void lay_out(ProtobufCMessageDescriptor *message, ProtobufCFieldDescriptor *fields,
                    const Kith__FieldDescription *const *sources)
{
    size_t size = sizeof(ProtobufCMessage);
    for (size_t place = 0; place < message->n_fields; place++) {
        if (sources[place]->oneof != 0) {
            place_oneof(fields, place, sources, &size);
        } else {
            place_field(&fields[place], &size);
        }
    }
    reserve(&size, 0, alignof(union member));
    message->sizeof_message = size;
}

// Before a field comes what says whether, or how often, it is there, where protobuf-c wants that.
static void place_field(ProtobufCFieldDescriptor *field, size_t *size)
{
    size_t member_size, alignment;
    find_member(field, &member_size, &alignment);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        field->quantifier_offset = reserve(size, sizeof(size_t), alignof(size_t));
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
               field->type != PROTOBUF_C_TYPE_MESSAGE) {
        field->quantifier_offset =
            reserve(size, sizeof(protobuf_c_boolean), alignof(protobuf_c_boolean));
    }
    field->offset = reserve(size, member_size, alignment);
}

// All members of a oneof are in the same place.
static void place_oneof(ProtobufCFieldDescriptor *fields, size_t place,
                        const Kith__FieldDescription *const *sources, size_t *size)
{
    for (size_t other = 0; other < place; other++) {
        if (sources[other]->oneof == sources[place]->oneof) {
            fields[place].quantifier_offset = fields[other].quantifier_offset;
            fields[place].offset = fields[other].offset;
            return;
        }
    }
    fields[place].quantifier_offset = reserve(size, sizeof(uint32_t), alignof(uint32_t));
    fields[place].offset = reserve(size, sizeof(union member), alignof(union member));
}

static unsigned reserve(size_t *size, size_t wanted, size_t alignment)
{
    size_t offset = (*size + alignment - 1) & ~(alignment - 1);
    *size = offset + wanted;
    return (unsigned)offset;
}

static void find_member(const ProtobufCFieldDescriptor *field, size_t *size, size_t *alignment)
{
    *size = *alignment = sizeof(uint32_t);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *size = *alignment = sizeof(void *);
        return;
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        *size = *alignment = sizeof(uint64_t);
        break;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        *size = *alignment = sizeof(void *);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *size = sizeof(ProtobufCBinaryData);
        *alignment = alignof(ProtobufCBinaryData);
        break;
    default:
        break;
    }
}

// A range is a run of numbers without a hole; the end of the last is in one more element.
static unsigned build_ranges(const ProtobufCFieldDescriptor *fields, size_t count,
                             ProtobufCIntRange *ranges)
{
    unsigned ranges_count = 0;
    for (size_t place = 0; place < count; place++) {
        if (place == 0 || fields[place].id - 1 != fields[place - 1].id) {
            ranges[ranges_count++] = (ProtobufCIntRange){(int)fields[place].id, (unsigned)place};
        }
    }
    ranges[ranges_count] = (ProtobufCIntRange){0, (unsigned)count};
    return ranges_count;
}
