// SPDX-License-Identifier: Apache-2.0
// What is measured, beside what, and the ratio that kith must reach.
#include "bench.h"

const struct bench_row bench_rows[] = {
    {"local ping-pong, call and reply", "ns/hop", bench_local_call, "two coroutines",
     bench_bare_hand_over, BENCH_AT_MOST, 3},
    {"local ping-pong, send and receive", "ns/hop", bench_local_send, "two coroutines",
     bench_bare_hand_over, BENCH_AT_MOST, 3},
    {"token round a ring of 10,000", "ns/hop", bench_local_ring, "ring of coroutines",
     bench_bare_ring, BENCH_AT_MOST, 2},
    {"1,000 producers to 1 consumer, 64 B", "M/s", bench_local_fan_in, "queue with coroutines",
     bench_bare_queue, BENCH_AT_LEAST, 0.7},
    {"spawn, one message, exit", "M/s", bench_local_spawn, "pooled coroutines", bench_bare_spawn,
     BENCH_AT_LEAST, 0},
    {"the same, 10,000 alive at once", "M/s", bench_local_spawn_crowd, "pooled coroutines",
     bench_bare_spawn_crowd, BENCH_AT_LEAST, 0.7},
    {"idle process, of 100,000", "B", bench_local_idle, NULL, NULL, BENCH_AT_MOST, 4700},
    {"lookup of a name, of 10,000", "ns", bench_naming_lookup, "probe of a hash table",
     bench_bare_probe, BENCH_AT_MOST, 4},
    {"lookup of host/name/index", "ns", bench_naming_lookup_at_host, "probe of a hash table",
     bench_bare_probe, BENCH_AT_MOST, 0},
    {"register and release a name", "M/s", bench_naming_register, NULL, NULL, BENCH_AT_LEAST, 0.5},
    {"remote ping-pong, 64 B, one core", "us", bench_remote_one_core, "usrsctp alone",
     bench_bare_sctp_one_core, BENCH_AT_MOST, 1.3},
    {"the same on two cores, spinning", "us", bench_remote_spinning, "UDP, spinning",
     bench_bare_udp_spinning, BENCH_AT_MOST, 3},
    {"the same, sleeping", "us", bench_remote_two_cores, "UDP, sleeping", bench_bare_udp_two_cores,
     BENCH_AT_MOST, 0},
    {"remote one way, 64 B", "M/s", bench_remote_small, "a UDP datagram each",
     bench_bare_udp_one_way, BENCH_AT_LEAST, 8},
    {"remote one way, 64 KiB", "MB/s", bench_remote_large, "usrsctp alone", bench_bare_sctp_large,
     BENCH_AT_LEAST, 0.8},
    {"CPU per million, 64 B one way, sender", "s", bench_remote_cpu_sender, NULL, NULL,
     BENCH_AT_MOST, 0},
    {"CPU per million, 64 B one way, receiver", "s", bench_remote_cpu_receiver, NULL, NULL,
     BENCH_AT_MOST, 0},
    {"CPU per million, call and reply, caller", "s", bench_remote_cpu_caller, NULL, NULL,
     BENCH_AT_MOST, 0},
    {"CPU per million, call and reply, callee", "s", bench_remote_cpu_callee, NULL, NULL,
     BENCH_AT_MOST, 0},
};

const size_t bench_row_count = sizeof bench_rows / sizeof bench_rows[0];
