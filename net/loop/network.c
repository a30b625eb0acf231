// SPDX-License-Identifier: Apache-2.0
// The network in memory: endpoints, the paths between them, and what is on its way.
#include "loop.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// This is a test's tool: memory that runs out in the middle of the network ends the program.
void *kithi_loop_allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fputs("kith_net_loop: out of memory\n", stderr);
        abort();
    }
    return memory;
}

// splitmix64, Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
uint64_t kithi_loop_draw(struct kith_loop_network *network, uint64_t below)
{
    uint64_t z = (network->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return below == 0 ? 0 : (z ^ (z >> 31)) % below;
}

// ---- The heap of items, the earliest at place 1. ----

static bool is_before(const struct kithi_item *a, const struct kithi_item *b)
{
    return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->order < b->order);
}

static void push_item(struct kith_loop_network *network, struct kithi_item *item)
{
    if (network->item_count + 1 >= network->item_capacity) {
        network->item_capacity = 2 * network->item_capacity + 64;
        network->heap =
            realloc(network->heap, network->item_capacity * sizeof(struct kithi_item *));
        assert(network->heap != NULL);
    }
    item->order = network->next_order++;
    size_t place = ++network->item_count;
    while (place > 1 && is_before(item, network->heap[place / 2])) {
        network->heap[place] = network->heap[place / 2];
        place /= 2;
    }
    network->heap[place] = item;
}

static struct kithi_item *pop_item(struct kith_loop_network *network)
{
    struct kithi_item **heap = network->heap;
    struct kithi_item *first = heap[1];
    struct kithi_item *moved = heap[network->item_count--];
    size_t place = 1;
    while (2 * place <= network->item_count) {
        size_t child = 2 * place;
        if (child < network->item_count && is_before(heap[child + 1], heap[child])) {
            child++;
        }
        if (!is_before(heap[child], moved)) {
            break;
        }
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = moved;
    return first;
}

// ---- Sending. ----

struct kithi_item *kithi_loop_item(struct kith_loop_network *network, enum kithi_item_kind kind,
                                   struct kith_connection *from, struct kith_connection *to)
{
    struct kithi_item *item = kithi_loop_allocate(sizeof *item);
    item->kind = kind;
    item->first_ns = network->now_ns;
    item->from = from == NULL ? NULL : kithi_connection_ref(from);
    item->to = to == NULL ? NULL : kithi_connection_ref(to);
    if (from != NULL) {
        item->from_place = from->place;
        item->place = from->peer_place;
    } else if (to != NULL) {
        item->from_place = to->peer_place;
        item->place = to->place;
    }
    return item;
}

void kithi_loop_item_free(struct kithi_item *item)
{
    if (item->from != NULL) {
        kithi_connection_unref(item->from);
    }
    if (item->to != NULL) {
        kithi_connection_unref(item->to);
    }
    free(item);
}

// What isn't worth a second try comes again by itself, or isn't missed.
static bool is_repeated(enum kithi_item_kind kind)
{
    return kind != KITHI_ITEM_HEARTBEAT && kind != KITHI_ITEM_ANSWER && kind != KITHI_ITEM_ABORT;
}

static uint64_t retry_after(const struct kith_loop_network *network, unsigned tries)
{
    unsigned doublings = tries < KITHI_LOOP_BACKOFF ? tries : KITHI_LOOP_BACKOFF;
    return network->options.retry_ns << doublings;
}

// The packet didn't make it: it comes again later.
static void lose_item(struct kith_loop_network *network, struct kithi_item *item)
{
    if (!is_repeated(item->kind)) {
        kithi_loop_item_free(item);
        return;
    }
    item->lost = true;
    item->due_ns = network->now_ns + retry_after(network, item->tries);
    item->tries++;
    push_item(network, item);
}

void kithi_loop_launch(struct kith_loop_network *network, struct kithi_item *item)
{
    struct kithi_path *path = kithi_loop_path(network, item->from_place, item->place);
    const struct kith_loop_path *weather = &path->path;
    if (weather->blocked || kithi_loop_draw(network, 1000000) < weather->loss_per_million) {
        lose_item(network, item);
        return;
    }
    uint64_t start_ns = network->now_ns;
    if (weather->bytes_per_s != 0) {
        start_ns = path->free_ns > start_ns ? path->free_ns : start_ns;
        size_t bytes = KITHI_LOOP_PACKET + (item->kind == KITHI_ITEM_DATA ? item->size : 0);
        start_ns += bytes * UINT64_C(1000000000) / weather->bytes_per_s;
        path->free_ns = start_ns;
    }
    uint64_t spread_ns = weather->delay_most_ns - weather->delay_least_ns;
    item->lost = false;
    item->due_ns = start_ns + weather->delay_least_ns + kithi_loop_draw(network, spread_ns + 1);
    push_item(network, item);
}

void kithi_loop_packet(struct kith_connection *from, enum kithi_item_kind kind)
{
    kithi_loop_launch(from->network, kithi_loop_item(from->network, kind, from, from->peer));
}

void kithi_loop_at(struct kith_connection *end, enum kithi_item_kind kind, uint64_t due_ns)
{
    struct kithi_item *item = kithi_loop_item(end->network, kind, NULL, end);
    item->due_ns = due_ns;
    push_item(end->network, item);
}

// Sent again, unless its sender has given up.
static void repeat_item(struct kith_loop_network *network, struct kithi_item *item)
{
    struct kith_connection *from = item->from;
    bool over = from != NULL && from->state == KITHI_CONNECTION_ENDED;
    bool late = item->kind == KITHI_ITEM_CONNECT
                    ? network->now_ns - item->first_ns >= network->options.connect_ns
                    : item->tries >= KITHI_LOOP_TRIES;
    if (!over && !late) {
        kithi_loop_launch(network, item);
        return;
    }
    if (!over && from != NULL && from->backend != NULL) {
        kithi_loop_at(from, KITHI_ITEM_BREAK, network->now_ns);
    }
    kithi_loop_item_free(item);
}

// Nobody is there who could take it.
static void miss_item(struct kith_loop_network *network, struct kithi_item *item)
{
    if (item->kind != KITHI_ITEM_CONNECT) {
        kithi_loop_item_free(item);
        return;
    }
    if (network->places[item->place].silent) {
        lose_item(network, item);
        return;
    }
    struct kithi_item *answer = kithi_loop_item(network, KITHI_ITEM_REFUSE, NULL, item->from);
    kithi_loop_launch(network, answer);
    kithi_loop_item_free(item);
}

// A carrier may accept while the node is busy: then the node is told of the connection and gets
// what has come by it at once.
static bool accepts_early(struct kith_loop_network *network, const struct kithi_item *item)
{
    return item->kind == KITHI_ITEM_CONNECT && kithi_loop_draw(network, 2) == 0;
}

static void arrive(struct kith_loop_network *network, struct kithi_item *item)
{
    struct kithi_backend *backend = network->places[item->place].backend;
    if (item->lost) {
        repeat_item(network, item);
        return;
    }
    if (backend == NULL) {
        miss_item(network, item);
        return;
    }
    if (accepts_early(network, item) && !kithi_connection_accept(backend, item)) {
        kithi_loop_item_free(item);
        return;
    }
    item->next = NULL;
    if (backend->first == NULL) {
        backend->first = item;
    } else {
        backend->last->next = item;
    }
    backend->last = item;
    network->inbox_count++;
    if (backend->arrived != NULL) {
        backend->arrived(backend->arrived_state);
    }
}

void kith_loop_network_run(struct kith_loop_network *network, uint64_t now_ns)
{
    assert(now_ns >= network->now_ns);
    while (network->item_count > 0 && network->heap[1]->due_ns <= now_ns) {
        struct kithi_item *item = pop_item(network);
        if (item->due_ns > network->now_ns) {
            network->now_ns = item->due_ns;
        }
        arrive(network, item);
    }
    network->now_ns = now_ns;
}

uint64_t kith_loop_network_now_ns(const struct kith_loop_network *network)
{
    return network->now_ns;
}

uint64_t kith_loop_network_next_ns(const struct kith_loop_network *network)
{
    return network->item_count == 0 ? UINT64_MAX : network->heap[1]->due_ns;
}

bool kith_loop_network_settle(struct kith_loop_network *network)
{
    bool any = false, again;
    do {
        again = false;
        kith_loop_network_run(network, network->now_ns);
        for (struct kithi_backend *backend = network->backends; backend != NULL;
             backend = backend->next) {
            again = kith_loop_backend_poll(&backend->head) || again;
        }
        any = any || again;
    } while (again);
    return any;
}

size_t kith_loop_network_items(const struct kith_loop_network *network)
{
    return network->item_count + network->inbox_count;
}

size_t kith_loop_network_connections(const struct kith_loop_network *network)
{
    return network->connection_count;
}

// ---- Places and paths. ----

static enum kith_error grow_places(struct kith_loop_network *network)
{
    uint32_t capacity = network->place_capacity == 0 ? 8 : 2 * network->place_capacity;
    struct kithi_place *places = calloc(capacity, sizeof *places);
    struct kithi_path *paths = calloc((size_t)capacity * capacity, sizeof *paths);
    if (places == NULL || paths == NULL) {
        free(places);
        free(paths);
        return KITH_ERROR_NO_MEMORY;
    }
    for (size_t path = 0; path < (size_t)capacity * capacity; path++) {
        paths[path].path = network->options.path;
    }
    for (uint32_t from = 0; from < network->place_count; from++) {
        places[from] = network->places[from];
        memcpy(&paths[(size_t)from * capacity],
               &network->paths[(size_t)from * network->place_capacity],
               network->place_count * sizeof *paths);
    }
    free(network->places);
    free(network->paths);
    network->places = places;
    network->paths = paths;
    network->place_capacity = capacity;
    return KITH_OK;
}

enum kith_error kithi_loop_place(struct kith_loop_network *network,
                                 const struct kith_endpoint *endpoint, uint32_t *place)
{
    for (*place = 0; *place < network->place_count; (*place)++) {
        if (kith_endpoint_equal(&network->places[*place].endpoint, endpoint)) {
            return KITH_OK;
        }
    }
    if (network->place_count == network->place_capacity) {
        enum kith_error error = grow_places(network);
        if (error != KITH_OK) {
            return error;
        }
    }
    network->places[network->place_count++].endpoint = *endpoint;
    return KITH_OK;
}

struct kithi_path *kithi_loop_path(struct kith_loop_network *network, uint32_t from, uint32_t to)
{
    return &network->paths[(size_t)from * network->place_capacity + to];
}

static enum kith_error find_path(struct kith_loop_network *network,
                                 const struct kith_endpoint *from, const struct kith_endpoint *to,
                                 struct kithi_path **path)
{
    uint32_t from_place, to_place;
    enum kith_error error = kithi_loop_place(network, from, &from_place);
    if (error == KITH_OK) {
        error = kithi_loop_place(network, to, &to_place);
    }
    if (error == KITH_OK) {
        *path = kithi_loop_path(network, from_place, to_place);
    }
    return error;
}

enum kith_error kith_loop_path_set(struct kith_loop_network *network,
                                   const struct kith_endpoint *from, const struct kith_endpoint *to,
                                   const struct kith_loop_path *path)
{
    struct kithi_path *found;
    assert(path->delay_least_ns <= path->delay_most_ns);
    enum kith_error error = find_path(network, from, to, &found);
    if (error == KITH_OK) {
        found->path = *path;
    }
    return error;
}

enum kith_error kith_loop_path_get(struct kith_loop_network *network,
                                   const struct kith_endpoint *from, const struct kith_endpoint *to,
                                   struct kith_loop_path *path)
{
    struct kithi_path *found;
    enum kith_error error = find_path(network, from, to, &found);
    if (error == KITH_OK) {
        *path = found->path;
    }
    return error;
}

enum kith_error kith_loop_refuse(struct kith_loop_network *network,
                                 const struct kith_endpoint *endpoint, bool refuse)
{
    uint32_t place;
    enum kith_error error = kithi_loop_place(network, endpoint, &place);
    if (error == KITH_OK) {
        network->places[place].refuses = refuse;
    }
    return error;
}

static void break_connections(struct kithi_backend *backend, uint32_t peer_place,
                              uint64_t spread_ns)
{
    struct kith_loop_network *network = backend->network;
    for (struct kith_connection *end = backend->connections; end != NULL; end = end->next) {
        if (end->peer_place == peer_place) {
            end->deaf = kithi_loop_draw(network, 2) == 0;
            kithi_loop_at(end, KITHI_ITEM_BREAK,
                          network->now_ns + kithi_loop_draw(network, spread_ns + 1));
        }
    }
}

enum kith_error kith_loop_break(struct kith_loop_network *network, const struct kith_endpoint *a,
                                const struct kith_endpoint *b, uint64_t spread_ns)
{
    uint32_t a_place, b_place;
    enum kith_error error = kithi_loop_place(network, a, &a_place);
    if (error == KITH_OK) {
        error = kithi_loop_place(network, b, &b_place);
    }
    if (error != KITH_OK) {
        return error;
    }
    if (network->places[a_place].backend != NULL) {
        break_connections(network->places[a_place].backend, b_place, spread_ns);
    }
    if (network->places[b_place].backend != NULL) {
        break_connections(network->places[b_place].backend, a_place, spread_ns);
    }
    return KITH_OK;
}

uint64_t kith_loop_broken(struct kith_loop_network *network, const struct kith_endpoint *a,
                          const struct kith_endpoint *b)
{
    struct kithi_path *path;
    uint64_t broken = 0;
    if (find_path(network, a, b, &path) == KITH_OK) {
        broken += path->broken;
    }
    if (find_path(network, b, a, &path) == KITH_OK) {
        broken += path->broken;
    }
    return broken;
}

enum kith_error kith_loop_network_open(const struct kith_loop_options *options,
                                       struct kith_loop_network **network)
{
    assert(options->path.delay_least_ns <= options->path.delay_most_ns);
    struct kith_loop_network *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    opened->options = *options;
    opened->random = options->seed;
    opened->next_port = 40000;
    if (opened->options.buffer_bytes == 0) {
        opened->options.buffer_bytes = KITHI_LOOP_BUFFER;
    }
    if (opened->options.batch_size == 0) {
        opened->options.batch_size = KITHI_LOOP_BATCH;
    }
    if (opened->options.retry_ns == 0) {
        opened->options.retry_ns = KITHI_LOOP_RETRY_NS;
    }
    *network = opened;
    return KITH_OK;
}

void kith_loop_network_close(struct kith_loop_network *network)
{
    assert(network->backends == NULL);
    while (network->item_count > 0) {
        kithi_loop_item_free(pop_item(network));
    }
    assert(network->connection_count == 0);
    free(network->heap);
    free(network->places);
    free(network->paths);
    free(network);
}
