// SPDX-License-Identifier: Apache-2.0
// What messages cost between two nodes: whole ones, in two OS processes on loopback. The peer
// counts what it is sent, and answers calls with that number.
#include <string.h>
#include <time.h>

#include <kith/exchange.h>

#include "end.h"
#include "pair.h"

enum {
    ROUND_TRIPS = 20000,
    SMALL = 4000000, // messages one way
    LARGE = 16384,
    URGENT = 4000,
    LARGE_PAYLOAD = 64 << 10,
    WARM_UP_PART = 16, // 1/16 of these before the clock starts
    SPIN_US = 200,     // as kithd does unless told otherwise
};

struct remote {
    struct end end;
    struct pair pair;
    size_t size;
    bool busy; // a stream fills the link
    uint64_t count, warm_up;
    uint64_t start_ns, end_ns;
    uint64_t own_cpu_ns, peer_cpu_ns; // used in between
};

static uint64_t own_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void begin(struct remote *remote)
{
    remote->own_cpu_ns = own_cpu_ns();
    remote->peer_cpu_ns = pair_cpu_ns(&remote->pair);
    remote->start_ns = bench_now_ns();
}

static void finish(struct remote *remote, enum kith_error error)
{
    remote->end_ns = bench_now_ns();
    remote->own_cpu_ns = own_cpu_ns() - remote->own_cpu_ns;
    remote->peer_cpu_ns = pair_cpu_ns(&remote->pair) - remote->peer_cpu_ns;
    end_finish(&remote->end, error);
}

static void serve(int ready_fd, uint32_t spin_us)
{
    static struct end end;
    if (!end_open(&end, spin_us, end_count)) {
        return;
    }
    pair_ready(ready_fd, end_port(&end));
    kith_node_run(end.node);
}

static void serve_sleeping(int ready_fd)
{
    serve(ready_fd, 0);
}

static void serve_spinning(int ready_fd)
{
    serve(ready_fd, SPIN_US);
}

static enum kith_error send_one(struct kith_process *self, const struct remote *remote)
{
    struct kith_message *message;
    enum kith_error error = kith_message_new(remote->end.node, 0, remote->size, &message);
    if (error == KITH_OK) {
        memset(message->data, (int)remote->count, remote->size);
        error = kith_send(self, remote->end.peer, &message, KITH_FOREVER);
    }
    return error;
}

// Sends messages and then asks how many the peer has counted: the answer comes after the last.
static enum kith_error send_all(struct kith_process *self, const struct remote *remote,
                                uint64_t count, uint64_t *counted)
{
    enum kith_error error = KITH_OK;
    for (uint64_t turn = 0; error == KITH_OK && turn < count; turn++) {
        error = send_one(self, remote);
    }
    struct kith_message *message = NULL;
    if (error == KITH_OK) {
        error = kith_message_new(remote->end.node, 0, sizeof *counted, &message);
    }
    if (error == KITH_OK) {
        memset(message->data, 0, sizeof *counted);
        error = kith_call(self, remote->end.peer, &message, KITH_FOREVER);
    }
    if (error == KITH_OK) {
        memcpy(counted, message->data, sizeof *counted);
    }
    kith_message_free(&message);
    return error;
}

static void send_one_way(struct kith_process *self, void *argument)
{
    struct remote *remote = argument;
    uint64_t warm = 0, counted = 0;
    enum kith_error error = end_meet(&remote->end, self);
    if (error == KITH_OK) {
        error = send_all(self, remote, remote->warm_up, &warm);
    }
    begin(remote);
    if (error == KITH_OK) {
        error = send_all(self, remote, remote->count, &counted);
    }
    if (error == KITH_OK && (warm != remote->warm_up || counted != warm + remote->count)) {
        error = KITH_ERROR_INVALID; // some got lost
    }
    finish(remote, error);
}

static void call_and_wait(struct kith_process *self, void *argument)
{
    struct remote *remote = argument;
    struct kith_message *message = NULL;
    enum kith_error error = end_meet(&remote->end, self);
    if (error == KITH_OK) {
        error = kith_message_new(remote->end.node, 0, remote->size, &message);
    }
    for (uint64_t turn = 0; error == KITH_OK && turn < remote->warm_up + remote->count; turn++) {
        if (turn == remote->warm_up) {
            begin(remote);
        }
        error = kith_call(self, remote->end.peer, &message, KITH_FOREVER);
    }
    kith_message_free(&message);
    finish(remote, error);
}

static bool run(struct remote *remote, const struct bench_options *options, bool one_core,
                uint32_t spin_us, kith_process_entry *client)
{
    remote->count = bench_count(options, remote->count);
    remote->warm_up = remote->count / WARM_UP_PART + 1;
    if (!pair_start(&remote->pair, one_core, spin_us == 0 ? serve_sleeping : serve_spinning)) {
        return false;
    }
    bool good = end_open(&remote->end, spin_us, NULL) &&
                end_run(&remote->end, remote->pair.port, client, remote);
    pair_stop(&remote->pair);
    return good;
}

static bool run_round_trip(struct remote *remote, const struct bench_options *options,
                           bool one_core, uint32_t spin_us)
{
    *remote = (struct remote){.size = BENCH_PAYLOAD, .count = ROUND_TRIPS};
    return run(remote, options, one_core, spin_us, call_and_wait);
}

static bool run_one_way(struct remote *remote, const struct bench_options *options, size_t size,
                        uint64_t count)
{
    *remote = (struct remote){.size = size, .count = count};
    return run(remote, options, false, SPIN_US, send_one_way);
}

static double per_message_ns(const struct remote *remote, uint64_t ns)
{
    return (double)ns / (double)remote->count;
}

static double wall_ns(const struct remote *remote)
{
    return per_message_ns(remote, remote->end_ns - remote->start_ns);
}

bool bench_remote_one_core(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_round_trip(&remote, options, true, SPIN_US);
    *figure = wall_ns(&remote) / 1e3;
    return good;
}

bool bench_remote_two_cores(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_round_trip(&remote, options, false, 0);
    *figure = wall_ns(&remote) / 1e3;
    return good;
}

bool bench_remote_spinning(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_round_trip(&remote, options, false, SPIN_US);
    *figure = wall_ns(&remote) / 1e3;
    return good;
}

bool bench_remote_small(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_one_way(&remote, options, BENCH_PAYLOAD, SMALL);
    *figure = 1e3 / wall_ns(&remote);
    return good;
}

bool bench_remote_large(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_one_way(&remote, options, LARGE_PAYLOAD, LARGE);
    *figure = LARGE_PAYLOAD * 1e3 / wall_ns(&remote);
    return good;
}

// Urgent calls, on an idle link or beside a stream of large messages that fills it.

static void stream_without_end(struct kith_process *self, void *argument)
{
    const struct remote *remote = argument;
    struct remote stream = *remote;
    stream.size = LARGE_PAYLOAD;
    while (send_one(self, &stream) == KITH_OK) {
    }
}

static void call_urgently(struct kith_process *self, void *argument)
{
    struct remote *remote = argument;
    const struct kith_spawn_options streamer = {.entry = stream_without_end, .argument = remote};
    struct kith_message *message = NULL;
    enum kith_error error = end_meet(&remote->end, self);
    if (error == KITH_OK && remote->busy) {
        error = kith_spawn(remote->end.node, &streamer, NULL);
    }
    if (error == KITH_OK) {
        error = kith_message_new(remote->end.node, 0, remote->size, &message);
    }
    for (uint64_t turn = 0; error == KITH_OK && turn < remote->warm_up + remote->count; turn++) {
        if (turn == remote->warm_up) {
            begin(remote);
        }
        message->urgency = KITH_URGENT;
        error = kith_call(self, remote->end.other, &message, KITH_FOREVER);
    }
    kith_message_free(&message);
    finish(remote, error);
}

static bool measure_urgent(const struct bench_options *options, bool busy, uint32_t spin_us,
                           double *figure)
{
    struct remote remote = {.size = BENCH_PAYLOAD, .count = URGENT, .busy = busy};
    bool good = run(&remote, options, false, spin_us, call_urgently);
    *figure = wall_ns(&remote) / 1e3;
    return good;
}

bool bench_remote_urgent_busy(const struct bench_options *options, double *figure)
{
    return measure_urgent(options, true, SPIN_US, figure);
}

bool bench_remote_urgent_idle(const struct bench_options *options, double *figure)
{
    return measure_urgent(options, false, SPIN_US, figure);
}

bool bench_remote_urgent_busy_sleeping(const struct bench_options *options, double *figure)
{
    return measure_urgent(options, true, 0, figure);
}

bool bench_remote_urgent_idle_sleeping(const struct bench_options *options, double *figure)
{
    return measure_urgent(options, false, 0, figure);
}

// CPU time: nanoseconds a message are milliseconds a million.

bool bench_remote_cpu_sender(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_one_way(&remote, options, BENCH_PAYLOAD, SMALL);
    *figure = per_message_ns(&remote, remote.own_cpu_ns) / 1e3;
    return good;
}

bool bench_remote_cpu_receiver(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_one_way(&remote, options, BENCH_PAYLOAD, SMALL);
    *figure = per_message_ns(&remote, remote.peer_cpu_ns) / 1e3;
    return good;
}

bool bench_remote_cpu_caller(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_round_trip(&remote, options, false, 0);
    *figure = per_message_ns(&remote, remote.own_cpu_ns) / 1e3;
    return good;
}

bool bench_remote_cpu_callee(const struct bench_options *options, double *figure)
{
    struct remote remote;
    bool good = run_round_trip(&remote, options, false, 0);
    *figure = per_message_ns(&remote, remote.peer_cpu_ns) / 1e3;
    return good;
}
