// SPDX-License-Identifier: Apache-2.0
// Calls: requests of this node's processes that went out by a link and wait for their reply. The
// record is the request's own message, which becomes the reply. They belong to the net and not to a
// link, because the reply to a request that was forwarded comes from a third node.
#include <kith/planted.h>

#include "net_state.h"

enum { SWEEP_LEAST = 256 }; // places that a sweep looks at

struct call {
    struct kithi_key key;
    struct kith_message *message;
    struct kithi_link *link; // by which it went
    uint64_t number;         // of its frame on the stream
    uint64_t stream;
};

static struct call *find_call(struct kith_net *net, uint64_t id);
static bool was_handed_over(const struct call *call);
static void end_call(struct kith_net *net, struct call *call, enum kith_error error);

void kithi_calls_init(struct kith_net *net)
{
    kithi_table_init(&net->calls, sizeof(struct call), net->limits->messages, net->seed);
}

void kithi_calls_fini(struct kith_net *net)
{
    kithi_table_fini(&net->calls, net->platform);
}

enum kith_error kithi_calls_add(struct kithi_link *link, struct kith_message *message,
                                unsigned stream)
{
    struct kith_net *net = link->net;
    if (find_call(net, message->id) != NULL) {
        return KITH_ERROR_EXISTS; // a peer sent it to us twice, and we are to pass on both
    }
    struct kithi_key key = {message->id, 0, 0};
    void *added;
    enum kith_error error = kithi_table_add(&net->calls, net->platform, &key, &added);
    if (error != KITH_OK) {
        return error;
    }
    struct call *call = added;
    call->message = message;
    call->link = link;
    call->number = link->queue.streams[stream].queued;
    call->stream = stream;
    return KITH_OK;
}

struct kith_message *kithi_calls_take(struct kith_net *net, uint64_t id, struct kith_ref caller)
{
    struct call *call = find_call(net, id);
    if (call == NULL || !kith_ref_equal(call->message->reply_to, caller)) {
        return NULL;
    }
    struct kith_message *message = call->message;
    kithi_table_remove(&net->calls, call);
    return message;
}

struct kith_message *kithi_calls_cancel(struct kith_net *net, uint64_t id)
{
    struct call *call = find_call(net, id);
    if (call == NULL) {
        return NULL;
    }
    return kithi_calls_take(net, id, call->message->reply_to);
}

void kithi_calls_lost(struct kithi_link *link, bool all)
{
    struct kith_net *net = link->net;
    for (uint32_t place = 0; net->calls.len > 0 && place < net->calls.capacity;) {
        struct call *call = kithi_table_at(&net->calls, place);
        if (call == NULL || call->link != link || (!all && !was_handed_over(call))) {
            place++;
            continue;
        }
        bool sent = was_handed_over(call) && !KITH_BUG(SENT_CALL_SAID_NOT_SENT);
        end_call(net, call, sent ? KITH_ERROR_UNKNOWN : KITH_ERROR_NOT_SENT);
    }
}

// A caller that waits tells us when its deadline has passed. Of one that didn't wait, nobody knows.
void kithi_calls_sweep(struct kith_net *net)
{
    uint64_t now_ns = kith_node_now(net->node);
    uint32_t looks = net->calls.capacity / 16;
    looks = looks > SWEEP_LEAST ? looks : SWEEP_LEAST;
    for (; net->calls.len > 0 && looks > 0; looks--) {
        net->calls_swept %= net->calls.capacity;
        struct call *call = kithi_table_at(&net->calls, net->calls_swept);
        if (call != NULL && call->message->deadline_ns <= now_ns) {
            end_call(net, call, KITH_ERROR_TIMEOUT);
        } else {
            net->calls_swept++;
        }
    }
}

static struct call *find_call(struct kith_net *net, uint64_t id)
{
    struct kithi_key key = {id, 0, 0};
    return id == 0 ? NULL : kithi_table_find(&net->calls, &key);
}

static bool was_handed_over(const struct call *call)
{
    return call->number < call->link->queue.streams[call->stream].handed;
}

static void end_call(struct kith_net *net, struct call *call, enum kith_error error)
{
    struct kith_message *message = call->message;
    struct kith_route *route = call->link->route;
    kithi_table_remove(&net->calls, call);
    kith_route_return(route, &message, error);
}
