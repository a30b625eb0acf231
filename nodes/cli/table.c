// SPDX-License-Identifier: Apache-2.0
// All commands. What is said about a command is said here and nowhere else.
#include "command.h"

#include "handlers.h"

const char *const kithi_exit_meanings[KITHI_EXIT_COUNT] = {
    [KITH_EXIT_OK] = "done",
    [KITH_EXIT_FAILURE] = "failed for another reason than those below",
    [KITH_EXIT_USAGE] = "wrong command, option, argument or JSON",
    [KITH_EXIT_NOT_FOUND] = "no such name, node, process, service or method",
    [KITH_EXIT_DENIED] = "denied",
    [KITH_EXIT_UNREACHABLE] = "a node is unreachable",
    [KITH_EXIT_TIMEOUT] = "no answer in time",
};

const struct kith_option kithi_general_options[KITHI_GENERAL_COUNT] = {
    [KITHI_GENERAL_NODE] = {"node", 'n', "HOST[:PORT]",
                            "node to ask, by IP address or DNS name (default: KITH_NODE, or "
                            "127.0.0.1:7400)"},
    [KITHI_GENERAL_OUTPUT] = {"output", 'o', "FORMAT",
                              "text, for people (default: KITH_OUTPUT, or text), or json, for "
                              "programs"},
    [KITHI_GENERAL_TIMEOUT] = {"timeout", 't', "TIME",
                               "give up after this, such as 500ms or 10s (default: KITH_TIMEOUT, "
                               "or 5s)"},
    [KITHI_GENERAL_WIDE] = {"wide", 'w', NULL, "more columns in tables"},
    [KITHI_GENERAL_VERBOSE] = {"verbose", 'v', NULL, "log what happens on standard error"},
    [KITHI_GENERAL_HELP] = {"help", 'h', NULL, "help for kith, or for the command before it"},
    [KITHI_GENERAL_VERSION] = {"version", 'V', NULL, "the version of this program"},
};

static const struct kithi_group groups[] = {
    {"node", "nodes of the cluster"},
    {"name", "names of processes"},
    {"proc", "processes of a node"},
};

static const struct kithi_command commands[] = {
    {
        .group = "node",
        .name = "ls",
        .summary = "list the node asked and the nodes it knows",
        .description = "The first line is the node that was asked. The others are the nodes it "
                       "has or had a link to, as it sees them.",
        .examples = {{"kith node ls", "nodes as seen by the one on this machine"},
                     {"kith -n 10.0.0.7 node ls", "as seen by another one"},
                     {"kith node ls -o json | jq '.[] | select(.state != \"up\")'",
                      "those that aren't up"}},
        .run = kithi_run_node_ls,
    },
    {
        .group = "node",
        .name = "info",
        .summary = "show all about a node",
        .arguments = {{"NODE",
                       "name, endpoint or incarnation of a node; without it the node "
                       "asked",
                       true, KITHI_ARGUMENT_NODE}},
        .examples = {{"kith node info", "the node on this machine"},
                     {"kith node info garage", "the node of that name"},
                     {"kith node info 10.0.0.7:7400", "the node at that endpoint"}},
        .run = kithi_run_node_info,
    },
    {
        .group = "node",
        .name = "ping",
        .summary = "measure the round trip to a node",
        .arguments = {{"NODE",
                       "name, endpoint or incarnation of a node; without it the node "
                       "asked",
                       true, KITHI_ARGUMENT_NODE}},
        .options = {{"count", 'c', "N", "so many pings (default 4)"},
                    {"interval", 'i', "TIME", "time between two pings (default 200ms)"},
                    {"size", 's', "SIZE", "bytes in each (default 64)"}},
        .examples = {{"kith node ping", "four pings to the node on this machine"},
                     {"kith node ping garage -c 100 -i 10ms", "a hundred, faster"}},
        .check = kithi_check_node_ping,
        .run = kithi_run_node_ping,
    },
    {
        .group = "name",
        .name = "ls",
        .summary = "list names",
        .description = "Names of all nodes that the node asked knows of.",
        .arguments = {{"PATTERN", "[host/]name[/index] with * and ?; without it all names", true,
                       KITHI_ARGUMENT_PATTERN}},
        .options = {{"local", 'l', NULL, "only names of the node asked"}},
        .examples = {{"kith name ls", "all names in the cluster"},
                     {"kith name ls 'counter/*'", "every instance of counter"},
                     {"kith name ls --local", "names of the node on this machine"}},
        .run = kithi_run_name_ls,
    },
    {
        .group = "name",
        .name = "resolve",
        .summary = "find the process behind an address",
        .description = "Without a host the node asked comes first, then the others; without an "
                       "index it is the lowest.",
        .arguments = {{"ADDRESS", "[host[:port]/]name[/index]", false, KITHI_ARGUMENT_ADDRESS}},
        .examples = {{"kith name resolve sensor", "any sensor"},
                     {"kith name resolve garage/sensor/1", "sensor 1 on node garage"},
                     {"kith name resolve 10.0.0.7:7400/sensor", "the first one on that node"}},
        .run = kithi_run_name_resolve,
    },
    {
        .group = "name",
        .name = "find",
        .summary = "find names by a pattern",
        .description = "Like name ls, but ends with 3 if nothing matches.",
        .arguments = {{"PATTERN", "[host/]name[/index] with * and ?", false,
                       KITHI_ARGUMENT_PATTERN}},
        .examples = {{"kith name find 'counter/*'", "every instance of counter"},
                     {"kith name find 'garage/*/*'", "every name on node garage"}},
        .run = kithi_run_name_find,
    },
    {
        .group = "name",
        .name = "watch",
        .summary = "tell when names, nodes and links come and go",
        .description = "First what is there, then each change until Ctrl-C, or until --count "
                       "lines have been written. --timeout doesn't end it. Nodes that come for a "
                       "moment, such as a command's, are shown with --wide and in JSON.",
        .arguments = {{"PATTERN", "[host/]name[/index] with * and ?; without it everything", true,
                       KITHI_ARGUMENT_PATTERN}},
        .options = {{"nodes", 'N', NULL, "nodes and links instead of names"},
                    {"count", 'c', "N", "end after so many lines"}},
        .examples = {{"kith name watch", "names, as they come and go"},
                     {"kith name watch 'counter/*'", "only those of counters"},
                     {"kith name watch --nodes -o json", "nodes and links, for a program"}},
        .check = kithi_check_name_watch,
        .run = kithi_run_name_watch,
    },
    {
        .group = "name",
        .name = "wait",
        .summary = "wait until a name is there",
        .arguments = {{"ADDRESS", "[host[:port]/]name[/index]", false, KITHI_ARGUMENT_ADDRESS}},
        .examples = {{"kith name wait counter --timeout 1m", "up to a minute for any counter"},
                     {"kith name wait garage/sensor && start-work", "in a script"}},
        .run = kithi_run_name_wait,
    },
    {
        .group = "proc",
        .name = "ls",
        .summary = "list processes of a node",
        .arguments = {{"NODE",
                       "name, endpoint or incarnation of a node; without it the node "
                       "asked",
                       true, KITHI_ARGUMENT_NODE}},
        .options = {{"limit", 'l', "N", "list so many at most (default 1000)"},
                    {"sort", 's', "COLUMN",
                     "slot, cpu, mailbox, stack or messages (default "
                     "slot); the largest first"}},
        .examples = {{"kith proc ls", "processes of the node on this machine"},
                     {"kith proc ls garage --sort cpu", "the busiest of node garage first"}},
        .check = kithi_check_proc_ls,
        .run = kithi_run_proc_ls,
    },
    {
        .group = "proc",
        .name = "info",
        .summary = "show all about a process",
        .arguments = {{"PROCESS",
                       "address ([host[:port]/]name[/index]), or slot of the node "
                       "asked as in proc ls",
                       false, KITHI_ARGUMENT_ADDRESS}},
        .examples = {{"kith proc info counter/0", "by name"},
                     {"kith proc info 7", "by slot, on the node on this machine"}},
        .check = kithi_check_proc_info,
        .run = kithi_run_proc_info,
    },
    {
        .name = "send",
        .summary = "send a message",
        .description = "Plain bytes, or whatever the type says. A message that the receiver's "
                       "node gives back is an error. --call waits for a reply and prints it.",
        .arguments = {{"ADDRESS", "[host[:port]/]name[/index]", false, KITHI_ARGUMENT_ADDRESS}},
        .options = {{"type", 'T', "N", "type of the message, 64 bits (default 0: plain bytes)"},
                    {"data", 'd', "TEXT",
                     "payload: a text, @file for a file's contents, or - for "
                     "standard input (default: empty)"},
                    {"call", 'C', NULL, "wait for the reply"}},
        .examples = {{"kith send logger --data 'hello'", "a text"},
                     {"kith send logger/1 --data @picture.png", "a file"},
                     {"date | kith send logger --data -", "standard input"},
                     {"kith send echo --data hello --call", "print the reply"}},
        .check = kithi_check_send,
        .run = kithi_run_send,
    },
    {
        .name = "call",
        .summary = "call a method of a service",
        .description = "The message is JSON, with fields as in the service's .proto file; the "
                       "reply is printed as JSON (integers beyond 2^53 as strings, which are read, "
                       "too). The node of the process describes its services, "
                       "so nothing has to be known here. Without a method all that is there are "
                       "listed.",
        .arguments = {{"ADDRESS", "[host[:port]/]name[/index]", false, KITHI_ARGUMENT_ADDRESS},
                      {"METHOD", "Service.Method, such as kith.Node.Info or Node.Info", true,
                       KITHI_ARGUMENT_TEXT},
                      {"JSON",
                       "the message; @file for a file's contents, - for standard input; "
                       "without it an empty one",
                       true, KITHI_ARGUMENT_TEXT}},
        .examples = {{"kith call counter/0", "list the methods that its node knows"},
                     {"kith call counter/0 Counter.Add '{\"words\": [\"to\", \"be\"]}'", "a call"},
                     {"kith call node Node.Info", "about the node itself"}},
        .run = kithi_run_call,
    },
    {
        .name = "bench",
        .summary = "measure latency and throughput between two nodes",
        .description = "Between this program and the node asked; or, with NODE, between the node "
                       "asked and NODE.",
        .arguments = {{"NODE", "name, endpoint or incarnation of the other node", true,
                       KITHI_ARGUMENT_NODE}},
        .options = {{"time", 'T', "TIME", "time for each measurement (default 1s)"},
                    {"size", 's', "SIZE", "bytes in each message (default 64)"}},
        .examples = {{"kith bench", "between this program and the node on this machine"},
                     {"kith -n node-a bench node-b --size 64K", "between two nodes"}},
        .check = kithi_check_bench,
        .run = kithi_run_bench,
    },
    {
        .name = "completion",
        .summary = "print completion for a shell",
        .arguments = {{"SHELL", "bash", false, KITHI_ARGUMENT_TEXT}},
        .examples = {{"source <(kith completion bash)", "in this shell"},
                     {"kith completion bash > ~/.local/share/bash-completion/completions/kith",
                      "from the next one on"}},
        .run_alone = kithi_run_completion,
    },
    {
        .name = "version",
        .summary = "print the version",
        .examples = {{"kith version -o json", "for a program"}},
        .run_alone = kithi_run_version,
    },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const struct kithi_command *kithi_command_at(size_t place)
{
    return place < COUNT_OF(commands) ? &commands[place] : NULL;
}

const struct kithi_group *kithi_group_at(size_t place)
{
    return place < COUNT_OF(groups) ? &groups[place] : NULL;
}
