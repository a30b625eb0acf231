// SPDX-License-Identifier: Apache-2.0
// Where a field's value is in a message struct, as protobuf-c lays it out.
#ifndef KITHI_FIELD_H
#define KITHI_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

static inline void *kithi_field_value(const ProtobufCFieldDescriptor *field,
                                      const ProtobufCMessage *message)
{
    return (char *)(uintptr_t)message + field->offset;
}

// A size_t with the length of a list, a protobuf_c_boolean that says whether the field is there, or
// an enum with the number of the field of a oneof that is there.
static inline void *kithi_field_quantifier(const ProtobufCFieldDescriptor *field,
                                           const ProtobufCMessage *message)
{
    return (char *)(uintptr_t)message + field->quantifier_offset;
}

static inline bool kithi_field_is_oneof(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

// "string", "uint32" ...
const char *kithi_field_type_name(const ProtobufCFieldDescriptor *field);

#endif
