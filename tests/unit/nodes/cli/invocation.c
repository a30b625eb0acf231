// SPDX-License-Identifier: Apache-2.0
// Command lines, parsed.
#include "words.h"

#include "invocation.h"

static struct words words;

static bool parse(struct kithi_invocation *invocation, const char *line)
{
    words_split(&words, line);
    return kithi_invocation_parse(invocation, words.argc, words.argv);
}

static void expect_complaint(const char *line, const char *complaint)
{
    struct kithi_invocation invocation;
    assert_false(parse(&invocation, line));
    assert_string_equal(invocation.complaint, complaint);
}

static void every_command_is_read_with_all_its_arguments(void **state)
{
    (void)state;
    const struct kithi_command *command;
    struct kithi_invocation invocation;
    char line[LINE_SIZE];
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        for (int all = 0; all < 2; all++) {
            assert_true(parse(&invocation, words_of_command(command, all, line)));
            assert_ptr_equal(invocation.command, command);
            for (size_t j = 0; j < kithi_command_argument_count(command); j++)
                assert_true((invocation.arguments[j] != NULL) ==
                            (all || !command->arguments[j].optional));
        }
    }
}

static void every_option_is_read_by_name_and_by_letter(void **state)
{
    (void)state;
    const struct kithi_command *command;
    struct kithi_invocation invocation;
    char text[LINE_SIZE], line[LINE_SIZE + 64];
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        words_of_command(command, false, text);
        for (size_t j = 0; command->options[j].name != NULL; j++) {
            const struct kith_option *option = &command->options[j];
            const char *value = option->value != NULL ? "7" : "";
            snprintf(line, sizeof(line), "%s --%s %s", text, option->name, value);
            assert_true(parse(&invocation, line));
            assert_string_equal(kithi_invocation_option(&invocation, option->name), value);
            if (option->letter == 0)
                continue;
            snprintf(line, sizeof(line), "%s -%c %s", text, option->letter, value);
            assert_true(parse(&invocation, line));
            assert_string_equal(invocation.values[j], value);
        }
    }
}

static void general_options_may_stand_anywhere(void **state)
{
    (void)state;
    const char *const lines[] = {
        "kith -n a -w node ls",
        "kith node -n a --wide ls",
        "kith node ls --node=a -w",
    };
    struct kithi_invocation invocation;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_true(parse(&invocation, lines[i]));
        assert_string_equal(invocation.general[KITHI_GENERAL_NODE], "a");
        assert_non_null(invocation.general[KITHI_GENERAL_WIDE]);
        assert_null(invocation.general[KITHI_GENERAL_OUTPUT]);
        assert_string_equal(invocation.command->name, "ls");
    }
}

static void an_option_of_a_command_may_not_stand_before_it(void **state)
{
    (void)state;
    expect_complaint("kith --count 3 node ping", "unknown option '--count'; try 'kith --help'");
}

static void without_a_command_there_is_a_group_or_nothing(void **state)
{
    (void)state;
    struct kithi_invocation invocation;
    assert_true(parse(&invocation, "kith"));
    assert_null(invocation.command);
    assert_null(invocation.group);
    assert_true(parse(&invocation, "kith name"));
    assert_null(invocation.command);
    assert_string_equal(invocation.group->name, "name");
}

static void unknown_commands_suggest_the_nearest(void **state)
{
    (void)state;
    expect_complaint("kith nod ls", "unknown command 'nod'; did you mean 'kith node'?");
    expect_complaint("kith node sl", "unknown command 'sl'; did you mean 'kith node ls'?");
    expect_complaint("kith node resolve", "unknown command 'resolve'; try 'kith node --help'");
    expect_complaint("kith frobnicate", "unknown command 'frobnicate'; try 'kith --help'");
}

static void unknown_options_suggest_the_nearest(void **state)
{
    (void)state;
    expect_complaint("kith --nodee x node ls", "unknown option '--nodee'; did you mean '--node'?");
    expect_complaint("kith node ping --cuont 3",
                     "unknown option '--cuont'; did you mean '--count'?");
    expect_complaint("kith node ls --count 3",
                     "unknown option '--count'; try 'kith node ls --help'");
    expect_complaint("kith node -x ls", "unknown option '-x'; try 'kith node --help'");
}

static void missing_and_unwanted_values_are_told(void **state)
{
    (void)state;
    expect_complaint(
        "kith node ls --node",
        "option '--node' needs a value: --node HOST[:PORT]; try 'kith node ls --help'");
    expect_complaint("kith node ls --wide=yes",
                     "option '--wide' takes no value, but was given 'yes'; try 'kith node ls "
                     "--help'");
}

static void expect_start(const char *line, const char *start, const char *usage)
{
    struct kithi_invocation invocation;
    char complaint[KITHI_COMPLAINT_SIZE];
    snprintf(complaint, sizeof(complaint), "%s; usage: %s", start, usage);
    assert_false(parse(&invocation, line));
    assert_string_equal(invocation.complaint, complaint);
}

static void one_argument_too_few_or_too_many_shows_the_usage(void **state)
{
    (void)state;
    const struct kithi_command *command;
    char line[LINE_SIZE], usage[KITHI_USAGE_SIZE], start[64];
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        kithi_command_usage(command, usage);
        words_of_command(command, true, line);
        strcat(line, " surplus");
        expect_start(line, "unexpected argument 'surplus'", usage);
        if (command->arguments[0].name == NULL || command->arguments[0].optional)
            continue;
        snprintf(line, sizeof(line), "kith %s %s", command->group != NULL ? command->group : "",
                 command->name);
        snprintf(start, sizeof(start), "%s is missing", command->arguments[0].name);
        expect_start(line, start, usage);
    }
}

static void help_excuses_missing_arguments(void **state)
{
    (void)state;
    struct kithi_invocation invocation;
    assert_true(parse(&invocation, "kith help send"));
    assert_non_null(invocation.general[KITHI_GENERAL_HELP]);
    assert_string_equal(invocation.command->name, "send");
    assert_true(parse(&invocation, "kith send --help"));
    assert_string_equal(invocation.command->name, "send");
    assert_true(parse(&invocation, "kith send -V"));
    assert_false(parse(&invocation, "kith send"));
}

static void words_behind_two_dashes_are_arguments(void **state)
{
    (void)state;
    struct kithi_invocation invocation;
    assert_true(parse(&invocation, "kith call a Service.Method -- --text"));
    assert_string_equal(invocation.arguments[2], "--text");
    assert_true(parse(&invocation, "kith call a Service.Method -"));
    assert_string_equal(invocation.arguments[2], "-");
}

static void of_an_option_given_twice_the_last_counts(void **state)
{
    (void)state;
    struct kithi_invocation invocation;
    assert_true(parse(&invocation, "kith node ping -c 1 --count=2"));
    assert_string_equal(kithi_invocation_option(&invocation, "count"), "2");
    assert_null(kithi_invocation_option(&invocation, "interval"));
}

static void an_endless_word_is_cut_in_the_complaint(void **state)
{
    (void)state;
    char word[4 * KITHI_COMPLAINT_SIZE];
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = 0;
    char program[] = "kith", command[] = "version", option[sizeof(word) + 2] = "--";
    strcat(option, word);
    char *const lines[][4] = {{program, word}, {program, command, word}, {program, option}};
    struct kithi_invocation invocation;
    for (size_t i = 0; i < 3; i++) {
        int argc = i == 1 ? 3 : 2;
        assert_false(kithi_invocation_parse(&invocation, argc, (char **)(uintptr_t)lines[i]));
        assert_true(strlen(invocation.complaint) < KITHI_COMPLAINT_SIZE);
        assert_non_null(strstr(invocation.complaint, "xxxx"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_read_with_all_its_arguments),
        cmocka_unit_test(every_option_is_read_by_name_and_by_letter),
        cmocka_unit_test(general_options_may_stand_anywhere),
        cmocka_unit_test(an_option_of_a_command_may_not_stand_before_it),
        cmocka_unit_test(without_a_command_there_is_a_group_or_nothing),
        cmocka_unit_test(unknown_commands_suggest_the_nearest),
        cmocka_unit_test(unknown_options_suggest_the_nearest),
        cmocka_unit_test(missing_and_unwanted_values_are_told),
        cmocka_unit_test(one_argument_too_few_or_too_many_shows_the_usage),
        cmocka_unit_test(help_excuses_missing_arguments),
        cmocka_unit_test(words_behind_two_dashes_are_arguments),
        cmocka_unit_test(of_an_option_given_twice_the_last_counts),
        cmocka_unit_test(an_endless_word_is_cut_in_the_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
