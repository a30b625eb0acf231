// SPDX-License-Identifier: Apache-2.0
#include "peer.h"

#include <string.h>

static enum kith_error take_message(void *state, struct kith_message **message)
{
    struct peer *peer = state;
    bool outcome = (*message)->done && (*message)->failed;
    bool always_taken = outcome || ((*message)->done && (*message)->size == 0);
    if (peer->answer != KITH_OK && !always_taken) {
        return peer->answer;
    }
    peer->sent++;
    peer->last_to = (*message)->to;
    peer->last_id = (*message)->id;
    peer->last_error = (*message)->error;
    peer->last_failed = outcome;
    if ((*message)->waiting) {
        peer->kept = *message;
    } else {
        kith_route_free(message);
    }
    return KITH_OK;
}

static void cancel(void *state, uint64_t id)
{
    struct peer *peer = state;
    peer->cancels++;
    if (peer->kept != NULL && peer->kept->id == id) {
        kith_route_free(&peer->kept);
    }
}

static void count_consumed(void *state, struct kith_ref receiver, size_t size)
{
    (void)receiver;
    ((struct peer *)state)->consumed++;
    ((struct peer *)state)->consumed_bytes += size;
}

static enum kith_error count_monitor(void *state, struct kith_ref watcher, struct kith_ref target,
                                     uint64_t monitor, enum kith_monitor_kind kind)
{
    (void)watcher, (void)target, (void)kind;
    ((struct peer *)state)->monitors++;
    ((struct peer *)state)->last_monitor = monitor;
    return KITH_OK;
}

static void count_stop(void *state, struct kith_ref watcher, struct kith_ref target,
                       uint64_t monitor)
{
    (void)watcher, (void)target, (void)monitor;
    ((struct peer *)state)->stops++;
}

static void count_down(void *state, struct kith_ref watcher, struct kith_ref target,
                       uint64_t monitor, enum kith_error reason)
{
    (void)watcher, (void)target, (void)monitor;
    ((struct peer *)state)->downs++;
    ((struct peer *)state)->last_down = reason;
}

static const struct kith_route_ops peer_ops = {take_message,  cancel,     count_consumed,
                                               count_monitor, count_stop, count_down};

static void count_change(struct kith_route_observer *observer, const struct kith_route_info *info,
                         enum kith_error reason)
{
    (void)reason;
    struct peer *peer = (void *)((char *)observer - offsetof(struct peer, observer));
    peer->changes++;
    peer->changed = *info;
}

void open_peer(struct fixture *fixture, struct peer *peer, const struct kith_limits *limits)
{
    memset(peer, 0, sizeof *peer);
    open_fixture(fixture, limits);
    peer->observer.changed = count_change;
    kith_route_observe(fixture->node, &peer->observer);
    struct kith_route_info info = {.incarnation = PEER, .name = "peer"};
    assert_int_equal(kith_route_open(fixture->node, &info, &peer_ops, peer, &peer->route), KITH_OK);
    assert_int_equal(peer->changes, 1);
}
