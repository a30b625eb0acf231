// SPDX-License-Identifier: Apache-2.0
// Fairness, accounting, and what the host of a node sees.
#include "fixture.h"

#include <string.h>

struct spinner {
    uint64_t turns;
    uint64_t limit;
};

static void spin(struct kith_process *self, void *argument)
{
    struct spinner *spinner = argument;
    while (spinner->turns < spinner->limit) {
        spinner->turns++;
        assert_int_equal(kith_yield(self), KITH_OK);
    }
}

static void equals_get_equal_turns(void **state)
{
    (void)state;
    struct fixture fixture;
    struct spinner spinners[3] = {{0, 100000}, {0, 100000}, {0, 100000}};
    open_fixture(&fixture, &kith_limits_linux);
    for (int place = 0; place < 3; place++) {
        spawn(&fixture, "spinner", spin, &spinners[place]);
    }
    for (int step = 0; step < 30; step++) {
        kith_node_step(fixture.node);
    }
    for (int place = 1; place < 3; place++) {
        assert_in_range(spinners[place].turns, spinners[0].turns - 1, spinners[0].turns + 1);
    }
    for (int place = 0; place < 3; place++) {
        spinners[place].limit = 0;
    }
    run_to_end(&fixture);
    close_fixture(&fixture);
}

struct punctual {
    enum kith_error error;
    unsigned received;
};

static void receive_until_a_deadline(struct kith_process *self, void *argument)
{
    struct punctual *punctual = argument;
    struct kith_message *message;
    punctual->error = kith_receive(self, &message, kith_deadline_ms(self, 10));
    punctual->received += punctual->error == KITH_OK ? 1 : 0;
    kith_message_free(&message);
}

static void a_process_that_was_woken_in_time_does_not_time_out_before_it_runs(void **state)
{
    (void)state;
    struct fixture fixture;
    struct punctual punctual[2] = {{KITH_ERROR_INVALID, 0}, {KITH_ERROR_INVALID, 0}};
    struct kith_ref refs[2];
    open_fixture(&fixture, &kith_limits_linux);
    for (int place = 0; place < 2; place++) {
        refs[place] = spawn(&fixture, "punctual", receive_until_a_deadline, &punctual[place]);
    }
    kith_node_step(fixture.node);
    for (int place = 0; place < 2; place++) {
        struct kith_message *message;
        assert_int_equal(kith_message_new(fixture.node, 1, 0, &message), KITH_OK);
        assert_int_equal(kith_post(fixture.node, refs[place], &message), KITH_OK);
    }
    kith_platform_sim_advance(fixture.sim, 20000000); // the node stood still meanwhile
    run_to_end(&fixture);
    for (int place = 0; place < 2; place++) {
        assert_int_equal(punctual[place].error, KITH_OK);
        assert_int_equal(punctual[place].received, 1);
    }
    close_fixture(&fixture);
}

static void high_priority_goes_first_but_starves_nobody(void **state)
{
    (void)state;
    struct fixture fixture;
    struct spinner high = {0, 1000000}, normal = {0, 1000000};
    open_fixture(&fixture, &kith_limits_linux);
    spawn(&fixture, "normal", spin, &normal);
    struct kith_spawn_options options = {
        .label = "high", .entry = spin, .argument = &high, .priority = KITH_PRIORITY_HIGH};
    assert_int_equal(kith_spawn(fixture.node, &options, NULL), KITH_OK);
    for (int step = 0; step < 30; step++) {
        kith_node_step(fixture.node);
    }
    assert_true(high.turns > 8 * normal.turns);
    assert_true(normal.turns > 0);
    high.limit = normal.limit = 0;
    run_to_end(&fixture);
    close_fixture(&fixture);
}

static void swallow(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    int *left = argument;
    while (*left > 0 && kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        kith_message_free(&message);
        (*left)--;
    }
}

struct feed {
    struct kith_ref to;
    int count;
};

static void feed(struct kith_process *self, void *argument)
{
    struct feed *plan = argument;
    for (int sent = 0; sent < plan->count; sent++) {
        struct kith_message *message;
        assert_int_equal(kith_message_new(kith_process_node(self), 1, 8, &message), KITH_OK);
        assert_int_equal(kith_send(self, plan->to, &message, KITH_FOREVER), KITH_OK);
    }
}

static void accounting_says_what_a_process_did(void **state)
{
    (void)state;
    struct fixture fixture;
    int left = 51;
    open_fixture(&fixture, &kith_limits_linux);
    struct kith_ref swallower = spawn(&fixture, "swallow", swallow, &left);
    struct feed plan = {swallower, 50};
    spawn(&fixture, "feed", feed, &plan);
    run_to_end(&fixture);
    struct kith_process_info info;
    assert_int_equal(kith_process_info(fixture.node, swallower.slot, &info), KITH_OK);
    assert_string_equal(info.label, "swallow");
    assert_int_equal(info.state, KITH_STATE_RECEIVING);
    assert_int_equal(info.received, 50);
    assert_int_equal(info.owned, 0);
    assert_in_range(info.stack_used, 64, info.stack_size);
    assert_int_equal(kith_process_info(fixture.node, 4711, &info), KITH_ERROR_NOT_FOUND);
    plan.count = 1;
    spawn(&fixture, "feed", feed, &plan);
    run_to_end(&fixture);
    struct kith_node_counters counters;
    kith_node_counters(fixture.node, &counters);
    assert_int_equal(counters.sent, 51);
    assert_int_equal(counters.delivered, 51);
    assert_int_equal(counters.spawned, 3);
    assert_int_equal(counters.ended, 3);
    close_fixture(&fixture);
}

static void slots_run_out_with_a_clear_error_and_come_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct kith_limits limits = kith_limits_linux;
    limits.processes = 3;
    struct spinner spinners[4] = {{0, 1}, {0, 1}, {0, 1}, {0, 1}};
    open_fixture(&fixture, &limits);
    for (int place = 0; place < 3; place++) {
        spawn(&fixture, "spinner", spin, &spinners[place]);
    }
    struct kith_spawn_options options = {.entry = spin, .argument = &spinners[3]};
    assert_int_equal(kith_spawn(fixture.node, &options, NULL), KITH_ERROR_LIMIT);
    run_to_end(&fixture);
    options.stack_size = 100000; // another class than the slots that are free now
    assert_int_equal(kith_spawn(fixture.node, &options, NULL), KITH_OK);
    run_to_end(&fixture);
    options.stack_size = (size_t)1 << 40;
    assert_int_equal(kith_spawn(fixture.node, &options, NULL), KITH_ERROR_TOO_LARGE);
    close_fixture(&fixture);
}

static void note(char *order, char what)
{
    order[strlen(order)] = what;
}

static void send_to_itself(struct kith_process *self, uint64_t deadline_ns)
{
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 0, 0, &message), KITH_OK);
    assert_int_equal(kith_send(self, kith_self(self), &message, deadline_ns), KITH_OK);
}

static struct kith_ref spawn_high(struct fixture *fixture, kith_process_entry *entry,
                                  void *argument)
{
    struct kith_ref ref;
    const struct kith_spawn_options options = {
        .entry = entry, .argument = argument, .priority = KITH_PRIORITY_HIGH};
    assert_int_equal(kith_spawn(fixture->node, &options, &ref), KITH_OK);
    return ref;
}

static void note_high(struct kith_process *self, void *argument)
{
    (void)self;
    note(argument, 'h');
}

static void note_normal(struct kith_process *self, void *argument)
{
    (void)self;
    note(argument, 'n');
}

// Only what high priority did while others waited counts.
static void high_priority_that_was_alone_still_goes_first(void **state)
{
    (void)state;
    struct fixture fixture;
    char order[64] = "", end[3];
    open_fixture(&fixture, &kith_limits_linux);
    for (int turn = 0; turn < 40; turn++) {
        spawn_high(&fixture, note_high, order);
        run_to_end(&fixture);
    }
    spawn(&fixture, "normal", note_normal, order);
    spawn_high(&fixture, note_high, order);
    run_to_end(&fixture);
    memcpy(end, order + strlen(order) - 2, sizeof end);
    assert_string_equal(end, "hn");
    close_fixture(&fixture);
}

struct exchange {
    char order[8];
    struct kith_ref receiver;
};

static void receive_and_note(struct kith_process *self, void *argument)
{
    struct exchange *exchange = argument;
    struct kith_message *message;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    note(exchange->order, 'h');
    kith_message_free(&message);
}

static void send_and_note(struct kith_process *self, void *argument)
{
    struct exchange *exchange = argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
    assert_int_equal(kith_send(self, exchange->receiver, &message, KITH_FOREVER), KITH_OK);
    note(exchange->order, 's');
}

static void a_receiver_of_high_priority_goes_before_who_is_ready(void **state)
{
    (void)state;
    struct fixture fixture;
    struct exchange exchange = {.order = ""};
    open_fixture(&fixture, &kith_limits_linux);
    exchange.receiver = spawn_high(&fixture, receive_and_note, &exchange);
    kith_node_settle(fixture.node);
    spawn(&fixture, "sender", send_and_note, &exchange);
    spawn(&fixture, "normal", note_normal, exchange.order);
    run_to_end(&fixture);
    assert_string_equal(exchange.order, "shn");
    close_fixture(&fixture);
}

static void reply_and_note(struct kith_process *self, void *argument)
{
    struct exchange *exchange = argument;
    const struct kith_spawn_options later = {.entry = note_normal, .argument = exchange->order};
    struct kith_message *message;
    assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
    assert_int_equal(kith_spawn(kith_process_node(self), &later, NULL), KITH_OK);
    assert_int_equal(kith_reply(self, &message), KITH_OK);
    note(exchange->order, 's');
}

static void call_and_note(struct kith_process *self, void *argument)
{
    struct exchange *exchange = argument;
    struct kith_message *message;
    assert_int_equal(kith_message_new(kith_process_node(self), 1, 0, &message), KITH_OK);
    assert_int_equal(kith_call(self, exchange->receiver, &message, KITH_FOREVER), KITH_OK);
    note(exchange->order, 'h');
    kith_message_free(&message);
}

static void a_caller_of_high_priority_goes_before_who_is_ready(void **state)
{
    (void)state;
    struct fixture fixture;
    struct exchange exchange = {.order = ""};
    open_fixture(&fixture, &kith_limits_linux);
    exchange.receiver = spawn(&fixture, "server", reply_and_note, &exchange);
    kith_node_settle(fixture.node);
    spawn_high(&fixture, call_and_note, &exchange);
    run_to_end(&fixture);
    assert_string_equal(exchange.order, "shn");
    close_fixture(&fixture);
}

static void send_when_a_turn_is_wanted(struct kith_process *self, void *argument)
{
    kith_node_want_turn(kith_process_node(self));
    send_to_itself(self, KITH_NO_WAIT);
    note(argument, '1');
    send_to_itself(self, KITH_FOREVER);
    note(argument, '3');
    for (int count = 0; count < 2; count++) {
        struct kith_message *message;
        kith_node_want_turn(kith_process_node(self));
        assert_int_equal(kith_receive(self, &message, KITH_FOREVER), KITH_OK);
        note(argument, '4');
        kith_message_free(&message);
    }
}

static void note_two(struct kith_process *self, void *argument)
{
    (void)self;
    note(argument, '2');
}

static void who_gives_way_lets_others_run_and_then_the_scheduler(void **state)
{
    (void)state;
    struct fixture fixture;
    char order[8] = "";
    open_fixture(&fixture, &kith_limits_linux);
    spawn(&fixture, "sender", send_when_a_turn_is_wanted, order);
    spawn(&fixture, "other", note_two, order);
    static const char *const after[] = {"12", "123", "1234", "12344"};
    for (size_t step = 0; step < sizeof after / sizeof after[0]; step++) {
        uint64_t next_ns = kith_node_step(fixture.node);
        assert_string_equal(order, after[step]);
        assert_int_equal(next_ns, step < 3 ? KITH_NO_WAIT : KITH_FOREVER);
    }
    close_fixture(&fixture);
}

enum { WORKERS = 3, SLICE_NS = 5000000 };

struct work {
    struct kith_platform_sim *sim;
    unsigned slices; // left
};

static void work_in_slices(struct kith_process *self, void *argument)
{
    struct work *work = argument;
    while (work->slices > 0) {
        work->slices--;
        kith_platform_sim_advance(work->sim, SLICE_NS);
        assert_int_equal(kith_yield(self), KITH_OK);
    }
}

static void sleep_for_one_slice(struct kith_process *self, void *argument)
{
    uint64_t *late_ns = argument;
    uint64_t deadline_ns = kith_now(self) + SLICE_NS;
    assert_int_equal(kith_sleep_until(self, deadline_ns), KITH_OK);
    *late_ns = kith_now(self) - deadline_ns;
}

// However many slices a round may have, after a long one it is over.
static void the_scheduler_has_its_turn_after_one_long_slice(void **state)
{
    (void)state;
    struct fixture fixture;
    struct kith_node_counters counters;
    uint64_t late_ns;
    open_fixture(&fixture, &kith_limits_linux);
    struct work work = {.sim = fixture.sim, .slices = 100};
    for (int worker = 0; worker < WORKERS; worker++) {
        spawn(&fixture, "worker", work_in_slices, &work);
    }
    spawn(&fixture, "sleeper", sleep_for_one_slice, &late_ns);
    run_to_end(&fixture);
    assert_int_equal(work.slices, 0);
    assert_true(late_ns <= (WORKERS + 1) * SLICE_NS);
    kith_node_counters(fixture.node, &counters);
    assert_in_range(counters.switches, 100, 100 + 2 * WORKERS + 2);
    close_fixture(&fixture);
}

struct watched {
    struct kith_node *node;
    unsigned reports;
    char process[KITH_LABEL_SIZE];
    uint64_t held_us;
};

static void remember_line(void *state, enum kith_log_level level, const char *event,
                          const struct kith_log_field *fields, size_t count)
{
    (void)level;
    struct watched *watched = state;
    if (strcmp(event, "process_held_cpu") == 0 && count == 3) {
        watched->reports++;
        strcpy(watched->process, fields[0].text);
        watched->held_us = fields[2].number;
    }
}

static uint64_t count_hogs(const struct kith_node *node)
{
    struct kith_node_counters counters;
    kith_node_counters(node, &counters);
    return counters.hogs;
}

// Is interrupted by the watch as if it ran for so long.
static void run_for_ms(const struct watched *watched, unsigned time_ms)
{
    for (unsigned tick = 0; tick < time_ms; tick++) {
        kith_node_watch(watched->node, 1000000);
    }
}

static void hold_cpu(struct kith_process *self, void *argument)
{
    struct watched *watched = argument;
    run_for_ms(watched, 9);
    assert_int_equal(kith_yield(self), KITH_OK);
    run_for_ms(watched, 9);
    assert_int_equal(watched->reports, 0);
    run_for_ms(watched, 2);
    assert_int_equal(watched->reports, 1);
    assert_int_equal(watched->held_us, 10000);
    run_for_ms(watched, 89);
    assert_int_equal(watched->reports, 1);
    run_for_ms(watched, 1);
    assert_int_equal(watched->reports, 2); // it still holds it
    assert_int_equal(watched->held_us, 100000);
    assert_int_equal(count_hogs(watched->node), 1);
    assert_int_equal(kith_yield(self), KITH_OK);
    run_for_ms(watched, 11);
    assert_int_equal(count_hogs(watched->node), 2);
}

static void open_watched(struct fixture *fixture, struct watched *watched, uint64_t hog_ns)
{
    struct kith_limits limits = kith_limits_linux;
    limits.hog_ns = hog_ns;
    open_fixture(fixture, &limits);
    *watched = (struct watched){.node = fixture->node};
    kith_platform_sim_set_log(fixture->sim, remember_line, watched);
}

static void a_process_that_holds_the_cpu_is_reported_by_name(void **state)
{
    (void)state;
    struct fixture fixture;
    struct watched watched;
    open_watched(&fixture, &watched, 10000000);
    spawn(&fixture, "hog", hold_cpu, &watched);
    run_to_end(&fixture);
    assert_string_equal(watched.process, "hog");
    assert_int_equal(watched.reports, 3);
    run_for_ms(&watched, 1000); // idle: nobody to blame
    assert_int_equal(count_hogs(fixture.node), 2);
    close_fixture(&fixture);
}

static void hold_unwatched(struct kith_process *self, void *argument)
{
    (void)self;
    run_for_ms(argument, 1000);
}

static void without_a_limit_nobody_is_reported(void **state)
{
    (void)state;
    struct fixture fixture;
    struct watched watched;
    open_watched(&fixture, &watched, 0);
    spawn(&fixture, "hog", hold_unwatched, &watched);
    run_to_end(&fixture);
    assert_int_equal(watched.reports, 0);
    assert_int_equal(count_hogs(fixture.node), 0);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_get_equal_turns),
        cmocka_unit_test(a_process_that_was_woken_in_time_does_not_time_out_before_it_runs),
        cmocka_unit_test(high_priority_goes_first_but_starves_nobody),
        cmocka_unit_test(high_priority_that_was_alone_still_goes_first),
        cmocka_unit_test(a_receiver_of_high_priority_goes_before_who_is_ready),
        cmocka_unit_test(a_caller_of_high_priority_goes_before_who_is_ready),
        cmocka_unit_test(accounting_says_what_a_process_did),
        cmocka_unit_test(the_scheduler_has_its_turn_after_one_long_slice),
        cmocka_unit_test(who_gives_way_lets_others_run_and_then_the_scheduler),
        cmocka_unit_test(slots_run_out_with_a_clear_error_and_come_back),
        cmocka_unit_test(a_process_that_holds_the_cpu_is_reported_by_name),
        cmocka_unit_test(without_a_limit_nobody_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
