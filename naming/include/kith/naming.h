// SPDX-License-Identifier: Apache-2.0
// Names: register, look up, find, watch and wait for processes by name, on all nodes (design D8).
//
// Each node runs one naming process (label "naming", registered as naming/0), the only authority
// for the names of its node. Nodes replicate their tables to each other, so that lookups are local
// reads. docs/design/naming.md describes the protocol, proto/naming.proto the messages.
//
// Unless it says otherwise, a call here is for processes of a node where kith_naming_open has been
// called, and `deadline_ns` is a time of the node's clock, as in <kith/exchange.h>. Calls that
// block return KILLED when the process is told to end. Strings passed in are borrowed for the call.
#ifndef KITH_NAMING_H
#define KITH_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/endpoint.h>
#include <kith/limits.h>
#include <kith/message.h>
#include <kith/node.h>
#include <kith/process.h>
#include <kith/route.h>

#define KITH_INDEX_ANY    UINT32_MAX // register: the lowest free index; in addresses: none given
#define KITH_HOST_SIZE    254      // a host in an address (RFC 1035: 253) with its terminating zero
#define KITH_ADDRESS_SIZE 336      // any address with its terminating zero: host:port/name/index
#define KITH_NAMING_NAME  "naming" // what the naming process itself is registered as, index 0

// ---- Texts: names, addresses, patterns. None of these blocks, all are callable from anywhere.
// ----

// A name (of a process or a node) is 1 to 63 bytes of printable UTF-8, not only digits, not with a
// '[' at its beginning, without '/', ':', '*', '?', white space or control characters.
bool kith_name_valid(const char *name);

// What is wrong with `name`, as a sentence fragment for people, or NULL if it is valid. Static
// text.
const char *kith_name_problem(const char *name);

// A parsed address. The texts are borrowed from the address parsed and not terminated.
struct kith_address {
    const char *host; // NULL: none given. Without brackets, without port
    size_t host_size; // bytes
    const char *name;
    size_t name_size;              // bytes
    uint32_t index;                // KITH_INDEX_ANY: none given
    uint16_t port;                 // 0: none given
    bool numeric;                  // host is an IP address, `endpoint` is set
    struct kith_endpoint endpoint; // with KITH_DEFAULT_PORT where none was given
};

// Parses `[host[:port]/]name[/index]`:
//
//     sensor   sensor/1   10.0.0.7/sensor   [fd00::7]:7400/sensor/1   garage/sensor kith.lan:7401/x
//
// A last part of digits only is an index, so that "a/b" is name b on host a, and "a/1" is index 1
// of name a. An IPv6 address is in brackets. A host without brackets is an IPv4 address, a DNS name
// or the name of a node. INVALID: `address` is undefined.
enum kith_error kith_address_parse(const char *text, struct kith_address *address);

// What is wrong with an address, as a sentence fragment for people, or NULL. Static text.
const char *kith_address_problem(const char *text);

// Writes "endpoint/name/index" and gives `text` back. `endpoint` may be NULL: without host.
char *kith_address_format(const struct kith_endpoint *endpoint, const char *name, uint32_t index,
                          char text[KITH_ADDRESS_SIZE]);

// Patterns select entries: `[host/]name[/index]`, where '*' stands for any run of characters and
// '?' for one. Without host: on every node; without index: every index. "x/*" is every index of
// name x; "x/*/*" is everything on host x; "*" is everything. A host matches a node by its name, by
// its endpoint ("10.0.0.7:7400") or by its address alone ("10.0.0.7").
bool kith_pattern_valid(const char *pattern);
const char *kith_pattern_problem(const char *pattern);

// ---- The naming process. ----

// Looks up DNS names. Set by the program, because only the platform can ask.
struct kith_resolver {
    // Fills at most `capacity` endpoints with the addresses of `host` and `port`, and their number.
    // Called in the process `self` that looks up an address, and may block that process until the
    // deadline. Errors: NOT_FOUND, TIMEOUT, KILLED, IO.
    enum kith_error (*resolve)(void *state, struct kith_process *self, const char *host,
                               uint16_t port, uint64_t deadline_ns, struct kith_endpoint *endpoints,
                               size_t capacity, size_t *count);
    void *state;
};

struct kith_naming_options {
    struct kith_resolver resolver; // resolve NULL: hosts are IP addresses and names of nodes only
    uint32_t check_ms;             // compare tables with every peer this often; 0: 10000
    uint32_t watches;              // running at once, all processes together; 0: 1024 (boards: 8)
    uint32_t waits;                // parked at once, all processes together; 0: 16384 (boards: 16)
};

// Spawns the naming process of `node`, and gives its reference in *naming (it goes into the hello,
// kith_net_options.naming). Call it before the node has links. `options` may be NULL. From outside
// of processes. Limits: names and replicated_names of the node's limits. Where replicated_names is
// 0 no replicas are kept, and calls about other nodes ask the naming process there. Errors: EXISTS
// (already open), NO_MEMORY, LIMIT.
enum kith_error kith_naming_open(struct kith_node *node, const struct kith_naming_options *options,
                                 struct kith_ref *naming);

// Ends the naming process and frees the tables. Waiting requests end with DOWN. From outside of
// processes, before kith_node_close. Nothing happens where it isn't open.
void kith_naming_close(struct kith_node *node);

// Tells under which endpoints this node itself can be asked for: where it listens (may be any
// address) and what it advertises. Call it after kith_net_open. From anywhere.
void kith_naming_set_endpoints(struct kith_node *node, const struct kith_endpoint *listen,
                               const struct kith_endpoint *advertise);

// ---- Registering. ----

// Registers this process under `name` with that index, or the lowest free one of this node
// (KITH_INDEX_ANY); *index_out (may be NULL) is the one it got. A process may have several names.
// The registration ends with the process. Blocks. Errors: INVALID (kith_name_problem says why),
// EXISTS (index taken), LIMIT (table full), DENIED (a name of the system's), TIMEOUT, KILLED.
enum kith_error kith_register(struct kith_process *self, const char *name, uint32_t index,
                              uint32_t *index_out, uint64_t deadline_ns);

// Ends a registration of this process. Blocks. Errors: NOT_FOUND, DENIED (another process's),
// INVALID, TIMEOUT, KILLED.
enum kith_error kith_release(struct kith_process *self, const char *name, uint32_t index,
                             uint64_t deadline_ns);

// ---- Looking up. ----

// Gives the reference that `address` stands for:
// - no host, no index: any instance; those of this node by turns, else all others by turns;
// - no host, an index: that one of this node, else of the others by turns;
// - a host, no index: the lowest index there; a host and an index: exactly that.
// A name without host, or on a known node, is a local read that doesn't block. An endpoint without
// a link is connected to (kith_route_connect), and the call waits for the node's table; so does one
// whose table isn't complete yet. KITH_NO_WAIT only reads what is here. Errors: INVALID
// (kith_address_problem says why), NOT_FOUND (no such name, or no such host), UNREACHABLE (no link
// came up before the deadline), TIMEOUT (the table didn't come before the deadline), KILLED.
enum kith_error kith_lookup(struct kith_process *self, const char *address, uint64_t deadline_ns,
                            struct kith_ref *ref);

// kith_lookup with what is here now: never blocks, connects to nothing. From anywhere.
enum kith_error kith_lookup_here(struct kith_node *node, const char *address, struct kith_ref *ref);

// kith_lookup that also waits for the name to appear: start order doesn't matter. A host may be
// unknown yet, too. Blocks. Errors: INVALID, TIMEOUT, LIMIT (too many waits), KILLED.
enum kith_error kith_wait_name(struct kith_process *self, const char *address, uint64_t deadline_ns,
                               struct kith_ref *ref);

// Waits until the table of every node with a working link is here. For short-lived programs that
// want the whole picture. Blocks. Errors: TIMEOUT, LIMIT, KILLED. OK at once without replicas.
enum kith_error kith_naming_wait_complete(struct kith_process *self, uint64_t deadline_ns);

// One registration, of this node or another.
struct kith_name_entry {
    char name[KITH_NAME_SIZE];
    uint32_t index;
    struct kith_ref ref;            // ref.node: incarnation of its node
    uint64_t epoch;                 // of its node's table, when it was registered
    bool own;                       // of this node
    char node_name[KITH_NAME_SIZE]; // "" if unnamed
    struct kith_endpoint endpoint;  // of its node; all zero if not known
};

// Fills at most `capacity` entries with those that match `pattern`, in no particular order. *count
// is how many there are, and may be larger than `capacity`. Doesn't block where replicas are kept;
// else it asks all peers, and *count is what was found when an error is returned.
// Errors: INVALID (kith_pattern_problem says why); without replicas those of kith_call.
enum kith_error kith_find(struct kith_process *self, const char *pattern, uint64_t deadline_ns,
                          struct kith_name_entry *entries, size_t capacity, size_t *count);

// The next entry that this node knows and that matches; *cursor is 0 at first. Entries that stay in
// the table from the first to the last call are given exactly once, whatever changes in between.
// Never blocks. From anywhere. Errors: INVALID, NOT_FOUND (no more).
enum kith_error kith_find_next(struct kith_node *node, const char *pattern, uint64_t *cursor,
                               struct kith_name_entry *entry);

// ---- One message to all. ----

struct kith_send_all_result {
    uint32_t sent;         // receivers it was queued for
    uint32_t failed;       // receivers it couldn't be sent to
    enum kith_error error; // of the first that failed; OK if none did
};

// Takes *message and sends one copy (payload, type, urgency, trace; not a request) to each instance
// that `pattern` matches now and that this node knows of. Waits for room at each receiver until the
// deadline. OK if at least one got it: `result` (may be NULL) tells about the others. On error
// nobody got it and *message is still the caller's: INVALID, NOT_FOUND (no instance), the first
// failure, LIMIT and NO_MEMORY for copies. The messages are sent one by one, and one that can't be
// delivered later comes back as KITH_TYPE_RETURNED, as with kith_send. Copying a typed payload
// takes about 1 KB of stack for each message nested in another. Blocks.
enum kith_error kith_send_all(struct kith_process *self, const char *pattern,
                              struct kith_message **message, uint64_t deadline_ns,
                              struct kith_send_all_result *result);

// ---- Watching. ----

// What a watch is about: bits.
enum kith_watch_kind {
    KITH_WATCH_NAMES = 1, // registrations come and go
    KITH_WATCH_NODES = 2, // nodes become known, and are lost (unreachable, left, restarted)
    KITH_WATCH_LINKS = 4, // links are up, suspect, or down
};

enum kith_event_kind {
    KITH_EVENT_UP = 1,
    KITH_EVENT_DOWN = 2,
    KITH_EVENT_SUSPECT = 3,  // links only: silent for a while
    KITH_EVENT_RESYNC = 4,   // events were lost: forget what you know, all ups follow again
    KITH_EVENT_COMPLETE = 5, // all ups of the beginning (or after a resync) have been sent
};

// Starts telling this process about everything of `kinds` that matches `pattern`: first an UP for
// each that is there, then COMPLETE, then each change as it happens, as messages that
// kith_naming_event reads. Nodes and links are matched by the pattern's host, or by its name where
// it has no host ("*": all). Bounded: if the mailbox is full, events aren't queued elsewhere;
// instead the process gets RESYNC and a new beginning as soon as it has room. Ends with the
// process. `watch` may be NULL: it then can't be ended by kith_unwatch. Blocks. Errors: INVALID,
// LIMIT, TIMEOUT, KILLED.
enum kith_error kith_watch(struct kith_process *self, const char *pattern, unsigned kinds,
                           uint64_t *watch, uint64_t deadline_ns);

// Ends a watch. Events that were sent before may still be in the mailbox. Blocks. Errors:
// NOT_FOUND, TIMEOUT, KILLED.
enum kith_error kith_unwatch(struct kith_process *self, uint64_t watch, uint64_t deadline_ns);

// The texts are borrowed from the message, never NULL.
struct kith_naming_event {
    uint64_t watch;
    enum kith_event_kind kind;
    enum kith_watch_kind what; // RESYNC and COMPLETE have none: 0
    uint64_t node;             // incarnation
    const char *node_name;
    bool transient;                // a node that comes for a moment, such as a command's
    struct kith_endpoint endpoint; // of the node; all zero if not known
    const char *name;              // names only
    uint32_t index;
    struct kith_ref ref;
    uint64_t epoch;         // of the node's table
    enum kith_error reason; // of a DOWN: OK (released), UNREACHABLE, LEFT, RESTARTED, or the
                            // reason of the process's exit where it is known (own node)
};

// Reads an event out of a message that was received. False: it is something else.
bool kith_naming_event(const struct kith_message *message, struct kith_naming_event *event);

// ---- Looking into it. Never block; from anywhere; NOT_FOUND where naming isn't open. ----

struct kith_naming_status {
    struct kith_ref naming;   // this node's naming process
    uint64_t epoch;           // of this node's table
    uint64_t digest;          // of this node's table
    uint32_t own, replicated; // entries
    uint32_t nodes;           // places for kith_naming_node_status, this node included
    uint32_t watches, waits;
    bool complete;                           // the tables of all nodes with working links are here
    uint64_t registers, releases;            // done
    uint64_t bulks_sent, bulks_received;     // whole tables
    uint64_t changes_sent, changes_received; // increments (messages)
    uint64_t messages_sent, bytes_sent;      // replication, encoded payloads
    uint64_t resyncs;                        // gaps and mismatches found
    uint64_t resets;                         // watches that lost events and began anew
    uint64_t denied, malformed;              // requests and replication messages refused
    uint64_t truncated; // entries not kept because replicated_names was reached
};
// Reads the epochs, counts and counters of this node.
enum kith_error kith_naming_status(const struct kith_node *node, struct kith_naming_status *status);

struct kith_naming_node_status {
    uint64_t incarnation;
    char name[KITH_NAME_SIZE];
    struct kith_endpoint endpoint;
    enum kith_route_state state; // of this node: UP
    struct kith_ref naming;      // NONE: it runs no naming process
    uint64_t epoch;              // of its table, as known here
    uint64_t digest;             // of the entries kept here
    uint32_t entries;            // of its table, kept here
    bool complete;               // its whole table is here
    bool truncated;              // its table didn't fit
};

// By place, 0 (this node) to status.nodes - 1. NOT_FOUND for a free place.
enum kith_error kith_naming_node_status(const struct kith_node *node, uint32_t place,
                                        struct kith_naming_node_status *status);

#endif
