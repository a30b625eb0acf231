// SPDX-License-Identifier: Apache-2.0
// What the files of the Linux platform share. Only this folder includes it.
#ifndef KITHI_LINUX_H
#define KITHI_LINUX_H

#include <signal.h>
#include <time.h>

#include <uv.h>

#include <kith/platform_linux.h>

#include "spin.h"

enum {
    KITHI_STACK_SIZES = 20,       // page size << 0, 1, ...
    KITHI_LOG_LINE = 2048,        // bytes of a log line; less than PIPE_BUF, so it stays whole
    KITHI_GUARD_SHARE = 2,        // 1/2 of the process's mappings may go to guarded stacks
    KITHI_MAPPINGS_PER_GUARD = 2, // the guard page, and the stack beside it
    KITHI_REGION_SIZE = 4 << 20,  // address space reserved at a time, unless a stack is larger
    KITHI_LOOKS = 8,              // of a spin, for one at the whole loop
    KITHI_STACK_COLOUR = 64,      // bytes, a line of the cache
    KITHI_STACK_COLOURS = 32,     // half of a page
    KITHI_FAULT_STACK = 64 << 10, // for the handler of faults
};

// Free stacks of one size, and the region that new ones are cut from.
struct kithi_stack_class {
    void **free; // bases
    size_t free_len, free_capacity;
    unsigned char *next; // in the newest region
    size_t left;         // stacks that it still has
};

struct kithi_region {
    struct kithi_region *next;
    void *memory;
    size_t size;
};

struct kithi_stacks {
    struct kithi_stack_class classes[KITHI_STACK_SIZES];
    struct kithi_region *regions;
    size_t page_size;
    bool installs_guards; // those that cost no mapping
    uint32_t guards_max;  // of the others
    uint64_t open, open_guarded, bytes;
};

struct kithi_log {
    int fd;
    enum kith_log_level level;
    uint64_t lost, lost_told;
};

struct kithi_linux {
    uv_loop_t loop;
    uv_timer_t deadline;
    uv_prepare_t waits;
    uint64_t waits_from_ms; // the loop's time when it was told to wait
    uv_async_t woken;
    uv_signal_t terminate, interrupt, hangup;
    void (*stop)(void *argument, int signal_number);
    void *stop_argument;
    bool signals_open;
    struct kithi_spin spin;
    bool (*look)(void *state); // of a spin; NULL: only at the whole loop
    void *look_state;
    uint64_t looked_ns; // when a busy scheduler last had it look
    uint64_t left_ns;   // when the node last had its turn; 0: never
    struct kithi_stacks stacks;
    struct kithi_log log;
    struct kith_node *watched; // its processes may overflow their stacks, or hold the CPU
    struct kithi_linux *next_watched;
    timer_t held; // by the CPU time of the node's thread
    bool held_set;
    uint64_t held_every_ns;
};

// loop.c
enum kith_error kithi_loop_open(struct kithi_linux *self);
void kithi_loop_close(struct kithi_linux *self);
void kithi_loop_idle(void *state, uint64_t deadline_ns);
void kithi_loop_wake(void *state);
uint64_t kithi_clock_now_ns(void *state);
uint64_t kithi_clock_wall_ns(void *state);

// stack.c
void kithi_stacks_open(struct kithi_stacks *stacks, enum kith_platform_linux_guards guards);
void kithi_stacks_close(struct kithi_stacks *stacks);
bool kithi_stack_open(void *state, size_t size, struct kith_stack *stack);
void kithi_stack_close(void *state, const struct kith_stack *stack);
// The page below the one that `stack` begins in.
unsigned char *kithi_stack_guard(const struct kithi_stacks *stacks, const struct kith_stack *stack);

// watch.c
void kithi_watch(struct kithi_linux *self, struct kith_node *node);
void kithi_unwatch(struct kithi_linux *self); // if it is watched

// overflow.c
void kithi_overflow_watch(struct kithi_linux *self);
void kithi_overflow_unwatch(struct kithi_linux *self);

// log.c: takes no lock and allocates nothing, so that signal handlers may call it
void kithi_log_write(void *state, enum kith_log_level level, const char *event,
                     const struct kith_log_field *fields, size_t count);

#endif
