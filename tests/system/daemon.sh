#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kithd: configuration, signals, what it says when it can't start.
. "$(dirname "$0")/lib.sh"

kithd() {
    timeout 30 "$bin/kithd" "$@"
}

wrong_options_end_with_2_and_suggest() {
    expect 2 "did you mean '--listen'?" kithd --lisen 127.0.0.1
    expect 2 "--detect: expected a time with its unit, such as 5s, not 'soon'" kithd --detect soon
    expect 2 "unexpected argument 'start'" kithd start
    expect 2 "can be from 500ms to 1h" kithd --detect 1ms
}

wrong_files_say_file_and_line() {
    printf 'name: a\nlisen: 127.0.0.1\ndetect: 5 parsecs\n' >"$work/kith.yaml"
    expect 2 "$work/kith.yaml:2: unknown setting 'lisen'; did you mean 'listen'?" \
        kithd --config "$work/kith.yaml"
    expect 2 "$work/kith.yaml:3: detect: expected a time" kithd --config "$work/kith.yaml"
    expect 2 "can't read configuration file /no/such.yaml" kithd --config /no/such.yaml
    expect 2 "can't read configuration file /no/such.yaml" \
        env KITH_CONFIG=/no/such.yaml "$bin/kithd"
}

check_config_prints_what_settings_come_to() {
    printf 'name: from-file\ndetect: 1s\ndrain: 1s\n' >"$work/kith.yaml"
    local shown
    shown=$(KITH_NAME=from-environment KITH_DETECT=2s kithd --config "$work/kith.yaml" \
        --name from-flag --check-config)
    grep -q "^name: from-flag # command line$" <<<"$shown"
    grep -q "^detect: 2s # environment$" <<<"$shown"
    grep -q "^drain: 1s # file$" <<<"$shown"
    grep -q "^listen: 127.0.0.1:7400 # default$" <<<"$shown"
    # What is printed is a configuration file with the same meaning.
    echo "$shown" >"$work/again.yaml"
    [ "$(kithd --config "$work/again.yaml" --check-config | sed 's/ #.*//')" = \
        "$(sed 's/ #.*//' <<<"$shown")" ]
}

an_unknown_variable_is_only_a_warning() {
    expect 0 "warning: environment: unknown variable 'KITH_LISEN'; did you mean 'KITH_LISTEN'?" \
        env KITH_LISEN=0.0.0.0 "$bin/kithd" --check-config
}

a_port_in_use_is_told() {
    start a
    expect 7 "another program uses that UDP port; stop it, or try --listen" \
        kithd --listen "${endpoints[a]}"
    [ "$(kithd --listen "${endpoints[a]}" 2>&1 | wc -l)" -eq 1 ]
}

an_address_of_another_machine_is_told() {
    expect 1 "this machine has no such address; try --listen 0.0.0.0" kithd --listen 192.0.2.1
}

a_state_folder_that_is_not_there_is_told() {
    expect 1 "can't write node.json in state_dir /no/such: No such file" \
        kithd --listen 127.0.0.1:0 --state-dir /no/such
}

two_nodes_in_one_state_folder_are_one_too_many() {
    start a
    expect 7 "another node runs with state_dir $work/a; give each" \
        kithd --listen 127.0.0.1:0 --state-dir "$work/a"
    [ "$(field pid <"$work/a/node.json")" = "${pids[a]}" ]
    stop a
    start a # the folder is free again
}

nothing_is_written_through_a_link_in_the_state_folder() {
    mkdir "$work/a"
    echo precious >"$work/file"
    ln -s "$work/file" "$work/a/node.json.new"
    start a
    stop a
    [ "$(cat "$work/file")" = precious ]
}

a_configuration_file_that_is_a_pipe_is_told() {
    mkfifo "$work/pipe"
    expect 2 "$work/pipe: not a regular file" timeout 5 "$bin/kithd" -c "$work/pipe"
}

the_state_folder_tells_of_the_running_node() {
    start a
    [ "$(field pid <"$work/a/node.json")" = "${pids[a]}" ]
    [ "$(field incarnation <"$work/a/node.json")" = "$(kith a node info -o json |
        field incarnation)" ]
    stop a
    [ ! -e "$work/a/node.json" ]
}

a_term_or_int_signal_stops_in_good_order() {
    start a
    start b --peers "${endpoints[a]}"
    within 10 is_state b a up
    stop b TERM
    within 5 grep -q 'link_ended.*reason=left' "$work/a.log"
    stop a INT
    grep -q node_stopped "$work/a.log"
}

# Started so that the signal isn't ignored, whatever nohup(1) said to this script.
a_hangup_stops_in_good_order() {
    mkdir "$work/a"
    env --default-signal=HUP "$bin/kithd" --listen 127.0.0.1:0 --state-dir "$work/a" \
        2>"$work/a.log" &
    pids[a]=$!
    within 10 test -s "$work/a/node.json"
    stop a HUP
    grep -q node_stopped "$work/a.log"
}

descriptors_that_are_closed_stay_out_of_the_way() {
    mkdir "$work/a"
    "$bin/kithd" --listen 127.0.0.1:0 --state-dir "$work/a" 0<&- 1>&- 2>&- &
    pids[a]=$!
    within 10 test -s "$work/a/node.json"
    local endpoint
    endpoint=$(sed 's/.*"endpoint": "\([^"]*\)".*/\1/' "$work/a/node.json")
    "$bin/kith" -n "$endpoint" node info 0<&- 2>&- | grep -q .
    expect 1 "can't write the result" bash -c '"$1" -n "$2" node info >&-' - "$bin/kith" "$endpoint"
    stop a
}

help_and_version_work() {
    expect 0 "Exit status:" kithd --help
    expect 0 "kithd " kithd --version
}

peers_by_name_are_looked_up() {
    start a
    start b --peers "localhost:${endpoints[a]##*:}"
    within 10 is_state a b up
    start c --peers no-such-host.invalid
    within 30 grep -q 'peer_name_unknown host=no-such-host.invalid' "$work/c.log"
    stop c
}

stopping_does_not_wait_for_a_lookup() {
    start a --peers no-such-host.invalid
    stop a
}

a_node_that_advertises_another_endpoint_is_reached_where_it_listens() {
    start a --advertise 203.0.113.7:7777
    [ "$(kith a name resolve node -o json | field endpoint)" = 203.0.113.7:7777 ]
    expect 0 "answered  1" kith a node ping "${endpoints[a]}" -c 1
    expect 0 "answered  1" kith a node ping 203.0.113.7:7777 -c 1
    start b --peers "${endpoints[a]}"
    within 10 is_state a b up
    [ "$(kith b node ls -o json | field endpoint | grep -c '^203.0.113.7:7777$')" = 1 ]
}

visits_of_the_command_line_are_logged_for_debugging_only() {
    start a
    start b --log-level debug
    kith a node ping -c 1
    kith b node ping -c 1
    within 5 grep -q 'debug link_ended.*reason=left' "$work/b.log"
    grep -q 'debug link_up' "$work/b.log"
    ! grep link_ "$work/a.log"
}

nodes_link_over_ipv6() {
    [ -e /proc/net/if_inet6 ] && grep -q '^0\{31\}1 ' /proc/net/if_inet6 || return 0
    start a --listen '[::1]:0'
    start b --listen '[::1]:0' --peers "${endpoints[a]}"
    within 10 is_state b a up
    [ "$(kith a node info b -o json | field endpoint)" = "${endpoints[b]}" ]
}

bad_packets_are_survived_and_counted() {
    start a --test-corrupt 100 --test-drop 50 --test-duplicate 50 --test-reorder 50
    start b --peers "${endpoints[a]}" --test-delay 100 --test-delay-time 5ms
    within 20 is_state b a up
    [ "$(kith a bench b --time 500ms --timeout 30s -o json | field messages)" -gt 0 ]
    expect 0 "answered  5" kith a node ping b -c 5 -i 1ms --timeout 20s
}

main wrong_options_end_with_2_and_suggest \
    wrong_files_say_file_and_line \
    check_config_prints_what_settings_come_to \
    an_unknown_variable_is_only_a_warning \
    a_port_in_use_is_told \
    an_address_of_another_machine_is_told \
    a_state_folder_that_is_not_there_is_told \
    two_nodes_in_one_state_folder_are_one_too_many \
    nothing_is_written_through_a_link_in_the_state_folder \
    a_configuration_file_that_is_a_pipe_is_told \
    the_state_folder_tells_of_the_running_node \
    a_term_or_int_signal_stops_in_good_order \
    a_hangup_stops_in_good_order \
    descriptors_that_are_closed_stay_out_of_the_way \
    help_and_version_work \
    peers_by_name_are_looked_up \
    stopping_does_not_wait_for_a_lookup \
    a_node_that_advertises_another_endpoint_is_reached_where_it_listens \
    visits_of_the_command_line_are_logged_for_debugging_only \
    nodes_link_over_ipv6 \
    bad_packets_are_survived_and_counted
