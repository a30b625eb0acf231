// SPDX-License-Identifier: Apache-2.0
// The table of commands: what is in it is whole, and fits together.
#include "words.h"

#include <ctype.h>

#include "invocation.h"

static void every_command_can_be_found_and_run_in_one_way(void **state)
{
    (void)state;
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        assert_ptr_equal(kithi_command_find(command->group, command->name), command);
        assert_true((command->run != NULL) != (command->run_alone != NULL));
        if (command->group != NULL)
            assert_non_null(kithi_group_find(command->group));
    }
}

static void every_group_has_commands(void **state)
{
    (void)state;
    const struct kithi_group *group;
    const struct kithi_command *command;
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++) {
        size_t count = 0;
        assert_null(kithi_command_find(NULL, group->name));
        for (size_t j = 0; (command = kithi_command_at(j)) != NULL; j++)
            count += command->group != NULL && strcmp(command->group, group->name) == 0;
        assert_true(count > 0);
    }
}

// Help texts begin with the summary as a sentence, and put the option's text behind its heading.
static void what_is_said_is_a_phrase(void **state)
{
    (void)state;
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        assert_true(islower((unsigned char)command->summary[0]));
        assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
        assert_non_null(command->examples[0].command);
        for (size_t j = 0; command->options[j].name != NULL; j++) {
            const char *help = command->options[j].help;
            assert_int_not_equal(help[strlen(help) - 1], '.');
        }
    }
}

static bool same_option(const struct kith_option *a, const struct kith_option *b)
{
    return strcmp(a->name, b->name) == 0 || (a->letter != 0 && a->letter == b->letter);
}

static void no_option_of_a_command_hides_another(void **state)
{
    (void)state;
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        size_t count = kithi_command_option_count(command);
        assert_true(count <= KITHI_OPTIONS_MAX);
        for (size_t j = 0; j < count; j++) {
            for (size_t k = j + 1; k < count; k++)
                assert_false(same_option(&command->options[j], &command->options[k]));
            for (size_t k = 0; k < KITHI_GENERAL_COUNT; k++)
                assert_false(same_option(&command->options[j], &kithi_general_options[k]));
        }
    }
}

static void optional_arguments_come_last(void **state)
{
    (void)state;
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        size_t count = kithi_command_argument_count(command);
        assert_true(count <= KITHI_ARGUMENTS_MAX);
        for (size_t j = 1; j < count; j++)
            assert_true(command->arguments[j].optional || !command->arguments[j - 1].optional);
    }
}

// The examples are what people copy.
static void every_example_is_a_command_line_of_its_command(void **state)
{
    (void)state;
    const struct kithi_command *command;
    struct words words;
    struct kithi_invocation invocation;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        for (size_t j = 0; command->examples[j].command != NULL; j++) {
            const char *start = strstr(command->examples[j].command, "kith ");
            assert_non_null(start);
            words_split(&words, start);
            if (!kithi_invocation_parse(&invocation, words.argc, words.argv))
                fail_msg("%s: %s", start, invocation.complaint);
            assert_ptr_equal(invocation.command, command);
        }
    }
}

static void the_usage_names_every_argument(void **state)
{
    (void)state;
    const struct kithi_command *command;
    char usage[KITHI_USAGE_SIZE];
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        kithi_command_usage(command, usage);
        for (size_t j = 0; command->arguments[j].name != NULL; j++)
            assert_non_null(strstr(usage, command->arguments[j].name));
    }
    assert_string_equal(kithi_command_usage(kithi_command_find("node", "ping"), usage),
                        "kith node ping [NODE] [OPTION]...");
    assert_string_equal(kithi_command_usage(kithi_command_find(NULL, "call"), usage),
                        "kith call ADDRESS [METHOD] [JSON] [OPTION]...");
}

static void the_nearest_word_that_may_stand_there_is_suggested(void **state)
{
    (void)state;
    assert_string_equal(kithi_command_suggest(NULL, "nod"), "node");
    assert_string_equal(kithi_command_suggest(NULL, "sned"), "send");
    assert_string_equal(kithi_command_suggest("name", "resovle"), "resolve");
    assert_null(kithi_command_suggest("node", "resovle"));
    assert_null(kithi_command_suggest(NULL, "resovle"));
    assert_null(kithi_command_suggest("node", "sned"));
    assert_null(kithi_command_suggest(NULL, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_can_be_found_and_run_in_one_way),
        cmocka_unit_test(every_group_has_commands),
        cmocka_unit_test(what_is_said_is_a_phrase),
        cmocka_unit_test(no_option_of_a_command_hides_another),
        cmocka_unit_test(optional_arguments_come_last),
        cmocka_unit_test(every_example_is_a_command_line_of_its_command),
        cmocka_unit_test(the_usage_names_every_argument),
        cmocka_unit_test(the_nearest_word_that_may_stand_there_is_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
