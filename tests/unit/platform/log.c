// SPDX-License-Identifier: Apache-2.0
// Log lines: their form, and that they never stop the node.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kith/platform_linux.h>

enum { TIME_LEN = sizeof "2026-11-24T12:00:00.123Z " - 1, LINE_MOST = 2048 };

struct log {
    int read_fd, write_fd;
    struct kith_platform platform;
};

static int open_log(void **state)
{
    static struct log log;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    log.read_fd = ends[0];
    log.write_fd = ends[1];
    struct kith_platform_linux_options options = {.log_level = KITH_LOG_INFO, .log_fd = ends[1]};
    *state = &log;
    return kith_platform_linux_open(&options, &log.platform) == KITH_OK ? 0 : -1;
}

static int close_log(void **state)
{
    struct log *log = *state;
    kith_platform_linux_close(&log->platform);
    close(log->read_fd);
    close(log->write_fd);
    return 0;
}

static void write_log(struct log *log, enum kith_log_level level, const char *event,
                      const struct kith_log_field *fields, size_t count)
{
    log->platform.log(log->platform.state, level, event, fields, count);
}

// What is in the pipe now, as a string.
static const char *read_log(struct log *log)
{
    static char text[1 << 17];
    ssize_t size = read(log->read_fd, text, sizeof text - 1);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void assert_line(struct log *log, const char *expected)
{
    const char *line = read_log(log);
    assert_true(strlen(line) > TIME_LEN);
    assert_string_equal(line + TIME_LEN, expected);
}

static void a_line_starts_with_the_time_in_utc(void **state)
{
    struct log *log = *state;
    write_log(log, KITH_LOG_INFO, "started", NULL, 0);
    const char *line = read_log(log);
    const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ info started\n";
    assert_int_equal(strlen(line), strlen(form));
    for (size_t place = 0; place < TIME_LEN; place++) {
        if (form[place] == 'd') {
            assert_in_range(line[place], '0', '9');
        } else {
            assert_int_equal(line[place], form[place]);
        }
    }
}

static void fields_are_numbers_or_texts(void **state)
{
    struct log *log = *state;
    const struct kith_log_field fields[] = {
        {"peer", "10.0.0.7:7400", 0},
        {"count", NULL, UINT64_MAX},
        {"name", "two words", 0},
        {"empty", "", 0},
    };
    write_log(log, KITH_LOG_WARNING, "link_lost", fields, 4);
    assert_line(log, "warning link_lost peer=10.0.0.7:7400 count=18446744073709551615 "
                     "name=\"two words\" empty=\"\"\n");
}

static void what_could_forge_a_line_is_escaped(void **state)
{
    struct log *log = *state;
    const struct kith_log_field fields[] = {
        {"a", "x\ny", 0}, {"b", "say \"no\"", 0},     {"c", "back\\slash", 0},
        {"d", "k=v", 0},  {"e", "\x1b[31m\t\x7f", 0}, {"f", "\xc3\xbc", 0},
    };
    write_log(log, KITH_LOG_ERROR, "odd event", fields, 6);
    assert_line(log, "error \"odd event\" a=\"x\\ny\" b=\"say \\\"no\\\"\" c=\"back\\\\slash\" "
                     "d=\"k=v\" e=\"\\x1b[31m\\t\\x7f\" f=\"\xc3\xbc\"\n");
}

static void only_levels_up_to_the_one_set_are_written(void **state)
{
    struct log *log = *state;
    write_log(log, KITH_LOG_DEBUG, "detail", NULL, 0);
    assert_string_equal(read_log(log), "");
    kith_platform_linux_set_log_level(&log->platform, KITH_LOG_DEBUG);
    write_log(log, KITH_LOG_DEBUG, "detail", NULL, 0);
    assert_line(log, "debug detail\n");
    kith_platform_linux_set_log_level(&log->platform, KITH_LOG_ERROR);
    write_log(log, KITH_LOG_WARNING, "detail", NULL, 0);
    assert_string_equal(read_log(log), "");
}

static void a_line_that_is_too_long_is_cut_and_says_so(void **state)
{
    struct log *log = *state;
    char text[3 * LINE_MOST];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const struct kith_log_field fields[] = {{"short", "y", 0}, {"long", text, 0}};
    write_log(log, KITH_LOG_INFO, "big", fields, 2);
    const char *line = read_log(log);
    const char *end = " cut=true\n";
    assert_true(strlen(line) <= LINE_MOST);
    assert_string_equal(line + strlen(line) - strlen(end), end);
    assert_non_null(strstr(line, " info big short=y"));
}

static void a_reader_that_does_not_read_costs_lines_but_not_time(void **state)
{
    struct log *log = *state;
    struct kith_platform_linux_counters counters;
    do {
        write_log(log, KITH_LOG_INFO, "chatter", NULL, 0);
        kith_platform_linux_counters(&log->platform, &counters);
    } while (counters.log_lines_lost < 3);
    while (*read_log(log) != '\0') {
    }
    write_log(log, KITH_LOG_INFO, "again", NULL, 0);
    const char *lines = read_log(log);
    const char *lost = strstr(lines, "warning log_lines_lost lines=3\n");
    assert_non_null(lost);
    assert_non_null(strstr(lost, " info again\n"));
}

static void panic_says_why_and_aborts(void **state)
{
    struct log *log = *state;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        log->platform.panic(log->platform.state, "the sky fell");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_line(log, "error panic reason=\"the sky fell\"\n");
}

// As a process does that waits in a system call.
static void a_node_that_stood_still_says_so(void **state)
{
    struct log *log = *state;
    const struct timespec span = {.tv_sec = 1, .tv_nsec = 50000000};
    log->platform.idle(log->platform.state, KITH_NO_WAIT);
    log->platform.idle(log->platform.state, KITH_NO_WAIT);
    assert_string_equal(read_log(log), "");
    nanosleep(&span, NULL);
    log->platform.idle(log->platform.state, KITH_NO_WAIT);
    const char *line = read_log(log);
    assert_non_null(strstr(line, " warning node_stood_still ms="));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_log, close_log)
    const struct CMUnitTest tests[] = {
        CASE(a_node_that_stood_still_says_so),
        CASE(a_line_starts_with_the_time_in_utc),
        CASE(fields_are_numbers_or_texts),
        CASE(what_could_forge_a_line_is_escaped),
        CASE(only_levels_up_to_the_one_set_are_written),
        CASE(a_line_that_is_too_long_is_cut_and_says_so),
        CASE(a_reader_that_does_not_read_costs_lines_but_not_time),
        CASE(panic_says_why_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
