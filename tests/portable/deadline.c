// SPDX-License-Identifier: Apache-2.0
// Deadlines, timers and alarms, on the platform's real clock. What is checked is order, and that
// nothing happens before its time; how long it takes is nobody's business here.
#include <string.h>

#include "check.h"

enum { MS = 1000000, SLEEPERS = 3 };

struct scene {
    struct check *check;
    struct kith_ref to;
    uint32_t order[SLEEPERS];
    uint32_t count;
    enum kith_error result;
};

static void receive_until_deadline(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    uint64_t deadline_ns = kith_deadline_ms(self, 3);
    CHECK(scene->check, deadline_ns > kith_now(self));
    CHECK(scene->check, kith_receive(self, &message, deadline_ns) == KITH_ERROR_TIMEOUT);
    CHECK(scene->check, kith_now(self) >= deadline_ns);
    CHECK(scene->check, message == NULL);
    deadline_ns = kith_deadline_ms(self, 2);
    CHECK(scene->check,
          kith_receive_type(self, CHECK_TYPE_B, &message, deadline_ns) == KITH_ERROR_TIMEOUT);
    CHECK(scene->check, kith_now(self) >= deadline_ns);
    CHECK(scene->check, kith_receive(self, &message, KITH_NO_WAIT) == KITH_ERROR_TIMEOUT);
    scene->count++;
}

static void receive_gives_up_at_its_deadline_and_not_before(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, receive_until_deadline, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1);
}

struct sleeper {
    struct scene *scene;
    uint64_t deadline_ns;
    uint32_t number;
};

static void sleep_and_sign(struct kith_process *self, void *argument)
{
    struct sleeper *sleeper = argument;
    struct scene *scene = sleeper->scene;
    CHECK(scene->check, kith_sleep_until(self, sleeper->deadline_ns) == KITH_OK);
    CHECK(scene->check, kith_now(self) >= sleeper->deadline_ns);
    scene->order[scene->count++] = sleeper->number;
}

static void sleepers_wake_in_the_order_of_their_deadlines(struct check *check)
{
    static const uint64_t delays_ns[SLEEPERS] = {6 * MS, 2 * MS, 4 * MS};
    struct scene scene = {.check = check};
    struct sleeper sleepers[SLEEPERS];
    uint64_t now_ns = kith_node_now(check->node);
    for (uint32_t place = 0; place < SLEEPERS; place++) {
        sleepers[place] = (struct sleeper){&scene, now_ns + delays_ns[place], place};
        check_spawn(check, sleep_and_sign, &sleepers[place]);
    }
    check_finish(check);
    CHECK(check, scene.order[0] == 1 && scene.order[1] == 2 && scene.order[2] == 0);
}

static void killed_while_asleep(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    scene->result = kith_sleep_until(self, KITH_FOREVER);
    scene->count++;
}

static void a_sleeper_can_be_killed(struct check *check)
{
    struct scene scene = {.check = check};
    struct kith_ref ref = check_spawn(check, killed_while_asleep, &scene);
    CHECK(check, kith_node_settle(check->node) == KITH_FOREVER);
    CHECK(check, kith_kill(check->node, ref, KITH_ERROR_KILLED) == KITH_OK);
    check_finish(check);
    CHECK(check, scene.result == KITH_ERROR_KILLED && scene.count == 1);
}

// Replies only after its caller has given up.
static void reply_late(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    uint64_t deadline_ns = message->deadline_ns;
    CHECK(scene->check, deadline_ns != KITH_FOREVER);
    CHECK(scene->check, kith_sleep_until(self, deadline_ns + MS) == KITH_OK);
    CHECK(scene->check, kith_reply(self, &message) == KITH_OK);
    CHECK(scene->check, message == NULL);
}

static void call_with_deadline(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    struct kith_message *message = check_message(scene->check, CHECK_TYPE_A, 1);
    uint64_t deadline_ns = kith_deadline_ms(self, 3);
    scene->result = kith_call(self, scene->to, &message, deadline_ns);
    CHECK(scene->check, message == NULL);
    CHECK(scene->check, kith_now(self) >= deadline_ns);
    // Whatever comes now, it isn't the late reply.
    CHECK(scene->check,
          kith_receive(self, &message, kith_deadline_ms(self, 4)) == KITH_ERROR_TIMEOUT);
    scene->count++;
}

static void a_late_reply_is_dropped_and_counted(struct check *check)
{
    struct scene scene = {.check = check};
    scene.to = check_spawn(check, reply_late, &scene);
    check_spawn(check, call_with_deadline, &scene);
    check_finish(check);
    CHECK(check, scene.result == KITH_ERROR_TIMEOUT && scene.count == 1);
    struct kith_node_counters counters;
    kith_node_counters(check->node, &counters);
    CHECK(check, counters.late_replies == 1);
}

static void wait_for_timer(struct scene *scene, struct kith_process *self, uint64_t id)
{
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_FOREVER) == KITH_OK);
    CHECK(scene->check, message->type == KITH_TYPE_TIMER && message->id == id);
    kith_message_free(&message);
}

static void use_timers(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t once_id, period_id;
    uint64_t first_ns = kith_deadline_ms(self, 2);
    CHECK(scene->check, kith_timer_start(self, first_ns, 0, &once_id) == KITH_OK);
    wait_for_timer(scene, self, once_id);
    CHECK(scene->check, kith_now(self) >= first_ns);
    CHECK(scene->check, kith_timer_stop(self, once_id) == KITH_ERROR_NOT_FOUND);

    first_ns = kith_deadline_ms(self, 1);
    CHECK(scene->check, kith_timer_start(self, first_ns, 2 * MS, &period_id) == KITH_OK);
    CHECK(scene->check, period_id != once_id);
    for (uint32_t turn = 0; turn < 3; turn++) {
        wait_for_timer(scene, self, period_id);
        CHECK(scene->check, kith_now(self) >= first_ns);
    }
    CHECK(scene->check, kith_timer_stop(self, period_id) == KITH_OK);
    struct kith_message *message = NULL;
    while (kith_receive(self, &message, KITH_NO_WAIT) == KITH_OK) {
        kith_message_free(&message); // one may have been under way
    }
    CHECK(scene->check,
          kith_receive(self, &message, kith_deadline_ms(self, 5)) == KITH_ERROR_TIMEOUT);
    scene->count++;
}

static void timers_send_messages_once_or_again_and_again(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, use_timers, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1);
}

// Sleeps over many periods of its timer.
static void fall_behind(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t id;
    uint64_t now_ns = kith_now(self);
    CHECK(scene->check, kith_timer_start(self, now_ns + MS, MS, &id) == KITH_OK);
    CHECK(scene->check, kith_sleep_until(self, now_ns + 8 * MS) == KITH_OK);
    struct kith_message *message = NULL;
    CHECK(scene->check, kith_receive(self, &message, KITH_NO_WAIT) == KITH_OK);
    kith_message_free(&message);
    CHECK(scene->check, kith_receive(self, &message, KITH_NO_WAIT) == KITH_ERROR_TIMEOUT);
    scene->count++; // and ends with its timer running
}

static void a_process_that_is_behind_gets_one_timer_message(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, fall_behind, &scene);
    check_finish(check);
    CHECK(check, scene.count == 1);
    CHECK(check, kith_node_settle(check->node) == KITH_FOREVER);
}

static void start_too_many(struct kith_process *self, void *argument)
{
    struct scene *scene = argument;
    uint32_t limit = kith_node_limits(scene->check->node)->timers;
    uint64_t id;
    while (scene->count <= limit && kith_timer_start(self, KITH_FOREVER - 1, 0, &id) == KITH_OK) {
        scene->count++;
    }
    CHECK(scene->check, scene->count == limit);
    CHECK(scene->check, kith_timer_start(self, KITH_FOREVER - 1, 0, &id) == KITH_ERROR_LIMIT);
}

static void there_are_no_more_timers_than_the_limit_says(struct check *check)
{
    struct scene scene = {.check = check};
    check_spawn(check, start_too_many, &scene);
    check_finish(check);
    scene.count = 0;
    check_spawn(check, start_too_many, &scene); // those of the first ended with it
    check_finish(check);
}

struct ring {
    struct kith_alarm alarm;
    struct check *check;
    uint64_t deadline_ns;
    uint32_t fired;
};

static void ring_twice(struct kith_alarm *alarm)
{
    struct ring *ring = (struct ring *)alarm; // its first member
    CHECK(ring->check, kith_node_now(ring->check->node) >= ring->deadline_ns);
    CHECK(ring->check, kith_node_running(ring->check->node) == NULL);
    if (++ring->fired < 2) {
        ring->deadline_ns += MS;
        CHECK(ring->check,
              kith_alarm_set(ring->check->node, &ring->alarm, ring->deadline_ns) == KITH_OK);
    }
}

static void alarms_call_drivers_and_can_be_set_again_or_cleared(struct check *check)
{
    struct kith_node *node = check->node;
    struct ring ring = {.check = check, .deadline_ns = kith_node_now(node) + MS};
    struct ring cleared = {.check = check, .deadline_ns = ring.deadline_ns};
    kith_alarm_init(&ring.alarm, ring_twice);
    kith_alarm_init(&cleared.alarm, ring_twice);
    CHECK(check, kith_alarm_set(node, &ring.alarm, ring.deadline_ns) == KITH_OK);
    CHECK(check, kith_alarm_set(node, &cleared.alarm, cleared.deadline_ns) == KITH_OK);
    kith_alarm_clear(node, &cleared.alarm);
    kith_alarm_clear(node, &cleared.alarm);
    uint64_t next_ns;
    while ((next_ns = kith_node_step(node)) != KITH_FOREVER) {
        check->platform.idle(check->platform.state, next_ns);
    }
    CHECK(check, ring.fired == 2);
    CHECK(check, cleared.fired == 0);
}

// Those that ring when others have set them are due in the next turn, after all that are due now.
struct chime {
    struct kith_alarm alarm;
    struct kith_node *node;
    char sign, *order;
    bool again;
};

static void note_chime(struct kith_alarm *alarm)
{
    struct chime *chime = (struct chime *)alarm; // its first member
    *strchr(chime->order, '.') = chime->sign;
    if (chime->again) {
        chime->again = false;
        (void)kith_alarm_set(chime->node, alarm, KITH_NO_WAIT);
    }
}

static void alarms_of_one_time_ring_in_the_order_of_setting_and_once_a_turn(struct check *check)
{
    char order[] = "......";
    struct chime chimes[5];
    uint64_t soon_ns = kith_node_now(check->node) + MS;
    for (uint32_t place = 0; place < 5; place++) {
        chimes[place] = (struct chime){
            .node = check->node, .sign = (char)('a' + place), .order = order, .again = place == 0};
        kith_alarm_init(&chimes[place].alarm, note_chime);
        CHECK(check, kith_alarm_set(check->node, &chimes[place].alarm, soon_ns) == KITH_OK);
    }
    while (order[0] == '.') {
        kith_node_step(check->node);
    }
    CHECK(check, strcmp(order, "abcde.") == 0);
    kith_node_step(check->node);
    CHECK(check, strcmp(order, "abcdea") == 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(receive_gives_up_at_its_deadline_and_not_before),
    CHECK_CASE(sleepers_wake_in_the_order_of_their_deadlines),
    CHECK_CASE(a_sleeper_can_be_killed),
    CHECK_CASE(a_late_reply_is_dropped_and_counted),
    CHECK_CASE(timers_send_messages_once_or_again_and_again),
    CHECK_CASE(a_process_that_is_behind_gets_one_timer_message),
    CHECK_CASE(there_are_no_more_timers_than_the_limit_says),
    CHECK_CASE(alarms_call_drivers_and_can_be_set_again_or_cleared),
    CHECK_CASE(alarms_of_one_time_ring_in_the_order_of_setting_and_once_a_turn),
};

CHECK_MAIN(cases)
