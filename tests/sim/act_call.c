// SPDX-License-Identifier: Apache-2.0
// Acts: calling and serving.
#include "world.h"

static uint64_t draw_deadline(struct actor *actor, struct kith_ref target)
{
    const struct actor *server = find_actor(actor->world, target);
    uint64_t kind = draw_below(&actor->random, 100);
    if (kind >= 96 && server != NULL && server->role == ROLE_SERVER) {
        return KITH_FOREVER;
    }
    uint64_t most_ns = kind < 40 ? 100 * MS_NS : 3 * SECOND_NS;
    return world_deadline(actor, draw_between(&actor->random, MS_NS, most_ns));
}

// The reply that came, or why there is none. Takes the message, which may be NULL.
static void end_letter(struct actor *actor, struct letter *letter, struct kith_message *message,
                       enum kith_error error)
{
    struct world *world = actor->world;
    const struct note *note = NULL;
    if (error == KITH_OK && message->size > 0) {
        note = read_note(world, message);
    }
    letter->pending = false;
    letter->answered_ns = world->now_ns;
    emit(world, &(struct event){.kind = EVENT_OUTCOME,
                                .actor = actor,
                                .letter = letter,
                                .note = note,
                                .ref = error == KITH_OK ? message->from : KITH_REF_NONE,
                                .error = error});
    kith_message_free(&message);
}

enum kith_error act_call(struct actor *actor)
{
    struct world *world = actor->world;
    struct kith_ref target = choose_target(actor);
    if (kith_ref_equal(target, actor->ref)) {
        return KITH_OK;
    }
    struct letter *letter = new_letter(actor, target, LETTER_CALL);
    struct kith_message *message = write_letter(actor, letter);
    if (message == NULL) {
        return KITH_OK;
    }
    letter->deadline_ns = draw_deadline(actor, target);
    emit(world, &(struct event){.kind = EVENT_SENDING, .actor = actor, .letter = letter});
    begin_wait(actor, "calling", letter->deadline_ns);
    enum kith_error error = kith_call(actor->self, target, &message, letter->deadline_ns);
    end_wait(actor);
    end_letter(actor, letter, message, error);
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

enum kith_error act_request(struct actor *actor)
{
    struct world *world = actor->world;
    struct kith_ref target = choose_target(actor);
    if (kith_ref_equal(target, actor->ref) || actor->waiting_count == WAITING_MOST) {
        return KITH_OK;
    }
    struct letter *letter = new_letter(actor, target, LETTER_REQUEST);
    struct kith_message *message = write_letter(actor, letter);
    if (message == NULL) {
        return KITH_OK;
    }
    uint64_t send_by_ns = world_deadline(actor, draw_below(&actor->random, SECOND_NS));
    uint64_t reply_by_ns = draw_deadline(actor, target);
    uint64_t id;
    emit(world, &(struct event){.kind = EVENT_SENDING, .actor = actor, .letter = letter});
    begin_wait(actor, "requesting", send_by_ns);
    enum kith_error error =
        kith_request(actor->self, target, &message, send_by_ns, reply_by_ns, &id);
    end_wait(actor);
    if (error != KITH_OK) {
        end_letter(actor, letter, message, error);
        return error == KITH_ERROR_KILLED ? error : KITH_OK;
    }
    letter->pending = false;
    letter->deadline_ns = reply_by_ns;
    actor->waiting_id[actor->waiting_count] = id;
    actor->waiting[actor->waiting_count++] = letter;
    emit(world, &(struct event){.kind = EVENT_SENT, .actor = actor, .letter = letter});
    return KITH_OK;
}

// The outcome of a request in the mailbox.
void take_outcome(struct actor *actor, struct kith_message *message)
{
    for (uint32_t place = 0; place < actor->waiting_count; place++) {
        if (actor->waiting_id[place] != message->id) {
            continue;
        }
        struct letter *letter = actor->waiting[place];
        enum kith_error error = message->failed ? (enum kith_error)message->error : KITH_OK;
        actor->waiting_count--;
        actor->waiting[place] = actor->waiting[actor->waiting_count];
        actor->waiting_id[place] = actor->waiting_id[actor->waiting_count];
        end_letter(actor, letter, message, error);
        return;
    }
    emit(actor->world, &(struct event){.kind = EVENT_OUTCOME, .actor = actor});
    kith_message_free(&message);
}

enum kith_error act_await(struct actor *actor)
{
    if (actor->waiting_count == 0) {
        return KITH_OK;
    }
    struct kith_message *message;
    uint64_t id = actor->waiting_id[draw_below(&actor->random, actor->waiting_count)];
    uint64_t deadline_ns = world_deadline(actor, draw_below(&actor->random, SECOND_NS));
    begin_wait(actor, "awaiting", deadline_ns);
    enum kith_error error = kith_receive_reply(actor->self, id, &message, deadline_ns);
    end_wait(actor);
    if (error == KITH_OK) {
        take_outcome(actor, message);
    }
    return error == KITH_ERROR_KILLED ? error : KITH_OK;
}

// Does what the request asks, and replies. Takes the message.
static void execute(struct actor *actor, struct kith_message *message)
{
    struct world *world = actor->world;
    struct letter *letter = find_letter(world, message->trace);
    emit(world, &(struct event){.kind = EVENT_EXECUTED, .actor = actor, .letter = letter});
    uint64_t kind = draw_below(&actor->random, 100);
    enum kith_error error;
    if (kind < 10) {
        begin_wait(actor, "replying", KITH_FOREVER);
        error = kith_reply_error(actor->self, &message, KITH_ERROR_DENIED);
    } else {
        size_t size = sizeof(struct note) + draw_below(&actor->random, 200);
        if (kind < 60) {
            kith_message_reset(message);
        }
        if (kind < 95 && kith_message_resize(message, size) != KITH_OK) {
            kith_message_free(&message);
            return;
        }
        if (message->size >= sizeof(struct note)) {
            write_note(actor, letter, message->reply_to, message->data, message->size);
        }
        begin_wait(actor, "replying", KITH_FOREVER);
        error = kith_reply(actor->self, &message);
    }
    end_wait(actor);
    letter->reply_error = error;
    kith_message_free(&message); // if the reply was refused: an outcome all the same
}

static void forward(struct actor *actor, struct kith_message *message)
{
    struct world *world = actor->world;
    struct letter *letter = find_letter(world, message->trace);
    struct kith_ref target = choose_target(actor);
    if (kith_ref_equal(target, actor->ref)) {
        kith_message_free(&message);
        return;
    }
    letter->forwards++;
    letter->forwarded_far = letter->forwarded_far || target.node != actor->ref.node;
    write_note(actor, letter, target, message->data, message->size);
    emit(world,
         &(struct event){.kind = EVENT_FORWARDED, .actor = actor, .letter = letter, .ref = target});
    uint64_t deadline_ns = world_deadline(actor, draw_below(&actor->random, SECOND_NS));
    begin_wait(actor, "forwarding", deadline_ns);
    kith_forward(actor->self, target, &message, deadline_ns);
    end_wait(actor);
    kith_message_free(&message); // if it was refused: DOWN for whoever asked
}

// Takes a request: executes it, keeps it for later, passes it on, or drops it.
void serve_request(struct actor *actor, struct kith_message *message)
{
    uint64_t kind = draw_below(&actor->random, 100);
    if (actor->winding_up || kind < 60) {
        execute(actor, message);
    } else if (kind < 80 && actor->held_count < HELD_MOST) {
        actor->held[actor->held_count++] = message;
    } else if (kind < 92 && message->deadline_ns != KITH_FOREVER) { // nobody waits in a circle
        forward(actor, message);
    } else {
        kith_message_free(&message);
    }
}

enum kith_error act_answer(struct actor *actor)
{
    if (actor->held_count > 0) {
        uint64_t place = draw_below(&actor->random, actor->held_count);
        struct kith_message *message = actor->held[place];
        actor->held[place] = actor->held[--actor->held_count];
        execute(actor, message);
    }
    return KITH_OK;
}
