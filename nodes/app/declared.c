// SPDX-License-Identifier: Apache-2.0
// What a program says about itself is checked before anything is done with it: a mistake in a table
// should be told as one, with its place, and not come out as something else later.
#include <stdio.h>
#include <string.h>

#include <kith/naming.h>

#include "app.h"
#include "declared.h"

#define WHERE_SIZE 96

static bool is_empty(const struct kith_app_process *process)
{
    return process->name == NULL && process->label == NULL && process->entry == NULL &&
           process->service == NULL && process->handlers == NULL;
}

static void check_handlers(const struct kith_app_process *process, const char *where,
                           struct kithi_problems *problems)
{
    const ProtobufCServiceDescriptor *service = process->service;
    if (process->handlers == NULL) {
        kithi_problem_error(problems, "%s: a service without handlers", where);
        return;
    }
    for (const struct kith_handler *handler = process->handlers; handler->method != NULL;
         handler++) {
        if (protobuf_c_service_descriptor_get_method_by_name(service, handler->method) == NULL)
            kithi_problem_error(problems, "%s: service %s has no method '%.60s'", where,
                                service->name, handler->method);
        if (handler->handle == NULL)
            kithi_problem_error(problems, "%s: method '%.60s' has no function", where,
                                handler->method);
    }
}

static void check_instances(const struct kith_app *app, const struct kith_app_process *process,
                            const char *where, struct kithi_problems *problems)
{
    size_t count = kithi_settings_count(app->settings, KITH_APP_SETTINGS);
    if (process->instances == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(app->settings[i].key, process->instances) == 0 &&
            app->settings[i].type == KITH_SETTING_NUMBER)
            return;
    }
    kithi_problem_error(problems, "%s: its instances: '%.40s' is no NUMBER in settings", where,
                        process->instances);
}

static void check_process(const struct kith_app *app, size_t place, struct kithi_problems *problems)
{
    const struct kith_app_process *process = &app->processes[place];
    const char *name = process->name != NULL    ? process->name
                       : process->label != NULL ? process->label
                                                : "";
    char where[WHERE_SIZE];
    snprintf(where, sizeof(where), "processes[%zu] '%.64s'", place, name);
    if (process->name != NULL && !kith_name_valid(process->name))
        kithi_problem_error(problems, "%s: %s", where, kith_name_problem(process->name));
    if (process->entry == NULL && process->service == NULL)
        kithi_problem_error(problems, "%s: neither an entry nor a service", where);
    else if (process->entry != NULL && process->service != NULL)
        kithi_problem_error(problems, "%s: an entry and a service; which of them runs it?", where);
    else if (process->service != NULL)
        check_handlers(process, where, problems);
    check_instances(app, process, where, problems);
}

static void check_processes(const struct kith_app *app, struct kithi_problems *problems)
{
    bool ended = false;
    for (size_t place = 0; place < KITH_APP_PROCESSES; place++) {
        bool empty = is_empty(&app->processes[place]);
        if (!empty && ended)
            kithi_problem_error(problems, "processes[%zu]: it comes after an empty row", place);
        else if (!empty)
            check_process(app, place, problems);
        ended = ended || empty;
    }
}

void kithi_app_check(const struct kith_app *app, struct kithi_problems *problems)
{
    if (strlen(app->version) >= KITH_LABEL_SIZE)
        kithi_problem_error(problems, "version: it may have at most %d bytes", KITH_LABEL_SIZE - 1);
    kithi_settings_check(app->settings, KITH_APP_SETTINGS, problems);
    check_processes(app, problems);
}
