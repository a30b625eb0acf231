// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <string.h>

#include <old.pb-c.h>
#include <test.pb-c.h>

#include "shapes.h"

#define ECHO    kith_service_type(&kith__test__shapes__descriptor, 0)
#define GROW    kith_service_type(&kith__test__shapes__descriptor, 1)
#define SHOUT   kith_service_type(&kith__test__shapes__descriptor, 2)
#define NOTHING kith_service_type(&kith__test__shapes__descriptor, 3)
#define KEEP    kith_service_type(&kith__test__olds__descriptor, 0)

static int open_codec(void **state)
{
    open_fixture(state);
    struct fixture *fixture = *state;
    assert_int_equal(kith_service_register(fixture->node, &kith__test__shapes__descriptor),
                     KITH_OK);
    assert_int_equal(kith_service_register(fixture->node, &kith__test__olds__descriptor), KITH_OK);
    return 0;
}

// Decodes into a fresh message of that type; the caller frees it.
static enum kith_error decode(struct fixture *fixture, uint64_t type, const void *data, size_t size,
                              struct kith_message **message)
{
    *message = new_message(fixture);
    (*message)->type = type;
    uint8_t *exact = test_malloc(size + 1); // so that reading past the end is noticed
    memcpy(exact, data, size);
    enum kith_error error = kith_payload_decode(fixture->node, *message, exact, size);
    test_free(exact);
    return error;
}

// Decodes, expects an error and an empty payload, and frees the message.
static void assert_refused(struct fixture *fixture, uint64_t type, const void *data, size_t size,
                           enum kith_error expected)
{
    struct kith_message *message;
    assert_int_equal(decode(fixture, type, data, size, &message), expected);
    assert_null(message->data);
    assert_null(message->descriptor);
    assert_int_equal(message->size, 0);
    struct kith_message_counters counters;
    kith_message_counters(fixture->node, &counters);
    assert_int_equal(counters.alive_bytes, 0);
    kith_message_free(&message);
}

static void a_typed_payload_comes_back_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    uint64_t seed = 3;
    for (unsigned round = 0; round < 300; round++) {
        struct kith_message *message, *back;
        assert_int_equal(
            kith_message_new_typed(fixture->node, ECHO, &kith__test__all__descriptor, &message),
            KITH_OK);
        fill_all(message, message->data, &seed);
        uint8_t bytes[8192], again[8192];
        size_t size = kith_payload_size(message);
        assert_in_range(size, 1, sizeof bytes);
        kith_payload_encode(message, bytes);
        assert_int_equal(decode(fixture, ECHO, bytes, size, &back), KITH_OK);
        assert_non_null(kith_message_typed(back, &kith__test__all__descriptor));
        assert_null(kith_message_typed(back, &kith__test__text__descriptor));
        assert_int_equal(kith_payload_size(back), size);
        kith_payload_encode(back, again);
        assert_memory_equal(bytes, again, size);
        kith_message_free(&message);
        kith_message_free(&back);
    }
}

static void a_payload_with_a_gap_is_not_whole(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message;
    assert_int_equal(
        kith_message_new_typed(fixture->node, ECHO, &kith__test__all__descriptor, &message),
        KITH_OK);
    Kith__Test__All *all = message->data;
    char one[] = "one", *strings[] = {one, NULL};
    ProtobufCBinaryData blobs[] = {{1, (uint8_t *)"x"}, {1, NULL}};
    Kith__Test__Text text = KITH__TEST__TEXT__INIT, *texts[] = {&text, NULL};
    all->strings = strings, all->blobs = blobs, all->texts = texts;
    for (size_t gaps = 0; gaps < 8; gaps++) {
        all->n_strings = gaps & 1 ? 2 : 1;
        all->n_blobs = gaps & 2 ? 2 : 1;
        all->n_texts = gaps & 4 ? 2 : 1;
        assert_int_equal(kith_payload_is_whole(message), gaps == 0);
    }
    all->n_strings = all->n_blobs = all->n_texts = 0;
    all->n_doubles = 1;
    assert_false(kith_payload_is_whole(message));
    all->n_doubles = 0;
    assert_true(kith_payload_is_whole(message));
    kith_message_free(&message);
}

static void plain_bytes_come_back_as_they_were(void **state)
{
    struct fixture *fixture = *state;
    static const uint64_t types[] = {KITH_TYPE(KITH_SIGNATURE_BYTES, 9), KITH_TYPE_DOWN};
    for (size_t i = 0; i < 2; i++) {
        struct kith_message *message;
        uint8_t bytes[3];
        assert_int_equal(decode(fixture, types[i], "\x01\x02\x03", 3, &message), KITH_OK);
        assert_null(message->descriptor);
        assert_int_equal(kith_payload_size(message), 3);
        kith_payload_encode(message, bytes);
        assert_memory_equal(bytes, "\x01\x02\x03", 3);
        kith_message_free(&message);
        assert_int_equal(decode(fixture, types[i], "", 0, &message), KITH_OK);
        assert_int_equal(kith_payload_size(message), 0);
        kith_payload_encode(message, NULL);
        kith_message_free(&message);
    }
}

static void a_payload_without_bytes_is_a_struct_of_defaults(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message;
    assert_int_equal(decode(fixture, SHOUT, "", 0, &message), KITH_OK);
    const Kith__Test__Text *text = kith_message_typed(message, &kith__test__text__descriptor);
    assert_non_null(text);
    assert_string_equal(text->text, "");
    kith_message_free(&message);
}

static void a_reply_is_decoded_as_the_output_of_its_method(void **state)
{
    struct fixture *fixture = *state;
    ProtobufCServiceDescriptor service = kith__test__others__descriptor;
    assert_int_equal(kith_service_register(fixture->node, &service), KITH_OK);
    struct kith_message *message = new_message(fixture);
    message->type = kith_service_type(&service, 0);
    message->done = true;
    assert_int_equal(kith_payload_decode(fixture->node, message, "", 0), KITH_OK);
    assert_ptr_equal(message->descriptor, &kith__test__empty__descriptor);
    message->done = false;
    assert_int_equal(kith_payload_decode(fixture->node, message, "", 0), KITH_OK);
    assert_ptr_equal(message->descriptor, &kith__test__text__descriptor);
    kith_message_free(&message);
}

static void a_reply_with_an_error_and_no_bytes_has_no_payload(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message = new_message(fixture);
    message->type = SHOUT;
    message->done = true;
    message->error = KITH_ERROR_NOT_FOUND;
    assert_int_equal(kith_payload_decode(fixture->node, message, "", 0), KITH_OK);
    assert_null(message->data);
    assert_null(message->descriptor);
    kith_message_free(&message);
}

static void a_returned_message_is_decoded_as_it_was_sent(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message = new_message(fixture);
    message->type = KITH_TYPE_RETURNED;
    message->returned_type = SHOUT;
    assert_int_equal(kith_payload_decode(fixture->node, message, "\x0a\x02hi", 4), KITH_OK);
    const Kith__Test__Text *text = kith_message_typed(message, &kith__test__text__descriptor);
    assert_string_equal(text->text, "hi");
    kith_message_free(&message);
}

static void what_is_not_known_is_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_refused(fixture, KITH_TYPE(12345678, 0), "", 0, KITH_ERROR_UNSUPPORTED);
    assert_refused(fixture, NOTHING + 1, "", 0, KITH_ERROR_UNSUPPORTED);
}

static void a_payload_above_the_limit_is_too_large(void **state)
{
    struct fixture *fixture = *state;
    size_t size = fixture->limits.message_size + 1;
    uint8_t *bytes = test_calloc(1, size);
    assert_refused(fixture, KITH_TYPE(0, 0), bytes, size, KITH_ERROR_TOO_LARGE);
    assert_refused(fixture, SHOUT, bytes, size, KITH_ERROR_TOO_LARGE);
    struct kith_message *message;
    assert_int_equal(decode(fixture, KITH_TYPE(0, 0), bytes, size - 1, &message), KITH_OK);
    kith_message_free(&message);
    test_free(bytes);
}

static void a_payload_of_the_largest_size_is_decoded(void **state)
{
    struct fixture *fixture = *state;
    size_t size = fixture->limits.message_size;
    uint8_t *bytes = test_malloc(size);
    memset(bytes, 'a', size);
    bytes[0] = 1 << 3 | 2;
    uint32_t length = (uint32_t)size - 5;
    for (unsigned i = 0; i < 4; i++) {
        bytes[1 + i] = (uint8_t)((length >> (7 * i) & 0x7f) | (i < 3 ? 0x80 : 0));
    }
    struct kith_message *message;
    assert_int_equal(decode(fixture, SHOUT, bytes, size, &message), KITH_OK);
    const Kith__Test__Text *text = message->data;
    assert_int_equal(strlen(text->text), length);
    kith_message_free(&message);
    test_free(bytes);
}

static void a_payload_cut_off_anywhere_is_invalid_or_shorter(void **state)
{
    struct fixture *fixture = *state;
    uint64_t seed = 17;
    for (unsigned round = 0; round < 20; round++) {
        struct kith_message *message, *back;
        uint8_t bytes[8192];
        assert_int_equal(
            kith_message_new_typed(fixture->node, ECHO, &kith__test__all__descriptor, &message),
            KITH_OK);
        fill_all(message, message->data, &seed);
        size_t size = kith_payload_size(message);
        kith_payload_encode(message, bytes);
        kith_message_free(&message);
        for (size_t cut = 0; cut < size; cut++) {
            enum kith_error error = decode(fixture, ECHO, bytes, cut, &back);
            assert_true(error == KITH_OK || error == KITH_ERROR_INVALID);
            assert_true((error == KITH_OK) == (back->data != NULL));
            kith_message_free(&back);
        }
    }
}

// A Tree of `depth` messages, each the left of the one before, in the last bytes of a buffer.
static const uint8_t *nest(unsigned depth, uint8_t *buffer, size_t room, size_t *size)
{
    uint8_t *next = buffer + room;
    for (unsigned level = 1; level < depth; level++) {
        uint32_t length = (uint32_t)(buffer + room - next);
        unsigned bytes = 1;
        for (uint32_t rest = length >> 7; rest > 0; rest >>= 7) {
            bytes++;
        }
        next -= bytes;
        for (unsigned i = 0; i < bytes; i++) {
            next[i] = (uint8_t)((length >> (7 * i) & 0x7f) | (i + 1 < bytes ? 0x80 : 0));
        }
        *--next = 3 << 3 | 2;
    }
    *size = (size_t)(buffer + room - next);
    return next;
}

static void messages_nest_at_most_16_deep(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t buffer[1 << 20];
    size_t size;
    const uint8_t *bytes = nest(KITH_DECODE_DEPTH, buffer, sizeof buffer, &size);
    struct kith_message *message;
    assert_int_equal(decode(fixture, GROW, bytes, size, &message), KITH_OK);
    unsigned depth = 0;
    for (const Kith__Test__Tree *tree = message->data; tree != NULL; tree = tree->left) {
        depth++;
    }
    assert_int_equal(depth, KITH_DECODE_DEPTH);
    kith_message_free(&message);
    bytes = nest(KITH_DECODE_DEPTH + 1, buffer, sizeof buffer, &size);
    assert_refused(fixture, GROW, bytes, size, KITH_ERROR_LIMIT);
    bytes = nest(200000, buffer, sizeof buffer, &size);
    assert_refused(fixture, GROW, bytes, size, KITH_ERROR_LIMIT);
}

static void small_bytes_that_become_large_structs_are_refused(void **state)
{
    struct fixture *fixture = *state;
    size_t size = 2 * 1000000; // children without contents
    uint8_t *bytes = test_calloc(1, size);
    for (size_t i = 0; i < size; i += 2) {
        bytes[i] = 2 << 3 | 2;
    }
    assert_refused(fixture, GROW, bytes, size, KITH_ERROR_LIMIT);
    struct kith_message *message;
    assert_int_equal(decode(fixture, GROW, bytes, size / 10, &message), KITH_OK);
    const Kith__Test__Tree *tree = message->data;
    assert_int_equal(tree->n_children, 100000);
    kith_message_free(&message);
    test_free(bytes);
}

#define ASSERT_BYTES_REFUSED(type, bytes)                                                          \
    assert_refused(fixture, (type), (bytes), sizeof(bytes) - 1, KITH_ERROR_INVALID)

static void malformed_bytes_are_invalid(void **state)
{
    struct fixture *fixture = *state;
    ASSERT_BYTES_REFUSED(SHOUT, "\x0a\x05hell");                  // longer than there is
    ASSERT_BYTES_REFUSED(SHOUT, "\x0a\xff\xff\xff\xff\x0fx");     // 4 GB
    ASSERT_BYTES_REFUSED(SHOUT, "\x0a\xff\xff\xff\xff\x7fx");     // more than 32 bits
    ASSERT_BYTES_REFUSED(SHOUT, "\x0a\x80\x80\x80\x80\x80\x01x"); // a length of 6 bytes
    ASSERT_BYTES_REFUSED(SHOUT, "\x0a\x03"
                                "a\0b");                     // a zero in a string
    ASSERT_BYTES_REFUSED(SHOUT, "\x08\x01");                 // a number for a string
    ASSERT_BYTES_REFUSED(SHOUT, "\x0d\x01\x01\x01\x01");     // 32 bits for a string
    ASSERT_BYTES_REFUSED(SHOUT, "\x0b\x0c");                 // a group
    ASSERT_BYTES_REFUSED(SHOUT, "\x13\x14");                 // a group of field 2
    ASSERT_BYTES_REFUSED(SHOUT, "\x0c");                     // the end of a group
    ASSERT_BYTES_REFUSED(SHOUT, "\x0e");                     // kind 6
    ASSERT_BYTES_REFUSED(SHOUT, "\x0f");                     // kind 7
    ASSERT_BYTES_REFUSED(SHOUT, "\x02\x00");                 // field 0
    ASSERT_BYTES_REFUSED(SHOUT, "\x80\x80\x80\x80\x80\x01"); // a tag of 6 bytes
    ASSERT_BYTES_REFUSED(SHOUT, "\xfa\xff\xff\xff\x1f\x00"); // field number of 30 bits
    ASSERT_BYTES_REFUSED(GROW, "\x08");                      // nothing after the tag
    ASSERT_BYTES_REFUSED(GROW, "\x08\x80");                  // a number without an end
    ASSERT_BYTES_REFUSED(GROW, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"); // 11 bytes
    ASSERT_BYTES_REFUSED(GROW, "\x0a\x01\x01");             // packed, but not repeated
    ASSERT_BYTES_REFUSED(GROW, "\x12\x02\x12\x05");         // within a message
    ASSERT_BYTES_REFUSED(ECHO, "\xb2\x01\x03\x01\x01\x01"); // 3 bytes of fixed32
    ASSERT_BYTES_REFUSED(ECHO, "\xa2\x01\x01\x80");         // packed, without an end
    ASSERT_BYTES_REFUSED(ECHO, "\xb1\x01\x01\x01\x01\x01\x01\x01\x01\x01"); // 64 bits for 32
    ASSERT_BYTES_REFUSED(ECHO, "\x51\x01\x01\x01\x01\x01\x01\x01");         // 7 bytes of fixed64
    ASSERT_BYTES_REFUSED(ECHO, "\xc0\x02\x80"); // unknown, without an end
}

static void numbers_may_come_one_by_one_or_packed(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t mixed[] = {
        1 << 3,     7,                  // must
        5 << 3,     1, 5 << 3, 2,       // unpacked, one by one
        5 << 3 | 2, 2, 3,      4,       // unpacked, packed nevertheless
        6 << 3,     5,                  // packed, one by one nevertheless
        6 << 3 | 2, 3, 6,      0x80, 1, // packed
    };
    struct kith_message *message;
    assert_int_equal(decode(fixture, KEEP, mixed, sizeof mixed, &message), KITH_OK);
    const Kith__Test__Old *old = kith_message_typed(message, &kith__test__old__descriptor);
    assert_int_equal(old->n_unpacked, 4);
    assert_int_equal(old->unpacked[3], 4);
    assert_int_equal(old->n_packed, 3);
    assert_int_equal(old->packed[2], 128);
    kith_message_free(&message);
}

static void a_required_field_must_be_there(void **state)
{
    struct fixture *fixture = *state;
    ASSERT_BYTES_REFUSED(KEEP, "\x10\x01");
    ASSERT_BYTES_REFUSED(KEEP, "\x08\x01\x3a\x02\x10\x01");
    struct kith_message *message;
    assert_int_equal(decode(fixture, KEEP, "\x08\x01\x3a\x02\x08\x01", 6, &message), KITH_OK);
    kith_message_free(&message);
}

static void fields_of_a_later_version_are_kept(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t bytes[] = {1 << 3 | 2, 2, 'h', 'i', 9 << 3, 5, 10 << 3 | 2, 1, 'x'};
    struct kith_message *message;
    uint8_t again[sizeof bytes];
    assert_int_equal(decode(fixture, SHOUT, bytes, sizeof bytes, &message), KITH_OK);
    const Kith__Test__Text *text = kith_message_typed(message, &kith__test__text__descriptor);
    assert_string_equal(text->text, "hi");
    assert_int_equal(kith_payload_size(message), sizeof bytes);
    kith_payload_encode(message, again);
    assert_memory_equal(bytes, again, sizeof bytes);
    kith_message_free(&message);
}

static void the_last_of_several_members_of_a_oneof_counts(void **state)
{
    struct fixture *fixture = *state;
    // number, word, text, number, blob
    static const uint8_t bytes[] = {0xa0, 6, 1,    0xaa, 6, 2,    'h', 'i', 0xb2,
                                    6,    0, 0xa0, 6,    2, 0xba, 6,   1,   'x'};
    struct kith_message *message;
    for (size_t cut = 3; cut <= sizeof bytes; cut++) {
        enum kith_error error = decode(fixture, ECHO, bytes, cut, &message);
        assert_true(error == KITH_OK || error == KITH_ERROR_INVALID);
        kith_message_free(&message);
    }
    assert_int_equal(decode(fixture, ECHO, bytes, sizeof bytes, &message), KITH_OK);
    const Kith__Test__All *all = message->data;
    assert_int_equal(all->choice_case, KITH__TEST__ALL__CHOICE_BLOB);
    assert_int_equal(all->blob.len, 1);
    kith_message_free(&message);
}

static void garbage_ends_in_a_payload_or_an_error(void **state)
{
    struct fixture *fixture = *state;
    uint64_t seed = 2024;
    unsigned valid = 0;
    for (unsigned round = 0; round < 20000; round++) {
        struct kith_message *message, *back;
        uint8_t bytes[8192];
        assert_int_equal(
            kith_message_new_typed(fixture->node, ECHO, &kith__test__all__descriptor, &message),
            KITH_OK);
        fill_all(message, message->data, &seed);
        size_t size = kith_payload_size(message);
        kith_payload_encode(message, bytes);
        kith_message_free(&message);
        for (uint64_t changes = 1 + draw(&seed) % 4; changes > 0; changes--) {
            bytes[draw(&seed) % size] = (uint8_t)draw(&seed);
        }
        if (decode(fixture, ECHO, bytes, size, &back) == KITH_OK) {
            assert_in_range(kith_payload_size(back), 0, 2 * size);
            valid++;
        }
        kith_message_free(&back);
    }
    assert_in_range(valid, 1000, 19999); // both happened
}

static void without_memory_nothing_is_left_behind(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t bytes[100000] = {1 << 3 | 2, 0x9c, 0x8d, 0x06}; // a text of 99,996 bytes
    memset(bytes + 4, 'a', sizeof bytes - 4);
    struct kith_message *message;
    assert_int_equal(decode(fixture, SHOUT, bytes, sizeof bytes, &message), KITH_OK);
    kith_message_free(&message);
    kith_platform_sim_fail_allocation(fixture->sim, 1, true);
    assert_refused(fixture, SHOUT, bytes, sizeof bytes, KITH_ERROR_NO_MEMORY);
    kith_platform_sim_fail_allocation(fixture->sim, 0, false);
}

static void a_reply_may_use_parts_of_the_request(void **state)
{
    struct fixture *fixture = *state;
    struct kith_message *message;
    uint8_t bytes[16];
    assert_int_equal(decode(fixture, SHOUT, "\x0a\x02hi", 4, &message), KITH_OK);
    const Kith__Test__Text *request = message->data;
    Kith__Test__Tree *reply = kith_message_set_typed(message, &kith__test__tree__descriptor);
    assert_non_null(reply);
    assert_string_equal(request->text, "hi");
    assert_int_equal(message->size, sizeof(Kith__Test__Tree));
    reply->left = kith_message_part(message, &kith__test__tree__descriptor);
    reply->left->value = 5;
    assert_int_equal(kith_payload_size(message), 4);
    kith_payload_encode(message, bytes);
    assert_memory_equal(bytes, "\x1a\x02\x08\x05", 4);
    assert_string_equal(kith_message_text(message, "copied"), "copied");
    kith_message_free(&message);
}

#define NODE_TEST(name) cmocka_unit_test_setup_teardown(name, open_codec, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(a_typed_payload_comes_back_as_it_was),
        NODE_TEST(a_payload_with_a_gap_is_not_whole),
        NODE_TEST(plain_bytes_come_back_as_they_were),
        NODE_TEST(a_payload_without_bytes_is_a_struct_of_defaults),
        NODE_TEST(a_reply_is_decoded_as_the_output_of_its_method),
        NODE_TEST(a_reply_with_an_error_and_no_bytes_has_no_payload),
        NODE_TEST(a_returned_message_is_decoded_as_it_was_sent),
        NODE_TEST(what_is_not_known_is_refused),
        NODE_TEST(a_payload_above_the_limit_is_too_large),
        NODE_TEST(a_payload_of_the_largest_size_is_decoded),
        NODE_TEST(a_payload_cut_off_anywhere_is_invalid_or_shorter),
        NODE_TEST(messages_nest_at_most_16_deep),
        NODE_TEST(small_bytes_that_become_large_structs_are_refused),
        NODE_TEST(malformed_bytes_are_invalid),
        NODE_TEST(numbers_may_come_one_by_one_or_packed),
        NODE_TEST(a_required_field_must_be_there),
        NODE_TEST(fields_of_a_later_version_are_kept),
        NODE_TEST(the_last_of_several_members_of_a_oneof_counts),
        NODE_TEST(garbage_ends_in_a_payload_or_an_error),
        NODE_TEST(without_memory_nothing_is_left_behind),
        NODE_TEST(a_reply_may_use_parts_of_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
