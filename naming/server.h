// SPDX-License-Identifier: Apache-2.0
// The naming process's own view. Its state hangs off the node (KITH_PART_NAMING); client calls of
// other processes read the table directly, and only the naming process changes it.
#ifndef KITHI_SERVER_H
#define KITHI_SERVER_H

#include <kith/codec.h>
#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/naming.h>

#include <naming.pb-c.h>

#include "table.h"
#include "text.h"

enum {
    KITHI_ALIASES = 4,        // endpoints by which a node was reached, beside the one it advertises
    KITHI_HOSTS = 8,          // endpoints that one wait may be about
    KITHI_BATCH_BYTES = 3072, // of names in one message, encoded: boards take messages of 4 KB ...
    KITHI_BATCH_PART = 16,    // ... and no more than this part of the node's memory for messages
    KITHI_BATCH_LEAST = 256,  // ... where a peer turned out to accept even less
    KITHI_ENTRY_BYTES = 40,   // of one entry beside its texts, encoded, at most
    KITHI_PART_MOST = 1024,   // entries in one message: more than BATCH_BYTES can hold
    KITHI_LOOKS = 4096,       // entries that a search looks at before others have their turn ...
    KITHI_LOOKS_CLOCK = 16,   // ... or as many as it can in KITHI_LOOKS_NS, in steps of this
    KITHI_BURST = 32,         // messages to one receiver before others have their turn
    KITHI_PAUSE_LOOK = 64,    // entries between two looks at the clock
    KITHI_WATCHES_MOST = 64,  // of another node: each entry looks at all watches
    KITHI_WAITS_MOST = 16,    // of another node for one name: its entries look at all of them
};

#define KITHI_MS            UINT64_C(1000000)
#define KITHI_GATHER_NS     (2 * KITHI_MS)     // changes wait this long, if the node is never idle
#define KITHI_RETRY_NS      (4 * KITHI_MS)     // after a receiver was full, doubling ...
#define KITHI_RETRY_MOST_NS (512 * KITHI_MS)   // ... up to this
#define KITHI_ASK_LEAST_NS  (100 * KITHI_MS)   // between two resyncs from one peer
#define KITHI_ASK_NS        (1000 * KITHI_MS)  // until the table is asked for again, doubling ...
#define KITHI_ASK_MOST_NS   (32000 * KITHI_MS) // ... up to this
#define KITHI_LOOKS_NS      (50 * KITHI_MS / 1000)
#define KITHI_TURN_NS       (500 * KITHI_MS / 1000) // of what takes long, at a time
#define KITHI_STEADY_NS     (1000 * KITHI_MS)  // a watch that goes well for so long begins anew
#define KITHI_LOG_AGAIN_NS  (10000 * KITHI_MS) // between lines of a kind that peers can bring about
#define KITHI_SWEEP_NS      (1000 * KITHI_MS)  // between looks for waits whose deadline has passed

// Methods, by their places in proto/naming.proto.
enum kithi_method {
    KITHI_REGISTER,
    KITHI_RELEASE,
    KITHI_LOOKUP,
    KITHI_FIND,
    KITHI_LIST,
    KITHI_WAIT,
    KITHI_WATCH,
    KITHI_UNWATCH,
    KITHI_STATUS,
    KITHI_EVENT,
    KITHI_RESYNC,
    KITHI_REPLICATE,
    KITHI_CHANGE,
};

// A node, this one (place 0) or another, as naming knows it. Two state machines share it: what this
// node does as the keeper of a replica of its table (replica.c), and what it does to feed its
// replica of ours (publish.c).
struct kithi_member {
    uint32_t place;
    struct kith_route_info info;
    struct kith_endpoint aliases[KITHI_ALIASES];
    uint32_t alias_count, alias_next;
    bool changed;                     // by the observer, not dealt with yet
    bool lost;                        // unreachable or gone since then
    bool told_up;                     // to watches of nodes
    enum kith_route_state told_state; // to watches of links
    enum kith_error reason;

    struct kithi_roll roll;
    uint64_t epoch;

    // Its table here.
    bool complete, truncated, loading;
    uint32_t mark;     // of the transfer being loaded
    uint64_t session;  // likewise
    uint32_t sequence; // of the next part
    uint64_t loading_epoch;
    uint64_t ask_ns;   // when to ask again
    uint64_t quiet_ns; // no asking before
    uint64_t ask_wait_ns;
    bool ask_all;

    // Our table there.
    bool subscribed, confirm;
    bool bulk;       // a whole table is on its way
    uint32_t cursor; // the next entry of it
    uint32_t bulk_sequence;
    uint64_t bulk_session, bulk_epoch;
    uint64_t sent_epoch; // the epoch it has once all that was sent arrives
    uint64_t retry_ns, retry_wait_ns;
    size_t batch_bytes;
};

// A process that has registrations, watches or waits, and is monitored because of them.
struct kithi_client {
    struct kith_ref ref;
    uint64_t monitor;
    uint32_t uses;        // how many of them; 0: free, or resting
    uint32_t first_entry; // of a free one: the next free one
    uint32_t first_watch, first_wait;
};

// The latest changes of this node's table.
struct kithi_change {
    uint64_t epoch;
    uint32_t name;
    uint32_t index;
    uint32_t slot, generation; // 0: the registration ended
    uint32_t reason;
};

struct kithi_log {
    struct kithi_change *changes; // that of an epoch is at [epoch & mask]
    uint32_t mask;
    uint32_t len;
};

struct kithi_watch {
    uint64_t id;                                   // 0: free
    uint32_t client, client_next, client_previous; // client_next of a free one: the next free one
    char *text;
    size_t text_size;
    struct kithi_pattern pattern; // borrows text
    unsigned kinds;
    bool live;          // the beginning has been told
    bool resync;        // RESYNC is yet to be told
    uint32_t next_node; // of the beginning: places and entries below these have been told
    uint32_t next_link;
    uint32_t next_entry;
    uint32_t burst, left; // events of the beginning that are sent at a time
    uint64_t retry_ns, retry_wait_ns;
    uint64_t live_ns, reset_wait_ns; // since when it is live; before it begins again
};

// What a search may do at a time: patterns can be made that take long, and tables are large.
struct kithi_looks {
    uint32_t left;
    uint64_t until_ns;
};

struct kithi_wait {
    struct kith_message *message; // the request; NULL: free
    uint32_t client, client_next, client_previous;
    uint32_t name;                     // KITHI_NONE: about nodes
    uint32_t name_next, name_previous; // waits for the same name, or about nodes; next free one
    uint32_t index;
    bool all_nodes;
    const char *host; // a node's name, "" for any; in the request, as the following
    struct kith_endpoint *endpoints;
    uint32_t endpoint_count;
};

struct kithi_naming {
    struct kith_node *node;
    const struct kith_platform *platform;
    struct kith_process *self; // the naming process, once it runs
    struct kith_ref ref;
    uint64_t type; // of method 0
    struct kith_naming_options options;
    bool replicates;
    size_t batch_bytes;
    uint64_t random;

    struct kithi_table table;
    struct kithi_log log;
    struct kithi_member **members; // by place; NULL: free
    uint32_t member_capacity, member_used;
    struct kithi_map incarnations; // place by incarnation
    struct kithi_map hosts;        // place by node name and by endpoint
    struct kith_endpoint listen;
    uint32_t bulks; // running
    uint64_t next_session;
    uint32_t next_asked; // whose turn it is, of the nodes without replicas here

    struct kithi_client *clients;
    uint32_t client_capacity, client_used, client_free;
    struct kithi_map client_map;
    uint32_t resting; // the last client that has nothing any longer, or KITHI_NONE
    struct kithi_watch *watches;
    uint32_t watch_capacity, watch_used, watch_free;
    uint32_t watch_turn; // whose beginning goes on first
    uint64_t next_watch;
    struct kithi_wait *waits;
    uint32_t wait_capacity, wait_used, wait_free;
    uint32_t first_node_wait;

    bool woken;       // a wake-up is in the mailbox
    uint64_t turn_ns; // when others last had their turn
    bool members_changed;
    bool rescan;               // an observer had no memory
    uint64_t flush_ns;         // changes are to be published by then; KITH_FOREVER: none are
    uint64_t due_ns;           // when there is something else to do
    uint64_t truncated_log_ns; // when it may be logged again that a table is cut
    uint64_t sweep_ns;
    struct kith_naming_status counters;
    struct kith_route_observer observer;
    struct kith_hook hook;
};

// The naming of a node; asserts that it is open.
struct kithi_naming *kithi_naming_of(const struct kith_node *node);

static inline uint64_t kithi_type(const struct kithi_naming *naming, enum kithi_method method)
{
    return naming->type + (uint64_t)method;
}

static inline struct kithi_member *kithi_own(const struct kithi_naming *naming)
{
    return naming->members[KITHI_OWN];
}

// server.c
// Something is to be done by then at the latest.
void kithi_naming_due(struct kithi_naming *naming, uint64_t deadline_ns);
// Wakes the naming process.
void kithi_naming_wake(struct kithi_naming *naming);
// Takes the request: replies with what it holds now, or with an error. Never blocks: a reply that
// the link has no room for is given up for an error, which it always has room for.
void kithi_naming_answer(struct kithi_naming *naming, struct kith_message **message);
void kithi_naming_answer_error(struct kithi_naming *naming, struct kith_message **message,
                               enum kith_error error);
// The same, or an empty reply if `error` is OK.
void kithi_naming_answer_nothing(struct kithi_naming *naming, struct kith_message **message,
                                 enum kith_error error);
// Between the steps of what peers can make long: lets all others run, now and then.
void kithi_naming_pause(struct kithi_naming *naming);
// Allocates zeroed memory. NULL when there is none.
void *kithi_naming_allocate(const struct kithi_naming *naming, size_t size);
void kithi_naming_free(const struct kithi_naming *naming, void *memory, size_t size);
// A little chance: spreads what would happen everywhere at once. Between 3/4 and 5/4 of `span_ns`.
uint64_t kithi_naming_jitter(struct kithi_naming *naming, uint64_t span_ns);

// members.c
enum kith_error kithi_members_open(struct kithi_naming *naming);
void kithi_members_close(struct kithi_naming *naming);
struct kithi_member *kithi_member_find(const struct kithi_naming *naming, uint64_t incarnation);
// Whether the node has that name; is reached at that endpoint; matches the pattern of a host.
bool kithi_member_is_named(const struct kithi_member *member, const char *name, size_t size);
bool kithi_member_is_at(const struct kithi_naming *naming, const struct kithi_member *member,
                        const struct kith_endpoint *endpoint);
bool kithi_member_matches(const struct kithi_member *member, const char *pattern, size_t size);
// Places in naming->hosts where nodes of that name, or at that endpoint, are (and others).
struct kithi_probe kithi_members_named(const struct kithi_naming *naming, const char *name,
                                       size_t size);
struct kithi_probe kithi_members_at(const struct kithi_naming *naming,
                                    const struct kith_endpoint *endpoint);
// Deals with what the observer has seen.
void kithi_members_update(struct kithi_naming *naming);
// Whether the tables of all nodes with working links are here.
bool kithi_members_complete(const struct kithi_naming *naming);

// registry.c: this node's own table
void kithi_naming_register(struct kithi_naming *naming, struct kith_message **message);
void kithi_naming_release(struct kithi_naming *naming, struct kith_message **message);
enum kith_error kithi_registry_open(struct kithi_naming *naming);
void kithi_registry_close(struct kithi_naming *naming);
// Ends the registrations of a client that has ended.
void kithi_registry_end(struct kithi_naming *naming, uint32_t client, enum kith_error reason);
// The change of that epoch, or NULL if it isn't in the log any more.
const struct kithi_change *kithi_registry_change(const struct kithi_naming *naming, uint64_t epoch);

// clients.c
enum kith_error kithi_clients_open(struct kithi_naming *naming);
void kithi_clients_close(struct kithi_naming *naming);
// The client for a process, with one more use. LIMIT, NO_MEMORY.
enum kith_error kithi_client_hold(struct kithi_naming *naming, struct kith_ref ref,
                                  uint32_t *client);
void kithi_client_drop(struct kithi_naming *naming, uint32_t client);
// The client for a process, or KITHI_NONE.
uint32_t kithi_client_find(const struct kithi_naming *naming, struct kith_ref ref);
void kithi_client_down(struct kithi_naming *naming, const struct kith_down *down);

// publish.c: this node's table to others
void kithi_naming_resync(struct kithi_naming *naming, struct kithi_member *member,
                         const struct kith_message *message);
// Sends a member what it lacks, as far as it takes it now.
void kithi_publish(struct kithi_naming *naming, struct kithi_member *member);
void kithi_publish_all(struct kithi_naming *naming, uint64_t now_ns);
void kithi_publish_end(struct kithi_naming *naming, struct kithi_member *member);
// Something that was sent to a member has been lost: begins anew, a little later.
void kithi_publish_again(struct kithi_naming *naming, struct kithi_member *member);
// An entry of this node is about to be removed.
void kithi_publish_forget(struct kithi_naming *naming, uint32_t entry);

// replica.c: others' tables here
void kithi_naming_replicate(struct kithi_naming *naming, struct kithi_member *member,
                            const struct kith_message *message);
void kithi_naming_change(struct kithi_naming *naming, struct kithi_member *member,
                         const struct kith_message *message);
// The link to the node is up: asks for its table, or for what is missing of it.
void kithi_replica_begin(struct kithi_naming *naming, struct kithi_member *member);
// Asks for what follows what is here, or for everything.
void kithi_replica_ask(struct kithi_naming *naming, struct kithi_member *member, bool all);
void kithi_replica_check(struct kithi_naming *naming, uint64_t now_ns);
void kithi_replica_clear(struct kithi_naming *naming, struct kithi_member *member,
                         enum kith_error reason);

// Whether another node that has `held` of the `used` entries of a table may have one more: from
// when half of `limit` is used no other node has more than a quarter, and the last quarter is this
// one's.
static inline bool kithi_has_share(uint32_t held, uint32_t used, uint32_t limit)
{
    uint32_t quarter = limit / 4;
    return used < limit / 2 || (held < quarter && used < 3 * quarter);
}

// watches.c
enum kith_error kithi_watches_open(struct kithi_naming *naming);
void kithi_watches_close(struct kithi_naming *naming);
void kithi_naming_watch(struct kithi_naming *naming, struct kith_message **message);
void kithi_naming_unwatch(struct kithi_naming *naming, struct kith_message **message);
void kithi_watches_end(struct kithi_naming *naming, uint32_t client);
// An event for this client (which may be KITHI_NONE) has been lost.
void kithi_watches_reset(struct kithi_naming *naming, uint32_t client);
// Tells watches of an entry that has come, or that is about to go.
void kithi_watches_entry(struct kithi_naming *naming, uint32_t entry, bool up, uint64_t epoch,
                         enum kith_error reason);
// Tells watches of a node or a link that has changed.
void kithi_watches_node(struct kithi_naming *naming, struct kithi_member *member, bool up);
void kithi_watches_link(struct kithi_naming *naming, struct kithi_member *member,
                        enum kith_route_state state);
// Goes on with watches that are at their beginning.
void kithi_watches_continue(struct kithi_naming *naming, uint64_t now_ns);

// waits.c
enum kith_error kithi_waits_open(struct kithi_naming *naming);
void kithi_waits_close(struct kithi_naming *naming);
void kithi_naming_wait(struct kithi_naming *naming, struct kith_message **message);
void kithi_waits_end(struct kithi_naming *naming, uint32_t client);
// An entry has come; a node has; its table is complete.
void kithi_waits_entry(struct kithi_naming *naming, uint32_t entry);
// What is known of a node has changed: it may have come, be ready, or have one more endpoint.
void kithi_waits_member(struct kithi_naming *naming, const struct kithi_member *member);
// All tables may be here.
void kithi_waits_all_nodes(struct kithi_naming *naming);
void kithi_waits_sweep(struct kithi_naming *naming, uint64_t now_ns);

// The callers' side: kith_call that takes the message on every error, and gives the error of the
// reply as its own. Inline, because each return after a switch is mispredicted.
static inline enum kith_error kithi_naming_call(struct kith_process *self, struct kith_ref to,
                                                struct kith_message **message, uint64_t deadline_ns)
{
    enum kith_error error = kith_call(self, to, message, deadline_ns);
    if (error == KITH_OK) {
        error = kith_error_from_number((*message)->error);
    }
    if (error != KITH_OK) {
        kith_message_free(message);
    }
    return error;
}

// queries.c
void kithi_naming_lookup(struct kithi_naming *naming, struct kith_message **message);
void kithi_naming_find(struct kithi_naming *naming, struct kith_message **message, bool own_only);
void kithi_naming_status(struct kithi_naming *naming, struct kith_message **message);
// Fills a reply's entry; its texts are put into the message. False: no memory.
bool kithi_entry_fill(const struct kithi_naming *naming, struct kith_message *message,
                      Kith__NamingEntry *filled, uint32_t entry);
bool kithi_entry_matches(const struct kithi_naming *naming, const struct kithi_pattern *pattern,
                         uint32_t entry);
struct kithi_looks kithi_looks_begin(const struct kithi_naming *naming);
// False: it is time to let others go on.
bool kithi_looks_take(const struct kithi_naming *naming, struct kithi_looks *looks);

#endif
