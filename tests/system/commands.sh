#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command of kith, against two nodes on loopback.
. "$(dirname "$0")/lib.sh"

start_two() {
    start a
    start b --peers "${endpoints[a]}"
    within 10 is_state b a up
}

node_ls_lists_the_node_asked_and_its_peers() {
    start_two
    [ "$(kith a node ls -o json | field name | sort | tr '\n' ' ')" = "a b " ]
    [ "$(kith a node ls -o json | field state | tr '\n' ' ')" = "self up " ]
    expect 0 "NAME  ENDPOINT" kith a node ls
    expect 0 "RECONNECTS" kith a node ls --wide
}

node_info_tells_about_the_node_asked_and_about_others() {
    start_two
    [ "$(kith a node info -o json | field name)" = a ]
    [ "$(kith a node info b -o json | field name)" = b ]
    [ "$(kith a node info "${endpoints[b]}" -o json | field name)" = b ]
    [ "$(kith a node info "$(kith b node info -o json | field incarnation)" -o json |
        field name)" = b ]
    expect 0 "message memory" kith a node info
}

node_ping_measures_round_trips() {
    start_two
    expect 0 "answered  3" kith a node ping b --count 3 --interval 1ms --size 100K
    [ "$(kith a node ping -c 2 -i 1ms -o json | wc -l)" -eq 3 ]
}

names_are_listed_found_and_resolved() {
    start_two
    within 10 kith a name find 'b/node/0'
    [ "$(kith a name ls -o json | field name | sort | uniq -c | tr -s ' \n' ' ')" = \
        " 2 naming 2 node " ]
    [ "$(kith a name ls --local -o json | field node | sort -u)" = a ]
    [ "$(kith a name find 'b/*/*' -o json | field node | sort -u)" = b ]
    [ "$(kith a name resolve node -o json | field node)" = a ]
    [ "$(kith a name resolve b/node -o json | field address)" = "${endpoints[b]}/node/0" ]
    [ "$(kith a name resolve "${endpoints[b]}/node/0" -o json | field node)" = b ]
    expect 0 "naming" kith a name ls 'nam*'
}

a_watch_tells_what_is_there_and_what_goes() {
    start_two
    [ "$(kith a name watch --count 4 -o json | wc -l)" -eq 4 ]
    timeout 10 bash -c '"$1" -n "$2" name watch | head -1' - "$bin/kith" "${endpoints[a]}" |
        grep -q "^TIME  *EVENT"
    kith a name watch 'b/*/*' -o json >"$work/watch" 2>&1 &
    within 10 grep -q '"event":"up".*"name":"node"' "$work/watch"
    stop b
    within 10 grep -q '"event":"down".*"name":"node".*"reason":"left"' "$work/watch"
}

a_watch_of_nodes_sees_a_killed_one_go() {
    start a --detect 1s
    start b --peers "${endpoints[a]}" --detect 1s
    within 10 is_state b a up
    kith a name watch --nodes -o json >"$work/watch" 2>&1 &
    within 10 grep -q '"event":"up","what":"node","name":null,"index":null,"node":"b"' \
        "$work/watch"
    kill -KILL "${pids[b]}"
    within 10 grep -q '"event":"down","what":"node","name":null,"index":null,"node":"b"' \
        "$work/watch"
}

a_wait_ends_when_the_name_appears() {
    start a
    kith a name wait b/node --timeout 20s -o json >"$work/wait" 2>&1 &
    local waiting=$!
    start b --peers "${endpoints[a]}"
    wait $waiting
    [ "$(field node <"$work/wait")" = b ]
}

processes_are_listed_sorted_and_shown() {
    start_two
    kith a proc ls -o json | field label | grep -x naming
    [ "$(kith a proc ls b -o json | field names | grep -c /0)" -eq 2 ]
    [ "$(kith a proc ls --limit 1 -o json | field slot | wc -l)" -eq 1 ]
    kith a proc ls --sort cpu -o json | field cpu_ns | sort -rnc
    [ "$(kith a proc info b/naming -o json | field label)" = naming ]
    [ "$(kith a proc info 1 -o json | field slot)" = 1 ]
}

a_message_is_sent_from_text_file_and_standard_input() {
    start_two
    within 10 kith a name find b/node
    printf 'from a file' >"$work/file"
    kith a send b/node --data 'a text'
    kith a send b/node --data "@$work/file"
    echo "from standard input" | kith a send b/node --data -
    [ "$(kith a send b/node --data abc -o json | field size_bytes)" = 3 ]
}

a_message_that_comes_back_is_an_error() {
    start a
    # The type's signature belongs to no service that the node knows.
    expect_error 1 "the receiver does not know" kith a send node --type 0xabcdef0123456701
    expect_error 1 "the receiver does not know" kith a send node --type 0xabcdef0123456701 --call
}

methods_are_listed_and_called() {
    start_two
    within 10 kith a name find b/node
    kith a call node -o json | field method | grep -x kith.Node.Ping
    [ "$(kith a call node Node.Ping '{"number": 5, "data": "a2l0aA=="}' -o json)" = \
        '{"number":5,"data":"a2l0aA=="}' ]
    echo '{"number": 6}' >"$work/json"
    [ "$(kith a call b/node kith.Node.Ping "@$work/json" -o json | field number)" = 6 ]
    [ "$(echo '{"number": 7}' | kith a call b/node Node.Ping - -o json | field number)" = 7 ]
    [ "$(kith a call b/node Node.LogLevel '{"level": "debug"}' -o json | field level)" = debug ]
}

a_bench_measures_to_the_node_and_between_two() {
    start_two
    [ "$(kith a bench --time 100ms -o json | field messages)" -gt 0 ]
    [ "$(kith a bench b --time 100ms --size 4K -o json | field from)" = a ]
}

completion_and_version_need_no_node() {
    "$bin/kith" completion bash | bash -n
    [ "$("$bin/kith" version -o json | field wire_version)" = 1 ]
    [ "$("$bin/kith" --version | head -n 1 | cut -d ' ' -f 1)" = kith ]
}

completion_offers_commands_options_nodes_and_names() {
    start_two
    local reply
    reply=$(
        set +eu # as in an interactive shell
        unset -f kith
        PATH=$bin:$PATH
        . <("$bin/kith" completion bash)
        complete_line() {
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
            _kith
            echo "${COMPREPLY[@]}"
        }
        complete_line kith ''
        complete_line kith node ''
        complete_line kith bench --si
        complete_line kith -n "${endpoints[a]}" node info ''
        complete_line kith -n "${endpoints[a]}" name resolve nam
        complete_line kith -o ''
    )
    mapfile -t lines <<<"$reply"
    [[ " ${lines[0]} " == *" send "*" node "* ]]
    [ "${lines[1]}" = "ls info ping" ]
    [ "${lines[2]}" = "--size" ]
    [[ " ${lines[3]} " == *" a "* && " ${lines[3]} " == *" b "* ]]
    [ "${lines[4]}" = naming ]
    [ "${lines[5]}" = "text json" ]
}

every_command_has_help_with_examples() {
    local command
    while read -r command; do
        expect 0 "Examples:" "$bin/kith" $command --help
    done < <("$bin/kith" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\( [a-z]*\)\?\)  .*/\1/p')
    expect 0 "Examples:" "$bin/kith" node --help
    expect 0 "Exit status:" "$bin/kith" --help
}

the_environment_stands_for_general_options() {
    start_two
    [ "$(KITH_NODE=${endpoints[b]} KITH_OUTPUT=json "$bin/kith" node info | field name)" = b ]
    [ "$(KITH_NODE=127.0.0.1:1 "$bin/kith" -n "${endpoints[a]}" node info -o json |
        field name)" = a ]
}

main node_ls_lists_the_node_asked_and_its_peers \
    node_info_tells_about_the_node_asked_and_about_others \
    node_ping_measures_round_trips \
    names_are_listed_found_and_resolved \
    a_watch_tells_what_is_there_and_what_goes \
    a_watch_of_nodes_sees_a_killed_one_go \
    a_wait_ends_when_the_name_appears \
    processes_are_listed_sorted_and_shown \
    a_message_is_sent_from_text_file_and_standard_input \
    a_message_that_comes_back_is_an_error \
    methods_are_listed_and_called \
    a_bench_measures_to_the_node_and_between_two \
    completion_and_version_need_no_node \
    completion_offers_commands_options_nodes_and_names \
    every_command_has_help_with_examples \
    the_environment_stands_for_general_options
