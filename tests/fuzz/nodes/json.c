// SPDX-License-Identifier: Apache-2.0
// Any text as a message in JSON: it is read, or refused with a reason. What was read is written as
// JSON that is read as the same message. The first byte chooses the message.
#include "fuzz.h"

#include <kith/json.h>

#include <sample.pb-c.h>

struct part {
    struct part *next;
    max_align_t bytes[];
};

static void *allocate(void *state, size_t size)
{
    struct part **parts = state, *part = malloc(sizeof *part + size);
    require(part != NULL);
    part->next = *parts;
    *parts = part;
    return part->bytes;
}

static void free_parts(struct part **parts)
{
    while (*parts != NULL) {
        struct part *part = *parts;
        *parts = part->next;
        free(part);
    }
}

// A message of that kind on the heap, so that whoever writes beside it is caught.
static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = malloc(descriptor->sizeof_message);
    require(message != NULL);
    protobuf_c_message_init(descriptor, message);
    return message;
}

// Gives what is written of the message that was read, or NULL.
static json_t *read_and_write(const json_t *json, const ProtobufCMessageDescriptor *descriptor)
{
    struct part *parts = NULL;
    const struct kith_json_memory memory = {allocate, &parts};
    struct kith_json_problem problem = {.text = ""};
    ProtobufCMessage *message = new_message(descriptor);
    json_t *written = NULL;
    enum kith_error error = kith_json_to_message(json, &memory, message, &problem);
    if (error == KITH_OK) {
        require(protobuf_c_message_check(message));
        require(kith_json_from_message(message, &written) == KITH_OK);
    } else {
        require(error == KITH_ERROR_INVALID || error == KITH_ERROR_LIMIT);
        require(problem.text[0] != '\0' && strlen(problem.text) < sizeof problem.text);
    }
    free(message);
    free_parts(&parts);
    return written;
}

static void read_message(const json_t *json, const ProtobufCMessageDescriptor *descriptor)
{
    json_t *first = read_and_write(json, descriptor);
    if (first == NULL) {
        return;
    }
    json_t *second = read_and_write(first, descriptor);
    require(second != NULL && json_equal(first, second));
    json_decref(first);
    json_decref(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const descriptors[] = {
        &sample__everything__descriptor, &sample__nested__descriptor, &sample__part__descriptor};
    if (size == 0) {
        return 0;
    }
    char *text = fuzz_text(data + 1, size - 1);
    struct kith_json_problem problem = {.text = ""};
    json_t *json;
    if (kith_json_parse(text, size - 1, &json, &problem) == KITH_OK) {
        read_message(json, descriptors[data[0] % 3]);
        json_decref(json);
    } else {
        require(problem.text[0] != '\0');
    }
    free(text);
    return 0;
}
