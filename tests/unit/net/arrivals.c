// SPDX-License-Identifier: Apache-2.0
#include "arrivals.h"

void receive_some(struct kith_process *self, void *argument)
{
    struct receiving *receiving = argument;
    while (receiving->got < receiving->wanted) {
        struct kith_message *message;
        if (kith_receive(self, &message, KITH_FOREVER) != KITH_OK) {
            return;
        }
        receiving->got++;
        receiving->size = message->size;
        receiving->type = message->type;
        receiving->returned_type = message->returned_type;
        receiving->error = message->error;
        receiving->trace = message->trace;
        receiving->hops = message->hops;
        receiving->from = message->from;
        if (message->descriptor == NULL && message->size > 0) {
            memcpy(receiving->first, message->data,
                   message->size < sizeof receiving->first ? message->size
                                                           : sizeof receiving->first);
            receiving->good = true;
            for (size_t i = 0; i < message->size; i++) {
                receiving->good = receiving->good &&
                                  ((unsigned char *)message->data)[i] == (unsigned char)(i * 7);
            }
        }
        kith_message_free(&message);
    }
}

static void do_nothing(struct kith_process *self, void *argument)
{
    (void)self, (void)argument;
}

struct kith_ref spawn_ended(struct fixture *fixture)
{
    struct kith_ref ref = spawn(fixture, do_nothing, NULL);
    run(fixture);
    return ref;
}

void open_with_peer(struct fixture *fixture, struct peer *peer, void (*adjust)(struct fixture *))
{
    open_fixture(fixture, adjust);
    peer_up(peer, fixture, FOLLOWER, "10.0.0.2:7400");
    expect_nothing(peer);
}

static void numbered(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(i * 7);
    }
}

void send_parts(struct peer *peer, unsigned stream, struct kith_frame frame, size_t total,
                size_t part)
{
    unsigned char *bytes = test_malloc(total);
    numbered(bytes, total);
    for (size_t sent = 0; sent < total; sent += part) {
        size_t left = total - sent;
        frame.payload = bytes + sent;
        frame.payload_size = left < part ? left : part;
        frame.total_size = sent == 0 ? total : 0;
        peer_send(peer, stream, &frame);
        frame = (struct kith_frame){.kind = KITH_FRAME_PART, .remaining_ms = UINT64_MAX};
    }
    test_free(bytes);
}

struct kith_frame return_frame(struct kith_ref sender, const char *text)
{
    struct kith_frame frame = message_frame(peer_process, sender, text);
    frame.kind = KITH_FRAME_RETURN;
    frame.error = KITH_ERROR_STALE;
    frame.credits = 1;
    return frame;
}
