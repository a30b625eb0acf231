// SPDX-License-Identifier: Apache-2.0
// What is sent arrives, whole, once and in order, or the connection ends.
#include "harness.h"

#include <string.h>

static const size_t sizes[] = {1,    3,    4,    100,   1000,  1448,  1452,  1453,
                               4096, 9000, 9001, 32768, 65000, 65475, 65476, KITH_BATCH_MAX};
enum { SIZES = sizeof sizes / sizeof *sizes };

struct flow {
    struct harness_link *from, *to;
    unsigned left, turn;
};

// Sends as much as goes in, on all streams and in all sizes.
static void push(struct flow *flow)
{
    while (flow->left > 0) {
        unsigned stream = flow->turn % KITH_STREAMS;
        enum kith_error error =
            harness_send(flow->from, stream, sizes[(flow->turn + flow->turn / SIZES) % SIZES]);
        if (error != KITH_OK) {
            assert_int_equal(error, KITH_ERROR_FULL);
            return;
        }
        flow->left--;
        flow->turn++;
    }
}

static bool is_through(struct flow *flow)
{
    assert_false(flow->from->closed || flow->to->closed);
    push(flow);
    return flow->left == 0 && harness_is_idle(flow->from) &&
           memcmp(flow->from->sent_next, flow->to->received_next, sizeof flow->to->received_next) ==
               0;
}

static bool are_through(void *flows)
{
    bool first = is_through(flows), second = is_through((struct flow *)flows + 1);
    return first && second;
}

// Sends in both directions at once. Gives the counters of one of the ends.
static struct kith_backend_sctp_counters transfer(const char *listen,
                                                  const struct kith_backend_sctp_options *options,
                                                  unsigned messages)
{
    struct harness_end a, b;
    harness_end_open(&a, listen, options);
    harness_end_open(&b, listen, options);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    struct flow flows[2] = {{link, other, messages, 0}, {other, link, messages, 5}};
    harness_run(are_through, flows);
    struct kith_backend_sctp_counters counters = harness_counters(&a);
    harness_end_close(&a);
    harness_end_close(&b);
    return counters;
}

static void every_size_arrives_in_order_on_every_stream(void **state)
{
    (void)state;
    assert_int_equal(transfer("127.0.0.1:0", NULL, 300).malformed, 0);
    assert_int_equal(transfer("[::1]:0", NULL, 300).malformed, 0);
}

static void a_narrow_path_carries_the_same(void **state)
{
    (void)state;
    harness_udp_options.payload_most = 1452;
    struct kith_udp_counters udp = transfer("127.0.0.1:0", NULL, 300).udp;
    assert_true(udp.sends < udp.sent); // several in one system call
}

static void a_kernel_without_segmentation_carries_the_same(void **state)
{
    (void)state;
    harness_udp_options.payload_most = 1452;
    harness_udp_options.one_by_one = true;
    struct kith_udp_counters udp = transfer("127.0.0.1:0", NULL, 200).udp;
    assert_true(udp.sends >= udp.sent);
}

static void a_batch_fits_into_the_packets_of_the_path(void **state)
{
    (void)state;
    const size_t payloads[] = {0, 1452, 1232, 100};
    const size_t batches[] = {65476, 1424, 1204, 512};
    for (size_t place = 0; place < 4; place++) {
        struct harness_end a, b;
        harness_udp_options.payload_most = payloads[place];
        harness_end_open(&a, "127.0.0.1:0", NULL);
        harness_end_open(&b, "127.0.0.1:0", NULL);
        struct harness_link *other;
        struct harness_link *link = harness_pair(&a, &b, &other);
        size_t size = a.backend->ops->batch_size(link->connection);
        if (place == 0) { // as much as the machine's socket buffers allow
            assert_in_range(size, 1204, batches[place]);
        } else {
            assert_int_equal(size, batches[place]);
        }
        uint64_t before = harness_counters(&a).packets_sent;
        assert_int_equal(harness_send(link, 2, size), KITH_OK);
        if (place < 3) {
            assert_int_equal(harness_counters(&a).packets_sent, before + 1);
        }
        harness_run(harness_is_idle, link);
        harness_end_close(&a);
        harness_end_close(&b);
    }
}

static void a_bad_network_loses_nothing(void **state)
{
    (void)state;
    struct kith_backend_sctp_options options = harness_options();
    options.faults = (struct kith_sctp_faults){
        .drop = 100, .duplicate = 50, .reorder = 100, .corrupt = 20, .delay = 20, .delay_ms = 15};
    const size_t payloads[] = {1452, 0};
    for (unsigned round = 0; round < 2; round++) {
        options.faults.seed = 7 + round;
        harness_udp_options.payload_most = payloads[round];
        struct kith_backend_sctp_counters counters = transfer("127.0.0.1:0", &options, 64);
        assert_true(counters.faults > 0);
        assert_true(counters.malformed > 0);
    }
}

struct filling {
    struct harness_link *link, *other;
};

static bool has_room_again(void *link)
{
    return ((struct harness_link *)link)->writable > 0;
}

static bool has_all(void *argument)
{
    struct filling *filling = argument;
    return filling->other->received == filling->link->sent_next[2];
}

static void a_full_buffer_says_so_and_when_there_is_room_again(void **state)
{
    (void)state;
    struct harness_end a, b;
    struct kith_backend_sctp_options options = harness_options();
    options.buffer_size = 256 << 10;
    harness_end_open(&a, "127.0.0.1:0", &options);
    harness_end_open(&b, "127.0.0.1:0", &options);
    struct filling filling;
    filling.link = harness_pair(&a, &b, &filling.other);
    for (int round = 1; round <= 20; round++) {
        filling.link->writable = 0;
        enum kith_error error;
        do {
            error = harness_send(filling.link, 2, 10000);
        } while (error == KITH_OK);
        assert_int_equal(error, KITH_ERROR_FULL);
        assert_true(a.backend->ops->busy(filling.link->connection));
        harness_run(has_room_again, filling.link);
    }
    assert_int_equal(harness_counters(&a).full, 20);
    harness_run(has_all, &filling);
    harness_run(harness_is_idle, filling.link);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void an_orderly_end_delivers_everything_first(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    for (int count = 0; count < 100; count++) {
        assert_int_equal(harness_send(link, (unsigned)count % KITH_STREAMS, 30000), KITH_OK);
    }
    a.backend->ops->disconnect(link->connection, 1);
    harness_run(harness_is_closed, other);
    assert_int_equal(other->received, 100);
    assert_int_equal(other->reason, KITH_ERROR_LEFT);
    harness_settle(&a);
    harness_settle(&b);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void both_may_leave_at_once(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    assert_int_equal(harness_send(link, 2, 30000), KITH_OK);
    assert_int_equal(harness_send(other, 2, 30000), KITH_OK);
    a.backend->ops->disconnect(link->connection, 1);
    b.backend->ops->disconnect(other->connection, 1);
    harness_settle(&a);
    harness_settle(&b);
    assert_false(link->closed || other->closed); // who leaves isn't told
    harness_end_close(&a);
    harness_end_close(&b);
}

static void leaving_a_peer_that_is_gone_ends_too(void **state)
{
    (void)state;
    struct harness_end a, b;
    struct kith_backend_sctp_options options = harness_options();
    options.leave_ms = 200;
    harness_end_open(&a, "127.0.0.1:0", &options);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    harness_end_cut(&b, true);
    assert_int_equal(harness_send(link, 2, 1000), KITH_OK);
    a.backend->ops->disconnect(link->connection, 1);
    harness_settle(&a);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void an_abrupt_end_is_seen_as_such(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    a.backend->ops->disconnect(link->connection, 0);
    harness_run(harness_is_closed, other);
    assert_int_equal(other->reason, KITH_ERROR_UNREACHABLE);
    harness_end_close(&a);
    harness_end_close(&b);
}

static bool is_heard_often(void *link)
{
    return ((struct harness_link *)link)->heard >= 5;
}

static void an_idle_peer_is_heard_and_a_vanished_one_is_not(void **state)
{
    (void)state;
    struct harness_end a, b;
    struct kith_backend_sctp_options options = harness_options();
    options.give_up_ms = 1000;
    options.heartbeat_ms = 30;
    harness_end_open(&a, "127.0.0.1:0", &options);
    harness_end_open(&b, "127.0.0.1:0", &options);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    harness_run(harness_is_idle, link);
    link->heard = other->heard = 0;
    harness_run(is_heard_often, link);
    harness_run(is_heard_often, other);
    harness_end_cut(&b, true);
    harness_turn(); // what had arrived before
    link->heard = 0;
    harness_run(harness_is_closed, link);
    assert_int_equal(link->heard, 0);
    assert_int_equal(link->reason, KITH_ERROR_UNREACHABLE);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void count_ahead(struct harness_link *link, unsigned stream)
{
    if (stream == KITH_STREAM_URGENT) {
        link->ahead = (unsigned)link->received_next[KITH_STREAM_BULK];
    }
}

static bool has_urgent(void *link)
{
    return ((struct harness_link *)link)->received_next[KITH_STREAM_URGENT] == 1;
}

static void what_is_urgent_overtakes_what_is_bulk(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_udp_options.payload_most = 1452; // on loopback's own packets all would go at once
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    other->reacts = count_ahead;
    for (int count = 0; count < 200; count++) {
        assert_int_equal(harness_send(link, KITH_STREAM_BULK, 10000), KITH_OK);
    }
    assert_int_equal(harness_send(link, KITH_STREAM_URGENT, 100), KITH_OK);
    harness_run(has_urgent, other);
    assert_in_range(other->ahead, 0, 50);
    harness_run(harness_is_idle, link);
    assert_int_equal(other->received, 201);
    harness_end_close(&a);
    harness_end_close(&b);
}

static void disconnect_here(struct harness_link *link, unsigned stream)
{
    link->closed = true;
    link->end->backend->ops->disconnect(link->connection, (int)stream % 2);
}

static void a_connection_can_be_ended_from_inside_of_an_event(void **state)
{
    (void)state;
    for (unsigned stream = 2; stream < 4; stream++) {
        struct harness_end a, b;
        harness_end_open(&a, "127.0.0.1:0", NULL);
        harness_end_open(&b, "127.0.0.1:0", NULL);
        struct harness_link *other;
        struct harness_link *link = harness_pair(&a, &b, &other);
        other->reacts = disconnect_here;
        for (int count = 0; count < 10; count++) {
            assert_int_equal(harness_send(link, stream, 1000), KITH_OK);
        }
        harness_run(harness_is_closed, link);
        assert_int_equal(other->received, 1);
        assert_int_equal(link->reason, stream % 2 ? KITH_ERROR_LEFT : KITH_ERROR_UNREACHABLE);
        harness_end_close(&a);
        harness_end_close(&b);
    }
}

static void close_here(struct harness_link *link, unsigned stream)
{
    (void)stream;
    link->closed = true;
    harness_end_close(link->end);
}

static void a_back_end_can_be_closed_from_inside_of_an_event(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    other->reacts = close_here;
    for (int count = 0; count < 10; count++) {
        assert_int_equal(harness_send(link, 2, 1000), KITH_OK);
    }
    harness_run(harness_is_closed, link);
    assert_int_equal(other->received, 1);
    harness_end_close(&a);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, harness_open, harness_close)
    const struct CMUnitTest tests[] = {
        CASE(every_size_arrives_in_order_on_every_stream),
        CASE(a_narrow_path_carries_the_same),
        CASE(a_kernel_without_segmentation_carries_the_same),
        CASE(a_batch_fits_into_the_packets_of_the_path),
        CASE(a_bad_network_loses_nothing),
        CASE(a_full_buffer_says_so_and_when_there_is_room_again),
        CASE(an_orderly_end_delivers_everything_first),
        CASE(both_may_leave_at_once),
        CASE(leaving_a_peer_that_is_gone_ends_too),
        CASE(an_abrupt_end_is_seen_as_such),
        CASE(an_idle_peer_is_heard_and_a_vanished_one_is_not),
        CASE(what_is_urgent_overtakes_what_is_bulk),
        CASE(a_connection_can_be_ended_from_inside_of_an_event),
        CASE(a_back_end_can_be_closed_from_inside_of_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
