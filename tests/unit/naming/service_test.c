// SPDX-License-Identifier: Apache-2.0
// The naming service as others see it: messages to the naming process, also from other nodes, and
// from those that have no right to send them.
#include <stdio.h>
#include <string.h>

#include <naming.pb-c.h>

#include "cluster.h"

enum method {
    REGISTER,
    RELEASE,
    LOOKUP,
    FIND,
    LIST,
    WAIT,
    WATCH,
    UNWATCH,
    STATUS,
    EVENT,
    RESYNC,
    REPLICATE,
    CHANGE
};

static uint64_t type_of(enum method method)
{
    return kith_service_type(&kith__naming__descriptor, method);
}

static void *new_request(struct kith_process *self, enum method method,
                         const ProtobufCMessageDescriptor *descriptor,
                         struct kith_message **message)
{
    assert_int_equal(
        kith_message_new_typed(kith_process_node(self), type_of(method), descriptor, message),
        KITH_OK);
    return (*message)->data;
}

// The error of the call or of its reply; *message is the reply if that is OK.
static enum kith_error call(struct kith_process *self, struct kith_ref to,
                            struct kith_message **message)
{
    enum kith_error error = kith_call(self, to, message, kith_deadline_ms(self, 1000));
    if (error == KITH_OK && (*message)->error != 0) {
        error = (enum kith_error)(*message)->error;
        kith_message_free(message);
    }
    return error;
}

struct visit {
    struct kith_ref naming; // of the node asked
    struct kith_ref expected;
    uint64_t incarnation;
};

static void look_up_remotely(struct kith_process *self, void *argument)
{
    const struct visit *visit = argument;
    struct kith_message *message;
    Kith__NamingLookup *lookup =
        new_request(self, LOOKUP, &kith__naming_lookup__descriptor, &message);
    lookup->name = kith_message_text(message, "x");
    assert_int_equal(call(self, visit->naming, &message), KITH_OK);
    const Kith__NamingEntry *entry = kith_message_typed(message, &kith__naming_entry__descriptor);
    assert_non_null(entry);
    assert_string_equal(entry->name, "x");
    assert_int_equal(entry->index, 4);
    assert_string_equal(entry->node_name, "node1");
    assert_string_equal(entry->endpoint, "10.0.0.2:7400");
    assert_true(entry->ref->node == visit->expected.node);
    assert_int_equal(entry->ref->slot, visit->expected.slot);
    kith_message_free(&message);
    lookup = new_request(self, LOOKUP, &kith__naming_lookup__descriptor, &message);
    lookup->name = kith_message_text(message, "y");
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_NOT_FOUND);
    new_request(self, LOOKUP, &kith__naming_lookup__descriptor, &message);
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_INVALID);
}

static enum kith_error watch_all(struct kith_process *self, const struct visit *visit)
{
    struct kith_message *message;
    Kith__NamingWatch *watch = new_request(self, WATCH, &kith__naming_watch__descriptor, &message);
    watch->pattern = kith_message_text(message, "*");
    watch->kinds = KITH_WATCH_NODES;
    enum kith_error error = call(self, visit->naming, &message);
    kith_message_free(&message);
    return error;
}

static void ask_for_too_much(struct kith_process *self, void *argument)
{
    const struct visit *visit = argument;
    struct kith_message *message;
    uint64_t id;
    for (unsigned i = 0; i < 17; i++) {
        Kith__NamingWait *wait = new_request(self, WAIT, &kith__naming_wait__descriptor, &message);
        wait->name = kith_message_text(message, "nobody");
        uint64_t deadline_ns = kith_deadline_ms(self, 1000);
        assert_int_equal(kith_request(self, visit->naming, &message, deadline_ns, deadline_ns, &id),
                         KITH_OK);
    }
    assert_int_equal(kith_receive_reply(self, id, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(message->error, KITH_ERROR_LIMIT);
    kith_message_free(&message);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(watch_all(self, visit), KITH_OK);
    }
    assert_int_equal(watch_all(self, visit), KITH_ERROR_LIMIT);
}

static void another_node_gets_a_few_watches_and_waits(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    struct visit visit = {.naming = cluster.naming[1]};
    cluster_run(&cluster, 0, ask_for_too_much, &visit);
    cluster_close(&cluster);
}

// One request of each method that takes a name or a pattern.
static void send_name(struct kith_process *self, const struct visit *visit, const char *name)
{
    struct kith_message *message;
    Kith__NamingLookup *lookup =
        new_request(self, LOOKUP, &kith__naming_lookup__descriptor, &message);
    lookup->name = kith_message_text(message, name);
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_INVALID);
    for (enum method method = FIND; method <= LIST; method++) {
        Kith__NamingFind *find =
            new_request(self, method, &kith__naming_find__descriptor, &message);
        find->pattern = kith_message_text(message, name);
        assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_INVALID);
    }
    Kith__NamingWait *wait = new_request(self, WAIT, &kith__naming_wait__descriptor, &message);
    wait->name = kith_message_text(message, name);
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_INVALID);
    Kith__NamingWatch *watch = new_request(self, WATCH, &kith__naming_watch__descriptor, &message);
    watch->pattern = kith_message_text(message, name);
    watch->kinds = KITH_WATCH_NAMES;
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_INVALID);
}

static void send_bad_names(struct kith_process *self, void *argument)
{
    static char long_name[301];
    static const char *const bad[] = {"\x01",      "a\nb",      "\x1b[31m", "a\x7f", "\xc2\x9bm",
                                      "a\xc0\x80", "a\xe2\x82", "\xff",     "a b",   long_name};
    memset(long_name, 'n', sizeof long_name - 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        send_name(self, argument, bad[i]);
    }
}

static void bad_names_from_another_node_are_refused(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    struct visit visit = {.naming = cluster.naming[1]};
    cluster_run(&cluster, 0, send_bad_names, &visit);
    struct kith_naming_status status = cluster_status(&cluster, 1);
    assert_int_equal(status.own, 1);
    assert_int_equal(status.waits, 0);
    assert_int_equal(status.watches, 0);
    cluster_close(&cluster);
}

// Protobuf allows a zero byte in a string, C doesn't: "x\0y" isn't the name "x".
static void a_name_with_a_zero_byte_is_refused(void **state)
{
    (void)state;
    static const unsigned char payload[] = {1 << 3 | 2, 3, 'x', 0, 'y'};
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    for (enum method method = REGISTER; method <= WATCH; method++) {
        struct kith_message *message;
        assert_int_equal(kith_message_new(cluster.nodes[0], type_of(method), 0, &message), KITH_OK);
        assert_int_equal(kith_payload_decode(cluster.nodes[0], message, payload, sizeof payload),
                         KITH_ERROR_INVALID);
        kith_message_free(&message);
    }
    cluster_close(&cluster);
}

static void find_remotely(struct kith_process *self, void *argument)
{
    const struct visit *visit = argument;
    uint64_t cursor = 0;
    uint32_t seen = 0;
    do {
        struct kith_message *message;
        Kith__NamingFind *find = new_request(self, FIND, &kith__naming_find__descriptor, &message);
        find->pattern = kith_message_text(message, "*");
        find->cursor = cursor;
        find->limit = 2;
        assert_int_equal(call(self, visit->naming, &message), KITH_OK);
        const Kith__NamingPage *page = kith_message_typed(message, &kith__naming_page__descriptor);
        assert_in_range(page->n_entries, 0, 2);
        seen += (uint32_t)page->n_entries;
        cursor = page->next;
        kith_message_free(&message);
    } while (cursor != 0);
    assert_int_equal(seen, 3); // x, and naming/0 of both nodes
}

static void ask_for_status(struct kith_process *self, void *argument)
{
    const struct visit *visit = argument;
    struct kith_message *message;
    new_request(self, STATUS, &kith__naming_nothing__descriptor, &message);
    assert_int_equal(call(self, visit->naming, &message), KITH_OK);
    const Kith__NamingStatus *status =
        kith_message_typed(message, &kith__naming_status__descriptor);
    assert_non_null(status);
    assert_int_equal(status->own, 2);
    assert_int_equal(status->replicated, 1);
    assert_true(status->complete);
    assert_int_equal(status->node_count, 2);
    assert_int_equal(status->n_nodes, 2);
    assert_string_equal(status->nodes[0]->name, "node1");
    assert_string_equal(status->nodes[1]->name, "node0");
    assert_string_equal(status->nodes[1]->state, "up");
    assert_int_equal(status->nodes[0]->entries, 2);
    kith_message_free(&message);
}

static void another_node_can_be_asked(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    struct visit visit = {.expected = cluster_register(&cluster, 1, "x", 4)};
    visit.naming = cluster.naming[1];
    cluster_connect_all(&cluster);
    cluster_run(&cluster, 0, look_up_remotely, &visit);
    cluster_run(&cluster, 0, find_remotely, &visit);
    cluster_run(&cluster, 0, ask_for_status, &visit);
    cluster_close(&cluster);
}

static void register_remotely(struct kith_process *self, void *argument)
{
    const struct visit *visit = argument;
    struct kith_message *message;
    Kith__NamingRegister *request =
        new_request(self, REGISTER, &kith__naming_register__descriptor, &message);
    request->name = kith_message_text(message, "z");
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_DENIED);
    Kith__NamingRelease *release =
        new_request(self, RELEASE, &kith__naming_release__descriptor, &message);
    release->name = kith_message_text(message, "x");
    release->index = 4;
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_DENIED);
}

static void names_belong_to_their_node_and_process(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref ref;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 1, "x", 4);
    struct visit visit = {.naming = cluster.naming[1]};
    cluster_connect_all(&cluster);
    cluster_run(&cluster, 0, register_remotely, &visit);
    assert_int_equal(kith_lookup_here(cluster.nodes[0], "x/4", &ref), KITH_OK);
    assert_int_equal(kith_lookup_here(cluster.nodes[0], "z", &ref), KITH_ERROR_NOT_FOUND);
    assert_int_equal(cluster_status(&cluster, 1).denied, 2);
    cluster_close(&cluster);
}

// A process that isn't a naming process says that its node has a name.
static void forge_tables(struct kith_process *self, void *argument)
{
    const struct visit *visit = argument;
    struct kith_message *message;
    Kith__NamingChangeEntry *forged;
    Kith__NamingChange *change =
        new_request(self, CHANGE, &kith__naming_change__descriptor, &message);
    forged = kith_message_part(message, &kith__naming_change_entry__descriptor);
    forged->name = kith_message_text(message, "forged");
    forged->generation = 1;
    forged->epoch = 2;
    change->previous = 1;
    change->epoch = 2;
    change->n_changes = 1;
    change->changes = kith_message_allocate(message, sizeof forged);
    change->changes[0] = forged;
    assert_int_equal(kith_send(self, visit->naming, &message, KITH_FOREVER), KITH_OK);
    new_request(self, RESYNC, &kith__naming_resync__descriptor, &message);
    assert_int_equal(kith_send(self, visit->naming, &message, KITH_FOREVER), KITH_OK);
    Kith__NamingReplicate *part =
        new_request(self, REPLICATE, &kith__naming_replicate__descriptor, &message);
    part->last = true;
    part->epoch = 9;
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_DENIED);
}

static void only_a_naming_process_speaks_for_its_table(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_ref ref;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_register(&cluster, 0, "x", 0);
    cluster_connect_all(&cluster);
    struct visit remote = {.naming = cluster.naming[1]}, local = {.naming = cluster.naming[0]};
    cluster_run(&cluster, 0, forge_tables, &remote);
    cluster_run(&cluster, 0, forge_tables, &local);
    cluster_settle(&cluster);
    assert_int_equal(cluster_status(&cluster, 1).denied, 3);
    assert_int_equal(cluster_status(&cluster, 0).denied, 3);
    assert_int_equal(kith_lookup_here(cluster.nodes[1], "forged", &ref), KITH_ERROR_NOT_FOUND);
    assert_true(cluster_converged(&cluster));
    cluster_close(&cluster);
}

static void send_nonsense(struct kith_process *self, void *argument)
{
    const struct visit *visit = argument;
    struct kith_node *node = kith_process_node(self);
    struct kith_message *message;
    for (enum method method = REGISTER; method <= CHANGE; method++) {
        // Plain bytes where a struct should be, and a method nobody has, as a call and as a
        // message.
        for (int number = 0; number < 2; number++) {
            uint64_t type = number == 0 ? type_of(method) : type_of(method) + 50;
            assert_int_equal(kith_message_new(node, type, 16, &message), KITH_OK);
            memset(message->data, 0xff, 16);
            enum kith_error error = call(self, visit->naming, &message);
            bool no_payload = method == STATUS && number == 0; // its request is empty anyway
            assert_int_equal(error == KITH_OK, no_payload);
            kith_message_free(&message);
            assert_int_equal(kith_message_new(node, type, 0, &message), KITH_OK);
            assert_int_equal(kith_send(self, visit->naming, &message, KITH_FOREVER), KITH_OK);
        }
    }
    assert_int_equal(kith_message_new(node, KITH_TYPE(KITH_SIGNATURE_BYTES, 3), 8, &message),
                     KITH_OK);
    assert_int_equal(call(self, visit->naming, &message), KITH_ERROR_UNSUPPORTED);
}

static void nonsense_gets_an_error_and_changes_nothing(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    struct visit visit = {.naming = cluster.naming[0]};
    cluster_run(&cluster, 0, send_nonsense, &visit);
    assert_int_equal(cluster_status(&cluster, 0).epoch, 1);
    cluster_close(&cluster);
}

struct listener {
    struct kith_ref naming;
    uint32_t events;
    enum kith_event_kind last;
    uint32_t since_resync; // events after the last RESYNC
};

static void watch_remotely(struct kith_process *self, void *argument)
{
    struct listener *listener = argument;
    struct kith_message *message;
    Kith__NamingWatch *watch = new_request(self, WATCH, &kith__naming_watch__descriptor, &message);
    watch->pattern = kith_message_text(message, "x");
    watch->kinds = KITH_WATCH_NAMES;
    assert_int_equal(call(self, listener->naming, &message), KITH_OK);
    kith_message_free(&message);
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        struct kith_naming_event event;
        if (kith_naming_event(message, &event)) {
            listener->events++;
            listener->last = event.kind;
            listener->since_resync =
                event.kind == KITH_EVENT_RESYNC ? 0 : listener->since_resync + 1;
        }
        kith_message_free(&message);
    }
}

static void a_process_of_another_node_can_watch_until_it_ends(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    struct listener listener = {.naming = cluster.naming[1]};
    struct kith_ref process = cluster_spawn(&cluster, 0, watch_remotely, &listener);
    cluster_settle(&cluster);
    assert_int_equal(listener.last, KITH_EVENT_COMPLETE);
    struct kith_ref x = cluster_register(&cluster, 1, "x", 0);
    cluster_settle(&cluster);
    assert_int_equal(listener.last, KITH_EVENT_UP);
    cluster_kill(&cluster, 1, x);
    assert_int_equal(listener.last, KITH_EVENT_DOWN);
    assert_int_equal(listener.events, 3);
    cluster.wires[1][0].full = true; // the link has no room: told later, from the beginning
    cluster_register(&cluster, 1, "x", 1);
    cluster_advance(&cluster, 100);
    assert_int_equal(listener.events, 3);
    cluster.wires[1][0].full = false;
    cluster_advance(&cluster, 1000);
    assert_int_equal(listener.last, KITH_EVENT_COMPLETE);
    assert_int_equal(listener.events, 6);
    assert_int_equal(cluster_status(&cluster, 1).watches, 1);
    cluster_kill(&cluster, 0, process);
    assert_int_equal(cluster_status(&cluster, 1).watches, 0);
    cluster_close(&cluster);
}

static void an_event_that_is_returned_makes_the_watch_begin_anew(void **state)
{
    (void)state;
    struct cluster cluster;
    struct kith_limits limits = kith_limits_linux;
    limits.mailbox_messages = 4;
    cluster_open(&cluster, 2, &limits, NULL);
    cluster_connect_all(&cluster);
    struct listener listener = {.naming = cluster.naming[1]};
    cluster_spawn(&cluster, 0, watch_remotely, &listener);
    cluster_settle(&cluster);
    listener.events = 0;
    cluster.wires[1][0].held = true;
    for (uint32_t i = 0; i < 10; i++) {
        cluster_register(&cluster, 1, "x", i);
        cluster_settle(&cluster);
    }
    cluster.wires[1][0].held = false; // more than its mailbox holds, all at once
    cluster_advance(&cluster, 3000);
    assert_true(cluster_status(&cluster, 1).resets > 0);
    assert_int_equal(listener.last, KITH_EVENT_COMPLETE);
    assert_in_range(listener.since_resync, 10 + 1, 10 + 1);
    cluster_close(&cluster);
}

static void wait_remotely(struct kith_process *self, void *argument)
{
    struct listener *listener = argument;
    struct kith_message *message;
    Kith__NamingWait *wait = new_request(self, WAIT, &kith__naming_wait__descriptor, &message);
    wait->name = kith_message_text(message, "x");
    if (kith_call(self, listener->naming, &message, KITH_FOREVER) != KITH_OK) {
        return;
    }
    listener->events = message->error == KITH_OK;
    kith_message_free(&message);
}

static void a_process_of_another_node_can_wait_until_it_ends(void **state)
{
    (void)state;
    struct cluster cluster;
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    cluster_connect_all(&cluster);
    struct listener patient = {.naming = cluster.naming[1]}, killed = patient;
    cluster_spawn(&cluster, 0, wait_remotely, &patient);
    struct kith_ref process = cluster_spawn(&cluster, 0, wait_remotely, &killed);
    cluster_settle(&cluster);
    assert_int_equal(cluster_status(&cluster, 1).waits, 2);
    cluster_kill(&cluster, 0, process);
    assert_int_equal(cluster_status(&cluster, 1).waits, 1);
    cluster_register(&cluster, 1, "x", 0);
    cluster_settle(&cluster);
    assert_true(patient.events == 1 && killed.events == 0);
    cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_node_can_be_asked),
        cmocka_unit_test(another_node_gets_a_few_watches_and_waits),
        cmocka_unit_test(bad_names_from_another_node_are_refused),
        cmocka_unit_test(a_name_with_a_zero_byte_is_refused),
        cmocka_unit_test(names_belong_to_their_node_and_process),
        cmocka_unit_test(only_a_naming_process_speaks_for_its_table),
        cmocka_unit_test(nonsense_gets_an_error_and_changes_nothing),
        cmocka_unit_test(a_process_of_another_node_can_watch_until_it_ends),
        cmocka_unit_test(an_event_that_is_returned_makes_the_watch_begin_anew),
        cmocka_unit_test(a_process_of_another_node_can_wait_until_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
