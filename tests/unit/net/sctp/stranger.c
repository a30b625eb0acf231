// SPDX-License-Identifier: Apache-2.0
#include "stranger.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <usrsctp.h>

#include <kith/backend_sctp.h>

enum { STREAMS_FEW = 4, TICK_MS = 10, TICKS_MOST = 2000, BROKEN = 0, STILL_THERE = 1, FAILED = 2 };

static int udp;

static int send_packet(void *address, void *packet, size_t size, uint8_t tos, uint8_t set_df)
{
    (void)address;
    (void)tos;
    (void)set_df;
    return send(udp, packet, size, 0) == (ssize_t)size ? 0 : errno;
}

static uint16_t open_udp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(udp, (struct sockaddr *)&address, size) != 0 ||
        getsockname(udp, (struct sockaddr *)&address, &size) != 0) {
        _exit(FAILED);
    }
    return ntohs(address.sin_port);
}

static struct socket *open_sctp(uint16_t streams, uint16_t port)
{
    struct sctp_initmsg init = {.sinit_num_ostreams = streams, .sinit_max_instreams = streams};
    struct sockaddr_conn address = {.sconn_family = AF_CONN, .sconn_port = htons(port)};
    address.sconn_addr = &udp;
    usrsctp_init_nothreads(0, send_packet, NULL);
    usrsctp_register_address(&udp);
    struct socket *socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (socket == NULL ||
        usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) != 0 ||
        usrsctp_bind(socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        usrsctp_set_non_blocking(socket, 1) != 0) {
        _exit(FAILED);
    }
    return socket;
}

static void run_for_a_tick(void)
{
    static unsigned char packet[70000];
    struct pollfd events = {.fd = udp, .events = POLLIN};
    poll(&events, 1, TICK_MS);
    ssize_t size;
    while ((size = recv(udp, packet, sizeof packet, MSG_DONTWAIT)) > 0) {
        usrsctp_conninput(&udp, packet, (size_t)size, 0);
    }
    usrsctp_handle_timers(TICK_MS);
}

static struct socket *connect_to_kith(enum stranger_kind kind)
{
    struct sockaddr_conn address = {.sconn_family = AF_CONN, .sconn_port = htons(KITH_SCTP_PORT)};
    address.sconn_addr = &udp;
    uint16_t streams = kind == STRANGER_FEW_STREAMS ? STREAMS_FEW : KITH_STREAMS;
    struct socket *socket = open_sctp(streams, 0);
    (void)usrsctp_connect(socket, (struct sockaddr *)&address, sizeof address);
    return socket;
}

static struct socket *accept_kith(void)
{
    struct socket *listener = open_sctp(STREAMS_FEW, KITH_SCTP_PORT), *socket = NULL;
    usrsctp_listen(listener, 1);
    for (int tick = 0; socket == NULL && tick < TICKS_MOST; tick++) {
        run_for_a_tick();
        socket = usrsctp_accept(listener, NULL, NULL);
    }
    return socket;
}

static void say_something(struct socket *socket, enum stranger_kind kind)
{
    static char text[KITH_BATCH_MAX + 1];
    size_t size = kind == STRANGER_LARGE_MESSAGE ? sizeof text : 5;
    struct sctp_sndinfo info = {.snd_sid = 2, .snd_ppid = htonl(KITH_SCTP_PPID)};
    if (kind == STRANGER_OTHER_PPID) {
        info.snd_ppid = htonl(51);
    }
    (void)usrsctp_sendv(socket, text, size, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
}

static int live(enum stranger_kind kind)
{
    struct socket *socket =
        kind == STRANGER_LISTENS_FEW_STREAMS ? accept_kith() : connect_to_kith(kind);
    bool spoken = false;
    for (int tick = 0; socket != NULL && tick < TICKS_MOST; tick++) {
        run_for_a_tick();
        int events = usrsctp_get_events(socket);
        if (events & SCTP_EVENT_ERROR) {
            return BROKEN;
        }
        char data[100];
        struct sctp_rcvinfo info;
        socklen_t info_size = sizeof info;
        unsigned info_type = 0;
        int flags = 0;
        ssize_t size = usrsctp_recvv(socket, data, sizeof data, NULL, NULL, &info, &info_size,
                                     &info_type, &flags);
        if (size == 0 || (size < 0 && errno == ECONNRESET)) {
            return BROKEN;
        }
        if (!spoken && events & SCTP_EVENT_WRITE && kind != STRANGER_FEW_STREAMS) {
            say_something(socket, kind);
            spoken = true;
        }
    }
    return STILL_THERE;
}

pid_t stranger_start(enum stranger_kind kind, uint16_t *port, int *tell_fd)
{
    int told[2], mine[2];
    if (pipe(told) != 0 || pipe(mine) != 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        uint16_t own = open_udp();
        struct sockaddr_in peer = {.sin_family = AF_INET};
        peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (write(mine[1], &own, sizeof own) != sizeof own ||
            read(told[0], &peer.sin_port, sizeof peer.sin_port) != sizeof peer.sin_port ||
            connect(udp, (struct sockaddr *)&peer, sizeof peer) != 0) {
            _exit(FAILED);
        }
        _exit(live(kind));
    }
    bool started = child > 0 && read(mine[0], port, sizeof *port) == sizeof *port;
    close(told[0]);
    close(mine[0]);
    close(mine[1]);
    *tell_fd = told[1];
    return started ? child : -1;
}

void stranger_tell(int tell_fd, uint16_t peer_port)
{
    uint16_t port = htons(peer_port);
    (void)!write(tell_fd, &port, sizeof port);
    close(tell_fd);
}

int stranger_wait(pid_t child)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
