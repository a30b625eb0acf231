// SPDX-License-Identifier: Apache-2.0
// How messages leave: fields, batches, streams, parts, limits.
#include <frame.pb-c.h>

#include <kith/codec.h>
#include <kith/monitor.h>

#include "fixture.h"

static const uint64_t plain = KITH_TYPE(KITH_SIGNATURE_BYTES, 1);

static struct kith_ref remote(uint32_t slot)
{
    return (struct kith_ref){FOLLOWER, slot, 1};
}

struct sending {
    uint32_t slot; // of the first receiver, one more for each
    unsigned count, receivers;
    size_t size;
    uint8_t urgency;
    uint64_t deadline_ns;
    enum kith_error error; // of the last one
    unsigned sent;
    bool finished;
};

static struct kith_message *new_message(struct kith_process *self, size_t size)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), plain, size, &message), KITH_OK);
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)message->data)[i] = (unsigned char)(i * 7);
    }
    return message;
}

// Numbered messages in plain payload: its first byte is the number.
static void send_some(struct kith_process *self, void *argument)
{
    struct sending *sending = argument;
    unsigned receivers = sending->receivers > 0 ? sending->receivers : 1;
    for (unsigned number = 0; number < sending->count; number++) {
        struct kith_message *message = new_message(self, sending->size);
        if (sending->size > 0) {
            *(unsigned char *)message->data = (unsigned char)number;
        }
        message->urgency = sending->urgency;
        sending->error = kith_send(self, remote(sending->slot + number % receivers), &message,
                                   sending->deadline_ns);
        kith_message_free(&message);
        if (sending->error != KITH_OK) {
            break;
        }
        sending->sent++;
    }
    sending->finished = true;
}

static void widen(struct fixture *fixture)
{
    fixture->limits.link_queue_bytes = 16384;
}

static void open_with_peer(struct fixture *fixture, struct peer *peer,
                           void (*adjust)(struct fixture *))
{
    open_fixture(fixture, adjust);
    peer_init(peer, fixture, FOLLOWER, "10.0.0.2:7400");
    peer->hello.credits = 100000;
    peer_connect(peer, "10.0.0.2:7400");
    peer_shake_hands(peer);
    expect_nothing(peer);
}

static void send_one(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message = new_message(self, 5);
    memcpy(message->data, "hello", 5);
    message->trace = 77;
    assert_int_equal(kith_send(self, remote(7), &message, KITH_NO_WAIT), KITH_OK);
}

static void a_message_travels_with_all_that_it_says(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct kith_ref sender = spawn(&fixture, send_one, NULL);
    run(&fixture);
    struct kith_frame frame;
    unsigned stream;
    assert_true(peer_hear(&peer, &frame, &stream));
    assert_int_equal(frame.kind, KITH_FRAME_MESSAGE);
    assert_true(frame.type == plain);
    assert_true(kith_ref_equal(frame.from, sender));
    assert_true(kith_ref_equal(frame.to, remote(7)));
    assert_int_equal(frame.trace, 77);
    assert_int_equal(frame.hops, 1);
    assert_true(frame.remaining_ms == UINT64_MAX);
    assert_int_equal(frame.payload_size, 5);
    assert_memory_equal(frame.payload, "hello", 5);
    assert_true(stream >= KITH_STREAM_FIRST && stream < KITH_STREAM_BULK);
    expect_nothing(&peer);
    close_fixture(&fixture);
}

static void post_one_from_outside(struct fixture *fixture)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(fixture->node, plain, 0, &message), KITH_OK);
    assert_int_equal(kith_post(fixture->node, remote(7), &message), KITH_OK);
}

static void a_message_from_outside_of_processes_is_from_nobody(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    post_one_from_outside(&fixture);
    run(&fixture);
    assert_true(kith_ref_is_none(expect_frame(&peer, KITH_FRAME_MESSAGE).from));
    close_fixture(&fixture);
}

static void the_messages_of_a_turn_travel_in_one_batch(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 7, .count = 10, .size = 20};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &sending);
    size_t before = peer.connection->sent_count;
    run(&fixture);
    assert_int_equal(sending.sent, 10);
    assert_int_equal(peer.connection->sent_count, before + 1);
    for (unsigned number = 0; number < 10; number++) {
        struct kith_frame frame = expect_frame(&peer, KITH_FRAME_MESSAGE);
        assert_int_equal(*(const unsigned char *)frame.payload, number);
    }
    close_fixture(&fixture);
}

static void a_batch_is_closed_when_it_fills_a_packet(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 7, .count = 200, .size = 100};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &sending);
    size_t before = peer.connection->sent_count;
    run(&fixture);
    size_t batches = peer.connection->sent_count - before;
    size_t full = 0;
    for (size_t i = before; i < peer.connection->sent_count; i++) {
        assert_true(peer.connection->sent[i].size <= fixture.fake.batch_size);
        full += peer.connection->sent[i].size > fixture.fake.batch_size - 200 ? 1 : 0;
    }
    assert_in_range(batches, 15, 28);
    assert_in_range(full, 10, batches);
    for (unsigned number = 0; number < 200; number++) {
        struct kith_frame frame = expect_frame(&peer, KITH_FRAME_MESSAGE);
        assert_int_equal(*(const unsigned char *)frame.payload, number);
    }
    close_fixture(&fixture);
}

static void a_message_larger_than_a_packet_has_a_batch_of_its_own(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 7, .count = 2, .size = 5000};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &sending);
    size_t before = peer.connection->sent_count;
    run(&fixture);
    assert_int_equal(peer.connection->sent_count, before + 2);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_MESSAGE).payload_size, 5000);
    assert_int_equal(expect_frame(&peer, KITH_FRAME_MESSAGE).payload_size, 5000);
    close_fixture(&fixture);
}

static void urgent_messages_overtake_and_bulk_gives_way(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending bulk = {.slot = 7, .count = 3, .size = 1000, .urgency = KITH_BULK};
    struct sending normal = {.slot = 7, .count = 3, .size = 1000, .urgency = KITH_NORMAL};
    struct sending urgent = {.slot = 7, .count = 3, .size = 1000, .urgency = KITH_URGENT};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &bulk);
    spawn(&fixture, send_some, &normal);
    spawn(&fixture, send_some, &urgent);
    run(&fixture);
    static const uint8_t order[] = {KITH_URGENT, KITH_NORMAL, KITH_BULK};
    for (unsigned number = 0; number < 9; number++) {
        struct kith_frame frame;
        unsigned stream;
        assert_true(peer_hear(&peer, &frame, &stream));
        assert_int_equal(frame.urgency, order[number / 3]);
        assert_int_equal(stream == KITH_STREAM_URGENT, frame.urgency == KITH_URGENT);
        assert_int_equal(stream == KITH_STREAM_BULK, frame.urgency == KITH_BULK);
    }
    close_fixture(&fixture);
}

static void what_is_urgent_leaves_before_the_rest_is_begun(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending bulk = {.slot = 7, .count = 3, .size = 1000, .urgency = KITH_BULK};
    struct sending urgent = {.slot = 7, .count = 3, .size = 1000, .urgency = KITH_URGENT};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &bulk);
    spawn(&fixture, send_some, &urgent);
    size_t first = peer.connection->sent_count;
    run(&fixture);
    const struct fake_batch *sent = &peer.connection->sent[first];
    assert_true(peer.connection->sent_count >= first + 4);
    assert_int_equal(sent[0].stream, KITH_STREAM_URGENT);
    assert_int_equal(sent[2].stream, KITH_STREAM_URGENT);
    assert_int_equal(sent[2].flushes, sent[0].flushes); // what is urgent goes together
    assert_int_equal(sent[3].stream, KITH_STREAM_BULK);
    assert_int_equal(sent[3].flushes, sent[2].flushes + 1);
    close_fixture(&fixture);
}

static void a_turn_of_the_pump_is_short(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending large = {.slot = 1, .count = 1, .size = 200000};
    open_with_peer(&fixture, &peer, NULL);
    size_t first = peer.connection->sent_count;
    spawn(&fixture, send_some, &large);
    size_t sent = first;
    unsigned turns = 0;
    while (kith_node_step(fixture.node) == KITH_NO_WAIT) {
        assert_in_range(peer.connection->sent_count, sent, sent + 1);
        sent = peer.connection->sent_count;
        turns++;
    }
    assert_int_equal(peer.connection->sent_count, first + 7);
    assert_in_range(turns, 6, 16);
    close_fixture(&fixture);
}

static void a_pair_keeps_to_one_stream_and_others_have_others(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 0, .count = 64, .receivers = 32, .size = 900};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &sending);
    run(&fixture);
    unsigned streams[32] = {0};
    bool used[KITH_STREAMS] = {false};
    unsigned different = 0;
    for (unsigned number = 0; number < 64; number++) {
        struct kith_frame frame;
        unsigned stream;
        assert_true(peer_hear(&peer, &frame, &stream));
        unsigned *known = &streams[frame.to.slot];
        assert_true(*known == 0 || *known == stream);
        *known = stream;
        different += used[stream] ? 0 : 1;
        used[stream] = true;
    }
    assert_in_range(different, 8, KITH_STREAM_BULK - KITH_STREAM_FIRST);
    close_fixture(&fixture);
}

// Collects the parts of one message on `stream`.
struct collected {
    unsigned char bytes[300000];
    size_t size;
};

static void collect(struct collected *collected, const struct kith_frame *frame)
{
    assert_true(collected->size + frame->payload_size <= sizeof collected->bytes);
    memcpy(collected->bytes + collected->size, frame->payload, frame->payload_size);
    collected->size += frame->payload_size;
}

static void large_messages_go_in_parts_and_let_others_through(void **state)
{
    (void)state;
    static struct collected collected;
    collected.size = 0;
    struct fixture fixture;
    struct peer peer;
    struct sending large = {.slot = 1, .count = 1, .size = 200000};
    struct sending small = {.slot = 2, .count = 1, .size = 10};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &large);
    spawn(&fixture, send_some, &small);
    run(&fixture);
    struct kith_frame frame;
    unsigned stream, frames = 0, small_at = 0;
    while (peer_hear(&peer, &frame, &stream)) {
        frames++;
        if (frame.payload_size == 10) {
            small_at = frames;
            continue;
        }
        assert_int_equal(frame.kind, collected.size == 0 ? KITH_FRAME_MESSAGE : KITH_FRAME_PART);
        assert_int_equal(frame.total_size, collected.size == 0 ? 200000 : 0);
        assert_in_range(frame.payload_size, 28566, 28572); // seven equal ones of at most 32 KB
        collect(&collected, &frame);
    }
    assert_int_equal(collected.size, 200000);
    for (size_t i = 1; i < collected.size; i++) {
        assert_int_equal(collected.bytes[i], (unsigned char)(i * 7));
    }
    assert_in_range(small_at, 1, 2);
    close_fixture(&fixture);
}

static void few_large_messages_are_under_way_at_once(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending large = {.slot = 0, .count = 20, .receivers = 20, .size = 100000};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &large);
    run(&fixture);
    size_t left[KITH_STREAMS] = {0};
    unsigned open = 0, most = 0, whole = 0;
    struct kith_frame frame;
    unsigned stream;
    while (peer_hear(&peer, &frame, &stream)) {
        if (frame.kind == KITH_FRAME_MESSAGE) {
            assert_int_equal(left[stream], 0);
            left[stream] = 100000;
            open++;
            most = open > most ? open : most;
        }
        left[stream] -= frame.payload_size;
        if (left[stream] == 0) {
            open--;
            whole++;
        }
    }
    assert_int_equal(whole, 20);
    assert_int_equal(most, 4);
    close_fixture(&fixture);
}

static void what_the_peer_would_not_accept_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 1, .count = 1, .size = (1 << 20) + 1};
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_some, &sending);
    run(&fixture);
    assert_int_equal(sending.error, KITH_ERROR_TOO_LARGE);
    expect_nothing(&peer);
    close_fixture(&fixture);
}

static void send_far_travelled(struct kith_process *self, void *argument)
{
    struct kith_message *message = new_message(self, 0);
    message->hops = KITH_HOPS;
    *(enum kith_error *)argument = kith_send(self, remote(1), &message, KITH_NO_WAIT);
    kith_message_free(&message);
}

static void a_message_that_has_crossed_too_many_links_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    enum kith_error error = KITH_OK;
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_far_travelled, &error);
    run(&fixture);
    assert_int_equal(error, KITH_ERROR_LIMIT);
    expect_nothing(&peer);
    close_fixture(&fixture);
}

static void a_full_queue_holds_senders_up_until_there_is_room(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending refused = {.slot = 1, .count = 100, .size = 1000};
    struct sending waiting = {.slot = 2, .count = 40, .size = 1000, .deadline_ns = KITH_FOREVER};
    open_with_peer(&fixture, &peer, widen);
    peer.connection->full = true;
    spawn(&fixture, send_some, &refused);
    spawn(&fixture, send_some, &waiting);
    run(&fixture);
    assert_int_equal(refused.error, KITH_ERROR_FULL);
    assert_in_range(refused.sent, 15, 18); // 16 KB
    assert_int_equal(waiting.sent, 0);
    assert_false(waiting.finished);
    assert_in_range(link_info(&fixture, FOLLOWER).queued_bytes, 16384, 18000);
    fake_writable(peer.connection);
    run(&fixture);
    assert_true(waiting.finished);
    assert_int_equal(waiting.sent, 40);
    for (unsigned number = 0; number < refused.sent + 40; number++) {
        expect_frame(&peer, KITH_FRAME_MESSAGE);
    }
    assert_int_equal(link_info(&fixture, FOLLOWER).queued_bytes, 0);
    close_fixture(&fixture);
}

static void a_message_larger_than_the_queue_passes_an_empty_one(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending sending = {.slot = 1, .count = 2, .size = 100000, .deadline_ns = KITH_FOREVER};
    open_with_peer(&fixture, &peer, widen);
    spawn(&fixture, send_some, &sending);
    run(&fixture);
    assert_int_equal(sending.sent, 2);
    close_fixture(&fixture);
}

struct noise {
    struct kith_connection *connection;
    size_t before;
    unsigned turns;
};

static void make_noise(struct kith_process *self, void *argument)
{
    struct noise *noise = argument;
    while (noise->connection->sent_count == noise->before && noise->turns < 100000) {
        noise->turns++;
        assert_int_equal(kith_yield(self), KITH_OK);
    }
}

static void processes_that_never_rest_do_not_keep_a_link_from_sending(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    struct noise noise = {.connection = peer.connection, .before = peer.connection->sent_count};
    spawn(&fixture, make_noise, &noise);
    spawn(&fixture, send_one, NULL);
    run(&fixture);
    assert_in_range(noise.turns, 1, 5000);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    close_fixture(&fixture);
}

static void send_typed(struct kith_process *self, void *argument)
{
    size_t size = *(const size_t *)argument;
    struct kith_message *message;
    assert_int_equal(
        kith_message_new_typed(kith_process_node(self), 0x1234, &kith__hello__descriptor, &message),
        KITH_OK);
    Kith__Hello *hello = message->data;
    hello->version = 5;
    hello->address.len = size;
    hello->address.data = kith_message_allocate(message, size);
    assert_non_null(hello->address.data);
    memset(hello->address.data, 'x', size);
    assert_int_equal(kith_send(self, remote(1), &message, KITH_NO_WAIT), KITH_OK);
}

static void send_typed_with_a_gap(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    assert_int_equal(
        kith_message_new_typed(kith_process_node(self), 0x1234, &kith__hello__descriptor, &message),
        KITH_OK);
    ((Kith__Hello *)message->data)->address.len = 16; // and no data
    assert_int_equal(kith_send(self, remote(1), &message, KITH_NO_WAIT), KITH_ERROR_INVALID);
    assert_non_null(message);
    kith_message_free(&message);
}

static void a_typed_payload_with_a_gap_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_typed_with_a_gap, NULL);
    run(&fixture);
    close_fixture(&fixture);
}

static void expect_typed(struct peer *peer, size_t size)
{
    static struct collected collected;
    collected.size = 0;
    struct kith_frame frame;
    unsigned stream;
    while (peer_hear(peer, &frame, &stream)) {
        collect(&collected, &frame);
    }
    Kith__Hello *hello = kith__hello__unpack(NULL, collected.size, collected.bytes);
    assert_non_null(hello);
    assert_int_equal(hello->version, 5);
    assert_int_equal(hello->address.len, size);
    assert_int_equal(hello->address.data[size - 1], 'x');
    kith__hello__free_unpacked(hello, NULL);
}

static void typed_payloads_are_encoded_when_they_leave(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    size_t small = 10, large = 100000;
    open_with_peer(&fixture, &peer, NULL);
    spawn(&fixture, send_typed, &small);
    run(&fixture);
    expect_typed(&peer, small);
    spawn(&fixture, send_typed, &large);
    run(&fixture);
    expect_typed(&peer, large);
    close_fixture(&fixture);
}

static void wait_on(struct kith_process *self, void *argument)
{
    (void)argument;
    (void)kith_sleep_until(self, KITH_FOREVER);
}

static void call_remote(struct kith_process *self, void *argument)
{
    struct kith_message *message = new_message(self, 100);
    (void)argument;
    (void)kith_call(self, remote(4), &message, kith_deadline_ms(self, 1000));
    kith_message_free(&message);
}

static void watch_remote(struct kith_process *self, void *argument)
{
    uint64_t id;
    (void)argument;
    (void)kith_monitor_start(self, remote(4), &id);
    (void)kith_tie(self, remote(5));
    (void)kith_sleep_until(self, KITH_FOREVER);
}

// How deep the stack has been that processes begin on, if `way` has run on it once more.
static size_t measure_depth(struct fixture *fixture, kith_process_entry *way, void *argument)
{
    struct kith_process_info info;
    struct kith_ref ref = spawn(fixture, way, argument);
    run(fixture);
    (void)kith_kill(fixture->node, ref, KITH_ERROR_KILLED);
    run(fixture);
    ref = spawn(fixture, wait_on, NULL);
    assert_int_equal(kith_process_info(fixture->node, ref.slot, &info), KITH_OK);
    (void)kith_kill(fixture->node, ref, KITH_ERROR_KILLED);
    run(fixture);
    return info.stack_used;
}

// Before a call that isn't simple the kernel makes sure of an eighth of the stack.
static void sending_needs_less_than_the_kernel_makes_sure_of(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct sending small = {.slot = 1, .count = 2, .size = 1000};
    struct sending large = {.slot = 2, .count = 1, .size = 100000};
    struct sending without_room = {.slot = 3, .count = 1, .size = 10, .deadline_ns = KITH_NO_WAIT};
    size_t typed = 100;
    open_with_peer(&fixture, &peer, NULL);
    size_t least = measure_depth(&fixture, wait_on, NULL);
    (void)measure_depth(&fixture, send_some, &small);
    (void)measure_depth(&fixture, send_some, &large);
    (void)measure_depth(&fixture, send_typed, &typed);
    (void)measure_depth(&fixture, call_remote, NULL);
    (void)measure_depth(&fixture, watch_remote, NULL);
    size_t most = measure_depth(&fixture, send_some, &without_room);
    if (!KITH_SANITIZED) {
        assert_in_range(most - least, 1, fixture.limits.stack_size / 8);
    }
    close_fixture(&fixture);
}

struct scarce {
    struct fixture *fixture;
    size_t size;
    enum kith_error error;
    bool kept;
};

static void send_without_memory(struct kith_process *self, void *argument)
{
    struct scarce *scarce = argument;
    struct kith_message *message = new_message(self, scarce->size);
    kith_platform_sim_fail_allocation(scarce->fixture->sim, 1, true);
    scarce->error = kith_send(self, remote(1), &message, KITH_NO_WAIT);
    kith_platform_sim_fail_allocation(scarce->fixture->sim, 0, false);
    scarce->kept = message != NULL && message->size == scarce->size;
    kith_message_free(&message);
}

static void without_memory_a_message_is_refused_and_costs_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_fixture(&fixture, NULL);
    peer_init(&peer, &fixture, FOLLOWER, "10.0.0.2:7400");
    peer.hello.credits = 2;
    peer_connect(&peer, "10.0.0.2:7400");
    peer_shake_hands(&peer);
    struct sending sending = {.slot = 1, .count = 1, .size = 10};
    spawn(&fixture, send_some, &sending); // now there is memory for the credit
    run(&fixture);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    struct scarce scarce = {.fixture = &fixture, .size = 8000};
    spawn(&fixture, send_without_memory, &scarce);
    run(&fixture);
    assert_int_equal(scarce.error, KITH_ERROR_NO_MEMORY);
    assert_true(scarce.kept);
    expect_nothing(&peer);
    spawn(&fixture, send_some, &sending); // with the one credit that is left
    run(&fixture);
    expect_frame(&peer, KITH_FRAME_MESSAGE);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_travels_with_all_that_it_says),
        cmocka_unit_test(a_message_from_outside_of_processes_is_from_nobody),
        cmocka_unit_test(the_messages_of_a_turn_travel_in_one_batch),
        cmocka_unit_test(a_batch_is_closed_when_it_fills_a_packet),
        cmocka_unit_test(a_message_larger_than_a_packet_has_a_batch_of_its_own),
        cmocka_unit_test(urgent_messages_overtake_and_bulk_gives_way),
        cmocka_unit_test(what_is_urgent_leaves_before_the_rest_is_begun),
        cmocka_unit_test(a_turn_of_the_pump_is_short),
        cmocka_unit_test(a_pair_keeps_to_one_stream_and_others_have_others),
        cmocka_unit_test(large_messages_go_in_parts_and_let_others_through),
        cmocka_unit_test(few_large_messages_are_under_way_at_once),
        cmocka_unit_test(what_the_peer_would_not_accept_is_refused),
        cmocka_unit_test(a_message_that_has_crossed_too_many_links_is_refused),
        cmocka_unit_test(a_full_queue_holds_senders_up_until_there_is_room),
        cmocka_unit_test(a_message_larger_than_the_queue_passes_an_empty_one),
        cmocka_unit_test(processes_that_never_rest_do_not_keep_a_link_from_sending),
        cmocka_unit_test(a_typed_payload_with_a_gap_is_refused),
        cmocka_unit_test(typed_payloads_are_encoded_when_they_leave),
        cmocka_unit_test(sending_needs_less_than_the_kernel_makes_sure_of),
        cmocka_unit_test(without_memory_a_message_is_refused_and_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
