// SPDX-License-Identifier: Apache-2.0
// The one instance of usrsctp that an OS process can have (design D1). What belongs to it is here,
// and nothing else in this folder is global.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "mix.h"
#include "sctp.h"
#include "turns.h"

enum {
    NS_PER_MS = 1000000,
    MOST_PER_TICK_MS = 150, // a node that stood still doesn't hold that against its peers
    FINISH_TICKS = 2000,

    // Recovery is quick: a peer acknowledges after 20 ms at the latest, so that 100 ms without an
    // acknowledgement are a loss. After a stall of the peer the wait is at most 1 s.
    RTO_MIN_MS = 100,
    RTO_INITIAL_MS = 300,
    RTO_MAX_MS = 1000,
    SACK_DELAY_MS = 20,
    SACK_FREQUENCY = 2,
    BURST = 4,
    CHUNKS_MOST = 16384, // queued in one association
};

static struct {
    unsigned users;
    kithi_crc32c_function *crc32c;
    uint64_t hash_key;
    uint64_t ticked_ns;
    struct kithi_sctp_turns asking, answering; // of strangers
} stack;

static void print_nothing(const char *format, ...)
{
    (void)format;
}

static int output(void *address, void *packet, size_t size, uint8_t tos, uint8_t set_df)
{
    (void)tos;
    (void)set_df;
    struct kithi_sctp_slot *slot = kithi_sctp_slot_at(address);
    if (slot == NULL || slot->backend == NULL || size < KITHI_SCTP_HEADER_SIZE) {
        return 0; // its peer is gone: lost, like any packet may be
    }
    // The checksum is left to us (RFC 9260, 6.8): the last 4 bytes of the header, now 0.
    uint32_t crc = stack.crc32c(packet, size);
    unsigned char *field = (unsigned char *)packet + 8;
    for (int byte = 0; byte < 4; byte++) {
        field[byte] = (unsigned char)(crc >> 8 * byte);
    }
    kithi_sctp_output(slot, packet, size);
    return 0;
}

static void set_features(void)
{
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_pr_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auto_asconf(0);
    usrsctp_sysctl_set_sctp_reconfig_enable(0);
    usrsctp_sysctl_set_sctp_nrsack_enable(0);
    usrsctp_sysctl_set_sctp_pktdrop_enable(0);
    usrsctp_sysctl_set_sctp_no_csum_on_loopback(0);
    usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(KITH_STREAMS);
    usrsctp_sysctl_set_sctp_nr_incoming_streams_default(KITH_STREAMS);
    usrsctp_sysctl_set_sctp_default_ss_module(SCTP_SS_PRIORITY);
    usrsctp_enable_crc32c_offload();
}

static void set_timing(void)
{
    usrsctp_sysctl_set_sctp_rto_min_default(RTO_MIN_MS);
    usrsctp_sysctl_set_sctp_rto_initial_default(RTO_INITIAL_MS);
    usrsctp_sysctl_set_sctp_rto_max_default(RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_init_rto_max_default(RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(SACK_DELAY_MS);
    usrsctp_sysctl_set_sctp_sack_freq_default(SACK_FREQUENCY);
    usrsctp_sysctl_set_sctp_max_burst_default(BURST);
    usrsctp_sysctl_set_sctp_fr_max_burst_default(BURST);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS_MOST);
}

enum kith_error kithi_sctp_stack_ref(const struct kith_platform *platform)
{
    if (stack.users++ > 0) {
        return KITH_OK;
    }
    stack.crc32c = kithi_crc32c_choose();
    platform->entropy(platform->state, &stack.hash_key, sizeof stack.hash_key);
    stack.ticked_ns = platform->now_ns(platform->state);
    usrsctp_init_nothreads(0, output, print_nothing);
    set_features();
    set_timing();
    return KITH_OK;
}

// usrsctp frees ended associations by timers: its clock is moved on until it is done.
void kithi_sctp_stack_unref(void)
{
    assert(stack.users > 0);
    if (--stack.users > 0) {
        return;
    }
    kithi_sctp_slots_close();
    for (int tick = 0; usrsctp_finish() != 0 && tick < FINISH_TICKS; tick++) {
        usrsctp_handle_timers(KITHI_SCTP_TICK_MS);
    }
}

void kithi_sctp_stack_tick(uint64_t now_ns)
{
    uint64_t passed_ms = (now_ns - stack.ticked_ns) / NS_PER_MS;
    if (passed_ms == 0) {
        return;
    }
    stack.ticked_ns += passed_ms * NS_PER_MS;
    usrsctp_handle_timers(passed_ms < MOST_PER_TICK_MS ? (uint32_t)passed_ms : MOST_PER_TICK_MS);
}

void kithi_sctp_stack_input(struct kithi_sctp_slot *slot, const void *packet, size_t size)
{
    usrsctp_conninput(kithi_sctp_slot_address(slot), packet, size, 0);
}

uint32_t kithi_sctp_stack_crc32c(const void *data, size_t size)
{
    return stack.crc32c(data, size);
}

uint64_t kithi_sctp_stack_hash(const struct kith_endpoint *endpoint)
{
    uint64_t words[2];
    memcpy(words, endpoint->address, sizeof words);
    uint64_t hash = kithi_sctp_mix(stack.hash_key ^ words[0]);
    return kithi_sctp_mix(kithi_sctp_mix(hash ^ words[1]) ^ endpoint->port);
}

bool kithi_sctp_stack_may_greet(const struct kith_endpoint *endpoint, bool asks, uint64_t now_ns)
{
    struct kithi_sctp_turns *turns = asks ? &stack.asking : &stack.answering;
    return kithi_sctp_turns_take(turns, kithi_sctp_stack_hash(endpoint), now_ns);
}
