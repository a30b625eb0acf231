// SPDX-License-Identifier: Apache-2.0
// docs/wire.md against the code. The bytes here were written by hand from the rules of that page,
// as a second implementation would, and are the same as in its examples; the page is read to make
// sure.
//
// What recurs: node A is 0x0102030405060708, node B is 0x1112131415161718. P is A's process in slot
// 2, generation 1. Its number is 2^32 + 2: from the lowest, groups of 7 bits are 2, 0, 0, 0, and
// bits 28 to 34 are 2^32 / 2^28 = 16, so 82 80 80 80 10. Q is B's, slot 5, generation 3: 3 * 2^32 +
// 5, groups 5, 0, 0, 0, 3 * 16 = 48, so 85 80 80 80 30. Tags are field * 8 + wire type.
#include "fixture.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <frame.pb-c.h>
#include <test.pb-c.h>

#include <kith/frame.h>

#define A     UINT64_C(0x0102030405060708)
#define B     UINT64_C(0x1112131415161718)
#define C     UINT64_C(0x2122232425262728)
#define GREET UINT64_C(0x4cdb278710cec700)

// 0x4cdb278710cec700, the lowest byte first: field 1, 64 bits.
#define TYPE_GREET "\x09\x00\xc7\xce\x10\x87\x27\xdb\x4c"
#define TYPE_5     "\x09\x05\x00\x00\x00\x00\x00\x00\x00"
#define TO_P       "\x10\x82\x80\x80\x80\x10"
#define TO_Q       "\x10\x85\x80\x80\x80\x30"
#define FROM_P     "\x18\x82\x80\x80\x80\x10"
#define FROM_Q     "\x18\x85\x80\x80\x80\x30"
#define ID_300     "\x20\xac\x02" // 300 = 2 * 128 + 44; 44 + 128 = 0xac

#define P                                                                                          \
    {                                                                                              \
        A, 2, 1                                                                                    \
    }
#define Q                                                                                          \
    {                                                                                              \
        B, 5, 3                                                                                    \
    }

struct example {
    const char *name;
    const char *bytes;
    size_t size;
    uint64_t sender, receiver;
    unsigned count; // of frames
    struct kith_frame frames[2];
};

#define BYTES(text) (text), sizeof(text) - 1
#define NO_DEADLINE .remaining_ms = UINT64_MAX

static const struct example examples[] = {
    {"message",
     // 9 + 6 + 6 + 2 = 23 bytes of header. hops: 8 * 8 + 0 = 0x40.
     BYTES("\x17" TYPE_5 TO_Q FROM_P "\x40\x01"
           "\x05"
           "hello"),
     A,
     B,
     1,
     {{.type = 5,
       .to = Q,
       .from = P,
       .hops = 1,
       .payload = "hello",
       .payload_size = 5,
       NO_DEADLINE}}},
    {"request",
     // 9 + 6 + 6 + 3 + 2 + 3 + 2 = 31. deadline: 7 * 8 = 0x38; 501 = 3 * 128 + 117, 117 + 128 =
     // 0xf5.
     BYTES("\x1f" TYPE_GREET TO_Q FROM_P ID_300 "\x28\x01\x38\xf5\x03\x40\x01"
           "\x07\x0a\x05"
           "world"),
     A,
     B,
     1,
     {{.type = GREET,
       .to = Q,
       .from = P,
       .id = 300,
       .waiting = true,
       .remaining_ms = 500,
       .hops = 1,
       .payload = "\x0a\x05world",
       .payload_size = 7}}},
    {"reply",
     // 9 + 6 + 6 + 3 + 2 = 26. The payload: a tag, a length of 12, 12 letters.
     BYTES("\x1a" TYPE_GREET TO_P FROM_Q ID_300 "\x28\x02"
           "\x0e\x0a\x0c"
           "hello, world"),
     B,
     A,
     1,
     {{.type = GREET,
       .to = P,
       .from = Q,
       .id = 300,
       .done = true,
       .payload = "\x0a\x0chello, world",
       .payload_size = 14,
       NO_DEADLINE}}},
    {"error",
     // 26 + 2 = 28. error: 10 * 8 = 0x50.
     BYTES("\x1c" TYPE_GREET TO_P FROM_Q ID_300 "\x28\x02\x50\x02"
           "\x00"),
     B,
     A,
     1,
     {{.type = GREET,
       .to = P,
       .from = Q,
       .id = 300,
       .done = true,
       .error = KITH_ERROR_NOT_FOUND,
       NO_DEADLINE}}},
    {"return",
     // 9 + 6 + 6 + 3 + 4 * 2 = 32. kind: 6 * 8 = 0x30. credits: 11 * 8 = 0x58.
     BYTES("\x20" TYPE_GREET TO_P FROM_Q ID_300 "\x28\x01\x30\x02\x50\x03\x58\x01"
           "\x00"),
     B,
     A,
     1,
     {{.kind = KITH_FRAME_RETURN,
       .type = GREET,
       .to = P,
       .from = Q,
       .id = 300,
       .waiting = true,
       .error = KITH_ERROR_STALE,
       .credits = 1,
       NO_DEADLINE}}},
    {"forwarded",
     // 9 + 6 + 6 + 3 + 2 + 2 + 6 + 9 = 43. reply_to: 14 * 8 = 0x70. reply_node: 15 * 8 + 1 = 0x79.
     BYTES("\x2b" TYPE_GREET TO_Q FROM_P ID_300 "\x28\x01\x40\x03\x70\x87\x80\x80\x80\x10"
           "\x79\x28\x27\x26\x25\x24\x23\x22\x21"
           "\x07\x0a\x05"
           "world"),
     A,
     B,
     1,
     {{.type = GREET,
       .to = Q,
       .from = P,
       .reply_to = {C, 7, 1},
       .id = 300,
       .waiting = true,
       .hops = 3,
       .payload = "\x0a\x05world",
       .payload_size = 7,
       NO_DEADLINE}}},
    {"large message",
     // 9 + 6 + 6 + 2 + 2 = 25. total_size: 13 * 8 = 0x68.
     BYTES("\x19" TYPE_5 TO_Q FROM_P "\x40\x01\x68\x06"
           "\x04\x61\x62\x63\x64"
           "\x02\x30\x01"
           "\x02\x65\x66"),
     A,
     B,
     2,
     {{.type = 5,
       .to = Q,
       .from = P,
       .hops = 1,
       .total_size = 6,
       .payload = "abcd",
       .payload_size = 4,
       NO_DEADLINE},
      {.kind = KITH_FRAME_PART, .payload = "ef", .payload_size = 2, NO_DEADLINE}}},
    {"credit",
     // 6 + 2 + 3 + 10 = 21. 128 = 1 * 128 + 0: 80 01. to_node: 16 * 8 + 1 = 129: 81 01.
     BYTES("\x15" TO_Q "\x30\x03\x58\x80\x01\x81\x01\x18\x17\x16\x15\x14\x13\x12\x11"
           "\x00"),
     B,
     A,
     1,
     {{.kind = KITH_FRAME_CREDIT, .to = Q, .credits = 128, NO_DEADLINE}}},
    {"monitor",
     // 6 + 6 + 2 + 2 = 16.
     BYTES("\x10" TO_Q FROM_P "\x20\x09\x30\x04"
           "\x00"),
     A,
     B,
     1,
     {{.kind = KITH_FRAME_MONITOR, .to = Q, .from = P, .id = 9, NO_DEADLINE}}},
    {"down",
     // 16 + 2 = 18.
     BYTES("\x12" TO_P FROM_Q "\x20\x09\x30\x06\x50\x10"
           "\x00"),
     B,
     A,
     1,
     {{.kind = KITH_FRAME_DOWN,
       .to = P,
       .from = Q,
       .id = 9,
       .error = KITH_ERROR_KILLED,
       NO_DEADLINE}}},
    {"ping and pong",
     BYTES("\x04\x20\x07\x30\x07\x00"
           "\x04\x20\x03\x30\x08\x00"),
     A,
     B,
     2,
     {{.kind = KITH_FRAME_PING, .id = 7, NO_DEADLINE},
      {.kind = KITH_FRAME_PONG, .id = 3, NO_DEADLINE}}},
    {"goodbye",
     BYTES("\x04\x30\x0a\x50\x15\x00"),
     A,
     B,
     1,
     {{.kind = KITH_FRAME_GOODBYE, .error = KITH_ERROR_LEFT, NO_DEADLINE}}},
    {"hello",
     // 2 + 2 + 9 + 7 + 7 + 18 + 3 + 5 + 3 + 6 + 6 + 3 + 3 = 74 bytes of payload.
     // features 16 = 2 * 8; incarnation 33 = 4 * 8 + 1; name 42 = 5 * 8 + 2; program 50 = 6 * 8 +
     // 2; address 58 = 7 * 8 + 2; port 64 = 8 * 8: 7400 = 57 * 128 + 104, 104 + 128 = 0xe8, 57 =
     // 0x39; message_size 72: 2^24 = 8 * 2^21; credits 80: 256 = 2 * 128; naming 88; kernel 96:
     // 2^32; uptime_ms 104: 1000 = 7 * 128 + 104; detect_ms 112: 5000 = 39 * 128 + 8.
     BYTES("\x02\x30\x09\x4a"
           "\x08\x01\x10\x01\x21\x08\x07\x06\x05\x04\x03\x02\x01"
           "\x2a\x05\x61\x6c\x70\x68\x61\x32\x05\x30\x2e\x31\x2e\x30"
           "\x3a\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x00\x00\x07\x40\xe8\x39"
           "\x48\x80\x80\x80\x08\x50\x80\x02\x58\x81\x80\x80\x80\x10\x60\x80\x80\x80\x80\x10"
           "\x68\xe8\x07\x70\x88\x27"),
     A,
     B,
     1,
     {{.kind = KITH_FRAME_HELLO,
       .payload = "\x08\x01\x10\x01\x21\x08\x07\x06\x05\x04\x03\x02\x01"
                  "\x2a\x05"
                  "alpha\x32\x05"
                  "0.1.0"
                  "\x3a\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x00\x00\x07"
                  "\x40\xe8\x39\x48\x80\x80\x80\x08\x50\x80\x02\x58\x81\x80\x80\x80\x10"
                  "\x60\x80\x80\x80\x80\x10\x68\xe8\x07\x70\x88\x27",
       .payload_size = 74,
       NO_DEADLINE}}},
    {"offer", BYTES("\x02\x30\x0b\x00"), A, B, 1, {{.kind = KITH_FRAME_OFFER, NO_DEADLINE}}},
    {"accept", BYTES("\x02\x30\x0c\x00"), B, A, 1, {{.kind = KITH_FRAME_ACCEPT, NO_DEADLINE}}},
};
static const size_t examples_len = sizeof examples / sizeof examples[0];

static char page[100000]; // docs/wire.md

static const struct example *find_example(const char *name)
{
    for (size_t i = 0; i < examples_len; i++) {
        if (strcmp(examples[i].name, name) == 0) {
            return &examples[i];
        }
    }
    fail();
    return NULL;
}

static void assert_same(const struct kith_frame *a, const struct kith_frame *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(a->type == b->type && a->id == b->id && a->trace == b->trace);
    assert_true(kith_ref_equal(a->from, b->from));
    assert_true(kith_ref_equal(a->to, b->to));
    assert_true(kith_ref_equal(a->reply_to, b->reply_to));
    assert_true(a->remaining_ms == b->remaining_ms && a->total_size == b->total_size);
    assert_true(a->error == b->error && a->credits == b->credits && a->hops == b->hops);
    assert_true(a->urgency == b->urgency && a->waiting == b->waiting && a->done == b->done);
    assert_true(a->tie == b->tie);
    assert_int_equal(a->payload_size, b->payload_size);
    if (a->payload_size > 0) {
        assert_memory_equal(a->payload, b->payload, a->payload_size);
    }
}

static void frames_written_by_hand_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < examples_len; i++) {
        const struct example *example = &examples[i];
        const void *data = example->bytes;
        size_t size = example->size;
        for (unsigned place = 0; place < example->count; place++) {
            struct kith_frame frame;
            assert_int_equal(
                kith_frame_decode(&data, &size, example->sender, example->receiver, &frame),
                KITH_OK);
            assert_same(&frame, &example->frames[place]);
        }
        assert_int_equal(size, 0);
    }
}

static void frames_are_written_as_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < examples_len; i++) {
        const struct example *example = &examples[i];
        uint8_t bytes[256];
        size_t used = 0;
        for (unsigned place = 0; place < example->count; place++) {
            size_t room = sizeof bytes - used;
            assert_int_equal(kith_frame_encode(&example->frames[place], example->sender,
                                               example->receiver, bytes + used, &room),
                             KITH_OK);
            used += room;
        }
        assert_int_equal(used, example->size);
        assert_memory_equal(bytes, example->bytes, used);
    }
}

static void a_hello_written_by_hand_is_read(void **state)
{
    (void)state;
    const struct kith_frame *frame = &find_example("hello")->frames[0];
    struct kith_hello hello;
    assert_int_equal(kith_hello_decode(frame->payload, frame->payload_size, &hello), KITH_OK);
    assert_int_equal(hello.version, 1);
    assert_true(hello.features == KITH_FEATURE_REPLICATION && hello.required == 0);
    assert_true(hello.incarnation == A);
    assert_string_equal(hello.name, "alpha");
    assert_string_equal(hello.program, "0.1.0");
    char text[KITH_ENDPOINT_TEXT_SIZE];
    assert_string_equal(kith_endpoint_format(&hello.advertise, text), "10.0.0.7:7400");
    assert_true(hello.message_size == 16 << 20 && hello.credits == 256);
    assert_true(kith_ref_equal(hello.naming, (struct kith_ref){A, 1, 1}));
    assert_true(kith_ref_equal(hello.kernel, (struct kith_ref){A, 0, 1}));
    assert_true(hello.uptime_ms == 1000 && hello.detect_ms == 5000 && !hello.transient);
    uint8_t bytes[KITH_HELLO_MAX];
    size_t size = sizeof bytes;
    assert_int_equal(kith_hello_encode(&hello, bytes, &size), KITH_OK);
    assert_int_equal(size, frame->payload_size);
    assert_memory_equal(bytes, frame->payload, size);
}

static void a_payload_written_by_hand_is_read(void **state)
{
    struct fixture *fixture = *state;
    static const ProtobufCMethodDescriptor methods[] = {
        {"Greet", &kith__test__text__descriptor, &kith__test__text__descriptor}};
    static const ProtobufCServiceDescriptor greeter = {
        .name = "example.Greeter", .n_methods = 1, .methods = methods};
    assert_true(kith_service_type(&greeter, 0) == GREET);
    assert_int_equal(kith_service_register(fixture->node, &greeter), KITH_OK);
    const struct kith_frame *frame = &find_example("reply")->frames[0];
    struct kith_message *message = new_message(fixture);
    message->type = frame->type;
    message->done = true;
    assert_int_equal(
        kith_payload_decode(fixture->node, message, frame->payload, frame->payload_size), KITH_OK);
    const Kith__Test__Text *text = kith_message_typed(message, &kith__test__text__descriptor);
    assert_string_equal(text->text, "hello, world");
    kith_message_free(&message);
}

// Reads the bytes of the indented lines that follow `text`: pairs of hex digits, up to whatever
// else is in the line.
static size_t read_bytes(const char *text, uint8_t *bytes, size_t room)
{
    size_t size = 0;
    const char *line = text;
    while (strncmp(line, "    ", 4) != 0) {
        line = strchr(line, '\n') + 1;
    }
    for (; strncmp(line, "    ", 4) == 0; line = strchr(line, '\n') + 1) {
        const char *next = line + 4;
        while (isxdigit((unsigned char)next[0]) && isxdigit((unsigned char)next[1]) &&
               isspace((unsigned char)next[2])) {
            char pair[3] = {next[0], next[1], '\0'};
            unsigned value;
            assert_int_equal(sscanf(pair, "%x", &value), 1);
            assert_true(size < room);
            bytes[size++] = (uint8_t)value;
            next += next[2] == '\n' ? 2 : 3;
        }
    }
    return size;
}

static void the_page_has_the_same_examples(void **state)
{
    (void)state;
    static const char heading[] = "\n### Example: ";
    size_t found = 0;
    const char *next = page;
    while ((next = strstr(next, heading)) != NULL) {
        char name[32] = "";
        uint8_t bytes[256];
        next += sizeof heading - 1;
        assert_int_equal(sscanf(next, "%31[^\n]", name), 1);
        const struct example *example = find_example(name);
        size_t size = read_bytes(strchr(next, '\n') + 1, bytes, sizeof bytes);
        assert_int_equal(size, example->size);
        assert_memory_equal(bytes, example->bytes, size);
        found++;
    }
    assert_int_equal(found, examples_len);
}

// `format` with its arguments has to be somewhere on the page.
#define ASSERT_ON_PAGE(...)                                                                        \
    do {                                                                                           \
        char line_[200];                                                                           \
        snprintf(line_, sizeof line_, __VA_ARGS__);                                                \
        if (strstr(page, line_) == NULL) {                                                         \
            fail_msg("not in docs/wire.md: %s", line_);                                            \
        }                                                                                          \
    } while (0)

static const char *type_name(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED64:
        return "fixed64";
    case PROTOBUF_C_TYPE_UINT64:
        return "uint64";
    case PROTOBUF_C_TYPE_UINT32:
        return "uint32";
    case PROTOBUF_C_TYPE_ENUM:
        return "enum";
    case PROTOBUF_C_TYPE_STRING:
        return "string";
    case PROTOBUF_C_TYPE_BYTES:
        return "bytes";
    case PROTOBUF_C_TYPE_BOOL:
        return "bool";
    default:
        return "something that the page doesn't use";
    }
}

static void the_page_has_all_fields_kinds_and_errors(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const messages[] = {&kith__frame__descriptor,
                                                                 &kith__hello__descriptor};
    for (size_t i = 0; i < 2; i++) {
        for (unsigned place = 0; place < messages[i]->n_fields; place++) {
            const ProtobufCFieldDescriptor *field = &messages[i]->fields[place];
            ASSERT_ON_PAGE("\n| %u | `%s` | %s |", field->id, field->name, type_name(field->type));
        }
    }
    for (unsigned place = 0; place < kith__frame__kind__descriptor.n_values; place++) {
        const ProtobufCEnumValue *kind = &kith__frame__kind__descriptor.values[place];
        ASSERT_ON_PAGE("\n| %d | `%s` |", kind->value, kind->name);
    }
#define CHECK_ERROR(symbol, number, name, text)                                                    \
    ASSERT_ON_PAGE("\n| %d | `%s` | %s |", number, name, text);
    KITH_ERRORS(CHECK_ERROR)
#undef CHECK_ERROR
}

static void read_page(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(page, 1, sizeof page - 1, file);
    assert_in_range(size, 1, sizeof page - 2);
    page[size] = '\0';
    fclose(file);
}

static int open_page(void **state)
{
    read_page(*state);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s docs/wire.md\n", argv[0]);
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_written_by_hand_are_read),
        cmocka_unit_test(frames_are_written_as_by_hand),
        cmocka_unit_test(a_hello_written_by_hand_is_read),
        cmocka_unit_test_setup_teardown(a_payload_written_by_hand_is_read, open_fixture,
                                        close_fixture),
        cmocka_unit_test_prestate_setup_teardown(the_page_has_the_same_examples, open_page, NULL,
                                                 argv[1]),
        cmocka_unit_test_prestate_setup_teardown(the_page_has_all_fields_kinds_and_errors,
                                                 open_page, NULL, argv[1]),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
