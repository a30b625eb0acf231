// SPDX-License-Identifier: Apache-2.0
// Opens and closes the platform, and what needs no file of its own: memory, entropy, panic.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "linux.h"

static void panic(void *state, const char *reason)
{
    struct kith_log_field field = {"reason", reason, 0};
    kithi_log_write(state, KITH_LOG_ERROR, "panic", &field, 1);
    abort();
}

static void fill_entropy(void *state, void *bytes, size_t size)
{
    unsigned char *next = bytes;
    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);
        if (got < 0 && errno != EINTR) {
            panic(state, "no entropy");
        }
        if (got > 0) {
            next += got;
            size -= (size_t)got;
        }
    }
}

static void *allocate(void *state, size_t size)
{
    (void)state;
    return malloc(size);
}

static void release(void *state, void *memory, size_t size)
{
    (void)state;
    (void)size;
    free(memory);
}

// Who was started without one of these would otherwise have libuv's descriptors there, or a socket,
// and log lines would go to it. What is written to one of them still fails.
static void open_standard_descriptors(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

enum kith_error kith_platform_linux_open(const struct kith_platform_linux_options *options,
                                         struct kith_platform *platform)
{
    static const struct kith_platform_linux_options defaults = {.log_level = KITH_LOG_INFO};
    if (options == NULL) {
        options = &defaults;
    }
    open_standard_descriptors();
    struct kithi_linux *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    enum kith_error error = kithi_loop_open(self);
    if (error != KITH_OK) {
        free(self);
        return error;
    }
    self->log.fd = options->log_fd == 0 ? STDERR_FILENO : options->log_fd;
    self->log.level = options->log_level;
    kithi_spin_init(&self->spin, options->spin_us);
    kithi_stacks_open(&self->stacks, options->guards);
    *platform = (struct kith_platform){
        .state = self,
        .now_ns = kithi_clock_now_ns,
        .wall_ns = kithi_clock_wall_ns,
        .idle = kithi_loop_idle,
        .wake = kithi_loop_wake,
        .entropy = fill_entropy,
        .allocate = allocate,
        .release = release,
        .stack_open = kithi_stack_open,
        .stack_close = kithi_stack_close,
        .log = kithi_log_write,
        .panic = panic,
    };
    return KITH_OK;
}

void kith_platform_linux_close(struct kith_platform *platform)
{
    struct kithi_linux *self = platform->state;
    kithi_unwatch(self);
    kithi_loop_close(self);
    kithi_stacks_close(&self->stacks);
    free(self);
    platform->state = NULL;
}

void *kith_platform_linux_loop(const struct kith_platform *platform)
{
    return &((struct kithi_linux *)platform->state)->loop;
}

void kith_platform_linux_watch(const struct kith_platform *platform, struct kith_node *node)
{
    kithi_unwatch(platform->state);
    if (node != NULL) {
        kithi_watch(platform->state, node);
    }
}

void kith_platform_linux_set_log_level(const struct kith_platform *platform,
                                       enum kith_log_level level)
{
    ((struct kithi_linux *)platform->state)->log.level = level;
}

void kith_platform_linux_counters(const struct kith_platform *platform,
                                  struct kith_platform_linux_counters *counters)
{
    const struct kithi_linux *self = platform->state;
    *counters = (struct kith_platform_linux_counters){
        .stacks = self->stacks.open,
        .stacks_guarded = self->stacks.open_guarded,
        .stack_bytes = self->stacks.bytes,
        .log_lines_lost = self->log.lost,
    };
}
