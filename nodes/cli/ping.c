// SPDX-License-Identifier: Apache-2.0
// kith node ping.
#include <inttypes.h>
#include <string.h>

#include "handlers.h"
#include "node.pb-c.h"
#include "options.h"
#include "session.h"

#define COUNT_MAX     1000000
#define SIZE_MAX_PING (16 << 20)

struct plan {
    uint64_t count, interval_ns, size;
};

struct tally {
    uint64_t sent, answered, least_ns, most_ns, sum_ns;
};

static const struct kithi_column row_columns[] = {
    {.title = "NUMBER", .key = "number", .kind = KITHI_COUNT},
    {.title = "RTT", .key = "rtt_ns", .kind = KITHI_DURATION, .width = 9},
    {.title = "RESULT", .key = "result", .kind = KITHI_STATE},
};

static int read_plan(struct kithi_session *session, struct plan *plan)
{
    *plan = (struct plan){.count = 4, .interval_ns = 200000000, .size = 64};
    int code = kithi_option_number(session, "count", 1, COUNT_MAX, &plan->count);
    if (code == KITH_EXIT_OK)
        code = kithi_option_duration(session, "interval", 0, UINT64_C(3600000000000),
                                     &plan->interval_ns);
    if (code == KITH_EXIT_OK)
        code = kithi_option_size(session, "size", 0, SIZE_MAX_PING, &plan->size);
    return code;
}

static enum kith_error ping_once(struct kithi_session *session, struct kith_ref to, uint64_t number,
                                 uint64_t size, uint64_t *elapsed_ns)
{
    struct kith_message *message;
    enum kith_error error = kithi_ask_begin(session, &kith__node__descriptor, "Ping", &message);
    if (error != KITH_OK)
        return error;
    Kith__NodePing *ping = message->data;
    ping->number = number;
    ping->data.len = size;
    ping->data.data = size > 0 ? kith_message_allocate(message, size) : NULL;
    if (size > 0 && ping->data.data == NULL) {
        kith_message_free(&message);
        return KITH_ERROR_NO_MEMORY;
    }
    if (size > 0)
        memset(ping->data.data, 0, size);
    uint64_t sent = kith_now(session->self);
    session->deadline_ns = sent + session->timeout_ns; // each has its own
    error = kithi_ask(session, to, &message);
    *elapsed_ns = kith_now(session->self) - sent;
    kith_message_free(&message);
    return error;
}

static void count_answer(struct tally *tally, uint64_t elapsed_ns)
{
    if (tally->answered == 0 || elapsed_ns < tally->least_ns)
        tally->least_ns = elapsed_ns;
    if (elapsed_ns > tally->most_ns)
        tally->most_ns = elapsed_ns;
    tally->sum_ns += elapsed_ns;
    tally->answered++;
}

static void write_tally(const struct kithi_session *session, const struct tally *tally)
{
    static const struct kithi_column columns[] = {
        {.title = "sent", .key = "sent", .kind = KITHI_COUNT},
        {.title = "answered", .key = "answered", .kind = KITHI_COUNT},
        {.title = "least", .key = "least_ns", .kind = KITHI_DURATION},
        {.title = "mean", .key = "mean_ns", .kind = KITHI_DURATION},
        {.title = "most", .key = "most_ns", .kind = KITHI_DURATION},
    };
    bool any = tally->answered > 0;
    const struct kithi_cell cells[] = {
        kithi_number(tally->sent), kithi_number(tally->answered),
        kithi_number_if(any, tally->least_ns),
        kithi_number_if(any, any ? tally->sum_ns / tally->answered : 0),
        kithi_number_if(any, tally->most_ns)};
    if (!session->output.json)
        fputc('\n', session->output.out);
    kithi_record_write(&session->output, columns, cells, 5);
}

int kithi_check_node_ping(struct kithi_session *session)
{
    struct plan plan;
    return read_plan(session, &plan);
}

int kithi_run_node_ping(struct kithi_session *session)
{
    struct plan plan;
    struct tally tally = {.sent = 0};
    struct kith_link_info link;
    enum kith_error worst = KITH_OK;
    int code = read_plan(session, &plan);
    if (code == KITH_EXIT_OK)
        code = kithi_link_node(session, session->invocation.arguments[0], &link);
    if (code != KITH_EXIT_OK)
        return code;
    kithi_stream_begin(&session->output, row_columns, 3);
    while (tally.sent < plan.count) {
        uint64_t elapsed = 0, begun = kith_now(session->self);
        enum kith_error error = ping_once(session, link.kernel, tally.sent++, plan.size, &elapsed);
        if (error == KITH_ERROR_KILLED)
            return session->interrupted_code;
        if (error == KITH_OK)
            count_answer(&tally, elapsed);
        else
            worst = error;
        const struct kithi_cell cells[] = {kithi_number(tally.sent),
                                           kithi_number_if(error == KITH_OK, elapsed),
                                           kithi_text(kith_error_name(error))};
        kithi_stream_row(&session->output, row_columns, cells, 3);
        if (tally.sent < plan.count &&
            kith_sleep_until(session->self, begun + plan.interval_ns) != KITH_OK)
            return session->interrupted_code;
    }
    write_tally(session, &tally);
    return worst == KITH_OK ? KITH_EXIT_OK : kithi_fail_error(session, "ping", worst);
}
