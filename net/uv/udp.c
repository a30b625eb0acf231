// SPDX-License-Identifier: Apache-2.0
// The socket, its options, and its place in the loop.
#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "udp.h"

static void flush_before_wait(uv_prepare_t *handle)
{
    struct kithi_uv *self = handle->data;
    self->events.settled(self->owner);
    if (!self->closing) {
        kithi_uv_flush(self);
    }
}

static void flush_after_work(uv_check_t *handle)
{
    kithi_uv_flush(handle->data);
}

static void take_tick(uv_timer_t *handle)
{
    struct kithi_uv *self = handle->data;
    self->events.tick(self->owner);
}

static void take_readiness(uv_poll_t *handle, int status, int events);

static void start_poll(struct kithi_uv *self)
{
    uv_poll_start(&self->poll, UV_READABLE, take_readiness);
}

// libuv stops a poll handle whose socket has an error; here an error is a message like others.
static void take_readiness(uv_poll_t *handle, int status, int events)
{
    struct kithi_uv *self = handle->data;
    (void)events;
    if (status < 0) {
        kithi_uv_take_errors(self);
    }
    if (!self->closing) {
        (void)kithi_uv_receive(self);
    }
    if (status < 0 && !self->closing) {
        start_poll(self);
    }
}

bool kith_udp_uv_look(void *udp)
{
    struct kithi_uv *self = udp;
    if (self->open_handles == 0 || self->closing || !kithi_uv_receive_one(self)) {
        return false;
    }
    if (!self->closing) {
        kithi_uv_flush(self);
    }
    return true;
}

static void set_option(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

// As large as we are allowed: the second only has an effect where the first isn't permitted.
static void set_buffers(struct kithi_uv *self)
{
    set_option(self->fd, SOL_SOCKET, SO_RCVBUF, KITHI_UV_BUFFER);
    set_option(self->fd, SOL_SOCKET, SO_SNDBUF, KITHI_UV_BUFFER);
    set_option(self->fd, SOL_SOCKET, SO_RCVBUFFORCE, KITHI_UV_BUFFER);
    set_option(self->fd, SOL_SOCKET, SO_SNDBUFFORCE, KITHI_UV_BUFFER);
    int size = 0;
    socklen_t option_size = sizeof size;
    (void)getsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &size, &option_size);
    size_t most = (size_t)size / KITHI_UV_IN_BUFFER;
    if (most < KITH_UDP_PATH_LEAST) {
        most = KITH_UDP_PATH_LEAST;
    } else if (most > KITH_UDP_PATH_MOST) {
        most = KITH_UDP_PATH_MOST;
    }
    size_t wanted = self->options.payload_most;
    self->payload_most = wanted > 0 && wanted < most ? wanted : most;
}

static void set_options(struct kithi_uv *self)
{
    const int off = 0;
    set_buffers(self);
    set_option(self->fd, IPPROTO_IP, IP_RECVERR, 1);
    set_option(self->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
    if (self->is_v6) {
        set_option(self->fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
        set_option(self->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT);
    }
    if (!self->options.one_by_one) {
        set_option(self->fd, IPPROTO_UDP, UDP_GRO, 1);
        self->segments = setsockopt(self->fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof off) == 0;
    }
}

static enum kith_error open_socket(struct kithi_uv *self, const struct kith_endpoint *listen)
{
    self->is_v6 = !kith_endpoint_is_v4(listen);
    bool any = kith_endpoint_is_any(listen);
    self->takes_v4 = !self->is_v6 || any;
    const int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    self->fd = socket(self->is_v6 ? AF_INET6 : AF_INET, type, 0);
    if (self->fd < 0 && errno == EAFNOSUPPORT && any) {
        self->is_v6 = false; // no IPv6 here: `any` is what IPv4 has
        self->fd = socket(AF_INET, type, 0);
    }
    if (self->fd < 0) {
        return errno == EAFNOSUPPORT ? KITH_ERROR_INVALID : KITH_ERROR_IO;
    }
    if (self->is_v6) {
        set_option(self->fd, IPPROTO_IPV6, IPV6_V6ONLY, !any);
    }
    return KITH_OK;
}

static enum kith_error bind_socket(struct kithi_uv *self, const struct kith_endpoint *listen,
                                   struct kith_endpoint *bound)
{
    union kithi_uv_address address;
    socklen_t size = kithi_uv_address_from(listen, self->is_v6, &address);
    if (bind(self->fd, &address.any, size) != 0) {
        if (errno == EADDRINUSE) {
            return KITH_ERROR_IN_USE;
        }
        return errno == EADDRNOTAVAIL ? KITH_ERROR_INVALID : KITH_ERROR_IO;
    }
    size = sizeof address;
    if (getsockname(self->fd, &address.any, &size) != 0) {
        return KITH_ERROR_IO;
    }
    kithi_uv_address_to(&address, bound);
    return KITH_OK;
}

static void start(struct kithi_uv *self)
{
    uv_loop_t *loop = self->options.loop;
    uv_poll_init(loop, &self->poll, self->fd);
    uv_prepare_init(loop, &self->prepare);
    uv_check_init(loop, &self->check);
    uv_timer_init(loop, &self->timer);
    self->poll.data = self->prepare.data = self->check.data = self->timer.data = self;
    self->open_handles = 4;
    start_poll(self);
    uv_prepare_start(&self->prepare, flush_before_wait);
    uv_check_start(&self->check, flush_after_work);
}

static enum kith_error open_udp(struct kith_udp *udp, const struct kith_endpoint *listen,
                                const struct kith_udp_events *events, void *owner,
                                struct kith_endpoint *bound)
{
    struct kithi_uv *self = (struct kithi_uv *)(void *)udp;
    assert(self->open_handles == 0);
    enum kith_error error = open_socket(self, listen);
    if (error != KITH_OK) {
        return error;
    }
    self->received = malloc((size_t)KITHI_UV_BATCH * KITHI_UV_SLOT);
    set_options(self);
    error = self->received == NULL ? KITH_ERROR_NO_MEMORY : bind_socket(self, listen, bound);
    if (error != KITH_OK) {
        close(self->fd);
        free(self->received);
        self->received = NULL;
        return error;
    }
    self->events = *events;
    self->owner = owner;
    start(self);
    return KITH_OK;
}

static void free_udp(struct kithi_uv *self)
{
    free(self->received);
    free(self);
}

static void finish_close(uv_handle_t *handle)
{
    struct kithi_uv *self = handle->data;
    if (--self->open_handles == 0) {
        free_udp(self);
    }
}

static void close_udp(struct kith_udp *udp)
{
    struct kithi_uv *self = (struct kithi_uv *)(void *)udp;
    if (self->open_handles == 0) {
        free_udp(self);
        return;
    }
    kithi_uv_flush(self);
    self->closing = true;
    uv_close((uv_handle_t *)&self->poll, finish_close);
    uv_close((uv_handle_t *)&self->prepare, finish_close);
    uv_close((uv_handle_t *)&self->check, finish_close);
    uv_close((uv_handle_t *)&self->timer, finish_close);
    close(self->fd);
}

static void flush(struct kith_udp *udp)
{
    kithi_uv_flush((struct kithi_uv *)(void *)udp);
}

static void set_tick(struct kith_udp *udp, uint32_t period_ms)
{
    struct kithi_uv *self = (struct kithi_uv *)(void *)udp;
    if (period_ms == 0) {
        uv_timer_stop(&self->timer);
        return;
    }
    uv_update_time(self->options.loop);
    uv_timer_start(&self->timer, take_tick, period_ms, period_ms);
}

enum kith_error kith_udp_uv_open(const struct kith_udp_uv_options *options, struct kith_udp **udp)
{
    static const struct kith_udp_ops ops = {
        .open = open_udp,
        .close = close_udp,
        .send = kithi_uv_send,
        .flush = flush,
        .path = kithi_uv_path,
        .set_tick = set_tick,
    };
    struct kithi_uv *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    self->udp.ops = &ops;
    self->options = *options;
    *udp = &self->udp;
    return KITH_OK;
}
