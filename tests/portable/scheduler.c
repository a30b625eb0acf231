// SPDX-License-Identifier: Apache-2.0
// Who runs when, and what it costs.
#include "check.h"

enum { TURNS = 40, ORDER = 512 };

struct scene {
    struct check *check;
    char order[ORDER];
    uint32_t count;
    uint32_t hooks;
    bool stop;
};

struct runner {
    struct scene *scene;
    char sign;
    uint32_t turns;
};

static void sign_and_yield(struct kith_process *self, void *argument)
{
    struct runner *runner = argument;
    struct scene *scene = runner->scene;
    for (uint32_t turn = 0; turn < runner->turns; turn++) {
        scene->order[scene->count++] = runner->sign;
        CHECK(scene->check, kith_yield(self) == KITH_OK);
    }
}

static void spawn_runner(struct scene *scene, struct runner *runner, enum kith_priority priority)
{
    struct kith_spawn_options options = {
        .entry = sign_and_yield, .argument = runner, .priority = priority};
    CHECK(scene->check, kith_spawn(scene->check->node, &options, NULL) == KITH_OK);
}

static void equals_take_turns(struct check *check)
{
    struct scene scene = {.check = check};
    struct runner first = {&scene, 'a', 3}, second = {&scene, 'b', 3};
    spawn_runner(&scene, &first, KITH_PRIORITY_NORMAL);
    spawn_runner(&scene, &second, KITH_PRIORITY_NORMAL);
    check_finish(check);
    for (uint32_t place = 0; place < 6; place++) {
        CHECK(check, scene.order[place] == (place % 2 == 0 ? 'a' : 'b'));
    }
}

static void high_priority_goes_first_and_normal_is_not_starved(struct check *check)
{
    struct scene scene = {.check = check};
    struct runner normal = {&scene, 'n', 2}, high = {&scene, 'h', 2 * TURNS};
    spawn_runner(&scene, &normal, KITH_PRIORITY_NORMAL);
    spawn_runner(&scene, &high, KITH_PRIORITY_HIGH);
    check_finish(check);
    CHECK(check, scene.order[0] == 'h' && scene.order[1] == 'h' && scene.order[2] == 'h');
    uint32_t place = 0;
    while (place < scene.count && scene.order[place] == 'h') {
        place++;
    }
    CHECK(check, place < 2 * TURNS); // the normal one had a turn before the high one was done
}

static void receive_many(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        struct kith_message *message = NULL;
        CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
        kith_message_free(&message);
    }
    // A while on the processor, on any clock, so that it shows in the accounts.
    uint64_t until_ns = kith_now(self) + 2000000;
    while (kith_now(self) < until_ns) {
        scene->hooks++;
    }
    CHECK(scene->check, kith_sleep_until(self, KITH_FOREVER) == KITH_ERROR_KILLED);
}

struct feeder {
    struct check *check;
    struct kith_ref to;
};

static void send_many(struct kith_process *self, void *argument)
{
    struct feeder *feeder = argument;
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        struct kith_message *message = check_message(feeder->check, CHECK_TYPE_A, turn);
        CHECK(feeder->check, kith_send(self, feeder->to, &message, KITH_FOREVER) == KITH_OK);
    }
    CHECK(feeder->check, kith_sleep_until(self, KITH_FOREVER) == KITH_ERROR_KILLED);
}

// One of two that send one message to and fro.
struct hitter {
    struct scene *scene;
    struct kith_ref other;
    char sign;
    uint32_t hits;
    bool begins;
};

static void hit_back(struct kith_process *self, void *argument)
{
    struct hitter *hitter = argument;
    struct scene *scene = hitter->scene;
    struct kith_message *message = NULL;
    if (hitter->begins) {
        message = check_message(scene->check, CHECK_TYPE_A, 0);
        CHECK(scene->check, kith_send(self, hitter->other, &message, KITH_FOREVER) == KITH_OK);
    }
    while (hitter->hits > 0 && kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        hitter->hits--;
        scene->order[scene->count++] = hitter->sign;
        CHECK(scene->check, kith_send(self, message->from, &message, KITH_FOREVER) == KITH_OK);
    }
    (void)kith_receive(self, &message, KITH_FOREVER); // the last one, or until it is killed
    kith_message_free(&message);
}

static void who_is_sent_a_message_comes_next(struct check *check)
{
    struct scene scene = {.check = check};
    struct hitter receiver = {&scene, KITH_REF_NONE, 'r', 1, false};
    struct hitter sender = {&scene, KITH_REF_NONE, 's', 0, true};
    struct runner other = {&scene, 'o', 1};
    struct kith_ref ref = sender.other = check_spawn(check, hit_back, &receiver);
    kith_node_settle(check->node);
    check_spawn(check, hit_back, &sender);
    spawn_runner(&scene, &other, KITH_PRIORITY_NORMAL);
    kith_node_settle(check->node);
    CHECK(check, scene.count == 2 && scene.order[0] == 'r' && scene.order[1] == 'o');
    (void)kith_kill(check->node, ref, KITH_ERROR_KILLED);
    check_finish(check);
}

// As many rounds as it takes: on a slow machine they end sooner.
static void run_for_switches(struct check *check, uint64_t switches)
{
    struct kith_node_counters counters;
    kith_node_counters(check->node, &counters);
    uint64_t end = counters.switches + switches;
    while (counters.switches < end && kith_node_step(check->node) == KITH_NO_WAIT) {
        kith_node_counters(check->node, &counters);
    }
}

static void who_wake_each_other_do_not_keep_others_out(struct check *check)
{
    struct scene scene = {.check = check};
    struct hitter left = {&scene, KITH_REF_NONE, 'l', ORDER, false};
    struct hitter right = {&scene, KITH_REF_NONE, 'r', ORDER, true};
    struct runner other = {&scene, 'o', 3};
    struct kith_ref refs[] = {check_spawn(check, hit_back, &left), KITH_REF_NONE};
    right.other = refs[0];
    kith_node_settle(check->node);
    refs[1] = check_spawn(check, hit_back, &right);
    spawn_runner(&scene, &other, KITH_PRIORITY_NORMAL);
    run_for_switches(check, 256);
    uint32_t turns = 0;
    for (uint32_t place = 0; place < scene.count; place++) {
        turns += scene.order[place] == 'o';
    }
    CHECK(check, turns == 3);
    CHECK(check, left.hits > 0);
    for (uint32_t place = 0; place < 2; place++) {
        (void)kith_kill(check->node, refs[place], KITH_ERROR_KILLED);
    }
    check_finish(check);
}

static void accounts_show_messages_and_time(struct check *check)
{
    struct scene scene = {.check = check};
    struct feeder feeder = {.check = check};
    feeder.to = check_spawn(check, receive_many, &scene);
    struct kith_ref sender = check_spawn(check, send_many, &feeder);
    kith_node_settle(check->node);
    struct kith_process_info info;
    CHECK(check, kith_process_info(check->node, feeder.to.slot, &info) == KITH_OK);
    CHECK(check, info.received == TURNS && info.sent == 0);
    CHECK(check, info.cpu_ns >= 1000000); // of the 2 ms; clocks may differ a little
    CHECK(check, info.started_ns <= kith_node_now(check->node));
    CHECK(check, info.started_ns >= kith_node_started_ns(check->node));
    CHECK(check, info.state == KITH_STATE_SLEEPING);
    CHECK(check, kith_process_info(check->node, sender.slot, &info) == KITH_OK);
    CHECK(check, info.sent == TURNS && info.received == 0);
    struct kith_node_counters counters;
    kith_node_counters(check->node, &counters);
    CHECK(check, counters.sent == TURNS && counters.delivered == TURNS);
    CHECK(check, counters.spawned == 2 && counters.ended == 0);
    CHECK(check, counters.switches > 0);
    CHECK(check, kith_kill(check->node, feeder.to, KITH_ERROR_KILLED) == KITH_OK);
    CHECK(check, kith_kill(check->node, sender, KITH_ERROR_KILLED) == KITH_OK);
    check_finish(check);
    kith_node_counters(check->node, &counters);
    CHECK(check, counters.ended == 2);
}

struct counting_hook {
    struct kith_hook hook;
    uint32_t runs;
};

static void count_runs(struct kith_hook *hook)
{
    struct counting_hook *counting = (struct counting_hook *)hook; // its first member
    counting->runs++;
}

static void hooks_run_when_nothing_is_ready(struct check *check)
{
    struct scene scene = {.check = check};
    struct runner runner = {&scene, 'a', 3};
    struct counting_hook hook = {.hook.run = count_runs};
    kith_node_hook_add(check->node, &hook.hook);
    spawn_runner(&scene, &runner, KITH_PRIORITY_NORMAL);
    CHECK(check, kith_node_settle(check->node) == KITH_FOREVER);
    CHECK(check, hook.runs >= 1);
    kith_node_hook_remove(check->node, &hook.hook);
    uint32_t runs = hook.runs;
    kith_node_settle(check->node);
    CHECK(check, hook.runs == runs);
}

struct alarm_of_scene {
    struct kith_alarm alarm;
    struct scene *scene;
    uint32_t had_run; // processes, when it rang
};

static void note_order(struct kith_alarm *alarm)
{
    struct alarm_of_scene *note = (struct alarm_of_scene *)alarm; // its first member
    note->had_run = note->scene->count;
}

// Work that can wait, like sending, is done after what an event has woken.
static void who_is_ready_goes_before_the_alarms(struct check *check)
{
    struct scene scene = {.check = check};
    struct runner runner = {&scene, 'a', 1};
    struct alarm_of_scene note = {.scene = &scene};
    kith_alarm_init(&note.alarm, note_order);
    CHECK(check, kith_alarm_set(check->node, &note.alarm, KITH_NO_WAIT) == KITH_OK);
    spawn_runner(&scene, &runner, KITH_PRIORITY_NORMAL);
    kith_node_settle(check->node);
    CHECK(check, note.had_run == 1);
}

static void stop_the_node(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    CHECK(scene->check, kith_sleep_until(self, kith_deadline_ms(self, 2)) == KITH_OK);
    scene->stop = true;
    kith_node_stop(kith_process_node(self));
}

static void a_node_runs_until_it_is_stopped(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, stop_the_node, &scene);
    kith_node_run(check->node);
    CHECK(check, scene.stop);
}

static const struct check_case cases[] = {
    CHECK_CASE(equals_take_turns),
    CHECK_CASE(high_priority_goes_first_and_normal_is_not_starved),
    CHECK_CASE(who_is_sent_a_message_comes_next),
    CHECK_CASE(who_wake_each_other_do_not_keep_others_out),
    CHECK_CASE(accounts_show_messages_and_time),
    CHECK_CASE(hooks_run_when_nothing_is_ready),
    CHECK_CASE(who_is_ready_goes_before_the_alarms),
    CHECK_CASE(a_node_runs_until_it_is_stopped),
};

CHECK_MAIN(cases)
