// SPDX-License-Identifier: Apache-2.0
// Waiting for names that aren't there yet: start order doesn't matter.
#include <string.h>

#include <naming.pb-c.h>

#include "cluster.h"

struct waiter {
    const char *address;
    uint64_t timeout_ms; // 0: for ever
    enum kith_error error;
    struct kith_ref ref;
    bool done;
};

static void wait(struct kith_process *self, void *argument)
{
    struct waiter *waiter = argument;
    uint64_t deadline_ns =
        waiter->timeout_ms == 0 ? KITH_FOREVER : kith_deadline_ms(self, waiter->timeout_ms);
    waiter->error = kith_wait_name(self, waiter->address, deadline_ns, &waiter->ref);
    waiter->done = true;
    (void)kith_sleep_until(self, KITH_FOREVER);
}

static struct kith_ref start(struct cluster *cluster, uint32_t node, struct waiter *waiter)
{
    struct kith_ref ref = cluster_spawn(cluster, node, wait, waiter);
    cluster_settle(cluster);
    return ref;
}

static bool got(const struct waiter *waiter, struct kith_ref ref)
{
    return waiter->done && waiter->error == KITH_OK && kith_ref_equal(waiter->ref, ref);
}

static void a_name_of_this_node_is_waited_for(void **state)
{
    (void)state;
    struct cluster cluster;
    struct waiter any = {.address = "x"}, second = {.address = "x/1"},
                  here = {.address = "node0/x"};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    start(&cluster, 0, &any);
    start(&cluster, 0, &second);
    start(&cluster, 0, &here);
    cluster_advance(&cluster, 3600 * 1000);
    assert_false(any.done || second.done || here.done);
    assert_int_equal(cluster_status(&cluster, 0).waits, 3);
    struct kith_ref x0 = cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    assert_true(got(&any, x0) && got(&here, x0));
    assert_false(second.done);
    struct kith_ref x1 = cluster_register(&cluster, 0, "x", 1);
    cluster_settle(&cluster);
    assert_true(got(&second, x1));
    cluster_close(&cluster);
}

static void a_name_that_is_there_is_not_waited_for(void **state)
{
    (void)state;
    struct cluster cluster;
    struct waiter waiter = {.address = "x"};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 0, "x", 0);
    start(&cluster, 0, &waiter);
    assert_true(got(&waiter, x));
    cluster_close(&cluster);
}

static void a_name_of_another_node_may_come_with_the_node_or_later(void **state)
{
    (void)state;
    struct cluster cluster;
    struct waiter early = {.address = "node1/x"}, numeric = {.address = "10.0.0.2:7400/y"};
    struct waiter elsewhere = {.address = "node2/x", .timeout_ms = 5000};
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    start(&cluster, 0, &early);
    start(&cluster, 0, &numeric);
    start(&cluster, 0, &elsewhere);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster_connect_all(&cluster);
    assert_true(got(&early, x));
    assert_false(numeric.done);
    struct kith_ref y = cluster_register(&cluster, 1, "y", 3);
    cluster_settle(&cluster);
    assert_true(got(&numeric, y));
    cluster_advance(&cluster, 5000);
    assert_true(elsewhere.done);
    assert_int_equal(elsewhere.error, KITH_ERROR_TIMEOUT);
    cluster_close(&cluster);
}

static void a_name_is_found_when_its_node_gets_known_by_the_endpoint_asked_for(void **state)
{
    (void)state;
    struct cluster cluster;
    struct waiter waiter = {.address = "127.0.0.1:9999/x"};
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster_connect_all(&cluster);
    start(&cluster, 0, &waiter);
    assert_false(waiter.done);
    struct kith_endpoint endpoint;
    assert_int_equal(kith_endpoint_parse("127.0.0.1:9999", 0, &endpoint), KITH_OK);
    kith_route_reached(cluster.wires[0][1].route, &endpoint);
    cluster_settle(&cluster);
    assert_true(got(&waiter, x));
    cluster_close(&cluster);
}

static void a_deadline_ends_a_wait_and_nothing_stays(void **state)
{
    (void)state;
    struct cluster cluster;
    struct waiter waiter = {.address = "x", .timeout_ms = 700};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    start(&cluster, 0, &waiter);
    cluster_advance(&cluster, 699);
    assert_false(waiter.done);
    cluster_advance(&cluster, 1);
    assert_true(waiter.done);
    assert_int_equal(waiter.error, KITH_ERROR_TIMEOUT);
    cluster_advance(&cluster, 3000);
    assert_int_equal(cluster_status(&cluster, 0).waits, 0);
    struct kith_message_counters counters;
    kith_message_counters(cluster.nodes[0], &counters);
    assert_int_equal(counters.alive, 1); // the monitor of the process, which may come again
    cluster_close(&cluster);
}

static void a_wait_ends_with_its_process(void **state)
{
    (void)state;
    struct cluster cluster;
    struct waiter waiter = {.address = "x"};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct kith_ref process = start(&cluster, 0, &waiter);
    assert_int_equal(cluster_status(&cluster, 0).waits, 1);
    cluster_kill(&cluster, 0, process);
    assert_int_equal(waiter.error, KITH_ERROR_KILLED);
    assert_int_equal(cluster_status(&cluster, 0).waits, 0);
    cluster_close(&cluster);
}

static void waits_have_a_limit(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_naming_options options = {.waits = 2};
    struct waiter waiters[3] = {{.address = "x"}, {.address = "x"}, {.address = "x"}};
    cluster_open(&cluster, 1, &kith_limits_linux, &options);
    for (int i = 0; i < 3; i++) {
        start(&cluster, 0, &waiters[i]);
    }
    assert_false(waiters[0].done || waiters[1].done);
    assert_int_equal(waiters[2].error, KITH_ERROR_LIMIT);
    cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    assert_true(waiters[0].done && waiters[1].done);
    struct waiter again = {.address = "y"};
    start(&cluster, 0, &again);
    assert_false(again.done); // their places are free
    cluster_close(&cluster);
}

enum { WAIT = 5, LUGGAGE = 1 << 20 };

struct burdened {
    struct kith_ref naming;
    enum kith_error error;
    struct kith_ref found;
    bool done;
};

// Asks with a megabyte in a field that naming doesn't know.
static void wait_with_luggage(struct kith_process *self, void *argument)
{
    struct burdened *burdened = argument;
    struct kith_message *message;
    uint64_t type = KITH_TYPE(kith_service_signature("kith.Naming"), WAIT);
    assert_int_equal(kith_message_new(kith_process_node(self), type, 0, &message), KITH_OK);
    Kith__NamingWait *request = kith_message_set_typed(message, &kith__naming_wait__descriptor);
    request->name = kith_message_text(message, "x");
    request->host = kith_message_text(message, "node0");
    request->base.n_unknown_fields = 1;
    request->base.unknown_fields =
        kith_message_allocate(message, sizeof *request->base.unknown_fields);
    uint8_t *data = kith_message_allocate(message, LUGGAGE);
    memset(data, 0, LUGGAGE);
    request->base.unknown_fields[0] = (ProtobufCMessageUnknownField){
        .tag = 99,
        .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
        .len = LUGGAGE,
        .data = data,
    };
    burdened->error = kith_call(self, burdened->naming, &message, KITH_FOREVER);
    const Kith__NamingEntry *entry = kith_message_typed(message, &kith__naming_entry__descriptor);
    burdened->found = (struct kith_ref){entry->ref->node, entry->ref->slot, entry->ref->generation};
    burdened->done = true;
    kith_message_free(&message);
}

static void a_wait_keeps_of_a_request_only_what_it_waits_for(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct burdened burdened = {.naming = cluster.naming[0]};
    cluster_spawn(&cluster, 0, wait_with_luggage, &burdened);
    cluster_settle(&cluster);
    assert_int_equal(cluster_status(&cluster, 0).waits, 1);
    struct kith_message_counters counters;
    kith_message_counters(cluster.nodes[0], &counters);
    assert_in_range(counters.alive_bytes, 0, LUGGAGE / 100);
    struct kith_ref registered = cluster_register(&cluster, 0, "x", 0);
    cluster_settle(&cluster);
    assert_true(burdened.done);
    assert_true(kith_ref_equal(burdened.found, registered));
    cluster_close(&cluster);
}

struct greedy {
    struct kith_ref naming;
    unsigned refused;
};

// Asks another node's naming service eight times at once.
static void wait_eight_times(struct kith_process *self, void *argument)
{
    struct greedy *greedy = argument;
    uint64_t type = KITH_TYPE(kith_service_signature("kith.Naming"), WAIT);
    struct kith_message *message;
    for (int i = 0; i < 8; i++) {
        uint64_t id;
        assert_int_equal(kith_message_new(kith_process_node(self), type, 0, &message), KITH_OK);
        Kith__NamingWait *request = kith_message_set_typed(message, &kith__naming_wait__descriptor);
        request->name = kith_message_text(message, "x");
        assert_int_equal(
            kith_request(self, greedy->naming, &message, KITH_FOREVER, KITH_FOREVER, &id), KITH_OK);
    }
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        greedy->refused += message->error == KITH_ERROR_LIMIT;
        kith_message_free(&message);
    }
}

static void a_node_gets_a_share_of_another_s_waits(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_naming_options options = {.waits = 8};
    struct waiter own[4] = {{.address = "x"}, {.address = "x"}, {.address = "x"}, {.address = "x"}};
    cluster_open(&cluster, 2, &kith_limits_linux, &options);
    cluster_connect_all(&cluster);
    cluster_settle(&cluster);
    struct greedy greedy = {.naming = cluster.naming[0]};
    struct kith_ref process = cluster_spawn(&cluster, 1, wait_eight_times, &greedy);
    cluster_settle(&cluster);
    assert_int_equal(greedy.refused, 4);
    for (int i = 0; i < 4; i++) {
        start(&cluster, 0, &own[i]);
        assert_false(own[i].done);
    }
    assert_int_equal(cluster_status(&cluster, 0).waits, 8);
    cluster_kill(&cluster, 1, process);
    cluster_close(&cluster);
}

static void closing_ends_waits(void **state)
{
    (void)state;
    struct cluster cluster;
    struct waiter waiter = {.address = "x"};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    start(&cluster, 0, &waiter);
    kith_naming_close(cluster.nodes[0]);
    cluster_settle(&cluster);
    assert_true(waiter.done);
    assert_int_equal(waiter.error, KITH_ERROR_DOWN);
    assert_int_equal(kith_naming_open(cluster.nodes[0], NULL, &cluster.naming[0]), KITH_OK);
    cluster_close(&cluster);
}

static void without_replicas_a_wait_asks_again_and_again(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.replicated_names = 0;
    struct waiter anywhere = {.address = "x"}, there = {.address = "node1/x/2"};
    struct waiter never = {.address = "z", .timeout_ms = 1000};
    cluster_open(&cluster, 2, &limits, NULL);
    cluster_connect_all(&cluster);
    start(&cluster, 0, &anywhere);
    start(&cluster, 0, &there);
    start(&cluster, 0, &never);
    cluster_advance(&cluster, 600);
    assert_false(anywhere.done || there.done || never.done);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 2);
    cluster_advance(&cluster, 600);
    assert_true(got(&anywhere, x) && got(&there, x));
    assert_int_equal(never.error, KITH_ERROR_TIMEOUT);
    cluster_close(&cluster);
}

// DNS that learns of the host after a while, as with containers that start in any order.
struct names {
    uint32_t calls, unknown;
};

static enum kith_error resolve(void *state, struct kith_process *self, const char *host,
                               uint16_t port, uint64_t deadline_ns, struct kith_endpoint *endpoints,
                               size_t capacity, size_t *count)
{
    struct names *names = state;
    (void)self, (void)host, (void)deadline_ns, (void)capacity;
    *count = 1;
    assert_int_equal(kith_endpoint_parse("10.0.0.2", port, endpoints), KITH_OK);
    return ++names->calls <= names->unknown ? KITH_ERROR_NOT_FOUND : KITH_OK;
}

static enum kith_error connect(void *state, const struct kith_endpoint *endpoint)
{
    (void)endpoint;
    cluster_connect(state, 0, 1);
    return KITH_OK;
}

static void a_host_that_dns_does_not_know_yet_is_asked_for_again(void **state)
{
    (void)state;
    struct cluster cluster;
    struct names names = {.unknown = 3};
    struct kith_naming_options options = {.resolver = {resolve, &names}};
    struct waiter waiter = {.address = "kith.lan/x"};
    cluster_open(&cluster, 2, &kith_limits_linux, &options);
    struct kith_connector connector = {connect, &cluster};
    kith_route_set_connector(cluster.nodes[0], &connector);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    start(&cluster, 0, &waiter);
    cluster_advance(&cluster, 10000);
    assert_false(waiter.done);
    cluster_advance(&cluster, 10000);
    assert_true(got(&waiter, x));
    assert_int_equal(names.calls, 4);
    cluster_close(&cluster);
}

struct completion {
    enum kith_error error;
    bool done;
};

static void wait_complete(struct kith_process *self, void *argument)
{
    struct completion *completion = argument;
    completion->error = kith_naming_wait_complete(self, kith_deadline_ms(self, 500));
    completion->done = true;
}

static void a_program_can_wait_for_the_whole_picture(void **state)
{
    (void)state;
    struct cluster cluster;
    struct completion alone = {0}, late = {0}, good = {0};
    cluster_open(&cluster, 3, &kith_limits_linux, NULL);
    cluster_run(&cluster, 0, wait_complete, &alone);
    assert_int_equal(alone.error, KITH_OK);
    cluster.wires[1][0].held = true;
    cluster_connect_all(&cluster);
    cluster_spawn(&cluster, 0, wait_complete, &late);
    cluster_advance(&cluster, 501);
    assert_int_equal(late.error, KITH_ERROR_TIMEOUT);
    cluster_spawn(&cluster, 0, wait_complete, &good);
    cluster_advance(&cluster, 100);
    assert_false(good.done);
    cluster.wires[1][0].held = false;
    cluster_settle(&cluster);
    assert_true(good.done);
    assert_int_equal(good.error, KITH_OK);
    cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_of_this_node_is_waited_for),
        cmocka_unit_test(a_name_that_is_there_is_not_waited_for),
        cmocka_unit_test(a_name_of_another_node_may_come_with_the_node_or_later),
        cmocka_unit_test(a_name_is_found_when_its_node_gets_known_by_the_endpoint_asked_for),
        cmocka_unit_test(a_deadline_ends_a_wait_and_nothing_stays),
        cmocka_unit_test(a_wait_ends_with_its_process),
        cmocka_unit_test(waits_have_a_limit),
        cmocka_unit_test(a_wait_keeps_of_a_request_only_what_it_waits_for),
        cmocka_unit_test(a_node_gets_a_share_of_another_s_waits),
        cmocka_unit_test(closing_ends_waits),
        cmocka_unit_test(without_replicas_a_wait_asks_again_and_again),
        cmocka_unit_test(a_host_that_dns_does_not_know_yet_is_asked_for_again),
        cmocka_unit_test(a_program_can_wait_for_the_whole_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
