// SPDX-License-Identifier: Apache-2.0
// Endpoints as the kernel knows them, and what it knows of the path to one.
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "udp.h"

enum { V4_OFFSET = 12, V4_HEADERS = 20 + 8, V6_HEADERS = 40 + 8 };

socklen_t kithi_uv_address_from(const struct kith_endpoint *endpoint, bool as_v6,
                                union kithi_uv_address *address)
{
    memset(address, 0, sizeof *address);
    if (as_v6) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons(endpoint->port);
        memcpy(&address->v6.sin6_addr, endpoint->address, sizeof address->v6.sin6_addr);
        return sizeof address->v6;
    }
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons(endpoint->port);
    memcpy(&address->v4.sin_addr, endpoint->address + V4_OFFSET, sizeof address->v4.sin_addr);
    return sizeof address->v4;
}

void kithi_uv_address_to(const union kithi_uv_address *address, struct kith_endpoint *endpoint)
{
    static const unsigned char mapped[V4_OFFSET] = {[10] = 0xff, [11] = 0xff};
    if (address->any.sa_family == AF_INET6) {
        memcpy(endpoint->address, &address->v6.sin6_addr, sizeof endpoint->address);
        endpoint->port = ntohs(address->v6.sin6_port);
    } else {
        memcpy(endpoint->address, mapped, sizeof mapped);
        memcpy(endpoint->address + V4_OFFSET, &address->v4.sin_addr, sizeof address->v4.sin_addr);
        endpoint->port = ntohs(address->v4.sin_port);
    }
}

// The kernel tells the MTU of a route, and what it has learned about it, to connected sockets only.
static enum kith_error ask_mtu(const struct kith_endpoint *to, bool as_v6, int *mtu)
{
    union kithi_uv_address address;
    socklen_t address_size = kithi_uv_address_from(to, as_v6, &address);
    int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return KITH_ERROR_UNREACHABLE;
    }
    enum kith_error error = KITH_OK;
    socklen_t size = sizeof *mtu;
    if (connect(fd, &address.any, address_size) != 0) {
        error = KITH_ERROR_UNREACHABLE;
    } else if (getsockopt(fd, as_v6 ? IPPROTO_IPV6 : IPPROTO_IP, as_v6 ? IPV6_MTU : IP_MTU, mtu,
                          &size) != 0) {
        *mtu = 0;
    }
    close(fd);
    return error;
}

enum kith_error kithi_uv_path(struct kith_udp *udp, const struct kith_endpoint *to, size_t *size)
{
    const struct kithi_uv *self = (const struct kithi_uv *)(void *)udp;
    bool to_v6 = !kith_endpoint_is_v4(to);
    if (to_v6 ? !self->is_v6 : !self->takes_v4) {
        return KITH_ERROR_UNREACHABLE;
    }
    int mtu;
    enum kith_error error = ask_mtu(to, to_v6, &mtu);
    if (error != KITH_OK) {
        return error;
    }
    int headers = to_v6 ? V6_HEADERS : V4_HEADERS;
    size_t payload = mtu > headers ? (size_t)(mtu - headers) : KITH_UDP_PATH_LEAST;
    *size = payload < self->payload_most ? payload : self->payload_most;
    return KITH_OK;
}
