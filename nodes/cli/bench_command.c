// SPDX-License-Identifier: Apache-2.0
// kith bench.
#include <kith/bench.h>

#include "handlers.h"
#include "node.pb-c.h"
#include "options.h"
#include "session.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_MS       UINT64_C(1000000)
#define NS_PER_S        UINT64_C(1000000000)
#define SIZE_MOST       (16 << 20) // bytes

static const struct kithi_column columns[] = {
    {.title = "from", .key = "from", .kind = KITHI_TEXT},
    {.title = "to", .key = "to", .kind = KITHI_TEXT},
    {.title = "message", .key = "size_bytes", .kind = KITHI_BYTES},
    {.title = "round trips", .key = "pings", .kind = KITHI_COUNT},
    {.title = "round trip, least", .key = "ping_least_ns", .kind = KITHI_DURATION},
    {.title = "round trip, median", .key = "ping_median_ns", .kind = KITHI_DURATION},
    {.title = "round trip, 99 %", .key = "ping_p99_ns", .kind = KITHI_DURATION},
    {.title = "round trip, most", .key = "ping_most_ns", .kind = KITHI_DURATION},
    {.title = "messages one way", .key = "messages", .kind = KITHI_COUNT},
    {.title = "messages", .key = "messages_per_s", .kind = KITHI_RATE},
    {.title = "bytes per second", .key = "bytes_per_s", .kind = KITHI_BYTES},
};

static void write_result(const struct kithi_session *session, const char *from, const char *to,
                         const Kith__NodeBench *bench)
{
    const struct kithi_cell cells[COUNT_OF(columns)] = {kithi_text(from),
                                                        kithi_text(to),
                                                        kithi_number(bench->size),
                                                        kithi_number(bench->pings),
                                                        kithi_number(bench->ping_least_ns),
                                                        kithi_number(bench->ping_median_ns),
                                                        kithi_number(bench->ping_p99_ns),
                                                        kithi_number(bench->ping_most_ns),
                                                        kithi_number(bench->messages),
                                                        kithi_number(bench->messages_per_s),
                                                        kithi_number(bench->bytes_per_s)};
    kithi_record_write(&session->output, columns, cells, COUNT_OF(columns));
}

static void show_progress(void *state, const char *step, uint64_t done_ns)
{
    const struct kithi_session *session = state;
    if (session->progress)
        fprintf(stderr, "\r\x1b[Kkith: measuring %s, %.1f s", step, (double)done_ns / 1e9);
}

static void end_progress(const struct kithi_session *session)
{
    if (session->progress)
        fputs("\r\x1b[K", stderr);
}

// Between this program and the node asked.
static int bench_here(struct kithi_session *session, uint64_t size, uint64_t time_ns)
{
    const struct kith_bench_options options = {.peer = session->target.kernel,
                                               .size = size,
                                               .time_ns = time_ns,
                                               .progress = show_progress,
                                               .state = session};
    struct kith_bench_result result;
    enum kith_error error = kith_bench_run(session->self, &options, &result);
    end_progress(session);
    if (error != KITH_OK)
        return kithi_fail_error(session, session->target_text, error);
    Kith__NodeBench bench = KITH__NODE_BENCH__INIT;
    bench.size = (uint32_t)size;
    bench.pings = result.pings;
    bench.ping_least_ns = result.least_ns;
    bench.ping_median_ns = result.median_ns;
    bench.ping_p99_ns = result.p99_ns;
    bench.ping_most_ns = result.most_ns;
    bench.messages = result.messages;
    double seconds = (double)result.elapsed_ns / 1e9;
    bench.messages_per_s = seconds > 0 ? (uint64_t)((double)result.messages / seconds) : 0;
    bench.bytes_per_s = bench.messages_per_s * size;
    write_result(session, "kith", session->target.name, &bench);
    return KITH_EXIT_OK;
}

// Between the node asked and another one, which it has a link to.
static int bench_there(struct kithi_session *session, const char *node, uint64_t size,
                       uint64_t time_ns)
{
    struct kith_link_info peer;
    struct kith_message *message;
    int code = kithi_link_node(session, node, &peer);
    if (code != KITH_EXIT_OK)
        return code;
    if (peer.incarnation == session->target.incarnation)
        return kithi_fail(session, KITH_EXIT_USAGE,
                          "'%.200s' is the node asked; name another one, or none", node);
    enum kith_error error = kithi_ask_begin(session, &kith__node__descriptor, "Bench", &message);
    if (error != KITH_OK)
        return kithi_fail_error(session, session->target_text, error);
    Kith__NodeBenchWanted *wanted = message->data;
    wanted->peer = peer.incarnation;
    wanted->size = (uint32_t)size;
    wanted->time_ms = (uint32_t)(time_ns / NS_PER_MS);
    session->deadline_ns = kith_now(session->self) + 2 * time_ns + session->timeout_ns;
    if (session->progress)
        fprintf(stderr, "kith: measuring for %.1f s", 2 * (double)time_ns / 1e9);
    error = kithi_ask(session, session->target.kernel, &message);
    end_progress(session);
    if (error == KITH_ERROR_NOT_FOUND)
        return kithi_fail(session, KITH_EXIT_UNREACHABLE,
                          "node %s has no link to %s; try 'kith "
                          "node ls'",
                          session->target.name, peer.name);
    if (error == KITH_ERROR_LIMIT)
        return kithi_fail(session, KITH_EXIT_FAILURE,
                          "node %s is measuring already; try again later", session->target.name);
    if (error != KITH_OK)
        return kithi_fail_error(session, session->target_text, error);
    write_result(session, session->target.name, peer.name, message->data);
    kith_message_free(&message);
    return KITH_EXIT_OK;
}

static int read_plan(const struct kithi_session *session, uint64_t *size, uint64_t *time_ns)
{
    *size = 64;
    *time_ns = NS_PER_S;
    int code = kithi_option_size(session, "size", 0, SIZE_MOST, size);
    if (code != KITH_EXIT_OK)
        return code;
    return kithi_option_duration(session, "time", 10 * NS_PER_MS,
                                 KITH_BENCH_TIME_MS_MAX * NS_PER_MS, time_ns);
}

int kithi_check_bench(struct kithi_session *session)
{
    uint64_t size, time_ns;
    return read_plan(session, &size, &time_ns);
}

int kithi_run_bench(struct kithi_session *session)
{
    const char *node = session->invocation.arguments[0];
    uint64_t size, time_ns;
    int code = read_plan(session, &size, &time_ns);
    if (code != KITH_EXIT_OK)
        return code;
    return node == NULL ? bench_here(session, size, time_ns)
                        : bench_there(session, node, size, time_ns);
}
