// SPDX-License-Identifier: Apache-2.0
// The links of a node: peers, hellos, batches, credits, detection of lost peers (design D10, D11).
#ifndef KITH_NET_H
#define KITH_NET_H

#include <kith/backend.h>
#include <kith/node.h>
#include <kith/route.h>

struct kith_net;

struct kith_net_options {
    struct kith_node *node;
    struct kith_backend *backend;   // borrowed until kith_net_close
    struct kith_endpoint listen;    // port 0: any
    struct kith_endpoint advertise; // what peers are told; port 0: the bound port; address any:
                                    // peers take the address they see
    bool transient;                 // a short-lived node: peers don't reconnect to it
    uint64_t features;              // of enum kith_feature (kith/frame.h): what this node can do
    uint64_t detect_ms;             // a silent peer is given up after this; 0: 5000
    struct kith_ref naming, kernel; // well-known processes of this node, told in the hello
    const char *version;            // of the program, told in the hello; copied
};

// Opens the back end and starts listening. Errors: those of the back end's open, NO_MEMORY, INVALID
// (peers would refuse the node: its name or the version isn't printable UTF-8, or detect_ms is out
// of range). Only open and close call the back end from where they are called, and only outside of
// processes; all other functions may be called by processes too, and leave that to the scheduler.
// None blocks.
enum kith_error kith_net_open(const struct kith_net_options *options, struct kith_net **net);

// Starts saying goodbye on all links and gives up what waits to be sent after `deadline_ns`. From
// now on only replies are sent. Call kith_net_quiet until it is true (or the deadline has passed),
// then kith_net_close.
void kith_net_leave(struct kith_net *net, uint64_t deadline_ns);

// True when all links have ended.
bool kith_net_quiet(const struct kith_net *net);

// Ends what is left, with the outcomes that lost links have, and frees it. The node is still open.
void kith_net_close(struct kith_net *net);

// The endpoint bound, with the real port.
struct kith_endpoint kith_net_endpoint(const struct kith_net *net);

// Keeps a link to the node at `endpoint`: connects now and reconnects, with backoff and jitter,
// until removed. Adding it twice, or one's own endpoint, is OK and does nothing. Errors: LIMIT,
// INVALID (no address or port), NO_MEMORY.
enum kith_error kith_net_peer_add(struct kith_net *net, const struct kith_endpoint *endpoint);

// Says goodbye to the node there, if there is a link, and doesn't connect to it again. It may still
// connect to this node. NOT_FOUND: it wasn't added.
enum kith_error kith_net_peer_remove(struct kith_net *net, const struct kith_endpoint *endpoint);

enum kith_link_state {
    KITH_LINK_CONNECTING,
    KITH_LINK_HELLO, // connected, hellos not both seen
    KITH_LINK_UP,
    KITH_LINK_SUSPECT,
    KITH_LINK_BACKOFF, // waits before it connects again
    KITH_LINK_LEAVING,
};

struct kith_link_info {
    struct kith_endpoint endpoint; // where we connect to or what the peer advertises
    enum kith_link_state state;
    enum kith_error last_error;     // why it is not up, or OK
    uint64_t incarnation;           // of the peer, 0 if never met
    char name[KITH_NAME_SIZE];      // of the peer
    char version[KITH_LABEL_SIZE];  // of the peer's program
    struct kith_ref naming, kernel; // well-known processes of the peer
    bool transient;
    uint64_t features;       // intersection
    uint64_t up_since_ns;    // on this node's clock, 0 if not up
    uint64_t peer_uptime_ns; // as told in its hello, plus the time since
    uint64_t rtt_ns;         // smoothed, 0 if not measured
    uint64_t heard_ns;       // when the last byte of it arrived
    uint64_t frames_sent, frames_received, batches_sent, batches_received;
    uint64_t bytes_sent, bytes_received;
    uint64_t malformed; // frames or batches dropped as undecodable
    uint64_t reconnects;
    size_t queued_bytes;
    uint64_t under_way; // messages sent and returned: queued, or not known to have been read
};

// Links by place, 0 to kith_net_link_count() - 1; NOT_FOUND for a free place. Behind the links come
// the endpoints that were added and have led to no node yet.
uint32_t kith_net_link_count(const struct kith_net *net);
enum kith_error kith_net_link_info(const struct kith_net *net, uint32_t place,
                                   struct kith_link_info *info);
// The link to an incarnation. NOT_FOUND if there is none.
enum kith_error kith_net_link_find(const struct kith_net *net, uint64_t incarnation,
                                   struct kith_link_info *info);
// Where an endpoint leads that was added or tried: the link, which may be made under another
// endpoint (the one that the node advertises), or the tries so far. An endpoint of this node itself
// is up, with its own incarnation. NOT_FOUND if it wasn't added, or has been let go.
enum kith_error kith_net_peer_info(const struct kith_net *net, const struct kith_endpoint *endpoint,
                                   struct kith_link_info *info);
const char *kith_link_state_name(enum kith_link_state state);

#endif
