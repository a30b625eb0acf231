// SPDX-License-Identifier: Apache-2.0
// The program's own processes.
#include <assert.h>

#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/naming.h>

#include "app.h"

#define REGISTER_MS   10000
#define INSTANCES_MAX 100000

static void log_failure(struct kith_process *self, const char *event, const char *name,
                        enum kith_error error)
{
    const struct kith_log_field fields[] = {{"name", name, 0},
                                            {"error", kith_error_name(error), 0}};
    kith_node_log(kith_process_node(self), KITH_LOG_ERROR, event, fields, 2);
}

static enum kith_error serve(struct kith_process *self, const struct kith_app_process *process)
{
    struct kith_server server = {
        .service = process->service, .handlers = process->handlers, .state = process->state};
    return kith_serve(self, &server);
}

static void run_process(struct kith_process *self, void *argument)
{
    const struct kith_app_process *process = argument;
    enum kith_error error = KITH_OK;
    if (process->name != NULL)
        error = kith_register(self, process->name, KITH_INDEX_ANY, NULL,
                              kith_deadline_ms(self, REGISTER_MS));
    if (error != KITH_OK && error != KITH_ERROR_KILLED)
        log_failure(self, "process_unregistered", process->name, error);
    if (error != KITH_OK)
        kith_exit(self, error);
    if (process->entry != NULL) {
        process->entry(self, process->argument);
        return;
    }
    error = serve(self, process);
    if (error == KITH_ERROR_KILLED)
        return;
    log_failure(self, "process_not_serving", process->service->name, error);
    kith_exit(self, error);
}

enum kith_error kith_app_spawn(struct kith_node *node, const struct kith_app_process *process,
                               struct kith_ref *ref)
{
    assert((process->entry != NULL) != (process->service != NULL));
    const struct kith_spawn_options options = {
        .label = kithi_app_process_label(process),
        .entry = run_process,
        .argument = (void *)(uintptr_t)process,
        .stack_size = process->stack_size,
        .priority = process->priority,
        .mailbox_messages = process->mailbox_messages,
    };
    return kith_spawn(node, &options, ref);
}

static void run_start(struct kith_process *self, void *argument)
{
    const struct kith_app *app = ((struct kithi_app *)argument)->app;
    enum kith_error error = app->start(self, app->state);
    if (error != KITH_OK)
        kith_exit(self, error);
}

// Gives how the program's start has ended.
static enum kith_error wait_for_start(struct kith_process *self, struct kithi_app *app)
{
    const struct kith_spawn_options options = {
        .label = "start", .needed = true, .entry = run_start, .argument = app};
    struct kith_ref start;
    struct kith_message *message;
    enum kith_error error = kith_spawn(app->node, &options, &start);
    if (error == KITH_OK)
        error = kith_monitor_start(self, start, NULL);
    if (error == KITH_OK)
        error = kith_receive_type(self, KITH_TYPE_DOWN, &message, KITH_FOREVER);
    if (error != KITH_OK)
        return error;
    const struct kith_down *down = message->data;
    error = (enum kith_error)down->reason;
    kith_message_free(&message);
    return error;
}

// However it fails, by an overflow of its stack for example, the program isn't to run without it.
static void watch_start(struct kith_process *self, void *argument)
{
    struct kithi_app *app = argument;
    enum kith_error error = wait_for_start(self, app);
    if (error == KITH_OK || app->stopping)
        return;
    const struct kith_log_field field = {"error", kith_error_name(error), 0};
    kith_node_log(app->node, KITH_LOG_ERROR, "start_failed", &field, 1);
    kith_app_stop(app->node, KITH_EXIT_FAILURE);
}

// Services are made known before the first message can arrive.
static enum kith_error register_services(struct kithi_app *self)
{
    enum kith_error error = KITH_OK;
    for (size_t i = 0; i < KITH_APP_SERVICES && self->app->services[i] != NULL; i++) {
        if (error == KITH_OK)
            error = kith_service_register(self->node, self->app->services[i]);
    }
    for (size_t i = 0; i < KITH_APP_PROCESSES; i++) {
        if (error == KITH_OK && self->app->processes[i].service != NULL)
            error = kith_service_register(self->node, self->app->processes[i].service);
    }
    return error;
}

static uint64_t count_instances(struct kithi_app *self, const struct kith_app_process *process)
{
    if (process->instances == NULL)
        return 1;
    uint64_t count = kith_setting_number(self->node, process->instances);
    return count < INSTANCES_MAX ? count : INSTANCES_MAX;
}

static enum kith_error start_instances(struct kithi_app *self,
                                       const struct kith_app_process *process)
{
    uint64_t count = count_instances(self, process);
    if (process->restart)
        return kithi_supervise(self, process, count);
    enum kith_error error = KITH_OK;
    for (; count > 0 && error == KITH_OK; count--)
        error = kith_app_spawn(self->node, process, NULL);
    return error;
}

int kithi_app_start_processes(struct kithi_app *self)
{
    enum kith_error error = register_services(self);
    if (error != KITH_OK)
        return kithi_app_fail(self, KITH_EXIT_FAILURE, "a service can't be made known: %s",
                              kith_error_text(error));
    for (size_t i = 0; i < KITH_APP_PROCESSES; i++) {
        const struct kith_app_process *process = &self->app->processes[i];
        if (process->entry == NULL && process->service == NULL)
            break;
        error = start_instances(self, process);
        if (error != KITH_OK)
            return kithi_app_fail(self, KITH_EXIT_FAILURE, "process %s can't be started: %s",
                                  kithi_app_process_label(process), kith_error_text(error));
    }
    error = kithi_supervisor_start(self);
    if (error != KITH_OK)
        return kithi_app_fail(self, KITH_EXIT_FAILURE, "the supervisor can't be started: %s",
                              kith_error_text(error));
    if (self->app->start == NULL)
        return KITH_EXIT_OK;
    const struct kith_spawn_options options = {
        .label = "starter", .needed = true, .entry = watch_start, .argument = self};
    error = kith_spawn(self->node, &options, NULL);
    if (error != KITH_OK)
        return kithi_app_fail(self, KITH_EXIT_FAILURE, "the program can't be started: %s",
                              kith_error_text(error));
    return KITH_EXIT_OK;
}
