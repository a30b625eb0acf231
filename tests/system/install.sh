#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The installed library, as a user has it: programs built from outside of the tree, as nodes.
. "$(dirname "$0")/lib.sh"
build=${KITH_BUILD:-$PWD/build/gcc}
source=$PWD/tests/system/outside
kept=$(mktemp -d "${TMPDIR:-/tmp}/kith-install-XXXXXX")
trap 'rm -rf "$work" "$kept"' EXIT

prefix=$kept/prefix
by_cmake=$kept/cmake/build/greeter
by_pkg_config=$kept/pkg-config/greeter

the_project_installs() {
    cmake --install "$build" --prefix "$prefix"
    [ -x "$prefix/bin/kithd" ] && [ -x "$prefix/bin/kith" ]
    [ -s "$prefix/share/man/man1/kith.1" ] && [ -s "$prefix/share/man/man8/kithd.8" ]
    [ -s "$prefix/share/bash-completion/completions/kith" ]
    [ "$("$prefix/bin/kith" version -o json | field wire_version)" = 1 ]
}

every_installed_header_compiles_alone() {
    local header
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    for header in "$prefix"/include/kith/*.h; do
        echo "#include <kith/${header##*/}>" |
            cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c - \
                $(pkg-config --cflags kith)
    done
}

a_program_is_built_with_find_package() {
    mkdir -p "$kept/cmake"
    cp "$source"/greeter.c "$source"/greeter.proto "$kept/cmake/"
    cp "$source/project.cmake" "$kept/cmake/CMakeLists.txt"
    cmake -S "$kept/cmake" -B "$kept/cmake/build" -DCMAKE_PREFIX_PATH="$prefix"
    cmake --build "$kept/cmake/build"
    expect 0 "greeter 7.1" "$by_cmake" --version
    expect 0 "Settings of greeter:" "$by_cmake" --help
}

a_program_is_built_with_pkg_config() {
    mkdir -p "$kept/pkg-config"
    cp "$source"/greeter.c "$source"/greeter.proto "$kept/pkg-config/"
    cd "$kept/pkg-config"
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    protoc-c --c_out=. greeter.proto
    cc -std=c11 -Wall -Werror greeter.c greeter.pb-c.c $(pkg-config --cflags --libs kith) \
        -o greeter
    expect 0 "greeter 7.1" "$by_pkg_config" --version
}

a_program_is_a_node_like_any_other() {
    start kithd
    start_program "$by_cmake" greeter --peers "${endpoints[kithd]}"
    within 10 kith kithd name find greeter/greeter
    [ "$(kith kithd call greeter Greeter.Hello '{"name": "you"}' -o json | field text)" = \
        "hello, you" ]
    [ "$(kith kithd call greeter Greeter.Hello '{"name": "you"}' -o json | field count)" = 2 ]
    expect_error 2 "outside.HelloRequest has no such field; did you mean 'name'?" \
        kith kithd call greeter Greeter.Hello '{"nmae": "you"}'
    kith kithd call greeter/greeter -o json | field method | grep -x outside.Greeter.Hello
    [ "$(kith greeter node info -o json | field version)" = 7.1 ]
    stop greeter
}

the_same_call_reaches_a_local_and_a_remote_process() {
    start kithd
    expect 0 "hello, one" "$by_pkg_config" --listen 127.0.0.1:0 --name one --greet greeter
    start_program "$by_cmake" two --peers "${endpoints[kithd]}"
    expect 0 "hello, three" "$by_pkg_config" --listen 127.0.0.1:0 --name three \
        --peers "${endpoints[kithd]},${endpoints[two]}" --greet two/greeter
    [ "$(kith two call greeter Greeter.Hello '{"name": "x"}' -o json | field count)" = 2 ]
}

a_program_that_fails_says_so() {
    expect 2 "--greet" "$by_cmake" --greet
    expect 2 "did you mean '--greet'?" "$by_cmake" --great x
    expect 1 "start_failed error=invalid" "$by_cmake" --listen 127.0.0.1:0 --greet a/b/c/d
}

main the_project_installs \
    every_installed_header_compiles_alone \
    a_program_is_built_with_find_package \
    a_program_is_built_with_pkg_config \
    a_program_is_a_node_like_any_other \
    the_same_call_reaches_a_local_and_a_remote_process \
    a_program_that_fails_says_so
