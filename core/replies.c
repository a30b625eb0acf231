// SPDX-License-Identifier: Apache-2.0
// Replies to other nodes. Who serves many mustn't stand still because one of them doesn't read: a
// reply for which there is no room waits by itself, in front of its route, and its process goes on.
#include "path.h"

// What replies may hold that wait for one route, in lengths of a link's queue, and for all routes,
// as a fraction of the message memory.
enum { QUEUES_OF_ROUTE = 16, SHARE_OF_ALL = 4 };

static size_t size_of(const struct kith_message *reply)
{
    return KITHI_MESSAGE_SIZE + reply->arena_bytes;
}

static bool has_share(const struct kith_route *route, size_t size)
{
    const struct kith_node *node = route->node;
    return route->reply_bytes + size <= QUEUES_OF_ROUTE * node->limits.link_queue_bytes &&
           node->routes.reply_bytes + size <= node->limits.message_memory / SHARE_OF_ALL;
}

static void insert(struct kith_route *route, struct kith_message **place,
                   struct kith_message *reply)
{
    reply->next = *place;
    *place = reply;
    if (reply->next == NULL) {
        route->replies_end = &reply->next;
    }
    route->reply_bytes += size_of(reply);
    route->node->routes.reply_bytes += size_of(reply);
}

static struct kith_message *take_first(struct kith_route *route)
{
    struct kith_message *reply = route->replies;
    route->replies = reply->next;
    if (route->replies == NULL) {
        route->replies_end = &route->replies;
    }
    route->reply_bytes -= size_of(reply);
    route->node->routes.reply_bytes -= size_of(reply);
    return reply;
}

// Instead of a reply that can't be sent its requester gets the reason, which a route takes also
// when it is full.
static enum kith_error send_reason(struct kith_route *route, struct kith_message **message,
                                   enum kith_error reason)
{
    kithi_message_reset(*message);
    (*message)->error = reason;
    return kithi_route_hand(route, message);
}

// Its requester hears that the link is in trouble.
static void lose(struct kith_route *route, struct kith_message **reply)
{
    kith_route_count_unknown(route, (*reply)->type != KITH_TYPE_DOWN);
    kith_route_free(reply);
}

enum kith_error kithi_replies_send(struct kith_node *node, struct kith_message **message)
{
    struct kith_route *route;
    enum kith_error error = kithi_route_send(node, message, &route);
    if (error != KITH_ERROR_FULL) {
        return error;
    }
    kith_node_want_turn(node); // in which the link gets rid of something
    if (!has_share(route, size_of(*message))) {
        return send_reason(route, message, KITH_ERROR_FULL);
    }
    kithi_message_let_go(*message, KITHI_PLACE_ROUTE);
    insert(route, route->replies_end, *message);
    *message = NULL;
    return KITH_OK;
}

static void tell_down(struct kith_route *route, struct kith_message *down)
{
    route->ops->down(route->state, down->to, down->from, down->id, (enum kith_error)down->error);
    kithi_pool_put(down);
}

void kithi_replies_follow(struct kith_route *route, struct kith_message *down)
{
    if (route->replies == NULL) {
        tell_down(route, down);
        return;
    }
    down->place = KITHI_PLACE_ROUTE;
    insert(route, route->replies_end, down);
}

bool kithi_replies_continue(struct kith_route *route)
{
    while (route->replies != NULL) {
        struct kith_message *reply = take_first(route);
        if (reply->type == KITH_TYPE_DOWN) {
            tell_down(route, reply);
            continue;
        }
        enum kith_error error = kithi_route_hand(route, &reply);
        if (error == KITH_ERROR_FULL) {
            insert(route, &route->replies, reply);
            return false;
        }
        if (error != KITH_OK && send_reason(route, &reply, error) != KITH_OK) {
            lose(route, &reply);
        }
    }
    return true;
}

void kithi_replies_lose(struct kith_route *route)
{
    while (route->replies != NULL) {
        struct kith_message *reply = take_first(route);
        lose(route, &reply);
    }
}

uint32_t kith_route_replies(const struct kith_route *route)
{
    uint32_t count = 0;
    for (const struct kith_message *reply = route->replies; reply != NULL; reply = reply->next) {
        count += reply->type != KITH_TYPE_DOWN;
    }
    return count;
}
