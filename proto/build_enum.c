// SPDX-License-Identifier: Apache-2.0
#include <kith/describe.h>

#include "build.h"

static enum kith_error build_values(struct kithi_build *build,
                                    const Kith__EnumDescription *described,
                                    ProtobufCEnumDescriptor *built);
static enum kith_error sort_names(struct kithi_build *build, const Kith__EnumDescription *described,
                                  ProtobufCEnumValueIndex *by_name);
static unsigned insert_value(ProtobufCEnumValue *values, unsigned count,
                             const Kith__EnumValue *described);
static unsigned find_value(const ProtobufCEnumDescriptor *built, int number);
static unsigned build_ranges(const ProtobufCEnumDescriptor *built, ProtobufCIntRange *ranges);

enum kith_error kithi_build_enum(struct kithi_build *build, const Kith__EnumDescription *described)
{
    ProtobufCEnumDescriptor *built = &build->enums[build->enum_count];
    if (described->n_values > KITH_DESCRIPTION_VALUES) {
        return KITH_ERROR_LIMIT;
    }
    if (described->n_values == 0 || kithi_build_find_enum(build, described->name) != NULL) {
        return KITH_ERROR_INVALID;
    }
    enum kith_error error =
        kithi_build_name(build, described->name, &built->package_name, &built->short_name);
    if (error != KITH_OK) {
        return error;
    }
    built->magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC;
    built->name = described->name;
    built->c_name = described->name;
    build->enum_count++;
    return build_values(build, described, built);
}

// Several names may stand for one number; `values` has each number once.
static enum kith_error build_values(struct kithi_build *build,
                                    const Kith__EnumDescription *described,
                                    ProtobufCEnumDescriptor *built)
{
    size_t count = described->n_values;
    ProtobufCEnumValue *values = kithi_build_allocate(build, count, sizeof *values);
    ProtobufCEnumValueIndex *by_name = kithi_build_allocate(build, count, sizeof *by_name);
    ProtobufCIntRange *ranges = kithi_build_allocate(build, count, sizeof *ranges);
    if (values == NULL || by_name == NULL || ranges == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (size_t place = 0; place < count; place++) {
        if (!kithi_build_is_identifier(described->values[place]->name)) {
            return KITH_ERROR_INVALID;
        }
        built->n_values = insert_value(values, built->n_values, described->values[place]);
    }
    built->values = values;
    enum kith_error error = sort_names(build, described, by_name);
    if (error != KITH_OK) {
        return error;
    }
    for (size_t place = 0; place < count; place++) {
        const Kith__EnumValue *value = described->values[by_name[place].index];
        by_name[place].index = find_value(built, value->number);
    }
    built->n_value_names = (unsigned)count;
    built->values_by_name = by_name;
    built->n_value_ranges = build_ranges(built, ranges);
    built->value_ranges = ranges;
    return KITH_OK;
}

// Fills names and, for the time being, the places in the description.
static enum kith_error sort_names(struct kithi_build *build, const Kith__EnumDescription *described,
                                  ProtobufCEnumValueIndex *by_name)
{
    size_t count = described->n_values;
    const char **names = kithi_build_allocate(build, count, sizeof *names);
    unsigned *places = kithi_build_allocate(build, count, sizeof *places);
    if (names == NULL || places == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    for (size_t place = 0; place < count; place++) {
        names[place] = described->values[place]->name;
    }
    enum kith_error error = kithi_build_sort(names, count, places);
    if (error != KITH_OK) {
        return error;
    }
    for (size_t place = 0; place < count; place++) {
        by_name[place].name = names[places[place]];
        by_name[place].index = places[place];
    }
    return KITH_OK;
}

// Keeps `values` sorted by number and free of doubles; gives their new count.
static unsigned insert_value(ProtobufCEnumValue *values, unsigned count,
                             const Kith__EnumValue *described)
{
    unsigned hole = count;
    while (hole > 0 && values[hole - 1].value > described->number) {
        hole--;
    }
    if (hole > 0 && values[hole - 1].value == described->number) {
        return count;
    }
    for (unsigned place = count; place > hole; place--) {
        values[place] = values[place - 1];
    }
    values[hole] = (ProtobufCEnumValue){described->name, described->name, described->number};
    return count + 1;
}

static unsigned find_value(const ProtobufCEnumDescriptor *built, int number)
{
    unsigned place = 0;
    while (built->values[place].value != number) {
        place++;
    }
    return place;
}

// A range is a run of numbers without a hole; the end of the last is in one more element.
static unsigned build_ranges(const ProtobufCEnumDescriptor *built, ProtobufCIntRange *ranges)
{
    unsigned count = 0;
    for (unsigned place = 0; place < built->n_values; place++) {
        int number = built->values[place].value;
        if (place == 0 || number - 1 != built->values[place - 1].value) {
            ranges[count++] = (ProtobufCIntRange){number, place};
        }
    }
    ranges[count] = (ProtobufCIntRange){0, built->n_values};
    return count;
}
