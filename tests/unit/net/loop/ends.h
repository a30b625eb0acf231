// SPDX-License-Identifier: Apache-2.0
// An owner of a back end that writes down what it is told.
#ifndef ENDS_H
#define ENDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kith/net_loop.h>

enum { TALKS_MOST = 8, RECEIVED_MOST = 4096 };

// One end of one connection, as its owner sees it.
struct talk {
    struct host *host;
    struct kith_connection *connection; // NULL when it is over
    struct kith_endpoint peer;          // of an accepted one
    unsigned connected, heard, writable, closed;
    enum kith_error reason; // of closed
    size_t received_count;
    uint32_t received[RECEIVED_MOST];        // the first number of each batch
    unsigned received_stream[RECEIVED_MOST]; // and where it came
    bool hang_up;                            // ends the connection when something arrives
};

struct host {
    struct kith_backend *backend;
    struct kith_endpoint endpoint;
    struct talk talks[TALKS_MOST]; // in the order in which they began
    size_t talk_count;
    bool refuses;
    unsigned arrived; // calls
};

extern const struct kith_loop_options weather_none;
extern const struct kith_loop_options weather_bad; // delays, losses, heartbeats

struct kith_loop_network *open_network(const struct kith_loop_options *options);
void open_host(struct kith_loop_network *network, const char *endpoint, struct host *host);
void close_host(struct host *host);

// Closes both hosts and the network, which must then be empty.
void close_all(struct kith_loop_network *network, struct host *a, struct host *b);

struct talk *connect_hosts(struct host *from, const struct host *to);
enum kith_error send_number(struct talk *talk, unsigned stream, uint32_t number, size_t size);

// Lets virtual time pass, event by event.
void run_for(struct kith_loop_network *network, uint64_t ns);

#endif
