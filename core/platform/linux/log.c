// SPDX-License-Identifier: Apache-2.0
// Log lines, one per event, in the form that people call logfmt:
//     2026-11-24T12:00:00.123Z info link_up peer=10.0.0.7:7400 version="0.1.0 (debug)"
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "linux.h"

// The end of every line that had to be cut.
#define CUT " cut=true\n"

struct line {
    char text[KITHI_LOG_LINE];
    size_t len;
    bool cut;
};

__attribute__((format(printf, 2, 3))) static void append(struct line *line, const char *format, ...)
{
    size_t room = sizeof line->text - sizeof CUT - line->len;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line->text + line->len, room, format, arguments);
    va_end(arguments);
    if (line->cut || len < 0 || (size_t)len >= room) {
        line->cut = true;
        return;
    }
    line->len += (size_t)len;
}

static bool is_plain(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    for (const unsigned char *next = (const unsigned char *)text; *next != '\0'; next++) {
        if (*next <= ' ' || *next == '"' || *next == '=' || *next == '\\' || *next >= 0x7f) {
            return false;
        }
    }
    return true;
}

static void append_quoted(struct line *line, const char *text)
{
    append(line, "\"");
    for (const unsigned char *next = (const unsigned char *)text; *next != '\0'; next++) {
        if (*next == '"' || *next == '\\') {
            append(line, "\\%c", *next);
        } else if (*next == '\n') {
            append(line, "\\n");
        } else if (*next == '\t') {
            append(line, "\\t");
        } else if (*next < ' ' || *next == 0x7f) {
            append(line, "\\x%02x", *next);
        } else {
            append(line, "%c", *next);
        }
    }
    append(line, "\"");
}

static void append_text(struct line *line, const char *text)
{
    if (is_plain(text)) {
        append(line, "%s", text);
    } else {
        append_quoted(line, text);
    }
}

static void append_time(struct line *line, uint64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm date;
    char text[32];
    gmtime_r(&seconds, &date);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &date);
    append(line, "%s.%03uZ", text, (unsigned)(wall_ns / 1000000 % 1000));
}

static void format_line(struct line *line, uint64_t wall_ns, enum kith_log_level level,
                        const char *event, const struct kith_log_field *fields, size_t count)
{
    static const char *const names[] = {
        [KITH_LOG_ERROR] = "error",
        [KITH_LOG_WARNING] = "warning",
        [KITH_LOG_INFO] = "info",
        [KITH_LOG_DEBUG] = "debug",
    };
    line->len = 0;
    line->cut = false;
    append_time(line, wall_ns);
    append(line, " %s ", names[level]);
    append_text(line, event);
    for (size_t field = 0; field < count; field++) {
        append(line, " %s=", fields[field].key);
        if (fields[field].text != NULL) {
            append_text(line, fields[field].text);
        } else {
            append(line, "%" PRIu64, fields[field].number);
        }
    }
    const char *end = line->cut ? CUT : "\n";
    memcpy(line->text + line->len, end, strlen(end));
    line->len += strlen(end);
}

// A reader that doesn't read mustn't stop the node: a line that can't be written now is lost. What
// fits into a pipe or not is known beforehand, because a line is shorter than PIPE_BUF.
static bool write_line(const struct kithi_log *log, const struct line *line)
{
    struct pollfd events = {.fd = log->fd, .events = POLLOUT};
    if (poll(&events, 1, 0) != 1 || !(events.revents & POLLOUT)) {
        return false;
    }
    return write(log->fd, line->text, line->len) == (ssize_t)line->len;
}

void kithi_log_write(void *state, enum kith_log_level level, const char *event,
                     const struct kith_log_field *fields, size_t count)
{
    struct kithi_log *log = &((struct kithi_linux *)state)->log;
    if (level > log->level) {
        return;
    }
    struct line line;
    uint64_t wall_ns = kithi_clock_wall_ns(state);
    if (log->lost > log->lost_told) {
        struct kith_log_field lost = {"lines", NULL, log->lost - log->lost_told};
        format_line(&line, wall_ns, KITH_LOG_WARNING, "log_lines_lost", &lost, 1);
        if (write_line(log, &line)) {
            log->lost_told = log->lost;
        }
    }
    format_line(&line, wall_ns, level, event, fields, count);
    if (!write_line(log, &line)) {
        log->lost++;
    }
}
