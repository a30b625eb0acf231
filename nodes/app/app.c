// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "check.h"
#include "declared.h"
#include "help.h"
#include "settings.h"

extern char **environ;

int kithi_app_fail(const struct kithi_app *self, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", self->app->program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

static void tell_problems(const struct kithi_app *self, const struct kithi_problems *problems)
{
    for (size_t i = 0; i < problems->kept; i++)
        fprintf(stderr, "%s: %s\n", self->app->program, problems->texts[i]);
    if (problems->errors + problems->warnings > problems->kept)
        fprintf(stderr, "%s: and %zu more\n", self->app->program,
                problems->errors + problems->warnings - problems->kept);
    if (problems->errors > 0)
        fprintf(stderr, "%s: try '%s --help'\n", self->app->program, self->app->program);
}

static void read_sources(struct kithi_app *self, int argc, char **argv,
                         struct kithi_arguments *arguments, struct kithi_problems *problems)
{
    kithi_arguments_read(arguments, &self->config, argc, argv, problems);
    if (arguments->action == KITHI_HELP || arguments->action == KITHI_SHOW_VERSION)
        return;
    const char *file = arguments->file;
    if (file == NULL)
        file = getenv("KITH_CONFIG");
    if (file != NULL && file[0] != 0)
        kithi_config_read_file(&self->config, file, problems);
    kithi_config_read_environment(&self->config, environ, problems);
    if (problems->errors == 0)
        kithi_config_check(&self->config, problems);
}

// Reads everything that is said to the program. False: it ends here with *code.
static bool configure(struct kithi_app *self, int argc, char **argv, int *code)
{
    struct kithi_problems problems = {.kept = 0};
    const struct kith_setting *settings = self->app->settings;
    kithi_config_init(&self->config, settings, kithi_settings_count(settings, KITH_APP_SETTINGS),
                      &problems);
    struct kithi_arguments arguments;
    const struct kithi_program program = {self->app->program, self->app->version,
                                          self->app->summary, self->app->description};
    read_sources(self, argc, argv, &arguments, &problems);
    *code = KITH_EXIT_OK;
    if (arguments.action == KITHI_HELP) {
        kithi_help_print(stdout, &program, &self->config);
        return false;
    }
    if (arguments.action == KITHI_SHOW_VERSION && problems.errors == 0) {
        printf("%s %s\n", self->app->program, self->app->version);
        return false;
    }
    tell_problems(self, &problems);
    if (problems.errors > 0) {
        *code = KITH_EXIT_USAGE;
        return false;
    }
    if (arguments.action == KITHI_CHECK)
        kithi_help_show(stdout, &self->config);
    return arguments.action == KITHI_RUN;
}

// A full disk must not look like success; a closed pipe is no failure of ours.
static int end_printing(const struct kithi_app *self, int code)
{
    if (fflush(stdout) == 0 || code != KITH_EXIT_OK || errno == EPIPE)
        return code;
    return kithi_app_fail(self, KITH_EXIT_FAILURE, "can't write to standard output: %s",
                          strerror(errno));
}

static void on_stop(void *argument, int signal_number)
{
    (void)signal_number;
    kithi_app_begin_stop(argument);
}

static void log_start(const struct kithi_app *self)
{
    char endpoint_text[KITH_ENDPOINT_TEXT_SIZE], incarnation[17];
    struct kith_endpoint endpoint = kith_net_endpoint(self->net);
    snprintf(incarnation, sizeof(incarnation), "%016" PRIx64, kith_node_incarnation(self->node));
    const struct kith_log_field fields[] = {
        {"name", self->name, 0},
        {"endpoint", kith_endpoint_format(&endpoint, endpoint_text), 0},
        {"incarnation", incarnation, 0},
        {"program", self->app->program, 0},
        {"version", self->app->version, 0}};
    kith_node_log(self->node, KITH_LOG_INFO, "node_started", fields, 5);
}

static int run_node(struct kithi_app *self)
{
    int code = kithi_app_write_state(self);
    if (code == KITH_EXIT_OK)
        code = kithi_app_start_processes(self);
    if (code != KITH_EXIT_OK)
        return code;
    enum kith_error error = kithi_app_start_peers(self);
    if (error == KITH_OK)
        error = kith_platform_linux_on_stop(&self->platform, on_stop, self);
    if (error != KITH_OK)
        return kithi_app_fail(self, KITH_EXIT_FAILURE, "can't start: %s", kith_error_text(error));
    log_start(self);
    kith_node_run(self->node);
    const struct kith_log_field name = {"name", self->name, 0};
    kith_node_log(self->node, KITH_LOG_INFO, "node_stopped", &name, 1);
    return self->exit_code;
}

int kith_app_run(int argc, char **argv, const struct kith_app *app)
{
    struct kith_app described = *app;
    if (described.version == NULL)
        described.version = KITH_VERSION;
    if (described.program == NULL)
        described.program = "a program without a name";
    if (described.summary == NULL)
        described.summary = "a node";
    struct kithi_app self = {.app = &described};
    struct kithi_problems mistakes = {.kept = 0};
    kithi_app_check(&described, &mistakes);
    for (size_t i = 0; i < mistakes.kept; i++)
        kithi_app_fail(&self, KITH_EXIT_FAILURE, "struct kith_app: %s", mistakes.texts[i]);
    if (mistakes.errors > 0)
        return KITH_EXIT_FAILURE;
    int code;
    if (configure(&self, argc, argv, &code)) {
        // A peer of ours that reads our output may end before us.
        signal(SIGPIPE, SIG_IGN);
        code = kithi_app_open(&self);
        if (code == KITH_EXIT_OK)
            code = run_node(&self);
        kithi_app_remove_state(&self);
        kithi_app_close(&self);
    } else {
        code = end_printing(&self, code);
    }
    kithi_config_fini(&self.config);
    return code;
}

struct kith_net *kith_app_net(struct kith_node *node)
{
    struct kithi_app *self = kith_node_part(node, KITH_PART_APP);
    return self->net;
}
