// SPDX-License-Identifier: Apache-2.0
// Back ends that talk to each other in one OS process, and what their owner saw.
#ifndef HARNESS_H
#define HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kith/backend_sctp.h>
#include <kith/udp_uv.h>

enum { HARNESS_LINKS = 64 };

struct harness_end;

// A connection as its owner sees it.
struct harness_link {
    struct harness_end *end;
    struct kith_connection *connection;
    struct kith_endpoint peer;
    bool used, accepted, connected, closed;
    enum kith_error reason;
    unsigned heard, writable, received;
    uint64_t sent_next[KITH_STREAMS], received_next[KITH_STREAMS];
    void (*reacts)(struct harness_link *link, unsigned stream); // called on each message
    unsigned ahead; // bulk messages that had come before the last urgent one
};

struct harness_end {
    struct kith_backend *backend;
    struct kith_udp *udp; // the wrapper that can be cut
    struct kith_endpoint endpoint;
    struct harness_link links[HARNESS_LINKS];
    bool refuses;
    unsigned refused;
};

// How ends that are opened from here on use UDP; the loop is filled in.
extern struct kith_udp_uv_options harness_udp_options;

int harness_open(void **state);
int harness_close(void **state); // fails unless all ends have been closed

// The end listens on `listen`, e.g. "127.0.0.1:0".
struct kith_backend_sctp_options harness_options(void);
enum kith_error harness_end_try(struct harness_end *end, const char *listen,
                                const struct kith_backend_sctp_options *options);
void harness_end_open(struct harness_end *end, const char *listen,
                      const struct kith_backend_sctp_options *options);
void harness_end_close(struct harness_end *end);
// From here on nothing leaves or reaches it.
void harness_end_cut(struct harness_end *end, bool cut);
struct kith_backend_sctp_counters harness_counters(const struct harness_end *end);

struct harness_link *harness_connect(struct harness_end *end, const struct kith_endpoint *peer);
// Connects the two and gives the other side's link too.
struct harness_link *harness_pair(struct harness_end *from, struct harness_end *to,
                                  struct harness_link **other);
// The newest link that `end` accepted, or NULL.
struct harness_link *harness_accepted(struct harness_end *end);

// Messages that tell whether they arrive whole and in order.
enum kith_error harness_send(struct harness_link *link, unsigned stream, size_t size);

// Runs the loop until `done` says so; fails the test if that takes absurdly long.
void harness_run(bool (*done)(void *argument), void *argument);
// One turn of the loop, without waiting.
void harness_turn(void);
void harness_settle(struct harness_end *end); // until it has no connection left
bool harness_is_connected(void *link);
bool harness_is_closed(void *link);
bool harness_is_idle(void *link); // all acknowledged
const struct kith_platform *harness_platform(void);

#endif
