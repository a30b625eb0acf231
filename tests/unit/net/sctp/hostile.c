// SPDX-License-Identifier: Apache-2.0
// Everybody can send datagrams to a node: garbage, floods, other protocols.
#include "harness.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crc32c.h"
#include "sctp.h"
#include "stranger.h"

enum { PACKET_MOST = 2000, HEADER_SIZE = 12 };

static uint32_t random_state = 1;

static unsigned char random_byte(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return (unsigned char)(random_state >> 24);
}

static int open_sender(const struct harness_end *to)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(to->endpoint.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void set_checksum(unsigned char *packet, size_t size)
{
    memset(packet + 8, 0, 4);
    uint32_t crc = kithi_crc32c_table(packet, size);
    for (int byte = 0; byte < 4; byte++) {
        packet[8 + byte] = (unsigned char)(crc >> 8 * byte);
    }
}

struct count {
    struct harness_end *end;
    uint64_t malformed, packets;
};

static bool has_counted(void *argument)
{
    const struct count *count = argument;
    struct kith_backend_sctp_counters counters = harness_counters(count->end);
    return counters.malformed >= count->malformed && counters.packets_received >= count->packets;
}

static void assert_still_works(struct harness_link *link, struct harness_link *other)
{
    unsigned before = other->received;
    assert_int_equal(harness_send(link, 2, 1000), KITH_OK);
    harness_run(harness_is_idle, link);
    assert_int_equal(other->received, before + 1);
}

static void garbage_is_counted_and_dropped(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    int sender = open_sender(&b);
    struct count count = {.end = &b};
    for (size_t size = 1; size < PACKET_MOST; size += 1 + size % 7) {
        unsigned char packet[PACKET_MOST];
        for (size_t place = 0; place < size; place++) {
            packet[place] = random_byte();
        }
        assert_int_equal(send(sender, packet, size, 0), size);
        count.malformed++;
        if (size % 3 == 0) {
            harness_turn();
        }
    }
    harness_run(has_counted, &count);
    assert_int_equal(harness_counters(&b).malformed, count.malformed);
    assert_still_works(link, other);
    close(sender);
    harness_end_close(&a);
    harness_end_close(&b);
}

// The checksum is right, and sometimes the ports; the rest is anything.
static void nonsense_with_a_good_checksum_changes_nothing(void **state)
{
    (void)state;
    struct harness_end a, b;
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    struct harness_link *other;
    struct harness_link *link = harness_pair(&a, &b, &other);
    int sender = open_sender(&b);
    struct count count = {.end = &b, .packets = harness_counters(&b).packets_received};
    for (int round = 0; round < 3000; round++) {
        unsigned char packet[PACKET_MOST];
        size_t size = 16 + 4 * (size_t)(random_byte() % 60);
        for (size_t place = 0; place < size; place++) {
            packet[place] = random_byte();
        }
        if (round % 4 > 0) {
            packet[2] = KITH_SCTP_PORT >> 8;
            packet[3] = KITH_SCTP_PORT & 0xff;
            packet[HEADER_SIZE] = (unsigned char)(round % 16);
            packet[HEADER_SIZE + 2] = 0;
            packet[HEADER_SIZE + 3] = (unsigned char)(size - HEADER_SIZE);
        }
        if (round % 4 > 1) {
            memset(packet + 4, 0, 4); // the tag of an INIT
        }
        set_checksum(packet, size);
        assert_int_equal(send(sender, packet, size, 0), size);
        count.packets++;
        harness_turn();
    }
    harness_run(has_counted, &count);
    assert_int_equal(harness_counters(&b).connections, 1);
    assert_still_works(link, other);
    close(sender);
    harness_end_close(&a);
    harness_end_close(&b);
}

static size_t make_init(unsigned char *packet)
{
    static const unsigned char init[] = {
        0x27,
        0x10,
        KITH_SCTP_PORT >> 8,
        KITH_SCTP_PORT & 0xff,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0, // header
        1,
        0,
        0,
        20, // INIT
        9,
        9,
        9,
        9,
        0,
        1,
        0,
        0,
        0,
        KITH_STREAMS,
        0,
        KITH_STREAMS,
        0,
        0,
        0,
        1,
    };
    memcpy(packet, init, sizeof init);
    set_checksum(packet, sizeof init);
    return sizeof init;
}

// Each socket is another stranger, which asks to connect and never answers.
static void a_flood_of_strangers_keeps_nobody_from_connecting(void **state)
{
    (void)state;
    enum { SENDERS = 300 };
    struct harness_end a, b;
    int senders[SENDERS];
    unsigned char packet[PACKET_MOST];
    harness_end_open(&a, "127.0.0.1:0", NULL);
    harness_end_open(&b, "127.0.0.1:0", NULL);
    size_t size = make_init(packet);
    for (int sender = 0; sender < SENDERS; sender++) {
        senders[sender] = open_sender(&b);
    }
    struct harness_link *link = NULL;
    for (int round = 0; round < 20 || !link->connected; round++) {
        for (int sender = 0; sender < SENDERS; sender++) {
            (void)!send(senders[sender], packet, size, 0);
        }
        if (round == 5) {
            link = harness_connect(&a, &b.endpoint);
        }
        harness_turn();
        assert_true(link == NULL || !link->closed);
    }
    struct harness_link *other = harness_accepted(&b);
    assert_non_null(other);
    assert_still_works(link, other);
    assert_int_equal(harness_counters(&b).connections, 1);
    for (int sender = 0; sender < SENDERS; sender++) {
        close(senders[sender]);
    }
    harness_end_close(&a);
    harness_end_close(&b);
}

static bool are_all_connected(void *argument)
{
    struct harness_end **ends = argument;
    for (; *ends != NULL; ends++) {
        assert_false((*ends)->links[0].closed);
        if (!(*ends)->links[0].connected) {
            return false;
        }
    }
    return true;
}

static void many_peers_connect_at_the_same_moment(void **state)
{
    (void)state;
    enum { PEERS = 60 };
    static struct harness_end server;
    struct harness_end *ends[PEERS + 1] = {0};
    harness_end_open(&server, "127.0.0.1:0", NULL);
    for (int peer = 0; peer < PEERS; peer++) {
        ends[peer] = calloc(1, sizeof **ends);
        harness_end_open(ends[peer], "127.0.0.1:0", NULL);
        harness_connect(ends[peer], &server.endpoint);
    }
    harness_run(are_all_connected, ends);
    for (int peer = 0; peer < PEERS; peer++) {
        assert_int_equal(harness_send(&ends[peer]->links[0], 2, 10000), KITH_OK);
        harness_run(harness_is_idle, &ends[peer]->links[0]);
        harness_end_close(ends[peer]);
        free(ends[peer]);
    }
    harness_settle(&server);
    assert_int_equal(harness_counters(&server).accepted, PEERS);
    harness_end_close(&server);
}

static void a_peer_with_too_few_streams_is_turned_away(void **state)
{
    (void)state;
    uint16_t port;
    int tell_fd;
    pid_t child = stranger_start(STRANGER_FEW_STREAMS, &port, &tell_fd);
    struct harness_end end;
    harness_end_open(&end, "127.0.0.1:0", NULL);
    stranger_tell(tell_fd, end.endpoint.port);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        harness_turn();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(harness_counters(&end).accepted, 0);
    harness_end_close(&end);
}

static bool has_link_closed(void *argument)
{
    return ((struct harness_end *)argument)->links[0].closed;
}

static void assert_breaks(enum stranger_kind kind)
{
    uint16_t port;
    int tell_fd;
    pid_t child = stranger_start(kind, &port, &tell_fd);
    struct harness_end end;
    harness_end_open(&end, "127.0.0.1:0", NULL);
    stranger_tell(tell_fd, end.endpoint.port);
    harness_run(has_link_closed, &end);
    assert_int_equal(end.links[0].received, 0);
    assert_int_equal(end.links[0].reason, KITH_ERROR_VERSION);
    harness_turn();
    assert_int_equal(stranger_wait(child), 0);
    harness_end_close(&end);
}

static void a_peer_that_sends_something_else_is_of_another_version(void **state)
{
    (void)state;
    assert_breaks(STRANGER_OTHER_PPID);
}

static void a_message_larger_than_allowed_breaks_the_connection(void **state)
{
    (void)state;
    assert_breaks(STRANGER_LARGE_MESSAGE);
}

static void a_listener_with_too_few_streams_is_of_another_version(void **state)
{
    (void)state;
    uint16_t port;
    int tell_fd;
    pid_t child = stranger_start(STRANGER_LISTENS_FEW_STREAMS, &port, &tell_fd);
    struct harness_end end;
    struct kith_endpoint peer;
    harness_end_open(&end, "127.0.0.1:0", NULL);
    stranger_tell(tell_fd, end.endpoint.port);
    assert_int_equal(kith_endpoint_parse("127.0.0.1", port, &peer), KITH_OK);
    struct harness_link *link = harness_connect(&end, &peer);
    harness_run(harness_is_closed, link);
    assert_false(link->connected);
    assert_int_equal(link->reason, KITH_ERROR_VERSION);
    harness_turn();
    assert_int_equal(stranger_wait(child), 0);
    harness_end_close(&end);
}

static void many_connections_share_what_few_would_have(void **state)
{
    (void)state;
    enum { FULL = KITHI_SCTP_BUFFER, LEAST = KITHI_SCTP_BUFFER_LEAST, ALL = 32 * FULL };
    assert_int_equal(kithi_sctp_find_buffer(FULL, ALL, 0), FULL);
    assert_int_equal(kithi_sctp_find_buffer(FULL, ALL, 31), FULL);
    assert_int_equal(kithi_sctp_find_buffer(FULL, ALL, 63), FULL / 2);
    assert_int_equal(kithi_sctp_find_buffer(FULL, ALL, 1000), LEAST);
    assert_int_equal(kithi_sctp_find_buffer(100000, ALL, 1000), 100000); // asked for so little
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, harness_open, harness_close)
    const struct CMUnitTest tests[] = {
        CASE(garbage_is_counted_and_dropped),
        CASE(nonsense_with_a_good_checksum_changes_nothing),
        CASE(a_flood_of_strangers_keeps_nobody_from_connecting),
        CASE(many_peers_connect_at_the_same_moment),
        CASE(a_peer_with_too_few_streams_is_turned_away),
        CASE(a_peer_that_sends_something_else_is_of_another_version),
        CASE(a_message_larger_than_allowed_breaks_the_connection),
        CASE(a_listener_with_too_few_streams_is_of_another_version),
        cmocka_unit_test(many_connections_share_what_few_would_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
