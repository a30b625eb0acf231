// SPDX-License-Identifier: Apache-2.0
// What the files of kith-bench share. Every row of the table is a measurement of kith beside one of
// the bare machine: the least that any program would have to pay for the same work.
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_RUNS_MOST = 101,
    BENCH_PAYLOAD = 64,        // bytes of a small message
    BENCH_DEADLINE_MS = 60000, // of one measurement
};

struct bench_options {
    const char *only; // NULL: all rows
    uint32_t runs;
    bool tsv;
    bool list;
    bool quick; // counts so small that the figures mean nothing
};

// Measures once, in an OS process of its own, and gives the figure. False: it failed, and has said
// why with bench_complain.
typedef bool bench_measure(const struct bench_options *options, double *figure);

enum bench_sense { BENCH_AT_MOST, BENCH_AT_LEAST };

struct bench_row {
    const char *name, *unit;
    bench_measure *kith;
    const char *bare_name; // NULL: nothing to compare with, and `wanted` is of the figure itself
    bench_measure *bare;
    enum bench_sense sense;
    double wanted; // of the ratio kith / bare; 0: none, the row is for information
};

extern const struct bench_row bench_rows[];
extern const size_t bench_row_count;

struct bench_range {
    double median, least, most;
};

struct bench_result {
    const struct bench_row *row;
    struct bench_range kith, bare;
};

// table.c
struct bench_range bench_range(double *figures, uint32_t count); // sorts them
void bench_table_begin(const struct bench_options *options);
// False if the figures aren't positive.
bool bench_table_row(const struct bench_options *options, const struct bench_result *result);

// run.c
// Runs `measure` in a child that is killed after BENCH_DEADLINE_MS and always reaped.
bool bench_isolate(bench_measure *measure, const struct bench_options *options, double *figure);
void bench_complain(const char *what);
void bench_stay_on(unsigned core);
uint64_t bench_now_ns(void);
uint64_t bench_resident_bytes(void); // memory in use, not only reserved; 0 on failure
uint64_t bench_count(const struct bench_options *options, uint64_t count); // or fewer, if quick

// bare_coroutine.c
bench_measure bench_bare_hand_over, bench_bare_ring, bench_bare_queue, bench_bare_spawn;
bench_measure bench_bare_spawn_crowd, bench_bare_spawn_many;

// local.c
bench_measure bench_local_call, bench_local_call_in_time, bench_local_send, bench_local_ring;
bench_measure bench_local_fan_in;
bench_measure bench_local_spawn, bench_local_spawn_crowd, bench_local_spawn_many, bench_local_idle;

// naming_bench.c
bench_measure bench_naming_lookup, bench_naming_lookup_at_host, bench_naming_lookup_replicated;
bench_measure bench_naming_register;
bench_measure bench_bare_probe, bench_bare_probe_rate;

// bare_udp.c, bare_sctp.c: two OS processes on loopback
bench_measure bench_bare_udp_two_cores, bench_bare_udp_spinning, bench_bare_udp_one_way;
bench_measure bench_bare_sctp_one_core, bench_bare_sctp_spinning, bench_bare_sctp_large;

// remote.c: two whole nodes, likewise
bench_measure bench_remote_one_core, bench_remote_two_cores, bench_remote_spinning;
bench_measure bench_remote_small, bench_remote_large;
bench_measure bench_remote_urgent_busy, bench_remote_urgent_idle;
bench_measure bench_remote_urgent_busy_sleeping, bench_remote_urgent_idle_sleeping;
bench_measure bench_link_memory, bench_naming_memory;
bench_measure bench_remote_cpu_sender, bench_remote_cpu_receiver;
bench_measure bench_remote_cpu_caller, bench_remote_cpu_callee;

enum {
    BENCH_RING = 10000,
    BENCH_PRODUCERS = 1000,
    BENCH_QUEUE = 64,    // messages in front of the consumer
    BENCH_CROWD = 10000, // processes alive at once in a row of spawn, and how many times
    BENCH_CROWD_WAVES = 300,
    BENCH_MANY = 100000, // and in another
    BENCH_MANY_WAVES = 20,
};

#endif
