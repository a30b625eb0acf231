#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Strangers and broken peers at the port of a node that serves others, who must not notice.
. "$(dirname "$(readlink -f "$0")")/lib.sh"
load=$PWD/build/gcc/tests/load/kith-load

# resident NAME: the memory of the node, in KB.
resident() {
    awk '/^VmRSS/ { print $2 }' "/proc/${pids[$1]}/status"
}

# unharmed PROGRAM ATTACK [LINES]: is run at node a while b sends letters to it, of which none may
# get lost. Then node a is as it was before: its links, its memory, its log but for some lines. Node
# a has the options node_options, too.
node_options=()
unharmed() {
    local before after lines
    start_program "$load" a --sinks 1 --log-level warning --links 50 "${node_options[@]}"
    start_program "$load" b --senders 4 --last 5s --peers "${endpoints[a]}" --to a/sink
    start c --peers "${endpoints[a]}"
    within 10 is_state c a up
    before=$(resident a)
    timeout 60 "tests/system/$1" "$2" "${endpoints[a]}" >"$work/attack.out"
    cat "$work/attack.out"
    wait "${pids[b]}" || fail "the others noticed" "$(cat "$work/b.out")"
    [ "$(awk '$1 == "letters_lost" { print $2 }' "$work/b.out")" = 0 ]
    is_state c a up
    expect 0 "round trip" kith a node info c
    after=$(resident a)
    [ $((after - before)) -lt 40000 ] || fail "memory went from $before to $after KB"
    lines=$(wc -l <"$work/a.log")
    [ "$lines" -lt "${3:-60}" ] || fail "$lines lines in the log"
}

other_protocols_on_the_port_harm_nobody() {
    unharmed attack.py other_protocols
}

ten_thousand_strangers_that_ask_to_connect_harm_nobody() {
    unharmed attack.py spoofed_inits
}

peers_that_say_nothing_are_let_go() {
    unharmed attack.py silence
    grep -q 'ended \[True, True, True\]' "$work/attack.out"
    within 10 eval '[ "$(kith a node ls --wide | wc -l)" -le 4 ]'
}

peers_that_talk_nonsense_instead_of_a_hello_are_turned_away() {
    unharmed attack.py no_hello
    grep -q 'ended \[True, True, True, True, True, True\]' "$work/attack.out"
    grep -q 'input_malformed\|connection_refused' "$work/a.log"
}

large_messages_that_are_never_finished_harm_nobody() {
    unharmed attack_node.py unfinished
    grep -q 'up 20' "$work/attack.out"
}

nodes_that_come_and_go_keep_nobody_out() {
    unharmed attack_node.py come_and_go 400
    [ "$(awk '{ print $2 }' "$work/attack.out")" -gt 100 ] # twice the places that there are
    grep -q log_limited "$work/a.log"
    start d --peers "${endpoints[a]}"
    within 5 is_state d a up
}

a_node_that_takes_no_replies_harms_nobody() {
    node_options=(--memory 64M) # a quarter for replies that wait, an eighth for what SCTP has
    unharmed attack_node.py no_reading
    [ "$(awk '{ print $2 }' "$work/attack.out")" -gt 100 ]
}

a_receiver_that_never_reads_costs_its_mailbox_only() {
    start_program "$load" a --sinks 1 --slow 1h --log-level warning
    start c --peers "${endpoints[a]}"
    start_program "$load" b --senders 8 --last 30s --peers "${endpoints[a]}" --to a/sink
    within 10 eval '[ "$(kith a proc ls -o json | field mailbox | sort -n | tail -n 1)" -gt 900 ]'
    local before after
    before=$(resident a)
    expect 0 "answered  5" kith a node ping c --count 5 --interval 50ms
    expect 0 "answered  5" kith c node ping a --count 5 --interval 50ms
    after=$(resident a)
    [ $((after - before)) -lt 10000 ] || fail "memory went from $before to $after KB"
}

a_node_whose_processes_are_ended_by_a_peer_serves_and_stops() {
    start c
    start a --peers "localhost:${endpoints[c]##*:}" --drain 3s
    within 10 is_state c a up
    timeout 60 tests/system/attack_node.py ties "${endpoints[a]}" >"$work/attack.out" &
    sleep 1
    local attack=$!
    expect 0 "round trip" kith a node info c
    kill "${pids[a]}"
    within 10 eval '! kill -0 "${pids[a]}"' || kill -KILL "${pids[a]}"
    wait "${pids[a]}"
    wait $attack
    [ "$(awk '{ print $2 }' "$work/attack.out")" -gt 50 ]
    ! grep -q process_ended "$work/a.log" || fail "$(grep process_ended "$work/a.log")"
}

main other_protocols_on_the_port_harm_nobody \
    ten_thousand_strangers_that_ask_to_connect_harm_nobody \
    peers_that_say_nothing_are_let_go \
    peers_that_talk_nonsense_instead_of_a_hello_are_turned_away \
    large_messages_that_are_never_finished_harm_nobody \
    nodes_that_come_and_go_keep_nobody_out \
    a_node_that_takes_no_replies_harms_nobody \
    a_receiver_that_never_reads_costs_its_mailbox_only \
    a_node_whose_processes_are_ended_by_a_peer_serves_and_stops
