// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <string.h>

#include <frame.pb-c.h>

#include <kith/frame.h>
#include <kith/message.h>

#define SENDER    UINT64_C(0x1111222233334444)
#define RECEIVER  UINT64_C(0x5555666677778888)
#define ELSEWHERE UINT64_C(0x9999aaaabbbbcccc)

static const struct kith_ref here = {RECEIVER, 7, 3};
static const struct kith_ref there = {SENDER, 12, 1};

static void assert_same(const struct kith_frame *a, const struct kith_frame *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(a->type == b->type);
    assert_true(kith_ref_equal(a->from, b->from));
    assert_true(kith_ref_equal(a->to, b->to));
    if (kith_ref_equal(a->reply_to, a->from)) {
        assert_true(kith_ref_is_none(b->reply_to));
    } else {
        assert_true(kith_ref_equal(a->reply_to, b->reply_to));
    }
    assert_true(a->id == b->id && a->remaining_ms == b->remaining_ms && a->trace == b->trace);
    assert_true(a->total_size == b->total_size);
    assert_int_equal(a->error, b->error);
    assert_int_equal(a->credits, b->credits);
    assert_int_equal(a->hops, b->hops);
    assert_int_equal(a->urgency, b->urgency);
    assert_int_equal(a->waiting, b->waiting);
    assert_int_equal(a->done, b->done);
    assert_int_equal(a->tie, b->tie);
    assert_int_equal(a->payload_size, b->payload_size);
    assert_memory_equal(a->payload_size > 0 ? a->payload : "",
                        b->payload_size > 0 ? b->payload : "", a->payload_size);
}

static size_t encode(const struct kith_frame *frame, void *out, size_t room)
{
    assert_int_equal(kith_frame_encode(frame, SENDER, RECEIVER, out, &room), KITH_OK);
    return room;
}

static enum kith_error decode(const void *data, size_t size, struct kith_frame *frame)
{
    return kith_frame_decode(&data, &size, SENDER, RECEIVER, frame);
}

static struct kith_ref draw_ref(uint64_t *seed)
{
    static const uint64_t nodes[] = {SENDER, RECEIVER, ELSEWHERE};
    return (struct kith_ref){nodes[draw(seed) % 3], (uint32_t)(draw(seed) >> (draw(seed) % 64)),
                             (uint32_t)(draw(seed) >> (32 + draw(seed) % 32)) | 1};
}

// A frame that follows the rules, with every field of it drawn.
static struct kith_frame draw_frame(uint64_t *seed, const void *payload)
{
    struct kith_frame frame = {
        .kind = (enum kith_frame_kind)(draw(seed) % (KITH_FRAME_ACCEPT + 1)),
        .type = draw(seed),
        .from = draw_ref(seed),
        .to = draw_ref(seed),
        .reply_to = draw(seed) % 2 == 0 ? KITH_REF_NONE : draw_ref(seed),
        .id = draw(seed) >> draw(seed) % 63,
        .remaining_ms = draw(seed) % 2 == 0 ? UINT64_MAX : draw(seed) >> draw(seed) % 64,
        .trace = draw(seed) % 2 == 0 ? 0 : draw(seed),
        .error = 1 + (uint32_t)(draw(seed) % 22),
        .credits = 1 + (uint32_t)(draw(seed) % UINT32_MAX),
        .hops = (uint32_t)(draw(seed) % (KITH_HOPS + 1)),
        .urgency = (uint8_t)(draw(seed) % 3),
        .tie = draw(seed) % 2 == 0,
        .payload = payload,
        .payload_size = 1 + draw(seed) % 300,
    };
    frame.id |= 1;
    frame.waiting = draw(seed) % 3 == 0;
    frame.done = !frame.waiting && draw(seed) % 2 == 0;
    if (frame.kind <= KITH_FRAME_RETURN && frame.kind != KITH_FRAME_PART && draw(seed) % 4 == 0) {
        frame.total_size = frame.payload_size + 1 + (draw(seed) >> (1 + draw(seed) % 63));
    }
    return frame;
}

static void a_frame_comes_back_as_it_was(void **state)
{
    (void)state;
    uint64_t seed = 42;
    uint8_t payload[300], bytes[1024];
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)draw(&seed);
    }
    for (unsigned round = 0; round < 20000; round++) {
        struct kith_frame frame = draw_frame(&seed, payload), back;
        size_t size = encode(&frame, bytes, sizeof bytes);
        assert_true(size - frame.payload_size <= KITH_FRAME_HEADER_MAX + 2);
        assert_int_equal(decode(bytes, size, &back), KITH_OK);
        assert_same(&frame, &back);
    }
}

static void every_kind_comes_back_with_the_least_it_needs(void **state)
{
    (void)state;
    static const struct kith_frame frames[] = {
        {.kind = KITH_FRAME_MESSAGE, .to = {RECEIVER, 0, 1}},
        {.kind = KITH_FRAME_PART, .payload = "x", .payload_size = 1},
        {.kind = KITH_FRAME_RETURN, .error = KITH_ERROR_STALE},
        {.kind = KITH_FRAME_CREDIT, .to = {RECEIVER, 0, 1}, .credits = 1},
        {.kind = KITH_FRAME_MONITOR, .to = {RECEIVER, 0, 1}, .from = {SENDER, 0, 1}},
        {.kind = KITH_FRAME_UNMONITOR, .to = {RECEIVER, 0, 1}, .from = {SENDER, 0, 1}},
        {.kind = KITH_FRAME_DOWN, .to = {RECEIVER, 0, 1}, .from = {SENDER, 0, 1}},
        {.kind = KITH_FRAME_PING},
        {.kind = KITH_FRAME_PONG},
        {.kind = KITH_FRAME_HELLO, .payload = "x", .payload_size = 1},
        {.kind = KITH_FRAME_GOODBYE},
        {.kind = KITH_FRAME_OFFER},
        {.kind = KITH_FRAME_ACCEPT},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct kith_frame frame = frames[i], back;
        frame.remaining_ms = UINT64_MAX;
        uint8_t bytes[64];
        size_t size = encode(&frame, bytes, sizeof bytes);
        assert_int_equal(decode(bytes, size, &back), KITH_OK);
        assert_same(&frame, &back);
    }
}

static void frames_back_to_back_are_read_one_by_one(void **state)
{
    (void)state;
    uint64_t seed = 7;
    uint8_t payload[300] = {1, 2, 3}, batch[20 * 512];
    struct kith_frame frames[20];
    size_t used = 0;
    for (size_t i = 0; i < 20; i++) {
        frames[i] = draw_frame(&seed, payload);
        used += encode(&frames[i], batch + used, sizeof batch - used);
    }
    const void *next = batch;
    size_t left = used;
    for (size_t i = 0; i < 20; i++) {
        struct kith_frame back;
        assert_int_equal(kith_frame_decode(&next, &left, SENDER, RECEIVER, &back), KITH_OK);
        assert_same(&frames[i], &back);
    }
    assert_int_equal(left, 0);
    assert_ptr_equal(next, batch + used);
}

static void a_frame_cut_off_anywhere_is_invalid(void **state)
{
    (void)state;
    uint64_t seed = 99;
    uint8_t payload[300] = {0}, bytes[1024];
    for (unsigned round = 0; round < 200; round++) {
        struct kith_frame frame = draw_frame(&seed, payload), back;
        size_t size = encode(&frame, bytes, sizeof bytes);
        for (size_t cut = 0; cut < size; cut++) {
            const void *next = bytes;
            size_t left = cut;
            assert_int_equal(kith_frame_decode(&next, &left, SENDER, RECEIVER, &back),
                             KITH_ERROR_INVALID);
            assert_ptr_equal(next, bytes);
            assert_int_equal(left, cut);
        }
    }
}

static void a_frame_is_not_written_where_it_does_not_fit(void **state)
{
    (void)state;
    struct kith_frame frame = {.to = here, .type = 1, .payload = "0123456789", .payload_size = 10};
    uint8_t bytes[64], untouched[64];
    memset(untouched, 0xee, sizeof untouched);
    size_t size = encode(&frame, bytes, sizeof bytes);
    for (size_t room = 0; room < size; room++) {
        size_t written = room;
        memset(bytes, 0xee, sizeof bytes);
        assert_int_equal(kith_frame_encode(&frame, SENDER, RECEIVER, bytes, &written),
                         KITH_ERROR_TOO_LARGE);
        assert_int_equal(written, room);
        assert_memory_equal(bytes, untouched, sizeof bytes);
    }
    assert_int_equal(encode(&frame, bytes, size), size);
}

static void a_frame_with_too_many_hops_is_not_written(void **state)
{
    (void)state;
    struct kith_frame frame = {.to = here, .hops = KITH_HOPS};
    uint8_t bytes[64];
    size_t size = encode(&frame, bytes, sizeof bytes);
    frame.hops++;
    assert_int_equal(kith_frame_encode(&frame, SENDER, RECEIVER, bytes, &size), KITH_ERROR_LIMIT);
}

static void a_payload_can_be_written_in_place_afterwards(void **state)
{
    (void)state;
    struct kith_frame frame = {.to = here, .payload = "0123456789", .payload_size = 10};
    uint8_t whole[64], later[64];
    size_t size = encode(&frame, whole, sizeof whole);
    frame.payload = NULL;
    assert_int_equal(encode(&frame, later, sizeof later), size);
    memcpy(later + size - 10, "0123456789", 10);
    assert_memory_equal(whole, later, size);
}

static void a_node_is_only_written_where_it_is_not_the_expected_one(void **state)
{
    (void)state;
    struct kith_frame frame = {.to = here, .from = there, .remaining_ms = UINT64_MAX};
    uint8_t bytes[64];
    size_t plain = encode(&frame, bytes, sizeof bytes);
    frame.reply_to = there;
    assert_int_equal(encode(&frame, bytes, sizeof bytes), plain);
    frame.to.node = ELSEWHERE;
    assert_int_equal(encode(&frame, bytes, sizeof bytes), plain + 10);
    frame.from.node = frame.reply_to.node = ELSEWHERE;
    assert_int_equal(encode(&frame, bytes, sizeof bytes), plain + 20);
}

static void a_typical_message_has_a_header_of_at_most_24_bytes(void **state)
{
    (void)state;
    struct kith_frame frame = {.to = here,
                               .from = there,
                               .remaining_ms = UINT64_MAX,
                               .hops = 1,
                               .type = UINT64_C(0x0123456789abcdef)};
    uint8_t bytes[64];
    assert_in_range(encode(&frame, bytes, sizeof bytes), 10, 1 + 24 + 1);
}

// A frame around a header made by hand.
static enum kith_error decode_header(const Kith__Frame *header, size_t payload_size,
                                     struct kith_frame *frame)
{
    uint8_t bytes[512] = {0};
    size_t size = kith__frame__pack(header, bytes + 1);
    assert_in_range(size, 0, 127);
    bytes[0] = (uint8_t)size;
    bytes[1 + size] = (uint8_t)payload_size;
    return decode(bytes, 1 + size + 1 + payload_size, frame);
}

// `header` is in order with that payload, and isn't any longer when `change` has been made to it.
#define ASSERT_REFUSED(header, payload_size, change)                                               \
    do {                                                                                           \
        struct kith_frame frame_;                                                                  \
        Kith__Frame changed = (header);                                                            \
        assert_int_equal(decode_header(&changed, (payload_size), &frame_), KITH_OK);               \
        changed.change;                                                                            \
        assert_int_equal(decode_header(&changed, (payload_size), &frame_), KITH_ERROR_INVALID);    \
    } while (0)

static Kith__Frame header_of(Kith__Frame__Kind kind)
{
    Kith__Frame header = KITH__FRAME__INIT;
    header.kind = kind;
    header.to = UINT64_C(1) << 32;
    header.from = UINT64_C(1) << 32;
    header.error = 1;
    header.credits = 1;
    header.id = 1;
    return header;
}

static void what_is_out_of_range_is_invalid(void **state)
{
    (void)state;
    Kith__Frame message = header_of(KITH__FRAME__KIND__MESSAGE);
    ASSERT_REFUSED(message, 1, kind = (Kith__Frame__Kind)13);
    ASSERT_REFUSED(message, 1, kind = (Kith__Frame__Kind)-1);
    ASSERT_REFUSED(message, 1, flags = 8);
    ASSERT_REFUSED(message, 1, hops = KITH_HOPS + 1);
    ASSERT_REFUSED(message, 1, urgency = 3);
    ASSERT_REFUSED(message, 1, error = 256);
    ASSERT_REFUSED(message, 1, to = 5);
    ASSERT_REFUSED(message, 1, from = 5);
    ASSERT_REFUSED(message, 1, reply_to = 5);
    ASSERT_REFUSED(message, 1, reply_node = 5);
    message.from = 0;
    ASSERT_REFUSED(message, 1, from_node = 5);
}

static void what_breaks_the_rules_of_its_kind_is_invalid(void **state)
{
    (void)state;
    Kith__Frame message = header_of(KITH__FRAME__KIND__MESSAGE);
    ASSERT_REFUSED(message, 1, to = 0);
    ASSERT_REFUSED(message, 1, flags = 3);
    ASSERT_REFUSED(message, 1, total_size = 1);
    ASSERT_REFUSED(message, 0, total_size = 1);
    message.flags = 1;
    ASSERT_REFUSED(message, 1, id = 0);
    ASSERT_REFUSED(message, 1, from = 0);
    message.flags = 2;
    ASSERT_REFUSED(message, 1, id = 0);
    ASSERT_REFUSED(header_of(KITH__FRAME__KIND__PART), 1, total_size = 100);
    ASSERT_REFUSED(header_of(KITH__FRAME__KIND__RETURN), 1, error = 0);
    ASSERT_REFUSED(header_of(KITH__FRAME__KIND__CREDIT), 0, to = 0);
    ASSERT_REFUSED(header_of(KITH__FRAME__KIND__CREDIT), 0, credits = 0);
    for (int kind = KITH__FRAME__KIND__MONITOR; kind <= KITH__FRAME__KIND__DOWN; kind++) {
        ASSERT_REFUSED(header_of((Kith__Frame__Kind)kind), 0, to = 0);
        ASSERT_REFUSED(header_of((Kith__Frame__Kind)kind), 0, from = 0);
    }
    struct kith_frame frame;
    Kith__Frame empty = header_of(KITH__FRAME__KIND__PART);
    assert_int_equal(decode_header(&empty, 0, &frame), KITH_ERROR_INVALID);
    empty.kind = KITH__FRAME__KIND__HELLO;
    assert_int_equal(decode_header(&empty, 0, &frame), KITH_ERROR_INVALID);
}

static void an_error_of_a_later_version_reads_as_invalid(void **state)
{
    (void)state;
    Kith__Frame header = header_of(KITH__FRAME__KIND__RETURN);
    struct kith_frame frame;
    header.error = 255;
    assert_int_equal(decode_header(&header, 0, &frame), KITH_OK);
    assert_int_equal(frame.error, KITH_ERROR_INVALID);
}

// A PING, then `fields` fields that this version doesn't know, each of 3 bytes.
static enum kith_error decode_with_unknown(size_t fields, struct kith_frame *frame)
{
    uint8_t bytes[512];
    size_t size = 0;
    size_t header_size = 2 + 3 * fields;
    if (header_size > 127) {
        bytes[size++] = (uint8_t)(header_size | 0x80);
    }
    bytes[size++] = (uint8_t)(header_size > 127 ? header_size >> 7 : header_size);
    bytes[size++] = 6 << 3;
    bytes[size++] = KITH_FRAME_PING;
    for (size_t i = 0; i < fields; i++) {
        bytes[size++] = (uint8_t)((uint8_t)(100 << 3) | 0x80); // field 100, a number
        bytes[size++] = 100 >> 4;
        bytes[size++] = 1;
    }
    bytes[size++] = 0;
    return decode(bytes, size, frame);
}

static void fields_of_a_later_version_are_ignored(void **state)
{
    (void)state;
    struct kith_frame frame;
    for (size_t fields = 0; fields <= 80; fields++) {
        assert_int_equal(decode_with_unknown(fields, &frame), KITH_OK);
        assert_int_equal(frame.kind, KITH_FRAME_PING);
    }
}

static void a_header_may_have_24_fields_and_8_of_them_unknown(void **state)
{
    (void)state;
    for (size_t unknown = 7; unknown <= 8; unknown++) {
        struct kith_frame whole = {.type = UINT64_MAX,
                                   .to = {ELSEWHERE, UINT32_MAX, UINT32_MAX},
                                   .from = {ELSEWHERE, UINT32_MAX, UINT32_MAX},
                                   .reply_to = {ELSEWHERE, 1, UINT32_MAX},
                                   .id = UINT64_MAX,
                                   .waiting = true,
                                   .remaining_ms = UINT64_MAX - 1,
                                   .trace = UINT64_MAX,
                                   .error = 1,
                                   .credits = 1,
                                   .hops = 1,
                                   .urgency = 1,
                                   .payload_size = 1,
                                   .total_size = UINT64_MAX,
                                   .kind = KITH_FRAME_RETURN,
                                   .payload = "x"};
        if (unknown == 8) {
            whole.trace = 0;
        }
        uint8_t bytes[400] = {0}, longer[400] = {0};
        size_t size = encode(&whole, bytes, sizeof bytes);
        size_t prefix = bytes[0] < 0x80 ? 1 : 2;
        size_t known = prefix == 1 ? bytes[0] : (size_t)(bytes[0] & 0x7f) | (size_t)bytes[1] << 7;
        uint8_t *next = longer + 2;
        memcpy(next, bytes + prefix, known);
        next += known;
        for (size_t i = 0; i < unknown; i++) { // field 30, 9 bytes of anything
            *next = (uint8_t)((uint8_t)(30 << 3) | 0x80 | 2);
            next[1] = 30 >> 4;
            next[2] = 9;
            next += 12;
        }
        size_t header_size = (size_t)(next - longer) - 2;
        assert_in_range(header_size, 200, 254);
        longer[0] = (uint8_t)(header_size | 0x80);
        longer[1] = (uint8_t)(header_size >> 7);
        memcpy(next, bytes + prefix + known, size - prefix - known);
        struct kith_frame back;
        assert_int_equal(decode(longer, header_size + 2 + size - prefix - known, &back), KITH_OK);
        assert_same(&whole, &back);
    }
}

static void a_header_that_is_too_long_is_invalid(void **state)
{
    (void)state;
    uint8_t bytes[400] = {0};
    struct kith_frame frame;
    // 255 bytes: the number of field 4, id, written again and again.
    bytes[0] = 0xff;
    bytes[1] = 1;
    for (size_t i = 2; i < 2 + 255; i += 3) {
        bytes[i] = 4 << 3;
        bytes[i + 1] = 0x81;
        bytes[i + 2] = 0;
    }
    assert_int_equal(decode(bytes, sizeof bytes, &frame), KITH_ERROR_INVALID);
}

static void garbage_ends_in_a_frame_or_an_error(void **state)
{
    (void)state;
    uint64_t seed = 12345;
    uint8_t payload[300] = {0}, bytes[1024];
    unsigned valid = 0;
    for (unsigned round = 0; round < 50000; round++) {
        struct kith_frame frame = draw_frame(&seed, payload);
        size_t size = encode(&frame, bytes, sizeof bytes);
        for (uint64_t changes = 1 + draw(&seed) % 4; changes > 0; changes--) {
            bytes[draw(&seed) % size] = (uint8_t)draw(&seed);
        }
        const void *next = bytes;
        size_t left = size;
        while (left > 0 && kith_frame_decode(&next, &left, SENDER, RECEIVER, &frame) == KITH_OK) {
            assert_in_range(frame.kind, KITH_FRAME_MESSAGE, KITH_FRAME_ACCEPT);
            assert_true(frame.payload_size <= size);
            valid++;
        }
    }
    assert_in_range(valid, 1000, 49999); // both happened
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_comes_back_as_it_was),
        cmocka_unit_test(every_kind_comes_back_with_the_least_it_needs),
        cmocka_unit_test(frames_back_to_back_are_read_one_by_one),
        cmocka_unit_test(a_frame_cut_off_anywhere_is_invalid),
        cmocka_unit_test(a_frame_is_not_written_where_it_does_not_fit),
        cmocka_unit_test(a_frame_with_too_many_hops_is_not_written),
        cmocka_unit_test(a_payload_can_be_written_in_place_afterwards),
        cmocka_unit_test(a_node_is_only_written_where_it_is_not_the_expected_one),
        cmocka_unit_test(a_typical_message_has_a_header_of_at_most_24_bytes),
        cmocka_unit_test(what_is_out_of_range_is_invalid),
        cmocka_unit_test(what_breaks_the_rules_of_its_kind_is_invalid),
        cmocka_unit_test(an_error_of_a_later_version_reads_as_invalid),
        cmocka_unit_test(fields_of_a_later_version_are_ignored),
        cmocka_unit_test(a_header_may_have_24_fields_and_8_of_them_unknown),
        cmocka_unit_test(a_header_that_is_too_long_is_invalid),
        cmocka_unit_test(garbage_ends_in_a_frame_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
