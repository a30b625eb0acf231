// SPDX-License-Identifier: Apache-2.0
// The stage between SCTP and UDP (design, section 2): every packet passes `seal` on its way out and
// `unseal` on its way in. The seal is empty: packets travel in the clear. This is the one place
// where DTLS (RFC 8261) will work; what it adds to a packet is taken off the path's size here.
#ifndef KITHI_SCTP_SEAL_H
#define KITHI_SCTP_SEAL_H

#include <stddef.h>

#define KITHI_SEAL_OVERHEAD 0 // bytes that sealing adds to a packet

// Gives what travels in the datagram. `packet` may be changed; the result is valid until the next
// call.
static inline void kithi_seal(void *packet, size_t size, const void **datagram,
                              size_t *datagram_size)
{
    *datagram = packet;
    *datagram_size = size;
}

// The reverse, in place. Gives NULL in *packet for a datagram that isn't genuine.
static inline void kithi_unseal(void *datagram, size_t datagram_size, void **packet, size_t *size)
{
    *packet = datagram;
    *size = datagram_size;
}

#endif
