// SPDX-License-Identifier: Apache-2.0
// An endpoint: IP address and UDP port of a node.
#ifndef KITH_ENDPOINT_H
#define KITH_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kith/error.h>

#define KITH_ENDPOINT_TEXT_SIZE 56 // "[" 45 bytes of IPv6 "]:" 5 digits and the terminating zero

// `address` is an IPv6 address in network order; IPv4 is mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2).
// `port` is in host order. All zero: none.
struct kith_endpoint {
    uint8_t address[16];
    uint16_t port;
};

// "10.0.0.7:7400", "10.0.0.7" (default_port), "[::1]:7400", "::1". Numbers only: DNS names are for
// the platform. INVALID, and `endpoint` is unchanged.
enum kith_error kith_endpoint_parse(const char *text, uint16_t default_port,
                                    struct kith_endpoint *endpoint);

// Writes it in the form above (IPv6 per RFC 5952) and gives `text` back.
char *kith_endpoint_format(const struct kith_endpoint *endpoint,
                           char text[KITH_ENDPOINT_TEXT_SIZE]);

bool kith_endpoint_equal(const struct kith_endpoint *a, const struct kith_endpoint *b);
bool kith_endpoint_is_v4(const struct kith_endpoint *endpoint);

// True for 0.0.0.0 and ::, whatever the port.
bool kith_endpoint_is_any(const struct kith_endpoint *endpoint);

#endif
