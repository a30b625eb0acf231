// SPDX-License-Identifier: Apache-2.0
// What the kernel asks of the machine under it (design D2). One table per node; a port fills it in.
#ifndef KITH_PLATFORM_H
#define KITH_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KITH_FOREVER UINT64_MAX  // a deadline that never comes
#define KITH_NO_WAIT UINT64_C(0) // a deadline that has already passed

enum kith_log_level { KITH_LOG_ERROR, KITH_LOG_WARNING, KITH_LOG_INFO, KITH_LOG_DEBUG };

// One `key=value` of a log line. `text` if not NULL, else `number`. Borrowed for the call.
struct kith_log_field {
    const char *key;
    const char *text;
    uint64_t number;
};

// A stack: `base` is its lowest usable address, `size` its bytes. `guarded`: the hardware stops an
// overflow. An unguarded stack is filled with `fill` from `base` up when it is first handed out.
struct kith_stack {
    void *base;
    size_t size;
    bool guarded;
    uint8_t fill;
};

// All functions get `state`, are called from the node's own thread only (except wake) and never
// call back into the kernel unless they say so.
struct kith_platform {
    void *state;

    // Monotonic time in nanoseconds; starts above 0 and never goes back. Can't fail.
    uint64_t (*now_ns)(void *state);

    // Nanoseconds since 1970 for log lines and uptimes, 0 where nobody knows. Can't fail.
    uint64_t (*wall_ns)(void *state);

    // Waits until `deadline_ns` (of now_ns), a wake, or an event of the platform; KITH_NO_WAIT only
    // looks. Runs the callbacks of sockets and signals, which may post messages to processes. May
    // return early. Called by the scheduler when nothing is ready, and every so often otherwise.
    void (*idle)(void *state, uint64_t deadline_ns);

    // Makes a running or the next idle return at once. Callable from any thread, from signal
    // handlers and interrupts.
    void (*wake)(void *state);

    // Fills `size` bytes with unpredictable ones (the simulator: from its seed). Can't fail: a
    // machine without entropy panics at start.
    void (*entropy)(void *state, void *bytes, size_t size);

    // `size` bytes aligned for any type, or NULL. May be called while another call fails.
    void *(*allocate)(void *state, size_t size);

    // Takes back what allocate gave; `size` as then. NULL is allowed.
    void (*release)(void *state, void *memory, size_t size);

    // Gives a stack of at least `size` bytes; false when none can be had. Stacks are reused by the
    // kernel and only come back at the end of the node.
    bool (*stack_open)(void *state, size_t size, struct kith_stack *stack);
    void (*stack_close)(void *state, const struct kith_stack *stack);

    // Writes one log line. Must not block for long. Fields are borrowed.
    void (*log)(void *state, enum kith_log_level level, const char *event,
                const struct kith_log_field *fields, size_t count);

    // The kernel found itself broken: says `reason` and never returns.
    void (*panic)(void *state, const char *reason);
};

#endif
