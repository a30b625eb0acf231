// SPDX-License-Identifier: Apache-2.0
// Faults that a network could have, for tests: between the seal and UDP, on what is sent.
#ifndef KITHI_SCTP_FAULTS_H
#define KITHI_SCTP_FAULTS_H

#include <kith/backend_sctp.h>

enum { KITHI_FAULTS_HELD = 256 }; // datagrams held back at once; the next ones go as they are

struct kithi_sctp_held {
    struct kith_endpoint to;
    uint64_t due_ns;
    unsigned passes; // or when so many others have overtaken it
    void *data;      // NULL: a free place
    size_t size;
};

struct kithi_sctp_faults {
    struct kith_sctp_faults options;
    struct kith_udp *udp;
    bool active;
    uint64_t random;
    uint64_t injected;
    unsigned held_count;
    struct kithi_sctp_held *held; // KITHI_FAULTS_HELD of them
};

// Errors: NO_MEMORY.
enum kith_error kithi_sctp_faults_init(struct kithi_sctp_faults *faults,
                                       const struct kith_sctp_faults *options,
                                       struct kith_udp *udp);
void kithi_sctp_faults_fini(struct kithi_sctp_faults *faults);

// Sends a datagram, or what the faults make of it.
void kithi_sctp_faults_send(struct kithi_sctp_faults *faults, const struct kith_endpoint *to,
                            const void *data, size_t size, uint64_t now_ns);

// Sends what was held back long enough.
void kithi_sctp_faults_tick(struct kithi_sctp_faults *faults, uint64_t now_ns);

#endif
