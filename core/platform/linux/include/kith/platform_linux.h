// SPDX-License-Identifier: Apache-2.0
// The platform of a node that is a Linux process: a libuv loop for everything that has to be waited
// for, memory from malloc, stacks from mmap, log lines on a file descriptor.
#ifndef KITH_PLATFORM_LINUX_H
#define KITH_PLATFORM_LINUX_H

#include <stdbool.h>
#include <stdint.h>

#include <kith/error.h>
#include <kith/node.h>
#include <kith/platform.h>

// How stacks are guarded.
enum kith_platform_linux_guards {
    KITH_GUARDS_BEST,     // all of them where Linux can (since 6.13), else as with MAPPINGS
    KITH_GUARDS_MAPPINGS, // a mapping each, for as many as vm.max_map_count allows
    KITH_GUARDS_NONE,     // none: only canaries
};

struct kith_platform_linux_options {
    enum kith_log_level log_level; // the most detailed level that is written
    int log_fd;                    // where log lines go; 0: standard error
    uint32_t spin_us; // idle looks again and again for so long, at most, before it sleeps
    enum kith_platform_linux_guards guards;
};

// Fills in *platform. It belongs to the calling thread, on which the node must run. `options` may
// be NULL: log level info on standard error, no spinning. Errors: NO_MEMORY, IO.
enum kith_error kith_platform_linux_open(const struct kith_platform_linux_options *options,
                                         struct kith_platform *platform);

// Frees everything. The node, and whoever uses the loop, must have been closed; what they only
// began to close (uv_close) is completed here. From the platform's thread, not from a callback.
void kith_platform_linux_close(struct kith_platform *platform);

// The libuv loop (a uv_loop_t) that idle runs, for other users of libuv on this thread. Borrowed
// from the platform.
void *kith_platform_linux_loop(const struct kith_platform *platform);

// From here on an overflow of a guarded stack ends only the process of `node` that caused it,
// instead of the whole program, and a process that holds the CPU is reported (kith_node_watch).
// Takes SIGSEGV, and SIGVTALRM which is raised by the CPU time of this thread. Call it after
// kith_node_open, on the thread that runs the node, and with NULL before kith_node_close.
void kith_platform_linux_watch(const struct kith_platform *platform, struct kith_node *node);

// From here on SIGTERM, SIGINT, and SIGHUP unless it is ignored, call `stop` from inside of idle,
// instead of ending the program. Errors: IO.
enum kith_error kith_platform_linux_on_stop(const struct kith_platform *platform,
                                            void (*stop)(void *argument, int signal_number),
                                            void *argument);

// While idle spins it calls `look`, which takes what there is without waiting and is true if there
// was something, and asks the loop less often: that costs several times as much. NULL: as before.
void kith_platform_linux_set_look(const struct kith_platform *platform, bool (*look)(void *state),
                                  void *state);

// Changes the most detailed level that is written.
void kith_platform_linux_set_log_level(const struct kith_platform *platform,
                                       enum kith_log_level level);

struct kith_platform_linux_counters {
    uint64_t stacks;         // handed out now
    uint64_t stacks_guarded; // of these, those with a guard page
    uint64_t stack_bytes;    // address space reserved for stacks, used or not
    uint64_t log_lines_lost; // because the reader of the log was too slow
};
// Reads the counters. From the platform's thread.
void kith_platform_linux_counters(const struct kith_platform *platform,
                                  struct kith_platform_linux_counters *counters);

#endif
