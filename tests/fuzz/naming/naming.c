// SPDX-License-Identifier: Apache-2.0
// A naming process that is sent anything: payloads of all its types, and bytes that are none, by a
// process of its own node, by a process of another node, and in the name of that node's naming
// process. Its own names and those of a third node stay what they are, watches and waits stay
// within limits, and in the end nothing is left.
//
// Each message is a byte for its method and how it is sent, two for its size, and its payload.
#include "fuzz.h"

#include <naming.pb-c.h>

#include "cluster.h"

enum {
    VICTIM,
    BAD,
    GOOD,
    NODES,
    HEAD_SIZE = 3,       // of a message in the input
    MOST_MESSAGES = 200, // per input
    METHODS = 16,        // the rest of the byte:
    BY_PEER = 16,        // in the name of the naming process
    WAITS = 32,          // is a request
    RAW = 64,            // isn't decoded
    LOCAL = 128,         // by a process of the same node
};

struct saying {
    struct cluster *cluster;
    unsigned how;
    const uint8_t *data;
    size_t size;
};

static const struct kith_limits *make_limits(void)
{
    static struct kith_limits limits;
    limits = kith_limits_linux;
    limits.processes = 64;
    limits.messages = 1024;
    limits.message_memory = 4 << 20;
    limits.message_size = 256 << 10;
    limits.timers = limits.monitors = 256;
    limits.routes = 8;
    limits.names = 16;
    limits.replicated_names = 32;
    return &limits;
}

// NULL: these bytes are no such payload.
static struct kith_message *new_message(const struct saying *saying)
{
    struct kith_node *node = saying->cluster->nodes[VICTIM];
    uint64_t type = kith_service_type(&kith__naming__descriptor, 0) + saying->how % METHODS;
    struct kith_message *message;
    size_t raw_size = (saying->how & RAW) != 0 ? saying->size : 0;
    require(kith_message_new(node, type, raw_size, &message) == KITH_OK);
    if (raw_size > 0) {
        memcpy(message->data, saying->data, raw_size);
    } else if (kith_payload_decode(node, message, saying->data, saying->size) != KITH_OK) {
        kith_message_free(&message);
    }
    return message;
}

static void say_locally(struct kith_process *self, void *argument)
{
    const struct saying *saying = argument;
    struct kith_ref naming = saying->cluster->naming[VICTIM];
    struct kith_message *message = new_message(saying);
    if (message == NULL) {
        return;
    }
    if ((saying->how & WAITS) != 0) {
        (void)kith_call(self, naming, &message, kith_deadline_ms(self, 5));
    } else {
        (void)kith_send(self, naming, &message, kith_deadline_ms(self, 5));
    }
    kith_message_free(&message);
}

// As a link delivers what it has received.
static void say_remotely(const struct saying *saying)
{
    struct cluster *cluster = saying->cluster;
    struct kith_message *message = new_message(saying);
    if (message == NULL) {
        return;
    }
    message->from = cluster->naming[BAD];
    if ((saying->how & BY_PEER) == 0) {
        message->from.slot += 7;
    }
    message->to = cluster->naming[VICTIM];
    message->reply_to = message->from;
    message->waiting = (saying->how & WAITS) != 0;
    message->id = 99;
    message->deadline_ns = cluster->now_ns + 50 * MS;
    if (kith_route_deliver(cluster->wires[VICTIM][BAD].route, &message) != KITH_OK) {
        message->waiting = false; // its outcome is made by the other side
        kith_message_free(&message);
    }
}

static void play(struct cluster *cluster, const uint8_t *data, size_t size)
{
    for (unsigned count = 0; size >= HEAD_SIZE && count < MOST_MESSAGES; count++) {
        size_t wanted = (size_t)(data[1] | data[2] << 8);
        size_t left = size - HEAD_SIZE;
        struct saying saying = {cluster, data[0], data + HEAD_SIZE, wanted < left ? wanted : left};
        if ((saying.how & LOCAL) != 0) {
            cluster_run(cluster, VICTIM, say_locally, &saying);
        } else {
            say_remotely(&saying);
            cluster_settle(cluster);
        }
        data += HEAD_SIZE + saying.size;
        size -= HEAD_SIZE + saying.size;
    }
}

static void check(struct cluster *cluster, struct kith_ref own, struct kith_ref other)
{
    uint64_t cursor = 0;
    unsigned found = 0;
    struct kith_name_entry entry;
    while (kith_find_next(cluster->nodes[VICTIM], "*", &cursor, &entry) == KITH_OK) {
        require(kith_name_valid(entry.name));
        found += kith_ref_equal(entry.ref, own) && strcmp(entry.name, "mine") == 0;
        found += kith_ref_equal(entry.ref, other) && strcmp(entry.name, "theirs") == 0;
    }
    require(found == 2);
    require(cluster_same(cluster, VICTIM, GOOD) && cluster_same(cluster, GOOD, VICTIM));
    struct kith_naming_status status = cluster_status(cluster, VICTIM);
    require(status.own == 2 && status.replicated <= 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cluster cluster;
    cluster_open(&cluster, NODES, make_limits(), NULL);
    cluster_connect_all(&cluster);
    struct kith_ref own = cluster_register(&cluster, VICTIM, "mine", KITH_INDEX_ANY);
    struct kith_ref other = cluster_register(&cluster, GOOD, "theirs", KITH_INDEX_ANY);
    cluster_settle(&cluster);
    play(&cluster, data, size);
    cluster_advance(&cluster, 100);
    check(&cluster, own, other);
    cluster_close(&cluster);
    return 0;
}
