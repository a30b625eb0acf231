# SPDX-License-Identifier: Apache-2.0
# What the stages share. A stage sources this file and then runs from the root of the project:
#
#     . "$(dirname "$0")/lib.sh"
#     build asan
#     run_ctest asan unit
#     finish

set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
jobs=${KITH_JOBS:-$(nproc)}
failures=0

# check NAME COMMAND...: one test, which is that the command succeeds. If it doesn't, the end of its
# output follows, indented so that no line of it is taken for a verdict.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "PASS $name"
    else
        printf '%s\n' "FAIL $name" "again: $*"
        tail -n 60 <<<"$output" | sed 's/^/  | /'
        failures=$((failures + 1))
        return 1
    fi
}

# build PRESET: configures and builds in build/PRESET. Ends the stage if that fails, since nothing
# after it would mean anything.
build() {
    check "configures with preset $1" cmake --preset "$1" || exit 1
    check "builds with preset $1 without warnings" cmake --build "build/$1" -j "$jobs" || exit 1
}

# run_ctest PRESET LABEL: runs the tests with that label, each case of them one test.
run_ctest() {
    tests/stages/ctest-lines "build/$1" -L "^$2\$" -j "$jobs" || failures=$((failures + 1))
}

# The last line of a stage.
finish() {
    [ $failures -eq 0 ]
    exit
}
