// SPDX-License-Identifier: Apache-2.0
// Workers that call each other across the cluster: each serves the others while it waits for the
// outcome of its own request. Every request must end with exactly one outcome, whatever happens to
// the node it went to.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

enum { WORKERS_MOST = 4096, CALL_MS = 3000, LOOK_MS = 500 };

// Who can be called, as the finder has seen it last. Of the node, which has one thread.
static struct {
    struct kith_name_entry entries[WORKERS_MOST];
    size_t count;
} workers;

void load_run_finder(struct kith_process *self, void *argument)
{
    (void)argument;
    enum kith_error error = KITH_OK;
    while (error == KITH_OK) {
        size_t count;
        if (kith_find(self, "worker/*", kith_deadline_ms(self, LOOK_MS), workers.entries,
                      WORKERS_MOST, &count) == KITH_OK) {
            workers.count = count < WORKERS_MOST ? count : WORKERS_MOST;
        }
        error = kith_sleep_until(self, kith_deadline_ms(self, LOOK_MS));
    }
}

struct worker {
    struct kith_process *self;
    uint64_t random, number; // of the request that is out
    uint64_t id;             // 0: none is
    uint64_t asked, replied, failed, wrong;
};

static struct kith_ref choose(struct worker *worker)
{
    worker->random = worker->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return workers.entries[(worker->random >> 33) % workers.count].ref;
}

static void ask(struct worker *worker)
{
    struct kith_message *message;
    if (workers.count == 0 || kith_message_new(kith_process_node(worker->self), LOAD_WORK,
                                               sizeof worker->number, &message) != KITH_OK) {
        (void)kith_sleep_until(worker->self, kith_deadline_ms(worker->self, LOOK_MS));
        return;
    }
    worker->number++;
    memcpy(message->data, &worker->number, sizeof worker->number);
    worker->asked++;
    uint64_t deadline_ns = kith_deadline_ms(worker->self, CALL_MS);
    // Doesn't wait for room: two that wait for each other would serve nobody.
    if (kith_request(worker->self, choose(worker), &message, KITH_NO_WAIT, deadline_ns,
                     &worker->id) != KITH_OK) {
        worker->failed++;
        worker->id = 0;
        kith_message_free(&message);
        (void)kith_yield(worker->self);
    }
}

static void take_outcome(struct worker *worker, const struct kith_message *message)
{
    uint64_t number = 0;
    if (message->id != worker->id) {
        worker->wrong++; // of a request that has ended before
        return;
    }
    worker->id = 0;
    if (message->failed || message->error != KITH_OK) {
        worker->failed++;
        return;
    }
    if (message->size == sizeof number) {
        memcpy(&number, message->data, sizeof number);
    }
    worker->wrong += number != worker->number;
    worker->replied++;
}

// Serves and takes outcomes until there is nothing to wait for, or the deadline passes.
static enum kith_error serve(struct worker *worker, uint64_t deadline_ns, bool until_outcome)
{
    struct kith_message *message;
    enum kith_error error = KITH_OK;
    while (error == KITH_OK && (!until_outcome || worker->id != 0)) {
        error = kith_receive(worker->self, &message, deadline_ns);
        if (error == KITH_OK && message->done) {
            take_outcome(worker, message);
        } else if (error == KITH_OK && message->waiting) {
            (void)kith_reply(worker->self, &message);
        }
        kith_message_free(&message);
    }
    return error;
}

void load_run_worker(struct kith_process *self, void *argument)
{
    struct load *load = argument;
    struct worker worker = {.self = self, .random = kith_self(self).slot};
    enum kith_error error = KITH_OK;
    while (error == KITH_OK && kith_now(self) < load->until_ns) {
        ask(&worker);
        error = serve(&worker, kith_deadline_ms(self, 2 * CALL_MS), true);
    }
    // The others may go on for a while, and ask.
    enum kith_error late = serve(&worker, kith_deadline_ms(self, 2 * CALL_MS), false);
    bool right = error == KITH_OK && late == KITH_ERROR_TIMEOUT && worker.id == 0 &&
                 worker.wrong == 0 && worker.asked == worker.replied + worker.failed;
    if (!right) {
        printf("wrong: %" PRIu64 " requests, %" PRIu64 " replies, %" PRIu64 " failures, %" PRIu64
               " wrong ones, ended with: %s\n",
               worker.asked, worker.replied, worker.failed, worker.wrong, kith_error_text(error));
    }
    load->asked += worker.asked;
    load->replied += worker.replied;
    load->failed += worker.failed;
    load_part_done(self, load, right);
}
