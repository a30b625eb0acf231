// SPDX-License-Identifier: Apache-2.0
// A peer that speaks SCTP in UDP, but isn't kith: usrsctp alone, in an OS process of its own.
#ifndef STRANGER_H
#define STRANGER_H

#include <stdint.h>
#include <sys/types.h>

enum stranger_kind {
    STRANGER_FEW_STREAMS,         // connects with 4 streams
    STRANGER_OTHER_PPID,          // connects, and sends something with another identifier
    STRANGER_LARGE_MESSAGE,       // connects, and sends more than a message may have
    STRANGER_LISTENS_FEW_STREAMS, // waits to be connected to, with 4 streams
};

// Starts it in a child, before anything of usrsctp has begun in this process. It learns the port of
// its peer by stranger_tell; *port is its own. It ends with status 0 when its peer has broken with
// it.
pid_t stranger_start(enum stranger_kind kind, uint16_t *port, int *tell_fd);
void stranger_tell(int tell_fd, uint16_t peer_port);
int stranger_wait(pid_t child); // gives its status

#endif
