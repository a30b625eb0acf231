// SPDX-License-Identifier: Apache-2.0
// UDP on Linux, watched by a libuv loop: a socket of its own, with the calls that libuv lacks.
// Equal datagrams to one destination leave in one system call (UDP_SEGMENT), what arrives together
// is read together (recvmmsg, UDP_GRO); without either where the kernel is too old.
#ifndef KITH_UDP_UV_H
#define KITH_UDP_UV_H

#include <kith/udp.h>

struct kith_udp_uv_options {
    void *loop;          // a uv_loop_t, e.g. of kith_platform_linux_loop; borrowed until closed
    size_t payload_most; // never send a larger datagram, whatever the path takes; 0: no such limit
    bool one_by_one;     // neither UDP_SEGMENT nor UDP_GRO
};

// Gives an object that isn't bound yet; udp->ops->close frees it, on one of the next turns of the
// loop. Errors: NO_MEMORY.
enum kith_error kith_udp_uv_open(const struct kith_udp_uv_options *options, struct kith_udp **udp);

// For kith_platform_linux_set_look: takes the datagrams that are there, with all that follows from
// them. False: there were none. `udp` is a struct kith_udp of this kind that isn't closed.
bool kith_udp_uv_look(void *udp);

#endif
