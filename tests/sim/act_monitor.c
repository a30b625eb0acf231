// SPDX-License-Identifier: Apache-2.0
// Acts: watching processes, tying, killing; and what to make of a message that arrived.
#include "world.h"

enum kith_error act_monitor(struct actor *actor)
{
    struct kith_ref target = choose_target(actor);
    if (!kith_ref_is_none(actor->heard) && draw_chance(&actor->random, 500)) {
        target = actor->heard; // one that may say more, until it ends
    }
    if (kith_ref_equal(target, actor->ref) || actor->monitor_count == MONITORS_MOST) {
        return KITH_OK;
    }
    struct monitor *monitor = &actor->monitors[actor->monitor_count];
    monitor->target = target;
    if (kith_monitor_start(actor->self, target, &monitor->number) == KITH_OK) {
        actor->monitor_count++;
        emit(actor->world,
             &(struct event){
                 .kind = EVENT_MONITOR, .actor = actor, .ref = target, .number = monitor->number});
    }
    return KITH_OK;
}

static void forget_monitor(struct actor *actor, uint64_t number)
{
    for (uint32_t place = 0; place < actor->monitor_count; place++) {
        if (actor->monitors[place].number == number) {
            actor->monitors[place] = actor->monitors[--actor->monitor_count];
            return;
        }
    }
}

enum kith_error act_unmonitor(struct actor *actor)
{
    if (actor->monitor_count == 0) {
        return KITH_OK;
    }
    struct monitor monitor = actor->monitors[draw_below(&actor->random, actor->monitor_count)];
    enum kith_error error = kith_monitor_stop(actor->self, monitor.number);
    forget_monitor(actor, monitor.number);
    emit(actor->world, &(struct event){.kind = EVENT_MONITOR_STOPPED,
                                       .actor = actor,
                                       .ref = monitor.target,
                                       .number = monitor.number,
                                       .error = error});
    return KITH_OK;
}

enum kith_error act_tie(struct actor *actor)
{
    struct actor *other = find_actor(actor->world, choose_target(actor));
    if (other == actor) {
        return KITH_OK;
    }
    actor->tied = true;
    other->tied = true;
    if (kith_tie(actor->self, other->ref) == KITH_OK) {
        emit(
            actor->world,
            &(struct event){.kind = EVENT_TIED, .actor = actor, .other = other, .ref = other->ref});
    }
    return KITH_OK;
}

enum kith_error act_kill(struct actor *actor)
{
    struct actor *other = find_actor(actor->world, choose_target(actor));
    if (other == actor || other->host != actor->host) {
        return KITH_OK;
    }
    if (kith_kill(kith_process_node(actor->self), other->ref, KITH_ERROR_KILLED) == KITH_OK) {
        emit(actor->world,
             &(struct event){
                 .kind = EVENT_KILL, .actor = actor, .other = other, .error = KITH_ERROR_KILLED});
    }
    return KITH_OK;
}

static void take_down(struct actor *actor, const struct kith_message *message)
{
    const struct kith_down *down = message->data;
    forget_monitor(actor, down->monitor);
    emit(actor->world, &(struct event){.kind = EVENT_DOWN,
                                       .actor = actor,
                                       .ref = down->process,
                                       .number = down->monitor,
                                       .error = (enum kith_error)down->reason});
}

static void take_returned(struct actor *actor, const struct kith_message *message)
{
    const struct note *note = read_note(actor->world, message);
    if (note != NULL) {
        emit(actor->world, &(struct event){.kind = EVENT_RETURNED,
                                           .actor = actor,
                                           .letter = find_letter(actor->world, note->letter),
                                           .note = note,
                                           .ref = message->from,
                                           .error = (enum kith_error)message->error});
    }
}

static const struct note *take_letter(struct actor *actor, const struct kith_message *message)
{
    const struct note *note = read_note(actor->world, message);
    if (note != NULL) {
        actor->heard = message->from;
        emit(actor->world, &(struct event){.kind = EVENT_RECEIVED,
                                           .actor = actor,
                                           .letter = find_letter(actor->world, note->letter),
                                           .note = note,
                                           .ref = message->from,
                                           .number = message->type});
    }
    return note;
}

void take_message(struct actor *actor, struct kith_message *message)
{
    struct kith_naming_event naming;
    if (message->type == KITH_TYPE_DOWN) {
        take_down(actor, message);
    } else if (message->type == KITH_TYPE_RETURNED) {
        take_returned(actor, message);
    } else if (message->done) {
        take_outcome(actor, message);
        return;
    } else if (kith_naming_event(message, &naming)) {
        emit(actor->world,
             &(struct event){.kind = EVENT_NAMING, .actor = actor, .naming = &naming});
    } else if (message->waiting) {
        if (take_letter(actor, message) != NULL) {
            serve_request(actor, message);
            return;
        }
    } else {
        take_letter(actor, message);
    }
    kith_message_free(&message);
}
