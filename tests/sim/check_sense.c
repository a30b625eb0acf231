// SPDX-License-Identifier: Apache-2.0
// What one node says makes sense to the other, whatever happens between them. It would get over
// most that doesn't, by connecting again; so nothing else here would show it.
#include "check.h"

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)state;
    if (event->kind == EVENT_MALFORMED) {
        fail(world, check, "host%u can't make sense of what it hears:%s", event->host->number,
             event->text);
    }
}

const struct check check_sense = {
    .name = "sense",
    .guarantee = "no node calls malformed what another one sends",
    .on = see,
};
