#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A second implementation of docs/wire.md, and what real nodes have to do with it.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
peer=tests/system/peer/peer.py

# check NAME [OPTION...]: one of the peer's checks, at a node with these options.
check() {
    start a --detect 500ms "${@:2}"
    timeout 60 tests/system/peer/checks.py "$1" "${endpoints[a]}"
    stop a
}

a_link_comes_up_whoever_has_the_smaller_incarnation() {
    check links
    [ "$(grep -c 'link_ended node=peer .*reason=left' "$work/a.log")" = 3 ]
}

a_second_connection_changes_nothing() { check second; }

a_lost_connection_is_replaced() { check lost; }

a_node_that_restarts_is_another_one() { check restarted; }

a_peer_that_answers_pings_stays() { check stays; }

the_services_of_a_node_can_be_called() { check calls; }

so_they_can_where_packets_are_lost_doubled_and_reordered() {
    check calls --test-drop 100 --test-duplicate 100 --test-reorder 100
}

messages_that_cannot_be_delivered_come_back() { check returned; }

nothing_is_sent_without_credits() { check credits; }

the_end_of_a_process_is_told_on_three_streams() { check monitors; }

what_is_unknown_is_ignored() { check unknown; }

hellos_that_are_none_end_the_connection() { check refused; }

malformed_frames_end_the_link() { check malformed; }

a_peer_is_listed_and_its_name_is_found_and_called() {
    start a
    start_program $peer p --peers "${endpoints[a]}"
    within 10 is_state p a up
    within 10 kith a name find p/thing
    expect 0 "the thing has wood" kith a send p/thing --data wood --call
    [ "$(kith a call p/thing Echo.Say '{"text": "world"}' -o json)" = '{"text":"hello, world"}' ]
    kith a send p/thing --data stone
    within 10 grep -q stone "$work/p.out"
    expect_error 1 "does not know" kith a send p/thing --type 0xabcdef0123456701
    [ "$(kith a bench p --time 100ms -o json | field messages)" -gt 32 ]
    [ "$(kith a bench p --time 100ms --size 100K -o json | field messages)" -gt 0 ]
    stop p
    within 10 is_state p a none
    grep -q 'link_ended node=p .*reason=left' "$work/a.log"
    expect_error 3 "" kith a name find p/thing
    grep -q 'overspent=0' "$work/p.log"
    [ "$(grep -c 'overspent=[^0]' "$work/p.log")" = 0 ]
}

a_node_connects_to_a_peer_and_notices_when_it_is_silent() {
    start_program $peer p
    start a --peers "${endpoints[p]}" --detect 500ms
    within 10 is_state p a up
    expect 0 "answered  3" kith a node ping p --count 3 --interval 1ms
    kill -STOP "${pids[p]}"
    within 10 grep -q 'link_unreachable node=p ' "$work/a.log"
    kill -CONT "${pids[p]}"
    within 10 is_state p a up
    expect 0 "the thing has wood" kith a send p/thing --data wood --call
    stop a
    stop p
    grep -q 'overspent=0' "$work/p.log"
}

main a_link_comes_up_whoever_has_the_smaller_incarnation \
    a_second_connection_changes_nothing \
    a_lost_connection_is_replaced \
    a_node_that_restarts_is_another_one \
    a_peer_that_answers_pings_stays \
    the_services_of_a_node_can_be_called \
    so_they_can_where_packets_are_lost_doubled_and_reordered \
    messages_that_cannot_be_delivered_come_back \
    nothing_is_sent_without_credits \
    the_end_of_a_process_is_told_on_three_streams \
    what_is_unknown_is_ignored \
    hellos_that_are_none_end_the_connection \
    malformed_frames_end_the_link \
    a_peer_is_listed_and_its_name_is_found_and_called \
    a_node_connects_to_a_peer_and_notices_when_it_is_silent
