// SPDX-License-Identifier: Apache-2.0
// One owner at a time: what a process loses when it sends, keeps when it fails, and leaves behind.
#include "fixture.h"

#include <string.h>

#if KITH_SANITIZED
#include <sanitizer/asan_interface.h>
#endif

static void receive_one(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    if (kith_receive(self, &message, kith_deadline_ms(self, 1000)) == KITH_OK) {
        kith_message_free(&message);
    }
}

static void send_and_look(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 7, 2000, &message), KITH_OK);
    memset(message->data, 0x55, message->size);
    const char *payload = message->data;
    assert_int_equal(kith_send(self, *(struct kith_ref *)argument, &message, KITH_NO_WAIT),
                     KITH_OK);
    assert_null(message);
#if KITH_SANITIZED
    assert_true(__asan_address_is_poisoned(payload));
#else
    assert_non_null(payload);
#endif
}

static void a_payload_that_was_sent_is_out_of_reach(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref receiver = spawn(&fixture, "receiver", receive_one, NULL);
    spawn(&fixture, "sender", send_and_look, &receiver);
    run_to_end(&fixture);
    close_fixture(&fixture);
}

// The arena around a payload belongs to nobody: who writes beside it is caught.
static void what_is_beside_a_payload_is_out_of_reach(void **state)
{
    (void)state;
    struct fixture fixture;
    struct kith_message *message;
    open_fixture(&fixture, &kith_limits_linux);
    for (size_t size = 1; size < 4000; size += 37) {
        assert_int_equal(kith_message_new(fixture.node, 7, size, &message), KITH_OK);
        char *part = kith_message_allocate(message, size);
        assert_non_null(part);
        part[size - 1] = ((char *)message->data)[size - 1] = 1;
#if KITH_SANITIZED
        assert_false(__asan_region_is_poisoned(message->data, size) != NULL);
        assert_false(__asan_region_is_poisoned(part, size) != NULL);
        assert_true(size % 16 == 0 || __asan_address_is_poisoned(part + size));
        kith_message_reset(message);
        assert_true(__asan_address_is_poisoned(part));
#endif
        kith_message_free(&message);
    }
    close_fixture(&fixture);
}

static void send_to_nobody(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    struct kith_ref gone = {
        .node = kith_node_incarnation(kith_process_node(self)), .slot = 5000, .generation = 1};
    (void)argument;
    assert_int_equal(kith_message_new(kith_process_node(self), 7, 10, &message), KITH_OK);
    memcpy(message->data, "0123456789", 10);
    assert_int_equal(kith_send(self, gone, &message, KITH_FOREVER), KITH_ERROR_STALE);
    assert_non_null(message);
    assert_memory_equal(message->data, "0123456789", 10);
    assert_int_equal(kith_call(self, gone, &message, KITH_FOREVER), KITH_ERROR_STALE);
    assert_non_null(message);
    assert_false(message->waiting);
    kith_message_free(&message);
}

static void a_message_that_cannot_be_sent_stays_with_its_sender(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    spawn(&fixture, "sender", send_to_nobody, NULL);
    run_to_end(&fixture);
    close_fixture(&fixture);
}

// A reference can be made up. The slot is that of the sender's last receiver, which has ended, and
// the generation the one that comes next.
static void send_to_who_is_not_there_yet(struct kith_process *self, void *argument)
{
    struct kith_ref to = *(struct kith_ref *)argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 7, 8, &message), KITH_OK);
    assert_int_equal(kith_send(self, to, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_sleep_until(self, kith_deadline_ms(self, 1)), KITH_OK);
    to.generation++;
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(kith_message_new(kith_process_node(self), 7, 8, &message), KITH_OK);
        assert_int_equal(kith_send(self, to, &message, KITH_FOREVER), KITH_ERROR_STALE);
        assert_int_equal(kith_call(self, to, &message, KITH_FOREVER), KITH_ERROR_STALE);
        kith_message_free(&message);
    }
}

static void nobody_is_in_a_free_slot(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref receiver = spawn(&fixture, "receiver", receive_one, NULL);
    spawn(&fixture, "sender", send_to_who_is_not_there_yet, &receiver);
    run_to_end(&fixture);
    close_fixture(&fixture);
}

static void hoard_and_leave(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    for (int count = 0; count < 100; count++) {
        assert_int_equal(kith_message_new(kith_process_node(self), 1, 5000, &message), KITH_OK);
    }
}

static void what_a_process_holds_at_its_end_is_freed(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    spawn(&fixture, "hoarder", hoard_and_leave, NULL);
    run_to_end(&fixture);
    close_fixture(&fixture);
}

static void take_and_leave(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_true(message->waiting);
}

static void call_and_expect_down(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 1, 10, &message), KITH_OK);
    assert_int_equal(kith_call(self, *(struct kith_ref *)argument, &message, KITH_FOREVER),
                     KITH_ERROR_DOWN);
    assert_null(message);
}

static void a_request_held_by_a_process_that_ends_is_answered_with_down(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref taker = spawn(&fixture, "taker", take_and_leave, NULL);
    spawn(&fixture, "caller", call_and_expect_down, &taker);
    run_to_end(&fixture);
    close_fixture(&fixture);
}

// Receives a request and sends it back to whoever it came from.
static void forward_back(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_forward(self, message->from, &message, KITH_FOREVER), KITH_OK);
}

// Ends holding a request whose outcome would be its own.
static void ask_itself_and_end(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    uint64_t id;
    assert_int_equal(kith_message_new(kith_process_node(self), 7, 8, &message), KITH_OK);
    assert_int_equal(
        kith_request(self, *(struct kith_ref *)argument, &message, KITH_FOREVER, KITH_FOREVER, &id),
        KITH_OK);
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_true(message->waiting);
    assert_int_equal(message->id, id);
}

static void the_outcome_of_a_request_of_its_own_does_not_outlive_a_process(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref forwarder = spawn(&fixture, "forwarder", forward_back, NULL);
    spawn(&fixture, "asker", ask_itself_and_end, &forwarder);
    run_to_end(&fixture);
    close_fixture(&fixture);
}

static void a_payload_beyond_the_limits_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct kith_limits limits = kith_limits_linux;
    limits.message_memory = 100000;
    limits.messages = 2;
    open_fixture(&fixture, &limits);
    struct kith_message *first, *second, *third;
    assert_int_equal(kith_message_new(fixture.node, 1, limits.message_size + 1, &first),
                     KITH_ERROR_TOO_LARGE);
    assert_int_equal(kith_message_new(fixture.node, 1, 90000, &first), KITH_OK);
    assert_int_equal(kith_message_new(fixture.node, 1, 90000, &second), KITH_ERROR_NO_MEMORY);
    assert_int_equal(kith_message_new(fixture.node, 1, 0, &second), KITH_OK);
    assert_int_equal(kith_message_new(fixture.node, 1, 0, &third), KITH_ERROR_LIMIT);
    kith_message_free(&first);
    kith_message_free(&second);
    close_fixture(&fixture);
}

static void the_arena_keeps_earlier_parts_valid(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_message *message;
    assert_int_equal(kith_message_new(fixture.node, 1, 16, &message), KITH_OK);
    char *parts[200];
    for (int part = 0; part < 200; part++) {
        parts[part] = kith_message_allocate(message, 100);
        assert_non_null(parts[part]);
        assert_int_equal((uintptr_t)parts[part] % 16, 0);
        memset(parts[part], part, 100);
    }
    for (int part = 0; part < 200; part++) {
        for (int byte = 0; byte < 100; byte++) {
            assert_int_equal((unsigned char)parts[part][byte], part);
        }
    }
    assert_null(kith_message_allocate(message, SIZE_MAX));
    assert_null(kith_message_allocate(message, SIZE_MAX - 20));
    kith_message_reset(message);
    assert_int_equal(message->size, 0);
    kith_message_free(&message);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payload_that_was_sent_is_out_of_reach),
        cmocka_unit_test(what_is_beside_a_payload_is_out_of_reach),
        cmocka_unit_test(a_message_that_cannot_be_sent_stays_with_its_sender),
        cmocka_unit_test(nobody_is_in_a_free_slot),
        cmocka_unit_test(what_a_process_holds_at_its_end_is_freed),
        cmocka_unit_test(a_request_held_by_a_process_that_ends_is_answered_with_down),
        cmocka_unit_test(the_outcome_of_a_request_of_its_own_does_not_outlive_a_process),
        cmocka_unit_test(a_payload_beyond_the_limits_is_refused),
        cmocka_unit_test(the_arena_keeps_earlier_parts_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
