// SPDX-License-Identifier: Apache-2.0
// When the faults are over, links come up again, and every node knows the names of all others.
#include "check.h"

enum { TEXT_SIZE = 256 };

static bool is_link_up(const struct host *a, const struct host *b, char text[TEXT_SIZE])
{
    struct kith_link_info info;
    if (kith_net_link_find(a->net, b->incarnation, &info) != KITH_OK) {
        snprintf(text, TEXT_SIZE, "host%u has no link to host%u", a->number, b->number);
        return false;
    }
    if (info.state != KITH_LINK_UP) {
        snprintf(text, TEXT_SIZE, "the link of host%u to host%u is %s", a->number, b->number,
                 kith_link_state_name(info.state));
        return false;
    }
    return true;
}

static bool find_table(const struct host *a, uint64_t incarnation,
                       struct kith_naming_node_status *found)
{
    struct kith_naming_status status;
    if (kith_naming_status(a->node, &status) != KITH_OK) {
        return false;
    }
    for (uint32_t place = 0; place < status.nodes; place++) {
        if (kith_naming_node_status(a->node, place, found) == KITH_OK &&
            found->incarnation == incarnation) {
            return true;
        }
    }
    return false;
}

static bool is_table_equal(const struct host *a, const struct host *b, char text[TEXT_SIZE])
{
    struct kith_naming_status own;
    struct kith_naming_node_status replica;
    if (kith_naming_status(b->node, &own) != KITH_OK || !find_table(a, b->incarnation, &replica)) {
        snprintf(text, TEXT_SIZE, "host%u has no table of host%u", a->number, b->number);
        return false;
    }
    if (!replica.complete || replica.epoch != own.epoch || replica.entries != own.own) {
        snprintf(text, TEXT_SIZE,
                 "host%u has the table of host%u with %u entries of epoch %llu (%s), there it has "
                 "%u of epoch %llu",
                 a->number, b->number, replica.entries, (unsigned long long)replica.epoch,
                 replica.complete ? "complete" : "not complete", own.own,
                 (unsigned long long)own.epoch);
        return false;
    }
    return true;
}

// Nodes that have gone must not be among those that work.
static bool knows_the_gone(const struct world *world, const struct host *a, char text[TEXT_SIZE])
{
    for (uint32_t place = 0; place < kith_route_count(a->node); place++) {
        const struct kith_route *route = kith_route_at(a->node, place);
        struct kith_route_info info;
        if (route == NULL) {
            continue;
        }
        kith_route_info(route, &info);
        const struct host *peer =
            map_get(&world->hosts_by_incarnation, (struct map_key){info.incarnation, 0, 0});
        bool lives = peer != NULL && peer->up && peer->incarnation == info.incarnation;
        if (!lives && info.state != KITH_ROUTE_UNREACHABLE) {
            snprintf(text, TEXT_SIZE, "host%u has a route, %s, to a node of host%u that has gone",
                     a->number, kith_route_state_name(info.state), peer == NULL ? 0 : peer->number);
            return false;
        }
    }
    return true;
}

static bool find_difference(const struct world *world, char text[TEXT_SIZE])
{
    for (uint32_t number = 0; number < world->scenario.hosts; number++) {
        const struct host *a = &world->hosts[number];
        if (!a->up && a->return_ns != UINT64_MAX) {
            snprintf(text, TEXT_SIZE, "host%u has not returned", number);
            return true;
        }
        if (!a->up) {
            continue;
        }
        for (uint32_t other = 0; other < world->scenario.hosts; other++) {
            const struct host *b = &world->hosts[other];
            if (a != b && b->up && is_peer(world, a, b) &&
                (!is_link_up(a, b, text) || !is_table_equal(a, b, text))) {
                return true;
            }
        }
        if (!knows_the_gone(world, a, text)) {
            return true;
        }
    }
    return false;
}

bool is_converged(const struct world *world)
{
    char text[TEXT_SIZE];
    return !find_difference(world, text);
}

void say_what_differs(struct world *world)
{
    char text[TEXT_SIZE] = "?";
    if (!world->failed && find_difference(world, text)) {
        fail(world, &check_converge, "long after the last fault, %s", text);
    }
}

static void see(struct world *world, const struct check *check, void *state,
                const struct event *event)
{
    (void)world;
    (void)check;
    (void)state;
    (void)event; // the world asks when it is time
}

const struct check check_converge = {
    .name = "converge",
    .guarantee = "after a partition heals, links come up, calls end and tables converge",
    .on = see,
};
