// SPDX-License-Identifier: Apache-2.0
// Two incarnations that say they are at the same endpoint. As a rule the node there was restarted,
// and the former one is gone. But an endpoint is only what a peer says of itself: a link that works
// is not cut because somebody else claims its endpoint; it has to answer a PING instead.
#include "net_state.h"

static void dispute(struct kithi_link *former, const struct kithi_link *successor);

void kithi_claim_endpoint(struct kithi_link *link)
{
    struct kith_net *net = link->net;
    for (uint32_t place = 0; place < net->capacity; place++) {
        struct kithi_link *other = net->links[place];
        if (other == NULL || other == link || other->route == NULL ||
            !kith_endpoint_equal(&other->endpoint, &link->endpoint)) {
            continue;
        }
        if (other->live == NULL) {
            kithi_link_end(other, KITH_ERROR_RESTARTED, link->incarnation);
        } else {
            dispute(other, link);
        }
    }
}

bool kithi_claim_lost(struct kithi_link *link)
{
    const struct kith_net *net = link->net;
    for (uint32_t place = 0; place < net->capacity; place++) {
        const struct kithi_link *other = net->links[place];
        if (other != NULL && other != link && other->live != NULL &&
            kith_endpoint_equal(&other->endpoint, &link->endpoint)) {
            kithi_link_end(link, KITH_ERROR_RESTARTED, other->incarnation);
            return true;
        }
    }
    return false;
}

bool kithi_claim_check(struct kithi_link *link, uint64_t now_ns)
{
    if (link->successor == 0 || now_ns < link->claim_ns) {
        return false;
    }
    kithi_link_end(link, KITH_ERROR_RESTARTED, link->successor);
    return true;
}

void kithi_claim_pong(struct kithi_link *link, uint64_t id)
{
    if (link->successor == 0 || id < link->claim_ping) {
        return;
    }
    link->successor = 0;
    kithi_log_link(link, KITH_LOG_WARNING, "endpoint_claimed_twice", KITH_ERROR_EXISTS);
}

static void dispute(struct kithi_link *former, const struct kithi_link *successor)
{
    uint64_t wait_ns = KITHI_CLAIM_MS * KITHI_MS;
    if (4 * former->rtt_ns > wait_ns) {
        wait_ns = 4 * former->rtt_ns;
    }
    kithi_liveness_ping(former);
    former->successor = successor->incarnation;
    former->claim_ping = former->ping_id;
    former->claim_ns = kith_node_now(former->net->node) + wait_ns;
}
