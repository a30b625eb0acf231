// SPDX-License-Identifier: Apache-2.0
// One real node on virtual time, its links over a fake back end, and peers that the test plays.
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kith/exchange.h>
#include <kith/frame.h>
#include <kith/monitor.h>
#include <kith/net.h>
#include <kith/node.h>
#include <kith/platform_sim.h>
#include <kith/route.h>

#include "fake.h"

enum {
    NODE = 1000,     // incarnation of the real node
    DECIDER = 500,   // of a peer that decides which connection becomes the link
    FOLLOWER = 2000, // of one that leaves that to the node
};
#define MS UINT64_C(1000000)

enum { CHANGES_MOST = 64 };

struct fixture {
    struct kith_platform platform;
    struct kith_platform_sim *sim;
    struct kith_node *node;
    struct kith_limits limits;
    struct kith_net_options options;
    struct fake fake;
    struct kith_net *net;
    struct kith_route_observer observer; // writes down the changes of routes
    struct {
        uint64_t incarnation;
        enum kith_route_state state;
        enum kith_error reason;
    } changes[CHANGES_MOST];
    size_t change_count;
};

// `adjust` (may be NULL) changes the limits and options before the node is opened.
void open_fixture(struct fixture *fixture, void (*adjust)(struct fixture *fixture));

// Closes everything and checks that processes, messages and memory are back to zero.
void close_fixture(struct fixture *fixture);

// Runs what is ready now; or lets time pass, event by event.
void run(struct fixture *fixture);
void run_for(struct fixture *fixture, uint64_t ms);

struct kith_endpoint endpoint(const char *text);

// ---- A played peer ----

struct peer {
    struct fixture *fixture;
    struct kith_connection *connection;
    uint64_t incarnation;
    struct kith_hello hello; // what it says of itself; changed by tests before it says it
};

void peer_init(struct peer *peer, struct fixture *fixture, uint64_t incarnation,
               const char *advertise);

// It connects to the node; or it answers the connection that the node has begun.
void peer_connect(struct peer *peer, const char *from);
void peer_answer(struct peer *peer);

// Says something on the connection. The node runs afterwards.
void peer_send(struct peer *peer, unsigned stream, const struct kith_frame *frame);
void peer_send_bytes(struct peer *peer, unsigned stream, const void *data, size_t size);
void peer_say(struct peer *peer, enum kith_frame_kind kind, enum kith_error error);
void peer_greet(struct peer *peer);

// The next frame that the node has sent on the connection, PINGs, PONGs and CREDITs passed over
// unless asked for; false if there is none. The payload is valid until the fixture is closed.
bool peer_hear(struct peer *peer, struct kith_frame *frame, unsigned *stream);
bool peer_hear_any(struct peer *peer, struct kith_frame *frame, unsigned *stream);
bool peer_hear_kind(struct peer *peer, enum kith_frame_kind kind, struct kith_frame *frame,
                    unsigned *stream);

// Expects that frame next, and gives it. Fails the test otherwise.
struct kith_frame expect_frame(struct peer *peer, enum kith_frame_kind kind);
void expect_nothing(struct peer *peer);

// The whole way: connected, hellos, offer and accept. The link is up afterwards.
void peer_shake_hands(struct peer *peer);
void peer_up(struct peer *peer, struct fixture *fixture, uint64_t incarnation,
             const char *advertise);

// A plain message of the peer's process `from` for `to`.
struct kith_frame message_frame(struct kith_ref from, struct kith_ref to, const char *text);

// ---- The node's view ----

enum kith_link_state link_state(struct fixture *fixture, uint64_t incarnation);
struct kith_link_info link_info(struct fixture *fixture, uint64_t incarnation);
bool has_link(struct fixture *fixture, uint64_t incarnation);
void expect_change(struct fixture *fixture, uint64_t incarnation, enum kith_route_state state,
                   enum kith_error reason); // the oldest not expected yet
void expect_no_change(struct fixture *fixture);

struct kith_ref spawn(struct fixture *fixture, kith_process_entry *entry, void *argument);

#endif
