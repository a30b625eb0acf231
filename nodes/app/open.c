// SPDX-License-Identifier: Apache-2.0
// A node with everything below and beside it: in which order its parts come, and go.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kith/backend_sctp.h>
#include <kith/codec.h>
#include <kith/frame.h>
#include <kith/naming.h>
#include <kith/udp_uv.h>

#include "app.h"
#include "settings.h"

#define NS_PER_MS               1000000
#define NS_PER_US               1000
#define PORTS_RESERVED          1024 // below this only the system's administrator may listen
#define LINKS_TO_FILL_A_MAILBOX 4
#define BACKEND_SPARE           16 // connections beyond the links: those that are being replaced
#define BUFFERS_PART            8  // SCTP's buffers: 1 / 8 of the memory for messages, each way

static uint64_t number(const struct kithi_app *self, enum kithi_setting setting)
{
    return self->config.values[setting].number;
}

void kithi_app_add_system(struct kithi_app *self, struct kith_ref process)
{
    if (self->system_count < KITHI_SYSTEM_PROCESSES)
        self->system[self->system_count++] = process;
}

static int fail_to_open(const struct kithi_app *self, const char *what, enum kith_error error)
{
    return kithi_app_fail(self, KITH_EXIT_FAILURE, "can't start %s: %s", what,
                          kith_error_text(error));
}

static void fill_limits(const struct kithi_app *self, struct kith_limits *limits)
{
    *limits = kith_limits_linux;
    limits->message_size = number(self, KITHI_SETTING_MESSAGE_SIZE);
    limits->message_memory = number(self, KITHI_SETTING_MEMORY);
    limits->mailbox_messages = (uint32_t)number(self, KITHI_SETTING_MAILBOX);
    limits->processes = (uint32_t)number(self, KITHI_SETTING_PROCESSES);
    limits->stack_size = number(self, KITHI_SETTING_STACK);
    limits->routes = (uint32_t)number(self, KITHI_SETTING_LINKS);
    limits->names = (uint32_t)number(self, KITHI_SETTING_NAMES);
    // Several links must be able to fill a mailbox before messages come back as "full".
    limits->link_credits = limits->mailbox_messages / LINKS_TO_FILL_A_MAILBOX;
    if (limits->link_credits == 0)
        limits->link_credits = 1;
    // The largest message must fit a mailbox, and the queue in front of a link.
    if (limits->mailbox_bytes < 2 * limits->message_size)
        limits->mailbox_bytes = 2 * limits->message_size;
}

// Without a name of its own a node has the host's, and its port where several may share a host.
static void choose_name(struct kithi_app *self)
{
    const char *given = self->config.values[KITHI_SETTING_NAME].text;
    uint16_t port = self->config.values[KITHI_SETTING_LISTEN].endpoint.port;
    char host[KITH_NAME_SIZE] = "";
    if (given != NULL) {
        snprintf(self->name, sizeof(self->name), "%s", given);
        return;
    }
    gethostname(host, sizeof(host) - 1);
    host[strcspn(host, ".")] = 0;
    if (port == KITH_DEFAULT_PORT)
        snprintf(self->name, sizeof(self->name), "%s", host);
    else if (port != 0)
        snprintf(self->name, sizeof(self->name), "%.50s-%u", host, port);
    else
        snprintf(self->name, sizeof(self->name), "%.50s-%ld", host, (long)getpid());
    if (!kith_name_valid(self->name))
        snprintf(self->name, sizeof(self->name), "node-%ld", (long)getpid());
}

static int open_platform(struct kithi_app *self)
{
    const struct kith_platform_linux_options options = {
        .log_level = (enum kith_log_level)number(self, KITHI_SETTING_LOG_LEVEL),
        .spin_us = (uint32_t)(number(self, KITHI_SETTING_SPIN) / NS_PER_US)};
    enum kith_error error = kith_platform_linux_open(&options, &self->platform);
    if (error != KITH_OK)
        return fail_to_open(self, "the event loop", error);
    self->platform_open = true;
    return KITH_EXIT_OK;
}

static int open_node(struct kithi_app *self)
{
    struct kith_limits limits;
    fill_limits(self, &limits);
    choose_name(self);
    const struct kith_node_options options = {
        .name = self->name, .platform = &self->platform, .limits = &limits};
    enum kith_error error = kith_node_open(&options, &self->node);
    if (error != KITH_OK)
        return fail_to_open(self, "the node", error);
    error = kithi_submissions_open(self->node, kith_platform_linux_loop(&self->platform),
                                   &self->submissions);
    if (error != KITH_OK)
        return fail_to_open(self, "the event loop", error);
    kith_node_part_set(self->node, KITH_PART_APP, self);
    kith_platform_linux_watch(&self->platform, self->node);
    return KITH_EXIT_OK;
}

static void set_log_level(void *state, enum kith_log_level level)
{
    const struct kithi_app *self = state;
    kith_platform_linux_set_log_level(&self->platform, level);
}

// The processes that every node has.
static int open_services(struct kithi_app *self, struct kith_ref *naming, struct kith_ref *kernel)
{
    struct kith_ref resolver;
    enum kith_error error = kithi_resolver_open(self->node, &self->resolver, &resolver);
    if (error != KITH_OK)
        return fail_to_open(self, "looking up of DNS names", error);
    kithi_app_add_system(self, resolver);
    const struct kith_naming_options naming_options = {
        .resolver = {.resolve = kithi_resolver_resolve, .state = self->resolver}};
    error = kith_naming_open(self->node, &naming_options, naming);
    if (error != KITH_OK)
        return fail_to_open(self, "the naming service", error);
    kithi_app_add_system(self, *naming);
    const struct kith_node_service_options options = {
        .version = self->app->version,
        .set_log_level = set_log_level,
        .state = self,
        .log_level = (enum kith_log_level)number(self, KITHI_SETTING_LOG_LEVEL)};
    error = kith_node_service_open(self->node, &options, &self->service, kernel);
    if (error != KITH_OK)
        return fail_to_open(self, "the node service", error);
    kithi_app_add_system(self, *kernel);
    return KITH_EXIT_OK;
}

static enum kith_error open_backend(struct kithi_app *self)
{
    struct kith_udp *udp;
    const struct kith_udp_uv_options udp_options = {.loop =
                                                        kith_platform_linux_loop(&self->platform)};
    enum kith_error error = kith_udp_uv_open(&udp_options, &udp);
    if (error != KITH_OK)
        return error;
    kith_platform_linux_set_look(&self->platform, kith_udp_uv_look, udp);
    const struct kith_backend_sctp_options options = {
        .platform = &self->platform,
        .udp = udp,
        .connections = (uint32_t)number(self, KITHI_SETTING_LINKS) + BACKEND_SPARE,
        .buffers_total = number(self, KITHI_SETTING_MEMORY) / BUFFERS_PART,
        .faults = {.seed = number(self, KITHI_SETTING_TEST_SEED),
                   .drop = (uint16_t)number(self, KITHI_SETTING_TEST_DROP),
                   .duplicate = (uint16_t)number(self, KITHI_SETTING_TEST_DUPLICATE),
                   .reorder = (uint16_t)number(self, KITHI_SETTING_TEST_REORDER),
                   .corrupt = (uint16_t)number(self, KITHI_SETTING_TEST_CORRUPT),
                   .delay = (uint16_t)number(self, KITHI_SETTING_TEST_DELAY),
                   .delay_ms =
                       (uint32_t)(number(self, KITHI_SETTING_TEST_DELAY_TIME) / NS_PER_MS)}};
    return kith_backend_sctp_open(&options, &self->backend);
}

static int fail_to_listen(const struct kithi_app *self, enum kith_error error)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    struct kith_endpoint listen = self->config.values[KITHI_SETTING_LISTEN].endpoint;
    kith_endpoint_format(&listen, text);
    if (error == KITH_ERROR_IN_USE) {
        struct kith_endpoint next = listen;
        char other[KITH_ENDPOINT_TEXT_SIZE];
        next.port = next.port < UINT16_MAX ? (uint16_t)(next.port + 1) : (uint16_t)0;
        return kithi_app_fail(self, KITH_EXIT_IN_USE,
                              "can't listen on %s: another program uses that UDP port; stop it, or "
                              "try --listen %s",
                              text, kith_endpoint_format(&next, other));
    }
    if (error == KITH_ERROR_INVALID)
        return kithi_app_fail(self, KITH_EXIT_FAILURE,
                              "can't listen on %s: this machine has no such address; try --listen "
                              "%s for all it has",
                              text, kith_endpoint_is_v4(&listen) ? "0.0.0.0" : "::");
    if (listen.port != 0 && listen.port < PORTS_RESERVED && geteuid() != 0)
        return kithi_app_fail(self, KITH_EXIT_DENIED,
                              "can't listen on %s: ports below %d need root; try --listen with "
                              "port 7400",
                              text, PORTS_RESERVED);
    return kithi_app_fail(self, KITH_EXIT_FAILURE, "can't listen on %s: %s", text,
                          kith_error_text(error));
}

static int open_net(struct kithi_app *self, struct kith_ref naming, struct kith_ref kernel)
{
    const struct kithi_value *values = self->config.values;
    enum kith_error error = open_backend(self);
    if (error != KITH_OK)
        return fail_to_open(self, "SCTP", error);
    const struct kith_net_options options = {
        .node = self->node,
        .backend = self->backend,
        .listen = values[KITHI_SETTING_LISTEN].endpoint,
        .advertise = values[KITHI_SETTING_ADVERTISE].endpoint,
        .features = KITH_FEATURE_REPLICATION,
        .detect_ms = number(self, KITHI_SETTING_DETECT) / NS_PER_MS,
        .naming = naming,
        .kernel = kernel,
        .version = self->app->version,
    };
    error = kith_net_open(&options, &self->net);
    if (error != KITH_OK)
        return fail_to_listen(self, error);
    struct kith_endpoint endpoint = kith_net_endpoint(self->net);
    kith_naming_set_endpoints(self->node, &endpoint, &options.advertise);
    kith_node_service_set_net(self->service, self->net);
    return KITH_EXIT_OK;
}

int kithi_app_open(struct kithi_app *self)
{
    struct kith_ref naming, kernel;
    int code = open_platform(self);
    if (code == KITH_EXIT_OK)
        code = open_node(self);
    if (code == KITH_EXIT_OK)
        code = open_services(self, &naming, &kernel);
    if (code == KITH_EXIT_OK)
        code = open_net(self, naming, kernel);
    return code;
}

void kithi_app_close(struct kithi_app *self)
{
    if (self->platform_open)
        kith_platform_linux_set_look(&self->platform, NULL, NULL);
    if (self->net != NULL)
        kith_net_close(self->net);
    if (self->backend != NULL)
        kith_backend_sctp_close(self->backend);
    if (self->node != NULL) {
        if (self->submissions != NULL)
            kithi_submissions_close(self->submissions);
        if (self->app->end != NULL)
            self->app->end(self->node, self->app->state);
        kith_naming_close(self->node);
        if (self->resolver != NULL)
            kithi_resolver_close(self->resolver);
        kith_platform_linux_watch(&self->platform, NULL);
        kith_codec_close(self->node);
        kith_node_close(self->node);
    }
    if (self->service != NULL)
        kith_node_service_close(self->service, &self->platform);
    kithi_supervisor_close(self);
    kithi_app_close_peers(self);
    if (self->platform_open)
        kith_platform_linux_close(&self->platform);
}
