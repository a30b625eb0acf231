// SPDX-License-Identifier: Apache-2.0
// Rights: the one place where it is decided who may send what to whom (design D12). Every delivery,
// local and remote, passes it. message->from has been stamped by the kernel or the link.
#ifndef KITH_RIGHTS_H
#define KITH_RIGHTS_H

#include <stdbool.h>

#include <kith/message.h>
#include <kith/node.h>

// A policy of the program's own, asked after the built-in rule (nobody but the kernel sends the
// kernel's types). Borrows the message, must not block. `remote`: it came by a link.
struct kith_rights {
    bool (*allow)(void *state, const struct kith_message *message, bool remote);
    void *state;
};
void kith_rights_set(struct kith_node *node, const struct kith_rights *rights);

#endif
