// SPDX-License-Identifier: Apache-2.0
// Every maximum of a node, by name (design D6). A preset per kind of machine; a program copies one
// and changes what it needs before it creates its node.
#ifndef KITH_LIMITS_H
#define KITH_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define KITH_LABEL_SIZE   32   // a process's label with its terminating zero
#define KITH_NAME_SIZE    64   // a registered name or a node name with its terminating zero
#define KITH_HOPS         16   // times a message may be forwarded or cross a link
#define KITH_DEFAULT_PORT 7400 // UDP port of a node unless told otherwise

struct kith_limits {
    uint32_t processes;        // process slots, the kernel's own included
    uint32_t messages;         // messages alive at once, wherever they are
    size_t message_memory;     // bytes of payload memory alive at once, all messages together
    size_t message_size;       // bytes of one payload
    uint32_t mailbox_messages; // default of a process that doesn't ask for its own
    size_t mailbox_bytes;      // default, payload bytes
    uint32_t timers;           // running timers, all processes together
    uint32_t monitors;         // and ties; of those a peer has a quarter or so at most
    uint32_t routes;           // links to other nodes, known former incarnations included
    uint32_t names;            // names a node registers itself
    uint32_t replicated_names; // names of other nodes kept here; 0: remote lookups ask
    size_t stack_size;         // default stack of a process, bytes
    size_t link_queue_bytes;   // encoded frames waiting in front of one link
    uint32_t link_credits;     // messages one link may have unreceived at one process
    uint64_t hog_ns;           // a process that runs longer without giving way is reported; 0: none
};

extern const struct kith_limits kith_limits_linux;
extern const struct kith_limits kith_limits_board;

#endif
