// SPDX-License-Identifier: Apache-2.0
// Stopping in good order: first the program's processes end, then what they said is delivered and
// peers are told goodbye. All of it within the time of the setting `drain`.
#include "app.h"
#include "settings.h"

#define LOOK_MS        5                   // how often it looks whether a step is over
#define SAME_NS        UINT64_C(200000000) // signals so close are one: timeout(1) sends two
#define PROCESSES_PART 2                   // the processes get 1 / 2 of the time

static bool is_system(const struct kithi_app *self, struct kith_ref process)
{
    for (size_t i = 0; i < self->system_count; i++) {
        if (kith_ref_equal(self->system[i], process))
            return true;
    }
    return false;
}

// Tells all processes but the system's to end, if `kill`; gives how many there are.
static uint32_t visit_processes(struct kithi_app *self, struct kith_ref me, bool kill)
{
    uint32_t found = 0;
    struct kith_process_info info;
    for (uint32_t slot = 0; slot < kith_process_slots(self->node); slot++) {
        if (kith_process_info(self->node, slot, &info) != KITH_OK || kith_ref_equal(info.ref, me) ||
            is_system(self, info.ref))
            continue;
        found++;
        if (kill)
            kith_kill(self->node, info.ref, KITH_OK);
    }
    return found;
}

static void end_processes(struct kithi_app *self, struct kith_process *process,
                          uint64_t deadline_ns)
{
    struct kith_ref me = kith_self(process);
    visit_processes(self, me, true);
    uint32_t left;
    while ((left = visit_processes(self, me, false)) > 0 && kith_now(process) < deadline_ns)
        kith_sleep_until(process, kith_deadline_ms(process, LOOK_MS));
    if (left == 0)
        return;
    const struct kith_log_field field = {"processes", NULL, left};
    kith_node_log(self->node, KITH_LOG_WARNING, "stopping_with_processes_left", &field, 1);
}

static void say_goodbye(struct kithi_app *self, struct kith_process *process, uint64_t deadline_ns)
{
    kith_net_leave(self->net, deadline_ns);
    while (!kith_net_quiet(self->net) && kith_now(process) < deadline_ns)
        kith_sleep_until(process, kith_deadline_ms(process, LOOK_MS));
}

static void run_shutdown(struct kith_process *process, void *argument)
{
    struct kithi_app *self = argument;
    uint64_t drain_ns = self->config.values[KITHI_SETTING_DRAIN].number;
    uint64_t now = kith_now(process);
    end_processes(self, process, now + drain_ns / PROCESSES_PART);
    say_goodbye(self, process, now + drain_ns);
    kith_node_stop(self->node);
}

void kithi_app_begin_stop(struct kithi_app *self)
{
    uint64_t now = kith_node_now(self->node);
    if (self->stopping && now - self->stopping_since_ns < SAME_NS)
        return;
    if (self->stopping) {
        kith_node_log(self->node, KITH_LOG_WARNING, "node_stopped_at_once", NULL, 0);
        kith_node_stop(self->node);
        return;
    }
    self->stopping = true;
    self->stopping_since_ns = now;
    kith_node_log(self->node, KITH_LOG_INFO, "node_stopping", NULL, 0);
    const struct kith_spawn_options options = {.label = "shutdown",
                                               .needed = true,
                                               .entry = run_shutdown,
                                               .argument = self,
                                               .priority = KITH_PRIORITY_HIGH};
    if (kith_spawn(self->node, &options, NULL) != KITH_OK)
        kith_node_stop(self->node);
}

void kith_app_stop(struct kith_node *node, int exit_code)
{
    struct kithi_app *self = kith_node_part(node, KITH_PART_APP);
    if (self->stopping)
        return;
    self->exit_code = exit_code;
    kithi_app_begin_stop(self);
}
