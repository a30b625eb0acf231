// SPDX-License-Identifier: Apache-2.0
#include "ends.h"

const struct kith_loop_options weather_none = {.seed = 1};

const struct kith_loop_options weather_bad = {
    .seed = 1,
    .path = {.delay_least_ns = 1000000, .delay_most_ns = 50000000, .loss_per_million = 100000},
    .connect_ns = UINT64_C(5000000000),
    .heartbeat_ns = 500000000,
    .unanswered = 6,
};

static struct talk *begin_talk(struct host *host)
{
    assert_true(host->talk_count < TALKS_MOST);
    struct talk *talk = &host->talks[host->talk_count++];
    memset(talk, 0, sizeof *talk);
    talk->host = host;
    return talk;
}

static void *on_accepted(void *owner, struct kith_connection *connection,
                         const struct kith_endpoint *peer)
{
    struct host *host = owner;
    if (host->refuses) {
        return NULL;
    }
    struct talk *talk = begin_talk(host);
    talk->connection = connection;
    talk->peer = *peer;
    return talk;
}

static void on_connected(void *owner)
{
    ((struct talk *)owner)->connected++;
}

static void on_received(void *owner, unsigned stream, const void *data, size_t size)
{
    struct talk *talk = owner;
    assert_true(size >= sizeof(uint32_t));
    assert_true(talk->received_count < RECEIVED_MOST);
    memcpy(&talk->received[talk->received_count], data, sizeof(uint32_t));
    talk->received_stream[talk->received_count++] = stream;
    if (talk->hang_up) {
        struct kith_connection *connection = talk->connection;
        talk->connection = NULL;
        talk->host->backend->ops->disconnect(connection, 0);
    }
}

static void on_heard(void *owner)
{
    ((struct talk *)owner)->heard++;
}

static void on_writable(void *owner)
{
    ((struct talk *)owner)->writable++;
}

static void on_closed(void *owner, enum kith_error reason)
{
    struct talk *talk = owner;
    talk->closed++;
    talk->reason = reason;
    talk->connection = NULL;
}

static const struct kith_backend_events events = {
    .accepted = on_accepted,
    .connected = on_connected,
    .received = on_received,
    .heard = on_heard,
    .writable = on_writable,
    .closed = on_closed,
};

static void count_arrived(void *state)
{
    ((struct host *)state)->arrived++;
}

struct kith_loop_network *open_network(const struct kith_loop_options *options)
{
    struct kith_loop_network *network;
    assert_int_equal(kith_loop_network_open(options, &network), KITH_OK);
    return network;
}

void open_host(struct kith_loop_network *network, const char *endpoint, struct host *host)
{
    struct kith_endpoint listen;
    memset(host, 0, sizeof *host);
    assert_int_equal(kith_endpoint_parse(endpoint, 7400, &listen), KITH_OK);
    assert_int_equal(kith_loop_backend_new(network, count_arrived, host, &host->backend), KITH_OK);
    assert_int_equal(
        host->backend->ops->open(host->backend, &listen, &events, host, &host->endpoint), KITH_OK);
}

void close_host(struct host *host)
{
    host->backend->ops->close(host->backend);
    kith_loop_backend_free(host->backend);
}

void close_all(struct kith_loop_network *network, struct host *a, struct host *b)
{
    close_host(a);
    close_host(b);
    run_for(network, UINT64_C(100000000000));
    assert_int_equal(kith_loop_network_items(network), 0);
    assert_int_equal(kith_loop_network_connections(network), 0);
    kith_loop_network_close(network);
}

struct talk *connect_hosts(struct host *from, const struct host *to)
{
    struct talk *talk = begin_talk(from);
    assert_int_equal(
        from->backend->ops->connect(from->backend, &to->endpoint, talk, &talk->connection),
        KITH_OK);
    return talk;
}

enum kith_error send_number(struct talk *talk, unsigned stream, uint32_t number, size_t size)
{
    static const unsigned char zeros[KITH_BATCH_MAX];
    unsigned char batch[KITH_BATCH_MAX];
    memcpy(batch, zeros, size);
    memcpy(batch, &number, sizeof number);
    return talk->host->backend->ops->send(talk->connection, stream, batch, size);
}

void run_for(struct kith_loop_network *network, uint64_t ns)
{
    uint64_t until_ns = kith_loop_network_now_ns(network) + ns;
    kith_loop_network_settle(network);
    while (kith_loop_network_next_ns(network) <= until_ns) {
        kith_loop_network_run(network, kith_loop_network_next_ns(network));
        kith_loop_network_settle(network);
    }
    kith_loop_network_run(network, until_ns);
}
