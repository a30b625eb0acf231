// SPDX-License-Identifier: Apache-2.0
// Acts: sending and receiving.
#include "world.h"

enum { BURST_MOST = 40, FAREWELL_MOST = 3, RECEIVE_MOST = 12, CATCH_UP_MOST = 64 };

static bool takes_forever(const struct actor *receiver)
{
    // These never wait for others without a deadline: nobody waits in a circle.
    return receiver != NULL && (receiver->role == ROLE_SERVER || receiver->role == ROLE_SLOW);
}

static uint64_t draw_wait(struct actor *actor, struct kith_ref target)
{
    uint64_t kind = draw_below(&actor->random, 100);
    uint64_t deadline_ns = kind < 20 ? KITH_NO_WAIT
                           : kind < 60
                               ? world_deadline(actor, draw_below(&actor->random, 50 * MS_NS))
                               : world_deadline(actor, draw_below(&actor->random, 4 * SECOND_NS));
    return kind >= 95 && takes_forever(find_actor(actor->world, target)) ? KITH_FOREVER
                                                                         : deadline_ns;
}

static enum kith_error send_letter(struct actor *actor, struct kith_ref target,
                                   uint64_t deadline_ns)
{
    struct world *world = actor->world;
    if (kith_ref_equal(target, actor->ref)) {
        return KITH_OK;
    }
    struct letter *letter = new_letter(actor, target, LETTER_NOTE);
    struct kith_message *message = write_letter(actor, letter);
    if (message == NULL) {
        return KITH_OK;
    }
    letter->deadline_ns = deadline_ns;
    emit(world, &(struct event){.kind = EVENT_SENDING, .actor = actor, .letter = letter});
    begin_wait(actor, "sending", deadline_ns);
    enum kith_error error = kith_send(actor->self, target, &message, deadline_ns);
    end_wait(actor);
    letter->pending = false;
    letter->sent = error;
    emit(world,
         &(struct event){.kind = EVENT_SENT, .actor = actor, .letter = letter, .error = error});
    kith_message_free(&message);
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

enum kith_error act_send(struct actor *actor)
{
    struct kith_ref target = choose_target(actor);
    return send_letter(actor, target, draw_wait(actor, target));
}

enum kith_error act_burst(struct actor *actor)
{
    struct kith_ref target = choose_target(actor);
    enum kith_error error = KITH_OK;
    for (uint64_t left = draw_between(&actor->random, 2, BURST_MOST); error == KITH_OK && left > 0;
         left--) {
        error = send_letter(actor, target, draw_wait(actor, target));
    }
    return error;
}

// Without waiting, since nobody must wait in a circle.
enum kith_error act_farewell(struct actor *actor)
{
    struct kith_ref target = choose_target(actor);
    enum kith_error error = KITH_OK;
    for (uint64_t left = draw_below(&actor->random, FAREWELL_MOST + 1);
         error == KITH_OK && left > 0; left--) {
        error = send_letter(actor, target, KITH_NO_WAIT);
    }
    return error;
}

enum kith_error act_send_named(struct actor *actor)
{
    char address[KITH_ADDRESS_SIZE];
    struct kith_ref ref;
    snprintf(address, sizeof address, "n%u", (unsigned)draw_below(&actor->random, NAMES));
    if (kith_lookup_here(kith_process_node(actor->self), address, &ref) != KITH_OK) {
        return KITH_OK;
    }
    return send_letter(actor, ref, draw_wait(actor, ref));
}

enum kith_error act_receive(struct actor *actor)
{
    uint64_t most = draw_between(&actor->random, 1, RECEIVE_MOST);
    uint64_t wait_ns = draw_chance(&actor->random, 200)
                           ? 0
                           : draw_below(&actor->random, 2 * actor->world->scenario.think_ns);
    for (uint64_t count = 0; count < most; count++) {
        struct kith_message *message;
        uint64_t deadline_ns = wait_ns == 0 ? KITH_NO_WAIT : world_deadline(actor, wait_ns);
        begin_wait(actor, "receiving", deadline_ns);
        enum kith_error error = kith_receive(actor->self, &message, deadline_ns);
        end_wait(actor);
        if (error != KITH_OK) {
            return error == KITH_ERROR_KILLED ? error : KITH_OK;
        }
        take_message(actor, message);
    }
    return KITH_OK;
}

enum kith_error act_select(struct actor *actor)
{
    struct kith_message *message;
    uint64_t deadline_ns =
        world_deadline(actor, draw_below(&actor->random, actor->world->scenario.think_ns));
    begin_wait(actor, "selecting", deadline_ns);
    actor->selecting = true;
    enum kith_error error = kith_receive_type(actor->self, TYPE_CHATTER, &message, deadline_ns);
    end_wait(actor);
    if (error == KITH_OK) {
        take_message(actor, message);
    }
    actor->selecting = false;
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

enum kith_error act_sleep(struct actor *actor)
{
    uint64_t most_ns = (actor->role == ROLE_SLOW ? 8 : 2) * actor->world->scenario.think_ns;
    uint64_t deadline_ns = world_deadline(actor, draw_below(&actor->random, most_ns));
    begin_wait(actor, "sleeping", deadline_ns);
    enum kith_error error = kith_sleep_until(actor->self, deadline_ns);
    end_wait(actor);
    return error;
}
