// SPDX-License-Identifier: Apache-2.0
#include "node_service.h"

#define ENTRY_SIZE 400 // of a link, as it is encoded, and its structs

static void fill_numbers(const struct kith_node *node, const struct kith_link_info *info,
                         Kith__NodeLink *link)
{
    uint64_t now = kith_node_now(node);
    link->incarnation = info->incarnation;
    link->transient = info->transient;
    link->uptime_ns = info->peer_uptime_ns;
    link->up_ns = info->up_since_ns != 0 ? now - info->up_since_ns : 0;
    link->rtt_ns = info->rtt_ns;
    link->silent_ns = info->heard_ns != 0 ? now - info->heard_ns : 0;
    link->frames_sent = info->frames_sent;
    link->frames_received = info->frames_received;
    link->batches_sent = info->batches_sent;
    link->batches_received = info->batches_received;
    link->bytes_sent = info->bytes_sent;
    link->bytes_received = info->bytes_received;
    link->malformed = info->malformed;
    link->reconnects = info->reconnects;
    link->queued_bytes = info->queued_bytes;
}

static Kith__NodeLink *make_link(const struct kith_node *node, struct kith_message *message,
                                 const struct kith_link_info *info)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    Kith__NodeLink *link = kith_message_part(message, &kith__node_link__descriptor);
    if (link == NULL)
        return NULL;
    fill_numbers(node, info, link);
    link->endpoint = kith_message_text(message, kith_endpoint_format(&info->endpoint, text));
    link->name = kith_message_text(message, info->name);
    link->version = kith_message_text(message, info->version);
    link->state = kith_message_text(message, kith_link_state_name(info->state));
    link->last_error = kith_message_text(
        message, info->last_error != KITH_OK ? kith_error_name(info->last_error) : "");
    bool complete = link->endpoint != NULL && link->name != NULL && link->version != NULL &&
                    link->state != NULL && link->last_error != NULL;
    return complete ? link : NULL;
}

enum kith_error kithi_node_links(struct kith_serving *serving, const void *request, void *reply)
{
    const struct kith_node_service *service = serving->state;
    const Kith__NodePageWanted *wanted = request;
    Kith__NodeLinks *page = reply;
    uint32_t limit = kithi_node_page_limit(service, wanted->limit, ENTRY_SIZE);
    uint32_t count = service->net != NULL ? kith_net_link_count(service->net) : 0;
    page->links = kith_message_allocate(*serving->message, limit * sizeof(*page->links));
    if (page->links == NULL)
        return KITH_ERROR_NO_MEMORY;
    struct kith_link_info info;
    for (uint32_t place = wanted->place; place < count; place++) {
        if (kith_net_link_info(service->net, place, &info) != KITH_OK)
            continue;
        if (page->n_links == limit) {
            page->next = place;
            break;
        }
        Kith__NodeLink *link = make_link(service->node, *serving->message, &info);
        if (link == NULL)
            return KITH_ERROR_NO_MEMORY;
        page->links[page->n_links++] = link;
    }
    return KITH_OK;
}
