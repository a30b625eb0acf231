// SPDX-License-Identifier: Apache-2.0
// The table of routes: which other nodes can be reached, by incarnation, and which incarnation
// followed which.
#include "path.h"

static uint32_t hash_incarnation(const struct kithi_routes *routes, uint64_t incarnation)
{
    return (uint32_t)(incarnation >> 7) & (routes->index_size - 1); // they are random already
}

static uint32_t find_index(const struct kithi_routes *routes, uint64_t incarnation)
{
    uint32_t index = hash_incarnation(routes, incarnation);
    while (routes->index[index] != 0 &&
           routes->places[routes->index[index] - 1]->info.incarnation != incarnation) {
        index = (index + 1) & (routes->index_size - 1);
    }
    return index;
}

struct kith_route *kith_route_find(struct kith_node *node, uint64_t incarnation)
{
    const struct kithi_routes *routes = &node->routes;
    uint32_t place = routes->index[find_index(routes, incarnation)];
    return place == 0 ? NULL : routes->places[place - 1];
}

// Backward-shift deletion: what follows in the run moves up, so that no gap hides it.
static void remove_index(struct kithi_routes *routes, uint64_t incarnation)
{
    uint32_t mask = routes->index_size - 1;
    uint32_t gap = find_index(routes, incarnation);
    for (uint32_t next = (gap + 1) & mask; routes->index[next] != 0; next = (next + 1) & mask) {
        uint64_t other = routes->places[routes->index[next] - 1]->info.incarnation;
        uint32_t home = hash_incarnation(routes, other);
        if (((next - home) & mask) >= ((next - gap) & mask)) {
            routes->index[gap] = routes->index[next];
            gap = next;
        }
    }
    routes->index[gap] = 0;
}

static void tell_node_observers(struct kith_node *node, const struct kith_route_info *info,
                                enum kith_error reason)
{
    for (struct kith_route_observer *observer = node->routes.observers; observer != NULL;) {
        struct kith_route_observer *following = observer->next;
        observer->changed(observer, info, reason);
        observer = following;
    }
}

static void tell_observers(struct kith_route *route, enum kith_error reason)
{
    struct kith_route_info info = route->info;
    tell_node_observers(route->node, &info, reason);
}

enum kith_error kith_route_open(struct kith_node *node, const struct kith_route_info *info,
                                const struct kith_route_ops *ops, void *state,
                                struct kith_route **route)
{
    struct kithi_routes *routes = &node->routes;
    if (kith_route_find(node, info->incarnation) != NULL) {
        return KITH_ERROR_EXISTS;
    }
    uint32_t place = 0;
    while (place < routes->capacity && routes->places[place] != NULL) {
        place++;
    }
    if (place == routes->capacity) {
        return KITH_ERROR_LIMIT;
    }
    struct kith_route *opened = node->platform.allocate(node->platform.state, sizeof *opened);
    if (opened == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memset(opened, 0, sizeof *opened);
    opened->node = node;
    opened->ops = ops;
    opened->state = state;
    opened->place = place;
    opened->info = *info;
    opened->info.state = KITH_ROUTE_UP;
    opened->info.changed_ns = kith_node_now(node);
    kithi_list_init(&opened->senders);
    opened->replies_end = &opened->replies;
    kithi_list_init(&opened->monitors);
    kithi_list_init(&opened->watchers);
    routes->places[place] = opened;
    routes->index[find_index(routes, info->incarnation)] = place + 1;
    routes->len++;
    *route = opened;
    tell_observers(opened, KITH_OK);
    return KITH_OK;
}

static void remember_successor(struct kith_node *node, uint64_t incarnation, uint64_t successor)
{
    struct kithi_routes *routes = &node->routes;
    routes->former[routes->former_next] = (struct kithi_former){incarnation, successor};
    routes->former_next = (routes->former_next + 1) % routes->former_len;
}

uint64_t kith_route_successor(const struct kith_node *node, uint64_t incarnation)
{
    for (uint32_t place = 0; place < node->routes.former_len; place++) {
        if (node->routes.former[place].incarnation == incarnation) {
            return node->routes.former[place].successor;
        }
    }
    return 0;
}

static void remove_route(struct kith_route *route)
{
    struct kith_node *node = route->node;
    remove_index(&node->routes, route->info.incarnation);
    node->routes.places[route->place] = NULL;
    node->routes.len--;
    node->platform.release(node->platform.state, route, sizeof *route);
}

void kith_route_set_state(struct kith_route *route, enum kith_route_state state,
                          enum kith_error reason, uint64_t successor)
{
    if (route->info.state == state) {
        return;
    }
    route->info.state = state;
    route->info.changed_ns = kith_node_now(route->node);
    if (state == KITH_ROUTE_UNREACHABLE || state == KITH_ROUTE_GONE) {
        kithi_replies_lose(route);
        kithi_senders_fail(&route->senders,
                           successor != 0 ? KITH_ERROR_STALE : KITH_ERROR_UNREACHABLE);
        kithi_monitors_route_lost(route, reason);
    }
    tell_observers(route, reason);
    if (state == KITH_ROUTE_GONE) {
        if (successor != 0) {
            remember_successor(route->node, route->info.incarnation, successor);
        }
        remove_route(route);
    }
}

void kith_route_reached(struct kith_route *route, const struct kith_endpoint *endpoint)
{
    route->info.also = *endpoint;
    tell_observers(route, KITH_OK);
}

void kith_route_reached_self(struct kith_node *node, const struct kith_endpoint *endpoint)
{
    const struct kith_route_info info = {
        .incarnation = node->incarnation, .also = *endpoint, .state = KITH_ROUTE_UP};
    tell_node_observers(node, &info, KITH_OK);
}

enum kith_error kithi_route_send(struct kith_node *node, struct kith_message **message,
                                 struct kith_route **route)
{
    uint64_t incarnation = (*message)->to.node;
    *route = kith_route_find(node, incarnation);
    if (*route == NULL && KITH_BUG(STALE_SENT_TO_SUCCESSOR)) {
        (*message)->to.node = kith_route_successor(node, incarnation);
        *route = kith_route_find(node, (*message)->to.node);
    }
    if (*route == NULL) {
        bool former = kith_route_successor(node, incarnation) != 0;
        return former ? KITH_ERROR_STALE : KITH_ERROR_UNREACHABLE;
    }
    if ((*route)->info.state == KITH_ROUTE_UNREACHABLE) {
        return KITH_ERROR_UNREACHABLE;
    }
    if ((*route)->replies != NULL && !(*message)->failed) {
        return KITH_ERROR_FULL; // those come first
    }
    return kithi_route_hand(*route, message);
}

enum kith_error kithi_route_hand(struct kith_route *route, struct kith_message **message)
{
    struct kith_node *node = route->node;
    struct kith_message *sent = *message;
    uint32_t owner = sent->owner;
    uint8_t place = sent->place;
    kithi_message_let_go(sent, KITHI_PLACE_ROUTE);
    enum kith_error error = route->ops->send(route->state, message);
    if (error == KITH_OK) {
        node->counters.sent_remote++;
        *message = NULL;
        return KITH_OK;
    }
    sent->place = place;
    if (place == KITHI_PLACE_HELD) {
        kithi_message_hold(sent, owner == KITHI_NOBODY ? NULL : kithi_process_at(node, owner));
    }
    return error;
}

void kith_route_ready(struct kith_route *route, struct kith_ref to)
{
    struct kith_node *node = route->node;
    struct kithi_list *place = route->senders.next;
    if (!kithi_replies_continue(route)) {
        return;
    }
    while (place != &route->senders) {
        struct kith_process *sender = KITHI_ENTRY(place, struct kith_process, waiting);
        struct kith_message *message = *sender->at;
        place = place->next;
        if (!kith_ref_is_none(to) && !kith_ref_equal(message->to, to)) {
            continue;
        }
        struct kith_route *again;
        enum kith_error error = kithi_route_send(node, &message, &again);
        if (error == KITH_ERROR_FULL) {
            if (!kith_ref_is_none(to)) {
                return; // no more credit; otherwise others may have some
            }
            continue;
        }
        if (error == KITH_OK) {
            kithi_sender_done(sender);
        } else {
            kithi_wake_in_vain(sender, error);
        }
    }
}

enum kith_error kith_route_deliver(struct kith_route *route, struct kith_message **message)
{
    struct kith_node *node = route->node;
    struct kith_message *arrived = *message;
    if (arrived->to.node != node->incarnation) {
        return KITH_ERROR_STALE;
    }
    if (arrived->done) {
        *message = NULL;
        arrived->origin = 0;
        node->counters.received_remote++;
        kithi_deliver_reply(node, arrived);
        return KITH_OK;
    }
    arrived->origin = route->place + 1;
    enum kith_error error = kithi_deliver_local(node, arrived, true);
    if (error == KITH_OK) {
        *message = NULL;
        node->counters.received_remote++;
    }
    return error;
}

void kith_route_return(struct kith_route *route, struct kith_message **message,
                       enum kith_error error)
{
    struct kith_node *node = route->node;
    struct kith_message *returned = *message;
    *message = NULL;
    returned->error = error;
    returned->origin = 0;
    if (returned->waiting) { // perhaps forwarded, and of another node
        kithi_request_fail(returned, error);
        return;
    }
    struct kith_process *sender = kithi_process_find(node, returned->from);
    if (sender == NULL || returned->from.node != node->incarnation || returned->done ||
        !kithi_mailbox_has_room(sender, returned) || KITH_BUG(RETURNED_DROPPED)) {
        kithi_message_let_go(returned, KITHI_PLACE_KERNEL);
        kithi_pool_put(returned);
        return;
    }
    returned->returned_type = returned->type;
    returned->type = KITH_TYPE_RETURNED;
    returned->waiting = false;
    kithi_mailbox_put(sender, returned);
}

void kith_route_free(struct kith_message **message)
{
    if (*message != NULL) {
        kithi_message_let_go(*message, KITHI_PLACE_KERNEL);
        kithi_pool_put(*message);
        *message = NULL;
    }
}

void kith_route_count_returned(struct kith_route *route)
{
    route->node->counters.returned++;
}

void kith_route_count_unknown(struct kith_route *route, uint64_t count)
{
    route->node->counters.unknown += count;
}

void kithi_route_consumed(struct kith_node *node, struct kith_process *receiver,
                          const struct kith_message *message)
{
    struct kith_route *route = node->routes.places[message->origin - 1];
    // The route it came by may have gone, and its place been given to another.
    if (route != NULL && route->info.incarnation == message->from.node) {
        route->ops->consumed(route->state, kithi_process_ref(receiver), message->carried);
    }
}

void kithi_route_cancel(struct kith_node *node, struct kith_ref to, uint64_t id)
{
    if (to.node == node->incarnation) {
        return;
    }
    struct kith_route *route = kith_route_find(node, to.node);
    if (route != NULL) {
        route->ops->cancel(route->state, id);
    }
}

void kith_route_observe(struct kith_node *node, struct kith_route_observer *observer)
{
    observer->next = node->routes.observers;
    node->routes.observers = observer;
}

void kith_route_unobserve(struct kith_node *node, struct kith_route_observer *observer)
{
    struct kith_route_observer **link = &node->routes.observers;
    while (*link != NULL && *link != observer) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = observer->next;
    }
}

void kith_route_set_connector(struct kith_node *node, const struct kith_connector *connector)
{
    node->routes.connector = *connector;
}

enum kith_error kith_route_connect(struct kith_node *node, const struct kith_endpoint *endpoint)
{
    const struct kith_connector *connector = &node->routes.connector;
    if (connector->connect == NULL) {
        return KITH_ERROR_UNREACHABLE;
    }
    return connector->connect(connector->state, endpoint);
}

struct kith_route *kith_route_at(struct kith_node *node, uint32_t place)
{
    return place < node->routes.capacity ? node->routes.places[place] : NULL;
}

uint32_t kith_route_count(const struct kith_node *node)
{
    return node->routes.capacity;
}

void kith_route_info(const struct kith_route *route, struct kith_route_info *info)
{
    *info = route->info;
}

const char *kith_route_state_name(enum kith_route_state state)
{
    static const char *const names[] = {
        [KITH_ROUTE_UP] = "up",
        [KITH_ROUTE_SUSPECT] = "suspect",
        [KITH_ROUTE_UNREACHABLE] = "unreachable",
        [KITH_ROUTE_GONE] = "gone",
    };
    return names[state];
}

static bool allocate_zeroed(struct kith_node *node, size_t size, void **memory)
{
    *memory = node->platform.allocate(node->platform.state, size);
    if (*memory != NULL) {
        memset(*memory, 0, size);
    }
    return *memory != NULL;
}

enum kith_error kithi_routes_open(struct kith_node *node)
{
    struct kithi_routes *routes = &node->routes;
    routes->capacity = node->limits.routes;
    routes->index_size = 4;
    while (routes->index_size < 2 * routes->capacity) {
        routes->index_size *= 2;
    }
    bool few = routes->capacity < KITHI_FORMER / KITHI_FORMER_PER_ROUTE;
    routes->former_len = few ? KITHI_FORMER_PER_ROUTE * routes->capacity + 1 : KITHI_FORMER;
    void *places, *index, *former;
    if (!allocate_zeroed(node, routes->capacity * sizeof routes->places[0], &places)) {
        return KITH_ERROR_NO_MEMORY;
    }
    routes->places = places;
    if (!allocate_zeroed(node, routes->index_size * sizeof routes->index[0], &index)) {
        return KITH_ERROR_NO_MEMORY;
    }
    routes->index = index;
    if (!allocate_zeroed(node, routes->former_len * sizeof routes->former[0], &former)) {
        return KITH_ERROR_NO_MEMORY;
    }
    routes->former = former;
    return KITH_OK;
}

void kithi_routes_close(struct kith_node *node)
{
    struct kithi_routes *routes = &node->routes;
    for (uint32_t place = 0; routes->places != NULL && place < routes->capacity; place++) {
        if (routes->places[place] != NULL) {
            node->platform.release(node->platform.state, routes->places[place],
                                   sizeof(struct kith_route));
        }
    }
    node->platform.release(node->platform.state, routes->places,
                           routes->capacity * sizeof routes->places[0]);
    node->platform.release(node->platform.state, routes->index,
                           routes->index_size * sizeof routes->index[0]);
    node->platform.release(node->platform.state, routes->former,
                           routes->former_len * sizeof routes->former[0]);
}
