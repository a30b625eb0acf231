// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <string.h>

#include "host.h"
#include "settings.h"

static bool is_loopback(const struct kith_endpoint *endpoint)
{
    static const uint8_t loopback[16] = {[15] = 1};
    if (kith_endpoint_is_v4(endpoint))
        return endpoint->address[12] == 127;
    return memcmp(endpoint->address, loopback, sizeof(loopback)) == 0;
}

static const char *network_of(const struct kith_endpoint *endpoint)
{
    if (is_loopback(endpoint))
        return "this machine";
    return kith_endpoint_is_v4(endpoint) ? "IPv4" : "IPv6";
}

// :: takes IPv4 as well; an address of one kind only reaches that kind.
static bool can_reach(const struct kith_endpoint *from, const struct kith_endpoint *to)
{
    if (kith_endpoint_is_v4(from) != kith_endpoint_is_v4(to))
        return !kith_endpoint_is_v4(from) && kith_endpoint_is_any(from);
    return !is_loopback(from) || is_loopback(to);
}

static void check_peers(const struct kithi_config *config, struct kithi_problems *problems)
{
    const struct kith_endpoint *listen = &config->values[KITHI_SETTING_LISTEN].endpoint;
    const char *peers = config->values[KITHI_SETTING_PEERS].text;
    char item[KITHI_HOST_ITEM_SIZE];
    struct kithi_host host;
    while (peers != NULL && kithi_host_next(&peers, item)) {
        if (kithi_host_parse(item, &host) != KITH_OK || !host.numeric)
            continue;
        if (kith_endpoint_is_any(&host.endpoint))
            kithi_problem_error(problems, "peers: '%s' is no address of a peer", item);
        else if (!can_reach(listen, &host.endpoint))
            kithi_problem_error(problems,
                                "peers: %s can't be reached from where this node listens (%s); "
                                "try listen %s",
                                item, network_of(listen),
                                kith_endpoint_is_v4(&host.endpoint) ? "0.0.0.0" : "::");
    }
}

static void check_advertise(const struct kithi_config *config, struct kithi_problems *problems)
{
    const struct kithi_value *advertise = &config->values[KITHI_SETTING_ADVERTISE];
    if (advertise->text != NULL && kith_endpoint_is_any(&advertise->endpoint))
        kithi_problem_error(problems, "advertise: '%s' is no address that peers can send to",
                            advertise->text);
}

static void check_sizes(const struct kithi_config *config, struct kithi_problems *problems)
{
    const struct kithi_value *message = &config->values[KITHI_SETTING_MESSAGE_SIZE];
    const struct kithi_value *memory = &config->values[KITHI_SETTING_MEMORY];
    if (message->number > memory->number)
        kithi_problem_error(problems,
                            "message_size (%s) is larger than memory (%s), which all messages "
                            "share; raise memory or lower message_size",
                            message->text, memory->text);
}

void kithi_config_check(const struct kithi_config *config, struct kithi_problems *problems)
{
    check_peers(config, problems);
    check_advertise(config, problems);
    check_sizes(config, problems);
}
