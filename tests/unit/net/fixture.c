// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

static void note_change(struct kith_route_observer *observer, const struct kith_route_info *info,
                        enum kith_error reason)
{
    struct fixture *fixture = (void *)((char *)observer - offsetof(struct fixture, observer));
    assert_true(fixture->change_count < CHANGES_MOST);
    fixture->changes[fixture->change_count].incarnation = info->incarnation;
    fixture->changes[fixture->change_count].state = info->state;
    fixture->changes[fixture->change_count].reason = reason;
    fixture->change_count++;
}

void open_fixture(struct fixture *fixture, void (*adjust)(struct fixture *fixture))
{
    memset(fixture, 0, sizeof *fixture);
    fixture->sim = kith_platform_sim_open(1, &fixture->platform);
    assert_non_null(fixture->sim);
    fixture->limits = kith_limits_linux;
    fixture->limits.processes = 64;
    fixture->limits.timers = 64;
    fixture->limits.monitors = 256;
    fixture->limits.routes = 8;
    fake_init(&fixture->fake);
    fixture->options = (struct kith_net_options){
        .backend = &fixture->fake.backend,
        .listen = endpoint("10.0.0.1:7400"),
        .version = "1.2.3",
    };
    if (adjust != NULL) {
        adjust(fixture);
    }
    struct kith_node_options options = {.name = "node",
                                        .platform = &fixture->platform,
                                        .limits = &fixture->limits,
                                        .incarnation = NODE};
    assert_int_equal(kith_node_open(&options, &fixture->node), KITH_OK);
    fixture->options.node = fixture->node;
    assert_int_equal(kith_net_open(&fixture->options, &fixture->net), KITH_OK);
    fixture->observer.changed = note_change;
    kith_route_observe(fixture->node, &fixture->observer);
}

void close_fixture(struct fixture *fixture)
{
    kith_net_close(fixture->net);
    kith_route_unobserve(fixture->node, &fixture->observer);
    run(fixture);
    struct kith_message_counters counters;
    kith_message_counters(fixture->node, &counters);
    assert_int_equal(kith_node_processes(fixture->node), 0);
    assert_int_equal(counters.alive, 0);
    assert_int_equal(counters.alive_bytes, 0);
    kith_node_close(fixture->node);
    assert_int_equal(kith_platform_sim_memory(fixture->sim), 0);
    kith_platform_sim_close(fixture->sim);
    fake_fini(&fixture->fake);
}

void run(struct fixture *fixture)
{
    kith_node_settle(fixture->node);
}

void run_for(struct fixture *fixture, uint64_t ms)
{
    uint64_t end_ns = kith_node_now(fixture->node) + ms * MS;
    uint64_t deadline_ns;
    while ((deadline_ns = kith_node_settle(fixture->node)) <= end_ns) {
        kith_platform_sim_set_now(fixture->sim, deadline_ns);
    }
    kith_platform_sim_set_now(fixture->sim, end_ns);
    kith_node_settle(fixture->node);
}

struct kith_endpoint endpoint(const char *text)
{
    struct kith_endpoint parsed;
    assert_int_equal(kith_endpoint_parse(text, KITH_DEFAULT_PORT, &parsed), KITH_OK);
    return parsed;
}

void peer_init(struct peer *peer, struct fixture *fixture, uint64_t incarnation,
               const char *advertise)
{
    *peer = (struct peer){
        .fixture = fixture,
        .incarnation = incarnation,
        .hello =
            {
                .version = KITH_WIRE_VERSION,
                .incarnation = incarnation,
                .name = "peer",
                .program = "3.2.1",
                .advertise = endpoint(advertise),
                .message_size = 1 << 20,
                .credits = 8,
                .uptime_ms = 5,
                .detect_ms = 5000,
            },
    };
}

void peer_connect(struct peer *peer, const char *from)
{
    struct kith_endpoint remote = endpoint(from);
    peer->connection = fake_accept(&peer->fixture->fake, &remote);
    assert_non_null(peer->connection);
    run(peer->fixture);
}

void peer_answer(struct peer *peer)
{
    peer->connection = fake_dialed(&peer->fixture->fake);
    assert_non_null(peer->connection);
    fake_connected(peer->connection);
    run(peer->fixture);
}

void peer_send_bytes(struct peer *peer, unsigned stream, const void *data, size_t size)
{
    fake_received(peer->connection, stream, data, size);
    run(peer->fixture);
}

void peer_send(struct peer *peer, unsigned stream, const struct kith_frame *frame)
{
    unsigned char bytes[KITH_BATCH_MAX];
    size_t size = sizeof bytes;
    assert_int_equal(kith_frame_encode(frame, peer->incarnation, NODE, bytes, &size), KITH_OK);
    peer_send_bytes(peer, stream, bytes, size);
}

void peer_say(struct peer *peer, enum kith_frame_kind kind, enum kith_error error)
{
    struct kith_frame frame = {.kind = kind, .error = error, .remaining_ms = UINT64_MAX};
    peer_send(peer, KITH_STREAM_CONTROL, &frame);
}

void peer_greet(struct peer *peer)
{
    unsigned char payload[KITH_HELLO_MAX];
    size_t size = sizeof payload;
    assert_int_equal(kith_hello_encode(&peer->hello, payload, &size), KITH_OK);
    struct kith_frame frame = {.kind = KITH_FRAME_HELLO,
                               .payload = payload,
                               .payload_size = size,
                               .remaining_ms = UINT64_MAX};
    peer_send(peer, KITH_STREAM_CONTROL, &frame);
}

bool peer_hear_any(struct peer *peer, struct kith_frame *frame, unsigned *stream)
{
    struct kith_connection *connection = peer->connection;
    while (connection->sent_read < connection->sent_count) {
        struct fake_batch *batch = &connection->sent[connection->sent_read];
        if (batch->read == batch->size) {
            connection->sent_read++;
            continue;
        }
        const void *data = batch->bytes + batch->read;
        size_t left = batch->size - batch->read;
        assert_int_equal(kith_frame_decode(&data, &left, NODE, peer->incarnation, frame), KITH_OK);
        batch->read = batch->size - left;
        *stream = batch->stream;
        return true;
    }
    return false;
}

bool peer_hear_kind(struct peer *peer, enum kith_frame_kind kind, struct kith_frame *frame,
                    unsigned *stream)
{
    while (peer_hear_any(peer, frame, stream)) {
        if (frame->kind == kind) {
            return true;
        }
    }
    return false;
}

bool peer_hear(struct peer *peer, struct kith_frame *frame, unsigned *stream)
{
    do {
        if (!peer_hear_any(peer, frame, stream)) {
            return false;
        }
    } while (frame->kind == KITH_FRAME_PING || frame->kind == KITH_FRAME_PONG ||
             frame->kind == KITH_FRAME_CREDIT);
    return true;
}

struct kith_frame expect_frame(struct peer *peer, enum kith_frame_kind kind)
{
    struct kith_frame frame;
    unsigned stream;
    assert_true(peer_hear(peer, &frame, &stream));
    assert_int_equal(frame.kind, kind);
    return frame;
}

void expect_nothing(struct peer *peer)
{
    struct kith_frame frame;
    unsigned stream;
    assert_false(peer_hear(peer, &frame, &stream));
}

void peer_shake_hands(struct peer *peer)
{
    expect_frame(peer, KITH_FRAME_HELLO);
    peer_greet(peer);
    if (peer->incarnation < NODE) {
        peer_say(peer, KITH_FRAME_OFFER, KITH_OK);
        expect_frame(peer, KITH_FRAME_ACCEPT);
    } else {
        expect_frame(peer, KITH_FRAME_OFFER);
        peer_say(peer, KITH_FRAME_ACCEPT, KITH_OK);
    }
    assert_int_equal(link_state(peer->fixture, peer->incarnation), KITH_LINK_UP);
}

void peer_up(struct peer *peer, struct fixture *fixture, uint64_t incarnation,
             const char *advertise)
{
    peer_init(peer, fixture, incarnation, advertise);
    peer_connect(peer, advertise);
    peer_shake_hands(peer);
    expect_change(fixture, incarnation, KITH_ROUTE_UP, KITH_OK);
}

struct kith_frame message_frame(struct kith_ref from, struct kith_ref to, const char *text)
{
    return (struct kith_frame){
        .kind = KITH_FRAME_MESSAGE,
        .type = KITH_TYPE(KITH_SIGNATURE_BYTES, 1),
        .from = from,
        .to = to,
        .remaining_ms = UINT64_MAX,
        .payload = text,
        .payload_size = strlen(text),
        .hops = 1,
    };
}

struct kith_link_info link_info(struct fixture *fixture, uint64_t incarnation)
{
    struct kith_link_info info;
    assert_int_equal(kith_net_link_find(fixture->net, incarnation, &info), KITH_OK);
    return info;
}

enum kith_link_state link_state(struct fixture *fixture, uint64_t incarnation)
{
    return link_info(fixture, incarnation).state;
}

bool has_link(struct fixture *fixture, uint64_t incarnation)
{
    struct kith_link_info info;
    return kith_net_link_find(fixture->net, incarnation, &info) == KITH_OK;
}

void expect_change(struct fixture *fixture, uint64_t incarnation, enum kith_route_state state,
                   enum kith_error reason)
{
    assert_true(fixture->change_count > 0);
    assert_int_equal(fixture->changes[0].incarnation, incarnation);
    assert_int_equal(fixture->changes[0].state, state);
    assert_int_equal(fixture->changes[0].reason, reason);
    fixture->change_count--;
    memmove(&fixture->changes[0], &fixture->changes[1],
            fixture->change_count * sizeof fixture->changes[0]);
}

void expect_no_change(struct fixture *fixture)
{
    assert_int_equal(fixture->change_count, 0);
}

struct kith_ref spawn(struct fixture *fixture, kith_process_entry *entry, void *argument)
{
    struct kith_ref ref;
    struct kith_spawn_options options = {.label = "test", .entry = entry, .argument = argument};
    assert_int_equal(kith_spawn(fixture->node, &options, &ref), KITH_OK);
    return ref;
}
