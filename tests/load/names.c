// SPDX-License-Identifier: Apache-2.0
// Names that come and go as fast as they can, and a watcher on another node that must know in the
// end which ones have stayed.
#include <inttypes.h>
#include <stdio.h>

#include "load.h"

enum { SETTLE_MS = 20000, LOOK_MS = 100 };

static const char pattern[] = "churn/*";

void load_run_churner(struct kith_process *self, void *argument)
{
    struct load *load = argument;
    enum kith_error error = KITH_OK;
    uint32_t index;
    while (error == KITH_OK && kith_now(self) < load->until_ns) {
        error = kith_register(self, "churn", KITH_INDEX_ANY, &index, KITH_FOREVER);
        if (error == KITH_OK) {
            load->registered++;
            error = kith_release(self, "churn", index, KITH_FOREVER);
            load->released += error == KITH_OK;
        }
    }
    if (error == KITH_OK) {
        error = kith_register(self, "churn", KITH_INDEX_ANY, &index, KITH_FOREVER);
    }
    if (error != KITH_OK) {
        printf("wrong: a churner ended with: %s\n", kith_error_text(error));
    }
    load_part_done(self, load, error == KITH_OK);
    // Keeps its name until the program ends.
    (void)kith_sleep_until(self, KITH_FOREVER);
}

struct watcher {
    uint64_t events, resyncs;
    int64_t up; // names, by what the events said
};

static void take_event(struct watcher *watcher, const struct kith_message *message)
{
    struct kith_naming_event event;
    if (!kith_naming_event(message, &event)) {
        return;
    }
    watcher->events++;
    if (event.kind == KITH_EVENT_RESYNC) {
        watcher->resyncs++;
        watcher->up = 0;
    } else if (event.kind == KITH_EVENT_UP || event.kind == KITH_EVENT_DOWN) {
        watcher->up += event.kind == KITH_EVENT_UP ? 1 : -1;
    }
}

// Whether both the events and the table have come to `wanted` names. Doesn't wait for more.
static bool is_settled(struct kith_process *self, const struct watcher *watcher, uint64_t wanted)
{
    size_t count = 0;
    struct kith_name_entry entry;
    (void)kith_find(self, pattern, KITH_NO_WAIT, &entry, 1, &count);
    return watcher->up == (int64_t)wanted && count == wanted;
}

void load_run_watcher(struct kith_process *self, void *argument)
{
    struct load *load = argument;
    struct kith_node *node = kith_process_node(self);
    uint64_t wanted = kith_setting_number(node, "watch");
    struct watcher watcher = {0};
    uint64_t watch, give_up_ns = load->until_ns + SETTLE_MS * UINT64_C(1000000);
    enum kith_error error =
        kith_watch(self, pattern, KITH_WATCH_NAMES, &watch, kith_deadline_ms(self, SETTLE_MS));
    bool settled = false;
    while ((error == KITH_OK || error == KITH_ERROR_TIMEOUT) && !settled &&
           kith_now(self) < give_up_ns) {
        struct kith_message *message;
        error = kith_receive(self, &message, kith_deadline_ms(self, LOOK_MS));
        if (error == KITH_OK) {
            take_event(&watcher, message);
        }
        kith_message_free(&message);
        settled = error == KITH_ERROR_TIMEOUT && kith_now(self) > load->until_ns &&
                  is_settled(self, &watcher, wanted);
    }
    printf("events %" PRIu64 "\nresyncs %" PRIu64 "\n", watcher.events, watcher.resyncs);
    if (!settled) {
        printf("wrong: the watcher knows of %" PRId64 " names, not %" PRIu64 "\n", watcher.up,
               wanted);
    }
    load_part_done(self, load, settled);
}
