// SPDX-License-Identifier: Apache-2.0
// A host as a peer is given by: an IP address or a DNS name, with or without a port.
#ifndef KITHI_HOST_H
#define KITHI_HOST_H

#include <stdbool.h>

#include <kith/endpoint.h>
#include <kith/error.h>

#define KITHI_HOST_SIZE 254 // RFC 1035: 253 bytes, and the terminating zero

struct kithi_host {
    char text[KITHI_HOST_SIZE]; // the DNS name; empty for an address
    uint16_t port;              // KITH_DEFAULT_PORT where none was given
    bool numeric;               // an address: `endpoint` is set
    struct kith_endpoint endpoint;
};

// Parses "10.0.0.7", "10.0.0.7:7401", "[fd00::7]:7401", "node-a.lan", "node-a.lan:7401". The port
// of a peer can't be 0. INVALID.
enum kith_error kithi_host_parse(const char *text, struct kithi_host *host);

// Moves *list behind its next item, items being separated by ',' or blanks, and copies the item.
// False at the end. An item that is too long is cut, and then isn't a valid host.
#define KITHI_HOST_ITEM_SIZE (KITHI_HOST_SIZE + 16)
bool kithi_host_next(const char **list, char item[KITHI_HOST_ITEM_SIZE]);

#endif
