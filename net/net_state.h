// SPDX-License-Identifier: Apache-2.0
// The net object of a node, the endpoints that it wants to reach, and its connections.
#ifndef KITHI_NET_STATE_H
#define KITHI_NET_STATE_H

#include <string.h>

#include "link.h"

enum {
    KITHI_DETECT_MS = 5000,
    KITHI_TICKS = 20,             // looks at a link within the detection time
    KITHI_LARGE_OPEN = 4,         // large messages in parts at once on one link
    KITHI_PARTS_AHEAD = 4,        // memory for one, as a multiple of what has come of it
    KITHI_PARTS_WINDOW_MS = 1000, // what came before then counts half
    KITHI_PARTS_LEAST_MS = 10,    // less says nothing of how much comes
    KITHI_MALFORMED_MOST = 4,     // undecodable frames after which a connection is ended
    KITHI_TURN_BYTES = 16384,     // of a link: what the pump begins with, and does in a turn
    KITHI_CREDIT_BYTES = 4096,    // payload that costs one credit more
    KITHI_MARK_MESSAGES = 4096,   // handed over on a stream before we ask how far the peer has read
    KITHI_BACKOFF_FIRST_MS = 100,
    KITHI_BACKOFF_MOST_MS = 5000,
    KITHI_AGAIN_MS = 50,       // the longest wait before the first try to reconnect
    KITHI_CLAIM_MS = 500,      // for the proof that a node is still at its endpoint
    KITHI_CROWDED_SHARE = 16,  // a queue that stands is so much shorter while all are long
    KITHI_SLOW_DETECTS = 4,    // what waits would take so long: it stands
    KITHI_LAST_PLACES = 8,     // one in so many links is for addresses that have none
    KITHI_SILENT_LEAST = 8,    // connections of an address without a hello, beside so many links
    KITHI_WAITING_MOST = 4,    // connections of a link that wait for the peer's offer
    KITHI_FORGET_DETECTS = 12, // an unreachable node nobody wants is forgotten after so many
    KITHI_LOG_BURST = 100,     // lines about strangers at once, beside one for each link
    KITHI_LOG_PER_SECOND = 10,
    KITHI_LOG_WANTED_BURST = 20, // likewise about a peer that this node was told to reach
    KITHI_LOG_WANTED_PER_SECOND = 1,
    KITHI_LEAVE_POLL_MS = 10,
    KITHI_DOWN_BYTES = 96,           // of the three frames of a DOWN, at most about
    KITHI_CREDIT_FRAME_BYTES = 32,   // likewise of a CREDIT
    KITHI_HANDSHAKE_LEAST_MS = 2000, // time to become a link: half the detection time, or this
};
#define KITHI_MS UINT64_C(1000000)

// A connection from its beginning; the owner that the back end knows.
enum kithi_channel_state {
    KITHI_CHANNEL_CONNECTING,
    KITHI_CHANNEL_HELLO,   // connected; the peer's hello has not come
    KITHI_CHANNEL_WAITING, // hello seen; the peer offers
    KITHI_CHANNEL_HELD,    // hello seen; we offer when we know what became of another one
    KITHI_CHANNEL_OFFERED,
    KITHI_CHANNEL_LIVE,
    KITHI_CHANNEL_ENDED, // handle invalid; freed at the next opportunity
};

struct kithi_partial;

struct kithi_channel {
    struct kith_alarm alarm; // the deadline for being live: first
    struct kith_net *net;
    struct kith_connection *connection;
    enum kithi_channel_state state;
    uint32_t malformed;
    struct kithi_peer *peer;       // whose dial it is; NULL if accepted, or no longer of interest
    struct kithi_link *link;       // NULL until the hello is seen
    struct kith_endpoint remote;   // as the back end sees it
    struct kith_endpoint endpoint; // as advertised
    struct kith_hello hello;
    struct kithi_partial *partials[KITH_STREAMS]; // large messages that are arriving
    uint32_t partial_len;
    size_t partial_bytes; // that these hold
    size_t part_bytes;    // that have come since part_ns
    uint64_t part_ns;
    struct kithi_channel *next, *previous; // in net->channels; next in net->ended
};

// An endpoint that we connect to.
struct kithi_peer {
    struct kith_alarm alarm; // the next try: first
    struct kith_net *net;
    struct kith_endpoint endpoint;
    bool wanted;                   // asked for by kith_net_peer_add; else forgotten with its link
    bool self;                     // this very node answers there
    bool dropped;                  // removed, by kith_net_peer_remove
    struct kithi_link *link;       // whom we met there last, while that link exists
    bool claimed;                  // that link only says that it is there
    struct kithi_channel *channel; // of a try under way
    uint32_t tries;
    uint64_t expires_ns; // one that isn't wanted and was never reached
    uint64_t log_full_ns;
    enum kith_error last_error, logged_error;
    char name[KITH_NAME_SIZE]; // of the node that was there last, since its link ended; or ""
    bool left;                 // it said goodbye
};

struct kithi_net_alarm {
    struct kith_alarm alarm; // first
    struct kith_net *net;
};

struct kith_net {
    struct kithi_net_alarm kick;  // there is work to do
    struct kithi_net_alarm leave; // looks at links that say goodbye
    struct kith_node *node;
    const struct kith_platform *platform;
    const struct kith_limits *limits;
    struct kith_backend *backend;
    uint64_t incarnation;
    struct kith_net_options options;
    char version[KITH_LABEL_SIZE];
    struct kith_endpoint bound;
    uint64_t detect_ns, seed;
    size_t part_most;
    size_t partial_bytes, partial_bytes_most; // of large messages that are arriving
    size_t answers_most; // bytes that wait in front of a link before it is broken
    size_t queued_bytes; // that wait in front of all links

    uint32_t capacity; // of links and of peers
    uint32_t channel_len;
    struct kithi_link **links;
    struct kithi_peer **peers;
    struct kithi_channel *channels, *ended;
    struct kithi_link *active, *gone;
    struct kithi_table calls;
    uint32_t calls_swept; // the place where the next sweep goes on
    struct kithi_buffers buffers;
    unsigned char *scratch; // a part on its way
    bool leaving, opened;
    uint64_t leave_deadline_ns;
    uint64_t malformed_next_ns, log_full_ns, log_transient_full_ns;
    uint64_t log_left_out; // lines
};

static inline bool kithi_same_address(const struct kith_endpoint *a, const struct kith_endpoint *b)
{
    return memcmp(a->address, b->address, sizeof a->address) == 0;
}

// net.c
void kithi_net_kick(struct kith_net *net);
uint64_t kithi_net_random(struct kith_net *net, uint64_t below);
bool kithi_net_is_own(const struct kith_net *net, const struct kith_endpoint *endpoint);

// log.c
void kithi_log_endpoint(struct kith_net *net, enum kith_log_level level, const char *event,
                        const struct kith_endpoint *endpoint, enum kith_error reason);
// With the name and endpoint of its node; without a reason if that is OK.
void kithi_log_link(const struct kithi_link *link, enum kith_log_level level, const char *event,
                    enum kith_error reason);
// Warns if another node that is up, or this one, is called as the link's.
void kithi_log_same_name(const struct kithi_link *link);
void kithi_log_malformed(const struct kithi_channel *channel, const char *what);

// leave.c
void kithi_leave_init(struct kith_net *net);
// Starts saying goodbye, until the deadline at most.
void kithi_leave_link(struct kithi_link *link, uint64_t deadline_ns);

// peer.c
enum kith_error kithi_peer_add(struct kith_net *net, const struct kith_endpoint *endpoint,
                               bool wanted);
struct kithi_peer *kithi_peer_find(const struct kith_net *net,
                                   const struct kith_endpoint *endpoint);
void kithi_peer_free(struct kithi_peer *peer);
// Somebody relies on who is there: if that was only claimed, a try finds out.
void kithi_peer_doubt(struct kithi_peer *peer);
// A try to reach it ended.
void kithi_peer_failed(struct kithi_peer *peer, enum kith_error reason);
// `link` is up: its endpoint, and `dialed` by which we met it, need no more tries.
void kithi_peers_joined(struct kithi_link *link, struct kithi_peer *dialed);
// `peer` was found to lead to a link that is up.
void kithi_peer_leads_to(struct kithi_peer *peer, struct kithi_link *link);
// Its connection was lost: those that led to it try again. `steady`: it had been up for a while.
void kithi_peers_lost(struct kithi_link *link, bool steady);
// The peer by which this node was told to reach the link's, or NULL.
struct kithi_peer *kithi_peer_wanting(const struct kithi_link *link);
// The link has ended: forgets those that nobody wants, goes on with the rest after a while.
void kithi_peers_ended(struct kithi_link *link);

// place.c
// A place for a link to whoever speaks on `channel`; a link that was lost may have to end for it.
// LIMIT.
enum kith_error kithi_place_find(struct kith_net *net, const struct kithi_channel *channel,
                                 uint32_t *place);

// channel.c
extern const struct kith_backend_events kithi_channel_events;
enum kith_error kithi_channel_dial(struct kithi_peer *peer);
enum kith_error kithi_channel_send(struct kithi_channel *channel, const struct kith_frame *frame);
// Ends the connection without a word to anybody on this side but the channel's link.
void kithi_channel_end(struct kithi_channel *channel, bool in_good_order);
// The connection failed, or the peer's behaviour made it: link and peer go on from there. `tell`:
// says goodbye with the reason.
void kithi_channel_fail(struct kithi_channel *channel, enum kith_error reason, bool tell);
void kithi_channel_malformed(struct kithi_channel *channel, const char *what);
void kithi_channels_free(struct kith_net *net);

// handshake.c
// Whether peers will accept what kithi_handshake_greet says: INVALID if not.
enum kith_error kithi_handshake_check(const struct kith_net *net);
void kithi_handshake_greet(struct kithi_channel *channel);
void kithi_handshake_receive(struct kithi_channel *channel, const struct kith_frame *frame);
// A channel that had not become the link has ended.
void kithi_handshake_ended(struct kithi_channel *channel);
// The link has a connection: who was held back is asked whether it has one too.
void kithi_handshake_next(struct kithi_link *link);

// receive.c
void kithi_receive_batch(struct kithi_channel *channel, unsigned stream, const void *data,
                         size_t size);
// Takes one whole MESSAGE or RETURN, whose payload may have come in parts: then `raw` has it, and
// is taken.
void kithi_receive_whole(struct kithi_link *link, const struct kith_frame *frame,
                         struct kith_message *raw);
// One whose payload there was no memory for.
void kithi_receive_refused(struct kithi_link *link, const struct kith_frame *frame,
                           enum kith_error error);
// Tells the peer that its message couldn't be delivered. With its payload if it was no request.
void kithi_receive_return(struct kithi_link *link, const struct kith_frame *frame,
                          enum kith_error error);

// parts.c
// The first frame of a large one, and a PART.
void kithi_parts_begin(struct kithi_channel *channel, unsigned stream,
                       const struct kith_frame *frame);
void kithi_parts_continue(struct kithi_channel *channel, unsigned stream,
                          const struct kith_frame *frame);
void kithi_parts_drop(struct kithi_channel *channel);

#endif
