// SPDX-License-Identifier: Apache-2.0
// Routes: how the kernel hands messages to other nodes without knowing what a link is. The net
// module adds a route per peer incarnation, takes messages through `ops`, and delivers incoming
// ones through kith_route_deliver. All of it runs on the node's thread; nothing here blocks.
#ifndef KITH_ROUTE_H
#define KITH_ROUTE_H

#include <kith/endpoint.h>
#include <kith/message.h>
#include <kith/node.h>

struct kith_route;

enum kith_route_state {
    KITH_ROUTE_UP,
    KITH_ROUTE_SUSPECT,     // silent or broken for a while; sends still queue
    KITH_ROUTE_UNREACHABLE, // given up for now: monitors have fired, sends are refused
    KITH_ROUTE_GONE,        // left or replaced by another incarnation: never comes back
};

enum kith_monitor_kind { KITH_KIND_MONITOR, KITH_KIND_TIE };

// What the kernel asks of the owner of a route. `state` is what kith_route_open was given.
struct kith_route_ops {
    // Takes *message for message->to, a process of that node. FULL: no room or no credit now; the
    // kernel lets the sender wait for kith_route_ready. Other errors refuse it; it stays the
    // kernel's. Three kinds come by here:
    // - a request (waiting) whose reply_to is of this node: its owner keeps the message, without
    //   payload, as the record of the call. The reply is put into that very message (payload,
    //   error, done) and delivered with kith_route_deliver, or it ends with kith_route_return. The
    //   reply may come by another route than the request left by (it was forwarded): find the
    //   record by id among all routes of the node. Other waiting requests are encoded and freed.
    // - a reply (done): needs no credit. One without payload is never refused with FULL. If
    //   `failed` is set nobody replied: the peer must end the call with message->error.
    // - any other message: encoded and freed.
    // Free with kith_route_free, which never makes an outcome.
    enum kith_error (*send)(void *state, struct kith_message **message);

    // The request `id` is over for its sender (timeout, exit): forget it.
    void (*cancel)(void *state, uint64_t id);

    // A message that came by this route, and wasn't a reply, has left the mailbox of `receiver`
    // (received, or freed with it): gives its credit back to the peer. `size` is the payload's.
    void (*consumed)(void *state, struct kith_ref receiver, size_t size);

    // Asks the peer to watch `target` for `watcher`; its DOWN comes back by kith_route_down.
    enum kith_error (*monitor)(void *state, struct kith_ref watcher, struct kith_ref target,
                               uint64_t monitor, enum kith_monitor_kind kind);
    void (*monitor_stop)(void *state, struct kith_ref watcher, struct kith_ref target,
                         uint64_t monitor);

    // Tells the peer's `watcher` that `target` of this node ended. Must not fail: control traffic
    // is bounded by the number of monitors.
    void (*down)(void *state, struct kith_ref watcher, struct kith_ref target, uint64_t monitor,
                 enum kith_error reason);
};

struct kith_route_info {
    uint64_t incarnation;
    char name[KITH_NAME_SIZE];
    struct kith_endpoint endpoint; // what it advertises
    struct kith_endpoint also;     // another one by which it was reached last, or all zero
    enum kith_route_state state;
    struct kith_ref naming, kernel; // well-known processes of that node, NONE until told
    bool transient;                 // a short-lived node, such as the CLI
    uint64_t changed_ns;
};

// Adds a route to the node info->incarnation, in state UP, and tells the observers. `info` is
// copied; its state and changed_ns are ignored. Errors: LIMIT, EXISTS, NO_MEMORY.
enum kith_error kith_route_open(struct kith_node *node, const struct kith_route_info *info,
                                const struct kith_route_ops *ops, void *state,
                                struct kith_route **route);

// Changes the state; UNREACHABLE and GONE fire the monitors of that node's processes with `reason`,
// and wake senders that wait. Observers are told of each change. GONE frees the route (`successor`,
// or 0, is remembered, so that old references come back as STALE).
void kith_route_set_state(struct kith_route *route, enum kith_route_state state,
                          enum kith_error reason, uint64_t successor);

// The node was also reached at `endpoint`, which isn't the one it advertises: whoever asked for a
// connection to that one finds it by this. Tells the observers (info->also).
void kith_route_reached(struct kith_route *route, const struct kith_endpoint *endpoint);

// A connection to `endpoint` has led back to this node. Tells the observers, as of a route to this
// node: the incarnation is its own, and info->also the endpoint.
void kith_route_reached_self(struct kith_node *node, const struct kith_endpoint *endpoint);

// Asks the peer again for every monitor its processes have here: after a link was lost and came
// back to the same incarnation.
void kith_route_remonitor(struct kith_route *route);

// There is room again: for `to` if it is somebody, else for any receiver.
void kith_route_ready(struct kith_route *route, struct kith_ref to);

// Takes a message that came by this route for message->to of this node: rights, slot, generation,
// mailbox. The caller has set message->carried to what `consumed` is to say. On error it stays the
// caller's, who tells the peer. Replies (done) nobody waits for are dropped, counted, and OK.
// Errors: STALE, DENIED, FULL, NOT_FOUND.
enum kith_error kith_route_deliver(struct kith_route *route, struct kith_message **message);

// Takes *message, which comes back from this route: a request ends with `error`, other messages go
// to their sender as KITH_TYPE_RETURNED (dropped when its mailbox is full). The message must still
// say from and to as when it was sent. Counts nothing.
void kith_route_return(struct kith_route *route, struct kith_message **message,
                       enum kith_error error);

// Frees a message that a route owns: no outcome is made, no credit given back.
void kith_route_free(struct kith_message **message);

// Counts a message that comes back without having been delivered to the peer.
void kith_route_count_returned(struct kith_route *route);

// Counts messages lost with a link, whose fate nobody knows.
void kith_route_count_unknown(struct kith_route *route, uint64_t count);

// The peer's side of ops->monitor, monitor_stop and down. A monitor of a process that has ended
// answers with ops->down at once.
void kith_route_monitor(struct kith_route *route, struct kith_ref watcher, struct kith_ref target,
                        uint64_t monitor, enum kith_monitor_kind kind);
void kith_route_monitor_stop(struct kith_route *route, struct kith_ref watcher,
                             struct kith_ref target, uint64_t monitor);
// Whether that monitor is there, of a process here and a target there.
bool kith_route_watches(const struct kith_route *route, struct kith_ref watcher,
                        struct kith_ref target, uint64_t monitor);
void kith_route_down(struct kith_route *route, struct kith_ref watcher, struct kith_ref target,
                     uint64_t monitor, enum kith_error reason);

// The route to an incarnation, or NULL. By place: 0 to kith_route_count() - 1, NULL for a free one.
struct kith_route *kith_route_find(struct kith_node *node, uint64_t incarnation);
struct kith_route *kith_route_at(struct kith_node *node, uint32_t place);
uint32_t kith_route_count(const struct kith_node *node);
void kith_route_info(const struct kith_route *route, struct kith_route_info *info);
const char *kith_route_state_name(enum kith_route_state state);

// How many replies wait until the route has room: they count as sent already.
uint32_t kith_route_replies(const struct kith_route *route);

// The incarnation that followed `incarnation` at its endpoint, or 0 if that isn't known.
uint64_t kith_route_successor(const struct kith_node *node, uint64_t incarnation);

// An observer is called on each change of a route, in the scheduler or in the process whose act
// caused it; it must not block. The caller's memory; linked until removed.
struct kith_route_observer {
    void (*changed)(struct kith_route_observer *observer, const struct kith_route_info *info,
                    enum kith_error reason);
    struct kith_route_observer *next;
};
void kith_route_observe(struct kith_node *node, struct kith_route_observer *observer);
void kith_route_unobserve(struct kith_node *node, struct kith_route_observer *observer);

// Links on demand: net sets it, lookups of addresses with an unknown endpoint use it. It starts
// connecting and returns at once; the observer tells the rest (a node reached at an endpoint that
// it doesn't advertise needs kith_route_reached). UNREACHABLE where nobody set it.
struct kith_connector {
    enum kith_error (*connect)(void *state, const struct kith_endpoint *endpoint);
    void *state;
};
void kith_route_set_connector(struct kith_node *node, const struct kith_connector *connector);
enum kith_error kith_route_connect(struct kith_node *node, const struct kith_endpoint *endpoint);

#endif
