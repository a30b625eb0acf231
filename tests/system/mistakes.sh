#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What kith says to mistakes: one line with what, why and what to try, and an exit code of its own
# for each kind.
. "$(dirname "$0")/lib.sh"

unknown_commands_suggest_near_ones() {
    expect_error 2 "did you mean 'kith node'?" "$bin/kith" nod ls
    expect_error 2 "did you mean 'kith node ls'?" "$bin/kith" node sl
    expect_error 2 "did you mean 'kith completion'?" "$bin/kith" complete bash
    expect_error 2 "try 'kith --help'" "$bin/kith" frobnicate
    expect 2 "Usage: kith" "$bin/kith"
    expect 2 "Usage: kith name" "$bin/kith" name
}

unknown_options_suggest_near_ones() {
    expect_error 2 "did you mean '--node'?" "$bin/kith" --nodee x node ls
    expect_error 2 "did you mean '--count'?" "$bin/kith" node ping --cuont 3
    expect_error 2 "unknown option '--count'" "$bin/kith" node ls --count 3
    expect_error 2 "option '--node' needs a value" "$bin/kith" node ls --node
    expect_error 2 "takes no value" "$bin/kith" node ls --wide=yes
}

wrong_values_say_what_was_expected() {
    expect_error 2 "--timeout: expected a time such as" "$bin/kith" --timeout 5 node ls
    expect_error 2 "--output: expected text or json" "$bin/kith" -o yaml node ls
    expect_error 2 "--count: expected a number" "$bin/kith" node ping -c many
    expect_error 2 "--size: expected a size" "$bin/kith" bench --size huge
    expect_error 2 "did you mean 'cpu'?" "$bin/kith" proc ls --sort cup
    expect_error 2 "--node: expected an IP address or DNS name" "$bin/kith" -n ::: node ls
    expect_error 2 "--node: expected" env KITH_NODE=a:b:c "$bin/kith" node ls
}

wrong_arguments_say_how_it_is_used() {
    expect_error 2 "ADDRESS is missing; usage: kith send ADDRESS" "$bin/kith" send
    expect_error 2 "unexpected argument 'c'" "$bin/kith" node info b c
    expect_error 2 "is no address" "$bin/kith" send a/b/c/d
    expect_error 2 "is no address" "$bin/kith" name resolve ''
    expect_error 2 "is no pattern" "$bin/kith" name ls a/b/c/d
    expect_error 2 "a slot is a number" "$bin/kith" proc info 4294967296
    expect_error 2 "only for bash" "$bin/kith" completion zsh
}

an_unreachable_node_is_told() {
    expect_error 5 "is kithd running there?" "$bin/kith" -n 127.0.0.1:9 -t 3s node ls
    # Nobody answers from there, not even to refuse (RFC 5737).
    expect_error 5 "unreachable" timeout 20 "$bin/kith" -n 192.0.2.1 -t 1s node ls
    # With a name server it is unknown, without one it can't be looked up.
    expect_any "3 5 6" "host 'no-such-host.invalid'" \
        "$bin/kith" -n no-such-host.invalid -t 2s node ls
}

unknown_names_and_nodes_suggest_near_ones() {
    start garage
    expect_error 3 "did you mean 'naming'?" kith garage name resolve namign
    expect_error 3 "did you mean 'node'?" kith garage send noed --data x
    expect_error 3 "try 'kith name ls node'" kith garage call node/7 Node.Ping
    expect_error 3 "did you mean 'garage'?" kith garage node info garag
    expect_error 3 "try 'kith name ls'" kith garage name find 'zzzzz*'
    expect_error 3 "no process in slot 999" kith garage proc info 999
    expect_error 3 "did you mean 'Node.Info'?" kith garage call node Node.Inof
    expect_error 3 "try 'kith call node'" kith garage call node Frobnicate.Now
}

an_unreachable_second_node_is_told() {
    start a
    expect_error 5 "node 127.0.0.1:9" kith a node info 127.0.0.1:9 -t 2s
    expect_error 5 "127.0.0.1:9" kith a send 127.0.0.1:9/x -t 2s
}

wrong_json_says_the_field() {
    start a
    expect_error 2 "not JSON: line 1, column 11" kith a call node Node.Ping '{"number":}'
    expect_error 2 "field 'numbre': kith.NodePing has no such field; did you mean 'number'?" \
        kith a call node Node.Ping '{"numbre": 1}'
    expect_error 2 "field 'number': expected uint64" kith a call node Node.Ping '{"number": "x"}'
    expect_error 2 "field 'data': expected bytes in base64" \
        kith a call node Node.Ping '{"data": "?"}'
    expect_error 2 "did you mean 'name'?" \
        kith a call naming Naming.Replicate '{"entries":[{"nme":"x"}]}'
    expect_error 2 "can't read" kith a call node Node.Ping @/no/such/file
    expect_error 2 "can't read" kith a send node --data @/no/such/file
}

# Nothing in the file that a terminal would obey.
is_shown_safely() {
    ! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1"
}

# expect_refused TEXT COMMAND...: the same as expect_error 2, and safe to show.
expect_refused() {
    expect_error 2 "$@"
    is_shown_safely "$work/error" || fail "not safe to show:" "$(cat -v "$work/error")"
}

# A node that is to have such a name doesn't start, and says why.
expect_no_start() {
    local got=0
    timeout 20 "$@" --listen 127.0.0.1:0 2>"$work/error" || got=$?
    [ $got -eq 2 ] || fail "expected exit code 2, not $got, of: $*"
    grep -q "can't be a name" "$work/error" || fail "no reason from: $*" "$(cat -v "$work/error")"
    is_shown_safely "$work/error" || fail "not safe to show:" "$(cat -v "$work/error")"
}

names_that_no_name_can_be_are_refused() {
    start a
    local bad long
    long=$(printf 'n%.0s' {1..300})
    for bad in $'a\x01b' $'\x1b[31mred' $'a\nb' $'a\x7f' $'\xff\xfe' $'\xc0\x80' $'a\xc2\x9bm' \
        'a b' "$long"; do
        expect_refused "is no address" kith a name resolve "$bad"
        expect_refused "is no address" kith a name wait "$bad"
        expect_refused "is no address" kith a send "$bad" --data x
        expect_refused "is no address" kith a call "$bad" Node.Ping
        expect_refused "is no pattern" kith a name ls "$bad"
        expect_refused "is no pattern" kith a name watch "$bad"
        expect_no_start "$bin/kithd" --name "$bad"
        expect_no_start env KITH_NAME="$bad" "$bin/kithd"
    done
    expect_refused "zero byte" kith a call naming Naming.Lookup '{"name": "a\u0000b"}'
    expect_error 1 "malformed" kith a call naming Naming.Lookup '{"name": "a\u0001b"}'
    expect_error 1 "malformed" kith a call naming Naming.Lookup "{\"name\": \"$long\"}"
    expect 0 "naming" kith a name ls
}

an_error_of_the_service_is_told() {
    start a
    expect_error 1 "malformed" kith a call node Node.LogLevel '{"level": "loud"}'
    expect_error 3 "no such process" kith a call node Node.Process '{"slot": 4000}'
}

what_takes_too_long_ends_with_the_time() {
    start a
    expect_error 6 "didn't appear in time" kith a name wait nobody --timeout 300ms
}

a_stopped_node_is_a_timeout_or_unreachable_in_time() {
    start a
    kill -STOP "${pids[a]}"
    local before=$SECONDS
    expect_error 5 "no answer" kith a node ls --timeout 2s
    [ $((SECONDS - before)) -le 5 ]
    kill -CONT "${pids[a]}"
    expect 0 "self" kith a node ls
}

a_closed_pipe_is_no_error() {
    start a
    (set -o pipefail; kith a node info | true) || [ $? -eq 141 ] || fail "code $?"
}

a_full_disk_is_an_error() {
    start a
    expect 1 "can't write the result" bash -c '"$1" -n "$2" node info >/dev/full' \
        - "$bin/kith" "${endpoints[a]}"
    local option
    for option in --help --version 'help node' 'completion bash'; do
        expect 1 "can't write the result" bash -c '"$1" $2 >/dev/full' - "$bin/kith" "$option"
    done
    for option in --help --version --check-config; do
        expect 1 "can't write to standard output" bash -c '"$1" "$2" >/dev/full' \
            - "$bin/kithd" "$option"
    done
}

main unknown_commands_suggest_near_ones \
    unknown_options_suggest_near_ones \
    wrong_values_say_what_was_expected \
    wrong_arguments_say_how_it_is_used \
    an_unreachable_node_is_told \
    unknown_names_and_nodes_suggest_near_ones \
    an_unreachable_second_node_is_told \
    wrong_json_says_the_field \
    names_that_no_name_can_be_are_refused \
    an_error_of_the_service_is_told \
    what_takes_too_long_ends_with_the_time \
    a_stopped_node_is_a_timeout_or_unreachable_in_time \
    a_closed_pipe_is_no_error \
    a_full_disk_is_an_error
