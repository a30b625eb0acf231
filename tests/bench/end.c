// SPDX-License-Identifier: Apache-2.0
#include "end.h"

#include <errno.h>
#include <string.h>

#include <kith/backend_sctp.h>
#include <kith/codec.h>
#include <kith/exchange.h>
#include <kith/platform_linux.h>
#include <kith/udp_uv.h>

enum { LOOK_MS = 1, MEET_MS = 10000 };

static enum kith_error open_node(struct end *end, uint32_t spin_us)
{
    const struct kith_platform_linux_options options = {.log_level = KITH_LOG_ERROR,
                                                        .spin_us = spin_us};
    enum kith_error error = kith_platform_linux_open(&options, &end->platform);
    if (error != KITH_OK) {
        return error;
    }
    const struct kith_node_options node = {
        .name = "bench", .platform = &end->platform, .limits = &kith_limits_linux};
    return kith_node_open(&node, &end->node);
}

static enum kith_error open_net(struct end *end, struct kith_ref server, struct kith_ref other)
{
    const struct kith_udp_uv_options udp = {.loop = kith_platform_linux_loop(&end->platform)};
    struct kith_backend_sctp_options sctp = {.platform = &end->platform};
    struct kith_net_options net = {.node = end->node, .kernel = server, .naming = other};
    enum kith_error error = kith_endpoint_parse("127.0.0.1:0", 0, &net.listen);
    if (error == KITH_OK) {
        error = kith_udp_uv_open(&udp, &sctp.udp);
    }
    if (error == KITH_OK) {
        kith_platform_linux_set_look(&end->platform, kith_udp_uv_look, sctp.udp);
        error = kith_backend_sctp_open(&sctp, &end->backend);
    }
    net.backend = end->backend;
    return error == KITH_OK ? kith_net_open(&net, &end->net) : error;
}

bool end_open(struct end *end, uint32_t spin_us, kith_process_entry *serve)
{
    struct kith_ref server = KITH_REF_NONE, other = KITH_REF_NONE;
    const struct kith_spawn_options options = {.label = "server", .entry = serve};
    enum kith_error error = open_node(end, spin_us);
    if (error == KITH_OK && serve != NULL) {
        error = kith_spawn(end->node, &options, &server);
    }
    if (error == KITH_OK && serve != NULL) {
        error = kith_spawn(end->node, &options, &other);
    }
    if (error == KITH_OK) {
        error = open_net(end, server, other);
    }
    errno = 0;
    if (error != KITH_OK) {
        bench_complain(kith_error_text(error));
    }
    return error == KITH_OK;
}

uint16_t end_port(const struct end *end)
{
    return kith_net_endpoint(end->net).port;
}

bool end_run(struct end *end, uint16_t port, kith_process_entry *client, void *argument)
{
    const struct kith_spawn_options options = {
        .label = "client", .entry = client, .argument = argument};
    struct kith_endpoint peer = kith_net_endpoint(end->net);
    peer.port = port;
    end->error = kith_net_peer_add(end->net, &peer);
    if (end->error == KITH_OK) {
        end->error = kith_spawn(end->node, &options, NULL);
    }
    if (end->error == KITH_OK) {
        kith_node_run(end->node);
    }
    errno = 0;
    if (end->error != KITH_OK) {
        bench_complain(kith_error_text(end->error));
    }
    kith_platform_linux_set_look(&end->platform, NULL, NULL);
    kith_net_close(end->net);
    kith_backend_sctp_close(end->backend);
    kith_codec_close(end->node);
    kith_node_close(end->node);
    kith_platform_linux_close(&end->platform);
    return end->error == KITH_OK;
}

enum kith_error end_meet(struct end *end, struct kith_process *self)
{
    uint64_t deadline_ns = kith_deadline_ms(self, MEET_MS);
    enum kith_error error = KITH_OK;
    while (error == KITH_OK && kith_now(self) < deadline_ns) {
        struct kith_link_info info;
        if (kith_net_link_info(end->net, 0, &info) == KITH_OK && info.state == KITH_LINK_UP) {
            end->peer = info.kernel;
            end->other = info.naming;
            return KITH_OK;
        }
        error = kith_sleep_until(self, kith_deadline_ms(self, LOOK_MS));
    }
    return error == KITH_OK ? KITH_ERROR_TIMEOUT : error;
}

void end_finish(struct end *end, enum kith_error error)
{
    end->error = error;
    kith_node_stop(end->node);
}

void end_count(struct kith_process *self, void *argument)
{
    uint64_t count = 0;
    struct kith_message *message;
    (void)argument;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        if (message->waiting && message->size >= sizeof count) {
            memcpy(message->data, &count, sizeof count);
            (void)kith_reply(self, &message);
        } else {
            count++;
        }
        kith_message_free(&message);
    }
}
