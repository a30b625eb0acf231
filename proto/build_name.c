// SPDX-License-Identifier: Apache-2.0
// Names of descriptors that are built at run time: what is valid, what is found, in which order.
#include <stdint.h>
#include <string.h>

#include <kith/describe.h>

#include "build.h"

static bool is_letter(char character);
static bool is_digit(char character);

const ProtobufCMessageDescriptor *kithi_build_find_message(const struct kithi_build *build,
                                                           const char *name)
{
    for (size_t place = 0; place < build->message_count; place++) {
        if (strcmp(build->messages[place].name, name) == 0) {
            return &build->messages[place];
        }
    }
    return NULL;
}

const ProtobufCEnumDescriptor *kithi_build_find_enum(const struct kithi_build *build,
                                                     const char *name)
{
    for (size_t place = 0; place < build->enum_count; place++) {
        if (strcmp(build->enums[place].name, name) == 0) {
            return &build->enums[place];
        }
    }
    return NULL;
}

enum kith_error kithi_build_name(struct kithi_build *build, const char *name, const char **package,
                                 const char **short_name)
{
    size_t length = strlen(name);
    size_t start = 0; // of the part looked at
    for (size_t place = 0; place < length; place++) {
        if (name[place] == '.' && place > start) {
            start = place + 1;
        } else if (!is_letter(name[place]) && (place == start || !is_digit(name[place]))) {
            return KITH_ERROR_INVALID;
        }
    }
    if (start == length || length >= KITH_DESCRIPTION_NAME) {
        return KITH_ERROR_INVALID;
    }
    char *before = kith_message_allocate(build->message, length + 1);
    if (before == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    size_t package_length = start > 0 ? start - 1 : 0;
    memcpy(before, name, package_length);
    before[package_length] = '\0';
    *package = before;
    *short_name = name + start;
    return KITH_OK;
}

bool kithi_build_is_identifier(const char *name)
{
    size_t length = 0;
    while (is_letter(name[length]) || (length > 0 && is_digit(name[length]))) {
        length++;
    }
    return length > 0 && length < KITH_DESCRIPTION_NAME && name[length] == '\0';
}

enum kith_error kithi_build_sort(const char *const *names, size_t count, unsigned *places)
{
    for (size_t next = 0; next < count; next++) {
        size_t hole = next;
        while (hole > 0 && strcmp(names[places[hole - 1]], names[next]) > 0) {
            places[hole] = places[hole - 1];
            hole--;
        }
        if (hole > 0 && strcmp(names[places[hole - 1]], names[next]) == 0) {
            return KITH_ERROR_INVALID;
        }
        places[hole] = (unsigned)next;
    }
    return KITH_OK;
}

void *kithi_build_allocate(struct kithi_build *build, size_t count, size_t size)
{
    if (count >= SIZE_MAX / size) {
        return NULL;
    }
    void *memory = kith_message_allocate(build->message, (count + 1) * size);
    if (memory != NULL) {
        memset(memory, 0, (count + 1) * size);
    }
    return memory;
}

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_';
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}
