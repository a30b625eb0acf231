// SPDX-License-Identifier: Apache-2.0
// Help, man pages and completion: all of them have all that is in the table of commands.
#include "words.h"

#include <kith/wrap.h>

#include "help.h"

#define TEXT_SIZE 65536

// Gives a stream that writes into `text`; closing it ends the text.
static FILE *begin(char text[TEXT_SIZE])
{
    FILE *out = fmemopen(text, TEXT_SIZE, "w");
    assert_non_null(out);
    return out;
}

static void expect_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' isn't in:\n%s", part, text);
}

// As man pages write it: a bare '-' would be a hyphen.
static void expect_in_man(const char *text, const char *part)
{
    char escaped[LINE_SIZE];
    size_t used = 0;
    for (; *part != 0; part++) {
        if (*part == '-')
            escaped[used++] = '\\';
        escaped[used++] = *part;
    }
    escaped[used] = 0;
    expect_in(text, escaped);
}

static char *name_of(const struct kithi_command *command, char text[LINE_SIZE])
{
    snprintf(text, LINE_SIZE, "%s%s%s", command->group != NULL ? command->group : "",
             command->group != NULL ? " " : "", command->name);
    return text;
}

static void the_help_lists_every_command_option_and_exit_code(void **state)
{
    (void)state;
    char text[TEXT_SIZE], line[LINE_SIZE + 16], name[LINE_SIZE];
    FILE *out = begin(text);
    kithi_help_all(out);
    fclose(out);
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        snprintf(line, sizeof(line), "\n  %s ", name_of(command, name));
        expect_in(text, line);
    }
    for (size_t i = 0; i < KITHI_GENERAL_COUNT; i++) {
        snprintf(line, sizeof(line), ", --%s ", kithi_general_options[i].name);
        expect_in(text, line);
    }
    for (size_t i = 0; i < KITHI_EXIT_COUNT; i++) {
        snprintf(line, sizeof(line), "\n  %zu   %s\n", i, kithi_exit_meanings[i]);
        expect_in(text, line);
    }
}

static void the_help_of_a_group_lists_its_commands_and_no_others(void **state)
{
    (void)state;
    char text[TEXT_SIZE], line[LINE_SIZE + 16], name[LINE_SIZE];
    const struct kithi_group *group;
    const struct kithi_command *command;
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++) {
        FILE *out = begin(text);
        kithi_help_group(out, group);
        fclose(out);
        for (size_t j = 0; (command = kithi_command_at(j)) != NULL; j++) {
            bool belongs = command->group != NULL && strcmp(command->group, group->name) == 0;
            snprintf(line, sizeof(line), "\n  %s ", name_of(command, name));
            assert_true((strstr(text, line) != NULL) == belongs);
        }
    }
}

static void the_help_of_a_command_says_all_about_it(void **state)
{
    (void)state;
    char text[TEXT_SIZE], line[LINE_SIZE];
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        FILE *out = begin(text);
        kithi_help_command(out, command);
        fclose(out);
        expect_in(text, command->summary + 1);
        for (size_t j = 0; command->arguments[j].name != NULL; j++) {
            snprintf(line, sizeof(line), "\n  %s ", command->arguments[j].name);
            expect_in(text, line);
        }
        for (size_t j = 0; command->options[j].name != NULL; j++) {
            snprintf(line, sizeof(line), "--%s", command->options[j].name);
            expect_in(text, line);
        }
        for (size_t j = 0; command->examples[j].command != NULL; j++)
            expect_in(text, command->examples[j].command);
    }
}

static void help_stays_within_the_width(void **state)
{
    (void)state;
    char text[TEXT_SIZE];
    FILE *out = begin(text);
    kithi_help_all(out);
    const struct kithi_group *group;
    const struct kithi_command *command;
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++)
        kithi_help_group(out, group);
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++)
        kithi_help_command(out, command);
    fclose(out);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_true(kith_wrap_columns(line) <= KITH_WRAP_WIDTH);
}

static void the_man_page_lists_every_command(void **state)
{
    (void)state;
    char text[TEXT_SIZE], page[KITHI_PAGE_SIZE];
    FILE *out = begin(text);
    kithi_man_all(out, "1.2");
    fclose(out);
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++)
        expect_in_man(text, kithi_man_page(command, page));
    for (size_t i = 0; i < KITHI_GENERAL_COUNT; i++)
        expect_in_man(text, kithi_general_options[i].name);
    expect_in(text, "kith 1.2");
}

static void every_command_has_a_man_page_with_all_its_options(void **state)
{
    (void)state;
    char text[TEXT_SIZE], page[KITHI_PAGE_SIZE], line[LINE_SIZE];
    const struct kithi_command *command;
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        FILE *out = begin(text);
        kithi_man_command(out, command, "1.2");
        fclose(out);
        snprintf(line, sizeof(line), "\n%s - ", kithi_man_page(command, page));
        expect_in_man(text, line + 1 + strlen(page));
        expect_in(text, page);
        for (size_t j = 0; command->options[j].name != NULL; j++) {
            snprintf(line, sizeof(line), "--%s", command->options[j].name);
            expect_in_man(text, line);
        }
        for (size_t j = 0; j < KITHI_GENERAL_COUNT; j++) {
            snprintf(line, sizeof(line), "--%s", kithi_general_options[j].name);
            expect_in_man(text, line);
        }
        for (size_t j = 0; command->arguments[j].name != NULL; j++) {
            snprintf(line, sizeof(line), "\\fB%s\\fR", command->arguments[j].name);
            expect_in(text, line);
        }
    }
}

// From the line "    'node ls')" up to its ";;".
static void find_case(const char *script, const char *name, char part[TEXT_SIZE])
{
    char line[LINE_SIZE];
    snprintf(line, sizeof(line), "\n    '%s')\n", name);
    const char *start = strstr(script, line);
    if (start == NULL)
        fail_msg("no case for '%s' in:\n%s", name, script);
    const char *end = strstr(start, ";;");
    snprintf(part, TEXT_SIZE, "%.*s", (int)(end - start), start);
}

static void expect_word(const char *part, const char *kind, const char *word)
{
    char text[TEXT_SIZE], line[LINE_SIZE];
    const char *start = strstr(part, kind);
    assert_non_null(start);
    start += strlen(kind);
    snprintf(text, sizeof(text), " %.*s ", (int)strcspn(start, "\""), start);
    snprintf(line, sizeof(line), " %s ", word);
    expect_in(text, line);
}

static void completion_offers_every_command_and_every_option(void **state)
{
    (void)state;
    char script[TEXT_SIZE], part[TEXT_SIZE], name[LINE_SIZE], word[LINE_SIZE];
    FILE *out = begin(script);
    kithi_complete_bash(out);
    fclose(out);
    const struct kithi_group *group;
    const struct kithi_command *command;
    find_case(script, "", part);
    for (size_t i = 0; (group = kithi_group_at(i)) != NULL; i++)
        expect_word(part, "offer=\"", group->name);
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        find_case(script, command->group != NULL ? command->group : "", part);
        expect_word(part, "offer=\"", command->name);
        find_case(script, name_of(command, name), part);
        for (size_t j = 0; command->options[j].name != NULL; j++) {
            snprintf(word, sizeof(word), "--%s", command->options[j].name);
            expect_word(part, "options=\"", word);
        }
        for (size_t j = 0; j < KITHI_GENERAL_COUNT; j++) {
            snprintf(word, sizeof(word), "--%s", kithi_general_options[j].name);
            expect_word(part, "options=\"", word);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_help_lists_every_command_option_and_exit_code),
        cmocka_unit_test(the_help_of_a_group_lists_its_commands_and_no_others),
        cmocka_unit_test(the_help_of_a_command_says_all_about_it),
        cmocka_unit_test(help_stays_within_the_width),
        cmocka_unit_test(the_man_page_lists_every_command),
        cmocka_unit_test(every_command_has_a_man_page_with_all_its_options),
        cmocka_unit_test(completion_offers_every_command_and_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
