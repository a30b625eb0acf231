// SPDX-License-Identifier: Apache-2.0
// The last step of every message: rights, the receiver's slot and generation, its mailbox.
#include "path.h"

void kith_rights_set(struct kith_node *node, const struct kith_rights *rights)
{
    node->rights = *rights;
}

bool kithi_rights_allow(const struct kith_node *node, const struct kith_message *message,
                        bool remote)
{
    if (KITH_TYPE_SIGNATURE(message->type) == KITH_SIGNATURE_KERNEL) {
        return false; // the kernel's own messages don't pass here
    }
    return node->rights.allow == NULL || node->rights.allow(node->rights.state, message, remote);
}

enum kith_error kithi_deliver_local(struct kith_node *node, struct kith_message *message,
                                    bool remote)
{
    if (!kithi_rights_allow(node, message, remote)) {
        node->counters.denied++;
        return KITH_ERROR_DENIED;
    }
    struct kith_process *receiver = kithi_process_find(node, message->to);
    if (receiver == NULL) {
        node->counters.stale++;
        return kith_ref_is_none(message->to) ? KITH_ERROR_NOT_FOUND : KITH_ERROR_STALE;
    }
    if (!kithi_mailbox_waits_for(receiver, message) && !kithi_mailbox_admits(receiver, message)) {
        return KITH_ERROR_FULL;
    }
    node->counters.delivered++;
    kithi_mailbox_put(receiver, message);
    return KITH_OK;
}

void kithi_deliver_reply(struct kith_node *node, struct kith_message *message)
{
    struct kith_process *caller = kithi_process_find(node, message->to);
    if (caller == NULL || (!message->asynchronous && !kithi_mailbox_waits_for(caller, message))) {
        node->counters.late_replies += !message->failed;
        kithi_message_let_go(message, KITHI_PLACE_KERNEL);
        if (!KITH_BUG(MESSAGE_LEAKED)) {
            kithi_pool_put(message);
        }
        return;
    }
    node->counters.delivered += !message->failed;    // else nobody has sent it
    if (message->failed && !message->asynchronous) { // nobody replied: the call itself fails
        enum kith_error error = kith_error_from_number(message->error);
        kithi_message_let_go(message, KITHI_PLACE_KERNEL);
        kithi_pool_put(message);
        kithi_wake(caller, error != KITH_OK ? error : KITH_ERROR_DOWN);
        return;
    }
    // Replies pass a full mailbox: their number is bounded by what the process has asked.
    kithi_mailbox_put(caller, message);
}

void kithi_deliver_kernel(struct kith_process *process, struct kith_message *message)
{
    // Bounded by the number of monitors and timers, so the mailbox's own limit doesn't apply.
    kithi_mailbox_put(process, message);
}

void kithi_senders_fail(struct kithi_list *senders, enum kith_error reason)
{
    while (!kithi_list_empty(senders)) {
        kithi_wake_in_vain(KITHI_ENTRY(senders->next, struct kith_process, waiting), reason);
    }
}
