// SPDX-License-Identifier: Apache-2.0
// From descriptors to a description.
#include <assert.h>
#include <string.h>

#include <describe.pb-c.h>

#include <kith/describe.h>

#include "field_type.h"

// What is being added to. `sources` are the descriptors of the messages in the description: those
// that this call adds, from `first` on.
struct describing {
    struct kith_message *message;
    Kith__Description *description;
    const ProtobufCMessageDescriptor **sources;
};

static enum kith_error reserve_arrays(struct describing *describing);
static enum kith_error add_service(struct describing *describing,
                                   const ProtobufCServiceDescriptor *service);
static enum kith_error add_message(struct describing *describing,
                                   const ProtobufCMessageDescriptor *descriptor);
static enum kith_error add_enum(struct describing *describing,
                                const ProtobufCEnumDescriptor *descriptor);
static enum kith_error describe_fields(struct describing *describing,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       Kith__MessageDescription *described);
static enum kith_error describe_field(struct describing *describing,
                                      const ProtobufCFieldDescriptor *field,
                                      Kith__FieldDescription *described);
static uint32_t number_oneof(const ProtobufCMessageDescriptor *descriptor, unsigned place,
                             Kith__FieldDescription *const *described);

enum kith_error kith_describe_service(struct kith_message *message,
                                      struct Kith__Description *description,
                                      const ProtobufCServiceDescriptor *service)
{
    struct describing describing = {.message = message, .description = description};
    size_t next = description->n_messages;
    enum kith_error error = reserve_arrays(&describing);
    if (error == KITH_OK) {
        error = add_service(&describing, service);
    }
    // Describing the fields of one may add others at the end.
    for (; error == KITH_OK && next < description->n_messages; next++) {
        error = describe_fields(&describing, describing.sources[next], description->messages[next]);
    }
    return error;
}

// An array has room for as many as there may be, from the first on.
static enum kith_error reserve_arrays(struct describing *describing)
{
    Kith__Description *description = describing->description;
    struct kith_message *message = describing->message;
    if (description->services == NULL) {
        description->services = kith_message_allocate(message, KITH_DESCRIPTION_SERVICES *
                                                                   sizeof *description->services);
        description->messages = kith_message_allocate(message, KITH_DESCRIPTION_MESSAGES *
                                                                   sizeof *description->messages);
        description->enums =
            kith_message_allocate(message, KITH_DESCRIPTION_ENUMS * sizeof *description->enums);
    }
    describing->sources =
        kith_message_allocate(message, KITH_DESCRIPTION_MESSAGES * sizeof *describing->sources);
    bool complete = description->services != NULL && description->messages != NULL &&
                    description->enums != NULL && describing->sources != NULL;
    return complete ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

static enum kith_error add_service(struct describing *describing,
                                   const ProtobufCServiceDescriptor *service)
{
    Kith__Description *description = describing->description;
    if (description->n_services == KITH_DESCRIPTION_SERVICES ||
        service->n_methods > KITH_DESCRIPTION_METHODS) {
        return KITH_ERROR_LIMIT;
    }
    Kith__ServiceDescription *described =
        kith_message_part(describing->message, &kith__service_description__descriptor);
    Kith__MethodDescription **methods =
        kith_message_allocate(describing->message, (service->n_methods + 1) * sizeof *methods);
    if (described == NULL || methods == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    description->services[description->n_services++] = described;
    described->name = (char *)service->name;
    described->methods = methods;
    enum kith_error error = KITH_OK;
    for (unsigned place = 0; error == KITH_OK && place < service->n_methods; place++) {
        const ProtobufCMethodDescriptor *method = &service->methods[place];
        methods[place] =
            kith_message_part(describing->message, &kith__method_description__descriptor);
        if (methods[place] == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        methods[place]->name = (char *)method->name;
        methods[place]->input = (char *)method->input->name;
        methods[place]->output = (char *)method->output->name;
        described->n_methods++;
        error = add_message(describing, method->input);
        if (error == KITH_OK) {
            error = add_message(describing, method->output);
        }
    }
    return error;
}

static enum kith_error add_message(struct describing *describing,
                                   const ProtobufCMessageDescriptor *descriptor)
{
    Kith__Description *description = describing->description;
    for (size_t place = 0; place < description->n_messages; place++) {
        if (strcmp(description->messages[place]->name, descriptor->name) == 0) {
            return KITH_OK;
        }
    }
    if (description->n_messages == KITH_DESCRIPTION_MESSAGES ||
        descriptor->n_fields > KITH_DESCRIPTION_FIELDS) {
        return KITH_ERROR_LIMIT;
    }
    Kith__MessageDescription *described =
        kith_message_part(describing->message, &kith__message_description__descriptor);
    if (described == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    described->name = (char *)descriptor->name;
    describing->sources[description->n_messages] = descriptor;
    description->messages[description->n_messages++] = described;
    return KITH_OK;
}

static enum kith_error add_enum(struct describing *describing,
                                const ProtobufCEnumDescriptor *descriptor)
{
    Kith__Description *description = describing->description;
    for (size_t place = 0; place < description->n_enums; place++) {
        if (strcmp(description->enums[place]->name, descriptor->name) == 0) {
            return KITH_OK;
        }
    }
    if (description->n_enums == KITH_DESCRIPTION_ENUMS ||
        descriptor->n_value_names > KITH_DESCRIPTION_VALUES) {
        return KITH_ERROR_LIMIT;
    }
    Kith__EnumDescription *described =
        kith_message_part(describing->message, &kith__enum_description__descriptor);
    Kith__EnumValue **values = kith_message_allocate(
        describing->message, (descriptor->n_value_names + 1) * sizeof *values);
    if (described == NULL || values == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    description->enums[description->n_enums++] = described;
    described->name = (char *)descriptor->name;
    described->values = values;
    for (unsigned place = 0; place < descriptor->n_value_names; place++) {
        const ProtobufCEnumValueIndex *name = &descriptor->values_by_name[place];
        values[place] = kith_message_part(describing->message, &kith__enum_value__descriptor);
        if (values[place] == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        values[place]->name = (char *)name->name;
        values[place]->number = descriptor->values[name->index].value;
        described->n_values++;
    }
    return KITH_OK;
}

static enum kith_error describe_fields(struct describing *describing,
                                       const ProtobufCMessageDescriptor *descriptor,
                                       Kith__MessageDescription *described)
{
    described->fields = kith_message_allocate(describing->message, (descriptor->n_fields + 1) *
                                                                       sizeof *described->fields);
    if (described->fields == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    enum kith_error error = KITH_OK;
    for (unsigned place = 0; error == KITH_OK && place < descriptor->n_fields; place++) {
        Kith__FieldDescription *field =
            kith_message_part(describing->message, &kith__field_description__descriptor);
        if (field == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        described->fields[described->n_fields++] = field;
        error = describe_field(describing, &descriptor->fields[place], field);
        field->oneof = number_oneof(descriptor, place, described->fields);
    }
    return error;
}

static enum kith_error describe_field(struct describing *describing,
                                      const ProtobufCFieldDescriptor *field,
                                      Kith__FieldDescription *described)
{
    described->name = (char *)field->name;
    described->number = field->id;
    described->type = kithi_field_type_describe(field->type);
    described->label = kithi_field_label_describe(field->label);
    described->packed = (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessageDescriptor *part = field->descriptor;
        described->type_name = (char *)part->name;
        return add_message(describing, part);
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *values = field->descriptor;
        described->type_name = (char *)values->name;
        return add_enum(describing, values);
    }
    return KITH_OK;
}

// The members of a oneof share the place where it is noted which of them is set.
static uint32_t number_oneof(const ProtobufCMessageDescriptor *descriptor, unsigned place,
                             Kith__FieldDescription *const *described)
{
    const ProtobufCFieldDescriptor *field = &descriptor->fields[place];
    uint32_t highest = 0;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return 0;
    }
    for (unsigned other = 0; other < place; other++) {
        uint32_t number = described[other]->oneof;
        if (number != 0 &&
            descriptor->fields[other].quantifier_offset == field->quantifier_offset) {
            return number;
        }
        highest = number > highest ? number : highest;
    }
    return highest + 1;
}
