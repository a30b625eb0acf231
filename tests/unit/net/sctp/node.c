// SPDX-License-Identifier: Apache-2.0
// Two nodes that are linked by SCTP over real sockets: the layers fit together.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <kith/backend_sctp.h>
#include <kith/exchange.h>
#include <kith/net.h>
#include <kith/platform_linux.h>
#include <kith/udp_uv.h>

enum { CALLS = 200, LARGE = 300000 };

static const uint64_t PATIENCE_NS = UINT64_C(60) * 1000000000;

struct member {
    struct kith_platform platform;
    struct kith_node *node;
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_ref echo, target;
    unsigned answered;
    enum kith_error error;
    bool done;
};

static void open_member(struct member *member, const char *name)
{
    struct kith_platform_linux_options platform = {.log_level = KITH_LOG_ERROR};
    memset(member, 0, sizeof *member);
    assert_int_equal(kith_platform_linux_open(&platform, &member->platform), KITH_OK);
    struct kith_node_options node = {
        .name = name, .platform = &member->platform, .limits = &kith_limits_linux};
    assert_int_equal(kith_node_open(&node, &member->node), KITH_OK);
    struct kith_udp_uv_options udp = {.loop = kith_platform_linux_loop(&member->platform)};
    struct kith_backend_sctp_options sctp = {.platform = &member->platform};
    assert_int_equal(kith_udp_uv_open(&udp, &sctp.udp), KITH_OK);
    assert_int_equal(kith_backend_sctp_open(&sctp, &member->backend), KITH_OK);
    struct kith_net_options net = {
        .node = member->node, .backend = member->backend, .version = "test"};
    assert_int_equal(kith_endpoint_parse("127.0.0.1:0", 0, &net.listen), KITH_OK);
    assert_int_equal(kith_net_open(&net, &member->net), KITH_OK);
}

static void close_member(struct member *member)
{
    kith_net_close(member->net);
    kith_backend_sctp_close(member->backend);
    kith_node_close(member->node);
    kith_platform_linux_close(&member->platform);
}

// Both have their turn until `done`.
static void run(struct member *a, struct member *b, bool (*done)(struct member *a))
{
    uint64_t give_up_ns = a->platform.now_ns(a->platform.state) + PATIENCE_NS;
    while (!done(a)) {
        assert_true(a->platform.now_ns(a->platform.state) < give_up_ns);
        kith_node_settle(a->node);
        a->platform.idle(a->platform.state, 1);
        kith_node_settle(b->node);
        b->platform.idle(b->platform.state, 1);
    }
}

static bool is_linked(struct member *member)
{
    struct kith_link_info info;
    for (uint32_t place = 0; place < kith_net_link_count(member->net); place++) {
        if (kith_net_link_info(member->net, place, &info) == KITH_OK &&
            info.state == KITH_LINK_UP) {
            return true;
        }
    }
    return false;
}

static bool is_done(struct member *member)
{
    return member->done;
}

static void echo(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        if (kith_reply(self, &message) != KITH_OK) {
            kith_message_free(&message);
        }
    }
}

static void call_often(struct kith_process *self, void *argument)
{
    struct member *member = argument;
    for (unsigned call = 0; call < CALLS && member->error == KITH_OK; call++) {
        struct kith_message *message;
        size_t size = call % 50 == 49 ? LARGE : 1 + call;
        member->error = kith_message_new(member->node, KITH_TYPE(0, 1), size, &message);
        if (member->error != KITH_OK) {
            break;
        }
        memset(message->data, (int)call, size);
        member->error = kith_call(self, member->target, &message, kith_deadline_ms(self, 30000));
        if (member->error == KITH_OK) {
            const unsigned char *data = message->data;
            member->answered += message->size == size && data[0] == (unsigned char)call &&
                                data[size - 1] == (unsigned char)call;
        }
        kith_message_free(&message);
    }
    member->done = true;
}

static void calls_reach_a_process_of_another_node(void **state)
{
    (void)state;
    static struct member a, b;
    open_member(&a, "a");
    open_member(&b, "b");
    const struct kith_spawn_options server = {.label = "echo", .entry = echo};
    const struct kith_spawn_options client = {.entry = call_often, .argument = &a};
    assert_int_equal(kith_spawn(b.node, &server, &a.target), KITH_OK);
    struct kith_endpoint peer = kith_net_endpoint(b.net);
    assert_int_equal(kith_net_peer_add(a.net, &peer), KITH_OK);
    run(&a, &b, is_linked);
    assert_int_equal(kith_spawn(a.node, &client, NULL), KITH_OK);
    run(&a, &b, is_done);
    assert_int_equal(a.error, KITH_OK);
    assert_int_equal(a.answered, CALLS);
    close_member(&a);
    close_member(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_reach_a_process_of_another_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
