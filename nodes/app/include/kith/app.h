// SPDX-License-Identifier: Apache-2.0
// A program that is a node: one call gives it all of kithd (options, configuration, signals, names,
// links) and starts its own processes. The shortest one:
//
//     #include <kith/kith.h>
//
//     static void run_echo(struct kith_process *self, void *argument)
//     {
//         struct kith_message *message;
//         while (kith_receive(self, &message, KITH_FOREVER) == KITH_OK) {
//             if (message->waiting)
//                 kith_reply(self, &message);
//             kith_message_free(&message);
//         }
//     }
//
//     int main(int argc, char **argv)
//     {
//         static const struct kith_app app = {
//             .program = "echo",
//             .summary = "sends back what it gets",
//             .processes = {{.name = "echo", .entry = run_echo}},
//         };
//         return kith_app_run(argc, argv, &app);
//     }
#ifndef KITH_APP_H
#define KITH_APP_H

#include <kith/net.h>
#include <kith/process.h>
#include <kith/serve.h>
#include <kith/setting.h>

#define KITH_APP_PROCESSES 16
#define KITH_APP_SERVICES  16
#define KITH_APP_SETTINGS  24

// A kind of process. With `entry`, that is its body. With `service`, it answers the methods of that
// service by `handlers`, each instance with `state`, until it is told to end.
struct kith_app_process {
    const char *name;      // registered before the body runs; NULL: none
    const char *label;     // NULL: the name
    const char *instances; // key of a NUMBER setting: how many are started; NULL: one
    kith_process_entry *entry;
    void *argument; // of entry
    const ProtobufCServiceDescriptor *service;
    const struct kith_handler *handlers;
    void *state;
    size_t stack_size; // 0: the node's default
    enum kith_priority priority;
    uint32_t mailbox_messages; // 0: the node's default
    // Started again whenever it ends with another reason than KITH_OK, an overflow of its stack for
    // example: at once, and if that goes on, after 100 ms and then twice as long, up to 5 s. A new
    // instance has another reference; callers find it by its name.
    bool restart;
};

// What a program says about itself. The caller's memory; borrowed until kith_app_run returns. The
// tables end with an empty row.
struct kith_app {
    const char *program;     // its name, in messages and help
    const char *version;     // NULL: kith's; printable, shorter than KITH_LABEL_SIZE
    const char *summary;     // a phrase for --help
    const char *description; // sentences for --help; NULL: none
    struct kith_setting settings[KITH_APP_SETTINGS];
    // Services that the program calls or serves by hand; those of `processes` are known anyway.
    const ProtobufCServiceDescriptor *services[KITH_APP_SERVICES];
    struct kith_app_process processes[KITH_APP_PROCESSES];

    // Called once the node runs, in a process of its own, for what tables can't say. When it gives
    // anything but OK, or that process ends in another way (kith_exit, an overflow of its stack),
    // the program ends. NULL: nothing.
    enum kith_error (*start)(struct kith_process *self, void *state);

    // Called when the node has left its peers and nothing runs any longer, for a last look at it
    // (its counters, say). NULL: nothing.
    void (*end)(struct kith_node *node, void *state);
    void *state; // of start and end
};

// Reads options, environment and configuration file; opens the node with its platform, names, links
// and the node service; starts the processes; runs until SIGTERM, SIGINT or kith_app_stop; ends
// the processes, delivers what is queued and says goodbye (at most `drain` long). Gives the exit
// code for main. Everything that goes wrong is told on standard error. At most one at a time in an
// OS process.
int kith_app_run(int argc, char **argv, const struct kith_app *app);

// Starts one more process of that kind, whose `instances` and `restart` aren't looked at. `ref` may
// be NULL. The name is registered later, by the new process. `process` is borrowed until it ends.
// Errors: those of kith_spawn.
enum kith_error kith_app_spawn(struct kith_node *node, const struct kith_app_process *process,
                               struct kith_ref *ref);

// Stops the program in good order: kith_app_run gives `exit_code`. Never blocks; from anywhere on
// the node's thread. The first call counts.
void kith_app_stop(struct kith_node *node, int exit_code);

// Calls that other threads have submitted and that haven't been made.
#define KITH_APP_SUBMISSIONS 65536

// Has `call` made on the node's thread, soon and outside of processes; there kith_message_new and
// kith_post bring processes what another thread has for them. The one function of kith that any
// thread may call, from the start of the program's processes until `end` returns: threads that do
// have to be over by then. Every call that is taken is made once, in their order, the last ones
// before `end` is called. Never blocks. Errors: LIMIT, NO_MEMORY, LEFT (no process is left).
typedef void kith_submitted(struct kith_node *node, void *argument);
enum kith_error kith_app_submit(struct kith_node *node, kith_submitted *call, void *argument);

// The links of the node, to add and remove peers. Borrowed; lives as long as the processes do.
struct kith_net *kith_app_net(struct kith_node *node);

// Exit codes that kith's programs share.
enum kith_exit_code {
    KITH_EXIT_OK = 0,
    KITH_EXIT_FAILURE = 1,
    KITH_EXIT_USAGE = 2, // wrong options or configuration
    KITH_EXIT_NOT_FOUND = 3,
    KITH_EXIT_DENIED = 4,
    KITH_EXIT_UNREACHABLE = 5,
    KITH_EXIT_TIMEOUT = 6,
    KITH_EXIT_IN_USE = 7, // another program uses the port, or the state folder
};

#endif
