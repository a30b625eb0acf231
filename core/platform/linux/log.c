// SPDX-License-Identifier: Apache-2.0
// Log lines, one per event, in the form that people call logfmt:
//     2026-11-24T12:00:00.123Z info link_up peer=10.0.0.7:7400 version="0.1.0 (debug)"
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "date.h"
#include "linux.h"

// The end of every line that had to be cut.
#define CUT " cut=true\n"

enum { NUMBER_DIGITS = 20 };

struct line {
    char text[KITHI_LOG_LINE];
    size_t len;
    bool cut;
};

static void append_bytes(struct line *line, const char *bytes, size_t len)
{
    size_t room = sizeof line->text - sizeof CUT - line->len;
    if (line->cut || len > room) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static void append(struct line *line, const char *text)
{
    append_bytes(line, text, strlen(text));
}

// With zeros before it up to `width` digits.
static void append_number(struct line *line, uint64_t number, unsigned width)
{
    char digits[NUMBER_DIGITS];
    size_t place = sizeof digits;
    do {
        digits[--place] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || sizeof digits - place < width);
    append_bytes(line, digits + place, sizeof digits - place);
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

static void append_escaped(struct line *line, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    const char code[] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    const char plain[] = {'\\', (char)byte};
    if (byte == '"' || byte == '\\') {
        append_bytes(line, plain, sizeof plain);
    } else if (byte == '\n') {
        append(line, "\\n");
    } else if (byte == '\t') {
        append(line, "\\t");
    } else if (byte < ' ' || byte == 0x7f) {
        append_bytes(line, code, sizeof code);
    } else {
        append_bytes(line, plain + 1, 1);
    }
}

static void append_quoted(struct line *line, const char *text)
{
    append(line, "\"");
    for (const unsigned char *next = (const unsigned char *)text; *next != '\0'; next++) {
        append_escaped(line, *next);
    }
    append(line, "\"");
}

static void append_text(struct line *line, const char *text)
{
    if (is_plain(text)) {
        append(line, text);
    } else {
        append_quoted(line, text);
    }
}

static void append_time(struct line *line, uint64_t wall_ns)
{
    uint64_t ms = wall_ns / 1000000, seconds = ms / 1000, minutes = seconds / 60;
    struct kithi_date date = kithi_date_of(minutes / 60 / 24);
    const struct {
        uint64_t number;
        unsigned width;
        const char *behind;
    } parts[] = {{date.year, 4, "-"},         {date.month, 2, "-"},   {date.day, 2, "T"},
                 {minutes / 60 % 24, 2, ":"}, {minutes % 60, 2, ":"}, {seconds % 60, 2, "."},
                 {ms % 1000, 3, "Z"}};
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++) {
        append_number(line, parts[part].number, parts[part].width);
        append(line, parts[part].behind);
    }
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
    append(line, " ");
    append(line, names[level]);
    append(line, " ");
    append_text(line, event);
    for (size_t field = 0; field < count; field++) {
        append(line, " ");
        append(line, fields[field].key);
        append(line, "=");
        if (fields[field].text != NULL) {
            append_text(line, fields[field].text);
        } else {
            append_number(line, fields[field].number, 1);
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
