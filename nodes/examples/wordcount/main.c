// SPDX-License-Identifier: Apache-2.0
// The word count: a program that is a node. Started with --counters it counts for others, started
// with --text it reads files and has their words counted by all counters of the cluster.
#include <kith/kith.h>

#include "counter.h"
#include "reader.h"
#include "wordcount.pb-c.h"

static enum kith_error start_reader(struct kith_process *self, void *state)
{
    static const struct kith_app_process reader = {
        .label = "reader", .entry = run_reader, .stack_size = 32768};
    (void)state;
    if (kith_setting_text(kith_process_node(self), "text") == NULL) {
        return KITH_OK;
    }
    return kith_app_spawn(kith_process_node(self), &reader, NULL);
}

int main(int argc, char **argv)
{
    static const struct kith_app app = {
        .program = "wordcount",
        .summary = "counts words on several nodes",
        .settings =
            {
                {.key = "counters",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "0",
                 .maximum = 16,
                 .value = "N",
                 .help = "how many counters run on this node"},
                {.key = "text",
                 .type = KITH_SETTING_TEXT,
                 .maximum = 4096,
                 .value = "FILES",
                 .example = "/usr/share/common-licenses/GPL-3",
                 .help = "files to read, with commas between them"},
                {.key = "top",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "10",
                 .maximum = 1000000,
                 .value = "N",
                 .help = "how many words to print, 0 for all"},
                {.key = "wait_for",
                 .type = KITH_SETTING_NUMBER,
                 .initial = "1",
                 .minimum = 1,
                 .maximum = 64,
                 .value = "N",
                 .help = "how many counters there must be"},
                {.key = "stay",
                 .type = KITH_SETTING_BOOLEAN,
                 .initial = "off",
                 .help = "stay afterwards, and say which counters end"},
            },
        .services = {&wordcount__counter__descriptor},
        .processes = {{.name = "counter",
                       .instances = "counters",
                       .entry = run_counter,
                       .stack_size = 32768}},
        .start = start_reader,
    };
    return kith_app_run(argc, argv, &app);
}
