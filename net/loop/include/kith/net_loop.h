// SPDX-License-Identifier: Apache-2.0
// A back end in memory: a network inside one OS process, for tests and for the simulator. It
// behaves as SCTP over UDP does: a connection is reliable and in order within each stream, or it
// breaks; streams overtake each other; heartbeats tell that the peer lives; what the network loses
// is sent again later. Every delay and loss follows from a seed.
//
// With options of all zero nothing is ever late or lost: what is sent arrives with the next settle.
//
// The network has a clock of its own that the host moves. Nothing here is thread-safe.
#ifndef KITH_NET_LOOP_H
#define KITH_NET_LOOP_H

#include <stdbool.h>

#include <kith/backend.h>

struct kith_loop_network;

// One direction between two endpoints.
struct kith_loop_path {
    uint64_t delay_least_ns, delay_most_ns;
    uint64_t bytes_per_s;      // 0: as fast as you like
    uint32_t loss_per_million; // packets
    bool blocked;              // loses everything
};

struct kith_loop_options {
    uint64_t seed;
    struct kith_loop_path path; // of every pair of endpoints until told otherwise
    size_t buffer_bytes;        // sent and unacknowledged, a connection and direction; 0: 256 KiB
    size_t batch_size;          // what a packet takes; 0: 1400
    uint64_t retry_ns;          // what was lost is sent again after this, then after twice that ...
    uint64_t connect_ns;        // a connect without any answer ends after this
    uint64_t heartbeat_ns;      // between two heartbeats; 0: none
    uint32_t unanswered;        // heartbeats without answer before a connection is given up
};

// Opens a network without endpoints; its clock stands at 0. Errors: NO_MEMORY.
enum kith_error kith_loop_network_open(const struct kith_loop_options *options,
                                       struct kith_loop_network **network);

// Frees the network. Its back ends must have been freed.
void kith_loop_network_close(struct kith_loop_network *network);

// Moves the clock and puts what is due by then in front of the back ends, whose `arrived` is
// called. Nothing reaches their owners before kith_loop_backend_poll.
void kith_loop_network_run(struct kith_loop_network *network, uint64_t now_ns);

uint64_t kith_loop_network_now_ns(const struct kith_loop_network *network);

// When the next thing is due, or UINT64_MAX.
uint64_t kith_loop_network_next_ns(const struct kith_loop_network *network);

// Runs what is due now and polls all back ends, until there is nothing more. True if there was
// anything.
bool kith_loop_network_settle(struct kith_loop_network *network);

// Packets and memory on their way; 0 when all is quiet and all connections have ended.
size_t kith_loop_network_items(const struct kith_loop_network *network);
size_t kith_loop_network_connections(const struct kith_loop_network *network); // ends of them

// Gives a back end for one node. `arrived` (may be NULL) says that there is something to poll; it
// must not call back into the network. Errors: NO_MEMORY.
enum kith_error kith_loop_backend_new(struct kith_loop_network *network,
                                      void (*arrived)(void *state), void *state,
                                      struct kith_backend **backend);

// Frees a back end that has been closed or was never open. Not from inside its poll.
void kith_loop_backend_free(struct kith_backend *backend);

// Hands to the owner what has arrived. True if there was anything.
bool kith_loop_backend_poll(struct kith_backend *backend);

// From here on nothing of it leaves or arrives, and nobody is told: the machine has lost power. The
// owner still closes it, without effect on others. Another back end may open at its endpoint.
void kith_loop_backend_crash(struct kith_backend *backend);

// ---- The network's weather. Endpoints needn't be in use (yet). Errors: NO_MEMORY. ----

enum kith_error kith_loop_path_set(struct kith_loop_network *network,
                                   const struct kith_endpoint *from, const struct kith_endpoint *to,
                                   const struct kith_loop_path *path);
enum kith_error kith_loop_path_get(struct kith_loop_network *network,
                                   const struct kith_endpoint *from, const struct kith_endpoint *to,
                                   struct kith_loop_path *path);

// Connects to this endpoint are refused, or taken again.
enum kith_error kith_loop_refuse(struct kith_loop_network *network,
                                 const struct kith_endpoint *endpoint, bool refuse);

// Breaks all connections between two endpoints. Each end is told UNREACHABLE at some time within
// `spread_ns`; what is on its way may or may not arrive until then.
enum kith_error kith_loop_break(struct kith_loop_network *network, const struct kith_endpoint *a,
                                const struct kith_endpoint *b, uint64_t spread_ns);

// How often a connection between these two has ended without good order, by the will of either end
// or as told to it: whoever lost a message can say why.
uint64_t kith_loop_broken(struct kith_loop_network *network, const struct kith_endpoint *a,
                          const struct kith_endpoint *b);

#endif
