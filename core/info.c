// SPDX-License-Identifier: Apache-2.0
// Reading the accounting of processes from outside, without disturbing them.
#include "kernel.h"

enum kith_error kith_process_info(struct kith_node *node, uint32_t slot,
                                  struct kith_process_info *info)
{
    if (slot >= node->slots) {
        return KITH_ERROR_NOT_FOUND;
    }
    const struct kith_process *process = kithi_process_at(node, slot);
    if (process->state == KITH_STATE_FREE) {
        return KITH_ERROR_NOT_FOUND;
    }
    *info = (struct kith_process_info){
        .ref = kithi_process_ref(process),
        .state = (enum kith_process_state)process->state,
        .priority = (enum kith_priority)(process->flags & KITHI_HIGH),
        .sent = (uint64_t)process->sent_wraps << 32 | process->sent,
        .received = (uint64_t)process->received_wraps << 32 | process->received,
        .cpu_ns = kithi_cycles_to_ns(node, process->cycles),
        .started_ns = process->started_ns,
        .hogs = process->hogs,
        .mailbox_messages = process->mailbox.count,
        .mailbox_bytes = process->mailbox.bytes,
        .mailbox_limit = process->mailbox_messages,
        .mailbox_peak = process->mailbox.peak,
        .owned = process->owned,
        .stack_size = process->stack.size,
        .stack_used = kithi_stack_used(&process->stack),
    };
    memcpy(info->label, process->label, sizeof info->label);
    return KITH_OK;
}

uint32_t kith_process_slots(const struct kith_node *node)
{
    return node->slots;
}

const char *kith_process_state_name(enum kith_process_state state)
{
    static const char *const names[] = {
        [KITH_STATE_FREE] = "free",         [KITH_STATE_READY] = "ready",
        [KITH_STATE_RUNNING] = "running",   [KITH_STATE_RECEIVING] = "receiving",
        [KITH_STATE_CALLING] = "calling",   [KITH_STATE_SENDING] = "sending",
        [KITH_STATE_SLEEPING] = "sleeping",
    };
    return names[state];
}
