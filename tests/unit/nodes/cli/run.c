// SPDX-License-Identifier: Apache-2.0
// From the command line to the exit code, as far as it goes without a node.
#include "words.h"

#include <unistd.h>

#include "run.h"

static struct words words;

static int run(const char *line, char caught[ERROR_SIZE])
{
    words_split(&words, line);
    words_catch_errors();
    int code = kithi_run(words.argc, words.argv);
    words_caught_errors(caught);
    return code;
}

static void expect_wrong(const char *line, const char *says)
{
    char caught[ERROR_SIZE];
    assert_int_equal(run(line, caught), KITH_EXIT_USAGE);
    words_expect_error(caught, says);
}

// A command line that is fine up to the node that it asks.
static void expect_right(const char *line)
{
    char whole[2 * LINE_SIZE];
    snprintf(whole, sizeof(whole), "%s --node :::", line);
    expect_wrong(whole, "--node: expected an IP address or DNS name");
}

static int forget_environment(void **state)
{
    (void)state;
    unsetenv("KITH_NODE");
    unsetenv("KITH_OUTPUT");
    unsetenv("KITH_TIMEOUT");
    return 0;
}

static void what_can_not_be_parsed_is_one_line_and_code_2(void **state)
{
    (void)state;
    expect_wrong("kith nod ls", "did you mean 'kith node'?");
    expect_wrong("kith node ls --colour", "unknown option '--colour'");
    expect_wrong("kith send", "ADDRESS is missing; usage: kith send ADDRESS [OPTION]...");
    expect_wrong("kith version now", "unexpected argument 'now'");
}

static void without_a_command_the_help_is_an_error(void **state)
{
    (void)state;
    char caught[ERROR_SIZE];
    assert_int_equal(run("kith", caught), KITH_EXIT_USAGE);
    assert_ptr_equal(strstr(caught, "Usage: kith [OPTION]... COMMAND"), caught);
    assert_int_equal(run("kith proc", caught), KITH_EXIT_USAGE);
    assert_ptr_equal(strstr(caught, "Usage: kith proc COMMAND"), caught);
}

// Whatever commands there are: their addresses and patterns are looked at before anything else is
// done with them.
static void every_command_refuses_what_is_no_address_or_pattern(void **state)
{
    (void)state;
    static const char *const wrong[] = {"a/b/c/d", "''", "a//1", "a/b/-1", "a/b/x"};
    const struct kithi_command *command;
    char line[LINE_SIZE];
    size_t checked = 0;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        enum kithi_argument_kind kind = command->arguments[0].kind;
        if (kind != KITHI_ARGUMENT_ADDRESS && kind != KITHI_ARGUMENT_PATTERN)
            continue;
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            snprintf(line, sizeof(line),
                     "kith %s %s %s --node :::", command->group != NULL ? command->group : "",
                     command->name, wrong[j]);
            expect_wrong(line, kind == KITHI_ARGUMENT_ADDRESS ? "' is no address: "
                                                              : "' is no pattern: ");
            checked++;
        }
    }
    assert_true(checked > 0);
}

static void every_command_takes_addresses_and_patterns_as_documented(void **state)
{
    (void)state;
    static const char *const addresses[] = {"sensor",           "sensor/1",
                                            "garage/sensor",    "garage/sensor/1",
                                            "10.0.0.7/sensor",  "10.0.0.7:7400/sensor/1",
                                            "[::1]:7400/sensor"};
    static const char *const patterns[] = {"*", "sen?or", "'garage/*/*'", "'*/sensor/1'"};
    char line[LINE_SIZE];
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        snprintf(line, sizeof(line), "kith name resolve %s", addresses[i]);
        expect_right(line);
        snprintf(line, sizeof(line), "kith send %s", addresses[i]);
        expect_right(line);
    }
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        snprintf(line, sizeof(line), "kith name ls %s", patterns[i]);
        expect_right(line);
    }
}

static void a_slot_is_only_taken_for_a_process(void **state)
{
    (void)state;
    expect_right("kith proc info 7");
    expect_right("kith proc info 0x7");
    expect_wrong("kith proc info 7/8/9/10 --node :::", "is no address");
}

static void values_of_options_are_checked_before_there_is_a_node(void **state)
{
    (void)state;
    expect_wrong("kith node ping --count 0 --node :::", "--count: expected a number from 1 to ");
    expect_wrong("kith node ping --size 1T --node :::", "--size: expected a size");
    expect_wrong("kith node ping --interval 5 --node :::", "--interval: expected a time");
    expect_wrong("kith name watch --count x --node :::", "--count: expected a number");
    expect_wrong("kith proc ls --sort cup --node :::", "did you mean 'cpu'?");
    expect_wrong("kith send a --type x --node :::", "--type: expected a number");
    expect_wrong("kith bench --time 1 --node :::", "--time: expected a time");
}

static void general_options_are_checked(void **state)
{
    (void)state;
    expect_wrong("kith node ls --timeout 5", "--timeout: expected a time such as 500ms");
    expect_wrong("kith node ls --timeout 0", "--timeout: expected");
    expect_wrong("kith node ls --timeout 2d", "--timeout: expected");
    expect_wrong("kith node ls -o yaml", "--output: expected text or json, not 'yaml'");
    expect_right("kith node ls --timeout 1d");
}

static void the_environment_is_checked_and_options_win(void **state)
{
    (void)state;
    setenv("KITH_OUTPUT", "yaml", 1);
    expect_wrong("kith node ls", "--output: expected text or json, not 'yaml'");
    expect_right("kith node ls -o json");
    setenv("KITH_OUTPUT", "", 1);
    expect_right("kith node ls");
    setenv("KITH_TIMEOUT", "soon", 1);
    expect_wrong("kith node ls", "not 'soon'");
    setenv("KITH_TIMEOUT", "1s", 1);
    setenv("KITH_NODE", "a:b:c", 1);
    expect_wrong("kith node ls", "not 'a:b:c'");
}

static void what_was_typed_can_not_drive_the_terminal(void **state)
{
    (void)state;
    expect_wrong("kith \x1b[2J", "unknown command '?[2J'");
    expect_wrong("kith send \x1b]0;x\x07/a/b/c", "'?]0;x?/a/b/c' is no address");
}

// Runs it with standard output in a file, and gives that.
static int run_and_read(const char *line, char written[ERROR_SIZE])
{
    char caught[ERROR_SIZE];
    FILE *file = tmpfile();
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    int code = run(line, caught);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    rewind(file);
    written[fread(written, 1, ERROR_SIZE - 1, file)] = 0;
    fclose(file);
    assert_string_equal(caught, "");
    return code;
}

static void help_and_version_succeed_whatever_is_missing(void **state)
{
    (void)state;
    char written[ERROR_SIZE];
    assert_int_equal(run_and_read("kith send --help", written), KITH_EXIT_OK);
    assert_ptr_equal(strstr(written, "Usage: kith send ADDRESS [OPTION]..."), written);
    assert_int_equal(run_and_read("kith name -h", written), KITH_EXIT_OK);
    assert_ptr_equal(strstr(written, "Usage: kith name COMMAND"), written);
    assert_int_equal(run_and_read("kith --version", written), KITH_EXIT_OK);
    assert_ptr_equal(strstr(written, "kith  "), written);
    assert_int_equal(run_and_read("kith version -o json", written), KITH_EXIT_OK);
    assert_ptr_equal(strstr(written, "{\"version\":\""), written);
    assert_int_equal(run_and_read("kith completion bash", written), KITH_EXIT_OK);
    assert_ptr_equal(strstr(written, "# bash completion for kith\n"), written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_can_not_be_parsed_is_one_line_and_code_2, forget_environment),
        cmocka_unit_test_setup(without_a_command_the_help_is_an_error, forget_environment),
        cmocka_unit_test_setup(every_command_refuses_what_is_no_address_or_pattern,
                               forget_environment),
        cmocka_unit_test_setup(every_command_takes_addresses_and_patterns_as_documented,
                               forget_environment),
        cmocka_unit_test_setup(a_slot_is_only_taken_for_a_process, forget_environment),
        cmocka_unit_test_setup(values_of_options_are_checked_before_there_is_a_node,
                               forget_environment),
        cmocka_unit_test_setup(general_options_are_checked, forget_environment),
        cmocka_unit_test_setup(the_environment_is_checked_and_options_win, forget_environment),
        cmocka_unit_test_setup(what_was_typed_can_not_drive_the_terminal, forget_environment),
        cmocka_unit_test_setup(help_and_version_succeed_whatever_is_missing, forget_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
