// SPDX-License-Identifier: Apache-2.0
// A test harness for the kernel that needs nothing but the kernel, so that the same tests run on
// Linux, under an emulator and on a board. It prints a line "PASS name" or "FAIL name" for each
// case.
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <kith/exchange.h>
#include <kith/monitor.h>
#include <kith/node.h>
#include <kith/timer.h>

enum { CHECK_TYPE_A = 1, CHECK_TYPE_B = 2 }; // plain messages

// One running case. Its platform is the target's, with an eye on memory, stacks and the log.
struct check {
    struct kith_node *node;
    bool failed;

    size_t memory;            // bytes that the node holds
    size_t memory_limit;      // allocate fails beyond it; SIZE_MAX at first
    struct kith_stack stack;  // the newest, without the margin below it
    unsigned logged;          // lines so far
    const char *logged_event; // of the last line; static text

    struct kith_platform target, platform;
};

struct check_case {
    const char *name; // a sentence, with _ for spaces
    void (*run)(struct check *check);
    void (*adjust)(struct kith_limits *limits); // of the node; NULL: limits of the board preset
};

// Records a failure, with where and what, unless `condition` holds; gives the condition back. For
// any context, processes included.
#define CHECK(check, condition) check_that(check, condition, #condition, __FILE__, __LINE__)
bool check_that(struct check *check, bool condition, const char *text, const char *file, int line);

// Starts a process with `argument`; a failure of the case if that can't be done.
struct kith_ref check_spawn(struct check *check, kith_process_entry *entry, void *argument);

// Runs the node until all its processes have ended; a failure of the case if they wait for good.
void check_finish(struct check *check);

// A plain message with `value` as payload, and what is in one.
struct kith_message *check_message(struct check *check, uint64_t type, uint32_t value);
uint32_t check_value(const struct kith_message *message);

// Runs all cases; the result is main's. After each case the pool must be back to zero, and after
// its node was closed, all memory.
int check_main(const struct check_case *cases, size_t count);

#define CHECK_CASE(name)                                                                           \
    {                                                                                              \
#name, name, NULL                                                                          \
    }
#define CHECK_CASE_WITH(name, adjust)                                                              \
    {                                                                                              \
#name, name, adjust                                                                        \
    }
#define CHECK_MAIN(cases)                                                                          \
    int main(void)                                                                                 \
    {                                                                                              \
        return check_main(cases, sizeof(cases) / sizeof(cases)[0]);                                \
    }

#endif
