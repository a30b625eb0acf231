// SPDX-License-Identifier: Apache-2.0
// Services described, sent as bytes, and built again.
#include "fixture.h"

#include <string.h>

#include <kith/describe.h>

#include <describe.pb-c.h>
#include <old.pb-c.h>
#include <test.pb-c.h>

#include "shapes.h"

// A description of that service as another node gets it: in an arena of its own.
static Kith__Description *describe(struct kith_message *message,
                                   const ProtobufCServiceDescriptor *service)
{
    struct kith_message *source;
    assert_int_equal(kith_message_new(message->node, 0, 0, &source), KITH_OK);
    Kith__Description *description = kith_message_set_typed(source, &kith__description__descriptor);
    assert_int_equal(kith_describe_service(source, description, service), KITH_OK);
    uint8_t bytes[8192];
    size_t size = kith_payload_size(source);
    assert_in_range(size, 1, sizeof bytes);
    kith_payload_encode(source, bytes);
    kith_message_free(&source);
    static const ProtobufCMethodDescriptor methods[] = {
        {"Describe", &kith__description__descriptor, &kith__description__descriptor}};
    static const ProtobufCServiceDescriptor describer = {
        .name = "test.Describer", .n_methods = 1, .methods = methods};
    assert_int_equal(kith_service_register(message->node, &describer), KITH_OK);
    message->type = kith_service_type(&describer, 0);
    assert_int_equal(kith_payload_decode(message->node, message, bytes, size), KITH_OK);
    return message->data;
}

static const ProtobufCServiceDescriptor *build(struct kith_message *message,
                                               const ProtobufCServiceDescriptor *service)
{
    const ProtobufCServiceDescriptor *services;
    size_t count;
    Kith__Description *description = describe(message, service);
    assert_int_equal(kith_describe_build(message, description, &services, &count), KITH_OK);
    assert_int_equal(count, 1);
    return services;
}

static void assert_same_enum(const ProtobufCEnumDescriptor *a, const ProtobufCEnumDescriptor *b)
{
    assert_int_equal(a->magic, b->magic);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->short_name, b->short_name);
    assert_string_equal(a->package_name, b->package_name);
    assert_int_equal(a->n_values, b->n_values);
    for (unsigned i = 0; i < a->n_values; i++) {
        assert_int_equal(a->values[i].value, b->values[i].value);
        assert_ptr_equal(protobuf_c_enum_descriptor_get_value(b, a->values[i].value),
                         &b->values[i]);
    }
    assert_null(protobuf_c_enum_descriptor_get_value(b, 4));
    assert_int_equal(a->n_value_names, b->n_value_names);
    for (unsigned i = 0; i < a->n_value_names; i++) {
        const char *name = a->values_by_name[i].name;
        assert_string_equal(name, b->values_by_name[i].name);
        assert_int_equal(a->values[a->values_by_name[i].index].value,
                         protobuf_c_enum_descriptor_get_value_by_name(b, name)->value);
    }
    assert_int_equal(a->n_value_ranges, b->n_value_ranges);
}

static void assert_same_field(const ProtobufCFieldDescriptor *a, const ProtobufCFieldDescriptor *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->label, b->label);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->flags, b->flags);
    if (a->type == PROTOBUF_C_TYPE_ENUM) {
        assert_same_enum(a->descriptor, b->descriptor);
    } else if (a->type == PROTOBUF_C_TYPE_MESSAGE) {
        assert_string_equal(((const ProtobufCMessageDescriptor *)a->descriptor)->name,
                            ((const ProtobufCMessageDescriptor *)b->descriptor)->name);
    } else {
        assert_null(b->descriptor);
    }
}

static void assert_same_message(const ProtobufCMessageDescriptor *a,
                                const ProtobufCMessageDescriptor *b)
{
    assert_int_equal(a->magic, b->magic);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->short_name, b->short_name);
    assert_int_equal(a->n_fields, b->n_fields);
    assert_int_equal(a->n_field_ranges, b->n_field_ranges);
    for (unsigned i = 0; i < a->n_fields; i++) {
        assert_same_field(&a->fields[i], &b->fields[i]);
        assert_int_equal(a->fields_sorted_by_name[i], b->fields_sorted_by_name[i]);
        assert_ptr_equal(protobuf_c_message_descriptor_get_field(b, a->fields[i].id),
                         &b->fields[i]);
        assert_ptr_equal(protobuf_c_message_descriptor_get_field_by_name(b, a->fields[i].name),
                         &b->fields[i]);
    }
}

static void assert_same_service(const ProtobufCServiceDescriptor *a,
                                const ProtobufCServiceDescriptor *b)
{
    assert_int_equal(a->magic, b->magic);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->short_name, b->short_name);
    assert_string_equal(a->package, b->package);
    assert_int_equal(a->n_methods, b->n_methods);
    for (unsigned i = 0; i < a->n_methods; i++) {
        assert_string_equal(a->methods[i].name, b->methods[i].name);
        assert_same_message(a->methods[i].input, b->methods[i].input);
        assert_same_message(a->methods[i].output, b->methods[i].output);
        assert_ptr_equal(protobuf_c_service_descriptor_get_method_by_name(b, a->methods[i].name),
                         &b->methods[i]);
    }
}

static void a_service_built_from_its_description_is_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message = new_message(fixture);
    assert_same_service(&kith__test__shapes__descriptor,
                        build(message, &kith__test__shapes__descriptor));
    kith_message_free(&message);
    message = new_message(fixture);
    assert_same_service(&kith__test__olds__descriptor,
                        build(message, &kith__test__olds__descriptor));
    kith_message_free(&message);
}

static void a_description_of_what_was_built_is_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message = new_message(fixture), *other = new_message(fixture);
    const ProtobufCServiceDescriptor *built = build(message, &kith__test__shapes__descriptor);
    const Kith__Description *first = message->data;
    const Kith__Description *second = describe(other, built);
    uint8_t bytes[8192], again[8192];
    size_t size = kith__description__pack(first, bytes);
    assert_int_equal(kith__description__pack(second, again), size);
    assert_memory_equal(bytes, again, size);
    kith_message_free(&message);
    kith_message_free(&other);
}

static void several_services_share_what_they_use(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message = new_message(fixture);
    Kith__Description *description =
        kith_message_set_typed(message, &kith__description__descriptor);
    assert_int_equal(kith_describe_service(message, description, &kith__test__shapes__descriptor),
                     KITH_OK);
    size_t messages = description->n_messages;
    assert_int_equal(kith_describe_service(message, description, &kith__test__others__descriptor),
                     KITH_OK);
    assert_int_equal(description->n_services, 2);
    assert_int_equal(description->n_messages, messages); // Text and Empty were there
    assert_int_equal(description->n_enums, 1);
    const ProtobufCServiceDescriptor *services;
    size_t count;
    assert_int_equal(kith_describe_build(message, description, &services, &count), KITH_OK);
    assert_int_equal(count, 2);
    assert_same_service(&kith__test__shapes__descriptor, &services[0]);
    assert_same_service(&kith__test__others__descriptor, &services[1]);
    assert_ptr_equal(services[0].methods[2].input, services[1].methods[0].input);
    kith_message_free(&message);
}

// Opens a second node, which knows Shapes only by its description.
static struct kith_message *open_stranger(struct fixture *fixture, struct kith_node **node,
                                          const ProtobufCServiceDescriptor **built,
                                          const ProtobufCServiceDescriptor *service)
{
    struct kith_node_options options = {.platform = &fixture->platform, .limits = &fixture->limits};
    assert_int_equal(kith_node_open(&options, node), KITH_OK);
    struct kith_message *home;
    assert_int_equal(kith_message_new(*node, 0, 0, &home), KITH_OK);
    *built = build(home, service);
    assert_int_equal(kith_service_register(*node, *built), KITH_OK);
    return home;
}

static void close_stranger(struct kith_node *node, struct kith_message *home)
{
    kith_message_free(&home);
    struct kith_message_counters counters;
    kith_message_counters(node, &counters);
    assert_int_equal(counters.alive, 0);
    kith_codec_close(node);
    kith_node_close(node);
}

static void messages_pass_through_a_node_that_has_built_their_service(void **state)
{
    struct fixture *fixture = *state;
    struct kith_node *stranger;
    const ProtobufCServiceDescriptor *built;
    struct kith_message *home =
        open_stranger(fixture, &stranger, &built, &kith__test__shapes__descriptor);
    uint64_t seed = 77;
    for (unsigned round = 0; round < 300; round++) {
        uint8_t bytes[8192], again[8192];
        struct kith_message *message = new_message(fixture), *there;
        Kith__Test__All *all = kith_message_set_typed(message, &kith__test__all__descriptor);
        fill_all(message, all, &seed);
        size_t size = kith_payload_size(message);
        kith_payload_encode(message, bytes);
        kith_message_free(&message);
        assert_int_equal(kith_message_new(stranger, kith_service_type(built, 0), 0, &there),
                         KITH_OK);
        assert_int_equal(kith_payload_decode(stranger, there, bytes, size), KITH_OK);
        assert_non_null(kith_message_typed(there, built->methods[0].input));
        assert_true(protobuf_c_message_check(there->data));
        assert_int_equal(kith_payload_size(there), size);
        kith_payload_encode(there, again);
        assert_memory_equal(bytes, again, size);
        kith_message_free(&there);
    }
    close_stranger(stranger, home);
}

static void garbage_for_a_built_service_ends_in_a_payload_or_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct kith_node *stranger;
    const ProtobufCServiceDescriptor *built;
    struct kith_message *home =
        open_stranger(fixture, &stranger, &built, &kith__test__shapes__descriptor);
    uint64_t seed = 78;
    unsigned valid = 0;
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t bytes[8192];
        struct kith_message *message = new_message(fixture), *there;
        Kith__Test__All *all = kith_message_set_typed(message, &kith__test__all__descriptor);
        fill_all(message, all, &seed);
        size_t size = kith_payload_size(message);
        kith_payload_encode(message, bytes);
        kith_message_free(&message);
        for (uint64_t changes = 1 + draw(&seed) % 4; changes > 0; changes--) {
            bytes[draw(&seed) % size] = (uint8_t)draw(&seed);
        }
        assert_int_equal(kith_message_new(stranger, kith_service_type(built, 0), 0, &there),
                         KITH_OK);
        if (kith_payload_decode(stranger, there, bytes, size) == KITH_OK) {
            assert_true(protobuf_c_message_check(there->data));
            valid++;
        }
        kith_message_free(&there);
    }
    assert_in_range(valid, 100, 4999); // both happened
    close_stranger(stranger, home);
}

static void a_fresh_struct_of_a_built_message_has_its_defaults(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message = new_message(fixture);
    const ProtobufCServiceDescriptor *built = build(message, &kith__test__shapes__descriptor);
    const ProtobufCMessageDescriptor *all = built->methods[0].input;
    ProtobufCMessage *part = kith_message_part(message, all);
    assert_non_null(part);
    assert_true(protobuf_c_message_check(part));
    assert_int_equal(protobuf_c_message_get_packed_size(part), 0);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(all, "a_string");
    char *text;
    memcpy(&text, (char *)part + field->offset, sizeof text);
    assert_string_equal(text, "");
    kith_message_free(&message);
}

// Describes Shapes, applies `change` to the description, and expects that building it fails.
#define ASSERT_REFUSED(expected, change)                                                           \
    do {                                                                                           \
        struct kith_message *message_ = new_message(fixture);                                      \
        Kith__Description *d = describe(message_, &kith__test__shapes__descriptor);                \
        const ProtobufCServiceDescriptor *services_;                                               \
        size_t count_;                                                                             \
        assert_int_equal(kith_describe_build(message_, d, &services_, &count_), KITH_OK);          \
        change;                                                                                    \
        assert_int_equal(kith_describe_build(message_, d, &services_, &count_), (expected));       \
        kith_message_free(&message_);                                                              \
    } while (0)

static Kith__FieldDescription *field_of(const Kith__Description *description, const char *name)
{
    for (size_t i = 0; i < description->n_messages; i++) {
        for (size_t j = 0; j < description->messages[i]->n_fields; j++) {
            if (strcmp(description->messages[i]->fields[j]->name, name) == 0) {
                return description->messages[i]->fields[j];
            }
        }
    }
    fail();
    return NULL;
}

static void names_that_can_not_be_are_invalid(void **state)
{
    struct fixture *fixture = *state;
    static char long_name[KITH_DESCRIPTION_NAME + 1];
    memset(long_name, 'a', KITH_DESCRIPTION_NAME);
    static const char *const bad[] = {"",   ".",   "a.",  ".a",    "a..b",
                                      "1a", "a.1", "a b", "a\x1b", long_name};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *name = (char *)bad[i];
        ASSERT_REFUSED(KITH_ERROR_INVALID, d->services[0]->name = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, d->services[0]->methods[0]->name = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, d->services[0]->methods[0]->input = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, d->services[0]->methods[0]->output = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, d->messages[0]->name = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, d->enums[0]->name = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, d->enums[0]->values[0]->name = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_bool")->name = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_text")->type_name = name);
        ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_color")->type_name = name);
    }
    char *dotted = (char *)"a.b";
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->services[0]->methods[0]->name = dotted);
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_bool")->name = dotted);
}

static void what_is_there_twice_is_invalid(void **state)
{
    struct fixture *fixture = *state;
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->messages[1] = d->messages[0]);
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->services[0]->methods[1] = d->services[0]->methods[0]);
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_bool")->number = 1);
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_bool")->name = (char *)"a_int32");
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->enums[0]->values[1] = d->enums[0]->values[0]);
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->services[d->n_services++] = d->services[0]);
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->enums[d->n_enums++] = d->enums[0]);
}

static void fields_that_can_not_be_are_invalid(void **state)
{
    struct fixture *fixture = *state;
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_bool")->number = 0);
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_bool")->number = 1 << 29);
    ASSERT_REFUSED(KITH_ERROR_INVALID,
                   field_of(d, "a_bool")->type = KITH__FIELD_DESCRIPTION__TYPE__NONE);
    ASSERT_REFUSED(KITH_ERROR_INVALID,
                   field_of(d, "a_bool")->type = (Kith__FieldDescription__Type)10);
    ASSERT_REFUSED(KITH_ERROR_INVALID,
                   field_of(d, "a_bool")->type = (Kith__FieldDescription__Type)-1);
    ASSERT_REFUSED(KITH_ERROR_INVALID,
                   field_of(d, "a_bool")->label = (Kith__FieldDescription__Label)4);
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "a_bool")->packed = true);
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "strings")->packed = true);
    ASSERT_REFUSED(KITH_ERROR_INVALID, field_of(d, "strings")->oneof = 1);
    ASSERT_REFUSED(KITH_ERROR_INVALID,
                   field_of(d, "a_bool")->type_name = field_of(d, "a_text")->type_name);
    ASSERT_REFUSED(KITH_ERROR_INVALID,
                   field_of(d, "a_color")->type_name = field_of(d, "a_text")->type_name);
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->n_messages--);
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->n_enums = 0);
    ASSERT_REFUSED(KITH_ERROR_INVALID, d->enums[0]->n_values = 0);
}

static void too_many_of_anything_is_refused(void **state)
{
    struct fixture *fixture = *state;
    ASSERT_REFUSED(KITH_ERROR_LIMIT, d->n_messages = KITH_DESCRIPTION_MESSAGES + 1);
    ASSERT_REFUSED(KITH_ERROR_LIMIT, d->n_services = KITH_DESCRIPTION_SERVICES + 1);
    ASSERT_REFUSED(KITH_ERROR_LIMIT, d->n_enums = KITH_DESCRIPTION_ENUMS + 1);
    ASSERT_REFUSED(KITH_ERROR_LIMIT, d->messages[0]->n_fields = KITH_DESCRIPTION_FIELDS + 1);
    ASSERT_REFUSED(KITH_ERROR_LIMIT, d->services[0]->n_methods = KITH_DESCRIPTION_METHODS + 1);
    ASSERT_REFUSED(KITH_ERROR_LIMIT, d->enums[0]->n_values = KITH_DESCRIPTION_VALUES + 1);
    struct kith_message *message = new_message(fixture);
    Kith__Description *description =
        kith_message_set_typed(message, &kith__description__descriptor);
    for (unsigned i = 0; i <= KITH_DESCRIPTION_SERVICES; i++) {
        assert_int_equal(
            kith_describe_service(message, description, &kith__test__others__descriptor),
            i < KITH_DESCRIPTION_SERVICES ? KITH_OK : KITH_ERROR_LIMIT);
    }
    kith_message_free(&message);
}

// What describing and then building ends with on a node that has `memory` bytes for payloads.
static enum kith_error describe_and_build(struct fixture *fixture, size_t memory)
{
    struct kith_limits limits = fixture->limits;
    struct kith_node_options options = {.platform = &fixture->platform, .limits = &limits};
    struct kith_node *node;
    limits.message_memory = memory;
    assert_int_equal(kith_node_open(&options, &node), KITH_OK);
    struct kith_message *message;
    assert_int_equal(kith_message_new(node, 0, 0, &message), KITH_OK);
    Kith__Description *description =
        kith_message_set_typed(message, &kith__description__descriptor);
    const ProtobufCServiceDescriptor *services;
    size_t count;
    enum kith_error error =
        kith_describe_service(message, description, &kith__test__shapes__descriptor);
    if (error == KITH_OK) {
        error = kith_describe_build(message, description, &services, &count);
    }
    kith_message_free(&message);
    kith_node_close(node);
    return error;
}

static void without_memory_nothing_is_described_or_built(void **state)
{
    struct fixture *fixture = *state;
    unsigned failures = 0;
    while (describe_and_build(fixture, failures * (size_t)1024) != KITH_OK) {
        assert_int_equal(describe_and_build(fixture, failures * (size_t)1024),
                         KITH_ERROR_NO_MEMORY);
        failures++;
    }
    assert_in_range(failures, 10, 200);
}

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(a_service_built_from_its_description_is_the_same),
        NODE_TEST(a_description_of_what_was_built_is_the_same),
        NODE_TEST(several_services_share_what_they_use),
        NODE_TEST(messages_pass_through_a_node_that_has_built_their_service),
        NODE_TEST(garbage_for_a_built_service_ends_in_a_payload_or_an_error),
        NODE_TEST(a_fresh_struct_of_a_built_message_has_its_defaults),
        NODE_TEST(names_that_can_not_be_are_invalid),
        NODE_TEST(what_is_there_twice_is_invalid),
        NODE_TEST(fields_that_can_not_be_are_invalid),
        NODE_TEST(too_many_of_anything_is_refused),
        NODE_TEST(without_memory_nothing_is_described_or_built),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
