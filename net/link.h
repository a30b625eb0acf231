// SPDX-License-Identifier: Apache-2.0
// A link: what this node has with one incarnation of another, across the connections that carry it
// one after the other.
#ifndef KITHI_LINK_H
#define KITHI_LINK_H

#include <kith/frame.h>
#include <kith/net.h>
#include <kith/route.h>
#include <kith/timer.h>

#include "queue.h"
#include "table.h"

struct kithi_channel;

struct kithi_link {
    struct kith_alarm alarm; // the liveness tick: first
    struct kith_net *net;
    struct kith_route *route; // NULL until it has been up
    uint64_t incarnation;
    uint32_t place;                // in net->links
    struct kith_endpoint endpoint; // as advertised
    struct kith_endpoint remote;   // as the back end saw it last
    struct kith_hello hello;       // the peer's latest

    struct kithi_channel *live;    // carries the link now
    struct kithi_channel *offered; // offered by us, not accepted yet
    struct kithi_channel *held;    // waits until it is known what becomes of `offered`
    uint32_t channels;             // attached, in whatever state

    bool active;  // in net->active
    bool stalled; // the back end is full
    bool leaving; // says goodbye when all is sent
    bool said_goodbye;
    bool suspect;           // silent, or without a connection
    bool given_up;          // the route is UNREACHABLE
    bool gone;              // in net->gone
    bool wants_room;        // a sender waits for the queue
    bool wants_credit;      // a sender waits for a place in credits_out
    enum kith_error broken; // the connection has to be given up for this
    enum kith_error last_error;
    enum kith_error return_error; // of what is being returned

    struct kithi_queue queue;
    size_t batch_most;              // what travels in one packet now
    uint64_t looked_bytes;          // bytes_sent at the last look
    uint32_t slow_looks;            // in a row, at which what waits was much for what is taken
    struct kithi_table credits_out; // struct credit_out: what the peer's processes may be sent
    struct kithi_table credits_in;  // struct credit_in: what ours have, and what to give back
    struct kithi_table downs;       // struct down: DOWNs that have not come by all streams
    uint64_t swept_ns;              // when credits were last given back in full

    uint64_t tick_ns;     // when the alarm was to fire
    uint64_t heard_ns;    // the last byte, on this node's clock
    uint64_t up_since_ns; // or last up since
    uint64_t ping_id, pinged_ns;
    uint64_t rtt_ns, rtt_ping, ping_sent_ns; // ping_sent_ns 0: no measurement under way
    uint64_t successor;                      // who claims the endpoint, 0: nobody
    uint64_t claim_ping, claim_ns;           // the PING that must be answered, and until when
    uint64_t leave_deadline_ns;

    uint64_t frames_sent, frames_received, batches_sent, batches_received;
    uint64_t bytes_sent, bytes_received, malformed, connections;
    struct kithi_link *next; // in net->active or net->gone
    struct kithi_link *next_gone;
};

// link.c: the states

// The link to the incarnation that said hello; a new one if there is none. LIMIT, NO_MEMORY.
enum kith_error kithi_link_obtain(struct kith_net *net, const struct kithi_channel *channel,
                                  struct kithi_link **link);
struct kithi_link *kithi_link_find(const struct kith_net *net, uint64_t incarnation);

// `channel` carries the link from now on; another one is dropped. False if that can't be, and
// the channel has ended.
bool kithi_link_up(struct kithi_link *link, struct kithi_channel *channel);

// The connection that carried it is over: SUSPECT, and a new one is tried at once.
void kithi_link_lost(struct kithi_link *link, enum kith_error reason);

// Nothing has been heard for too long: UNREACHABLE until it comes back.
void kithi_link_give_up(struct kithi_link *link);

// It never comes back.
void kithi_link_end(struct kithi_link *link, enum kith_error reason, uint64_t successor);

// Ends the connection at the next opportunity outside of processes.
void kithi_link_break(struct kithi_link *link, enum kith_error reason);

// Drops a link that was never up and has no channel left.
void kithi_link_discard(struct kithi_link *link);

// Puts the link among those that the next pump looks at.
void kithi_link_activate(struct kithi_link *link);
// What the pump does with it: breaks it, or sends. True if it has to be called again.
bool kithi_link_work(struct kithi_link *link);
void kithi_link_free(struct kithi_link *link);
size_t kithi_link_batch_most(const struct kithi_link *link);

// claim.c: two incarnations, one endpoint

// `link` has come up at its endpoint: whoever was there before is gone, or has to prove that it is
// still there.
void kithi_claim_endpoint(struct kithi_link *link);
// The link has lost its connection, or is given up: true if another incarnation is at its endpoint,
// and it ended.
bool kithi_claim_lost(struct kithi_link *link);
// In the tick: true if the proof didn't come in time, and the link ended.
bool kithi_claim_check(struct kithi_link *link, uint64_t now_ns);
void kithi_claim_pong(struct kithi_link *link, uint64_t id);

// send.c
extern const struct kith_route_ops kithi_link_ops;

// Queues a frame of the link layer. Memory that can't be had, or a peer that makes us queue more
// answers than it reads, breaks the link.
void kithi_link_control(struct kithi_link *link, unsigned stream, const struct kith_frame *frame);

// Returns everything that waits to its senders: requests end with NOT_SENT, messages with `error`.
void kithi_link_return_queue(struct kithi_link *link, enum kith_error error);

// Whether a message fills the record of a call of this node.
bool kithi_message_is_call(const struct kith_net *net, const struct kith_message *message);

// envelope.c: a message and its frame
void kithi_envelope_write(const struct kith_net *net, const struct kith_message *message,
                          struct kith_frame *frame);
// Gives the message of a frame, its payload decoded. Errors: LIMIT, NO_MEMORY, and those of
// kith_payload_decode.
enum kith_error kithi_envelope_open(const struct kith_net *net, const struct kith_frame *frame,
                                    struct kith_message **message);
// Gives the message without its payload. LIMIT, NO_MEMORY.
enum kith_error kithi_envelope_empty(const struct kith_net *net, const struct kith_frame *frame,
                                     struct kith_message **message);
// The fields that a frame says, into a message that exists.
void kithi_envelope_read(const struct kith_net *net, const struct kith_frame *frame,
                         struct kith_message *message);

// credits.c: what a process may be sent before it receives. A message costs
// 1 + size / KITHI_CREDIT_BYTES.
void kithi_credits_init(struct kithi_link *link);
void kithi_credits_fini(struct kithi_link *link);
uint32_t kithi_credits_cost(size_t size);
// Spends for one message; FULL if there is no credit, and the kernel is told when there is.
enum kith_error kithi_credits_spend(struct kithi_link *link, struct kith_ref to, size_t size);
void kithi_credits_unspend(struct kithi_link *link, struct kith_ref to, size_t size);
// The peer gave back.
void kithi_credits_receive(struct kithi_link *link, struct kith_ref to, uint32_t credits);
// A message for a process of this node arrived; undo if it was refused. FULL: no memory for it,
// or the peer goes on without credit.
enum kith_error kithi_credits_arrived(struct kithi_link *link, struct kith_ref to, size_t size);
void kithi_credits_refused(struct kithi_link *link, struct kith_ref to, size_t size);
// A process of this node has received it.
void kithi_credits_consumed(struct kithi_link *link, struct kith_ref receiver, size_t size);
// Says so to the peer.
void kithi_credits_give(struct kithi_link *link, struct kith_ref receiver, uint32_t credits);
// Gives back what is left over of processes that have received everything.
void kithi_credits_sweep(struct kithi_link *link);
// The connection was lost: both sides start anew.
void kithi_credits_restart(struct kithi_link *link);

// calls.c: requests of this node's processes that wait for a reply
void kithi_calls_init(struct kith_net *net);
void kithi_calls_fini(struct kith_net *net);
// Notes that the next MESSAGE frame of the stream is that request. LIMIT, NO_MEMORY.
enum kith_error kithi_calls_add(struct kithi_link *link, struct kith_message *message,
                                unsigned stream);
// Removes and gives the record of that caller's request, or NULL.
struct kith_message *kithi_calls_take(struct kith_net *net, uint64_t id, struct kith_ref caller);
struct kith_message *kithi_calls_cancel(struct kith_net *net, uint64_t id); // whoever called
// Ends the calls that went by this link: those that were handed over with UNKNOWN, and if `all`
// the rest with NOT_SENT.
void kithi_calls_lost(struct kithi_link *link, bool all);
// Ends some of those whose deadline has passed; called often, it sees all.
void kithi_calls_sweep(struct kith_net *net);

// monitors.c
void kithi_monitors_init(struct kithi_link *link);
void kithi_monitors_fini(struct kithi_link *link);
enum kith_error kithi_monitors_start(void *state, struct kith_ref watcher, struct kith_ref target,
                                     uint64_t monitor, enum kith_monitor_kind kind);
void kithi_monitors_stop(void *state, struct kith_ref watcher, struct kith_ref target,
                         uint64_t monitor);
void kithi_monitors_down(void *state, struct kith_ref watcher, struct kith_ref target,
                         uint64_t monitor, enum kith_error reason);
void kithi_monitors_receive(struct kithi_link *link, unsigned stream,
                            const struct kith_frame *frame);
void kithi_monitors_restart(struct kithi_link *link);

// liveness.c
void kithi_liveness_start(struct kithi_link *link);
void kithi_liveness_stop(struct kithi_link *link);
void kithi_liveness_heard(struct kithi_link *link);
void kithi_liveness_ping(struct kithi_link *link);
// Sends the PONG to that PING.
void kithi_liveness_answer(struct kithi_link *link, uint64_t id);
// Sends a PING by that stream, and gives its id.
uint64_t kithi_liveness_ask(struct kithi_link *link, unsigned stream);
// False: nobody asked.
bool kithi_liveness_pong(struct kithi_link *link, uint64_t id);

// marks.c: what the peer is known to have read
void kithi_marks_handed(struct kithi_link *link, unsigned stream); // to the back end
void kithi_marks_tick(struct kithi_link *link);
void kithi_marks_pong(struct kithi_link *link, uint64_t id);
// There is nothing more to learn of what has been handed over. Gives of how many messages and
// returns it isn't known.
uint64_t kithi_marks_settle(struct kithi_link *link);
// Messages and returns that wait, or aren't known to have been read.
uint64_t kithi_marks_under_way(const struct kithi_link *link);

#endif
