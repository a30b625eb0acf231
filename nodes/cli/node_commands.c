// SPDX-License-Identifier: Apache-2.0
// kith node ls, kith node info.
#include <string.h>

#include "handlers.h"
#include "node.pb-c.h"
#include "session.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct kithi_column list_columns[] = {
    {.title = "NAME", .key = "name", .kind = KITHI_TEXT},
    {.title = "ENDPOINT", .key = "endpoint", .kind = KITHI_TEXT},
    {.title = "STATE", .key = "state", .kind = KITHI_STATE},
    {.title = "INCARNATION", .key = "incarnation", .kind = KITHI_ID},
    {.title = "RTT", .key = "rtt_ns", .kind = KITHI_DURATION},
    {.title = "UPTIME", .key = "uptime_ns", .kind = KITHI_DURATION},
    {.title = "VERSION", .key = "version", .kind = KITHI_TEXT},
    {.title = "LINKED", .key = "linked_ns", .kind = KITHI_DURATION, .detail = true},
    {.title = "SILENT", .key = "silent_ns", .kind = KITHI_DURATION, .detail = true},
    {.title = "SENT", .key = "bytes_sent", .kind = KITHI_BYTES, .detail = true},
    {.title = "RECEIVED", .key = "bytes_received", .kind = KITHI_BYTES, .detail = true},
    {.title = "QUEUED", .key = "queued_bytes", .kind = KITHI_BYTES, .detail = true},
    {.title = "RECONNECTS", .key = "reconnects", .kind = KITHI_COUNT, .detail = true},
    {.title = "MALFORMED", .key = "malformed", .kind = KITHI_COUNT, .detail = true},
    {.title = "TRANSIENT", .key = "transient", .kind = KITHI_BOOLEAN, .detail = true},
    {.title = "LAST ERROR", .key = "last_error", .kind = KITHI_TEXT},
};

static void add_self(struct kithi_table *table, const Kith__NodeInfo *info)
{
    const struct kithi_cell cells[COUNT_OF(list_columns)] = {
        kithi_text(info->name),
        kithi_text(info->advertise[0] != 0 ? info->advertise : info->endpoint),
        kithi_text("self"),
        kithi_number(info->incarnation),
        {.present = false},
        kithi_number(info->uptime_ns),
        kithi_text(info->version),
        [14] = kithi_number(0)};
    kithi_table_row(table, cells);
}

static void add_link(struct kithi_table *table, const Kith__NodeLink *link)
{
    bool up = strcmp(link->state, "up") == 0 || strcmp(link->state, "suspect") == 0;
    const struct kithi_cell cells[COUNT_OF(list_columns)] = {
        kithi_text(link->name),
        kithi_text(link->endpoint),
        kithi_text(link->state),
        kithi_number_if(link->incarnation != 0, link->incarnation),
        kithi_number_if(up && link->rtt_ns != 0, link->rtt_ns),
        kithi_number_if(up, link->uptime_ns),
        kithi_text(link->version),
        kithi_number_if(up, link->up_ns),
        kithi_number_if(up, link->silent_ns),
        kithi_number(link->bytes_sent),
        kithi_number(link->bytes_received),
        kithi_number(link->queued_bytes),
        kithi_number(link->reconnects),
        kithi_number(link->malformed),
        kithi_number(link->transient),
        kithi_text(up ? "" : link->last_error)};
    kithi_table_row(table, cells);
}

static enum kith_error ask_info(struct kithi_session *session, struct kith_ref node,
                                struct kith_message **message)
{
    enum kith_error error = kithi_ask_begin(session, &kith__node__descriptor, "Info", message);
    return error == KITH_OK ? kithi_ask(session, node, message) : error;
}

// This program's own link isn't worth a line; other short-lived nodes are details.
static bool is_shown(const struct kithi_session *session, const Kith__NodeLink *link)
{
    if (link->incarnation == kith_node_incarnation(session->node))
        return false;
    return !link->transient || session->output.wide || session->output.json;
}

static enum kith_error add_links(struct kithi_session *session, struct kithi_table *table)
{
    uint32_t place = 0;
    do {
        struct kith_message *message;
        enum kith_error error =
            kithi_ask_begin(session, &kith__node__descriptor, "Links", &message);
        if (error != KITH_OK)
            return error;
        ((Kith__NodePageWanted *)message->data)->place = place;
        error = kithi_ask(session, session->target.kernel, &message);
        if (error != KITH_OK)
            return error;
        const Kith__NodeLinks *page = message->data;
        for (size_t i = 0; i < page->n_links; i++) {
            if (is_shown(session, page->links[i]))
                add_link(table, page->links[i]);
        }
        place = page->next;
        kith_message_free(&message);
    } while (place != 0);
    return KITH_OK;
}

int kithi_run_node_ls(struct kithi_session *session)
{
    struct kith_message *message;
    enum kith_error error = ask_info(session, session->target.kernel, &message);
    if (error != KITH_OK)
        return kithi_fail_error(session, session->target_text, error);
    struct kithi_table *table =
        kithi_table_open(&session->output, list_columns, COUNT_OF(list_columns));
    add_self(table, message->data);
    kith_message_free(&message);
    error = add_links(session, table);
    if (error != KITH_OK) {
        kithi_table_discard(table);
        return kithi_fail_error(session, session->target_text, error);
    }
    kithi_table_sort(table, 1); // this node first
    kithi_table_close(table);
    return KITH_EXIT_OK;
}

static const struct kithi_column info_columns[] = {
    {.title = "name", .key = "name", .kind = KITHI_TEXT},
    {.title = "endpoint", .key = "endpoint", .kind = KITHI_TEXT},
    {.title = "incarnation", .key = "incarnation", .kind = KITHI_ID},
    {.title = "version", .key = "version", .kind = KITHI_TEXT},
    {.title = "uptime", .key = "uptime_ns", .kind = KITHI_DURATION},
    {.title = "round trip", .key = "rtt_ns", .kind = KITHI_DURATION},
    {.title = "processes", .key = "processes", .kind = KITHI_COUNT},
    {.title = "processes, most", .key = "processes_most", .kind = KITHI_COUNT},
    {.title = "names", .key = "names", .kind = KITHI_COUNT},
    {.title = "links up", .key = "links_up", .kind = KITHI_COUNT},
    {.title = "messages alive", .key = "messages_alive", .kind = KITHI_COUNT},
    {.title = "message memory", .key = "message_bytes", .kind = KITHI_BYTES},
    {.title = "message memory, most", .key = "message_bytes_most", .kind = KITHI_BYTES},
    {.title = "pool memory", .key = "pool_bytes", .kind = KITHI_BYTES},
    {.title = "largest message", .key = "message_size_most", .kind = KITHI_BYTES},
    {.title = "sent", .key = "sent", .kind = KITHI_COUNT},
    {.title = "sent to other nodes", .key = "sent_remote", .kind = KITHI_COUNT},
    {.title = "delivered", .key = "delivered", .kind = KITHI_COUNT},
    {.title = "delivered from others", .key = "received_remote", .kind = KITHI_COUNT},
    {.title = "refused", .key = "refused", .kind = KITHI_COUNT},
    {.title = "returned", .key = "returned", .kind = KITHI_COUNT},
    {.title = "fate unknown", .key = "unknown", .kind = KITHI_COUNT},
    {.title = "late replies", .key = "late_replies", .kind = KITHI_COUNT},
    {.title = "denied", .key = "denied", .kind = KITHI_COUNT},
    {.title = "to ended processes", .key = "stale", .kind = KITHI_COUNT},
    {.title = "processes spawned", .key = "spawned", .kind = KITHI_COUNT},
    {.title = "processes ended", .key = "ended", .kind = KITHI_COUNT},
    {.title = "stack overflows", .key = "overflows", .kind = KITHI_COUNT},
    {.title = "held the CPU", .key = "hogs", .kind = KITHI_COUNT},
    {.title = "switches", .key = "switches", .kind = KITHI_COUNT},
};

static void write_info(const struct kithi_session *session, const struct kith_link_info *link,
                       const Kith__NodeInfo *info)
{
    const Kith__NodeCounters *counters = info->counters;
    const struct kithi_cell cells[COUNT_OF(info_columns)] = {
        kithi_text(info->name),
        kithi_text(info->advertise[0] != 0 ? info->advertise : info->endpoint),
        kithi_number(info->incarnation),
        kithi_text(info->version),
        kithi_number(info->uptime_ns),
        kithi_number_if(link->rtt_ns != 0, link->rtt_ns),
        kithi_number(info->processes),
        kithi_number(info->limits->processes),
        kithi_number(info->names),
        kithi_number(info->links_up),
        kithi_number(info->memory->messages),
        kithi_number(info->memory->message_bytes),
        kithi_number(info->limits->message_memory),
        kithi_number(info->memory->pool_bytes),
        kithi_number(info->limits->message_size),
        kithi_number(counters->sent),
        kithi_number(counters->sent_remote),
        kithi_number(counters->delivered),
        kithi_number(counters->received_remote),
        kithi_number(counters->refused),
        kithi_number(counters->returned),
        kithi_number(counters->unknown),
        kithi_number(counters->late_replies),
        kithi_number(counters->denied),
        kithi_number(counters->stale),
        kithi_number(counters->spawned),
        kithi_number(counters->ended),
        kithi_number(counters->overflows),
        kithi_number(counters->hogs),
        kithi_number(counters->switches)};
    kithi_record_write(&session->output, info_columns, cells, COUNT_OF(info_columns));
}

int kithi_run_node_info(struct kithi_session *session)
{
    const char *text = session->invocation.arguments[0];
    struct kith_link_info link;
    struct kith_message *message;
    int code = kithi_link_node(session, text, &link);
    if (code != KITH_EXIT_OK)
        return code;
    enum kith_error error = ask_info(session, link.kernel, &message);
    if (error != KITH_OK)
        return kithi_fail_error(session, text != NULL ? text : session->target_text, error);
    const Kith__NodeInfo *info = message->data;
    if (info->counters == NULL || info->memory == NULL || info->limits == NULL)
        code = kithi_fail(session, KITH_EXIT_FAILURE,
                          "node %.200s: its answer is incomplete; is it "
                          "of another version?",
                          link.name);
    else
        write_info(session, &link, info);
    kith_message_free(&message);
    return code;
}
