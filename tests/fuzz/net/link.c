// SPDX-License-Identifier: Apache-2.0
// A peer that sends any bytes in any batches: before the hello, during the handshake, and on a link
// that is up. Whatever comes of its own link, the link beside it stays up and its calls are
// answered, and in the end nothing is left.
//
// The first byte chooses how far the peer has come by itself. Then each batch is a byte for its
// stream, two for its size, and its bytes; one of size 0 lets time pass instead.
#include "fuzz.h"

#include "fixture.h"

enum {
    GOOD = 3000,              // incarnations
    HEAD_SIZE = 3,            // of a batch in the input
    STREAMS_TRIED = 17,       // one more than there are
    TIME_MOST_MS = 10000,     // per input
    MESSAGE_MOST = 64 * 1024, // bytes
    MEMORY_MOST = 8 << 20,    // of the node, in all
};
#define GOOD_ENDPOINT "10.0.0.2:7400"
#define BAD_ENDPOINT  "10.0.0.3:7400"

struct scene {
    struct fixture fixture;
    struct peer good, bad;
    struct kith_ref server;
    bool imitates; // the peer has taken the other's identity, and may get its link
    uint64_t passed_ms;
};

static void set_limits(struct fixture *fixture)
{
    fixture->limits.message_size = MESSAGE_MOST;
    fixture->limits.message_memory = 4 << 20;
    fixture->limits.mailbox_messages = 64;
    fixture->limits.link_queue_bytes = 256 * 1024;
}

static void serve(struct kith_process *self, void *argument)
{
    struct kith_message *message;
    (void)argument;
    while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
        if (!message->waiting || kith_reply(self, &message) != KITH_OK) {
            kith_message_free(&message);
        }
    }
}

static void open_scene(struct scene *scene, unsigned choice)
{
    struct fixture *fixture = &scene->fixture;
    scene->imitates = false;
    scene->passed_ms = 0;
    open_fixture(fixture, set_limits);
    kith_route_unobserve(fixture->node, &fixture->observer); // it has room for few changes
    scene->server = spawn(fixture, serve, NULL);
    peer_init(&scene->good, fixture, GOOD, GOOD_ENDPOINT);
    peer_connect(&scene->good, GOOD_ENDPOINT);
    peer_shake_hands(&scene->good);
    peer_init(&scene->bad, fixture, choice % 2 == 0 ? DECIDER : FOLLOWER, BAD_ENDPOINT);
    if (choice % 8 < 4) {
        peer_connect(&scene->bad, BAD_ENDPOINT);
    } else {
        struct kith_endpoint remote = endpoint(BAD_ENDPOINT);
        require(kith_net_peer_add(fixture->net, &remote) == KITH_OK);
        run(fixture);
        peer_answer(&scene->bad);
    }
    if (choice % 4 > 1) {
        peer_shake_hands(&scene->bad);
    }
}

static bool is_imitation(const struct kith_frame *frame)
{
    struct kith_endpoint good = endpoint(GOOD_ENDPOINT);
    struct kith_hello hello;
    return frame->kind == KITH_FRAME_HELLO &&
           kith_hello_decode(frame->payload, frame->payload_size, &hello) == KITH_OK &&
           (hello.incarnation == GOOD || kith_endpoint_equal(&hello.advertise, &good));
}

static void send_batch(struct scene *scene, unsigned stream, const uint8_t *data, size_t size)
{
    const void *next = data;
    size_t left = size;
    struct kith_frame frame;
    while (kith_frame_decode(&next, &left, 0, NODE, &frame) == KITH_OK) {
        scene->imitates = scene->imitates || is_imitation(&frame);
    }
    uint8_t *copy = malloc(size); // whoever reads beyond it is caught
    require(copy != NULL);
    memcpy(copy, data, size);
    peer_send_bytes(&scene->bad, stream, copy, size);
    free(copy);
}

static void pass_time(struct scene *scene, unsigned steps)
{
    uint64_t ms = (uint64_t)steps * 10;
    if (scene->passed_ms + ms <= TIME_MOST_MS) {
        run_for(&scene->fixture, ms);
        scene->passed_ms += ms;
        if (!scene->good.connection->ended) {
            peer_say(&scene->good, KITH_FRAME_PING, KITH_OK);
        }
    }
}

static void play(struct scene *scene, const uint8_t *data, size_t size)
{
    while (size >= HEAD_SIZE && !scene->bad.connection->ended) {
        unsigned head = data[0];
        size_t batch = (size_t)(data[1] | data[2] << 8);
        data += HEAD_SIZE;
        size -= HEAD_SIZE;
        if (batch == 0) {
            pass_time(scene, head);
            continue;
        }
        batch = batch < size ? batch : size;
        if (batch > 0) {
            send_batch(scene, head % STREAMS_TRIED, data, batch);
        }
        data += batch;
        size -= batch;
    }
}

static void check_other_link(struct scene *scene)
{
    struct peer *good = &scene->good;
    struct kith_frame frame = message_frame((struct kith_ref){GOOD, 5, 5}, scene->server, "hello");
    unsigned stream;
    frame.id = 77;
    frame.waiting = true;
    require(!good->connection->ended);
    require(link_state(&scene->fixture, GOOD) == KITH_LINK_UP);
    peer_send(good, KITH_STREAM_FIRST, &frame);
    do {
        require(peer_hear_kind(good, KITH_FRAME_MESSAGE, &frame, &stream));
    } while (frame.id != 77);
    require(frame.done && frame.payload_size == 5 && memcmp(frame.payload, "hello", 5) == 0);
    require(link_info(&scene->fixture, GOOD).malformed == 0);
}

static void close_scene(struct scene *scene)
{
    require(kith_platform_sim_memory(scene->fixture.sim) < MEMORY_MOST);
    require(kith_kill(scene->fixture.node, scene->server, KITH_ERROR_KILLED) == KITH_OK);
    run(&scene->fixture);
    close_fixture(&scene->fixture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;
    if (size == 0) {
        return 0;
    }
    open_scene(&scene, data[0]);
    play(&scene, data + 1, size - 1);
    if (!scene.imitates) {
        check_other_link(&scene);
    }
    close_scene(&scene);
    return 0;
}
