// SPDX-License-Identifier: Apache-2.0
#include "supervise.h"

#include <stdlib.h>

#include <kith/exchange.h>
#include <kith/monitor.h>

#include "app.h"

#define NS_PER_MS     UINT64_C(1000000)
#define AGAIN_MS      100   // the second start in a row; each following waits twice as long
#define AGAIN_MOST_MS 5000  // at most
#define STEADY_MS     10000 // who has run for so long begins anew

struct kithi_supervised {
    const struct kith_app_process *process;
    uint64_t monitor;    // 0: it doesn't run
    uint64_t started_ns; // last
    uint64_t due_ns;     // to be started; KITH_FOREVER: never again
    unsigned tries;      // in a row
};

static void log_end(const struct kithi_app *self, const struct kithi_supervised *supervised,
                    enum kith_error reason)
{
    const struct kith_log_field fields[] = {
        {"process", kithi_app_process_label(supervised->process), 0},
        {"reason", kith_error_name(reason), 0},
    };
    kith_node_log(self->node, KITH_LOG_WARNING, "process_restarts", fields, 2);
}

static uint64_t find_due(struct kithi_supervised *supervised, uint64_t now_ns)
{
    if (now_ns - supervised->started_ns >= STEADY_MS * NS_PER_MS)
        supervised->tries = 0;
    unsigned tries = supervised->tries++;
    if (tries == 0)
        return now_ns;
    uint64_t wait_ms = tries > 6 ? AGAIN_MOST_MS : AGAIN_MS << (tries - 1);
    return now_ns + wait_ms * NS_PER_MS;
}

static enum kith_error start_one(struct kith_process *self, struct kithi_supervised *supervised)
{
    struct kith_node *node = kith_process_node(self);
    struct kith_ref ref;
    enum kith_error error = kith_app_spawn(node, supervised->process, &ref);
    if (error != KITH_OK)
        return error;
    error = kith_monitor_start(self, ref, &supervised->monitor);
    if (error != KITH_OK)
        kith_kill(node, ref, error);
    return error;
}

static void try_to_start(struct kith_process *self, const struct kithi_app *app,
                         struct kithi_supervised *supervised, uint64_t now_ns)
{
    supervised->started_ns = now_ns;
    supervised->due_ns = KITH_FOREVER;
    enum kith_error error = start_one(self, supervised);
    if (error != KITH_OK) { // there may be a place for it later
        supervised->due_ns = find_due(supervised, now_ns);
        log_end(app, supervised, error);
    }
}

// Starts all that are due, and gives when the next one is.
static uint64_t start_due(struct kith_process *self, const struct kithi_app *app)
{
    uint64_t next_ns = KITH_FOREVER;
    for (size_t place = 0; place < app->supervised_count; place++) {
        struct kithi_supervised *supervised = &app->supervised[place];
        uint64_t now_ns = kith_now(self);
        if (supervised->due_ns <= now_ns)
            try_to_start(self, app, supervised, now_ns);
        if (supervised->due_ns < next_ns)
            next_ns = supervised->due_ns;
    }
    return next_ns;
}

static void take_down(const struct kithi_app *app, const struct kith_down *down, uint64_t now_ns)
{
    for (size_t place = 0; place < app->supervised_count; place++) {
        struct kithi_supervised *supervised = &app->supervised[place];
        if (supervised->monitor != down->monitor)
            continue;
        supervised->monitor = 0;
        if (down->reason == KITH_OK || app->stopping)
            return;
        supervised->due_ns = find_due(supervised, now_ns);
        log_end(app, supervised, down->reason);
        return;
    }
}

static void run_supervisor(struct kith_process *self, void *argument)
{
    struct kithi_app *app = argument;
    for (;;) {
        struct kith_message *message;
        enum kith_error error = kith_receive(self, &message, start_due(self, app));
        if (error == KITH_ERROR_KILLED)
            return;
        if (error == KITH_OK && message->type == KITH_TYPE_DOWN)
            take_down(app, message->data, kith_now(self));
        kith_message_free(&message);
    }
}

enum kith_error kithi_supervise(struct kithi_app *self, const struct kith_app_process *process,
                                uint64_t count)
{
    size_t total = self->supervised_count + count;
    struct kithi_supervised *supervised =
        realloc(self->supervised, total * sizeof(*self->supervised));
    if (supervised == NULL)
        return KITH_ERROR_NO_MEMORY;
    self->supervised = supervised;
    while (self->supervised_count < total)
        supervised[self->supervised_count++] = (struct kithi_supervised){.process = process};
    return KITH_OK;
}

enum kith_error kithi_supervisor_start(struct kithi_app *self)
{
    const struct kith_spawn_options options = {
        .label = "supervisor", .needed = true, .entry = run_supervisor, .argument = self};
    return self->supervised_count == 0 ? KITH_OK : kith_spawn(self->node, &options, NULL);
}

void kithi_supervisor_close(struct kithi_app *self)
{
    free(self->supervised);
}
