// SPDX-License-Identifier: Apache-2.0
// What --data and JSON take: a text, @file, or - for standard input.
#include "words.h"

#include <unistd.h>

#include "payload.h"
#include "session.h"

#define PATH_SIZE 64

static const struct kithi_session session = {.exit_code = 0};

static void expect_payload(const char *text, const void *bytes, size_t size)
{
    char *read;
    size_t read_size;
    assert_int_equal(kithi_payload_read(&session, "--data", text, &read, &read_size), KITH_EXIT_OK);
    assert_int_equal(read_size, size);
    assert_memory_equal(read, bytes, size);
    free(read);
}

// The error names the option, the file and the reason.
static void expect_refused(const char *text, const char *says)
{
    char caught[ERROR_SIZE], *read = NULL;
    size_t size;
    words_catch_errors();
    int code = kithi_payload_read(&session, "--data", text, &read, &size);
    words_caught_errors(caught);
    assert_int_equal(code, KITH_EXIT_USAGE);
    assert_null(read);
    words_expect_error(caught, says);
}

// Writes a file for one test and gives "@path" in `text`.
static void make_file(char text[PATH_SIZE], const void *bytes, size_t size)
{
    strcpy(text, "@/tmp/kith-test-XXXXXX");
    int file = mkstemp(text + 1);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
}

static void a_text_is_taken_as_it_is(void **state)
{
    (void)state;
    expect_payload("hello", "hello", 5);
    expect_payload("", "", 0);
    expect_payload("-x", "-x", 2);
    expect_payload(" @x", " @x", 3);
}

static void a_file_is_taken_byte_by_byte(void **state)
{
    (void)state;
    static const char bytes[] = "a\0b\n\xff";
    char text[PATH_SIZE];
    make_file(text, bytes, sizeof(bytes));
    expect_payload(text, bytes, sizeof(bytes));
    unlink(text + 1);
}

static void an_empty_file_is_an_empty_payload(void **state)
{
    (void)state;
    char text[PATH_SIZE];
    make_file(text, "", 0);
    expect_payload(text, "", 0);
    unlink(text + 1);
}

// The buffer grows by doubling from 64 KB on.
static void large_files_are_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {65535, 65536, 65537, 131072, 1000003};
    char text[PATH_SIZE], *bytes = malloc(1000003);
    for (size_t i = 0; i < 1000003; i++)
        bytes[i] = (char)(i * 31 >> 3);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        make_file(text, bytes, sizes[i]);
        expect_payload(text, bytes, sizes[i]);
        unlink(text + 1);
    }
    free(bytes);
}

static void a_dash_is_standard_input(void **state)
{
    (void)state;
    int ends[2], kept = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "from a pipe\n", 12), 12);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    expect_payload("-", "from a pipe\n", 12);
    dup2(kept, STDIN_FILENO);
    close(ends[0]);
    close(kept);
}

static void a_file_that_can_not_be_read_is_told(void **state)
{
    (void)state;
    expect_refused("@/no/such/file", "--data: can't read /no/such/file: No such file or directory");
    expect_refused("@/tmp", "--data: can't read /tmp: Is a directory");
    expect_refused("@", "--data: can't read : No such file or directory");
}

static void a_file_without_end_is_refused(void **state)
{
    (void)state;
    expect_refused("@/dev/zero", "--data: can't read /dev/zero: not smaller than 64 MB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_taken_as_it_is),
        cmocka_unit_test(a_file_is_taken_byte_by_byte),
        cmocka_unit_test(an_empty_file_is_an_empty_payload),
        cmocka_unit_test(large_files_are_whole),
        cmocka_unit_test(a_dash_is_standard_input),
        cmocka_unit_test(a_file_that_can_not_be_read_is_told),
        cmocka_unit_test(a_file_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
