// SPDX-License-Identifier: Apache-2.0
// The process itself; the longer handlers are in files of their own.
#include "node_service.h"

#include <string.h>

#include <kith/naming.h>

#define REGISTER_MS 10000

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static enum kith_error ping(struct kith_serving *serving, const void *request, void *reply)
{
    (void)serving;
    const Kith__NodePing *asked = request;
    Kith__NodePing *answer = reply;
    answer->number = asked->number;
    answer->data = asked->data; // the request's memory is the reply's
    return KITH_OK;
}

static enum kith_error absorb(struct kith_serving *serving, const void *request, void *reply)
{
    (void)serving;
    (void)request;
    (void)reply;
    return KITH_OK;
}

static enum kith_error log_level(struct kith_serving *serving, const void *request, void *reply)
{
    struct kith_node_service *service = serving->state;
    const Kith__NodeLogLevel *asked = request;
    Kith__NodeLogLevel *answer = reply;
    if (asked->level[0] != 0) {
        size_t level = 0;
        while (level < 4 && strcmp(asked->level, level_names[level]) != 0)
            level++;
        if (level == 4)
            return KITH_ERROR_INVALID;
        if (service->options.set_log_level == NULL)
            return KITH_ERROR_UNSUPPORTED;
        service->log_level = (enum kith_log_level)level;
        service->options.set_log_level(service->options.state, service->log_level);
    }
    answer->level = kith_message_text(*serving->message, level_names[service->log_level]);
    return answer->level != NULL ? KITH_OK : KITH_ERROR_NO_MEMORY;
}

static const struct kith_handler handlers[] = {
    {"Info", kithi_node_info},
    {"Links", kithi_node_links},
    {"Processes", kithi_node_processes},
    {"Process", kithi_node_process},
    {"Ping", ping},
    {"Absorb", absorb},
    {"Bench", kithi_node_bench},
    {"Describe", kithi_node_describe},
    {"LogLevel", log_level},
    {NULL, NULL},
};

static void run_service(struct kith_process *self, void *argument)
{
    struct kith_node_service *service = argument;
    enum kith_error error =
        kith_register(self, KITH_NODE_SERVICE_NAME, 0, NULL, kith_deadline_ms(self, REGISTER_MS));
    if (error != KITH_OK) {
        const struct kith_log_field field = {"error", kith_error_name(error), 0};
        kith_node_log(service->node, KITH_LOG_ERROR, "node_service_unregistered", &field, 1);
    }
    struct kith_server server = {
        .service = &kith__node__descriptor, .handlers = handlers, .state = service};
    kith_serve(self, &server);
}

enum kith_error kith_node_service_open(struct kith_node *node,
                                       const struct kith_node_service_options *options,
                                       struct kith_node_service **service, struct kith_ref *process)
{
    const struct kith_platform *platform = kith_node_platform(node);
    struct kith_node_service *opened = platform->allocate(platform->state, sizeof(*opened));
    if (opened == NULL)
        return KITH_ERROR_NO_MEMORY;
    *opened = (struct kith_node_service){
        .node = node, .options = *options, .log_level = options->log_level};
    struct kith_spawn_options spawn = {
        .label = "node", .entry = run_service, .argument = opened, .needed = true};
    enum kith_error error = kith_spawn(node, &spawn, process);
    if (error != KITH_OK) {
        platform->release(platform->state, opened, sizeof(*opened));
        return error;
    }
    *service = opened;
    return KITH_OK;
}

void kith_node_service_set_net(struct kith_node_service *service, const struct kith_net *net)
{
    service->net = net;
}

void kith_node_service_close(struct kith_node_service *service,
                             const struct kith_platform *platform)
{
    platform->release(platform->state, service, sizeof(*service));
}

uint32_t kithi_node_page_limit(const struct kith_node_service *service, uint32_t wanted,
                               size_t entry_size)
{
    size_t fitting = kith_node_limits(service->node)->message_size / entry_size;
    uint32_t limit = fitting < KITHI_PAGE_ENTRIES ? (uint32_t)fitting : KITHI_PAGE_ENTRIES;
    if (limit == 0)
        limit = 1;
    return wanted != 0 && wanted < limit ? wanted : limit;
}
