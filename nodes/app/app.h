// SPDX-License-Identifier: Apache-2.0
// What the parts of a running program share.
#ifndef KITHI_APP_H
#define KITHI_APP_H

#include <kith/app.h>
#include <kith/backend.h>
#include <kith/node_service.h>
#include <kith/platform_linux.h>

#include "config.h"
#include "resolver.h"
#include "submit.h"
#include "supervise.h"

#define KITHI_SYSTEM_PROCESSES 6 // that live until the goodbye

struct kithi_app {
    const struct kith_app *app;
    struct kithi_config config;
    struct kith_platform platform;
    struct kith_node *node;
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_node_service *service;
    struct kithi_resolver *resolver;
    struct kithi_submissions *submissions;
    struct kithi_peers *peers;
    struct kithi_supervised *supervised; // instances that are started again
    size_t supervised_count;
    struct kith_ref system[KITHI_SYSTEM_PROCESSES]; // in order of their start; NONE: not there
    size_t system_count;
    char name[KITH_NAME_SIZE];
    char state_path[KITHI_VALUE_SIZE_MAX + 16]; // of node.json, "": none
    int state_folder;                           // kept open for its lock; if there is a path
    bool platform_open, stopping;
    uint64_t stopping_since_ns;
    int exit_code;
};

// "greeter: what: why; what to try" on standard error; gives `code`.
__attribute__((format(printf, 3, 4))) int kithi_app_fail(const struct kithi_app *self, int code,
                                                         const char *format, ...);

// Finds the mistakes in what a program says about itself.
void kithi_app_check(const struct kith_app *app, struct kithi_problems *problems);

// Opens platform, node, names, node service and links. Gives an exit code: 0, or why it failed,
// which has been told. What was opened is closed by kithi_app_close either way.
int kithi_app_open(struct kithi_app *self);
void kithi_app_close(struct kithi_app *self);

// Remembers a process that stopping must not end early.
void kithi_app_add_system(struct kithi_app *self, struct kith_ref process);

// What a process is called where it has no name to be called by. NULL: nothing.
static inline const char *kithi_app_process_label(const struct kith_app_process *process)
{
    return process->label != NULL ? process->label : process->name;
}

// Starts the program's processes; 0 or an exit code.
int kithi_app_start_processes(struct kithi_app *self);

// Starts the process that keeps links to the peers of the configuration. Errors: those of
// kith_spawn. Closed when no process is left.
enum kith_error kithi_app_start_peers(struct kithi_app *self);
void kithi_app_close_peers(struct kithi_app *self);

// Begins to stop in good order; a second call stops at once.
void kithi_app_begin_stop(struct kithi_app *self);

// Writes node.json into the state folder, and removes it. Where that fails it is told and logged.
int kithi_app_write_state(struct kithi_app *self);
void kithi_app_remove_state(struct kithi_app *self);

#endif
