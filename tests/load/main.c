// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>

#include "load.h"

static void print_counters(struct kith_node *node, void *state)
{
    const struct load *load = state;
    struct kith_node_counters counters;
    kith_node_counters(node, &counters);
    printf("letters_accepted %" PRIu64 "\nletters_refused %" PRIu64 "\nletters_returned %" PRIu64
           "\nletters_received %" PRIu64 "\nletters_lost %" PRIu64 "\n",
           load->accepted, load->refused, load->returned, load->received, load->lost);
    printf("requests %" PRIu64 "\nreplies %" PRIu64 "\nfailures %" PRIu64 "\n", load->asked,
           load->replied, load->failed);
    printf("registered %" PRIu64 "\nreleased %" PRIu64 "\n", load->registered, load->released);
    printf("sent %" PRIu64 "\nsent_remote %" PRIu64 "\ndelivered %" PRIu64
           "\nreceived_remote %" PRIu64 "\nrefused %" PRIu64 "\nreturned %" PRIu64
           "\nunknown %" PRIu64 "\nlate_replies %" PRIu64 "\n",
           counters.sent, counters.sent_remote, counters.delivered, counters.received_remote,
           counters.refused, counters.returned, counters.unknown, counters.late_replies);
}

void load_part_done(struct kith_process *self, struct load *load, bool right)
{
    struct kith_node *node = kith_process_node(self);
    load->wrong += !right;
    if (--load->working > 0) {
        return;
    }
    if (kith_setting_number(node, "stay") == 0 || load->wrong > 0) {
        kith_app_stop(node, load->wrong > 0 ? KITH_EXIT_FAILURE : KITH_EXIT_OK);
    }
}

static enum kith_error start_parts(struct kith_process *self, struct load *load, const char *key,
                                   const struct kith_app_process *kind)
{
    enum kith_error error = KITH_OK;
    struct kith_node *node = kith_process_node(self);
    for (uint64_t part = kith_setting_number(node, key); part > 0 && error == KITH_OK; part--) {
        load->working++;
        error = kith_app_spawn(node, kind, NULL);
    }
    return error;
}

static enum kith_error start(struct kith_process *self, void *state)
{
    static struct kith_app_process sender = {.label = "sender", .entry = load_run_sender};
    static struct kith_app_process worker = {.name = "worker", .entry = load_run_worker};
    static const struct kith_app_process finder = {.label = "finder", .entry = load_run_finder};
    static struct kith_app_process churner = {.label = "churner", .entry = load_run_churner};
    static struct kith_app_process watcher = {.label = "watcher", .entry = load_run_watcher};
    struct load *load = state;
    struct kith_node *node = kith_process_node(self);
    load->until_ns = kith_now(self) + kith_setting_number(node, "last");
    sender.argument = worker.argument = churner.argument = watcher.argument = load;
    enum kith_error error = start_parts(self, load, "senders", &sender);
    if (error == KITH_OK && kith_setting_number(node, "workers") > 0) {
        error = kith_app_spawn(node, &finder, NULL);
    }
    if (error == KITH_OK) {
        error = start_parts(self, load, "workers", &worker);
    }
    if (error == KITH_OK) {
        error = start_parts(self, load, "churners", &churner);
    }
    if (error == KITH_OK && kith_setting_number(node, "watch") > 0) {
        load->working++;
        error = kith_app_spawn(node, &watcher, NULL);
    }
    return error;
}

int main(int argc, char **argv)
{
    static struct load load;
    static const struct kith_app app = {
        .program = "kith-load",
        .summary = "puts nodes under load, and checks that nothing is lost",
        .settings =
            {
                {.key = "last",
                 .type = KITH_SETTING_DURATION,
                 .initial = "10s",
                 .help = "how long the load lasts"},
                {.key = "sinks",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "0",
                 .maximum = 16,
                 .value = "N",
                 .help = "processes named sink that receive letters"},
                {.key = "slow",
                 .type = KITH_SETTING_DURATION,
                 .initial = "0s",
                 .help = "how long a sink pauses after 64 messages"},
                {.key = "senders",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "0",
                 .maximum = 64,
                 .value = "N",
                 .help = "processes that send letters at full speed"},
                {.key = "to",
                 .type = KITH_SETTING_TEXT,
                 .initial = "sink",
                 .value = "ADDRESS",
                 .help = "where letters go"},
                {.key = "may_lose",
                 .type = KITH_SETTING_BOOLEAN,
                 .initial = "off",
                 .help = "links break: letters that were under way then may be lost"},
                {.key = "workers",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "0",
                 .maximum = 2048,
                 .value = "N",
                 .help = "processes that call each other on all nodes"},
                {.key = "churners",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "0",
                 .maximum = 64,
                 .value = "N",
                 .help = "processes that register and release names"},
                {.key = "watch",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "0",
                 .value = "N",
                 .help = "watch them, until N have stayed in the end"},
                {.key = "stay",
                 .type = KITH_SETTING_BOOLEAN,
                 .initial = "off",
                 .help = "stay when all is done, for others to come to their end"},
            },
        .processes = {{.name = "sink", .instances = "sinks", .entry = load_run_sink}},
        .start = start,
        .end = print_counters,
        .state = &load,
    };
    return kith_app_run(argc, argv, &app);
}
