// SPDX-License-Identifier: Apache-2.0
// Messages, their arenas, and the limits on both.
#include <string.h>

#include "check.h"

enum { SMALL_MEMORY = 8192, MESSAGES = 8 };

static void use_few_messages(struct kith_limits *limits)
{
    limits->messages = MESSAGES;
    limits->message_memory = SMALL_MEMORY;
}

static void a_message_has_its_payload_in_its_own_arena(struct check *check)
{
    struct kith_message *message = NULL;
    CHECK(check, kith_message_new(check->node, CHECK_TYPE_A, 20, &message) == KITH_OK);
    CHECK(check, message->type == CHECK_TYPE_A && message->size == 20 && message->data != NULL);
    CHECK(check, message->error == KITH_OK && message->id == 0 && !message->waiting);
    CHECK(check, message->deadline_ns == KITH_FOREVER);
    memset(message->data, 0x11, message->size);
    unsigned char *payload = message->data;

    size_t sizes[] = {1, 7, 64, 300, 1500};
    unsigned char *parts[sizeof sizes / sizeof sizes[0]];
    for (size_t place = 0; place < sizeof sizes / sizeof sizes[0]; place++) {
        parts[place] = kith_message_allocate(message, sizes[place]);
        if (!CHECK(check, parts[place] != NULL)) {
            break;
        }
        CHECK(check, (uintptr_t)parts[place] % alignof(max_align_t) == 0);
        memset(parts[place], (int)place, sizes[place]);
    }
    for (size_t place = 0; place < sizeof sizes / sizeof sizes[0]; place++) {
        CHECK(check, parts[place][0] == place && parts[place][sizes[place] - 1] == place);
    }
    CHECK(check, payload[0] == 0x11 && payload[19] == 0x11);
    kith_message_free(&message);
    CHECK(check, message == NULL);
    kith_message_free(&message);
}

static void reset_drops_the_payload_and_keeps_the_envelope(struct check *check)
{
    struct kith_message *message = NULL;
    struct kith_message_counters counters;
    CHECK(check, kith_message_new(check->node, CHECK_TYPE_A, 1000, &message) == KITH_OK);
    message->trace = 5;
    kith_message_counters(check->node, &counters);
    CHECK(check, counters.alive == 1 && counters.alive_bytes >= 1000);
    kith_message_reset(message);
    CHECK(check, message->data == NULL && message->size == 0);
    CHECK(check, message->type == CHECK_TYPE_A && message->trace == 5);
    kith_message_counters(check->node, &counters);
    CHECK(check, counters.alive == 1 && counters.alive_bytes == 0);
    kith_message_free(&message);
}

static void resize_replaces_the_payload_or_changes_nothing(struct check *check)
{
    struct kith_message *message = check_message(check, CHECK_TYPE_A, 77);
    size_t too_large = kith_node_limits(check->node)->message_size + 1;
    CHECK(check, kith_message_resize(message, too_large) == KITH_ERROR_TOO_LARGE);
    CHECK(check, check_value(message) == 77);
    void *before = message->data;
    CHECK(check, kith_message_resize(message, 400) == KITH_OK);
    CHECK(check, message->size == 400 && message->data != before);
    memset(message->data, 0, 400);
    CHECK(check, kith_message_resize(message, 0) == KITH_OK);
    CHECK(check, message->data == NULL && message->size == 0);
    kith_message_free(&message);
}

static void a_payload_beyond_the_limit_is_refused(struct check *check)
{
    struct kith_message *message = NULL;
    size_t most = kith_node_limits(check->node)->message_size;
    CHECK(check, kith_message_new(check->node, 0, most + 1, &message) == KITH_ERROR_TOO_LARGE);
    CHECK(check, kith_message_new(check->node, 0, SIZE_MAX, &message) == KITH_ERROR_TOO_LARGE);
    CHECK(check, message == NULL);
    CHECK(check, kith_message_new(check->node, 0, most, &message) == KITH_OK);
    kith_message_free(&message);
}

static void there_are_no_more_messages_than_the_limit_says(struct check *check)
{
    struct kith_message *messages[MESSAGES];
    struct kith_message *another = NULL;
    for (uint32_t place = 0; place < MESSAGES; place++) {
        messages[place] = check_message(check, CHECK_TYPE_A, place);
    }
    CHECK(check, kith_message_new(check->node, 0, 0, &another) == KITH_ERROR_LIMIT);
    CHECK(check, another == NULL);
    for (uint32_t place = 0; place < MESSAGES; place++) {
        CHECK(check, check_value(messages[place]) == place);
        kith_message_free(&messages[place]);
    }
    CHECK(check, kith_message_new(check->node, 0, 0, &another) == KITH_OK);
    kith_message_free(&another);
}

static void all_arenas_together_are_bounded(struct check *check)
{
    struct kith_message *message = check_message(check, CHECK_TYPE_A, 1);
    size_t taken = 0;
    while (taken <= SMALL_MEMORY && kith_message_allocate(message, 512) != NULL) {
        taken += 512;
    }
    CHECK(check, taken > SMALL_MEMORY / 4 && taken <= SMALL_MEMORY + 512);
    CHECK(check, kith_message_allocate(message, SIZE_MAX) == NULL);
    CHECK(check, check_value(message) == 1);
    kith_message_free(&message);
}

static void without_memory_messages_say_so(struct check *check)
{
    struct kith_message *message = NULL;
    check->memory_limit = check->memory;
    CHECK(check, kith_message_new(check->node, 0, 8, &message) == KITH_ERROR_NO_MEMORY);
    CHECK(check, message == NULL);
    check->memory_limit = SIZE_MAX;
    CHECK(check, kith_message_new(check->node, 0, 8, &message) == KITH_OK);
    check->memory_limit = check->memory;
    CHECK(check, kith_message_resize(message, 2000) == KITH_ERROR_NO_MEMORY);
    CHECK(check, message->size == 8);
    check->memory_limit = SIZE_MAX;
    kith_message_free(&message);
}

static void a_pool_that_has_grown_allocates_nothing_more(struct check *check)
{
    struct kith_message *message = check_message(check, CHECK_TYPE_A, 0);
    kith_message_free(&message);
    check->memory_limit = check->memory;
    for (uint32_t turn = 0; turn < 100; turn++) {
        message = check_message(check, CHECK_TYPE_A, turn);
        kith_message_free(&message);
    }
    check->memory_limit = SIZE_MAX;
}

static void end_with_messages(struct kith_process *self, void *argument)
{
    struct check *check = argument;
    struct kith_message *held = check_message(check, CHECK_TYPE_A, 1);
    struct kith_message *queued = check_message(check, CHECK_TYPE_A, 2);
    CHECK(check, kith_message_resize(held, 3000) == KITH_OK);
    CHECK(check, kith_send(self, kith_self(self), &queued, KITH_NO_WAIT) == KITH_OK);
    struct kith_process_info info;
    CHECK(check, kith_process_info(check->node, kith_self(self).slot, &info) == KITH_OK);
    CHECK(check, info.owned == 1 && info.mailbox_messages == 1);
    kith_exit(self, KITH_ERROR_IO);
}

static void the_messages_of_a_process_that_ended_are_freed(struct check *check)
{
    check_spawn(check, end_with_messages, check);
    check_finish(check);
    struct kith_message_counters counters;
    kith_message_counters(check->node, &counters);
    CHECK(check, counters.alive == 0 && counters.alive_bytes == 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_message_has_its_payload_in_its_own_arena),
    CHECK_CASE(reset_drops_the_payload_and_keeps_the_envelope),
    CHECK_CASE(resize_replaces_the_payload_or_changes_nothing),
    CHECK_CASE(a_payload_beyond_the_limit_is_refused),
    CHECK_CASE_WITH(there_are_no_more_messages_than_the_limit_says, use_few_messages),
    CHECK_CASE_WITH(all_arenas_together_are_bounded, use_few_messages),
    CHECK_CASE(without_memory_messages_say_so),
    CHECK_CASE(a_pool_that_has_grown_allocates_nothing_more),
    CHECK_CASE(the_messages_of_a_process_that_ended_are_freed),
};

CHECK_MAIN(cases)
