// SPDX-License-Identifier: Apache-2.0
// The smallest firmware, as docs/porting.md shows it: a node whose first process says hello.
#include <kith/node.h>
#include <kith/platform_board.h>
#include <kith/process.h>

static void say_hello(struct kith_process *self, void *argument)
{
    struct kith_log_field fields[] = {{"board", kith_board.name, 0}};
    kith_node_log(kith_process_node(self), KITH_LOG_INFO, "hello", fields, 1);
    kith_node_stop(kith_process_node(self)); // so that the test ends
    (void)argument;
}

static const struct kith_spawn_options first_process = {.label = "first", .entry = say_hello};

int main(void)
{
    static struct kith_platform_board board;
    struct kith_platform platform;
    struct kith_node *node;
    kith_platform_board_init(&board, &platform);
    struct kith_node_options options = {
        .name = "board", .platform = &platform, .limits = &kith_limits_board};
    if (kith_node_open(&options, &node) != KITH_OK) {
        platform.panic(platform.state, "no memory for the node");
    }
    kith_platform_board_watch(node);
    kith_spawn(node, &first_process, NULL);
    kith_node_run(node);
    return 0;
}
