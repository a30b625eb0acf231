// SPDX-License-Identifier: Apache-2.0
#include "field_type.h"

#include <assert.h>
#include <stddef.h>

// protobuf-c's own numbers are not for the wire: they may change with its version.
static const struct {
    ProtobufCType type;
    Kith__FieldDescription__Type described;
} types[] = {
    {PROTOBUF_C_TYPE_INT32, KITH__FIELD_DESCRIPTION__TYPE__INT32},
    {PROTOBUF_C_TYPE_SINT32, KITH__FIELD_DESCRIPTION__TYPE__SINT32},
    {PROTOBUF_C_TYPE_SFIXED32, KITH__FIELD_DESCRIPTION__TYPE__SFIXED32},
    {PROTOBUF_C_TYPE_INT64, KITH__FIELD_DESCRIPTION__TYPE__INT64},
    {PROTOBUF_C_TYPE_SINT64, KITH__FIELD_DESCRIPTION__TYPE__SINT64},
    {PROTOBUF_C_TYPE_SFIXED64, KITH__FIELD_DESCRIPTION__TYPE__SFIXED64},
    {PROTOBUF_C_TYPE_UINT32, KITH__FIELD_DESCRIPTION__TYPE__UINT32},
    {PROTOBUF_C_TYPE_FIXED32, KITH__FIELD_DESCRIPTION__TYPE__FIXED32},
    {PROTOBUF_C_TYPE_UINT64, KITH__FIELD_DESCRIPTION__TYPE__UINT64},
    {PROTOBUF_C_TYPE_FIXED64, KITH__FIELD_DESCRIPTION__TYPE__FIXED64},
    {PROTOBUF_C_TYPE_FLOAT, KITH__FIELD_DESCRIPTION__TYPE__FLOAT},
    {PROTOBUF_C_TYPE_DOUBLE, KITH__FIELD_DESCRIPTION__TYPE__DOUBLE},
    {PROTOBUF_C_TYPE_BOOL, KITH__FIELD_DESCRIPTION__TYPE__BOOL},
    {PROTOBUF_C_TYPE_ENUM, KITH__FIELD_DESCRIPTION__TYPE__ENUM},
    {PROTOBUF_C_TYPE_STRING, KITH__FIELD_DESCRIPTION__TYPE__STRING},
    {PROTOBUF_C_TYPE_BYTES, KITH__FIELD_DESCRIPTION__TYPE__BYTES},
    {PROTOBUF_C_TYPE_MESSAGE, KITH__FIELD_DESCRIPTION__TYPE__MESSAGE},
};

static const struct {
    ProtobufCLabel label;
    Kith__FieldDescription__Label described;
} labels[] = {
    {PROTOBUF_C_LABEL_REQUIRED, KITH__FIELD_DESCRIPTION__LABEL__REQUIRED},
    {PROTOBUF_C_LABEL_OPTIONAL, KITH__FIELD_DESCRIPTION__LABEL__OPTIONAL},
    {PROTOBUF_C_LABEL_REPEATED, KITH__FIELD_DESCRIPTION__LABEL__REPEATED},
    {PROTOBUF_C_LABEL_NONE, KITH__FIELD_DESCRIPTION__LABEL__PLAIN},
};

Kith__FieldDescription__Type kithi_field_type_describe(ProtobufCType type)
{
    size_t place = 0;
    while (types[place].type != type) {
        place++;
        assert(place < sizeof types / sizeof types[0]);
    }
    return types[place].described;
}

Kith__FieldDescription__Label kithi_field_label_describe(ProtobufCLabel label)
{
    size_t place = 0;
    while (labels[place].label != label) {
        place++;
        assert(place < sizeof labels / sizeof labels[0]);
    }
    return labels[place].described;
}

bool kithi_field_type_build(Kith__FieldDescription__Type described, ProtobufCType *type)
{
    for (size_t place = 0; place < sizeof types / sizeof types[0]; place++) {
        if (types[place].described == described) {
            *type = types[place].type;
            return true;
        }
    }
    return false;
}

bool kithi_field_label_build(Kith__FieldDescription__Label described, ProtobufCLabel *label)
{
    for (size_t place = 0; place < sizeof labels / sizeof labels[0]; place++) {
        if (labels[place].described == described) {
            *label = labels[place].label;
            return true;
        }
    }
    return false;
}
