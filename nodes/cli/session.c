// SPDX-License-Identifier: Apache-2.0
// The node of one run: opening, the process of the command, leaving.
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <kith/backend_sctp.h>
#include <kith/udp_uv.h>

#include "dns.h"
#include "host.h"

#define LEAVE_MS    1000 // how long the goodbye may take
#define LOOK_MS     1
#define SAME_NS     UINT64_C(200000000) // signals so close are one: timeout(1) sends two
#define STACK_SIZE  (256 * 1024)        // JSON of any depth is read on it
#define INTERRUPTED 130                 // what shells report for SIGINT

static int find_targets(struct kithi_session *session)
{
    struct kithi_host host;
    if (kithi_host_parse(session->target_text, &host) != KITH_OK)
        return kithi_fail(session, KITH_EXIT_USAGE,
                          "--node: expected an IP address or DNS name with or without a port, such "
                          "as 10.0.0.7:7400, not '%.200s'",
                          session->target_text);
    if (host.numeric) {
        session->targets[0] = host.endpoint;
        session->target_count = 1;
        return KITH_EXIT_OK;
    }
    enum kith_error error =
        kithi_dns_resolve(host.text, host.port, session->timeout_ns, session->targets,
                          KITHI_TARGETS_MAX, &session->target_count);
    if (error == KITH_ERROR_NOT_FOUND)
        return kithi_fail(session, KITH_EXIT_NOT_FOUND,
                          "no host '%s': DNS doesn't know it; try an IP address", host.text);
    if (error != KITH_OK)
        return kithi_fail(session, kithi_exit_code(error),
                          "can't look up host '%s': no answer from DNS; try an IP address",
                          host.text);
    return KITH_EXIT_OK;
}

static enum kith_error open_backend(struct kithi_session *session)
{
    struct kith_udp *udp;
    const struct kith_udp_uv_options udp_options = {
        .loop = kith_platform_linux_loop(&session->platform)};
    enum kith_error error = kith_udp_uv_open(&udp_options, &udp);
    if (error != KITH_OK)
        return error;
    const struct kith_backend_sctp_options options = {.platform = &session->platform, .udp = udp};
    return kith_backend_sctp_open(&options, &session->backend);
}

// On all addresses, since it isn't known yet which nodes the command leads to. A machine without
// IPv6 has no "::".
static enum kith_error open_net(struct kithi_session *session)
{
    static const struct kith_endpoint any_v4 = {.address = {[10] = 0xff, [11] = 0xff}};
    struct kith_net_options options = {
        .node = session->node, .transient = true, .version = KITH_VERSION};
    enum kith_error error = open_backend(session);
    if (error != KITH_OK)
        return error;
    options.backend = session->backend;
    error = kith_net_open(&options, &session->net);
    if (error == KITH_OK)
        return error;
    kith_backend_sctp_close(session->backend);
    session->backend = NULL;
    error = open_backend(session);
    if (error != KITH_OK)
        return error;
    options.backend = session->backend;
    options.listen = any_v4;
    return kith_net_open(&options, &session->net);
}

static enum kith_error open_node(struct kithi_session *session)
{
    struct kith_limits limits = kith_limits_linux;
    limits.processes = 64;
    limits.routes = 64;
    limits.replicated_names = 0;
    const struct kith_platform_linux_options platform_options = {
        .log_level = session->invocation.general[KITHI_GENERAL_VERBOSE] != NULL ? KITH_LOG_DEBUG
                                                                                : KITH_LOG_ERROR};
    enum kith_error error = kith_platform_linux_open(&platform_options, &session->platform);
    if (error != KITH_OK)
        return error;
    session->platform_open = true;
    char name[KITH_NAME_SIZE];
    snprintf(name, sizeof(name), "kith-%ld", (long)getpid());
    const struct kith_node_options options = {
        .name = name, .platform = &session->platform, .limits = &limits};
    error = kith_node_open(&options, &session->node);
    return error == KITH_OK ? open_net(session) : error;
}

static void close_node(struct kithi_session *session)
{
    if (session->net != NULL)
        kith_net_close(session->net);
    if (session->backend != NULL)
        kith_backend_sctp_close(session->backend);
    if (session->node != NULL) {
        kith_codec_close(session->node);
        kith_node_close(session->node);
    }
    if (session->platform_open)
        kith_platform_linux_close(&session->platform);
}

static void run_leave(struct kith_process *self, void *argument)
{
    struct kithi_session *session = argument;
    uint64_t deadline = kith_deadline_ms(self, LEAVE_MS);
    kith_net_leave(session->net, deadline);
    while (!kith_net_quiet(session->net) && kith_now(self) < deadline)
        kith_sleep_until(self, kith_deadline_ms(self, LOOK_MS));
    kith_node_stop(session->node);
}

static void begin_to_leave(struct kithi_session *session)
{
    const struct kith_spawn_options options = {
        .label = "leave", .needed = true, .entry = run_leave, .argument = session};
    if (session->leaving)
        return;
    session->leaving = true;
    session->leaving_since_ns = kith_node_now(session->node);
    if (kith_spawn(session->node, &options, NULL) != KITH_OK)
        kith_node_stop(session->node);
}

static void on_stop(void *argument, int signal_number)
{
    (void)signal_number;
    struct kithi_session *session = argument;
    uint64_t now = kith_node_now(session->node);
    if (session->leaving) {
        if (now - session->leaving_since_ns >= SAME_NS)
            kith_node_stop(session->node); // who says so twice doesn't want to wait
        return;
    }
    session->exit_code = session->interrupted_code;
    kith_kill(session->node, session->process, KITH_OK);
    begin_to_leave(session);
}

// All addresses of the node asked are tried at once; the first that answers is taken.
static int link_target(struct kithi_session *session)
{
    enum kith_error error = KITH_OK;
    for (size_t i = 1; i < session->target_count && error == KITH_OK; i++)
        error = kith_net_peer_add(session->net, &session->targets[i]);
    if (error == KITH_OK)
        error = kithi_link_endpoint(session, NULL, &session->target);
    if (error == KITH_OK)
        return KITH_EXIT_OK;
    if (error == KITH_ERROR_UNREACHABLE || error == KITH_ERROR_TIMEOUT)
        return kithi_fail(session, KITH_EXIT_UNREACHABLE,
                          "node %s is unreachable: %s; is kithd running there? try --node "
                          "HOST:PORT",
                          session->target_text,
                          error == KITH_ERROR_TIMEOUT ? "no answer" : "nobody listens");
    return kithi_fail_error(session, session->target_text, error);
}

static void run_command(struct kith_process *self, void *argument)
{
    struct kithi_session *session = argument;
    session->self = self;
    session->deadline_ns = kith_now(self) + session->timeout_ns;
    int code = link_target(session);
    if (code == KITH_EXIT_OK)
        code = session->invocation.command->run(session);
    if (session->leaving)
        return;
    session->exit_code = code;
    begin_to_leave(session);
}

static int run_node(struct kithi_session *session)
{
    const struct kith_spawn_options options = {.label = "command",
                                               .needed = true,
                                               .entry = run_command,
                                               .argument = session,
                                               .stack_size = STACK_SIZE};
    enum kith_error error = open_node(session);
    if (error == KITH_OK)
        error = kith_platform_linux_on_stop(&session->platform, on_stop, session);
    if (error == KITH_OK)
        error = kith_spawn(session->node, &options, &session->process);
    if (error != KITH_OK)
        return kithi_fail(session, KITH_EXIT_FAILURE, "can't start a node: %s",
                          kith_error_text(error));
    kith_node_run(session->node);
    return session->exit_code;
}

int kithi_session_main(struct kithi_session *session)
{
    session->exit_code = KITH_EXIT_FAILURE;
    session->interrupted_code = INTERRUPTED;
    signal(SIGPIPE, SIG_IGN);
    int code = find_targets(session);
    if (code == KITH_EXIT_OK)
        code = run_node(session);
    close_node(session);
    return code;
}

uint64_t kithi_deadline_ms(const struct kithi_session *session, uint64_t timeout_ms)
{
    uint64_t deadline = kith_deadline_ms(session->self, timeout_ms);
    return deadline < session->deadline_ns ? deadline : session->deadline_ns;
}
