// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <assert.h>

// Faults and interrupts carry no argument.
static struct kith_node *watched;

void kith_platform_board_watch(struct kith_node *node)
{
    assert(node == NULL || watched == NULL);
    watched = node;
}

struct kith_node *kithi_watched(void)
{
    return watched;
}

void kithi_watch_tick(uint64_t passed_ns)
{
    if (watched != NULL) {
        kith_node_watch(watched, passed_ns);
    }
}
