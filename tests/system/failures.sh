#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nodes that are killed, stopped, restarted, and talked to in garbage.
. "$(dirname "$0")/lib.sh"

start_two() {
    start a --detect "$1"
    start b --detect "$1" --peers "${endpoints[a]}"
    within 10 is_state b a up
}

# True if node AT knows a name of node OF.
knows() {
    kith "$2" name find "$1/*/*"
}

a_killed_node_is_noticed_and_its_names_go() {
    start_two 1s
    within 10 knows b a
    kill -KILL "${pids[b]}"
    within 10 grep -q link_unreachable "$work/a.log"
    within 10 eval '! knows b a'
    expect_error 5 "node b: there is no working link" kith a name resolve b/node -t 2s
    ! is_state b a up
    # The survivor goes on.
    expect 0 "answered  1" kith a node ping -c 1
}

a_killed_node_returns_under_a_new_incarnation() {
    start_two 1s
    local before after
    before=$(kith a node info b -o json | field incarnation)
    kill -KILL "${pids[b]}"
    wait "${pids[b]}" || true
    start b --listen "${endpoints[b]}" --detect 1s --peers "${endpoints[a]}"
    within 20 is_state b a up
    after=$(kith a node info b -o json | field incarnation)
    [ "$before" != "$after" ]
    within 10 knows b a
    [ "$(kith a name resolve b/node -o json | field incarnation)" = "$after" ]
}

a_node_that_pauses_for_2_s_raises_no_alarm() {
    start_two 5s
    local incarnation
    incarnation=$(kith a node info b -o json | field incarnation)
    kill -STOP "${pids[b]}"
    sleep 2
    kill -CONT "${pids[b]}"
    within 10 kith a node ping b -c 1
    is_state b a up
    [ "$(kith a node info b -o json | field incarnation)" = "$incarnation" ]
    ! grep -q 'link_unreachable\|link_ended.*reason=unreachable' "$work/a.log" "$work/b.log"
}

a_node_that_pauses_longer_is_given_up_and_taken_back() {
    start_two 1s
    local incarnation
    incarnation=$(kith a node info b -o json | field incarnation)
    kill -STOP "${pids[b]}"
    within 10 grep -q 'link_unreachable' "$work/a.log"
    within 10 eval '! knows b a'
    kill -CONT "${pids[b]}"
    within 30 is_state b a up
    within 10 knows b a
    [ "$(kith a name resolve b/node -o json | field incarnation)" = "$incarnation" ]
}

a_node_killed_in_the_middle_of_a_call_ends_the_call() {
    start_two 1s
    kith a bench b --time 20s -o json >"$work/bench" 2>&1 &
    local bench=$! code=0
    within 10 eval 'kith b node info -o json | field received_remote | grep -qE "[0-9]{3}"'
    kill -KILL "${pids[b]}"
    local before=$SECONDS
    wait $bench || code=$?
    [ $code -eq 5 ] || fail "code $code" "$(cat "$work/bench")"
    [ $((SECONDS - before)) -le 10 ]
}

garbage_at_the_port_is_dropped() {
    start_two 5s
    python3 - "${endpoints[a]}" <<'PYTHON'
import os, random, socket, sys
host, port = sys.argv[1].rsplit(":", 1)
random.seed(7)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(5000):
    size = random.choice((0, 1, 11, 12, 13, 20, 100, 1400, 9000))
    start = random.choice((b"", b"\x1c\xe8\x1c\xe8", b"GET / HTTP/1.1\r\n\r\n"))
    sender.sendto((start + random.randbytes(size))[:9000], (host, int(port)))
PYTHON
    expect 0 "answered  3" kith a node ping b -c 3 -i 1ms
    is_state b a up
    [ "$(kith a node info -o json | field links_up)" -ge 1 ]
}

a_node_talked_to_by_many_short_lived_ones_stays_small() {
    start a
    local number before after
    kith a node ls >"$work/out"
    before=$(kith a node info -o json | field pool_bytes)
    for number in $(seq 30); do
        kith a node ls >"$work/out"
    done
    after=$(kith a node info -o json | field pool_bytes)
    [ "$after" -le $((before + 65536)) ] || fail "pool grew from $before to $after"
    [ "$(kith a node ls -o json | field name | wc -l)" -le 3 ]
}

three_nodes_see_each_other_and_the_loss_of_one() {
    start a --detect 1s
    start b --detect 1s --peers "${endpoints[a]}"
    start c --detect 1s --peers "${endpoints[a]},${endpoints[b]}"
    within 10 is_state b c up
    within 10 is_state a c up
    within 10 is_state b a up
    within 10 knows b c
    kill -KILL "${pids[b]}"
    within 10 eval '! knows b a && ! knows b c'
    knows a c
    knows c a
    is_state a c up
}

main a_killed_node_is_noticed_and_its_names_go \
    a_killed_node_returns_under_a_new_incarnation \
    a_node_that_pauses_for_2_s_raises_no_alarm \
    a_node_that_pauses_longer_is_given_up_and_taken_back \
    a_node_killed_in_the_middle_of_a_call_ends_the_call \
    garbage_at_the_port_is_dropped \
    a_node_talked_to_by_many_short_lived_ones_stays_small \
    three_nodes_see_each_other_and_the_loss_of_one
