// SPDX-License-Identifier: Apache-2.0
// usrsctp alone, with nothing around it but a loop: what the SCTP back end builds on, and the most
// that it can reach.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <usrsctp.h>

#include "pair.h"

enum {
    PORT = 5001,
    TICK_MS = 10,
    BUFFER = 4 << 20,
    ROUND_TRIPS = 20000,
    WARM_UP = 1000,
    BULK_BYTES = 1 << 30,
    BULK_WARM_UP = 64 << 20,
    PACKET_MOST = 65507,
    LOOPBACK_PACKET = 65504, // what one datagram carries there
    LARGE_MESSAGE = 64 << 10,
};

// usrsctp is one per OS process, and so is what it calls.
static struct {
    int udp;
    struct sockaddr_in peer;
    uint64_t ticked_ns;
    bool spinning;
    unsigned char packet[PACKET_MOST];
    unsigned char message[LARGE_MESSAGE];
} bare;

static int send_packet(void *address, void *packet, size_t size, uint8_t tos, uint8_t set_df)
{
    (void)address;
    (void)tos;
    (void)set_df;
    (void)sendto(bare.udp, packet, size, MSG_DONTWAIT, (struct sockaddr *)&bare.peer,
                 sizeof bare.peer);
    return 0;
}

static bool set(struct socket *socket, int option, const void *value, size_t size)
{
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, option, value, (socklen_t)size) == 0;
}

static struct socket *open_socket(uint16_t port)
{
    const int on = 1, buffer_size = BUFFER;
    struct sctp_paddrparams path;
    struct sockaddr_conn address = {.sconn_family = AF_CONN, .sconn_port = htons(port)};
    address.sconn_addr = &bare;
    memset(&path, 0, sizeof path);
    path.spp_flags = SPP_PMTUD_DISABLE;
    path.spp_pathmtu = LOOPBACK_PACKET - 12;
    usrsctp_init_nothreads(0, send_packet, NULL);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_register_address(&bare);
    struct socket *socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    bool good =
        socket != NULL && usrsctp_set_non_blocking(socket, 1) == 0 &&
        set(socket, SCTP_NODELAY, &on, sizeof on) &&
        set(socket, SCTP_PEER_ADDR_PARAMS, &path, sizeof path) &&
        usrsctp_setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size) == 0 &&
        usrsctp_setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &buffer_size, sizeof buffer_size) == 0 &&
        usrsctp_bind(socket, (struct sockaddr *)&address, sizeof address) == 0;
    bare.ticked_ns = bench_now_ns();
    return good ? socket : NULL;
}

static void tick(void)
{
    uint64_t passed_ms = (bench_now_ns() - bare.ticked_ns) / 1000000;
    if (passed_ms >= TICK_MS) {
        bare.ticked_ns += passed_ms * 1000000;
        usrsctp_handle_timers((uint32_t)passed_ms);
    }
}

// Waits for packets and hands them over.
static void take_packets(int timeout_ms)
{
    struct pollfd events = {.fd = bare.udp, .events = POLLIN};
    if (bare.spinning || poll(&events, 1, timeout_ms) > 0) {
        ssize_t size;
        socklen_t peer_size = sizeof bare.peer;
        while ((size = recvfrom(bare.udp, bare.packet, sizeof bare.packet, MSG_DONTWAIT,
                                (struct sockaddr *)&bare.peer, &peer_size)) > 0) {
            usrsctp_conninput(&bare, bare.packet, (size_t)size, 0);
        }
    }
    tick();
}

static ssize_t receive(struct socket *socket)
{
    struct sctp_rcvinfo info;
    socklen_t info_size = sizeof info;
    unsigned info_type = 0;
    int flags = 0;
    return usrsctp_recvv(socket, bare.message, sizeof bare.message, NULL, NULL, &info, &info_size,
                         &info_type, &flags);
}

static bool send_message(struct socket *socket, size_t size)
{
    struct sctp_sndinfo info = {0};
    return usrsctp_sendv(socket, bare.message, size, NULL, 0, &info, sizeof info,
                         SCTP_SENDV_SNDINFO, 0) == (ssize_t)size;
}

static void serve(int ready_fd, bool echo)
{
    uint16_t port;
    bare.udp = pair_udp(&port);
    struct socket *listener = open_socket(PORT), *socket = NULL;
    if (bare.udp < 0 || listener == NULL || usrsctp_listen(listener, 1) != 0) {
        return;
    }
    pair_ready(ready_fd, port);
    while (socket == NULL) {
        take_packets(TICK_MS);
        socket = usrsctp_accept(listener, NULL, NULL);
    }
    for (;;) {
        ssize_t size;
        while ((size = receive(socket)) > 0) {
            if (echo) {
                (void)send_message(socket, (size_t)size);
            }
        }
        if (size == 0) {
            return;
        }
        take_packets(TICK_MS);
    }
}

static void serve_echo(int ready_fd)
{
    serve(ready_fd, true);
}

static void serve_spinning(int ready_fd)
{
    bare.spinning = true;
    serve(ready_fd, true);
}

static void serve_sink(int ready_fd)
{
    serve(ready_fd, false);
}

static struct socket *connect_peer(const struct pair *pair)
{
    uint16_t port;
    struct sockaddr_conn address = {.sconn_family = AF_CONN, .sconn_port = htons(PORT)};
    address.sconn_addr = &bare;
    bare.udp = pair_udp(&port);
    bare.peer = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(pair->port)};
    bare.peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct socket *socket = open_socket(0);
    if (socket == NULL) {
        return NULL;
    }
    (void)usrsctp_connect(socket, (struct sockaddr *)&address, sizeof address);
    while (!(usrsctp_get_events(socket) & SCTP_EVENT_WRITE)) {
        take_packets(TICK_MS);
    }
    return socket;
}

static bool measure_round_trip(const struct bench_options *options, bool one_core, bool spinning,
                               double *figure)
{
    struct pair pair;
    if (!pair_start(&pair, one_core, spinning ? serve_spinning : serve_echo)) {
        return false;
    }
    bare.spinning = spinning;
    struct socket *socket = connect_peer(&pair);
    uint64_t count = bench_count(options, ROUND_TRIPS), warm_up = bench_count(options, WARM_UP);
    uint64_t start_ns = 0;
    bool good = socket != NULL;
    for (uint64_t trip = 0; good && trip < count + warm_up; trip++) {
        if (trip == warm_up) {
            start_ns = bench_now_ns();
        }
        good = send_message(socket, BENCH_PAYLOAD);
        ssize_t size;
        while (good && (size = receive(socket)) <= 0) {
            good = size < 0 && errno == EWOULDBLOCK;
            take_packets(TICK_MS);
        }
    }
    *figure = (double)(bench_now_ns() - start_ns) / 1000 / (double)count;
    pair_stop(&pair);
    return good;
}

// Megabytes a second, as the sender sees them acknowledged: its buffer is small beside the whole.
bool bench_bare_sctp_large(const struct bench_options *options, double *figure)
{
    struct pair pair;
    if (!pair_start(&pair, false, serve_sink)) {
        return false;
    }
    struct socket *socket = connect_peer(&pair);
    uint64_t bytes = bench_count(options, BULK_BYTES), warm_up = bench_count(options, BULK_WARM_UP);
    uint64_t sent = 0, start_ns = 0;
    bool good = socket != NULL;
    while (good && sent < bytes + warm_up) {
        if (start_ns == 0 && sent >= warm_up) {
            start_ns = bench_now_ns();
        }
        if (send_message(socket, LARGE_MESSAGE)) {
            sent += LARGE_MESSAGE;
        } else {
            good = errno == EWOULDBLOCK;
            take_packets(TICK_MS);
        }
    }
    *figure = (double)(sent - warm_up) * 1000 / (double)(bench_now_ns() - start_ns);
    pair_stop(&pair);
    return good;
}

bool bench_bare_sctp_one_core(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, true, false, figure);
}

bool bench_bare_sctp_spinning(const struct bench_options *options, double *figure)
{
    return measure_round_trip(options, false, true, figure);
}
