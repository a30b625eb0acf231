// SPDX-License-Identifier: Apache-2.0
// Any bytes as a payload. The first byte chooses what it is a payload of: methods of two services
// with messages of every shape, or a description of a service, from which the service is built and
// then reads what follows the description. What was read can be written, and is read as the same.
#include "fuzz.h"

#include <kith/describe.h>
#include <kith/platform_sim.h>

#include <describe.pb-c.h>
#include <old.pb-c.h>
#include <test.pb-c.h>

static struct kith_node *node;

static const ProtobufCMethodDescriptor describer_methods[] = {
    {"Describe", &kith__description__descriptor, &kith__description__descriptor}};
static const ProtobufCServiceDescriptor describer = {
    .name = "test.Describer", .n_methods = 1, .methods = describer_methods};

static void register_services(void)
{
    require(kith_service_register(node, &kith__test__shapes__descriptor) == KITH_OK);
    require(kith_service_register(node, &kith__test__olds__descriptor) == KITH_OK);
    require(kith_service_register(node, &describer) == KITH_OK);
}

static void open_node(void)
{
    static struct kith_platform platform;
    struct kith_limits limits = kith_limits_linux;
    limits.processes = 4;
    limits.timers = limits.monitors = limits.routes = 4;
    limits.message_size = 1 << 20;
    limits.message_memory = 16 << 20;
    struct kith_node_options options = {.platform = &platform, .limits = &limits};
    require(kith_platform_sim_open(1, &platform) != NULL);
    require(kith_node_open(&options, &node) == KITH_OK);
    register_services();
}

static struct kith_message *new_message(uint64_t type)
{
    struct kith_message *message;
    require(kith_message_new(node, type, 0, &message) == KITH_OK);
    message->type = type;
    return message;
}

static uint8_t *write_payload(const struct kith_message *message, size_t *size)
{
    *size = kith_payload_size(message);
    uint8_t *bytes = malloc(*size + 1);
    require(bytes != NULL);
    kith_payload_encode(message, bytes);
    return bytes;
}

// Gives the message, or NULL if the bytes are no such payload.
static struct kith_message *read_payload(uint64_t type, const uint8_t *data, size_t size)
{
    struct kith_message *message = new_message(type);
    if (kith_payload_decode(node, message, data, size) != KITH_OK) {
        require(message->data == NULL && message->size == 0 && message->descriptor == NULL);
        kith_message_free(&message);
        return NULL;
    }
    require(protobuf_c_message_check(message->data));
    return message;
}

static void check_payload(uint64_t type, const uint8_t *data, size_t size)
{
    struct kith_message *message = read_payload(type, data, size);
    if (message == NULL) {
        return;
    }
    size_t first_size, second_size;
    uint8_t *first = write_payload(message, &first_size);
    kith_message_free(&message);
    message = read_payload(type, first, first_size);
    if (message != NULL) { // unless it has become too large for this node
        uint8_t *second = write_payload(message, &second_size);
        require(first_size == second_size && memcmp(first, second, first_size) == 0);
        kith_message_free(&message);
        free(second);
    }
    free(first);
}

// Two bytes say how long the description is.
static void check_description(const uint8_t *data, size_t size)
{
    size_t length = size < 2 ? 0 : (size_t)(data[0] | data[1] << 8);
    if (size < 2 || length > size - 2) {
        return;
    }
    struct kith_message *message = read_payload(kith_service_type(&describer, 0), data + 2, length);
    if (message == NULL) {
        return;
    }
    const ProtobufCServiceDescriptor *services;
    size_t count;
    if (kith_describe_build(message, message->data, &services, &count) == KITH_OK) {
        for (size_t i = 0; i < count; i++) {
            if (kith_service_register(node, &services[i]) != KITH_OK) {
                continue;
            }
            for (unsigned method = 0; method < services[i].n_methods; method++) {
                check_payload(kith_service_type(&services[i], method), data + 2 + length,
                              size - 2 - length);
            }
        }
        kith_codec_close(node);
        register_services();
    }
    kith_message_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (node == NULL) {
        open_node();
    }
    if (size == 0) {
        return 0;
    }
    unsigned choice = data[0] % 6;
    if (choice == 5) {
        check_description(data + 1, size - 1);
    } else if (choice == 4) {
        check_payload(kith_service_type(&kith__test__olds__descriptor, 0), data + 1, size - 1);
    } else {
        check_payload(kith_service_type(&kith__test__shapes__descriptor, choice), data + 1,
                      size - 1);
    }
    struct kith_message_counters counters;
    kith_message_counters(node, &counters);
    require(counters.alive == 0 && counters.alive_bytes == 0);
    return 0;
}
