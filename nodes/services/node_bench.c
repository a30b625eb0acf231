// SPDX-License-Identifier: Apache-2.0
// Measuring takes seconds, so that a process of its own does it while the service goes on.
#include <kith/bench.h>

#include "node_service.h"

static enum kith_error fill_result(struct kith_message *message,
                                   const struct kith_bench_result *result, size_t size)
{
    Kith__NodeBench *out = kith_message_set_typed(message, &kith__node_bench__descriptor);
    if (out == NULL)
        return KITH_ERROR_NO_MEMORY;
    out->pings = result->pings;
    out->ping_least_ns = result->least_ns;
    out->ping_median_ns = result->median_ns;
    out->ping_p99_ns = result->p99_ns;
    out->ping_most_ns = result->most_ns;
    out->messages = result->messages;
    double seconds = (double)result->elapsed_ns / 1e9;
    if (seconds > 0) {
        out->messages_per_s = (uint64_t)((double)result->messages / seconds);
        out->bytes_per_s = (uint64_t)((double)result->messages * (double)size / seconds);
    }
    out->size = (uint32_t)size;
    return KITH_OK;
}

static enum kith_error find_peer(const struct kith_node_service *service, uint64_t incarnation,
                                 struct kith_ref *peer)
{
    struct kith_link_info link;
    if (service->net == NULL || kith_net_link_find(service->net, incarnation, &link) != KITH_OK)
        return KITH_ERROR_NOT_FOUND;
    if (link.state != KITH_LINK_UP)
        return KITH_ERROR_UNREACHABLE;
    *peer = link.kernel;
    return kith_ref_is_none(link.kernel) ? KITH_ERROR_UNSUPPORTED : KITH_OK;
}

static enum kith_error measure(struct kith_process *self, const struct kith_node_service *service,
                               struct kith_message *message)
{
    const Kith__NodeBenchWanted *wanted =
        kith_message_typed(message, &kith__node_bench_wanted__descriptor);
    if (wanted == NULL || wanted->time_ms > KITH_BENCH_TIME_MS_MAX ||
        wanted->size > kith_node_limits(service->node)->message_size)
        return KITH_ERROR_INVALID;
    struct kith_bench_options options = {
        .size = wanted->size,
        .time_ns = (wanted->time_ms != 0 ? wanted->time_ms : 1000) * UINT64_C(1000000)};
    struct kith_bench_result result;
    enum kith_error error = find_peer(service, wanted->peer, &options.peer);
    if (error == KITH_OK)
        error = kith_bench_run(self, &options, &result);
    return error == KITH_OK ? fill_result(message, &result, options.size) : error;
}

static void run_bench(struct kith_process *self, void *argument)
{
    struct kith_node_service *service = argument;
    struct kith_message *message;
    enum kith_error error = kith_receive(self, &message, KITH_FOREVER);
    if (error == KITH_OK)
        error = measure(self, service, message);
    service->benching = false;
    if (error == KITH_OK)
        error = kith_reply(self, &message);
    if (message != NULL && error != KITH_ERROR_KILLED)
        kith_reply_error(self, &message, error);
    kith_message_free(&message);
}

enum kith_error kithi_node_bench(struct kith_serving *serving, const void *request, void *reply)
{
    (void)request;
    (void)reply;
    struct kith_node_service *service = serving->state;
    struct kith_ref process;
    if (service->benching)
        return KITH_ERROR_LIMIT;
    struct kith_spawn_options spawn = {
        .label = "bench", .needed = true, .entry = run_bench, .argument = service};
    enum kith_error error = kith_spawn(service->node, &spawn, &process);
    if (error != KITH_OK)
        return error;
    error = kith_forward(serving->self, process, serving->message, KITH_NO_WAIT);
    service->benching = error == KITH_OK; // the process has yet to run
    if (error != KITH_OK)
        kith_kill(service->node, process, KITH_ERROR_KILLED);
    return error;
}
