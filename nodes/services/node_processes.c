// SPDX-License-Identifier: Apache-2.0
#include "node_service.h"

#define ENTRY_SIZE 300 // of a process, as it is encoded, and its structs

static enum kith_error fill_process(const struct kith_node *node, struct kith_message *message,
                                    const struct kith_process_info *info, Kith__NodeProcess *out)
{
    out->slot = info->ref.slot;
    out->generation = info->ref.generation;
    out->high_priority = info->priority == KITH_PRIORITY_HIGH;
    out->sent = info->sent;
    out->received = info->received;
    out->cpu_ns = info->cpu_ns;
    out->age_ns = kith_node_now(node) - info->started_ns;
    out->hogs = info->hogs;
    out->mailbox = info->mailbox_messages;
    out->mailbox_bytes = info->mailbox_bytes;
    out->mailbox_limit = info->mailbox_limit;
    out->mailbox_peak = info->mailbox_peak;
    out->owned = info->owned;
    out->stack_size = info->stack_size;
    out->stack_used = info->stack_used;
    out->label = kith_message_text(message, info->label);
    out->state = kith_message_text(message, kith_process_state_name(info->state));
    return out->label != NULL && out->state != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

enum kith_error kithi_node_processes(struct kith_serving *serving, const void *request, void *reply)
{
    const struct kith_node_service *service = serving->state;
    const Kith__NodePageWanted *wanted = request;
    Kith__NodeProcesses *page = reply;
    uint32_t limit = kithi_node_page_limit(service, wanted->limit, ENTRY_SIZE);
    uint32_t count = kith_process_slots(service->node);
    page->processes = kith_message_allocate(*serving->message, limit * sizeof(*page->processes));
    if (page->processes == NULL)
        return KITH_ERROR_NO_MEMORY;
    struct kith_process_info info;
    for (uint32_t slot = wanted->place; slot < count; slot++) {
        if (kith_process_info(service->node, slot, &info) != KITH_OK)
            continue;
        if (page->n_processes == limit) {
            page->next = slot;
            break;
        }
        Kith__NodeProcess *process =
            kith_message_part(*serving->message, &kith__node_process__descriptor);
        if (process == NULL ||
            fill_process(service->node, *serving->message, &info, process) != KITH_OK)
            return KITH_ERROR_NO_MEMORY;
        page->processes[page->n_processes++] = process;
    }
    return KITH_OK;
}

enum kith_error kithi_node_process(struct kith_serving *serving, const void *request, void *reply)
{
    const struct kith_node_service *service = serving->state;
    const Kith__NodeProcessWanted *wanted = request;
    struct kith_process_info info;
    if (kith_process_info(service->node, wanted->slot, &info) != KITH_OK)
        return KITH_ERROR_NOT_FOUND;
    if (wanted->generation != 0 && wanted->generation != info.ref.generation)
        return KITH_ERROR_NOT_FOUND;
    return fill_process(service->node, *serving->message, &info, reply);
}
