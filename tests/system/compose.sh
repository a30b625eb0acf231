#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The image and the cluster of deploy/compose: built, started, scaled, cut off, killed and stopped,
# and what the command line says each time. Needs root and the packages of the group `containers`.
# If no Docker runs, one is started for the test, and nothing of it is left behind.
. "$(dirname "$0")/lib.sh"

kept=$(mktemp -d "${TMPDIR:-/tmp}/kith-compose-XXXXXX")
project=kith-test-$$
base=debian:bookworm-slim
daemon=            # process of the Docker started here
made_images=()     # what is removed in the end
compose=(docker-compose)
export KITH_IMAGE=$project DOCKER_BUILDKIT=0
declare -A ids=() # first container of each service
exec 3>&1          # for progress; what a case says is only shown if it fails
trap 'clean_up; rm -rf "$work" "$kept"' EXIT

# ---- Docker, the base image, the image. ----

say() {
    echo "compose: $*" >&3
}

give_up() {
    printf '%s\n' "FAIL $1" "again: $0"
    [ $# -lt 2 ] || tail -n 30 "$2" | sed 's/^/  | /'
    exit 1
}

start_docker() {
    docker version >/dev/null 2>&1 && return
    say 'starting a Docker for this test'
    note_network
    export DOCKER_HOST=unix://$kept/docker.sock
    setsid dockerd -H "$DOCKER_HOST" --data-root "$kept/docker" --exec-root "$kept/run" \
        --pidfile "$kept/docker.pid" >"$kept/docker.log" 2>&1 &
    daemon=$!
    disown # a case ends the jobs that it sees
    within 60 docker version || give_up 'Docker starts' "$kept/docker.log"
}

# What Docker does to the machine's network goes with it.
note_network() {
    local table
    iptables-save >"$kept/iptables"
    for table in filter nat; do
        grep -q "^\*$table" "$kept/iptables" || # none yet: as the kernel has it
            iptables -t $table -S | sed -n "1i*$table
                s/^-P \([A-Z]*\) \([A-Z]*\)/:\1 \2/p; \$aCOMMIT" >>"$kept/iptables"
    done
    sysctl net.ipv4.ip_forward >"$kept/sysctl"
    ip link show docker0 >/dev/null 2>&1 || touch "$kept/no-bridge"
}

stop_docker() {
    kill "$daemon"
    within 30 eval '! kill -0 "$daemon"'
    [ ! -e "$kept/no-bridge" ] || ip link delete docker0
    iptables-restore <"$kept/iptables"
    sysctl -q -p "$kept/sysctl"
}

clean_up() {
    project_down
    [ ${#made_images[@]} -eq 0 ] || docker rmi -f "${made_images[@]}" >/dev/null 2>&1
    [ -z "$daemon" ] || stop_docker
}

# From where this machine gets its own packages.
mirror() {
    apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' |
        awk '$1 == "bookworm" && $2 == "main" { print $3; exit }'
}

# With packages from where this machine has its own from, and got in the same way.
make_base() {
    local root=$kept/base
    docker image inspect $base >/dev/null 2>&1 && return
    say "making $base with debootstrap"
    debootstrap --variant=minbase bookworm "$root" "$(mirror)" >"$kept/base.log" 2>&1 ||
        give_up 'debootstrap makes the base image' "$kept/base.log"
    apt-config dump | grep -E '^Acquire::(Check-|.*Proxy)' >"$root/etc/apt/apt.conf.d/90host"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    tar -C "$root" -c . | docker import - $base >/dev/null || give_up 'Docker takes the base image'
    made_images+=($base)
    rm -rf "$root"
}

# As README.md says. The stage in between has a name here so that it can be removed.
build_image() {
    say 'building the image: packages, then the programs'
    docker build --target build -t "$project-build" -f deploy/compose/Dockerfile . \
        >"$kept/build.log" 2>&1 || give_up 'the image builds' "$kept/build.log"
    made_images=("$KITH_IMAGE" "$project-build" "${made_images[@]}")
    in_project build >"$kept/build.log" 2>&1 || give_up 'the image builds' "$kept/build.log"
    echo 'PASS the image builds from what the README says'
}

# The second generation of Compose, if Docker hasn't got it, from the Debian that has it. Nothing is
# installed.
get_compose_2() {
    local apt=$kept/apt
    docker compose version >/dev/null 2>&1 && compose=(docker compose) && return
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) trixie main" \
        >"$apt/sources.list"
    local options=(-o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
    apt-get -qq "${options[@]}" update
    (cd "$apt" && apt-get -qq "${options[@]}" download docker-compose)
    dpkg-deb -x "$apt"/docker-compose_*.deb "$apt/root"
    compose=("$apt/root/usr/libexec/docker/cli-plugins/docker-compose")
}

# ---- The cluster. ----

in_project() {
    "${compose[@]}" -p "$project" -f deploy/compose/compose.yaml "$@"
}

# Removes all containers of a case, those beside the cluster first.
project_down() {
    local strangers
    strangers=$(docker ps -aq --filter "ancestor=$KITH_IMAGE" --filter "name=$project-stranger")
    [ -z "$strangers" ] || docker rm -f -v $strangers
    in_project down --volumes --timeout 0
    [ ! -e "$kept/volumes" ] || xargs docker volume rm -f <"$kept/volumes"
    rm -f "$kept/volumes"
} >/dev/null 2>&1

# stranger [OPTION...] IMAGE [COMMAND...]: a container that isn't of the cluster, in its network.
stranger() {
    docker run -d --name "$project-stranger" --network "${project}_default" "$@"
}

# The three nodes, once they know each other.
up() {
    trap 'project_down; end_case' EXIT
    in_project up -d
    find_containers
    local service
    for service in alpha beta gamma; do
        within 30 sees $service 3 || fail "$service sees:" "$(kith $service node ls)"
    done
}

find_containers() {
    local service
    for service in alpha beta gamma; do
        ids[$service]=$(in_project ps -q $service | head -n 1)
    done
}

health() {
    docker inspect -f '{{.State.Health.Status}}' "$1"
}

all_are_healthy() {
    local id
    for id in $(in_project ps -q); do
        [ "$(health "$id")" = healthy ] || return 1
    done
}

address() {
    docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"
}

# The command line in the container of a service; the functions of lib.sh ask by it, too.
kith() {
    docker exec "${ids[$1]}" kith "${@:2}"
}

# sees AT COUNT: the node there says of so many nodes, itself included, that they are up and have
# names, as a table and as JSON.
sees() {
    [ "$(kith "$1" node ls -o json | up_nodes | wc -l)" -eq "$2" ] &&
        [ "$(kith "$1" node ls | grep -cE ' (self|up) ')" -eq "$2" ] &&
        [ "$(kith "$1" name ls naming -o json | field node | wc -l)" -eq "$2" ] &&
        [ "$(kith "$1" name ls | grep -c '^naming ')" -eq "$2" ]
}

up_nodes() {
    python3 -c '
import json, sys
for node in json.load(sys.stdin):
    if node["state"] in ("self", "up") and not node["transient"]:
        print(node["name"])'
}

# knows AT NODE: by JSON, the node there knows names of the other.
knows() {
    kith "$1" name ls -o json | field node | grep -qx "$2"
}

# is_lost AT NODE ERROR: the node there has no link to the other any more, says why in the table and
# in JSON, and knows none of its names.
is_lost() {
    ! is_state "$2" "$1" up && ! knows "$1" "$2" &&
        kith "$1" node ls | grep -qE "^$2 .* $3 *$" &&
        kith "$1" node ls -o json | field last_error | grep -qx "$3"
}

# ---- The cases. ----

the_image_adds_less_than_40_MB_to_its_base() {
    local size
    size=$(docker inspect -f '{{.Size}}' "$KITH_IMAGE")
    size=$((size - $(docker inspect -f '{{.Size}}' $base)))
    say "the image adds $((size / 1000)) kB to its base"
    [ $size -gt 0 ] && [ $size -lt 40000000 ]
}

three_nodes_find_each_other() {
    up
    in_project exec -T alpha kith name ls | grep '^counter  *1  *beta '
    # By the name of a service, also one's own.
    expect 0 'answered  1' kith alpha node ping beta:7400 -c 1
    expect 0 'answered  1' kith alpha node ping alpha:7400 -c 1
    [ "$(kith gamma name resolve gamma:7400/counter -o json | field index)" = 0 ]
}

a_node_is_there_soon_after_docker_run() {
    trap 'project_down; end_case' EXIT
    local begun there
    begun=$(date +%s%3N)
    docker run -d --name "$project-stranger" "$KITH_IMAGE"
    within 10 eval 'docker logs "$project-stranger" 2>&1 | grep -q node_started'
    there=$(docker logs -t "$project-stranger" 2>&1 | grep -m 1 node_started | cut -d ' ' -f 1)
    there=$(($(date -d "$there" +%s%3N) - begun))
    say "a node was there $there ms after docker run was called"
    [ $there -lt 5000 ] # a machine may be busy
}

words_are_counted_as_by_sort_and_uniq() {
    up
    local text=/usr/share/common-licenses
    in_project run --rm -T -e KITH_TOP=0 reader 2>"$work/reader.log" | tr -d '\r' | LC_ALL=C sort \
        >"$work/counted"
    docker run --rm "$KITH_IMAGE" cat $text/Apache-2.0 $text/GPL-3 | tr -cs A-Za-z '\n' |
        tr A-Z a-z | sed '/^$/d' | LC_ALL=C sort | uniq -c | LC_ALL=C sort >"$work/expected"
    [ "$(wc -l <"$work/expected")" -gt 100 ]
    diff "$work/expected" "$work/counted"
}

a_service_scaled_to_five_is_five_nodes() {
    up
    in_project up -d --scale gamma=5
    [ "$(in_project ps -q gamma | wc -l)" -eq 5 ]
    within 30 sees alpha 7 || fail "alpha sees:" "$(kith alpha node ls)"
    within 30 sees gamma 7
    [ "$(kith beta name find 'counter/0' -o json | field node | sort -u | wc -l)" -eq 6 ]
    # Compose leaves the volumes of containers that go so.
    docker inspect -f '{{(index .Mounts 0).Name}}' $(in_project ps -q gamma) >>"$kept/volumes"
    in_project up -d --scale gamma=1
    within 30 sees alpha 3
}

the_second_generation_of_compose_does_the_same() {
    get_compose_2
    say "$("${compose[@]}" version | head -n 1)"
    three_nodes_find_each_other
    words_are_counted_as_by_sort_and_uniq
    a_service_scaled_to_five_is_five_nodes
    project_down
}

a_node_cut_off_is_unreachable_and_comes_back() {
    up
    docker network disconnect "${project}_default" "${ids[beta]}"
    within 20 is_lost alpha beta unreachable || fail "alpha sees:" "$(kith alpha node ls)"
    within 20 is_lost beta alpha unreachable || fail "beta sees:" "$(kith beta node ls)"
    within 20 sees alpha 2
    expect_error 5 'node beta: there is no working link' kith alpha name resolve beta/node -t 2s
    docker network connect "${project}_default" "${ids[beta]}"
    within 40 sees alpha 3 || fail "alpha sees:" "$(kith alpha node ls)"
    within 40 sees beta 3
    kith alpha call beta/counter/1 wordcount.Counter.Top '{}'
}

a_killed_node_is_gone_and_returns_under_another_address() {
    up
    local former
    former=$(address "${ids[beta]}")
    docker kill "${ids[beta]}"
    within 20 is_lost alpha beta unreachable || fail "alpha sees:" "$(kith alpha node ls)"
    within 20 sees gamma 2
    docker rm -v "${ids[beta]}"
    stranger "$KITH_IMAGE" sleep 600 # may take the address
    in_project up -d
    find_containers
    [ "$(address "${ids[beta]}")" != "$former" ]
    within 40 sees alpha 3 || fail "alpha sees:" "$(kith alpha node ls)"
    within 40 sees gamma 3
    [ "$(kith alpha name resolve beta/node -o json | field endpoint)" = \
        "$(address "${ids[beta]}"):7400" ]
}

a_stopped_node_leaves() {
    up
    local begun
    kith alpha name watch 'beta/*/*' -o json >"$work/watch" &
    kith alpha name watch 'beta/*/*' >"$work/watch.text" &
    within 10 grep -q '"up"' "$work/watch"
    within 10 grep -q up "$work/watch.text"
    begun=$(date +%s%3N)
    docker stop "${ids[beta]}"
    local took=$(($(date +%s%3N) - begun))
    say "docker stop took $took ms"
    [ $took -lt 5000 ] # a machine may be busy
    [ "$(docker inspect -f '{{.State.ExitCode}}' "${ids[beta]}")" = 0 ]
    within 10 grep -q '"event":"down".*"reason":"left"' "$work/watch"
    within 10 grep -q 'down.*left' "$work/watch.text"
    within 10 sees alpha 2
    docker logs "${ids[alpha]}" 2>&1 | grep 'link_ended .*reason=left'
}

only_a_node_that_serves_names_is_healthy() {
    up
    within 60 all_are_healthy
    [ "$(in_project ps | grep -c '(healthy)')" -eq 3 ]
    stranger "$KITH_IMAGE" sleep 600
    docker kill -s STOP "${ids[beta]}"
    within 60 eval '[ "$(health "${ids[beta]}")" = unhealthy ]'
    [ "$(in_project ps | grep -c '(healthy)')" -eq 2 ]
    within 60 eval '[ "$(health "$project-stranger")" = unhealthy ]'
    docker kill -s CONT "${ids[beta]}"
    within 60 all_are_healthy
    [ "$(in_project ps | grep -c '(healthy)')" -eq 3 ]
}

the_environment_says_all_that_a_node_needs() {
    up
    stranger -e KITH_NAME=delta -e KITH_PEERS=alpha -e KITH_ADVERTISE=203.0.113.9:7777 \
        -e KITH_COUNTERS=3 -e KITH_LOG_LEVEL=debug "$KITH_IMAGE" wordcount
    within 20 is_state delta alpha up
    [ "$(kith alpha name resolve delta/counter/2 -o json | field endpoint)" = 203.0.113.9:7777 ]
    docker logs "$project-stranger" 2>&1 | grep ' debug '
    within 60 eval '[ "$(health "$project-stranger")" = healthy ]'
    expect 2 KITH_PEERS docker run --rm -e KITH_PEERS='a b:x' "$KITH_IMAGE"
    expect 2 'no address that peers can send to' \
        docker run --rm -e KITH_ADVERTISE=0.0.0.0 "$KITH_IMAGE"
}

a_node_needs_no_root_and_writes_only_its_state() {
    up
    [ "$(docker inspect -f '{{.HostConfig.ReadonlyRootfs}}' "${ids[alpha]}")" = true ]
    [ "$(docker exec "${ids[alpha]}" id -u)" != 0 ]
    expect 1 'Read-only file system' docker exec -u 0 "${ids[alpha]}" touch /here
    [ "$(docker exec "${ids[alpha]}" cat /var/lib/kith/node.json | field name)" = alpha ]
    [ "$(docker diff "${ids[alpha]}")" = "" ]
}

[ "$(id -u)" -eq 0 ] || give_up 'runs as root: it starts Docker'
for tool in docker dockerd docker-compose debootstrap; do
    command -v $tool >/dev/null || give_up "$tool is installed: deploy/install-packages containers"
done
start_docker
make_base
build_image
main the_image_adds_less_than_40_MB_to_its_base \
    a_node_is_there_soon_after_docker_run \
    three_nodes_find_each_other \
    words_are_counted_as_by_sort_and_uniq \
    a_service_scaled_to_five_is_five_nodes \
    the_second_generation_of_compose_does_the_same \
    a_node_cut_off_is_unreachable_and_comes_back \
    a_killed_node_is_gone_and_returns_under_another_address \
    a_stopped_node_leaves \
    only_a_node_that_serves_names_is_healthy \
    the_environment_says_all_that_a_node_needs \
    a_node_needs_no_root_and_writes_only_its_state
