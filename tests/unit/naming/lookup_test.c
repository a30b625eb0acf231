// SPDX-License-Identifier: Apache-2.0
// From an address to a reference.
#include <stdio.h>
#include <string.h>

#include "cluster.h"

static const struct kith_limits *boards(void)
{
    static struct kith_limits limits;
    limits = kith_limits_linux;
    limits.replicated_names = 0;
    return &limits;
}

struct question {
    const char *address;
    uint64_t timeout_ms; // 0: KITH_NO_WAIT
    enum kith_error error;
    struct kith_ref ref;
    uint64_t waited_ms;
};

static void ask(struct kith_process *self, void *argument)
{
    struct question *question = argument;
    uint64_t start_ns = kith_now(self);
    uint64_t deadline_ns =
        question->timeout_ms == 0 ? KITH_NO_WAIT : kith_deadline_ms(self, question->timeout_ms);
    question->error = kith_lookup(self, question->address, deadline_ns, &question->ref);
    question->waited_ms = (kith_now(self) - start_ns) / MS;
}

static struct question look_up(struct cluster *cluster, uint32_t node, const char *address,
                               uint64_t timeout_ms)
{
    struct question question = {.address = address, .timeout_ms = timeout_ms};
    cluster_run(cluster, node, ask, &question);
    return question;
}

static void expect(struct cluster *cluster, uint32_t node, const char *address,
                   struct kith_ref expected)
{
    struct question question = look_up(cluster, node, address, 1000);
    if (question.error != KITH_OK || !kith_ref_equal(question.ref, expected)) {
        fail_msg("%s: %s", address, kith_error_name(question.error));
    }
}

static void expect_error(struct cluster *cluster, uint32_t node, const char *address,
                         enum kith_error error)
{
    struct question question = look_up(cluster, node, address, 100);
    if (question.error != error) {
        fail_msg("%s: %s", address, kith_error_name(question.error));
    }
}

// The address says which; `limits` with and without replicas must make no difference.
static void look_up_by_host_name_and_index(const struct kith_limits *limits)
{
    struct cluster cluster;
    cluster_open(&cluster, 3, limits, NULL);
    struct kith_ref x1 = cluster_register(&cluster, 1, "x", 1);
    struct kith_ref x3 = cluster_register(&cluster, 1, "x", 3);
    struct kith_ref x2 = cluster_register(&cluster, 2, "x", 2);
    struct kith_ref own = cluster_register(&cluster, 0, "y", 6);
    cluster_connect_all(&cluster);
    expect(&cluster, 0, "node1/x", x1); // the lowest index
    expect(&cluster, 0, "node1/x/3", x3);
    expect(&cluster, 0, "10.0.0.2/x", x1);
    expect(&cluster, 0, "10.0.0.2:7400/x/3", x3);
    expect(&cluster, 0, "node1:7400/x/3", x3);
    expect(&cluster, 0, "x/2", x2);
    expect(&cluster, 0, "x/3", x3);
    expect(&cluster, 0, "y", own);
    expect(&cluster, 0, "node0/y", own);
    expect(&cluster, 0, "10.0.0.1/y/6", own);
    expect(&cluster, 2, "node0/y", own);
    expect_error(&cluster, 0, "z", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "y/1", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "node1/y", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "node1/x/2", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "node1:7401/x", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "node0/x", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "nobody/x", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "a b", KITH_ERROR_INVALID);
    cluster_close(&cluster);
}

static void an_address_is_found_by_host_name_and_index(void **state)
{
    (void)state;
    look_up_by_host_name_and_index(&kith_limits_linux);
}

static void an_address_is_found_by_asking_where_there_are_no_replicas(void **state)
{
    (void)state;
    look_up_by_host_name_and_index(boards());
}

static void a_lookup_of_what_is_here_does_not_block(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster_connect_all(&cluster);
    uint64_t messages = cluster.wires[0][1].messages;
    struct kith_node_counters before, after;
    kith_node_counters(cluster.nodes[0], &before);
    struct question question = look_up(&cluster, 0, "node1/x", 0);
    assert_int_equal(question.error, KITH_OK);
    assert_true(kith_ref_equal(question.ref, x));
    kith_node_counters(cluster.nodes[0], &after);
    assert_true(after.sent == before.sent);
    assert_true(cluster.wires[0][1].messages == messages);
    assert_int_equal(look_up(&cluster, 0, "nobody/x", 0).error, KITH_ERROR_NOT_FOUND);
    cluster_close(&cluster);
}

static void instances_are_taken_by_turns_and_this_nodes_first(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 3, &kith_limits_linux, NULL);
    struct kith_ref one = cluster_register(&cluster, 1, "x", 0);
    struct kith_ref two = cluster_register(&cluster, 2, "x", 0);
    cluster_connect_all(&cluster);
    struct kith_ref first = look_up(&cluster, 0, "x", 0).ref;
    struct kith_ref second = look_up(&cluster, 0, "x", 0).ref;
    assert_true(kith_ref_equal(look_up(&cluster, 0, "x", 0).ref, first));
    assert_true((kith_ref_equal(first, one) && kith_ref_equal(second, two)) ||
                (kith_ref_equal(first, two) && kith_ref_equal(second, one)));
    expect(&cluster, 1, "x", one);
    expect(&cluster, 1, "x", one);
    cluster_close(&cluster);
}

// A node that connects its cluster's nodes when asked to.
struct connector {
    struct cluster *cluster;
    uint32_t from, calls;
    bool works;
};

static enum kith_error connect(void *state, const struct kith_endpoint *endpoint)
{
    struct connector *connector = state;
    connector->calls++;
    for (uint32_t to = 0; connector->works && to < connector->cluster->count; to++) {
        char text[KITH_ENDPOINT_TEXT_SIZE];
        kith_endpoint_format(endpoint, text);
        if (text[7] == (char)('1' + to) && endpoint->port == 7400) {
            cluster_connect(connector->cluster, connector->from, to);
        }
    }
    return KITH_OK;
}

static void set_connector(struct cluster *cluster, uint32_t from, struct connector *connector)
{
    *connector = (struct connector){cluster, from, 0, true};
    struct kith_connector set = {connect, connector};
    kith_route_set_connector(cluster->nodes[from], &set);
}

static void connect_and_look_up(const struct kith_limits *limits)
{
    struct cluster cluster;
    struct connector connector;
    cluster_open(&cluster, 2, limits, NULL);
    set_connector(&cluster, 0, &connector);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 5);
    expect(&cluster, 0, "10.0.0.2:7400/x", x);
    assert_int_equal(connector.calls, 1);
    expect(&cluster, 0, "10.0.0.2/x/5", x);
    expect_error(&cluster, 0, "10.0.0.2/y", KITH_ERROR_NOT_FOUND);
    assert_int_equal(connector.calls, 1);
    cluster_close(&cluster);
}

static void an_unknown_endpoint_is_connected_to(void **state)
{
    (void)state;
    connect_and_look_up(&kith_limits_linux);
    connect_and_look_up(boards());
}

static void an_endpoint_that_does_not_answer_is_unreachable(void **state)
{
    (void)state;
    struct cluster cluster;
    struct connector connector;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    expect_error(&cluster, 0, "10.0.0.2/x", KITH_ERROR_UNREACHABLE); // no links at all
    set_connector(&cluster, 0, &connector);
    connector.works = false;
    struct question question = look_up(&cluster, 0, "10.0.0.2/x", 500);
    assert_int_equal(question.error, KITH_ERROR_UNREACHABLE);
    assert_int_equal(question.waited_ms, 500);
    cluster_close(&cluster);
}

static void a_lost_node_is_unreachable_and_then_found_again(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster_connect_all(&cluster);
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE);
    cluster_settle(&cluster);
    expect_error(&cluster, 0, "node1/x", KITH_ERROR_UNREACHABLE);
    assert_int_equal(look_up(&cluster, 0, "node1/x", 0).error, KITH_ERROR_UNREACHABLE);
    struct question question = {.address = "node1/x", .timeout_ms = 1000};
    cluster_spawn(&cluster, 0, ask, &question);
    cluster_advance(&cluster, 300);
    cluster_connect_all(&cluster);
    assert_int_equal(question.error, KITH_OK);
    assert_true(kith_ref_equal(question.ref, x));
    assert_int_equal(question.waited_ms, 300);
    cluster_close(&cluster);
}

static void a_lookup_waits_for_the_table_of_a_node_that_just_came(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster.wires[1][0].held = true;
    cluster_connect_all(&cluster);
    struct question question = {.address = "node1/x", .timeout_ms = 1000};
    cluster_spawn(&cluster, 0, ask, &question);
    cluster_advance(&cluster, 200);
    cluster.wires[1][0].held = false;
    cluster_settle(&cluster);
    assert_int_equal(question.error, KITH_OK);
    assert_true(kith_ref_equal(question.ref, x));
    cluster_close(&cluster);
}

static void a_table_that_does_not_come_is_a_timeout(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 1, "x", 0);
    cluster.wires[1][0].held = true;
    cluster_connect_all(&cluster);
    expect_error(&cluster, 0, "node1/x", KITH_ERROR_TIMEOUT);
    assert_int_equal(look_up(&cluster, 0, "node1/x", 0).error, KITH_ERROR_TIMEOUT);
    cluster.wires[1][0].held = false;
    cluster_close(&cluster);
}

static void a_node_without_naming_has_no_names(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster.naming[1] = KITH_REF_NONE; // so says its hello
    cluster_connect_all(&cluster);
    expect_error(&cluster, 0, "node1/x", KITH_ERROR_NOT_FOUND);
    assert_true(cluster_status(&cluster, 0).complete);
    struct kith_ref ref;
    assert_int_equal(kith_lookup_here(cluster.nodes[1], "naming", &ref), KITH_OK);
    cluster.naming[1] = ref;
    cluster_close(&cluster);
}

static void a_node_is_found_by_another_endpoint_it_was_reached_at(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster_connect_all(&cluster);
    expect_error(&cluster, 0, "127.0.0.1:7402/x", KITH_ERROR_UNREACHABLE);
    for (uint16_t port = 7401; port < 7404; port++) { // several are remembered
        struct kith_endpoint endpoint;
        assert_int_equal(kith_endpoint_parse("127.0.0.1", port, &endpoint), KITH_OK);
        kith_route_reached(cluster.wires[0][1].route, &endpoint);
    }
    expect(&cluster, 0, "127.0.0.1:7402/x", x);
    expect(&cluster, 0, "127.0.0.1:7403/x", x);
    expect(&cluster, 0, "10.0.0.2/x", x);
    cluster_close(&cluster);
}

static void an_address_is_a_node_s_own_until_it_leads_to_another(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct kith_ref here = cluster_register(&cluster, 0, "x", 0);
    struct kith_ref there = cluster_register(&cluster, 1, "x", 0);
    struct kith_endpoint endpoint;
    assert_int_equal(kith_endpoint_parse("172.18.0.4:7400", 0, &endpoint), KITH_OK);
    expect_error(&cluster, 0, "172.18.0.4:7400/x", KITH_ERROR_UNREACHABLE);
    kith_route_reached_self(cluster.nodes[0], &endpoint);
    cluster_settle(&cluster);
    expect(&cluster, 0, "172.18.0.4:7400/x", here);
    expect(&cluster, 0, "node0/x", here);
    cluster_connect_all(&cluster);
    kith_route_reached(cluster.wires[0][1].route, &endpoint);
    cluster_settle(&cluster);
    expect(&cluster, 0, "172.18.0.4:7400/x", there);
    expect(&cluster, 0, "10.0.0.1/x", here);
    cluster_close(&cluster);
}

static void a_node_knows_its_own_endpoints(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 0, "x", 0);
    struct kith_endpoint listen, advertise;
    assert_int_equal(kith_endpoint_parse("0.0.0.0:7500", 0, &listen), KITH_OK);
    assert_int_equal(kith_endpoint_parse("192.168.0.9:7600", 0, &advertise), KITH_OK);
    kith_naming_set_endpoints(cluster.nodes[0], &listen, &advertise);
    expect(&cluster, 0, "192.168.0.9:7600/x", x);
    expect(&cluster, 0, "127.0.0.1:7500/x", x);
    expect(&cluster, 0, "[::1]:7500/x", x);
    expect_error(&cluster, 0, "127.0.0.1:7600/x", KITH_ERROR_UNREACHABLE);
    expect_error(&cluster, 0, "10.0.0.1/x", KITH_ERROR_UNREACHABLE); // no longer
    cluster_close(&cluster);
}

struct names {
    enum kith_error error;
    uint32_t calls;
    char host[KITH_HOST_SIZE];
    uint16_t port;
};

static enum kith_error resolve(void *state, struct kith_process *self, const char *host,
                               uint16_t port, uint64_t deadline_ns, struct kith_endpoint *endpoints,
                               size_t capacity, size_t *count)
{
    struct names *names = state;
    names->calls++;
    names->port = port;
    snprintf(names->host, sizeof names->host, "%s", host);
    (void)deadline_ns;
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 20)), KITH_OK);
    assert_true(capacity >= 2);
    *count = 0;
    if (names->error == KITH_OK) {
        assert_int_equal(kith_endpoint_parse("10.0.0.9", port, &endpoints[0]), KITH_OK);
        assert_int_equal(kith_endpoint_parse("10.0.0.2", port, &endpoints[1]), KITH_OK);
        *count = 2;
    }
    return names->error;
}

static void a_host_is_found_by_dns_where_the_program_can(void **state)
{
    (void)state;
    struct cluster cluster;
    struct connector connector;
    struct names names = {.error = KITH_OK};
    struct kith_naming_options options = {.resolver = {resolve, &names}};
    cluster_open(&cluster, 2, &kith_limits_linux, &options);
    set_connector(&cluster, 0, &connector);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    expect(&cluster, 0, "kith.lan/x", x);
    assert_string_equal(names.host, "kith.lan");
    assert_int_equal(names.port, KITH_DEFAULT_PORT);
    assert_int_equal(connector.calls, 2); // all addresses of a name are tried
    expect(&cluster, 0, "kith.lan:7400/x/0", x);
    assert_int_equal(connector.calls, 2); // it is known by now
    expect(&cluster, 0, "node1/x", x);
    assert_int_equal(names.calls, 2); // nobody is asked about the names of nodes
    names.error = KITH_ERROR_NOT_FOUND;
    expect_error(&cluster, 0, "nowhere.lan/x", KITH_ERROR_NOT_FOUND);
    cluster_close(&cluster);
}

static void a_cut_table_is_looked_up_at_its_owner(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.replicated_names = 5;
    cluster_open(&cluster, 2, &limits, NULL);
    struct kith_ref last = KITH_REF_NONE;
    for (uint32_t i = 0; i < 20; i++) {
        last = cluster_register(&cluster, 1, "x", i);
    }
    cluster_connect_all(&cluster);
    assert_int_equal(cluster_status(&cluster, 0).replicated, 4);
    expect(&cluster, 0, "node1/x/19", last);
    expect(&cluster, 0, "x/19", last);
    expect_error(&cluster, 0, "node1/x/20", KITH_ERROR_NOT_FOUND);
    expect_error(&cluster, 0, "y", KITH_ERROR_NOT_FOUND);
    cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_found_by_host_name_and_index),
        cmocka_unit_test(an_address_is_found_by_asking_where_there_are_no_replicas),
        cmocka_unit_test(a_lookup_of_what_is_here_does_not_block),
        cmocka_unit_test(instances_are_taken_by_turns_and_this_nodes_first),
        cmocka_unit_test(an_unknown_endpoint_is_connected_to),
        cmocka_unit_test(an_endpoint_that_does_not_answer_is_unreachable),
        cmocka_unit_test(a_lost_node_is_unreachable_and_then_found_again),
        cmocka_unit_test(a_lookup_waits_for_the_table_of_a_node_that_just_came),
        cmocka_unit_test(a_table_that_does_not_come_is_a_timeout),
        cmocka_unit_test(a_node_without_naming_has_no_names),
        cmocka_unit_test(a_node_is_found_by_another_endpoint_it_was_reached_at),
        cmocka_unit_test(an_address_is_a_node_s_own_until_it_leads_to_another),
        cmocka_unit_test(a_node_knows_its_own_endpoints),
        cmocka_unit_test(a_host_is_found_by_dns_where_the_program_can),
        cmocka_unit_test(a_cut_table_is_looked_up_at_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
