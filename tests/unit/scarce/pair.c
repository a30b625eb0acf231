// SPDX-License-Identifier: Apache-2.0
#include "pair.h"

static bool open_net(struct pair *pair, struct pair_side *side)
{
    struct kith_net_options options = {
        .node = side->node,
        .backend = side->backend,
        .listen = side->endpoint,
        .naming = side->naming,
        .version = "1",
    };
    if (!scarce_ok(pair->scarce, kith_net_open(&options, &side->net))) {
        side->net = NULL;
        return false;
    }
    kith_naming_set_endpoints(side->node, &side->endpoint, &side->endpoint);
    return true;
}

static bool open_side(struct pair *pair, struct pair_side *side, const char *name,
                      const char *endpoint)
{
    assert_int_equal(kith_endpoint_parse(endpoint, 0, &side->endpoint), KITH_OK);
    assert_int_equal(kith_loop_backend_new(pair->network, NULL, NULL, &side->backend), KITH_OK);
    side->node = scarce_node(pair->scarce, name);
    return side->node != NULL &&
           scarce_ok(pair->scarce, kith_naming_open(side->node, NULL, &side->naming)) &&
           open_net(pair, side);
}

bool pair_open(struct pair *pair, struct scarce *scarce)
{
    static const struct kith_loop_options options = {
        .seed = 1,
        .path = {.delay_least_ns = MS / 10, .delay_most_ns = MS},
        .retry_ns = 50 * MS,
        .connect_ns = 1000 * MS,
        .heartbeat_ns = 500 * MS,
        .unanswered = 4,
    };
    *pair = (struct pair){.scarce = scarce};
    assert_int_equal(kith_loop_network_open(&options, &pair->network), KITH_OK);
    bool left = open_side(pair, &pair->left, "left", "10.0.0.1:7400");
    bool right = open_side(pair, &pair->right, "right", "10.0.0.2:7400");
    return left && right &&
           scarce_ok(scarce, kith_net_peer_add(pair->left.net, &pair->right.endpoint));
}

static void close_side(struct pair_side *side)
{
    if (side->net != NULL) {
        kith_net_close(side->net);
    }
    if (side->node != NULL) {
        kith_naming_close(side->node);
        kith_node_settle(side->node);
    }
    scarce_node_close(side->node);
    kith_loop_backend_free(side->backend);
}

void pair_close(struct pair *pair)
{
    close_side(&pair->left);
    close_side(&pair->right);
    kith_loop_network_close(pair->network);
}

static void settle_side(struct pair_side *side, uint64_t *next_ns)
{
    if (side->node != NULL) {
        uint64_t deadline_ns = kith_node_settle(side->node);
        *next_ns = deadline_ns < *next_ns ? deadline_ns : *next_ns;
    }
}

// Runs all that is due, and gives when the next thing is.
static uint64_t settle(struct pair *pair, uint64_t now_ns)
{
    uint64_t next_ns;
    kith_platform_sim_set_now(pair->scarce->sim, now_ns);
    do {
        next_ns = KITH_FOREVER;
        kith_loop_network_run(pair->network, now_ns);
        settle_side(&pair->left, &next_ns);
        settle_side(&pair->right, &next_ns);
    } while (kith_loop_network_settle(pair->network));
    uint64_t network_ns = kith_loop_network_next_ns(pair->network);
    return network_ns < next_ns ? network_ns : next_ns;
}

void pair_run(struct pair *pair, uint64_t span_ms)
{
    const struct kith_platform *platform = &pair->scarce->platform;
    uint64_t now_ns = platform->now_ns(platform->state);
    uint64_t end_ns = now_ns + span_ms * MS;
    for (uint64_t next_ns; (next_ns = settle(pair, now_ns)) <= end_ns;) {
        now_ns = next_ns > now_ns ? next_ns : now_ns + 1;
    }
    settle(pair, end_ns);
}
