// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check.h"

#include "fixture.h"

static void set(struct fixture *fixture, enum kithi_setting setting, const char *text)
{
    kithi_config_set(&fixture->config, setting, text, KITHI_FLAG, "here", &fixture->problems);
}

static void try_reach(struct fixture *fixture, const char *listen, const char *peers)
{
    set(fixture, KITHI_SETTING_LISTEN, listen);
    set(fixture, KITHI_SETTING_PEERS, peers);
    kithi_config_check(&fixture->config, &fixture->problems);
}

static void the_defaults_fit_together(void **state)
{
    struct fixture *fixture = *state;
    kithi_config_check(&fixture->config, &fixture->problems);
    expect_no_problem(fixture);
}

static void peers_must_be_reachable_from_where_the_node_listens(void **state)
{
    struct fixture *fixture = *state;
    try_reach(fixture, "127.0.0.1", "127.0.0.1:7401, node-b");
    try_reach(fixture, "0.0.0.0", "10.0.0.7");
    try_reach(fixture, "[::]", "10.0.0.7 [fd00::7]:7400");
    try_reach(fixture, "[::1]", "[::1]:7401");
    try_reach(fixture, "10.0.0.1", "10.0.0.7");
    expect_no_problem(fixture);
    try_reach(fixture, "127.0.0.1", "127.0.0.1:7401,10.0.0.7");
    expect_problem(fixture, "peers: 10.0.0.7 can't be reached from where this node listens "
                            "(this machine); try listen 0.0.0.0");
    try_reach(fixture, "0.0.0.0", "[fd00::7]");
    expect_problem(fixture, "peers: [fd00::7] can't be reached from where this node listens "
                            "(IPv4); try listen ::");
    try_reach(fixture, "[fd00::1]", "10.0.0.7");
    expect_problem(fixture, "peers: 10.0.0.7 can't be reached from where this node listens "
                            "(IPv6); try listen 0.0.0.0");
}

static void the_any_address_is_neither_a_peer_nor_advertised(void **state)
{
    struct fixture *fixture = *state;
    try_reach(fixture, "0.0.0.0", "0.0.0.0");
    expect_problem(fixture, "peers: '0.0.0.0' is no address of a peer");
    set(fixture, KITHI_SETTING_PEERS, "");
    set(fixture, KITHI_SETTING_ADVERTISE, "[::]:7400");
    kithi_config_check(&fixture->config, &fixture->problems);
    expect_problem(fixture, "advertise: '[::]:7400' is no address that peers can send to");
}

static void a_message_must_fit_the_memory(void **state)
{
    struct fixture *fixture = *state;
    set(fixture, KITHI_SETTING_MEMORY, "8M");
    kithi_config_check(&fixture->config, &fixture->problems);
    expect_problem(fixture, "message_size (16M) is larger than memory (8M), which all messages "
                            "share; raise memory or lower message_size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_fixture_test(the_defaults_fit_together),
        cmocka_fixture_test(peers_must_be_reachable_from_where_the_node_listens),
        cmocka_fixture_test(the_any_address_is_neither_a_peer_nor_advertised),
        cmocka_fixture_test(a_message_must_fit_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
