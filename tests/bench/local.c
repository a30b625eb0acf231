// SPDX-License-Identifier: Apache-2.0
// What messages cost inside of a node.
#include <errno.h>
#include <string.h>

#include <kith/exchange.h>
#include <kith/node.h>
#include <kith/platform_linux.h>

#include "bench.h"

// What the processes of a measurement share.
struct local {
    struct kith_platform platform;
    struct kith_node *node;
    uint64_t count, warm_up;
    uint64_t start_ns, end_ns;
    uint64_t sum;
    uint64_t patience_ms; // of a call; 0: it has no deadline
    uint32_t crowd, alive;
    struct kith_ref peer;
};

// One place of the ring.
struct place {
    struct local *local;
    struct kith_ref next;
};

static bool open_local(struct local *local, const struct kith_limits *limits)
{
    struct kith_platform_linux_options platform_options = {.log_level = KITH_LOG_ERROR};
    memset(local, 0, sizeof *local);
    enum kith_error error = kith_platform_linux_open(&platform_options, &local->platform);
    if (error == KITH_OK) {
        struct kith_node_options options = {
            .name = "bench", .platform = &local->platform, .limits = limits};
        error = kith_node_open(&options, &local->node);
    }
    errno = 0;
    if (error != KITH_OK) {
        bench_complain(kith_error_text(error));
    }
    return error == KITH_OK;
}

static void close_local(struct local *local)
{
    kith_node_close(local->node);
    kith_platform_linux_close(&local->platform);
}

static bool spawn(struct local *local, kith_process_entry *entry, void *argument,
                  struct kith_ref *ref)
{
    struct kith_spawn_options options = {
        .entry = entry, .argument = argument, .mailbox_messages = BENCH_QUEUE};
    enum kith_error error = kith_spawn(local->node, &options, ref);
    if (error != KITH_OK) {
        bench_complain(kith_error_text(error));
    }
    return error == KITH_OK;
}

static double per_message_ns(const struct local *local)
{
    return (double)(local->end_ns - local->start_ns) / (double)local->count;
}

// The end of a measurement, from a process. An error leaves end_ns at 0, which no figure survives.
static void finish(struct local *local, enum kith_error error)
{
    if (error == KITH_OK) {
        local->end_ns = bench_now_ns();
    } else {
        bench_complain(kith_error_text(error));
    }
    kith_node_stop(local->node);
}

// Runs the node until a process finishes.
static bool run_local(struct local *local)
{
    kith_node_run(local->node);
    return local->end_ns > local->start_ns;
}

// Ping-pong.

static void answer_calls(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK &&
           kith_reply(self, &message) == KITH_OK) {
    }
}

static inline uint64_t find_deadline(const struct kith_process *self, const struct local *local)
{
    return local->patience_ms == 0 ? KITH_FOREVER : kith_deadline_ms(self, local->patience_ms);
}

static void call(struct kith_process *self, void *argument)
{
    struct local *local = argument;
    struct kith_message *message;
    enum kith_error error = kith_message_new(local->node, 0, BENCH_PAYLOAD, &message);
    for (uint64_t turn = 0; error == KITH_OK && turn < local->warm_up + local->count; turn += 2) {
        if (turn == local->warm_up) {
            local->start_ns = bench_now_ns();
        }
        error = kith_call(self, local->peer, &message, find_deadline(self, local));
    }
    finish(local, error);
}

static void send_back(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK &&
           kith_send(self, message->from, &message, KITH_FOREVER) == KITH_OK) {
    }
}

static void send(struct kith_process *self, void *argument)
{
    struct local *local = argument;
    struct kith_message *message;
    enum kith_error error = kith_message_new(local->node, 0, BENCH_PAYLOAD, &message);
    for (uint64_t turn = 0; error == KITH_OK && turn < local->warm_up + local->count; turn += 2) {
        if (turn == local->warm_up) {
            local->start_ns = bench_now_ns();
        }
        error = kith_send(self, local->peer, &message, KITH_FOREVER);
        if (error == KITH_OK) {
            error = kith_receive(self, &message, KITH_FOREVER);
        }
    }
    finish(local, error);
}

static bool measure_ping_pong(const struct bench_options *options, kith_process_entry *client,
                              kith_process_entry *server, uint64_t patience_ms, double *figure)
{
    struct local local;
    if (!open_local(&local, &kith_limits_linux)) {
        return false;
    }
    local.count = bench_count(options, 10000000);
    local.warm_up = 10000;
    local.patience_ms = patience_ms;
    bool measured = spawn(&local, server, NULL, &local.peer) &&
                    spawn(&local, client, &local, NULL) && run_local(&local);
    *figure = per_message_ns(&local);
    close_local(&local);
    return measured;
}

bool bench_local_call(const struct bench_options *options, double *figure)
{
    return measure_ping_pong(options, call, answer_calls, 0, figure);
}

bool bench_local_call_in_time(const struct bench_options *options, double *figure)
{
    return measure_ping_pong(options, call, answer_calls, BENCH_DEADLINE_MS, figure);
}

bool bench_local_send(const struct bench_options *options, double *figure)
{
    return measure_ping_pong(options, send, send_back, 0, figure);
}

// Ring.

static void pass_on(struct kith_process *self, void *argument)
{
    struct place *place = argument;
    struct kith_message *message;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        uint64_t *count = message->data;
        ++*count;
        if (*count == place->local->warm_up) {
            place->local->start_ns = bench_now_ns();
        } else if (*count == place->local->warm_up + place->local->count) {
            kith_message_free(&message);
            finish(place->local, KITH_OK);
            return;
        }
        if (kith_send(self, place->next, &message, KITH_FOREVER) != KITH_OK) {
            return;
        }
    }
}

static bool start_ring(struct local *local, struct place places[BENCH_RING])
{
    struct kith_ref refs[BENCH_RING];
    for (size_t place = 0; place < BENCH_RING; place++) {
        if (!spawn(local, pass_on, &places[place], &refs[place])) {
            return false;
        }
    }
    for (size_t place = 0; place < BENCH_RING; place++) {
        places[place] = (struct place){local, refs[(place + 1) % BENCH_RING]};
    }
    struct kith_message *token;
    if (kith_message_new(local->node, 0, BENCH_PAYLOAD, &token) != KITH_OK) {
        return false;
    }
    memset(token->data, 0, BENCH_PAYLOAD);
    return kith_post(local->node, refs[0], &token) == KITH_OK;
}

bool bench_local_ring(const struct bench_options *options, double *figure)
{
    static struct place places[BENCH_RING];
    struct local local;
    if (!open_local(&local, &kith_limits_linux)) {
        return false;
    }
    local.count = bench_count(options, 3000000);
    local.warm_up = 2 * BENCH_RING;
    bool measured = start_ring(&local, places) && run_local(&local);
    *figure = per_message_ns(&local);
    close_local(&local);
    return measured;
}

// Many to one.

static void produce(struct kith_process *self, void *argument)
{
    struct local *local = argument;
    enum kith_error error = KITH_OK;
    while (error == KITH_OK) {
        struct kith_message *message;
        error = kith_message_new(local->node, 0, BENCH_PAYLOAD, &message);
        if (error == KITH_OK) {
            memset(message->data, (int)local->sum, BENCH_PAYLOAD);
            error = kith_send(self, local->peer, &message, KITH_FOREVER);
        }
    }
    finish(local, error);
}

static void consume(struct kith_process *self, void *argument)
{
    struct local *local = argument;
    enum kith_error error = KITH_OK;
    for (uint64_t turn = 0; error == KITH_OK && turn < local->warm_up + local->count; turn++) {
        if (turn == local->warm_up) {
            local->start_ns = bench_now_ns();
        }
        struct kith_message *message;
        error = kith_receive(self, &message, KITH_FOREVER);
        if (error == KITH_OK) {
            local->sum += ((unsigned char *)message->data)[BENCH_PAYLOAD - 1];
            kith_message_free(&message);
        }
    }
    finish(local, error);
    kith_receive_type(self, UINT64_MAX, &(struct kith_message *){NULL}, KITH_FOREVER);
}

bool bench_local_fan_in(const struct bench_options *options, double *figure)
{
    struct local local;
    if (!open_local(&local, &kith_limits_linux)) {
        return false;
    }
    local.count = bench_count(options, 5000000);
    local.warm_up = 4 * BENCH_PRODUCERS;
    bool measured = spawn(&local, consume, &local, &local.peer);
    for (int producer = 0; measured && producer < BENCH_PRODUCERS; producer++) {
        measured = spawn(&local, produce, &local, NULL);
    }
    measured = measured && run_local(&local);
    *figure = 1e3 / per_message_ns(&local);
    close_local(&local);
    return measured;
}

// Spawn, one message, exit.

static void take_one(struct kith_process *self, void *argument)
{
    struct local *local = argument;
    struct kith_message *message;
    if (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        local->sum += ((unsigned char *)message->data)[BENCH_PAYLOAD - 1];
        kith_message_free(&message);
    }
}

static enum kith_error spawn_one(struct kith_process *self, struct local *local)
{
    struct kith_spawn_options options = {.entry = take_one, .argument = local};
    struct kith_ref child;
    struct kith_message *message;
    enum kith_error error = kith_spawn(local->node, &options, &child);
    if (error == KITH_OK) {
        error = kith_message_new(local->node, 0, BENCH_PAYLOAD, &message);
    }
    if (error == KITH_OK) {
        memset(message->data, (int)local->alive, BENCH_PAYLOAD);
        error = kith_send(self, child, &message, KITH_FOREVER);
    }
    return error;
}

static void spawn_crowds(struct kith_process *self, void *argument)
{
    struct local *local = argument;
    enum kith_error error = KITH_OK;
    for (uint64_t done = 0; error == KITH_OK && done < local->warm_up + local->count;
         done += local->crowd) {
        if (done == local->warm_up) {
            local->start_ns = bench_now_ns();
        }
        for (uint32_t child = 0; error == KITH_OK && child < local->crowd; child++) {
            error = spawn_one(self, local);
        }
        if (error == KITH_OK) {
            error = kith_yield(self);
        }
    }
    finish(local, error);
}

static bool measure_spawn(uint32_t crowd, uint64_t count, double *figure)
{
    struct local local;
    struct kith_limits limits = kith_limits_linux;
    limits.processes = crowd + 1;
    if (!open_local(&local, &limits)) {
        return false;
    }
    local.crowd = crowd;
    local.count = count;
    local.warm_up = 4 * (uint64_t)crowd;
    bool measured = spawn(&local, spawn_crowds, &local, NULL) && run_local(&local);
    *figure = 1e3 / per_message_ns(&local);
    close_local(&local);
    return measured;
}

bool bench_local_spawn(const struct bench_options *options, double *figure)
{
    return measure_spawn(1, bench_count(options, 3000000), figure);
}

// So many alive at once, `waves` times.
static bool measure_crowds(const struct bench_options *options, uint32_t most, uint32_t waves,
                           double *figure)
{
    uint32_t crowd = (uint32_t)bench_count(options, most);
    return measure_spawn(crowd, bench_count(options, waves) * crowd, figure);
}

bool bench_local_spawn_crowd(const struct bench_options *options, double *figure)
{
    return measure_crowds(options, BENCH_CROWD, BENCH_CROWD_WAVES, figure);
}

bool bench_local_spawn_many(const struct bench_options *options, double *figure)
{
    return measure_crowds(options, BENCH_MANY, BENCH_MANY_WAVES, figure);
}

// Memory of processes that wait.

static void wait_forever(struct kith_process *self, void *argument)
{
    (void)argument;
    struct kith_message *message;
    if (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        kith_message_free(&message);
    }
}

bool bench_local_idle(const struct bench_options *options, double *figure)
{
    uint64_t count = bench_count(options, 100000);
    struct local local;
    if (!open_local(&local, &kith_limits_linux)) {
        return false;
    }
    uint64_t before = bench_resident_bytes();
    bool measured = before > 0;
    for (uint64_t process = 0; measured && process < count; process++) {
        measured = spawn(&local, wait_forever, NULL, NULL);
    }
    kith_node_settle(local.node);
    *figure = (double)(bench_resident_bytes() - before) / (double)count;
    close_local(&local);
    return measured;
}
