// SPDX-License-Identifier: Apache-2.0
// What messages cost between two nodes: whole ones, in two OS processes on loopback. The peer
// counts what it is sent, and answers calls with that number.
#include <errno.h>
#include <string.h>

#include <kith/exchange.h>

#include "end.h"
#include "pair.h"

enum {
    ROUND_TRIPS = 20000,
    SMALL = 4000000, // messages one way
    LARGE = 16384,
    LARGE_PAYLOAD = 64 << 10,
    WARM_UP_PART = 16, // 1/16 of these before the clock starts
    SPIN_US = 50,
};

struct remote {
    struct end end;
    struct pair pair;
    size_t size;
    uint64_t count, warm_up;
    uint64_t start_ns, end_ns;
};

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
    remote->start_ns = bench_now_ns();
    if (error == KITH_OK) {
        error = send_all(self, remote, remote->count, &counted);
    }
    if (error == KITH_OK && (warm != remote->warm_up || counted != warm + remote->count)) {
        error = KITH_ERROR_INVALID; // some got lost
    }
    remote->end_ns = bench_now_ns();
    end_finish(&remote->end, error);
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
            remote->start_ns = bench_now_ns();
        }
        error = kith_call(self, remote->end.peer, &message, KITH_FOREVER);
    }
    remote->end_ns = bench_now_ns();
    kith_message_free(&message);
    end_finish(&remote->end, error);
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

static bool measure_round_trip(const struct bench_options *options, bool one_core, uint32_t spin_us,
                               double *figure)
{
    static struct remote remote = {.size = BENCH_PAYLOAD, .count = ROUND_TRIPS};
    bool good = run(&remote, options, one_core, spin_us, call_and_wait);
    *figure = (double)(remote.end_ns - remote.start_ns) / 1e3 / (double)remote.count;
    return good;
}

bool bench_remote_one_core(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, true, 0, figure);
}

bool bench_remote_two_cores(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, false, 0, figure);
}

bool bench_remote_spinning(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, false, SPIN_US, figure);
}

bool bench_remote_small(const struct bench_options *options, double *figure)
{
    static struct remote remote = {.size = BENCH_PAYLOAD, .count = SMALL};
    bool good = run(&remote, options, false, 0, send_one_way);
    *figure = (double)remote.count * 1e3 / (double)(remote.end_ns - remote.start_ns);
    return good;
}

bool bench_remote_large(const struct bench_options *options, double *figure)
{
    static struct remote remote = {.size = LARGE_PAYLOAD, .count = LARGE};
    bool good = run(&remote, options, false, 0, send_one_way);
    double bytes = (double)remote.count * LARGE_PAYLOAD;
    *figure = bytes * 1e3 / (double)(remote.end_ns - remote.start_ns);
    return good;
}
