// SPDX-License-Identifier: Apache-2.0
// Replies to a node whose link is full: who replies doesn't wait for it.
#include "peer.h"

#include <string.h>

enum { LIMIT = 1 << 20, SIZE = 8192, QUEUE = 4096, FIT = 16 * QUEUE / (SIZE + 512) };

struct server {
    unsigned replied;
    size_t size; // of each reply
    enum kith_error error;
};

static void open_full(struct fixture *fixture, struct peer *peer)
{
    struct kith_limits limits = kith_limits_linux;
    limits.message_memory = LIMIT;
    limits.link_queue_bytes = QUEUE;
    open_peer(fixture, peer, &limits);
    peer->answer = KITH_ERROR_FULL;
}

static void serve(struct kith_process *self, void *argument)
{
    struct server *server = argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        kith_message_reset(message);
        assert_int_equal(kith_message_resize(message, server->size), KITH_OK);
        server->error = kith_reply(self, &message);
        server->replied++;
        kith_message_free(&message);
    }
}

static void ask(struct fixture *fixture, struct peer *peer, struct kith_ref server, uint64_t id)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(fixture->node, 7, 8, &message), KITH_OK);
    message->from = message->reply_to = remote;
    message->to = server;
    message->id = id;
    message->deadline_ns = KITH_FOREVER;
    message->waiting = true;
    assert_int_equal(kith_route_deliver(peer->route, &message), KITH_OK);
    run_to_end(fixture);
}

static void end(struct fixture *fixture, struct kith_ref process)
{
    assert_int_equal(kith_kill(fixture->node, process, KITH_ERROR_KILLED), KITH_OK);
    run_to_end(fixture);
}

static void a_reply_waits_by_itself_while_the_route_is_full(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct server server = {.size = 100};
    open_full(&fixture, &peer);
    struct kith_ref process = spawn(&fixture, "server", serve, &server);
    run_to_end(&fixture);
    for (uint64_t id = 1; id <= 3; id++) {
        ask(&fixture, &peer, process, id);
        assert_int_equal(server.replied, id); // and it has gone on
    }
    assert_int_equal(peer.sent, 0);
    assert_int_equal(kith_route_replies(peer.route), 3);
    kith_route_ready(peer.route, KITH_REF_NONE); // still full
    assert_int_equal(kith_route_replies(peer.route), 3);
    end(&fixture, process);
    peer.answer = KITH_OK;
    kith_route_ready(peer.route, KITH_REF_NONE);
    assert_int_equal(peer.sent, 3); // though who replied has ended
    assert_int_equal(peer.last_id, 3);
    assert_int_equal(kith_route_replies(peer.route), 0);
    close_fixture(&fixture);
}

static void send_one(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 7, 8, &message), KITH_OK);
    *(enum kith_error *)argument = kith_send(self, remote, &message, KITH_FOREVER);
    kith_message_free(&message);
}

static void what_is_sent_later_does_not_overtake_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct server server = {.size = 100};
    enum kith_error error = KITH_ERROR_UNKNOWN;
    open_full(&fixture, &peer);
    struct kith_ref process = spawn(&fixture, "server", serve, &server);
    ask(&fixture, &peer, process, 1);
    peer.answer = KITH_OK; // there is room, but nobody has said so yet
    spawn(&fixture, "sender", send_one, &error);
    run_to_end(&fixture);
    assert_int_equal(peer.sent, 0);
    kith_route_ready(peer.route, KITH_REF_NONE);
    run_to_end(&fixture);
    assert_int_equal(error, KITH_OK);
    assert_int_equal(peer.sent, 2);
    assert_int_equal(peer.last_id, 0); // the message was the second
    end(&fixture, process);
    close_fixture(&fixture);
}

static void reply_and_end(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_reply(self, &message), KITH_OK);
}

static void that_its_process_ended_is_told_after_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    open_full(&fixture, &peer);
    struct kith_ref process = spawn(&fixture, "server", reply_and_end, NULL);
    run_to_end(&fixture);
    kith_route_monitor(peer.route, remote, process, 5, KITH_KIND_MONITOR);
    ask(&fixture, &peer, process, 1);
    assert_int_equal(kith_route_replies(peer.route), 1);
    assert_int_equal(peer.downs, 0);
    peer.answer = KITH_OK;
    kith_route_ready(peer.route, KITH_REF_NONE);
    assert_int_equal(peer.sent, 1);
    assert_int_equal(peer.downs, 1);
    assert_int_equal(peer.last_down, KITH_OK);
    assert_int_equal(kith_route_replies(peer.route), 0);
    close_fixture(&fixture);
}

static void who_does_not_take_its_replies_gets_full_in_the_end(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct server server = {.size = SIZE};
    open_full(&fixture, &peer);
    struct kith_ref process = spawn(&fixture, "server", serve, &server);
    for (uint64_t id = 1; id <= FIT + 1; id++) {
        ask(&fixture, &peer, process, id);
    }
    assert_int_equal(server.replied, FIT + 1);
    assert_int_equal(server.error, KITH_OK);
    assert_int_equal(peer.sent, 1); // of which a route takes any number
    assert_int_equal(peer.last_id, FIT + 1);
    assert_int_equal(peer.last_error, KITH_ERROR_FULL);
    assert_int_equal(kith_route_replies(peer.route), FIT);
    peer.answer = KITH_OK;
    kith_route_ready(peer.route, KITH_REF_NONE);
    ask(&fixture, &peer, process, FIT + 2);
    assert_int_equal(peer.sent, FIT + 2);
    assert_int_equal(peer.last_error, KITH_OK);
    end(&fixture, process);
    close_fixture(&fixture);
}

static void replies_that_wait_end_with_the_route(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct server server = {.size = 100};
    open_full(&fixture, &peer);
    struct kith_ref process = spawn(&fixture, "server", serve, &server);
    ask(&fixture, &peer, process, 1);
    ask(&fixture, &peer, process, 2);
    kith_route_set_state(peer.route, KITH_ROUTE_UNREACHABLE, KITH_ERROR_UNREACHABLE, 0);
    struct kith_node_counters counters;
    kith_node_counters(fixture.node, &counters);
    assert_int_equal(counters.sent, 2);
    assert_int_equal(counters.unknown, 2);
    assert_int_equal(kith_route_replies(peer.route), 0);
    end(&fixture, process);
    close_fixture(&fixture);
}

static void a_reply_that_can_not_be_sent_after_all_tells_why(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer peer;
    struct server server = {.size = 100};
    open_full(&fixture, &peer);
    struct kith_ref process = spawn(&fixture, "server", serve, &server);
    ask(&fixture, &peer, process, 1);
    peer.answer = KITH_ERROR_NO_MEMORY;
    kith_route_ready(peer.route, KITH_REF_NONE);
    assert_int_equal(peer.sent, 1);
    assert_int_equal(peer.last_error, KITH_ERROR_NO_MEMORY);
    assert_int_equal(kith_route_replies(peer.route), 0);
    end(&fixture, process);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_waits_by_itself_while_the_route_is_full),
        cmocka_unit_test(what_is_sent_later_does_not_overtake_it),
        cmocka_unit_test(that_its_process_ended_is_told_after_it),
        cmocka_unit_test(who_does_not_take_its_replies_gets_full_in_the_end),
        cmocka_unit_test(replies_that_wait_end_with_the_route),
        cmocka_unit_test(a_reply_that_can_not_be_sent_after_all_tells_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
