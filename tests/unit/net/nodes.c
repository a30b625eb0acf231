// SPDX-License-Identifier: Apache-2.0
// Real nodes with each other, over a network in memory whose weather follows from a seed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/net.h>
#include <kith/net_loop.h>
#include <kith/platform_sim.h>

#define MS UINT64_C(1000000)

enum { NODES_MOST = 3, SEEDS = 150 };

struct host {
    struct world *world;
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct kith_node *node;
    struct kith_backend *backend;
    struct kith_net *net;
    struct kith_endpoint endpoint;
    struct kith_route_observer observer;
    unsigned changes, ups, suspects, lost, gone;
    bool stalled;
};

struct world {
    struct kith_loop_network *network;
    struct kith_limits limits;
    struct host hosts[NODES_MOST];
    uint64_t now_ns;
    uint64_t random;
};

static uint64_t draw(struct world *world, uint64_t below)
{
    world->random = world->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (world->random >> 33) % below;
}

static void note_change(struct kith_route_observer *observer, const struct kith_route_info *info,
                        enum kith_error reason)
{
    struct host *host = (void *)((char *)observer - offsetof(struct host, observer));
    (void)reason;
    host->changes++;
    host->ups += info->state == KITH_ROUTE_UP ? 1 : 0;
    host->suspects += info->state == KITH_ROUTE_SUSPECT ? 1 : 0;
    host->lost += info->state == KITH_ROUTE_UNREACHABLE ? 1 : 0;
    host->gone += info->state == KITH_ROUTE_GONE ? 1 : 0;
}

static void open_world(struct world *world, uint64_t seed, const struct kith_loop_options *options)
{
    memset(world, 0, sizeof *world);
    struct kith_loop_options seeded = *options;
    seeded.seed = seed;
    world->random = seed;
    world->now_ns = 1000 * MS;
    world->limits = kith_limits_linux;
    world->limits.processes = 64;
    world->limits.timers = 64;
    world->limits.monitors = 256;
    world->limits.routes = 8;
    world->limits.link_credits = 16;
    assert_int_equal(kith_loop_network_open(&seeded, &world->network), KITH_OK);
}

static void start_host(struct world *world, unsigned number, uint64_t incarnation)
{
    static const char *const texts[] = {"10.0.0.1:7400", "10.0.0.2:7400", "10.0.0.3:7400"};
    struct host *host = &world->hosts[number];
    memset(host, 0, sizeof *host);
    host->world = world;
    host->sim = kith_platform_sim_open(incarnation * 31 + world->random, &host->platform);
    kith_platform_sim_set_now(host->sim, world->now_ns);
    struct kith_node_options options = {.name = texts[number],
                                        .platform = &host->platform,
                                        .limits = &world->limits,
                                        .incarnation = incarnation};
    assert_int_equal(kith_node_open(&options, &host->node), KITH_OK);
    assert_int_equal(kith_loop_backend_new(world->network, NULL, NULL, &host->backend), KITH_OK);
    assert_int_equal(kith_endpoint_parse(texts[number], 0, &host->endpoint), KITH_OK);
    struct kith_net_options net_options = {
        .node = host->node, .backend = host->backend, .listen = host->endpoint};
    assert_int_equal(kith_net_open(&net_options, &host->net), KITH_OK);
    host->observer.changed = note_change;
    kith_route_observe(host->node, &host->observer);
}

static void stop_host(struct host *host)
{
    kith_net_close(host->net);
    kith_node_settle(host->node);
    struct kith_message_counters counters;
    kith_message_counters(host->node, &counters);
    assert_int_equal(kith_node_processes(host->node), 0);
    assert_int_equal(counters.alive, 0);
    kith_node_close(host->node);
    assert_int_equal(kith_platform_sim_memory(host->sim), 0);
    kith_platform_sim_close(host->sim);
    kith_loop_backend_free(host->backend);
    host->node = NULL;
}

static uint64_t settle_hosts(struct world *world)
{
    uint64_t next_ns = KITH_FOREVER;
    bool busy = true;
    while (busy) {
        busy = false;
        next_ns = KITH_FOREVER;
        kith_loop_network_run(world->network, world->now_ns);
        for (unsigned number = 0; number < NODES_MOST; number++) {
            struct host *host = &world->hosts[number];
            if (host->node == NULL || host->stalled) {
                continue;
            }
            kith_platform_sim_set_now(host->sim, world->now_ns);
            busy = kith_loop_backend_poll(host->backend) || busy;
            uint64_t deadline_ns = kith_node_settle(host->node);
            next_ns = deadline_ns < next_ns ? deadline_ns : next_ns;
        }
    }
    uint64_t network_ns = kith_loop_network_next_ns(world->network);
    return network_ns < next_ns ? network_ns : next_ns;
}

static void run_for(struct world *world, uint64_t ms)
{
    uint64_t end_ns = world->now_ns + ms * MS;
    for (;;) {
        uint64_t next_ns = settle_hosts(world);
        if (next_ns > end_ns) {
            break;
        }
        world->now_ns = next_ns > world->now_ns ? next_ns : world->now_ns + 1;
    }
    world->now_ns = end_ns;
    (void)settle_hosts(world);
}

static void close_world(struct world *world)
{
    for (unsigned number = 0; number < NODES_MOST; number++) {
        if (world->hosts[number].node != NULL) {
            stop_host(&world->hosts[number]);
        }
    }
    kith_loop_network_close(world->network);
}

static void add_peer(struct world *world, unsigned from, unsigned to)
{
    struct kith_endpoint endpoint;
    static const char *const texts[] = {"10.0.0.1:7400", "10.0.0.2:7400", "10.0.0.3:7400"};
    assert_int_equal(kith_endpoint_parse(texts[to], 0, &endpoint), KITH_OK);
    assert_int_equal(kith_net_peer_add(world->hosts[from].net, &endpoint), KITH_OK);
}

static enum kith_link_state link_state(struct host *host, uint64_t incarnation)
{
    struct kith_link_info info;
    assert_int_equal(kith_net_link_find(host->net, incarnation, &info), KITH_OK);
    return info.state;
}

static const struct kith_loop_options calm = {
    .heartbeat_ns = 1000 * MS,
    .unanswered = 5,
    .retry_ns = 200 * MS,
    .connect_ns = 3000 * MS,
    .path = {.delay_least_ns = MS / 10, .delay_most_ns = 3 * MS}};
static const struct kith_loop_options lossy = {
    .heartbeat_ns = 1000 * MS,
    .unanswered = 8,
    .retry_ns = 200 * MS,
    .connect_ns = 3000 * MS,
    .path = {.delay_least_ns = MS, .delay_most_ns = 20 * MS, .loss_per_million = 100000}};

static void nodes_that_connect_at_once_have_one_link_and_no_trouble(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world world;
        open_world(&world, seed, seed % 2 == 0 ? &calm : &lossy);
        start_host(&world, 0, 1000);
        start_host(&world, 1, seed % 3 == 0 ? 500 : 2000);
        add_peer(&world, 0, 1);
        run_for(&world, draw(&world, 5));
        add_peer(&world, 1, 0);
        run_for(&world, 10000);
        for (unsigned number = 0; number < 2; number++) {
            struct host *host = &world.hosts[number];
            if (host->changes != 1 || host->ups != 1) {
                fail_msg("seed %u: node %u saw %u changes", (unsigned)seed, number, host->changes);
            }
        }
        assert_int_equal(kith_loop_network_connections(world.network), 2); // the two ends of one
        close_world(&world);
    }
}

static void neither_losses_nor_stalls_are_an_alarm(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct world world;
        open_world(&world, seed, &lossy);
        start_host(&world, 0, 1000);
        start_host(&world, 1, 2000);
        add_peer(&world, 0, 1);
        run_for(&world, 10000);
        for (unsigned stalls = 0; stalls < 10; stalls++) {
            run_for(&world, 2000 + draw(&world, 1000));
            world.hosts[stalls % 2].stalled = true;
            run_for(&world, 2000);
            world.hosts[stalls % 2].stalled = false;
        }
        run_for(&world, 5000);
        assert_int_equal(world.hosts[0].lost + world.hosts[1].lost, 0);
        assert_int_equal(link_state(&world.hosts[0], 2000), KITH_LINK_UP);
        assert_int_equal(link_state(&world.hosts[1], 1000), KITH_LINK_UP);
        close_world(&world);
    }
}

// ---- Traffic ----

struct numbered {
    uint32_t number;
    uint32_t check;
};

struct receiver {
    struct kith_ref ref;
    uint32_t last, count;
    bool disorder;
    bool slow;
};

static void receive_numbers(struct kith_process *self, void *argument)
{
    struct receiver *receiver = argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        struct numbered numbered;
        assert_true(message->size >= sizeof numbered);
        memcpy(&numbered, message->data, sizeof numbered);
        assert_int_equal(numbered.check, ~numbered.number);
        receiver->disorder = receiver->disorder || numbered.number <= receiver->last;
        receiver->last = numbered.number;
        receiver->count++;
        if (message->waiting) {
            if (kith_reply(self, &message) != KITH_OK) {
                kith_message_free(&message);
                return;
            }
        }
        kith_message_free(&message);
        if (receiver->slow && kith_sleep_until(self, kith_deadline_ms(self, 3)) != KITH_OK) {
            return;
        }
    }
}

struct sender {
    struct receiver *to;
    bool calls;
    uint32_t number; // sent last
    uint32_t returned, refused;
    uint32_t replies, unknown, others;
    bool stop, finished;
};

static struct kith_message *new_numbered(struct kith_process *self, struct sender *sender)
{
    struct numbered numbered = {++sender->number, ~sender->number};
    size_t size = sizeof numbered + (sender->number * 37) % 500;
    if (sender->number % 40 == 0) {
        size = 70000;
    }
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 1, size, &message), KITH_OK);
    memset(message->data, 0, size);
    memcpy(message->data, &numbered, sizeof numbered);
    return message;
}

static void take_returned(struct kith_process *self, struct sender *sender)
{
    struct kith_message *message;
    while (kith_receive_type(self, KITH_TYPE_RETURNED, &message, KITH_NO_WAIT) == KITH_OK) {
        sender->returned++;
        kith_message_free(&message);
    }
}

static void send_numbers(struct kith_process *self, void *argument)
{
    struct sender *sender = argument;
    while (!sender->stop) {
        struct kith_message *message = new_numbered(self, sender);
        enum kith_error error;
        if (sender->calls) {
            error = kith_call(self, sender->to->ref, &message, KITH_FOREVER);
            sender->replies += error == KITH_OK ? 1 : 0;
            sender->unknown += error == KITH_ERROR_UNKNOWN ? 1 : 0;
            sender->others += error != KITH_OK && error != KITH_ERROR_UNKNOWN ? 1 : 0;
        } else {
            error = kith_send(self, sender->to->ref, &message, kith_deadline_ms(self, 1000));
            sender->refused += error != KITH_OK ? 1 : 0;
        }
        kith_message_free(&message);
        take_returned(self, sender);
        if (kith_sleep_until(self, kith_now(self) + (sender->number % 7) * MS) != KITH_OK) {
            break;
        }
    }
    sender->finished = true;
}

static struct kith_ref spawn_on(struct host *host, kith_process_entry *entry, void *argument)
{
    struct kith_ref ref;
    struct kith_spawn_options options = {.label = "test", .entry = entry, .argument = argument};
    assert_int_equal(kith_spawn(host->node, &options, &ref), KITH_OK);
    return ref;
}

static void break_things(struct world *world)
{
    const struct kith_endpoint *a = &world->hosts[0].endpoint, *b = &world->hosts[1].endpoint;
    switch (draw(world, 4)) {
    case 0:
        assert_int_equal(kith_loop_break(world->network, a, b, 50 * MS), KITH_OK);
        break;
    case 1: {
        struct kith_loop_path path, blocked;
        assert_int_equal(kith_loop_path_get(world->network, a, b, &path), KITH_OK);
        blocked = path;
        blocked.blocked = true;
        assert_int_equal(kith_loop_path_set(world->network, a, b, &blocked), KITH_OK);
        run_for(world, draw(world, 8000));
        assert_int_equal(kith_loop_path_set(world->network, a, b, &path), KITH_OK);
        break;
    }
    case 2:
        world->hosts[1].stalled = true;
        run_for(world, draw(world, 8000));
        world->hosts[1].stalled = false;
        break;
    default:
        break;
    }
    run_for(world, draw(world, 3000));
}

static void order_and_at_most_once_hold_whatever_breaks(void **state)
{
    (void)state;
    uint64_t received = 0, unknown = 0, replies = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct world world;
        open_world(&world, seed, seed % 2 == 0 ? &calm : &lossy);
        start_host(&world, 0, 1000);
        start_host(&world, 1, seed % 3 == 0 ? 500 : 2000);
        add_peer(&world, 0, 1);
        add_peer(&world, 1, 0);
        struct receiver receivers[3] = {{.slow = true}, {.slow = false}, {.slow = false}};
        struct sender senders[3];
        memset(senders, 0, sizeof senders);
        for (unsigned number = 0; number < 3; number++) {
            receivers[number].ref = spawn_on(&world.hosts[1], receive_numbers, &receivers[number]);
            senders[number].to = &receivers[number];
            senders[number].calls = number == 2;
        }
        run_for(&world, 5000);
        for (unsigned number = 0; number < 3; number++) {
            spawn_on(&world.hosts[0], send_numbers, &senders[number]);
        }
        for (unsigned times = 0; times < 6; times++) {
            break_things(&world);
        }
        for (unsigned number = 0; number < 3; number++) {
            senders[number].stop = true;
        }
        run_for(&world, 20000); // what can, arrives
        for (unsigned number = 0; number < 3; number++) {
            struct receiver *receiver = &receivers[number];
            struct sender *sender = &senders[number];
            if (receiver->disorder || !sender->finished) {
                fail_msg("seed %u: sender %u: disorder %d, finished %d", (unsigned)seed, number,
                         receiver->disorder, sender->finished);
            }
            assert_true(receiver->count + sender->refused + sender->returned <= sender->number ||
                        sender->calls);
            received += receiver->count;
        }
        assert_int_equal(senders[2].replies + senders[2].unknown + senders[2].others,
                         senders[2].number);
        replies += senders[2].replies;
        unknown += senders[2].unknown;
        uint64_t incarnation = kith_node_incarnation(world.hosts[1].node);
        assert_int_equal(link_state(&world.hosts[0], incarnation), KITH_LINK_UP);
        for (unsigned number = 0; number < 3; number++) {
            (void)kith_kill(world.hosts[1].node, receivers[number].ref, KITH_OK);
        }
        run_for(&world, 100);
        close_world(&world);
    }
    assert_true(received > 10000 && replies > 1000 && unknown > 5); // it was worth the while
}

static void in_calm_weather_everything_arrives(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 7, &calm);
    start_host(&world, 0, 1000);
    start_host(&world, 1, 2000);
    add_peer(&world, 0, 1);
    struct receiver receivers[2] = {{.slow = true}, {.slow = false}};
    struct sender senders[2] = {{.to = &receivers[0]}, {.to = &receivers[1], .calls = true}};
    for (unsigned number = 0; number < 2; number++) {
        receivers[number].ref = spawn_on(&world.hosts[1], receive_numbers, &receivers[number]);
    }
    run_for(&world, 1000);
    for (unsigned number = 0; number < 2; number++) {
        spawn_on(&world.hosts[0], send_numbers, &senders[number]);
    }
    run_for(&world, 20000);
    senders[0].stop = true;
    senders[1].stop = true;
    run_for(&world, 20000);
    assert_true(senders[0].number > 1000 && senders[1].number > 1000);
    assert_int_equal(receivers[0].count + senders[0].refused, senders[0].number);
    assert_int_equal(senders[1].replies, senders[1].number);
    for (unsigned number = 0; number < 2; number++) {
        (void)kith_kill(world.hosts[1].node, receivers[number].ref, KITH_OK);
    }
    run_for(&world, 100);
    close_world(&world);
}

static void a_node_that_crashes_and_comes_back_is_another_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world world;
        open_world(&world, seed, seed % 2 == 0 ? &calm : &lossy);
        start_host(&world, 0, 1000);
        start_host(&world, 1, 2000);
        add_peer(&world, 0, 1);
        add_peer(&world, 1, 0);
        run_for(&world, 5000);
        assert_int_equal(link_state(&world.hosts[0], 2000), KITH_LINK_UP);
        kith_loop_backend_crash(world.hosts[1].backend);
        stop_host(&world.hosts[1]);
        run_for(&world, draw(&world, 9000));
        start_host(&world, 1, seed % 3 == 0 ? 500 : 3000);
        add_peer(&world, 1, 0);
        run_for(&world, 20000);
        uint64_t incarnation = kith_node_incarnation(world.hosts[1].node);
        assert_int_equal(link_state(&world.hosts[0], incarnation), KITH_LINK_UP);
        assert_int_equal(link_state(&world.hosts[1], 1000), KITH_LINK_UP);
        assert_null(kith_route_find(world.hosts[0].node, 2000));
        assert_int_equal(kith_route_successor(world.hosts[0].node, 2000), incarnation);
        assert_int_equal(world.hosts[0].gone, 1);
        close_world(&world);
    }
}

static void leave_the_world(struct world *world, unsigned number)
{
    kith_net_leave(world->hosts[number].net, world->now_ns + 3000 * MS);
    run_for(world, 3500);
    assert_true(kith_net_quiet(world->hosts[number].net));
}

static void a_node_that_leaves_is_never_suspect(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world world;
        open_world(&world, seed, &calm);
        for (unsigned number = 0; number < 3; number++) {
            start_host(&world, number, 1000 + 1000 * number);
        }
        add_peer(&world, 0, 1);
        add_peer(&world, 0, 2);
        add_peer(&world, 1, 2);
        run_for(&world, 5000);
        leave_the_world(&world, 1);
        for (unsigned number = 0; number < 3; number += 2) {
            assert_int_equal(world.hosts[number].gone, 1);
            assert_int_equal(world.hosts[number].suspects, 0);
            assert_int_equal(world.hosts[number].lost, 0);
        }
        close_world(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_connect_at_once_have_one_link_and_no_trouble),
        cmocka_unit_test(neither_losses_nor_stalls_are_an_alarm),
        cmocka_unit_test(in_calm_weather_everything_arrives),
        cmocka_unit_test(order_and_at_most_once_hold_whatever_breaks),
        cmocka_unit_test(a_node_that_crashes_and_comes_back_is_another_one),
        cmocka_unit_test(a_node_that_leaves_is_never_suspect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
