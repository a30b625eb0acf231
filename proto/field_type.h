// SPDX-License-Identifier: Apache-2.0
// The kinds of fields, as protobuf-c and as descriptions number them.
#ifndef KITHI_FIELD_TYPE_H
#define KITHI_FIELD_TYPE_H

#include <stdbool.h>

#include <describe.pb-c.h>

Kith__FieldDescription__Type kithi_field_type_describe(ProtobufCType type);
Kith__FieldDescription__Label kithi_field_label_describe(ProtobufCLabel label);

// False for a number that is none.
bool kithi_field_type_build(Kith__FieldDescription__Type described, ProtobufCType *type);
bool kithi_field_label_build(Kith__FieldDescription__Label described, ProtobufCLabel *label);

#endif
