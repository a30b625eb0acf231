// SPDX-License-Identifier: Apache-2.0
#include <kith/naming.h>

#include "node_service.h"

static void fill_counters(const struct kith_node *node, Kith__NodeCounters *out)
{
    struct kith_node_counters counters;
    kith_node_counters(node, &counters);
    out->sent = counters.sent;
    out->delivered = counters.delivered;
    out->received_remote = counters.received_remote;
    out->sent_remote = counters.sent_remote;
    out->refused = counters.refused;
    out->returned = counters.returned;
    out->unknown = counters.unknown;
    out->late_replies = counters.late_replies;
    out->denied = counters.denied;
    out->stale = counters.stale;
    out->spawned = counters.spawned;
    out->ended = counters.ended;
    out->overflows = counters.overflows;
    out->hogs = counters.hogs;
    out->switches = counters.switches;
}

static void fill_memory(const struct kith_node *node, Kith__NodeMemory *out)
{
    struct kith_message_counters counters;
    kith_message_counters(node, &counters);
    out->messages = counters.alive;
    out->message_bytes = counters.alive_bytes;
    out->pool_bytes = counters.slabs_bytes;
}

static void fill_limits(const struct kith_limits *limits, Kith__NodeLimits *out)
{
    out->processes = limits->processes;
    out->message_size = limits->message_size;
    out->message_memory = limits->message_memory;
    out->mailbox_messages = limits->mailbox_messages;
    out->stack_size = limits->stack_size;
    out->routes = limits->routes;
    out->names = limits->names;
}

static uint32_t count_links_up(const struct kith_net *net)
{
    uint32_t up = 0;
    struct kith_link_info info;
    for (uint32_t place = 0; net != NULL && place < kith_net_link_count(net); place++) {
        if (kith_net_link_info(net, place, &info) == KITH_OK && info.state == KITH_LINK_UP)
            up++;
    }
    return up;
}

static uint64_t started_unix_ns(const struct kith_node *node)
{
    const struct kith_platform *platform = kith_node_platform(node);
    uint64_t wall = platform->wall_ns(platform->state);
    uint64_t uptime = kith_node_now(node) - kith_node_started_ns(node);
    return wall > uptime ? wall - uptime : 0;
}

static enum kith_error fill_texts(const struct kith_node_service *service,
                                  struct kith_message *message, Kith__NodeInfo *info)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    info->name = kith_message_text(message, kith_node_name(service->node));
    info->version = kith_message_text(message, service->options.version);
    if (info->name == NULL || info->version == NULL)
        return KITH_ERROR_NO_MEMORY;
    if (service->net == NULL)
        return KITH_OK;
    struct kith_endpoint endpoint = kith_net_endpoint(service->net);
    info->endpoint = kith_message_text(message, kith_endpoint_format(&endpoint, text));
    return info->endpoint != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

enum kith_error kithi_node_info(struct kith_serving *serving, const void *request, void *reply)
{
    (void)request;
    const struct kith_node_service *service = serving->state;
    struct kith_message *message = *serving->message;
    Kith__NodeInfo *info = reply;
    info->counters = kith_message_part(message, &kith__node_counters__descriptor);
    info->memory = kith_message_part(message, &kith__node_memory__descriptor);
    info->limits = kith_message_part(message, &kith__node_limits__descriptor);
    if (info->counters == NULL || info->memory == NULL || info->limits == NULL)
        return KITH_ERROR_NO_MEMORY;
    fill_counters(service->node, info->counters);
    fill_memory(service->node, info->memory);
    fill_limits(kith_node_limits(service->node), info->limits);
    info->incarnation = kith_node_incarnation(service->node);
    info->uptime_ns = kith_node_now(service->node) - kith_node_started_ns(service->node);
    info->started_unix_ns = started_unix_ns(service->node);
    info->processes = kith_node_processes(service->node);
    info->links_up = count_links_up(service->net);
    struct kith_naming_status naming;
    if (kith_naming_status(service->node, &naming) == KITH_OK)
        info->names = naming.own;
    return fill_texts(service, message, info);
}
