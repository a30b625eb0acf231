// SPDX-License-Identifier: Apache-2.0
// One message to all instances of a name.
#include <stdio.h>
#include <string.h>

#include <naming.pb-c.h>

#include "cluster.h"

#define PLAIN KITH_TYPE(KITH_SIGNATURE_BYTES, 5)

struct receiver {
    uint32_t index;
    bool paused;
    uint32_t received;
    char text[64];
    uint64_t trace;
    uint8_t urgency;
};

static void receive(struct kith_process *self, void *argument)
{
    struct receiver *receiver = argument;
    assert_int_equal(kith_register(self, "x", receiver->index, NULL, KITH_FOREVER), KITH_OK);
    struct kith_message *message;
    for (;;) {
        if (receiver->paused) {
            if (kith_sleep_until(self, kith_deadline_ms(self, 1)) != KITH_OK) {
                return;
            }
            continue;
        }
        if (kith_receive(self, &message, KITH_FOREVER) != KITH_OK) {
            return;
        }
        const Kith__NamingLookup *typed =
            kith_message_typed(message, &kith__naming_lookup__descriptor);
        snprintf(receiver->text, sizeof receiver->text, "%s",
                 typed != NULL ? typed->name : (const char *)message->data);
        receiver->trace = message->trace;
        receiver->urgency = message->urgency;
        receiver->received++;
        kith_message_free(&message);
    }
}

static struct kith_ref start(struct cluster *cluster, uint32_t node, struct receiver *receiver,
                             uint32_t mailbox)
{
    struct kith_spawn_options options = {
        .entry = receive, .argument = receiver, .mailbox_messages = mailbox};
    struct kith_ref ref;
    assert_int_equal(kith_spawn(cluster->nodes[node], &options, &ref), KITH_OK);
    kith_node_settle(cluster->nodes[node]);
    return ref;
}

struct sender {
    const char *pattern;
    const char *text; // NULL: plain bytes
    uint64_t timeout_ms;
    enum kith_error error;
    bool kept; // the message, on error
    struct kith_send_all_result result;
};

static void send(struct kith_process *self, void *argument)
{
    struct sender *sender = argument;
    struct kith_node *node = kith_process_node(self);
    struct kith_message *message;
    if (sender->text == NULL) {
        assert_int_equal(kith_message_new(node, PLAIN, 6, &message), KITH_OK);
        memcpy(message->data, "plain", 6);
    } else {
        uint64_t type = kith_service_type(&kith__naming__descriptor, 2);
        assert_int_equal(
            kith_message_new_typed(node, type, &kith__naming_lookup__descriptor, &message),
            KITH_OK);
        ((Kith__NamingLookup *)message->data)->name = kith_message_text(message, sender->text);
    }
    message->trace = 77;
    message->urgency = KITH_BULK;
    uint64_t deadline_ns =
        sender->timeout_ms == 0 ? KITH_NO_WAIT : kith_deadline_ms(self, sender->timeout_ms);
    sender->error = kith_send_all(self, sender->pattern, &message, deadline_ns, &sender->result);
    sender->kept = message != NULL;
    kith_message_free(&message);
}

static void expect_received(const struct receiver *receiver, uint32_t count, const char *text)
{
    assert_int_equal(receiver->received, count);
    assert_string_equal(receiver->text, text);
    assert_int_equal(receiver->trace, 77);
    assert_int_equal(receiver->urgency, KITH_BULK);
}

static void every_instance_on_every_node_gets_a_copy(void **state)
{
    (void)state;
    struct cluster cluster;
    struct receiver receivers[4] = {{0}, {.index = 1}, {0}, {.index = 5}};
    cluster_open(&cluster, 3, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 4; i++) {
        start(&cluster, i / 2, &receivers[i], 0);
    }
    cluster_connect_all(&cluster);
    struct sender plain = {.pattern = "x"}, typed = {.pattern = "x", .text = "typed"};
    cluster_run(&cluster, 0, send, &plain);
    cluster_settle(&cluster);
    assert_int_equal(plain.error, KITH_OK);
    assert_int_equal(plain.result.sent, 4);
    assert_int_equal(plain.result.failed, 0);
    for (uint32_t i = 0; i < 4; i++) {
        expect_received(&receivers[i], 1, "plain");
    }
    cluster_run(&cluster, 2, send, &typed);
    cluster_settle(&cluster);
    for (uint32_t i = 0; i < 4; i++) {
        expect_received(&receivers[i], 2, "typed");
    }
    cluster_close(&cluster);
}

static void a_pattern_chooses_the_receivers(void **state)
{
    (void)state;
    struct cluster cluster;
    struct receiver receivers[3] = {{0}, {.index = 1}, {0}};
    cluster_open(&cluster, 2, &kith_limits_linux, NULL);
    start(&cluster, 0, &receivers[0], 0);
    start(&cluster, 0, &receivers[1], 0);
    start(&cluster, 1, &receivers[2], 0);
    cluster_connect_all(&cluster);
    struct sender first = {.pattern = "x/0"}, here = {.pattern = "node0/x"};
    cluster_run(&cluster, 0, send, &first);
    cluster_run(&cluster, 1, send, &here);
    cluster_settle(&cluster);
    assert_int_equal(receivers[0].received, 2);
    assert_int_equal(receivers[1].received, 1);
    assert_int_equal(receivers[2].received, 1);
    cluster_close(&cluster);
}

static void nobody_to_send_to_leaves_the_message_with_its_owner(void **state)
{
    (void)state;
    struct cluster cluster;
    struct sender nobody = {.pattern = "x"}, malformed = {.pattern = "a b"};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    cluster_run(&cluster, 0, send, &nobody);
    assert_int_equal(nobody.error, KITH_ERROR_NOT_FOUND);
    assert_true(nobody.kept);
    cluster_run(&cluster, 0, send, &malformed);
    assert_int_equal(malformed.error, KITH_ERROR_INVALID);
    assert_true(malformed.kept);
    cluster_close(&cluster);
}

// The instance with index `full` has no room. Others get the message all the same.
static void send_past_a_full_one(uint32_t full)
{
    struct cluster cluster;
    struct receiver receivers[3] = {{0}, {.index = 1}, {.index = 2}};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        receivers[i].paused = i == full;
        start(&cluster, 0, &receivers[i], 2);
    }
    for (uint32_t i = 0; i < 4; i++) {
        struct sender sender = {.pattern = "x"};
        cluster_run(&cluster, 0, send, &sender);
        cluster_settle(&cluster);
        assert_int_equal(sender.error, KITH_OK);
        assert_false(sender.kept);
        assert_int_equal(sender.result.sent, i < 2 ? 3 : 2);
        assert_int_equal(sender.result.failed, i < 2 ? 0 : 1);
        assert_int_equal(sender.result.error, i < 2 ? KITH_OK : KITH_ERROR_FULL);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(receivers[i].received, i == full ? 0 : 4);
    }
    struct sender patient = {.pattern = "x", .timeout_ms = 50};
    cluster_run(&cluster, 0, send, &patient);
    assert_int_equal(patient.result.error, KITH_ERROR_TIMEOUT);
    receivers[full].paused = false;
    struct sender soon = {.pattern = "x", .timeout_ms = 50};
    cluster_run(&cluster, 0, send, &soon);
    assert_int_equal(soon.result.sent, 3);
    cluster_close(&cluster);
}

static void a_full_receiver_is_reported_and_the_others_get_it(void **state)
{
    (void)state;
    send_past_a_full_one(0);
    send_past_a_full_one(2); // the one that would get the original
}

static void when_nobody_has_room_the_message_is_kept(void **state)
{
    (void)state;
    struct cluster cluster;
    struct receiver receivers[2] = {{.paused = true}, {.index = 1, .paused = true}};
    cluster_open(&cluster, 1, &kith_limits_linux, NULL);
    start(&cluster, 0, &receivers[0], 1);
    start(&cluster, 0, &receivers[1], 1);
    struct sender first = {.pattern = "x"}, second = {.pattern = "x"};
    cluster_run(&cluster, 0, send, &first);
    cluster_run(&cluster, 0, send, &second);
    assert_int_equal(first.result.sent, 2);
    assert_int_equal(second.error, KITH_ERROR_FULL);
    assert_true(second.kept);
    assert_int_equal(second.result.failed, 2);
    cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instance_on_every_node_gets_a_copy),
        cmocka_unit_test(a_pattern_chooses_the_receivers),
        cmocka_unit_test(nobody_to_send_to_leaves_the_message_with_its_owner),
        cmocka_unit_test(a_full_receiver_is_reported_and_the_others_get_it),
        cmocka_unit_test(when_nobody_has_room_the_message_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
