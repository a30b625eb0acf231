// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kith/quantity.h>

#include "help.h"
#include "session.h"

#define NS_PER_S    UINT64_C(1000000000)
#define TIMEOUT_MAX (86400 * NS_PER_S)

// The option, or the variable that stands for it, or what it is without both.
static const char *choose(const struct kithi_session *session, enum kithi_general option,
                          const char *variable, const char *initial)
{
    const char *given = session->invocation.general[option];
    if (given != NULL)
        return given;
    given = getenv(variable);
    return given != NULL && given[0] != 0 ? given : initial;
}

static int read_output(struct kithi_session *session)
{
    const char *format = choose(session, KITHI_GENERAL_OUTPUT, "KITH_OUTPUT", "text");
    session->output.json = strcmp(format, "json") == 0;
    if (!session->output.json && strcmp(format, "text") != 0)
        return kithi_fail(session, KITH_EXIT_USAGE, "--output: expected text or json, not '%.100s'",
                          format);
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
    session->output.out = stdout;
    session->output.wide = session->invocation.general[KITHI_GENERAL_WIDE] != NULL;
    session->output.colour = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == 0) &&
                             terminal != NULL && strcmp(terminal, "dumb") != 0;
    session->progress = isatty(STDERR_FILENO);
    return KITH_EXIT_OK;
}

static int read_general(struct kithi_session *session)
{
    const char *timeout = choose(session, KITHI_GENERAL_TIMEOUT, "KITH_TIMEOUT", "5s");
    session->target_text = choose(session, KITHI_GENERAL_NODE, "KITH_NODE", "127.0.0.1:7400");
    if (kith_quantity_duration(timeout, &session->timeout_ns) != KITH_OK ||
        session->timeout_ns == 0 || session->timeout_ns > TIMEOUT_MAX)
        return kithi_fail(session, KITH_EXIT_USAGE,
                          "--timeout: expected a time such as 500ms or 10s, up to 1d, not "
                          "'%.100s'",
                          timeout);
    return read_output(session);
}

// Processes can be given by their slot, too, where the argument says so.
static bool is_slot(const struct kithi_command *command, const char *text)
{
    uint64_t slot;
    return strcmp(command->arguments[0].name, "PROCESS") == 0 &&
           kith_quantity_number(text, &slot) == KITH_OK;
}

static int check_arguments(const struct kithi_session *session)
{
    const struct kithi_command *command = session->invocation.command;
    for (size_t i = 0; command->arguments[i].name != NULL; i++) {
        const char *text = session->invocation.arguments[i], *problem = NULL;
        enum kithi_argument_kind kind = command->arguments[i].kind;
        if (text != NULL && kind == KITHI_ARGUMENT_PATTERN)
            problem = kith_pattern_problem(text);
        else if (text != NULL && kind == KITHI_ARGUMENT_ADDRESS && !is_slot(command, text))
            problem = kith_address_problem(text);
        if (problem != NULL)
            return kithi_fail(session, KITH_EXIT_USAGE, "'%.200s' is no %s: %s; for example: %s",
                              text, kind == KITHI_ARGUMENT_PATTERN ? "pattern" : "address", problem,
                              kind == KITHI_ARGUMENT_PATTERN ? "'counter/*'"
                                                             : "10.0.0.7:7400/sensor/1");
    }
    return KITH_EXIT_OK;
}

static int run_command(struct kithi_session *session)
{
    const struct kithi_command *command = session->invocation.command;
    int code = read_general(session);
    if (code == KITH_EXIT_OK)
        code = check_arguments(session);
    if (code == KITH_EXIT_OK && command->check != NULL)
        code = command->check(session);
    if (code != KITH_EXIT_OK)
        return code;
    return command->run_alone != NULL ? command->run_alone(session) : kithi_session_main(session);
}

static int show_help(const struct kithi_invocation *invocation, FILE *out)
{
    if (invocation->command != NULL)
        kithi_help_command(out, invocation->command);
    else if (invocation->group != NULL)
        kithi_help_group(out, invocation->group);
    else
        kithi_help_all(out);
    return KITH_EXIT_OK;
}

static int run_invocation(struct kithi_session *session)
{
    struct kithi_invocation *invocation = &session->invocation;
    if (invocation->general[KITHI_GENERAL_HELP] != NULL)
        return show_help(invocation, stdout);
    if (invocation->general[KITHI_GENERAL_VERSION] != NULL)
        invocation->command = kithi_command_find(NULL, "version");
    if (invocation->command == NULL) {
        show_help(invocation, stderr);
        return KITH_EXIT_USAGE;
    }
    return run_command(session);
}

int kithi_run(int argc, char **argv)
{
    struct kithi_session session = {.exit_code = KITH_EXIT_FAILURE};
    if (!kithi_invocation_parse(&session.invocation, argc, argv))
        return kithi_fail(&session, KITH_EXIT_USAGE, "%s", session.invocation.complaint);
    int code = run_invocation(&session);
    // A full disk must not look like success; a closed pipe is no failure of ours.
    if (fflush(stdout) != 0 && code == KITH_EXIT_OK && errno != EPIPE)
        code =
            kithi_fail(&session, KITH_EXIT_FAILURE, "can't write the result: %s", strerror(errno));
    return code;
}
