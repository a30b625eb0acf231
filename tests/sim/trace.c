// SPDX-License-Identifier: Apache-2.0
// The trace: one line for each event, readable from top to bottom.
#include "world.h"

#include <string.h>

const char *event_name(enum event_kind kind)
{
    static const char *const names[] = {
        [EVENT_NODE_UP] = "node is up",
        [EVENT_NODE_CRASHED] = "node crashes",
        [EVENT_NODE_LEAVING] = "node begins to leave",
        [EVENT_NODE_LEFT] = "node has left",
        [EVENT_FAULT] = "fault:",
        [EVENT_PHASE] = "----",
        [EVENT_LOG] = "log:",
        [EVENT_MALFORMED] = "gets nonsense:",
        [EVENT_ACTOR_STARTED] = "starts",
        [EVENT_ACTOR_ENDED] = "ends",
        [EVENT_KILL] = "kills",
        [EVENT_SENDING] = "sends",
        [EVENT_SENT] = "sent",
        [EVENT_RECEIVED] = "receives",
        [EVENT_FORWARDED] = "forwards",
        [EVENT_EXECUTED] = "executes",
        [EVENT_RETURNED] = "gets back",
        [EVENT_OUTCOME] = "has the outcome of",
        [EVENT_WAITED] = "waited",
        [EVENT_MONITOR] = "monitors",
        [EVENT_MONITOR_STOPPED] = "stops to monitor",
        [EVENT_TIED] = "is tied to",
        [EVENT_DOWN] = "hears of the end of",
        [EVENT_REGISTERED] = "registered",
        [EVENT_RELEASED] = "released",
        [EVENT_LOOKED_UP] = "looked up",
        [EVENT_WATCHING] = "watches",
        [EVENT_NAMING] = "is told",
        [EVENT_STEP] = "steps",
        [EVENT_DRAINED] = "everything has come to rest",
        [EVENT_FINISHED] = "everybody has ended",
    };
    return names[kind];
}

// "a17@2:5.1": actor 17, host 2, slot 5, generation 1.
char *ref_text(const struct world *world, struct kith_ref ref, char text[REF_TEXT_SIZE])
{
    const struct actor *actor = find_actor(world, ref);
    const struct host *host =
        map_get(&world->hosts_by_incarnation, (struct map_key){ref.node, 0, 0});
    if (kith_ref_is_none(ref)) {
        snprintf(text, REF_TEXT_SIZE, "nobody");
    } else if (actor != NULL) {
        snprintf(text, REF_TEXT_SIZE, "a%u@%u:%u.%u", actor->number, actor->host->number, ref.slot,
                 ref.generation);
    } else if (host != NULL) {
        snprintf(text, REF_TEXT_SIZE, "@%u:%u.%u", host->number, ref.slot, ref.generation);
    } else {
        snprintf(text, REF_TEXT_SIZE, "@%llx:%u.%u", (unsigned long long)ref.node, ref.slot,
                 ref.generation);
    }
    return text;
}

static void print_letter(const struct world *world, const struct event *event)
{
    static const char *const kinds[] = {"note", "call", "request"};
    static const char *const urgencies[] = {"", " urgent", " bulk"};
    const struct letter *letter = event->letter;
    char text[REF_TEXT_SIZE];
    fprintf(world->trace, " %s #%llu%s", kinds[letter->kind], (unsigned long long)letter->number,
            urgencies[letter->urgency]);
    if (event->kind == EVENT_SENDING) {
        fprintf(world->trace, " (%zu bytes) to %s", letter->size,
                ref_text(world, letter->target, text));
    } else {
        fprintf(world->trace, " of a%u", letter->sender->number);
    }
    if (event->note != NULL) {
        fprintf(world->trace, ", %llu. of %s", (unsigned long long)event->note->sequence,
                ref_text(world, event->note->sender, text));
    }
}

static void print_naming(const struct world *world, const struct kith_naming_event *naming)
{
    static const char *const kinds[] = {"?", "up", "down", "suspect", "resync", "complete"};
    const struct host *host =
        map_get(&world->hosts_by_incarnation, (struct map_key){naming->node, 0, 0});
    char text[REF_TEXT_SIZE];
    fprintf(world->trace, " %s", kinds[naming->kind]);
    if (naming->what == KITH_WATCH_NAMES) {
        fprintf(world->trace, " of %s/%u (%s) epoch %llu", naming->name, naming->index,
                ref_text(world, naming->ref, text), (unsigned long long)naming->epoch);
    }
    if (naming->what != 0 && host != NULL) {
        fprintf(world->trace, " of host%u", host->number);
    }
}

static bool is_dull(const struct event *event)
{
    return event->kind == EVENT_STEP || event->kind == EVENT_WAITED;
}

void trace_event(struct world *world, const struct event *event)
{
    char text[REF_TEXT_SIZE];
    if (is_dull(event)) {
        return;
    }
    fprintf(world->trace, "%4llu.%06llu ", (unsigned long long)(world->now_ns / SECOND_NS),
            (unsigned long long)(world->now_ns % SECOND_NS / 1000));
    if (event->actor != NULL) {
        fprintf(world->trace, "%s ", ref_text(world, event->actor->ref, text));
    } else if (event->host != NULL) {
        fprintf(world->trace, "host%u ", event->host->number);
    }
    fputs(event_name(event->kind), world->trace);
    if (event->letter != NULL) {
        print_letter(world, event);
    }
    if (event->other != NULL) {
        fprintf(world->trace, " a%u", event->other->number);
    } else if (!kith_ref_is_none(event->ref)) {
        fprintf(world->trace, " %s", ref_text(world, event->ref, text));
    }
    if (event->text != NULL) {
        fprintf(world->trace, " %s", event->text);
    }
    if (event->naming != NULL) {
        print_naming(world, event->naming);
    } else if (event->number != 0 || event->kind == EVENT_REGISTERED) {
        fprintf(world->trace, " %llu", (unsigned long long)event->number);
    }
    if (event->error != KITH_OK) {
        fprintf(world->trace, ": %s", kith_error_name(event->error));
    }
    fputc('\n', world->trace);
}
