// SPDX-License-Identifier: Apache-2.0
// Sockets of usrsctp: one per connection, and one per slot that listens for connections from its
// peer. Every one is bound to the address of its slot alone: a socket that is bound to all of them
// is looked for among all of them, for each packet.
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "sctp.h"
#include "seal.h"

enum {
    RTO_MAX_MS = 1000,
    RTO_STEPS = 3, // retransmissions before the longest wait is reached
    INIT_ATTEMPTS = 16,
    BACKLOG = 16,
    PATH_LEAST = 512,          // that usrsctp accepts; below that IP has to fragment
    CAUSE_USER_INITIATED = 12, // RFC 9260, 3.3.10.12
};

static const char farewell[] = "left"; // the reason that an ABORT gives

static struct sockaddr_conn make_address(const struct kithi_sctp_slot *slot, uint16_t port)
{
    struct sockaddr_conn address;
    memset(&address, 0, sizeof address);
    address.sconn_family = AF_CONN;
    address.sconn_port = port;
    address.sconn_addr = kithi_sctp_slot_address(slot);
    return address;
}

static bool set(struct socket *socket, int option, const void *value, size_t size)
{
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, option, value, (socklen_t)size) == 0;
}

// How often something is sent again until `give_up_ms` have passed.
static uint16_t count_retransmissions(const struct kithi_sctp *self)
{
    uint32_t count = RTO_STEPS + self->options.give_up_ms / RTO_MAX_MS;
    return count < UINT16_MAX ? (uint16_t)count : UINT16_MAX;
}

static bool set_path(struct socket *socket, const struct kithi_sctp_slot *slot)
{
    struct sctp_paddrparams path;
    memset(&path, 0, sizeof path);
    path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE;
    size_t mtu = (slot->path_size - KITHI_SEAL_OVERHEAD - KITHI_SCTP_HEADER_SIZE) & ~(size_t)3;
    path.spp_pathmtu = mtu > PATH_LEAST ? (uint32_t)mtu : PATH_LEAST;
    path.spp_hbinterval = slot->backend->options.heartbeat_ms;
    path.spp_pathmaxrxt = count_retransmissions(slot->backend);
    return set(socket, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

void kithi_sctp_socket_set_path(struct socket *socket, const struct kithi_sctp_slot *slot)
{
    (void)set_path(socket, slot);
}

size_t kithi_sctp_find_buffer(size_t most, size_t total, uint32_t connections)
{
    size_t share = total / (connections + 1);
    size_t least = most < KITHI_SCTP_BUFFER_LEAST ? most : KITHI_SCTP_BUFFER_LEAST;
    share = share < most ? share : most;
    return share > least ? share : least;
}

// Of one that is opened, or accepted, from now on. A peer can make usrsctp hold all of it, and
// more.
static bool set_buffers(struct socket *socket, const struct kithi_sctp *self)
{
    const struct kith_backend_sctp_options *options = &self->options;
    const int size = (int)kithi_sctp_find_buffer(options->buffer_size, options->buffers_total,
                                                 self->counters.connections);
    return usrsctp_setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0 &&
           usrsctp_setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0;
}

static bool set_options(struct socket *socket, const struct kithi_sctp_slot *slot)
{
    const struct kithi_sctp *self = slot->backend;
    const int on = 1;
    const struct linger abort_on_close = {.l_onoff = 1, .l_linger = 0};
    const struct sctp_initmsg init = {
        .sinit_num_ostreams = KITH_STREAMS,
        .sinit_max_instreams = KITH_STREAMS,
        .sinit_max_attempts = INIT_ATTEMPTS,
        .sinit_max_init_timeo = RTO_MAX_MS,
    };
    const struct sctp_assocparams association = {
        .sasoc_asocmaxrxt = count_retransmissions(self),
    };
    struct sctp_event event = {.se_assoc_id = SCTP_FUTURE_ASSOC, .se_on = 1};
    event.se_type = SCTP_ASSOC_CHANGE;
    bool good = set(socket, SCTP_EVENT, &event, sizeof event);
    event.se_type = SCTP_SHUTDOWN_EVENT;
    return good && set(socket, SCTP_EVENT, &event, sizeof event) &&
           set(socket, SCTP_NODELAY, &on, sizeof on) &&
           set(socket, SCTP_RECVRCVINFO, &on, sizeof on) &&
           set(socket, SCTP_INITMSG, &init, sizeof init) &&
           set(socket, SCTP_ASSOCINFO, &association, sizeof association) &&
           set_buffers(socket, self) &&
           usrsctp_setsockopt(socket, SOL_SOCKET, SO_LINGER, &abort_on_close,
                              sizeof abort_on_close) == 0 &&
           usrsctp_set_non_blocking(socket, 1) == 0 && set_path(socket, slot);
}

enum kith_error kithi_sctp_socket_open(const struct kithi_sctp_slot *slot, uint16_t port,
                                       struct socket **socket)
{
    struct socket *opened = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (opened == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    struct sockaddr_conn address = make_address(slot, port);
    if (!set_options(opened, slot) ||
        usrsctp_bind(opened, (struct sockaddr *)&address, sizeof address) != 0) {
        usrsctp_close(opened);
        return KITH_ERROR_LIMIT; // of memory or of ports
    }
    *socket = opened;
    return KITH_OK;
}

enum kith_error kithi_sctp_socket_connect(const struct kithi_sctp_slot *slot, struct socket *socket)
{
    struct sockaddr_conn address = make_address(slot, htons(KITH_SCTP_PORT));
    if (usrsctp_connect(socket, (struct sockaddr *)&address, sizeof address) != 0 &&
        errno != EINPROGRESS) {
        return errno == ENOMEM || errno == ENOBUFS ? KITH_ERROR_NO_MEMORY : KITH_ERROR_UNREACHABLE;
    }
    return KITH_OK;
}

// The listener of a slot that had another peer before gets that slot's path now.
enum kith_error kithi_sctp_socket_listen(struct kithi_sctp_slot *slot)
{
    if (slot->listener != NULL) {
        bool good = set_path(slot->listener, slot) && set_buffers(slot->listener, slot->backend);
        return good ? KITH_OK : KITH_ERROR_NO_MEMORY;
    }
    struct socket *listener;
    enum kith_error error = kithi_sctp_socket_open(slot, htons(KITH_SCTP_PORT), &listener);
    if (error != KITH_OK) {
        return error;
    }
    if (usrsctp_listen(listener, BACKLOG) != 0) {
        usrsctp_close(listener);
        return KITH_ERROR_NO_MEMORY;
    }
    slot->listener = listener;
    return KITH_OK;
}

uint16_t kithi_sctp_socket_local_port(struct socket *socket)
{
    struct sockaddr *addresses = NULL;
    uint16_t port = 0;
    if (usrsctp_getladdrs(socket, 0, &addresses) > 0) {
        port = ((const struct sockaddr_conn *)(const void *)addresses)->sconn_port;
        usrsctp_freeladdrs(addresses);
    }
    return port;
}

void kithi_sctp_socket_set_priorities(struct socket *socket)
{
    for (uint16_t stream = 0; stream < KITH_STREAMS; stream++) {
        struct sctp_stream_value value = {.stream_id = stream, .stream_value = 2};
        if (stream == KITH_STREAM_CONTROL || stream == KITH_STREAM_URGENT) {
            value.stream_value = stream;
        } else if (stream == KITH_STREAM_BULK) {
            value.stream_value = 3;
        }
        (void)set(socket, SCTP_SS_VALUE, &value, sizeof value);
    }
}

enum kith_error kithi_sctp_socket_send(struct socket *socket, unsigned stream, const void *data,
                                       size_t size)
{
    struct sctp_sndinfo info = {.snd_sid = (uint16_t)stream, .snd_ppid = htonl(KITH_SCTP_PPID)};
    ssize_t sent =
        usrsctp_sendv(socket, data, size, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
    if (sent == (ssize_t)size) {
        return KITH_OK;
    }
    bool full =
        sent >= 0 || errno == EWOULDBLOCK || errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM;
    return full ? KITH_ERROR_FULL : KITH_ERROR_DOWN;
}

bool kithi_sctp_socket_busy(struct socket *socket)
{
    struct sctp_status status;
    socklen_t size = sizeof status;
    memset(&status, 0, sizeof status);
    return usrsctp_getsockopt(socket, IPPROTO_SCTP, SCTP_STATUS, &status, &size) == 0 &&
           (status.sstat_unackdata > 0 || status.sstat_penddata > 0);
}

void kithi_sctp_socket_abort(struct socket *socket)
{
    usrsctp_set_upcall(socket, NULL, NULL);
    usrsctp_close(socket); // as it doesn't linger, this sends an ABORT where there is somebody
}

void kithi_sctp_socket_farewell(struct socket *socket)
{
    struct sctp_sndinfo info = {.snd_flags = SCTP_ABORT};
    usrsctp_set_upcall(socket, NULL, NULL);
    (void)usrsctp_sendv(socket, farewell, sizeof farewell - 1, NULL, 0, &info, sizeof info,
                        SCTP_SENDV_SNDINFO, 0);
    usrsctp_close(socket);
}

// The information is the whole ABORT chunk: 4 bytes, and then causes with type and length.
bool kithi_sctp_is_farewell(const struct sctp_assoc_change *change, size_t size)
{
    static const unsigned char cause[] = {0, CAUSE_USER_INITIATED, 0, 8, 'l', 'e', 'f', 't'};
    const size_t at = offsetof(struct sctp_assoc_change, sac_info) + 4;
    return size >= at + sizeof cause &&
           memcmp((const unsigned char *)change + at, cause, sizeof cause) == 0;
}
