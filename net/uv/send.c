// SPDX-License-Identifier: Apache-2.0
// Sending: datagrams wait until the loop is about to wait, and leave in runs.
#include <errno.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <string.h>

#include "udp.h"

enum { TRIES = 3 };

// Sends `size` bytes, cut into datagrams of segment_size if that isn't 0.
static bool transmit(struct kithi_uv *self, const unsigned char *bytes, size_t size,
                     size_t segment_size)
{
    union kithi_uv_address address;
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {
        .msg_name = &address,
        .msg_namelen = kithi_uv_address_from(&self->run.to, self->is_v6, &address),
        .msg_iov = &part,
        .msg_iovlen = 1,
    };
    if (segment_size > 0) {
        uint16_t segment = (uint16_t)segment_size;
        struct cmsghdr *header = (struct cmsghdr *)(void *)control;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        header->cmsg_level = IPPROTO_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(header), &segment, sizeof segment);
    }
    for (int attempt = 0; attempt < TRIES; attempt++) {
        self->udp.counters.sends++;
        if (sendmsg(self->fd, &message, MSG_DONTWAIT) >= 0) {
            return true;
        }
        // An earlier datagram was refused: that was told to this call, which did nothing.
        if (errno != ECONNREFUSED && errno != EINTR) {
            break;
        }
    }
    return false;
}

static void transmit_one_by_one(struct kithi_uv *self)
{
    struct kithi_uv_run *run = &self->run;
    for (size_t place = 0; place < run->size; place += run->segment_size) {
        size_t left = run->size - place;
        size_t size = left < run->segment_size ? left : run->segment_size;
        if (!transmit(self, run->bytes + place, size, 0)) {
            self->udp.counters.send_failures++;
        }
    }
}

void kithi_uv_flush(struct kithi_uv *self)
{
    struct kithi_uv_run *run = &self->run;
    if (run->count == 0) {
        return;
    }
    self->udp.counters.sent += run->count;
    if (run->count == 1) {
        transmit_one_by_one(self);
    } else if (!transmit(self, run->bytes, run->size, run->segment_size)) {
        if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
            self->udp.counters.send_failures += run->count;
        } else {
            // Some devices can't, and where the path is narrower than a segment nobody can.
            self->segments = self->segments && errno != EIO && errno != EOPNOTSUPP;
            transmit_one_by_one(self);
        }
    }
    run->count = 0;
    run->size = 0;
}

static bool joins(const struct kithi_uv *self, const struct kith_endpoint *to, size_t size)
{
    const struct kithi_uv_run *run = &self->run;
    return self->segments && !run->full && size <= run->segment_size &&
           run->size + size <= sizeof run->bytes && kith_endpoint_equal(&run->to, to);
}

void kithi_uv_send(struct kith_udp *udp, const struct kith_endpoint *to, const void *data,
                   size_t size)
{
    struct kithi_uv *self = (struct kithi_uv *)(void *)udp;
    struct kithi_uv_run *run = &self->run;
    if (size == 0 || size > sizeof run->bytes) {
        self->udp.counters.send_failures++;
        return;
    }
    if (run->count > 0 && !joins(self, to, size)) {
        kithi_uv_flush(self);
    }
    if (run->count == 0) {
        run->to = *to;
        run->segment_size = size;
        run->full = false;
    }
    memcpy(run->bytes + run->size, data, size);
    run->size += size;
    run->count++;
    run->full = size < run->segment_size || run->count == KITHI_UV_SEGMENTS;
}
