// SPDX-License-Identifier: Apache-2.0
// Letters: the messages of the workload, each of which can be told from all others.
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

#define NOTE_MAGIC UINT64_C(0x6b697468206e6f74)

enum { LARGE_SIZE_MOST = 300000, SMALL_SIZE_MOST = 600, RECENT = 200 };

struct letter *find_letter(const struct world *world, uint64_t number)
{
    return number < world->letter_count ? world->letters[number] : NULL;
}

static size_t draw_size(struct actor *actor)
{
    const struct scenario *scenario = &actor->world->scenario;
    if (draw_chance(&actor->random, scenario->large)) {
        return sizeof(struct note) + draw_below(&actor->random, LARGE_SIZE_MOST);
    }
    return sizeof(struct note) + draw_below(&actor->random, SMALL_SIZE_MOST);
}

static enum kith_urgency draw_urgency(struct actor *actor)
{
    uint64_t kind = draw_below(&actor->random, 10);
    return kind == 0 ? KITH_URGENT : kind == 1 ? KITH_BULK : KITH_NORMAL;
}

struct letter *new_letter(struct actor *actor, struct kith_ref target, enum letter_kind kind)
{
    struct world *world = actor->world;
    if (world->letter_count == world->letter_capacity) {
        world->letter_capacity = 2 * world->letter_capacity + 256;
        world->letters = reallocate(world->letters, world->letter_capacity * sizeof(void *));
    }
    struct letter *letter = allocate(sizeof *letter);
    letter->number = world->letter_count;
    letter->kind = kind;
    letter->urgency = draw_urgency(actor);
    letter->type = kind != LETTER_NOTE                ? TYPE_REQUEST
                   : draw_chance(&actor->random, 100) ? TYPE_CHATTER
                                                      : TYPE_NOTE;
    letter->size = draw_size(actor);
    letter->sender = actor;
    letter->target = target;
    letter->target_host = find_host(world, target.node);
    letter->target_lives = letter->target_host == NULL ? 0 : letter->target_host->lives;
    letter->sent_ns = world->now_ns;
    letter->pending = true;
    if (letter->target_host != NULL) {
        letter->broken = count_broken(world, actor->host, letter->target_host);
    }
    world->letters[world->letter_count++] = letter;
    return letter;
}

static uint64_t next_sequence(struct actor *actor, struct kith_ref target,
                              enum kith_urgency urgency)
{
    size_t place = 0;
    while (place < actor->counted_count && !kith_ref_equal(actor->counted[place].target, target)) {
        place++;
    }
    if (place == actor->counted_count) {
        actor->counted = reallocate(actor->counted, (place + 1) * sizeof actor->counted[0]);
        actor->counted[place] = (struct counted){.target = target};
        actor->counted_count++;
    }
    return ++actor->counted[place].next[urgency];
}

static unsigned char filler_byte(uint64_t letter, size_t place)
{
    return (unsigned char)((letter * 31 + place) * 7);
}

void write_note(struct actor *actor, struct letter *letter, struct kith_ref target, void *data,
                size_t size)
{
    struct note note = {
        .magic = NOTE_MAGIC,
        .letter = letter->number,
        .sender = actor->ref,
        .target = target,
        .sequence = next_sequence(actor, target, letter->urgency),
        .filler_size = size - sizeof note,
    };
    memcpy(data, &note, sizeof note);
    unsigned char *filler = (unsigned char *)data + sizeof note;
    for (size_t place = 0; place < note.filler_size; place++) {
        filler[place] = filler_byte(letter->number, place);
    }
}

struct kith_message *write_letter(struct actor *actor, struct letter *letter)
{
    struct kith_message *message;
    struct kith_node *node = kith_process_node(actor->self);
    if (kith_message_new(node, letter->type, letter->size, &message) != KITH_OK) {
        letter->pending = false;
        letter->sent = KITH_ERROR_NO_MEMORY;
        return NULL;
    }
    message->urgency = (uint8_t)letter->urgency;
    message->trace = letter->number;
    write_note(actor, letter, letter->target, message->data, message->size);
    return message;
}

const struct note *read_note(struct world *world, const struct kith_message *message)
{
    const struct note *note = message->data;
    if (message->size < sizeof *note || note->magic != NOTE_MAGIC ||
        note->filler_size != message->size - sizeof *note ||
        find_letter(world, note->letter) == NULL) {
        fail(world, &check_once, "a message of type %llx and %zu bytes is not what was sent",
             (unsigned long long)message->type, message->size);
        return NULL;
    }
    const unsigned char *filler = (const unsigned char *)(note + 1);
    for (size_t place = 0; place < note->filler_size; place++) {
        if (filler[place] != filler_byte(note->letter, place)) {
            fail(world, &check_once, "letter %llu arrived with a wrong byte at %zu",
                 (unsigned long long)note->letter, place);
            return NULL;
        }
    }
    if (message->trace != note->letter) {
        fail(world, &check_once, "letter %llu arrived with the trace of another",
             (unsigned long long)note->letter);
        return NULL;
    }
    return note;
}

// Somebody who lives, or, as often as the scenario says, somebody who doesn't any longer.
static struct kith_ref draw_target(struct actor *actor)
{
    struct world *world = actor->world;
    if (draw_chance(&actor->random, world->scenario.stale)) {
        size_t recent = world->actor_count < RECENT ? world->actor_count : RECENT;
        return world->actors[world->actor_count - 1 - draw_below(&actor->random, recent)]->ref;
    }
    return world->alive[draw_below(&actor->random, world->alive_count)]->ref;
}

struct kith_ref choose_target(struct actor *actor)
{
    size_t favourites = sizeof actor->favourites / sizeof actor->favourites[0];
    struct kith_ref *favourite = &actor->favourites[draw_below(&actor->random, favourites)];
    if (kith_ref_is_none(*favourite) || draw_chance(&actor->random, 30)) {
        *favourite = draw_target(actor);
    }
    return draw_chance(&actor->random, 750) ? *favourite : draw_target(actor);
}
