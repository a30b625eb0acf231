// SPDX-License-Identifier: Apache-2.0
// The parts of building descriptors at run time (kith/describe.h).
#ifndef KITHI_BUILD_H
#define KITHI_BUILD_H

#include <stdbool.h>

#include <describe.pb-c.h>

#include <kith/message.h>

// What has been built so far, in the arena of `message`. The arrays have room for all.
struct kithi_build {
    struct kith_message *message;
    ProtobufCMessageDescriptor *messages;
    ProtobufCEnumDescriptor *enums;
    size_t message_count, enum_count;
};

// Zeroed memory for `count` things and one more, or NULL.
void *kithi_build_allocate(struct kithi_build *build, size_t count, size_t size);

// Adds an enumeration, whole, or a message, without its fields. Errors: INVALID, LIMIT, NO_MEMORY.
enum kith_error kithi_build_enum(struct kithi_build *build, const Kith__EnumDescription *described);
enum kith_error kithi_build_message(struct kithi_build *build,
                                    const Kith__MessageDescription *described);

// Gives a message its fields and their places in the struct, when all messages have been added.
enum kith_error kithi_build_fields(struct kithi_build *build,
                                   const Kith__MessageDescription *described,
                                   ProtobufCMessageDescriptor *message);

// What has been built by that full name, or NULL.
const ProtobufCMessageDescriptor *kithi_build_find_message(const struct kithi_build *build,
                                                           const char *name);
const ProtobufCEnumDescriptor *kithi_build_find_enum(const struct kithi_build *build,
                                                     const char *name);

// "a.b.C" becomes "a.b" and "C". Errors: INVALID (not such a name), NO_MEMORY.
enum kith_error kithi_build_name(struct kithi_build *build, const char *name, const char **package,
                                 const char **short_name);
bool kithi_build_is_identifier(const char *name);

// Gives the places of `names` in alphabetical order. INVALID: two are the same.
enum kith_error kithi_build_sort(const char *const *names, size_t count, unsigned *places);

#endif
