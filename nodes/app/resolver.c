// SPDX-License-Identifier: Apache-2.0
#include "resolver.h"

#include <stdlib.h>
#include <string.h>

#include <kith/exchange.h>
#include <kith/node.h>

#include "lookup.h"

// Types of its messages. A request: struct request with the host behind it; its reply: endpoints.
#define TYPE_REQUEST KITH_TYPE(KITH_SIGNATURE_BYTES, 1)
#define TYPE_LOOK    KITH_TYPE(KITH_SIGNATURE_BYTES, 2)

struct request {
    uint16_t port;
    char host[256];
};

struct slot {
    struct kithi_lookup *lookup;  // NULL: free
    struct kith_message *message; // who waits for it
};

struct kithi_resolver {
    struct kith_node *node;
    struct kith_ref process;
    struct kith_hook hook;
    struct slot slots[KITHI_RESOLVER_LOOKUPS];
    bool told; // the process has been told to look, and hasn't yet
};

static void wake_node(void *state)
{
    const struct kith_platform *platform = state;
    platform->wake(platform->state);
}

static enum kith_error start(struct kithi_resolver *resolver, struct kith_message **message)
{
    const struct request *request = (*message)->data;
    struct slot *slot = resolver->slots;
    while (slot < resolver->slots + KITHI_RESOLVER_LOOKUPS && slot->lookup != NULL)
        slot++;
    if (slot == resolver->slots + KITHI_RESOLVER_LOOKUPS)
        return KITH_ERROR_LIMIT;
    enum kith_error error =
        kithi_lookup_open(request->host, request->port, wake_node,
                          (void *)(uintptr_t)kith_node_platform(resolver->node), &slot->lookup);
    if (error != KITH_OK)
        return error;
    slot->message = *message;
    *message = NULL;
    return KITH_OK;
}

static enum kith_error finish(struct kith_process *self, struct slot *slot)
{
    const struct kith_endpoint *endpoints;
    size_t count;
    enum kith_error error = kithi_lookup_result(slot->lookup, &endpoints, &count);
    if (error == KITH_OK)
        error = kith_message_resize(slot->message, count * sizeof(*endpoints));
    if (error == KITH_OK)
        memcpy(slot->message->data, endpoints, count * sizeof(*endpoints));
    kithi_lookup_close(slot->lookup);
    slot->lookup = NULL;
    if (error == KITH_OK)
        error = kith_reply(self, &slot->message);
    else
        error = kith_reply_error(self, &slot->message, error);
    kith_message_free(&slot->message);
    return error;
}

static enum kith_error finish_done(struct kith_process *self, struct kithi_resolver *resolver)
{
    enum kith_error error = KITH_OK;
    resolver->told = false;
    for (size_t i = 0; i < KITHI_RESOLVER_LOOKUPS && error != KITH_ERROR_KILLED; i++) {
        struct slot *slot = &resolver->slots[i];
        if (slot->lookup != NULL && kithi_lookup_is_done(slot->lookup))
            error = finish(self, slot);
    }
    return error;
}

// Only processes of this node may ask: nobody else knows the layout of the request.
static bool is_request(const struct kithi_resolver *resolver, const struct kith_message *message)
{
    return message->type == TYPE_REQUEST && message->waiting &&
           message->from.node == kith_node_incarnation(resolver->node) &&
           message->size == sizeof(struct request);
}

static void run_resolver(struct kith_process *self, void *argument)
{
    struct kithi_resolver *resolver = argument;
    struct kith_message *message;
    enum kith_error error = KITH_OK;
    while (error != KITH_ERROR_KILLED && kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        if (message->type == TYPE_LOOK) {
            error = finish_done(self, resolver);
        } else if (is_request(resolver, message)) {
            enum kith_error problem = start(resolver, &message);
            if (problem != KITH_OK)
                error = kith_reply_error(self, &message, problem);
        }
        kith_message_free(&message);
    }
    for (size_t i = 0; i < KITHI_RESOLVER_LOOKUPS; i++)
        kith_message_free(&resolver->slots[i].message);
}

// A finished lookup wakes the node, which then comes by here.
static void look(struct kith_hook *hook)
{
    struct kithi_resolver *resolver =
        (void *)((char *)hook - offsetof(struct kithi_resolver, hook));
    struct kith_message *message;
    for (size_t i = 0; i < KITHI_RESOLVER_LOOKUPS && !resolver->told; i++) {
        struct slot *slot = &resolver->slots[i];
        if (slot->lookup == NULL || !kithi_lookup_is_done(slot->lookup))
            continue;
        if (kith_message_new(resolver->node, TYPE_LOOK, 0, &message) != KITH_OK)
            return;
        if (kith_post(resolver->node, resolver->process, &message) == KITH_OK)
            resolver->told = true;
        kith_message_free(&message);
    }
}

enum kith_error kithi_resolver_open(struct kith_node *node, struct kithi_resolver **resolver,
                                    struct kith_ref *process)
{
    struct kithi_resolver *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return KITH_ERROR_NO_MEMORY;
    struct kith_spawn_options spawn = {
        .label = "resolver", .needed = true, .entry = run_resolver, .argument = opened};
    opened->node = node;
    opened->hook.run = look;
    enum kith_error error = kith_spawn(node, &spawn, &opened->process);
    if (error != KITH_OK) {
        free(opened);
        return error;
    }
    kith_node_hook_add(node, &opened->hook);
    *process = opened->process;
    *resolver = opened;
    return KITH_OK;
}

void kithi_resolver_close(struct kithi_resolver *resolver)
{
    kith_node_hook_remove(resolver->node, &resolver->hook);
    for (size_t i = 0; i < KITHI_RESOLVER_LOOKUPS; i++) {
        if (resolver->slots[i].lookup != NULL)
            kithi_lookup_close(resolver->slots[i].lookup);
    }
    free(resolver);
}

static enum kith_error take_reply(const struct kith_message *message,
                                  struct kith_endpoint *endpoints, size_t capacity, size_t *count)
{
    if (message->error != KITH_OK)
        return (enum kith_error)message->error;
    *count = message->size / sizeof(*endpoints);
    if (*count > capacity)
        *count = capacity;
    memcpy(endpoints, message->data, *count * sizeof(*endpoints));
    return KITH_OK;
}

enum kith_error kithi_resolver_resolve(void *state, struct kith_process *self, const char *host,
                                       uint16_t port, uint64_t deadline_ns,
                                       struct kith_endpoint *endpoints, size_t capacity,
                                       size_t *count)
{
    struct kithi_resolver *resolver = state;
    struct kith_message *message;
    size_t size = strlen(host);
    if (size >= sizeof(((struct request *)0)->host))
        return KITH_ERROR_NOT_FOUND;
    enum kith_error error =
        kith_message_new(resolver->node, TYPE_REQUEST, sizeof(struct request), &message);
    if (error != KITH_OK)
        return error;
    struct request *request = message->data;
    request->port = port;
    memcpy(request->host, host, size + 1);
    error = kith_call(self, resolver->process, &message, deadline_ns);
    if (error == KITH_OK)
        error = take_reply(message, endpoints, capacity, count);
    kith_message_free(&message);
    return error;
}
