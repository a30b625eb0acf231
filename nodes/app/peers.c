// SPDX-License-Identifier: Apache-2.0
// Keeps links to the peers of the configuration. DNS names are looked up again and again: all
// addresses of a name are peers, and addresses come and go with containers.
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "host.h"
#include "settings.h"

#define HOSTS_MAX 256
#define LOOKUP_MS 10000
#define SECOND_NS UINT64_C(1000000000)
#define HURRY     10 // looks so much more often while peers are missing

struct host {
    struct kithi_host host;
    struct kith_endpoint endpoints[KITHI_RESOLVER_ENDPOINTS]; // of the last answer
    size_t count;
    bool failed; // the last lookup did
};

struct kithi_peers {
    struct kithi_app *app;
    size_t count;
    struct host hosts[HOSTS_MAX];
};

static void log_host(const struct kithi_peers *peers, enum kith_log_level level, const char *event,
                     const struct host *host, enum kith_error error)
{
    const struct kith_log_field fields[] = {{"host", host->host.text, 0},
                                            {"error", kith_error_name(error), 0}};
    kith_node_log(peers->app->node, level, event, fields, error != KITH_OK ? 2 : 1);
}

// An IPv4 socket reaches IPv4 only; one on :: reaches both.
static bool can_reach(const struct kithi_peers *peers, const struct kith_endpoint *endpoint)
{
    const struct kith_endpoint *listen = &peers->app->config.values[KITHI_SETTING_LISTEN].endpoint;
    bool v4 = kith_endpoint_is_v4(listen), both = !v4 && kith_endpoint_is_any(listen);
    return both || v4 == kith_endpoint_is_v4(endpoint);
}

static bool is_up(const struct kithi_peers *peers, const struct kith_endpoint *endpoint)
{
    struct kith_link_info info;
    enum kith_error error = kith_net_peer_info(peers->app->net, endpoint, &info);
    return error == KITH_OK && info.state == KITH_LINK_UP;
}

// Also while it isn't known yet whether its node is still there. A name may stand for this node,
// too, among others of its kind.
static bool is_in_use(const struct kithi_peers *peers, const struct kith_endpoint *endpoint)
{
    struct kith_link_info info;
    enum kith_error error = kith_net_peer_info(peers->app->net, endpoint, &info);
    return error == KITH_OK && (info.state == KITH_LINK_UP || info.state == KITH_LINK_SUSPECT) &&
           info.incarnation != kith_node_incarnation(peers->app->node);
}

static bool add_peer(const struct kithi_peers *peers, const struct host *host,
                     const struct kith_endpoint *endpoint)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    enum kith_error error = kith_net_peer_add(peers->app->net, endpoint);
    if (error == KITH_OK)
        return true;
    const struct kith_log_field fields[] = {{"host", host->host.text, 0},
                                            {"endpoint", kith_endpoint_format(endpoint, text), 0},
                                            {"error", kith_error_name(error), 0}};
    kith_node_log(peers->app->node, KITH_LOG_ERROR, "peer_not_added", fields, 3);
    return false;
}

static bool contains(const struct kith_endpoint *endpoints, size_t count,
                     const struct kith_endpoint *endpoint)
{
    for (size_t i = 0; i < count; i++) {
        if (kith_endpoint_equal(&endpoints[i], endpoint))
            return true;
    }
    return false;
}

// Whether another host of the configuration stands for that endpoint, too.
static bool is_wanted(const struct kithi_peers *peers, const struct host *but,
                      const struct kith_endpoint *endpoint)
{
    for (const struct host *host = peers->hosts; host < peers->hosts + peers->count; host++) {
        if (host != but && contains(host->endpoints, host->count, endpoint))
            return true;
    }
    return false;
}

// New addresses become peers; old ones are let go, unless the link is in use.
static void take_addresses(const struct kithi_peers *peers, struct host *host,
                           const struct kith_endpoint *found, size_t count)
{
    struct kith_endpoint kept[KITHI_RESOLVER_ENDPOINTS];
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = contains(host->endpoints, host->count, &found[i]);
        if (can_reach(peers, &found[i]) && (known || add_peer(peers, host, &found[i])))
            kept[kept_count++] = found[i];
    }
    for (size_t i = 0; i < host->count; i++) {
        const struct kith_endpoint *old = &host->endpoints[i];
        if (contains(kept, kept_count, old) || is_wanted(peers, host, old))
            continue;
        if (is_in_use(peers, old) && kept_count < KITHI_RESOLVER_ENDPOINTS)
            kept[kept_count++] = *old;
        else
            kith_net_peer_remove(peers->app->net, old);
    }
    memcpy(host->endpoints, kept, kept_count * sizeof(kept[0]));
    host->count = kept_count;
}

static enum kith_error look_up(const struct kithi_peers *peers, struct kith_process *self,
                               struct host *host)
{
    struct kith_endpoint found[KITHI_RESOLVER_ENDPOINTS];
    size_t count = 0;
    enum kith_error error = kithi_resolver_resolve(
        peers->app->resolver, self, host->host.text, host->host.port,
        kith_deadline_ms(self, LOOKUP_MS), found, KITHI_RESOLVER_ENDPOINTS, &count);
    if (error == KITH_OK)
        take_addresses(peers, host, found, count);
    if (error != KITH_OK && error != KITH_ERROR_KILLED && !host->failed)
        log_host(peers, KITH_LOG_WARNING, "peer_name_unknown", host, error);
    else if (error == KITH_OK && host->failed)
        log_host(peers, KITH_LOG_INFO, "peer_name_known", host, KITH_OK);
    host->failed = error != KITH_OK;
    return error;
}

static bool is_missing(const struct kithi_peers *peers, const struct host *host)
{
    for (size_t i = 0; i < host->count; i++) {
        if (!is_up(peers, &host->endpoints[i]))
            return true;
    }
    return host->count == 0;
}

static enum kith_error look_up_all(struct kithi_peers *peers, struct kith_process *self)
{
    for (struct host *host = peers->hosts; host < peers->hosts + peers->count; host++) {
        if (!host->host.numeric && look_up(peers, self, host) == KITH_ERROR_KILLED)
            return KITH_ERROR_KILLED;
    }
    return KITH_OK;
}

static uint64_t pause_ns(const struct kithi_peers *peers)
{
    uint64_t pause = peers->app->config.values[KITHI_SETTING_RESOLVE].number;
    for (size_t i = 0; i < peers->count; i++) {
        if (!peers->hosts[i].host.numeric && is_missing(peers, &peers->hosts[i]))
            return pause / HURRY > SECOND_NS ? pause / HURRY : SECOND_NS;
    }
    return pause;
}

// True if there are names among the hosts.
static bool read_hosts(struct kithi_peers *peers, const char *list)
{
    char item[KITHI_HOST_ITEM_SIZE];
    bool names = false;
    while (peers->count < HOSTS_MAX && kithi_host_next(&list, item)) {
        struct host *host = &peers->hosts[peers->count++];
        *host = (struct host){.count = 0};
        // It has been checked when the configuration was read.
        if (kithi_host_parse(item, &host->host) != KITH_OK)
            peers->count--;
        else if (host->host.numeric)
            (void)add_peer(peers, host, &host->host.endpoint);
        else
            names = true;
    }
    return names;
}

static void run_peers(struct kith_process *self, void *argument)
{
    struct kithi_peers *peers = argument;
    bool names = read_hosts(peers, peers->app->config.values[KITHI_SETTING_PEERS].text);
    while (names && look_up_all(peers, self) == KITH_OK &&
           kith_sleep_until(self, kith_now(self) + pause_ns(peers)) == KITH_OK)
        ;
}

enum kith_error kithi_app_start_peers(struct kithi_app *self)
{
    if (self->config.values[KITHI_SETTING_PEERS].text == NULL)
        return KITH_OK;
    self->peers = malloc(sizeof(*self->peers));
    if (self->peers == NULL)
        return KITH_ERROR_NO_MEMORY;
    self->peers->app = self;
    self->peers->count = 0;
    const struct kith_spawn_options options = {.label = "peers",
                                               .needed = true,
                                               .entry = run_peers,
                                               .argument = self->peers,
                                               .stack_size = 32768};
    return kith_spawn(self->node, &options, NULL);
}

void kithi_app_close_peers(struct kithi_app *self)
{
    free(self->peers);
}
