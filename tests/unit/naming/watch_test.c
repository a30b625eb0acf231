// SPDX-License-Identifier: Apache-2.0
// Events about what comes and goes.
#include <stdio.h>
#include <string.h>

#include "cluster.h"

enum { MOST_EVENTS = 4096 };

// A process that watches, and takes its messages only while it isn't paused.
struct watcher {
    const char *pattern;
    unsigned kinds;
    uint32_t mailbox;
    enum kith_error error;
    uint64_t watch;
    bool paused, unwatch;
    char events[MOST_EVENTS][96];
    uint32_t count;
    struct kith_naming_event last;
};

static void note_event(struct watcher *watcher, const struct kith_naming_event *event)
{
    static const char *const kinds[] = {"", "up", "down", "suspect", "resync", "complete"};
    static const char *const whats[] = {"", "name ", "node ", "", "link "};
    assert_true(watcher->count < MOST_EVENTS);
    assert_true(event->watch == watcher->watch);
    char *text = watcher->events[watcher->count++];
    const size_t size = sizeof watcher->events[0];
    if (event->what == KITH_WATCH_NAMES) {
        snprintf(text, size, "name %s %s/%s/%u", kinds[event->kind], event->node_name, event->name,
                 (unsigned)event->index);
    } else {
        snprintf(text, size, "%s%s %s", whats[event->what], kinds[event->kind], event->node_name);
    }
    watcher->last = *event;
}

static void watch(struct kith_process *self, void *argument)
{
    struct watcher *watcher = argument;
    watcher->error =
        kith_watch(self, watcher->pattern, watcher->kinds, &watcher->watch, KITH_FOREVER);
    while (watcher->error == KITH_OK) {
        struct kith_message *message;
        if (watcher->paused || watcher->unwatch) {
            if (watcher->unwatch) {
                watcher->error = kith_unwatch(self, watcher->watch, KITH_FOREVER);
                watcher->unwatch = false;
            }
            if (kith_sleep_until(self, kith_deadline_ms(self, 1)) != KITH_OK) {
                return;
            }
            continue;
        }
        enum kith_error error = kith_receive(self, &message, kith_deadline_ms(self, 1));
        if (error == KITH_ERROR_KILLED) {
            return;
        }
        struct kith_naming_event event;
        if (error == KITH_OK && kith_naming_event(message, &event)) {
            note_event(watcher, &event);
        }
        kith_message_free(&message);
    }
}

static struct kith_ref start(struct cluster *cluster, uint32_t node, struct watcher *watcher)
{
    struct kith_spawn_options options = {
        .entry = watch, .argument = watcher, .mailbox_messages = watcher->mailbox};
    struct kith_ref ref;
    assert_int_equal(kith_spawn(cluster->nodes[node], &options, &ref), KITH_OK);
    cluster_advance(cluster, 2);
    return ref;
}

// The events so far are exactly these, in this order; they are taken.
static void expect_events(struct watcher *watcher, const char *const events[], uint32_t count)
{
    for (uint32_t i = 0; i < count && i < watcher->count; i++) {
        assert_string_equal(watcher->events[i], events[i]);
    }
    assert_int_equal(watcher->count, count);
    watcher->count = 0;
}

#define EXPECT(watcher, ...)                                                                       \
    do {                                                                                           \
        static const char *const expected[] = {__VA_ARGS__};                                       \
        expect_events(watcher, expected, sizeof expected / sizeof expected[0]);                    \
    } while (0)

static struct watcher shared; // too large for the stack of a test
static struct watcher *new_watcher(const char *pattern, unsigned kinds)
{
    memset(&shared, 0, sizeof shared);
    shared.pattern = pattern;
    shared.kinds = kinds;
    return &shared;
}

static void a_watch_begins_with_what_is_there_and_goes_on_with_changes(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("x*", KITH_WATCH_NAMES);
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct kith_ref x0 = cluster_register(&cluster, 0, "x", 0);
    cluster_register(&cluster, 0, "y", 0);
    start(&cluster, 0, watcher);
    EXPECT(watcher, "name up node0/x/0", "complete ");
    cluster_register(&cluster, 0, "y", 1);
    struct kith_ref xx = cluster_register(&cluster, 0, "xx", 3);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "name up node0/xx/3");
    assert_true(kith_ref_equal(watcher->last.ref, xx));
    assert_int_equal(watcher->last.epoch, 5);
    cluster_kill(&cluster, 0, x0);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "name down node0/x/0");
    assert_true(kith_ref_equal(watcher->last.ref, x0));
    assert_int_equal(watcher->last.epoch, 6);
    assert_int_equal(watcher->last.reason, KITH_ERROR_KILLED); // how the process ended
    cluster_close(&cluster);
}

static void names_nodes_and_links_of_others_are_told(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher =
        new_watcher("node1/*/*", KITH_WATCH_NAMES | KITH_WATCH_NODES | KITH_WATCH_LINKS);
    cluster_open(&cluster, 3, &kith_limits_linux, NULL);
    cluster_register(&cluster, 1, "x", 0);
    start(&cluster, 0, watcher);
    EXPECT(watcher, "complete ");
    cluster_connect_all(&cluster);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "node up node1", "link up node1", "name up node1/naming/0",
           "name up node1/x/0");
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "link suspect node1");
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_UP, KITH_OK);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "link up node1");
    cluster_set_state(&cluster, 0, 1, KITH_ROUTE_GONE, KITH_ERROR_LEFT);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "name down node1/naming/0", "name down node1/x/0", "link down node1",
           "node down node1");
    assert_int_equal(watcher->last.reason, KITH_ERROR_LEFT);
    assert_true(watcher->last.node == kith_node_incarnation(cluster.nodes[1]));
    struct kith_endpoint endpoint;
    assert_int_equal(kith_endpoint_parse("10.0.0.2:7400", 0, &endpoint), KITH_OK);
    assert_true(kith_endpoint_equal(&watcher->last.endpoint, &endpoint));
    cluster_close(&cluster);
}

static void a_beginning_tells_of_nodes_links_and_names_that_are_there(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("*", KITH_WATCH_NODES | KITH_WATCH_LINKS);
    cluster_open(&cluster, 3, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    cluster_set_side(&cluster, 0, 2, KITH_ROUTE_SUSPECT, KITH_ERROR_UNREACHABLE);
    start(&cluster, 0, watcher);
    EXPECT(watcher, "node up node0", "node up node1", "node up node2", "link up node1",
           "link suspect node2", "complete ");
    cluster_close(&cluster);
}

static void a_node_that_restarts_goes_and_comes(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("node1", KITH_WATCH_NODES);
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    start(&cluster, 0, watcher);
    EXPECT(watcher, "node up node1", "complete ");
    uint64_t before = watcher->last.node;
    cluster_restart(&cluster, 1, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "node down node1", "node up node1");
    assert_true(watcher->last.node != before);
    assert_true(watcher->last.node == kith_node_incarnation(cluster.nodes[1]));
    cluster_close(&cluster);
}

static void a_transfer_tells_only_of_what_differs(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("node1/*/*", KITH_WATCH_NAMES);
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster_register(&cluster, 1, "y", 0);
    cluster_connect_all(&cluster);
    start(&cluster, 0, watcher);
    EXPECT(watcher, "name up node1/naming/0", "name up node1/x/0", "name up node1/y/0",
           "complete ");
    cluster.wires[1][0].lose = 1000; // until the log doesn't help any more
    cluster_kill(&cluster, 1, x);
    for (uint32_t i = 0; i < 2000; i++) {
        cluster_kill(&cluster, 1, cluster_register(&cluster, 1, "z", 0));
    }
    struct kith_ref y1 = cluster_register(&cluster, 1, "y", 1);
    cluster_settle(&cluster);
    cluster.wires[1][0].lose = 0;
    cluster_advance(&cluster, 15000);
    EXPECT(watcher, "name up node1/y/1", "name down node1/x/0");
    cluster_kill(&cluster, 1, y1);
    cluster_advance(&cluster, 2);
    EXPECT(watcher, "name down node1/y/1");
    cluster_close(&cluster);
}

// What a watcher believes after all its events is what is there.
static uint32_t believed(const struct watcher *watcher)
{
    uint32_t names = 0;
    for (uint32_t i = 0; i < watcher->count; i++) {
        names = strncmp(watcher->events[i], "resync", 6) == 0      ? 0
                : strncmp(watcher->events[i], "name up", 7) == 0   ? names + 1
                : strncmp(watcher->events[i], "name down", 9) == 0 ? names - 1
                                                                   : names;
    }
    return names;
}

static uint32_t count_of(const struct watcher *watcher, const char *event)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < watcher->count; i++) {
        count += strcmp(watcher->events[i], event) == 0;
    }
    return count;
}

static void a_watcher_that_is_behind_is_told_to_begin_anew(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("x", KITH_WATCH_NAMES);
    struct kith_ref processes[50];
    watcher->mailbox = 8;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    start(&cluster, 0, watcher);
    EXPECT(watcher, "complete ");
    watcher->paused = true;
    cluster_advance(&cluster, 5);
    for (uint32_t i = 0; i < 50; i++) {
        processes[i] = cluster_register(&cluster, 0, "x", i);
    }
    for (uint32_t i = 0; i < 50; i += 2) {
        cluster_kill(&cluster, 0, processes[i]);
    }
    cluster_advance(&cluster, 2000);
    assert_true(cluster_status(&cluster, 0).resets > 0);
    watcher->paused = false;
    cluster_advance(&cluster, 2000);
    assert_true(count_of(watcher, "resync ") > 0);
    assert_string_equal(watcher->events[watcher->count - 1], "complete ");
    // Only what follows the last RESYNC counts.
    uint32_t last = watcher->count;
    while (strcmp(watcher->events[last - 1], "resync ") != 0) {
        last--;
    }
    assert_int_equal(watcher->count - last, 25 + 1);
    cluster_close(&cluster);
}

static void a_beginning_larger_than_the_mailbox_arrives_in_portions(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("x", KITH_WATCH_NAMES);
    struct kith_ref processes[200];
    watcher->mailbox = 8;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 200; i++) {
        processes[i] = cluster_register(&cluster, 0, "x", i);
    }
    start(&cluster, 0, watcher);
    cluster_kill(&cluster, 0, processes[1]);   // told already: goes
    cluster_kill(&cluster, 0, processes[199]); // not told yet: never comes
    cluster_register(&cluster, 0, "x", 300);
    cluster_advance(&cluster, 3000);
    assert_int_equal(count_of(watcher, "complete "), 1);
    assert_int_equal(count_of(watcher, "resync "), 0);
    assert_int_equal(believed(watcher), 199);
    assert_int_equal(count_of(watcher, "name up node0/x/300"), 1);
    assert_int_equal(count_of(watcher, "name down node0/x/1"), 1);
    assert_int_equal(count_of(watcher, "name up node0/x/199"), 0);
    cluster_close(&cluster);
}

static void a_change_between_two_portions_is_told_without_a_new_beginning(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("x", KITH_WATCH_NAMES);
    struct kith_ref processes[600];
    watcher->mailbox = 2000;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 600; i++) {
        processes[i] = cluster_register(&cluster, 0, "x", i);
    }
    start(&cluster, 0, watcher);
    assert_in_range(watcher->count, 1, 599);
    cluster_kill(&cluster, 0, processes[1]);
    cluster_advance(&cluster, 100);
    assert_int_equal(cluster_status(&cluster, 0).resets, 0);
    assert_int_equal(believed(watcher), 599);
    assert_string_equal(watcher->events[watcher->count - 1], "complete ");
    cluster_close(&cluster);
}

static void an_ended_watch_tells_nothing_more(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("x", KITH_WATCH_NAMES);
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct kith_ref process = start(&cluster, 0, watcher);
    EXPECT(watcher, "complete ");
    watcher->unwatch = true;
    cluster_advance(&cluster, 5);
    assert_int_equal(watcher->error, KITH_OK);
    assert_int_equal(cluster_status(&cluster, 0).watches, 0);
    cluster_register(&cluster, 0, "x", 0);
    cluster_advance(&cluster, 5);
    assert_int_equal(watcher->count, 0);
    watcher->unwatch = true; // there is none any more
    cluster_advance(&cluster, 5);
    assert_int_equal(watcher->error, KITH_ERROR_NOT_FOUND);
    (void)process;
    cluster_close(&cluster);
}

static void a_watch_ends_with_its_process(void **state)
{
    (void)state;
    struct cluster cluster;
    struct watcher *watcher = new_watcher("*", KITH_WATCH_NAMES);
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct kith_ref process = start(&cluster, 0, watcher);
    assert_int_equal(cluster_status(&cluster, 0).watches, 1);
    cluster_kill(&cluster, 0, process);
    assert_int_equal(cluster_status(&cluster, 0).watches, 0);
    cluster_close(&cluster);
}

static void use_badly(struct kith_process *self, void *argument)
{
    (void)argument;
    uint64_t watch;
    assert_int_equal(kith_watch(self, "a b", KITH_WATCH_NAMES, &watch, KITH_FOREVER),
                     KITH_ERROR_INVALID);
    assert_int_equal(kith_watch(self, "*", 0, &watch, KITH_FOREVER), KITH_ERROR_INVALID);
    assert_int_equal(kith_watch(self, "*", 8, &watch, KITH_FOREVER), KITH_ERROR_INVALID);
    assert_int_equal(kith_unwatch(self, 77, KITH_FOREVER), KITH_ERROR_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kith_watch(self, "*", KITH_WATCH_NODES, &watch, KITH_FOREVER), KITH_OK);
    }
    assert_int_equal(kith_watch(self, "*", KITH_WATCH_NODES, &watch, KITH_FOREVER),
                     KITH_ERROR_LIMIT);
}

static void wrong_watches_are_refused(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_naming_options options = {.watches = 2};
    cluster_open(&cluster, 1, &kith_limits_linux, &options);
    cluster_run(&cluster, 0, use_badly, NULL);
    cluster_close(&cluster);
}

static void a_message_that_is_no_event_is_not_taken_for_one(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_message *message;
    struct kith_naming_event event;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    assert_int_equal(kith_message_new(cluster.nodes[0], 3, 40, &message), KITH_OK);
    memset(message->data, 0, message->size);
    assert_false(kith_naming_event(message, &event));
    kith_message_free(&message);
    cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_begins_with_what_is_there_and_goes_on_with_changes),
        cmocka_unit_test(names_nodes_and_links_of_others_are_told),
        cmocka_unit_test(a_beginning_tells_of_nodes_links_and_names_that_are_there),
        cmocka_unit_test(a_node_that_restarts_goes_and_comes),
        cmocka_unit_test(a_transfer_tells_only_of_what_differs),
        cmocka_unit_test(a_watcher_that_is_behind_is_told_to_begin_anew),
        cmocka_unit_test(a_beginning_larger_than_the_mailbox_arrives_in_portions),
        cmocka_unit_test(a_change_between_two_portions_is_told_without_a_new_beginning),
        cmocka_unit_test(an_ended_watch_tells_nothing_more),
        cmocka_unit_test(a_watch_ends_with_its_process),
        cmocka_unit_test(wrong_watches_are_refused),
        cmocka_unit_test(a_message_that_is_no_event_is_not_taken_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
