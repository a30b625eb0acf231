// SPDX-License-Identifier: Apache-2.0
// What happens in a run, as the trace prints it and the checks see it.
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include <kith/error.h>
#include <kith/ref.h>

struct actor;
struct host;
struct letter;
struct world;

enum event_kind {
    EVENT_NODE_UP,      // host
    EVENT_NODE_CRASHED, // host; before its node is gone
    EVENT_NODE_LEAVING, // host
    EVENT_NODE_LEFT,    // host
    EVENT_FAULT,        // text
    EVENT_PHASE,        // text
    EVENT_LOG,          // host, text: what a node logged
    EVENT_MALFORMED,    // host, text: it can't make sense of what another one sent

    EVENT_ACTOR_STARTED, // actor
    EVENT_ACTOR_ENDED,   // actor, error: the reason
    EVENT_KILL,          // actor: who, other: whom, error: the reason

    EVENT_SENDING,   // actor, letter: before the call
    EVENT_SENT,      // actor, letter, error: what the call said
    EVENT_RECEIVED,  // actor, letter, note
    EVENT_FORWARDED, // actor, letter, ref: before the call
    EVENT_EXECUTED,  // actor, letter: a server does what the request asks
    EVENT_RETURNED,  // actor, letter, error
    EVENT_OUTCOME,   // actor, letter, error: how a call ended; OK: a reply
    EVENT_WAITED,    // actor, text, number: a blocking call took until now; deadline was then

    EVENT_MONITOR,         // actor, ref, number: of the monitor
    EVENT_MONITOR_STOPPED, // actor, number, error
    EVENT_TIED,            // actor, ref
    EVENT_DOWN,            // actor, ref, number, error: the reason

    EVENT_REGISTERED, // actor, text: the name, number: index, error
    EVENT_RELEASED,   // actor, text, number, error
    EVENT_LOOKED_UP,  // actor, text, ref, error
    EVENT_WATCHING,   // actor, number: of the watch, text: the pattern
    EVENT_NAMING,     // actor, naming: what a watch told

    EVENT_STEP,    // host: its node has run
    EVENT_DRAINED, // nothing is under way any longer
    EVENT_FINISHED // all actors were told to end, and had the time
};

// What a message of the workload carries. Whoever gets it can tell what should be in it.
struct note {
    uint64_t magic;
    uint64_t letter;        // its number
    struct kith_ref sender; // of this hop
    struct kith_ref target; // likewise
    uint64_t sequence;      // counts what this sender sends to this target with this urgency
    uint64_t filler_size;   // bytes that follow, each derived from the letter's number
};

struct event {
    enum event_kind kind;
    struct host *host; // filled in from the actor
    struct actor *actor, *other;
    struct letter *letter;
    const struct note *note;
    const struct kith_naming_event *naming;
    struct kith_ref ref;
    uint64_t number;
    enum kith_error error;
    const char *text;
};

const char *event_name(enum event_kind kind);

#endif
