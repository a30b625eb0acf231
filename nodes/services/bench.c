// SPDX-License-Identifier: Apache-2.0
#include <kith/bench.h>

#include <string.h>

#include <kith/method.h>

#include "histogram.h"
#include "node.pb-c.h"

#define ANSWER_NS UINT64_C(10000000000) // how long one answer may take
#define REPORT_NS UINT64_C(100000000)   // time between two reports of progress

struct bench {
    struct kith_process *self;
    const struct kith_bench_options *options;
    struct kith_method ping, absorb;
    uint64_t started_ns, reported_ns;
};

static enum kith_error make_message(struct bench *bench, const struct kith_method *method,
                                    uint64_t number, struct kith_message **message)
{
    size_t size = bench->options->size;
    enum kith_error error = kith_method_new(kith_process_node(bench->self), method, message);
    if (error != KITH_OK)
        return error;
    Kith__NodePing *ping = (*message)->data;
    ping->number = number;
    ping->data.len = size;
    ping->data.data = size > 0 ? kith_message_allocate(*message, size) : NULL;
    if (size > 0 && ping->data.data == NULL) {
        kith_message_free(message);
        return KITH_ERROR_NO_MEMORY;
    }
    if (size > 0)
        memset(ping->data.data, 0x5a, size);
    return KITH_OK;
}

static enum kith_error ping_once(struct bench *bench, uint64_t number)
{
    struct kith_message *message;
    enum kith_error error = make_message(bench, &bench->ping, number, &message);
    if (error != KITH_OK)
        return error;
    error = kith_method_call(bench->self, bench->options->peer, &bench->ping, &message,
                             kith_now(bench->self) + ANSWER_NS);
    kith_message_free(&message);
    return error;
}

static void begin(struct bench *bench)
{
    bench->started_ns = bench->reported_ns = kith_now(bench->self);
}

// True while the time of a measurement isn't over; reports progress by the way.
static bool goes_on(struct bench *bench, const char *step, uint64_t now)
{
    if (bench->options->progress != NULL && now - bench->reported_ns >= REPORT_NS) {
        bench->reported_ns = now;
        bench->options->progress(bench->options->state, step, now - bench->started_ns);
    }
    return now - bench->started_ns < bench->options->time_ns;
}

static enum kith_error measure_latency(struct bench *bench, struct kithi_histogram *histogram)
{
    begin(bench);
    for (uint64_t now = bench->started_ns; goes_on(bench, "latency", now);) {
        uint64_t sent = now;
        enum kith_error error = ping_once(bench, histogram->count);
        if (error != KITH_OK)
            return error;
        now = kith_now(bench->self);
        kithi_histogram_add(histogram, now - sent);
    }
    return KITH_OK;
}

// The ping at the end arrives behind all messages before it, so its answer says that the peer has
// taken them all.
static enum kith_error measure_throughput(struct bench *bench, struct kith_bench_result *result)
{
    begin(bench);
    for (uint64_t now = bench->started_ns; goes_on(bench, "throughput", now);
         now = kith_now(bench->self)) {
        struct kith_message *message;
        enum kith_error error = make_message(bench, &bench->absorb, result->messages, &message);
        if (error == KITH_OK)
            error = kith_send(bench->self, bench->options->peer, &message, now + ANSWER_NS);
        kith_message_free(&message);
        if (error != KITH_OK)
            return error;
        result->messages++;
    }
    enum kith_error error = ping_once(bench, 0);
    result->elapsed_ns = kith_now(bench->self) - bench->started_ns;
    return error;
}

static enum kith_error measure(struct bench *bench, struct kithi_histogram *histogram,
                               struct kith_bench_result *result)
{
    // The first one finds the way and warms up both ends.
    enum kith_error error = ping_once(bench, 0);
    if (error == KITH_OK)
        error = measure_latency(bench, histogram);
    result->pings = histogram->count;
    result->least_ns = histogram->least;
    result->median_ns = kithi_histogram_quantile(histogram, 1, 2);
    result->p99_ns = kithi_histogram_quantile(histogram, 99, 100);
    result->most_ns = histogram->most;
    return error == KITH_OK ? measure_throughput(bench, result) : error;
}

enum kith_error kith_bench_run(struct kith_process *self, const struct kith_bench_options *options,
                               struct kith_bench_result *result)
{
    struct bench bench = {.self = self, .options = options};
    struct kith_node *node = kith_process_node(self);
    const struct kith_platform *platform = kith_node_platform(node);
    *result = (struct kith_bench_result){.pings = 0};
    enum kith_error error = kith_method_find(node, &kith__node__descriptor, "Ping", &bench.ping);
    if (error == KITH_OK)
        error = kith_method_find(node, &kith__node__descriptor, "Absorb", &bench.absorb);
    if (error != KITH_OK)
        return error;
    // Too large for a stack.
    struct kithi_histogram *histogram = platform->allocate(platform->state, sizeof(*histogram));
    if (histogram == NULL)
        return KITH_ERROR_NO_MEMORY;
    memset(histogram, 0, sizeof(*histogram));
    error = measure(&bench, histogram, result);
    platform->release(platform->state, histogram, sizeof(*histogram));
    return error;
}
