// SPDX-License-Identifier: Apache-2.0
#include "ends.h"

enum { SECOND = 1000000000 };

static void a_connection_is_accepted_and_both_ends_know_each_other(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_none);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    assert_int_equal(talk->connected, 0); // never from inside connect
    assert_true(kith_loop_network_settle(network));
    assert_int_equal(talk->connected, 1);
    assert_int_equal(b.talk_count, 1);
    assert_int_equal(b.talks[0].connected, 1);
    assert_true(kith_endpoint_equal(&b.talks[0].peer, &a.endpoint));
    assert_true(a.arrived > 0 && b.arrived > 0);
    close_all(network, &a, &b);
}

static void a_batch_arrives_as_it_was_sent(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_none);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    kith_loop_network_settle(network);
    assert_int_equal(send_number(talk, 5, 77, KITH_BATCH_MAX), KITH_OK);
    assert_true(a.backend->ops->busy(talk->connection));
    kith_loop_network_settle(network);
    assert_false(a.backend->ops->busy(talk->connection));
    assert_int_equal(b.talks[0].received_count, 1);
    assert_int_equal(b.talks[0].received[0], 77);
    assert_int_equal(b.talks[0].received_stream[0], 5);
    close_all(network, &a, &b);
}

static void streams_keep_their_order_and_overtake_each_other(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_bad);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    run_for(network, 5 * (uint64_t)SECOND);
    assert_int_equal(talk->connected, 1);
    for (uint32_t number = 0; number < 600; number++) {
        assert_int_equal(send_number(talk, 2 + number % 3, number, 100), KITH_OK);
    }
    run_for(network, 20 * (uint64_t)SECOND);
    const struct talk *other = &b.talks[0];
    assert_int_equal(other->received_count, 600);
    uint32_t next[KITH_STREAMS] = {[2] = 0, [3] = 1, [4] = 2};
    size_t overtakings = 0;
    for (size_t place = 0; place < 600; place++) {
        unsigned stream = other->received_stream[place];
        assert_int_equal(other->received[place], next[stream]);
        next[stream] += 3;
        overtakings += other->received[place] != place;
    }
    assert_true(overtakings > 0);
    close_all(network, &a, &b);
}

static void the_same_seed_gives_the_same_course(void **state)
{
    (void)state;
    static struct host hosts[2][2];
    for (unsigned run = 0; run < 2; run++) {
        struct kith_loop_network *network = open_network(&weather_bad);
        struct host *a = &hosts[run][0], *b = &hosts[run][1];
        open_host(network, "10.0.0.1", a);
        open_host(network, "10.0.0.2", b);
        struct talk *talk = connect_hosts(a, b);
        run_for(network, 2 * (uint64_t)SECOND);
        for (uint32_t number = 0; number < 100; number++) {
            send_number(talk, number % KITH_STREAMS, number, 1000);
        }
        run_for(network, 10 * (uint64_t)SECOND);
        close_all(network, a, b);
    }
    const struct talk *first = &hosts[0][1].talks[0], *second = &hosts[1][1].talks[0];
    assert_int_equal(first->received_count, 100);
    assert_int_equal(first->heard, second->heard);
    assert_memory_equal(first->received, second->received, sizeof first->received);
}

static void a_full_buffer_refuses_and_tells_when_there_is_room(void **state)
{
    (void)state;
    struct kith_loop_options options = weather_none;
    options.buffer_bytes = 1000;
    struct kith_loop_network *network = open_network(&options);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    kith_loop_network_settle(network);
    assert_int_equal(send_number(talk, 2, 1, 5000), KITH_OK); // larger than all, but the first
    assert_int_equal(send_number(talk, 2, 2, 10), KITH_ERROR_FULL);
    kith_loop_network_settle(network);
    assert_int_equal(talk->writable, 1);
    assert_int_equal(send_number(talk, 2, 2, 500), KITH_OK);
    assert_int_equal(send_number(talk, 2, 3, 500), KITH_OK);
    assert_int_equal(send_number(talk, 2, 4, 10), KITH_ERROR_FULL);
    kith_loop_network_settle(network);
    assert_int_equal(talk->writable, 2);
    assert_int_equal(b.talks[0].received_count, 3);
    close_all(network, &a, &b);
}

static void a_goodbye_comes_after_all_data(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_bad);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    run_for(network, 2 * (uint64_t)SECOND);
    for (uint32_t number = 0; number < 50; number++) {
        send_number(talk, number % KITH_STREAMS, number, 100);
    }
    a.backend->ops->disconnect(talk->connection, 1);
    run_for(network, 10 * (uint64_t)SECOND);
    assert_int_equal(b.talks[0].received_count, 50);
    assert_int_equal(b.talks[0].closed, 1);
    assert_int_equal(b.talks[0].reason, KITH_ERROR_LEFT);
    assert_int_equal(talk->closed, 0); // no event for who asked for it
    assert_int_equal(kith_loop_broken(network, &a.endpoint, &b.endpoint), 0);
    close_all(network, &a, &b);
}

static void an_end_can_hang_up_from_inside_an_event(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_none);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    kith_loop_network_settle(network);
    b.talks[0].hang_up = true;
    assert_int_equal(send_number(talk, 2, 1, 100), KITH_OK);
    assert_int_equal(send_number(talk, 2, 2, 100), KITH_OK);
    kith_loop_network_settle(network);
    assert_int_equal(b.talks[0].received_count, 1);
    assert_int_equal(b.talks[0].closed, 0);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->reason, KITH_ERROR_UNREACHABLE);
    assert_int_equal(kith_loop_broken(network, &a.endpoint, &b.endpoint), 2); // once for each end
    close_all(network, &a, &b);
}

static void a_connect_to_nobody_ends_as_unreachable(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_none);
    struct host a, b;
    struct host nobody = {0};
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    assert_int_equal(kith_endpoint_parse("10.0.0.9", 7400, &nobody.endpoint), KITH_OK);
    struct talk *talk = connect_hosts(&a, &nobody);
    kith_loop_network_settle(network);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->reason, KITH_ERROR_UNREACHABLE);

    assert_int_equal(kith_loop_refuse(network, &b.endpoint, true), KITH_OK);
    talk = connect_hosts(&a, &b);
    kith_loop_network_settle(network);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(b.talk_count, 0);

    assert_int_equal(kith_loop_refuse(network, &b.endpoint, false), KITH_OK);
    b.refuses = true; // by its owner
    talk = connect_hosts(&a, &b);
    kith_loop_network_settle(network);
    assert_int_equal(talk->closed, 1);
    close_all(network, &a, &b);
}

static void both_sides_at_once_make_two_connections(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_none);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *from_a = connect_hosts(&a, &b), *from_b = connect_hosts(&b, &a);
    kith_loop_network_settle(network);
    assert_int_equal(from_a->connected, 1);
    assert_int_equal(from_b->connected, 1);
    assert_int_equal(a.talk_count, 2);
    assert_int_equal(b.talk_count, 2);
    close_all(network, &a, &b);
}

static void a_partition_of_one_direction_breaks_both_ends(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_bad);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    run_for(network, 2 * (uint64_t)SECOND);
    struct kith_loop_path path;
    assert_int_equal(kith_loop_path_get(network, &a.endpoint, &b.endpoint, &path), KITH_OK);
    path.blocked = true;
    assert_int_equal(kith_loop_path_set(network, &a.endpoint, &b.endpoint, &path), KITH_OK);
    run_for(network, 1 * (uint64_t)SECOND);
    unsigned heard_a = talk->heard, heard_b = b.talks[0].heard;
    run_for(network, 1 * (uint64_t)SECOND);
    assert_true(talk->heard > heard_a); // b's heartbeats still come
    assert_int_equal(b.talks[0].heard, heard_b);
    run_for(network, 10 * (uint64_t)SECOND);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(b.talks[0].closed, 1);
    assert_int_equal(kith_loop_broken(network, &a.endpoint, &b.endpoint), 2);

    path.blocked = false;
    assert_int_equal(kith_loop_path_set(network, &a.endpoint, &b.endpoint, &path), KITH_OK);
    talk = connect_hosts(&a, &b);
    run_for(network, 10 * (uint64_t)SECOND);
    assert_int_equal(talk->connected, 1);
    close_all(network, &a, &b);
}

static void a_short_partition_only_delays(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_bad);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    run_for(network, 2 * (uint64_t)SECOND);
    struct kith_loop_path path = {.blocked = true};
    assert_int_equal(kith_loop_path_set(network, &a.endpoint, &b.endpoint, &path), KITH_OK);
    assert_int_equal(send_number(talk, 2, 42, 100), KITH_OK);
    run_for(network, 1 * (uint64_t)SECOND);
    assert_int_equal(b.talks[0].received_count, 0);
    path.blocked = false;
    assert_int_equal(kith_loop_path_set(network, &a.endpoint, &b.endpoint, &path), KITH_OK);
    run_for(network, 2 * (uint64_t)SECOND);
    assert_int_equal(b.talks[0].received_count, 1);
    assert_int_equal(talk->closed, 0);
    close_all(network, &a, &b);
}

static void a_crash_is_silence_and_the_next_life_says_that_it_knows_nothing(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_bad);
    struct host a, b, again;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    run_for(network, 2 * (uint64_t)SECOND);
    kith_loop_backend_crash(b.backend);
    close_host(&b);
    assert_int_equal(send_number(talk, 2, 1, 100), KITH_OK);
    run_for(network, 1 * (uint64_t)SECOND);
    assert_int_equal(talk->closed, 0);
    open_host(network, "10.0.0.2", &again);
    run_for(network, 2 * (uint64_t)SECOND); // the next heartbeat, or the packet sent again
    assert_int_equal(talk->closed, 1);
    assert_int_equal(again.talk_count, 0);
    talk = connect_hosts(&a, &again);
    run_for(network, 5 * (uint64_t)SECOND);
    assert_int_equal(talk->connected, 1);
    close_all(network, &a, &again);
}

static void a_connect_to_a_crashed_machine_takes_its_time(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_bad);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    kith_loop_backend_crash(b.backend);
    struct talk *talk = connect_hosts(&a, &b);
    run_for(network, 3 * (uint64_t)SECOND);
    assert_int_equal(talk->closed, 0);
    run_for(network, 10 * (uint64_t)SECOND);
    assert_int_equal(talk->closed, 1);
    close_all(network, &a, &b);
}

static void a_broken_connection_tells_both_ends_and_loses_at_most_what_was_on_its_way(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_bad);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    run_for(network, 2 * (uint64_t)SECOND);
    for (uint32_t number = 0; number < 50; number++) {
        send_number(talk, 2, number, 100);
    }
    assert_int_equal(kith_loop_break(network, &a.endpoint, &b.endpoint, SECOND), KITH_OK);
    run_for(network, 2 * (uint64_t)SECOND);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(b.talks[0].closed, 1);
    for (uint32_t number = 0; number < b.talks[0].received_count; number++) {
        assert_int_equal(b.talks[0].received[number], number); // a beginning, without gaps
    }
    close_all(network, &a, &b);
}

static void a_slow_path_takes_as_long_as_the_bytes_need(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_none);
    struct host a, b;
    open_host(network, "10.0.0.1", &a);
    open_host(network, "10.0.0.2", &b);
    struct talk *talk = connect_hosts(&a, &b);
    kith_loop_network_settle(network);
    struct kith_loop_path path = {.bytes_per_s = 100000};
    assert_int_equal(kith_loop_path_set(network, &a.endpoint, &b.endpoint, &path), KITH_OK);
    for (uint32_t number = 0; number < 10; number++) {
        assert_int_equal(send_number(talk, 2, number, 10000), KITH_OK);
    }
    run_for(network, SECOND / 2);
    assert_in_range(b.talks[0].received_count, 4, 5);
    run_for(network, SECOND);
    assert_int_equal(b.talks[0].received_count, 10);
    close_all(network, &a, &b);
}

static void an_endpoint_in_use_is_not_given_twice(void **state)
{
    (void)state;
    struct kith_loop_network *network = open_network(&weather_none);
    struct host a, b;
    open_host(network, "10.0.0.1:0", &a);
    open_host(network, "10.0.0.1:0", &b);
    assert_true(a.endpoint.port != 0 && b.endpoint.port != 0);
    assert_int_not_equal(a.endpoint.port, b.endpoint.port);
    struct kith_backend *third;
    struct kith_backend_events none = {0};
    struct kith_endpoint bound;
    assert_int_equal(kith_loop_backend_new(network, NULL, NULL, &third), KITH_OK);
    assert_int_equal(third->ops->open(third, &a.endpoint, &none, NULL, &bound), KITH_ERROR_IN_USE);
    kith_loop_backend_free(third);
    close_all(network, &a, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_accepted_and_both_ends_know_each_other),
        cmocka_unit_test(a_batch_arrives_as_it_was_sent),
        cmocka_unit_test(streams_keep_their_order_and_overtake_each_other),
        cmocka_unit_test(the_same_seed_gives_the_same_course),
        cmocka_unit_test(a_full_buffer_refuses_and_tells_when_there_is_room),
        cmocka_unit_test(a_goodbye_comes_after_all_data),
        cmocka_unit_test(an_end_can_hang_up_from_inside_an_event),
        cmocka_unit_test(a_connect_to_nobody_ends_as_unreachable),
        cmocka_unit_test(both_sides_at_once_make_two_connections),
        cmocka_unit_test(a_partition_of_one_direction_breaks_both_ends),
        cmocka_unit_test(a_short_partition_only_delays),
        cmocka_unit_test(a_crash_is_silence_and_the_next_life_says_that_it_knows_nothing),
        cmocka_unit_test(a_connect_to_a_crashed_machine_takes_its_time),
        cmocka_unit_test(a_broken_connection_tells_both_ends_and_loses_at_most_what_was_on_its_way),
        cmocka_unit_test(a_slow_path_takes_as_long_as_the_bytes_need),
        cmocka_unit_test(an_endpoint_in_use_is_not_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
