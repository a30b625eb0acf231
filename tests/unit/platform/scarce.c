// SPDX-License-Identifier: Apache-2.0
// A node on Linux, and its UDP, while memory runs out: each allocation fails in turn, once and for
// good. What can't be opened says NO_MEMORY, and nothing leaks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kith/exchange.h>
#include <kith/node.h>
#include <kith/platform_linux.h>
#include <kith/udp_uv.h>

#include "wrapped.h"

enum { PROCESSES = 70, STEPS_MOST = 1000 };

static bool is_done(enum kith_error error)
{
    if (error != KITH_OK) {
        assert_int_equal(error, KITH_ERROR_NO_MEMORY);
        assert_true(wrapped_has_failed());
    }
    return error == KITH_OK;
}

static void wait_a_little(struct kith_process *self, void *argument)
{
    struct kith_message *message = NULL;
    (void)argument;
    if (is_done(kith_message_new(kith_process_node(self), 1, 2000, &message))) {
        (void)kith_yield(self);
        kith_message_free(&message);
    }
}

// More stacks than a list of free ones begins with, so that it has to grow.
static void use_node(struct kith_platform *platform)
{
    struct kith_node *node;
    struct kith_limits limits = kith_limits_linux;
    limits.processes = PROCESSES;
    struct kith_node_options options = {.platform = platform, .limits = &limits};
    if (!is_done(kith_node_open(&options, &node))) {
        return;
    }
    struct kith_spawn_options spawned = {.entry = wait_a_little};
    kith_platform_linux_watch(platform, node);
    for (unsigned i = 0; i < PROCESSES; i++) {
        (void)is_done(kith_spawn(node, &spawned, NULL));
    }
    for (unsigned step = 0; kith_node_processes(node) > 0; step++) {
        assert_true(step < STEPS_MOST);
        (void)kith_node_step(node);
    }
    kith_platform_linux_watch(platform, NULL);
    kith_node_close(node);
}

static void take_nothing(void *owner)
{
    (void)owner;
}

static void take_datagram(void *owner, const struct kith_endpoint *from, void *data, size_t size)
{
    (void)owner, (void)from, (void)data, (void)size;
}

static void take_endpoint(void *owner, const struct kith_endpoint *to)
{
    (void)owner, (void)to;
}

static void use_udp(const struct kith_platform *platform)
{
    static const struct kith_udp_events events = {.received = take_datagram,
                                                  .settled = take_nothing,
                                                  .tick = take_nothing,
                                                  .refused = take_endpoint,
                                                  .narrowed = take_endpoint};
    struct kith_udp_uv_options options = {.loop = kith_platform_linux_loop(platform)};
    struct kith_endpoint listen, bound;
    struct kith_udp *udp;
    if (!is_done(kith_udp_uv_open(&options, &udp))) {
        return;
    }
    assert_int_equal(kith_endpoint_parse("127.0.0.1:0", 0, &listen), KITH_OK);
    if (is_done(udp->ops->open(udp, &listen, &events, NULL, &bound))) {
        udp->ops->set_tick(udp, 10);
        udp->ops->send(udp, &bound, "datagram", 8);
        udp->ops->flush(udp);
    }
    udp->ops->close(udp);
}

static void use_linux(void *argument)
{
    struct kith_platform platform;
    (void)argument;
    if (is_done(kith_platform_linux_open(NULL, &platform))) {
        use_udp(&platform);
        use_node(&platform);
        kith_platform_linux_close(&platform);
    }
}

static void a_node_on_linux_lives_without_memory(void **state)
{
    (void)state;
    wrapped_run(use_linux, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_on_linux_lives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
