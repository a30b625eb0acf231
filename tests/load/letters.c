// SPDX-License-Identifier: Apache-2.0
// Many senders at full speed, one receiver that may be slow. No letter may come twice or out of
// order, and none may be lost unless a link broke.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

enum { SENDERS_MOST = 64, LETTERS_PER_PAUSE = 64 };

struct sink {
    struct kith_ref senders[SENDERS_MOST];
    struct load_report reports[SENDERS_MOST];
    size_t count;
};

static struct load_report *find_report(struct sink *sink, struct kith_ref sender)
{
    size_t place = 0;
    while (place < sink->count && !kith_ref_equal(sink->senders[place], sender)) {
        place++;
    }
    if (place == sink->count) {
        if (sink->count == SENDERS_MOST) {
            return NULL;
        }
        sink->senders[sink->count++] = sender;
    }
    return &sink->reports[place];
}

static void take_letter(struct load_report *report, const struct kith_message *message)
{
    uint64_t number;
    memcpy(&number, message->data, sizeof number);
    if (number <= report->last) {
        report->misordered++;
    }
    report->last = number;
    report->received++;
}

static enum kith_error answer(struct kith_process *self, struct kith_message **message,
                              const struct load_report *report)
{
    enum kith_error error = kith_message_resize(*message, sizeof *report);
    if (error != KITH_OK) {
        return kith_reply_error(self, message, error);
    }
    memcpy((*message)->data, report, sizeof *report);
    return kith_reply(self, message);
}

void load_run_sink(struct kith_process *self, void *argument)
{
    (void)argument;
    uint64_t pause_ns = kith_setting_number(kith_process_node(self), "slow");
    struct sink sink = {.count = 0};
    struct kith_message *message;
    for (uint64_t turn = 1; kith_receive(self, &message, KITH_FOREVER) == KITH_OK; turn++) {
        struct load_report *report = find_report(&sink, message->from);
        if (report != NULL && message->type == LOAD_LETTER && message->size >= sizeof(uint64_t)) {
            take_letter(report, message);
        } else if (report != NULL && message->type == LOAD_REPORT && message->waiting) {
            (void)answer(self, &message, report);
        }
        kith_message_free(&message);
        if (pause_ns > 0 && turn % LETTERS_PER_PAUSE == 0) {
            (void)kith_sleep_until(self, kith_now(self) + pause_ns);
        }
    }
}

struct sender {
    struct kith_process *self;
    struct kith_ref sink;
    uint64_t accepted, refused, returned;
};

// What has come back meanwhile.
static void take_returned(struct sender *sender)
{
    struct kith_message *message;
    while (kith_receive(sender->self, &message, KITH_NO_WAIT) == KITH_OK) {
        sender->returned += message->type == KITH_TYPE_RETURNED;
        kith_message_free(&message);
    }
}

static void send_letter(struct sender *sender)
{
    struct kith_message *message;
    uint64_t number = sender->accepted + 1;
    if (kith_message_new(kith_process_node(sender->self), LOAD_LETTER, LOAD_LETTER_SIZE,
                         &message) != KITH_OK) {
        sender->refused++;
        (void)kith_yield(sender->self);
        return;
    }
    memset(message->data, 0, LOAD_LETTER_SIZE);
    memcpy(message->data, &number, sizeof number);
    if (kith_send(sender->self, sender->sink, &message, kith_deadline_ms(sender->self, 1000)) ==
        KITH_OK) {
        sender->accepted++;
    } else {
        sender->refused++;
        kith_message_free(&message);
        (void)kith_sleep_until(sender->self, kith_deadline_ms(sender->self, 10));
    }
}

// Asks until the answer comes: links may be down for a while.
static enum kith_error ask_report(struct sender *sender, struct load_report *report)
{
    uint64_t deadline_ns = kith_deadline_ms(sender->self, LOAD_PATIENCE_MS);
    enum kith_error error = KITH_ERROR_TIMEOUT;
    while (error != KITH_OK && kith_now(sender->self) < deadline_ns) {
        struct kith_message *message = NULL;
        error = kith_message_new(kith_process_node(sender->self), LOAD_REPORT, 0, &message);
        if (error == KITH_OK) {
            error = kith_call(sender->self, sender->sink, &message, deadline_ns);
        }
        if (error == KITH_OK && message->size == sizeof *report) {
            memcpy(report, message->data, sizeof *report);
        }
        kith_message_free(&message);
        if (error == KITH_ERROR_KILLED) {
            return error;
        }
        if (error != KITH_OK) {
            (void)kith_sleep_until(sender->self, kith_deadline_ms(sender->self, 10));
        }
    }
    return error;
}

static bool adds_up(const struct sender *sender, const struct load_report *report, bool may_lose)
{
    uint64_t come = report->received + sender->returned;
    bool right = report->misordered == 0 && come <= sender->accepted &&
                 (may_lose || come == sender->accepted);
    if (!right) {
        printf("wrong: of %" PRIu64 " letters %" PRIu64 " arrived, %" PRIu64 " came back, %" PRIu64
               " were out of order\n",
               sender->accepted, report->received, sender->returned, report->misordered);
    }
    return right;
}

void load_run_sender(struct kith_process *self, void *argument)
{
    struct load *load = argument;
    struct kith_node *node = kith_process_node(self);
    struct sender sender = {.self = self};
    struct load_report report = {0};
    enum kith_error error = kith_wait_name(self, kith_setting_text(node, "to"),
                                           kith_deadline_ms(self, LOAD_PATIENCE_MS), &sender.sink);
    while (error == KITH_OK && kith_now(self) < load->until_ns) {
        send_letter(&sender);
        take_returned(&sender);
    }
    if (error == KITH_OK) {
        error = ask_report(&sender, &report);
        take_returned(&sender);
    }
    if (error != KITH_OK) {
        printf("wrong: a sender ended with: %s\n", kith_error_text(error));
    }
    load->accepted += sender.accepted;
    load->refused += sender.refused;
    load->returned += sender.returned;
    load->received += report.received;
    load->lost += sender.accepted - report.received - sender.returned;
    load_part_done(self, load,
                   error == KITH_OK &&
                       adds_up(&sender, &report, kith_setting_number(node, "may_lose") != 0));
}
