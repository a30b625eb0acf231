// SPDX-License-Identifier: Apache-2.0
// From a description, which may come from anywhere, to descriptors.
#include <string.h>

#include <describe.pb-c.h>

#include <kith/describe.h>

#include "build.h"

static enum kith_error check_counts(const Kith__Description *description);
static enum kith_error build_messages(struct kithi_build *build,
                                      const Kith__Description *description);
static enum kith_error build_service(struct kithi_build *build,
                                     const Kith__ServiceDescription *described,
                                     ProtobufCServiceDescriptor *service);
static enum kith_error build_methods(struct kithi_build *build,
                                     const Kith__ServiceDescription *described,
                                     ProtobufCMethodDescriptor *methods);
static bool has_twice(const ProtobufCServiceDescriptor *services, size_t count);

enum kith_error kith_describe_build(struct kith_message *message,
                                    const struct Kith__Description *description,
                                    const ProtobufCServiceDescriptor **services, size_t *count)
{
    struct kithi_build build = {.message = message};
    enum kith_error error = check_counts(description);
    if (error == KITH_OK) {
        error = build_messages(&build, description);
    }
    ProtobufCServiceDescriptor *built =
        kithi_build_allocate(&build, description->n_services, sizeof *built);
    if (error == KITH_OK && built == NULL) {
        error = KITH_ERROR_NO_MEMORY;
    }
    for (size_t place = 0; error == KITH_OK && place < description->n_services; place++) {
        error = build_service(&build, description->services[place], &built[place]);
    }
    if (error == KITH_OK && has_twice(built, description->n_services)) {
        error = KITH_ERROR_INVALID;
    }
    if (error == KITH_OK) {
        *services = built;
        *count = description->n_services;
    }
    return error;
}

static enum kith_error check_counts(const Kith__Description *description)
{
    bool few = description->n_services <= KITH_DESCRIPTION_SERVICES &&
               description->n_messages <= KITH_DESCRIPTION_MESSAGES &&
               description->n_enums <= KITH_DESCRIPTION_ENUMS;
    return few ? KITH_OK : KITH_ERROR_LIMIT;
}

// Messages may use each other in circles, so all have their names and places before the first field
// is built.
static enum kith_error build_messages(struct kithi_build *build,
                                      const Kith__Description *description)
{
    build->messages = kithi_build_allocate(build, description->n_messages, sizeof *build->messages);
    build->enums = kithi_build_allocate(build, description->n_enums, sizeof *build->enums);
    if (build->messages == NULL || build->enums == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    enum kith_error error = KITH_OK;
    for (size_t place = 0; error == KITH_OK && place < description->n_enums; place++) {
        error = kithi_build_enum(build, description->enums[place]);
    }
    for (size_t place = 0; error == KITH_OK && place < description->n_messages; place++) {
        error = kithi_build_message(build, description->messages[place]);
    }
    for (size_t place = 0; error == KITH_OK && place < description->n_messages; place++) {
        error = kithi_build_fields(build, description->messages[place], &build->messages[place]);
    }
    return error;
}

static enum kith_error build_service(struct kithi_build *build,
                                     const Kith__ServiceDescription *described,
                                     ProtobufCServiceDescriptor *service)
{
    size_t count = described->n_methods;
    if (count > KITH_DESCRIPTION_METHODS) {
        return KITH_ERROR_LIMIT;
    }
    ProtobufCMethodDescriptor *methods = kithi_build_allocate(build, count, sizeof *methods);
    const char **names = kithi_build_allocate(build, count, sizeof *names);
    unsigned *by_name = kithi_build_allocate(build, count, sizeof *by_name);
    if (methods == NULL || names == NULL || by_name == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    enum kith_error error = build_methods(build, described, methods);
    if (error != KITH_OK) {
        return error;
    }
    for (size_t place = 0; place < count; place++) {
        names[place] = methods[place].name;
    }
    error = kithi_build_name(build, described->name, &service->package, &service->short_name);
    if (error == KITH_OK) {
        error = kithi_build_sort(names, count, by_name);
    }
    if (error != KITH_OK) {
        return error;
    }
    service->magic = PROTOBUF_C__SERVICE_DESCRIPTOR_MAGIC;
    service->name = described->name;
    service->c_name = described->name;
    service->n_methods = (unsigned)count;
    service->methods = methods;
    service->method_indices_by_name = by_name;
    return KITH_OK;
}

static enum kith_error build_methods(struct kithi_build *build,
                                     const Kith__ServiceDescription *described,
                                     ProtobufCMethodDescriptor *methods)
{
    for (size_t place = 0; place < described->n_methods; place++) {
        const Kith__MethodDescription *method = described->methods[place];
        methods[place].name = method->name;
        methods[place].input = kithi_build_find_message(build, method->input);
        methods[place].output = kithi_build_find_message(build, method->output);
        if (!kithi_build_is_identifier(method->name) || methods[place].input == NULL ||
            methods[place].output == NULL) {
            return KITH_ERROR_INVALID;
        }
    }
    return KITH_OK;
}

static bool has_twice(const ProtobufCServiceDescriptor *services, size_t count)
{
    for (size_t place = 1; place < count; place++) {
        for (size_t other = 0; other < place; other++) {
            if (strcmp(services[place].name, services[other].name) == 0) {
                return true;
            }
        }
    }
    return false;
}
