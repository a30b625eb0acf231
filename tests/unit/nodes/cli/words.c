// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <unistd.h>

static FILE *caught;
static int errors = -1;

void words_split(struct words *words, const char *line)
{
    *words = (struct words){.argc = 0};
    char *out = words->line;
    assert_true(strlen(line) + 1 < LINE_SIZE);
    while (*line != 0 && strchr("|&>)", *line) == NULL) {
        if (*line == ' ') {
            line++;
            continue;
        }
        assert_true(words->argc < WORDS_MAX);
        words->argv[words->argc++] = out;
        for (bool quoted = false; *line != 0; line++) {
            if (*line == '\'')
                quoted = !quoted;
            else if (!quoted && strchr(" |&>)", *line) != NULL)
                break;
            else
                *out++ = *line;
        }
        *out++ = 0;
    }
}

static const char *argument_word(const struct kithi_argument *argument)
{
    switch (argument->kind) {
    case KITHI_ARGUMENT_NODE:
        return "garage";
    case KITHI_ARGUMENT_ADDRESS:
        return "10.0.0.7:7400/sensor/1";
    case KITHI_ARGUMENT_PATTERN:
        return "garage/*/*";
    default:
        return "text";
    }
}

char *words_of_command(const struct kithi_command *command, bool all, char text[LINE_SIZE])
{
    const char *group = command->group;
    size_t used = (size_t)snprintf(text, LINE_SIZE, "kith %s%s%s", group != NULL ? group : "",
                                   group != NULL ? " " : "", command->name);
    for (const struct kithi_argument *argument = command->arguments; argument->name != NULL;
         argument++) {
        if (all || !argument->optional)
            used += (size_t)snprintf(text + used, LINE_SIZE - used, " %s", argument_word(argument));
    }
    return text;
}

void words_catch_errors(void)
{
    fflush(stderr);
    caught = tmpfile();
    errors = dup(STDERR_FILENO);
    assert_non_null(caught);
    assert_true(errors >= 0 && dup2(fileno(caught), STDERR_FILENO) >= 0);
}

void words_caught_errors(char text[ERROR_SIZE])
{
    fflush(stderr);
    dup2(errors, STDERR_FILENO);
    close(errors);
    rewind(caught);
    text[fread(text, 1, ERROR_SIZE - 1, caught)] = 0;
    fclose(caught);
}

void words_expect_error(const char *text, const char *says)
{
    const char *line_end = strchr(text, '\n');
    if (strncmp(text, "kith: ", 6) != 0 || line_end == NULL || line_end[1] != 0 ||
        strstr(text, says) == NULL)
        fail_msg("expected one line with '%s', not '%s'", says, text);
}
