// SPDX-License-Identifier: Apache-2.0
// kith name watch.
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <kith/exchange.h>
#include <kith/monitor.h>

#include "handlers.h"
#include "names.h"
#include "options.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TIME_SIZE       32
#define LOOK_MS         200 // for somebody who still reads

static const struct kithi_column columns[] = {
    {.title = "TIME", .key = "time", .kind = KITHI_TEXT, .width = 24},
    {.title = "EVENT", .key = "event", .kind = KITHI_STATE, .width = 8},
    {.title = "WHAT", .key = "what", .kind = KITHI_TEXT, .width = 5},
    {.title = "NAME", .key = "name", .kind = KITHI_TEXT, .width = 16},
    {.title = "INDEX", .key = "index", .kind = KITHI_NUMBER, .width = 5},
    {.title = "NODE", .key = "node", .kind = KITHI_TEXT, .width = 16},
    {.title = "ENDPOINT", .key = "endpoint", .kind = KITHI_TEXT, .width = 21},
    {.title = "INCARNATION", .key = "incarnation", .kind = KITHI_ID, .width = 16},
    {.title = "TRANSIENT", .key = "transient", .kind = KITHI_BOOLEAN, .width = 9, .detail = true},
    {.title = "REASON", .key = "reason", .kind = KITHI_TEXT},
};

static const char *kind_name(enum kith_event_kind kind)
{
    static const char *const names[] = {"?", "up", "down", "suspect", "resync", "complete"};
    return (unsigned)kind < COUNT_OF(names) ? names[kind] : names[0];
}

static const char *what_name(enum kith_watch_kind what)
{
    return what == KITH_WATCH_NAMES   ? "name"
           : what == KITH_WATCH_NODES ? "node"
           : what == KITH_WATCH_LINKS ? "link"
                                      : "";
}

// When it was heard of here, as in logs: 2026-11-02T06:29:15.314Z.
static const char *format_now(char text[TIME_SIZE])
{
    struct timespec now;
    struct tm date;
    char seconds[TIME_SIZE - 8];
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &date));
    snprintf(text, TIME_SIZE, "%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
    return text;
}

static void write_event(const struct kithi_session *session, const struct kith_naming_event *event)
{
    static const struct kith_endpoint none = {.port = 0};
    char endpoint[KITH_ENDPOINT_TEXT_SIZE] = "", time[TIME_SIZE];
    bool is_name = event->what == KITH_WATCH_NAMES;
    if (!kith_endpoint_equal(&event->endpoint, &none))
        kith_endpoint_format(&event->endpoint, endpoint);
    else if (event->node == session->target.incarnation)
        kith_endpoint_format(&session->target.endpoint, endpoint);
    const struct kithi_cell cells[COUNT_OF(columns)] = {
        kithi_text(format_now(time)),
        kithi_text(kind_name(event->kind)),
        kithi_text(what_name(event->what)),
        kithi_text(event->name),
        kithi_number_if(is_name, event->index),
        kithi_text(event->node_name),
        kithi_text(endpoint),
        kithi_number_if(event->node != 0, event->node),
        kithi_number_if(event->node != 0, event->transient),
        kithi_text(event->kind == KITH_EVENT_DOWN && event->reason != KITH_OK
                       ? kith_error_name(event->reason)
                       : "")};
    kithi_stream_row(&session->output, columns, cells, COUNT_OF(columns));
}

// This program is a node itself, which isn't worth a line, and nor are its like.
static bool is_shown(const struct kithi_session *session, const struct kith_naming_event *event)
{
    bool transient = event->transient && !session->output.json && !session->output.wide;
    return event->kind != KITH_EVENT_COMPLETE && !transient &&
           (event->node == 0 || event->node != kith_node_incarnation(session->node));
}

static enum kith_error begin(struct kithi_session *session, const char *pattern, unsigned kinds)
{
    struct kith_message *message;
    enum kith_error error = kithi_ask_begin(session, &kith__naming__descriptor, "Watch", &message);
    if (error != KITH_OK)
        return error;
    Kith__NamingWatch *watch = message->data;
    watch->kinds = kinds;
    watch->pattern = kith_message_text(message, pattern);
    error = watch->pattern != NULL ? kithi_ask(session, session->target.naming, &message)
                                   : KITH_ERROR_NO_MEMORY;
    kith_message_free(&message);
    return error;
}

// False when whoever read the output has gone, as head(1) does: there may never be another line by
// which that would show.
static bool is_read(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};
    return poll(&output, 1, 0) <= 0 || (output.revents & POLLERR) == 0;
}

// The next message, however long that takes. KILLED: it's over.
static enum kith_error wait_for_message(struct kithi_session *session,
                                        struct kith_message **message)
{
    enum kith_error error;
    do {
        error = kith_receive(session->self, message, kith_deadline_ms(session->self, LOOK_MS));
    } while (error == KITH_ERROR_TIMEOUT && is_read());
    return error == KITH_ERROR_TIMEOUT ? KITH_ERROR_KILLED : error;
}

// The events end with the node asked.
static int follow(struct kithi_session *session, uint64_t count)
{
    enum kith_error error = kith_monitor_start(session->self, session->target.naming, NULL);
    if (error != KITH_OK)
        return kithi_fail_error(session, session->target_text, error);
    while (count > 0) {
        struct kith_message *message;
        struct kith_naming_event event;
        if (wait_for_message(session, &message) != KITH_OK)
            return session->interrupted_code;
        bool down = message->type == KITH_TYPE_DOWN;
        if (down)
            error = (enum kith_error)((const struct kith_down *)message->data)->reason;
        if (!down && kith_naming_event(message, &event) && is_shown(session, &event)) {
            write_event(session, &event);
            count--;
        }
        kith_message_free(&message);
        if (down)
            return kithi_fail_error(session, session->target_text, error);
    }
    return KITH_EXIT_OK;
}

static int read_count(const struct kithi_session *session, uint64_t *count)
{
    *count = UINT64_MAX;
    return kithi_option_number(session, "count", 1, UINT64_MAX, count);
}

int kithi_check_name_watch(struct kithi_session *session)
{
    uint64_t count;
    return read_count(session, &count);
}

int kithi_run_name_watch(struct kithi_session *session)
{
    const char *pattern = session->invocation.arguments[0];
    bool nodes = kithi_invocation_option(&session->invocation, "nodes") != NULL;
    uint64_t count;
    int code = read_count(session, &count);
    if (code != KITH_EXIT_OK)
        return code;
    session->interrupted_code = KITH_EXIT_OK; // Ctrl-C is how it ends
    enum kith_error error = begin(session, pattern != NULL ? pattern : "*",
                                  nodes ? KITH_WATCH_NODES | KITH_WATCH_LINKS : KITH_WATCH_NAMES);
    if (error != KITH_OK)
        return kithi_fail_error(session, session->target_text, error);
    kithi_stream_begin(&session->output, columns, COUNT_OF(columns));
    return follow(session, count);
}
