// SPDX-License-Identifier: Apache-2.0
// The back end that carries links over SCTP in UDP (design D10): usrsctp, driven by the node's
// loop. docs/design/sctp.md says what was chosen and why.
#ifndef KITH_BACKEND_SCTP_H
#define KITH_BACKEND_SCTP_H

#include <kith/backend.h>
#include <kith/platform.h>
#include <kith/udp.h>

// What a peer needs to know beside SCTP itself. A node listens on this SCTP port, whatever its UDP
// port is; all its messages carry this payload protocol identifier ("kith").
#define KITH_SCTP_PORT 7400
#define KITH_SCTP_PPID 0x6b697468

// Faults to inject into what is sent, for tests. Probabilities are per mille; the same seed and the
// same sends give the same faults.
struct kith_sctp_faults {
    uint64_t seed;
    uint16_t drop, duplicate, reorder, corrupt, delay;
    uint32_t delay_ms; // how long a delayed datagram is held
};

struct kith_backend_sctp_options {
    const struct kith_platform
        *platform;         // clock and entropy; borrowed until the back end is closed
    struct kith_udp *udp;  // taken, also on error: closed with the back end
    uint32_t connections;  // most at once, in both directions together; 0: 1024
    uint32_t heartbeat_ms; // an idle connection says something so often; 0: 1000
    uint32_t connect_ms;   // an attempt to connect is given up then; 0: 4000
    uint32_t give_up_ms;   // a silent peer is given up after about this; 0: 60000
    uint32_t leave_ms;     // so long may ending in good order take; 0: 5000
    size_t buffer_size;    // of a connection, each way, bytes; 0: 4 MB
    size_t buffers_total;  // that all connections share, each way, bytes; 0: 128 MB
    size_t message_most;   // bytes of a message from a peer; 0: KITH_BATCH_MAX
    struct kith_sctp_faults faults;
};

// Gives a back end that hasn't begun: its `open` is called by the owner of the links. usrsctp has
// one state per OS process, which all back ends share; they must live on one thread. Errors:
// NO_MEMORY, IO.
enum kith_error kith_backend_sctp_open(const struct kith_backend_sctp_options *options,
                                       struct kith_backend **backend);

// Frees the back end, after its own `close` or if it was never opened. May be called from inside of
// an event.
void kith_backend_sctp_close(struct kith_backend *backend);

struct kith_backend_sctp_counters {
    struct kith_udp_counters udp;
    uint64_t packets_sent, packets_received; // of SCTP
    uint64_t malformed;                      // datagrams that aren't SCTP, or damaged: dropped
    uint64_t strays;                         // packets from somebody who isn't connected
    uint64_t connects_limited; // attempts from outside dropped: too many, or no slot left
    uint64_t connected, accepted, closed; // connections
    uint64_t connections;                 // now
    uint64_t full;                        // sends refused because the buffer was full
    uint64_t faults;                      // injected
};

// Reads the counters. From the node's thread.
void kith_backend_sctp_counters(const struct kith_backend *backend,
                                struct kith_backend_sctp_counters *counters);

#endif
