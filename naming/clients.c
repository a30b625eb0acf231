// SPDX-License-Identifier: Apache-2.0
// Who has registrations, watches or waits here. One monitor for each such process ends them all.
#include <assert.h>

#include "server.h"

static uint32_t hash_ref(const struct kithi_naming *naming, struct kith_ref ref)
{
    return kithi_hash(naming->table.seed, &ref, sizeof ref);
}

uint32_t kithi_client_find(const struct kithi_naming *naming, struct kith_ref ref)
{
    struct kithi_probe probe = kithi_map_probe(hash_ref(naming, ref));
    uint32_t client;
    do {
        client = kithi_map_next(&naming->client_map, &probe);
    } while (client != KITHI_NONE && !kith_ref_equal(naming->clients[client].ref, ref));
    return client;
}

static enum kith_error take_client(struct kithi_naming *naming, uint32_t *client)
{
    if (naming->client_free != KITHI_NONE) {
        *client = naming->client_free;
        naming->client_free = naming->clients[*client].first_entry;
        return KITH_OK;
    }
    void *clients = naming->clients;
    enum kith_error error =
        kithi_names_grow(naming->platform, &clients, sizeof *naming->clients, naming->client_used,
                         &naming->client_capacity, KITHI_NONE);
    naming->clients = clients;
    if (error == KITH_OK) {
        *client = naming->client_used++;
    }
    return error;
}

static void put_client(struct kithi_naming *naming, uint32_t client)
{
    naming->clients[client].uses = 0;
    naming->clients[client].first_entry = naming->client_free;
    naming->client_free = client;
}

enum kith_error kithi_client_hold(struct kithi_naming *naming, struct kith_ref ref,
                                  uint32_t *client)
{
    *client = kithi_client_find(naming, ref);
    if (*client != KITHI_NONE) {
        naming->clients[*client].uses++;
        naming->resting = *client == naming->resting ? KITHI_NONE : naming->resting;
        return KITH_OK;
    }
    enum kith_error error = take_client(naming, client);
    if (error != KITH_OK) {
        return error;
    }
    struct kithi_client *taken = &naming->clients[*client];
    *taken = (struct kithi_client){ref, 0, 1, KITHI_NONE, KITHI_NONE, KITHI_NONE};
    error = kith_monitor_start(naming->self, ref, &taken->monitor);
    if (error != KITH_OK) {
        put_client(naming, *client);
        return error;
    }
    error = kithi_map_add(&naming->client_map, naming->platform, hash_ref(naming, ref), *client);
    if (error != KITH_OK) {
        (void)kith_monitor_stop(naming->self, taken->monitor);
        put_client(naming, *client);
    }
    return error;
}

static void remove_client(struct kithi_naming *naming, uint32_t client)
{
    kithi_map_remove(&naming->client_map, hash_ref(naming, naming->clients[client].ref), client);
    put_client(naming, client);
}

// Whoever releases its last name often registers another one next. So the last client without any
// is kept, with its monitor, until there is another such.
void kithi_client_drop(struct kithi_naming *naming, uint32_t client)
{
    assert(naming->clients[client].uses > 0);
    if (--naming->clients[client].uses > 0) {
        return;
    }
    if (naming->resting != KITHI_NONE) {
        (void)kith_monitor_stop(naming->self, naming->clients[naming->resting].monitor);
        remove_client(naming, naming->resting);
    }
    naming->resting = client;
}

void kithi_client_down(struct kithi_naming *naming, const struct kith_down *down)
{
    uint32_t client = kithi_client_find(naming, down->process);
    if (client == KITHI_NONE || naming->clients[client].monitor != down->monitor) {
        return;
    }
    naming->clients[client].uses++; // until everything of it has ended
    naming->resting = client == naming->resting ? KITHI_NONE : naming->resting;
    kithi_registry_end(naming, client, kith_error_from_number(down->reason));
    kithi_watches_end(naming, client);
    kithi_waits_end(naming, client);
    remove_client(naming, client);
}

enum kith_error kithi_clients_open(struct kithi_naming *naming)
{
    naming->client_free = KITHI_NONE;
    naming->resting = KITHI_NONE;
    return kithi_map_init(&naming->client_map, naming->platform);
}

void kithi_clients_close(struct kithi_naming *naming)
{
    kithi_naming_free(naming, naming->clients, naming->client_capacity * sizeof *naming->clients);
    kithi_map_fini(&naming->client_map, naming->platform);
}
