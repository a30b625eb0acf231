# SPDX-License-Identifier: Apache-2.0
# What the system tests share: nodes as real processes on loopback, and cases that are functions. A
# script defines functions named as sentences, with '_' for blanks, and ends with
#
#     run_cases first_case second_case ...
#
# Each case runs in a shell of its own, ends the nodes it started, and fails with the first command
# that fails.

set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
bin=${KITH_BIN:-$PWD/build/gcc/bin}
work=$(mktemp -d "${TMPDIR:-/tmp}/kith-system-XXXXXX")
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1
unset "${!KITH_@}" # settings of whoever runs the tests are none of the nodes'
declare -A pids=() endpoints=()
failures=0

# start NAME [OPTION...]: a kithd in the background, once it is there. Without --listen it takes a
# free port of 127.0.0.1. Sets pids[NAME] and endpoints[NAME].
start() {
    start_program "$bin/kithd" "$@"
}

# start_program PROGRAM NAME [OPTION...]: the same for another program made with libkith.
start_program() {
    local program=$1 name=$2
    shift 2
    mkdir -p "$work/$name"
    rm -f "$work/$name/node.json"
    "$program" --listen 127.0.0.1:0 --name "$name" --state-dir "$work/$name" "$@" \
        2>>"$work/$name.log" >>"$work/$name.out" &
    pids[$name]=$!
    within 10 test -s "$work/$name/node.json" || fail "node $name doesn't start"
    endpoints[$name]=$(sed 's/.*"endpoint": "\([^"]*\)".*/\1/' "$work/$name/node.json")
}

# stop NAME [SIGNAL]: ends the node and gives its exit code.
stop() {
    kill -"${2:-TERM}" "${pids[$1]}"
    wait "${pids[$1]}"
}

# within SECONDS COMMAND...: repeats the command until it succeeds.
within() {
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# kith NAME ARGUMENT...: the CLI, asking that node.
kith() {
    local name=$1
    shift
    timeout 60 "$bin/kith" --node "${endpoints[$name]}" "$@"
}

# field KEY: the values of that key in JSON on standard input, one a line.
field() {
    python3 -c '
import json, sys
value = json.load(sys.stdin)
for item in value if isinstance(value, list) else [value]:
    print(item[sys.argv[1]])' "$1"
}

# state OF AT: how node AT sees the link to node OF; "none" if it has none.
state() {
    kith "$2" node ls -o json | python3 -c '
import json, sys
print(next((n["state"] for n in json.load(sys.stdin) if n["name"] == sys.argv[1]), "none"))' "$1"
}

is_state() {
    [ "$(state "$1" "$2")" = "$3" ]
}

# expect CODE TEXT COMMAND...: the command ends with that code, and its output, standard error
# included, contains the text.
expect() {
    expect_any "$@"
}

# expect_any "CODE CODE..." TEXT COMMAND...: the same with one of several codes.
expect_any() {
    local codes=$1 text=$2 output got=0
    shift 2
    output=$("$@" 2>&1) || got=$?
    [[ " $codes " == *" $got "* ]] || fail "expected exit code $codes, not $got, of: $*" "$output"
    [[ $output == *"$text"* ]] || fail "expected '$text' in the output of: $*" "$output"
}

# expect_error CODE TEXT COMMAND...: the same for an error, which is one line on standard error and
# nothing on standard output.
expect_error() {
    local code=$1 text=$2 output got=0 error
    shift 2
    output=$("$@" 2>"$work/error") || got=$?
    error=$(cat "$work/error")
    [ $got -eq "$code" ] || fail "expected exit code $code, not $got, of: $*" "$error"
    [[ $error == *"$text"* ]] || fail "expected '$text' in the error of: $*" "$error"
    [ "$(wc -l <"$work/error")" -eq 1 ] || fail "more than one line from: $*" "$error"
    [ -z "$output" ] || fail "an error on standard output of: $*" "$output"
}

fail() {
    printf '%s\n' "$@"
    exit 1
}

# Ends what the case started, and with the status that it had.
end_case() {
    local status=$? name
    set +e
    for name in "${!pids[@]}"; do
        kill -CONT "${pids[$name]}"
        kill -KILL "${pids[$name]}"
    done 2>/dev/null
    kill $(jobs -p) 2>/dev/null
    wait 2>/dev/null
    exit $status
}

show_logs() {
    local log
    for log in "$work"/*.log; do
        [ -s "$log" ] && printf 'log %s:\n' "${log##*/}" && tail -n 20 "$log"
    done
}

run_case() {
    trap end_case EXIT
    set -e
    "$1"
}

run_cases() {
    local name output
    for name in "$@"; do
        rm -rf "${work:?}"/*
        # Not as a condition: there, set -e would have no effect.
        output=$(run_case "$name" 2>&1)
        if [ $? -eq 0 ]; then
            echo "PASS ${name//_/ }"
        else
            printf '%s\n' "FAIL ${name//_/ }" "again: $0 $name"
            { tail -n 40 <<<"$output" && show_logs; } | sed 's/^/  | /'
            failures=$((failures + 1))
        fi
    done
    [ $failures -eq 0 ]
}

# main CASE...: runs the cases named on the command line, or all.
main() {
    if [ ${#chosen[@]} -gt 0 ]; then
        run_cases "${chosen[@]}"
    else
        run_cases "$@"
    fi
}
chosen=("$@")
