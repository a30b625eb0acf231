// SPDX-License-Identifier: Apache-2.0
#include "lookup.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STACK_SIZE (256 * 1024)

struct kithi_lookup {
    pthread_mutex_t lock; // over `done` and `abandoned`
    bool done, abandoned;
    void (*wake)(void *state);
    void *state;
    uint16_t port;
    enum kith_error error;
    size_t count;
    struct kith_endpoint endpoints[KITHI_RESOLVER_ENDPOINTS];
    char host[];
};

static void free_lookup(struct kithi_lookup *lookup)
{
    pthread_mutex_destroy(&lookup->lock);
    free(lookup);
}

static void add_address(struct kithi_lookup *lookup, const struct sockaddr *address)
{
    struct kith_endpoint endpoint = {.port = lookup->port};
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        memcpy(endpoint.address, (const uint8_t[12]){[10] = 0xff, [11] = 0xff}, 12);
        memcpy(endpoint.address + 12, &v4->sin_addr, 4);
    } else {
        const struct sockaddr_in6 *v6 = (const void *)address;
        memcpy(endpoint.address, &v6->sin6_addr, 16);
    }
    for (size_t i = 0; i < lookup->count; i++) {
        if (kith_endpoint_equal(&lookup->endpoints[i], &endpoint))
            return;
    }
    if (lookup->count < KITHI_RESOLVER_ENDPOINTS)
        lookup->endpoints[lookup->count++] = endpoint;
}

static void add_family(struct kithi_lookup *lookup, const struct addrinfo *found, int family)
{
    for (; found != NULL; found = found->ai_next) {
        if (found->ai_family == family)
            add_address(lookup, found->ai_addr);
    }
}

static void *run_lookup(void *argument)
{
    struct kithi_lookup *lookup = argument;
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(lookup->host, NULL, &hints, &found);
    if (error == 0) {
        add_family(lookup, found, AF_INET);
        add_family(lookup, found, AF_INET6);
        freeaddrinfo(found);
    }
    if (lookup->count == 0)
        lookup->error = error == EAI_AGAIN || error == EAI_SYSTEM || error == EAI_FAIL
                            ? KITH_ERROR_IO
                            : KITH_ERROR_NOT_FOUND;
    pthread_mutex_lock(&lookup->lock);
    bool abandoned = lookup->abandoned;
    lookup->done = true;
    if (!abandoned)
        lookup->wake(lookup->state);
    pthread_mutex_unlock(&lookup->lock);
    if (abandoned)
        free_lookup(lookup);
    return NULL;
}

static bool start_thread(struct kithi_lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    bool started = pthread_create(&thread, &attributes, run_lookup, lookup) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

enum kith_error kithi_lookup_open(const char *host, uint16_t port, void (*wake)(void *state),
                                  void *state, struct kithi_lookup **lookup)
{
    size_t size = strlen(host) + 1;
    struct kithi_lookup *opened = calloc(1, sizeof(*opened) + size);
    if (opened == NULL)
        return KITH_ERROR_NO_MEMORY;
    pthread_mutex_init(&opened->lock, NULL);
    opened->wake = wake;
    opened->state = state;
    opened->port = port;
    memcpy(opened->host, host, size);
    if (!start_thread(opened)) {
        free_lookup(opened);
        return KITH_ERROR_NO_MEMORY;
    }
    *lookup = opened;
    return KITH_OK;
}

bool kithi_lookup_is_done(struct kithi_lookup *lookup)
{
    pthread_mutex_lock(&lookup->lock);
    bool done = lookup->done;
    pthread_mutex_unlock(&lookup->lock);
    return done;
}

enum kith_error kithi_lookup_result(const struct kithi_lookup *lookup,
                                    const struct kith_endpoint **endpoints, size_t *count)
{
    *endpoints = lookup->endpoints;
    *count = lookup->count;
    return lookup->error;
}

void kithi_lookup_close(struct kithi_lookup *lookup)
{
    pthread_mutex_lock(&lookup->lock);
    bool done = lookup->done;
    lookup->abandoned = true;
    pthread_mutex_unlock(&lookup->lock);
    if (done)
        free_lookup(lookup);
}
