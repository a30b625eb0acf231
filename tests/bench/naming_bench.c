// SPDX-License-Identifier: Apache-2.0
// What names cost: looking one up, beside a bare probe of a hash table with the same texts, and
// registering one.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kith/codec.h>
#include <kith/naming.h>
#include <kith/net.h>
#include <kith/net_loop.h>
#include <kith/platform_linux.h>

#include "bench.h"

enum {
    NAMES = 10000,
    BUCKETS = 32768, // a power of two, less than half full
    TEXT_SIZE = 48,
};

struct naming {
    struct kith_platform platform;
    struct kith_node *node;
    char (*texts)[TEXT_SIZE]; // names, in the order they are asked for
    const char *host;         // before each address, "" or "bench/"
    bool replicated;          // the names are another node's
    uint64_t count;
    uint64_t start_ns, end_ns;
    uint64_t sum;
};

static void write_texts(struct naming *naming)
{
    uint64_t random = 1;
    for (uint32_t i = 0; i < NAMES; i++) {
        snprintf(naming->texts[i], TEXT_SIZE, "service-%u", (unsigned)i);
    }
    for (uint32_t i = NAMES - 1; i > 0; i--) {
        char kept[TEXT_SIZE];
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint32_t other = (uint32_t)(random >> 33) % (i + 1);
        memcpy(kept, naming->texts[i], TEXT_SIZE);
        memcpy(naming->texts[i], naming->texts[other], TEXT_SIZE);
        memcpy(naming->texts[other], kept, TEXT_SIZE);
    }
}

static void add_hosts(struct naming *naming)
{
    for (uint32_t i = 0; i < NAMES; i++) {
        char name[TEXT_SIZE / 2];
        snprintf(name, sizeof name, "%.20s", naming->texts[i]);
        snprintf(naming->texts[i], TEXT_SIZE, "%s%s/0", naming->host, name);
    }
}

static bool open_naming(struct naming *naming)
{
    struct kith_platform_linux_options platform_options = {.log_level = KITH_LOG_ERROR};
    memset(naming, 0, sizeof *naming);
    naming->host = "";
    naming->texts = malloc(NAMES * sizeof *naming->texts);
    write_texts(naming);
    enum kith_error error = kith_platform_linux_open(&platform_options, &naming->platform);
    if (error == KITH_OK) {
        struct kith_node_options options = {
            .name = "bench", .platform = &naming->platform, .limits = &kith_limits_linux};
        error = kith_node_open(&options, &naming->node);
    }
    struct kith_ref ref;
    if (error == KITH_OK) {
        error = kith_naming_open(naming->node, NULL, &ref);
    }
    errno = 0;
    if (error != KITH_OK) {
        bench_complain(kith_error_text(error));
    }
    return error == KITH_OK;
}

static void close_naming(struct naming *naming)
{
    kith_naming_close(naming->node);
    kith_codec_close(naming->node);
    kith_node_close(naming->node);
    kith_platform_linux_close(&naming->platform);
    free(naming->texts);
}

// Runs one process until it stops the node.
static bool run_naming(struct naming *naming, kith_process_entry *entry)
{
    struct kith_spawn_options options = {.entry = entry, .argument = naming};
    if (kith_spawn(naming->node, &options, NULL) != KITH_OK) {
        return false;
    }
    kith_node_run(naming->node);
    close_naming(naming);
    return naming->end_ns > naming->start_ns;
}

static void finish(struct naming *naming, enum kith_error error)
{
    if (error == KITH_OK) {
        naming->end_ns = bench_now_ns();
    } else {
        bench_complain(kith_error_text(error));
    }
    kith_node_stop(naming->node);
}

static enum kith_error register_names(struct kith_process *self, const struct naming *naming)
{
    enum kith_error error = KITH_OK;
    for (uint32_t i = 0; error == KITH_OK && i < NAMES; i++) {
        error = kith_register(self, naming->texts[i], 0, NULL, KITH_FOREVER);
    }
    return error;
}

static void look_up(struct kith_process *self, void *argument)
{
    struct naming *naming = argument;
    enum kith_error error = naming->replicated ? KITH_OK : register_names(self, naming);
    if (naming->host[0] != '\0') {
        add_hosts(naming);
    }
    uint32_t next = 0;
    naming->start_ns = bench_now_ns();
    for (uint64_t i = 0; error == KITH_OK && i < naming->count; i++) {
        struct kith_ref ref;
        error = kith_lookup(self, naming->texts[next], KITH_NO_WAIT, &ref);
        naming->sum += ref.slot;
        next = next + 1 == NAMES ? 0 : next + 1;
    }
    finish(naming, error);
}

static bool measure_lookup(const struct bench_options *options, const char *host, double *figure)
{
    struct naming naming;
    if (!open_naming(&naming)) {
        return false;
    }
    naming.host = host;
    naming.count = bench_count(options, 10000000);
    bool measured = run_naming(&naming, look_up);
    *figure = (double)(naming.end_ns - naming.start_ns) / (double)naming.count;
    return measured;
}

bool bench_naming_lookup(const struct bench_options *options, double *figure)
{
    return measure_lookup(options, "", figure);
}

bool bench_naming_lookup_at_host(const struct bench_options *options, double *figure)
{
    return measure_lookup(options, "bench/", figure);
}

// The names of another node: the two are linked in memory, in this one OS process.

struct owner {
    struct naming naming;
    struct kith_backend *backends[2];
    struct kith_net *nets[2];
    struct kith_loop_network *network;
};

static void hold_names(struct kith_process *self, void *argument)
{
    if (register_names(self, argument) == KITH_OK) {
        (void)kith_sleep_until(self, KITH_FOREVER);
    }
}

static bool link_nodes(struct owner *owner, struct kith_node *const nodes[2])
{
    static const struct kith_loop_options options = {
        .seed = 1, .retry_ns = 50000000, .connect_ns = 1000000000, .unanswered = 4};
    struct kith_endpoint endpoints[2];
    enum kith_error error = kith_loop_network_open(&options, &owner->network);
    for (int side = 0; side < 2 && error == KITH_OK; side++) {
        struct kith_naming_status status;
        (void)kith_naming_status(nodes[side], &status);
        (void)kith_endpoint_parse(side == 0 ? "10.0.0.1:7400" : "10.0.0.2:7400", 0,
                                  &endpoints[side]);
        error = kith_loop_backend_new(owner->network, NULL, NULL, &owner->backends[side]);
        const struct kith_net_options net = {.node = nodes[side],
                                             .backend = owner->backends[side],
                                             .listen = endpoints[side],
                                             .naming = status.naming};
        if (error == KITH_OK) {
            error = kith_net_open(&net, &owner->nets[side]);
        }
    }
    return error == KITH_OK && kith_net_peer_add(owner->nets[0], &endpoints[1]) == KITH_OK;
}

// Until the first node has the names of the second. It takes a few milliseconds.
static bool replicate(const struct owner *owner, struct kith_node *const nodes[2])
{
    uint64_t give_up_ns = bench_now_ns() + BENCH_DEADLINE_MS * UINT64_C(1000000);
    struct kith_naming_status status = {.replicated = 0};
    while (status.replicated < NAMES && bench_now_ns() < give_up_ns) {
        kith_loop_network_run(owner->network, kith_node_now(nodes[0]));
        for (int side = 0; side < 2; side++) {
            (void)kith_loop_backend_poll(owner->backends[side]);
            kith_node_settle(nodes[side]);
        }
        (void)kith_naming_status(nodes[0], &status);
    }
    return status.replicated >= NAMES;
}

static void unlink_nodes(const struct owner *owner)
{
    for (int side = 0; side < 2; side++) {
        kith_net_close(owner->nets[side]);
        kith_loop_backend_free(owner->backends[side]);
    }
    kith_loop_network_close(owner->network);
}

bool bench_naming_lookup_replicated(const struct bench_options *options, double *figure)
{
    struct naming naming;
    struct owner owner;
    if (!open_naming(&naming) || !open_naming(&owner.naming)) {
        return false;
    }
    naming.replicated = true;
    naming.count = bench_count(options, 10000000);
    struct kith_node *const nodes[2] = {naming.node, owner.naming.node};
    const struct kith_spawn_options hold = {.entry = hold_names, .argument = &owner.naming};
    bool good = link_nodes(&owner, nodes) && kith_spawn(nodes[1], &hold, NULL) == KITH_OK &&
                replicate(&owner, nodes);
    const struct kith_spawn_options ask = {.entry = look_up, .argument = &naming};
    if (good && kith_spawn(nodes[0], &ask, NULL) == KITH_OK) {
        kith_node_run(nodes[0]);
    }
    unlink_nodes(&owner);
    close_naming(&naming);
    close_naming(&owner.naming);
    *figure = (double)(naming.end_ns - naming.start_ns) / (double)naming.count;
    return naming.end_ns > naming.start_ns;
}

static void register_and_release(struct kith_process *self, void *argument)
{
    struct naming *naming = argument;
    enum kith_error error = KITH_OK;
    naming->start_ns = bench_now_ns();
    for (uint64_t i = 0; error == KITH_OK && i < naming->count; i++) {
        uint32_t index;
        const char *name = naming->texts[i % NAMES];
        error = kith_register(self, name, KITH_INDEX_ANY, &index, KITH_FOREVER);
        if (error == KITH_OK) {
            error = kith_release(self, name, index, KITH_FOREVER);
        }
    }
    finish(naming, error);
}

bool bench_naming_register(const struct bench_options *options, double *figure)
{
    struct naming naming;
    if (!open_naming(&naming)) {
        return false;
    }
    naming.count = bench_count(options, 1000000);
    bool measured = run_naming(&naming, register_and_release);
    *figure = (double)naming.count * 1e3 / (double)(naming.end_ns - naming.start_ns);
    return measured;
}

// The bare table: open addressing, linear probing, texts compared.

struct slot {
    uint32_t hash, value;
    const char *text;
};

static uint32_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return (uint32_t)(hash ^ hash >> 32);
}

static struct slot *probe(struct slot *slots, const char *text, uint32_t hash)
{
    uint32_t place = hash & (BUCKETS - 1);
    while (slots[place].text != NULL &&
           (slots[place].hash != hash || strcmp(slots[place].text, text) != 0)) {
        place = (place + 1) & (BUCKETS - 1);
    }
    return &slots[place];
}

static void register_all(struct kith_process *self, void *argument)
{
    struct naming *naming = argument;
    enum kith_error error = KITH_OK;
    naming->start_ns = bench_now_ns();
    uint64_t before = bench_resident_bytes();
    for (uint64_t i = 0; error == KITH_OK && i < naming->count; i++) {
        error = kith_register(self, naming->texts[i], 0, NULL, KITH_FOREVER);
    }
    naming->sum = bench_resident_bytes() - before;
    finish(naming, error);
}

bool bench_naming_memory(const struct bench_options *options, double *figure)
{
    struct naming naming;
    if (!open_naming(&naming)) {
        return false;
    }
    naming.count = bench_count(options, NAMES);
    bool measured = run_naming(&naming, register_all);
    *figure = (double)naming.sum / (double)naming.count;
    return measured;
}

bool bench_bare_probe_rate(const struct bench_options *options, double *figure)
{
    bool measured = bench_bare_probe(options, figure);
    *figure = 1e3 / *figure;
    return measured;
}

bool bench_bare_probe(const struct bench_options *options, double *figure)
{
    struct naming asked = {.texts = malloc(NAMES * sizeof *asked.texts)};
    char(*kept)[TEXT_SIZE] = malloc(NAMES * sizeof *kept);
    struct slot *slots = calloc(BUCKETS, sizeof *slots);
    uint64_t count = bench_count(options, 10000000);
    write_texts(&asked);
    memcpy(kept, asked.texts, NAMES * sizeof *kept);
    for (uint32_t i = 0; i < NAMES; i++) {
        uint32_t hash = hash_text(kept[i]);
        *probe(slots, kept[i], hash) = (struct slot){hash, i, kept[i]};
    }
    uint32_t next = 0;
    asked.start_ns = bench_now_ns();
    for (uint64_t i = 0; i < count; i++) {
        asked.sum += probe(slots, asked.texts[next], hash_text(asked.texts[next]))->value;
        next = next + 1 == NAMES ? 0 : next + 1;
    }
    asked.end_ns = bench_now_ns();
    *figure = (double)(asked.end_ns - asked.start_ns) / (double)count;
    bool measured = asked.sum > 0;
    free(slots);
    free(kept);
    free(asked.texts);
    return measured;
}
