// SPDX-License-Identifier: Apache-2.0
#include <kith/option.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct kith_option options[] = {
    {"node", 'n', "HOST", "the node to ask"},
    {"output", 'o', "FORMAT", "how results are written"},
    {"verbose", 'v', NULL, "say more"},
    {"quiet", 'q', NULL, "say less"},
    {"a-very-long-option-name", 0, "SOMETHING-LONG", "help that starts on a line of its own"},
};

static void begin(struct kith_option_reader *reader, char **words)
{
    int count = 0;
    while (words[count] != NULL)
        count++;
    kith_option_reader_init(reader, count, words, options, sizeof(options) / sizeof(options[0]));
}

#define BEGIN(reader, ...) begin(&(reader), (char *[]){(char[]){"program"}, __VA_ARGS__, NULL})

static void expect_given(struct kith_option_reader *reader, const char *name, const char *value)
{
    struct kith_option_event event = kith_option_next(reader);
    assert_int_equal(event.kind, KITH_OPTION_GIVEN);
    assert_string_equal(event.option->name, name);
    if (value != NULL)
        assert_string_equal(event.value, value);
    else
        assert_null(event.value);
}

static void expect_argument(struct kith_option_reader *reader, const char *value)
{
    struct kith_option_event event = kith_option_next(reader);
    assert_int_equal(event.kind, KITH_OPTION_ARGUMENT);
    assert_string_equal(event.value, value);
}

static void expect_end(struct kith_option_reader *reader)
{
    assert_int_equal(kith_option_next(reader).kind, KITH_OPTION_END);
    assert_int_equal(kith_option_next(reader).kind, KITH_OPTION_END);
}

#define W(text)                                                                                    \
    (char[])                                                                                       \
    {                                                                                              \
        text                                                                                       \
    }

static void a_value_may_stand_beside_behind_or_in_the_option(void **state)
{
    (void)state;
    struct kith_option_reader reader;
    BEGIN(reader, W("--node=a"), W("--node"), W("b"), W("-nc"), W("-n"), W("d"), W("--node="),
          W("--node"), W("--quiet"));
    expect_given(&reader, "node", "a");
    expect_given(&reader, "node", "b");
    expect_given(&reader, "node", "c");
    expect_given(&reader, "node", "d");
    expect_given(&reader, "node", "");
    expect_given(&reader, "node", "--quiet");
    expect_end(&reader);
}

static void switches_may_share_one_dash(void **state)
{
    (void)state;
    struct kith_option_reader reader;
    BEGIN(reader, W("-vqo"), W("json"), W("-vnx"));
    expect_given(&reader, "verbose", NULL);
    expect_given(&reader, "quiet", NULL);
    expect_given(&reader, "output", "json");
    expect_given(&reader, "verbose", NULL);
    expect_given(&reader, "node", "x");
    expect_end(&reader);
}

static void arguments_and_options_may_be_mixed(void **state)
{
    (void)state;
    struct kith_option_reader reader;
    BEGIN(reader, W("ls"), W("-v"), W("-"), W("--"), W("-v"), W("--"));
    expect_argument(&reader, "ls");
    expect_given(&reader, "verbose", NULL);
    expect_argument(&reader, "-");
    expect_argument(&reader, "-v");
    expect_argument(&reader, "--");
    expect_end(&reader);
}

static void expect_complaint(enum kith_option_kind kind, char *word, const char *text)
{
    struct kith_option_reader reader;
    char complaint[200];
    BEGIN(reader, word);
    struct kith_option_event event = kith_option_next(&reader);
    assert_int_equal(event.kind, kind);
    kith_option_explain(&reader, &event, complaint, sizeof(complaint));
    assert_string_equal(complaint, text);
}

static void unknown_options_suggest_the_nearest(void **state)
{
    (void)state;
    expect_complaint(KITH_OPTION_UNKNOWN, W("--nodee"),
                     "unknown option '--nodee'; did you mean '--node'?");
    expect_complaint(KITH_OPTION_UNKNOWN, W("--ouptut=json"),
                     "unknown option '--ouptut'; did you mean '--output'?");
    expect_complaint(KITH_OPTION_UNKNOWN, W("--frobnicate"), "unknown option '--frobnicate'");
    expect_complaint(KITH_OPTION_UNKNOWN, W("-x"), "unknown option '-x'");
}

static void missing_and_unwanted_values_are_told(void **state)
{
    (void)state;
    expect_complaint(KITH_OPTION_VALUE_MISSING, W("--node"),
                     "option '--node' needs a value: --node HOST");
    expect_complaint(KITH_OPTION_VALUE_MISSING, W("-n"),
                     "option '--node' needs a value: --node HOST");
    expect_complaint(KITH_OPTION_VALUE_UNWANTED, W("--quiet=yes"),
                     "option '--quiet' takes no value, but was given 'yes'");
}

static void overlong_options_are_cut_in_the_complaint(void **state)
{
    (void)state;
    char word[1000] = "--";
    memset(word + 2, 'x', sizeof(word) - 3);
    struct kith_option_reader reader;
    char complaint[100];
    BEGIN(reader, word);
    struct kith_option_event event = kith_option_next(&reader);
    assert_int_equal(event.kind, KITH_OPTION_UNKNOWN);
    kith_option_explain(&reader, &event, complaint, sizeof(complaint));
    assert_int_equal(strlen(complaint), sizeof(complaint) - 1);
}

static void the_list_is_aligned(void **state)
{
    (void)state;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    kith_option_print(out, options, sizeof(options) / sizeof(options[0]));
    fclose(out);
    assert_string_equal(text,
                        "  -n, --node HOST           the node to ask\n"
                        "  -o, --output FORMAT       how results are written\n"
                        "  -v, --verbose             say more\n"
                        "  -q, --quiet               say less\n"
                        "      --a-very-long-option-name SOMETHING-LONG\n"
                        "                            help that starts on a line of its own\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_may_stand_beside_behind_or_in_the_option),
        cmocka_unit_test(switches_may_share_one_dash),
        cmocka_unit_test(arguments_and_options_may_be_mixed),
        cmocka_unit_test(unknown_options_suggest_the_nearest),
        cmocka_unit_test(missing_and_unwanted_values_are_told),
        cmocka_unit_test(overlong_options_are_cut_in_the_complaint),
        cmocka_unit_test(the_list_is_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
