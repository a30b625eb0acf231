// SPDX-License-Identifier: Apache-2.0
#include <kith/platform_sim.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kith_platform_sim {
    uint64_t now_ns;
    uint64_t random;
    size_t memory;
    uint64_t fail_in;
    bool fail_sticky;
    uint64_t failures;
    void (*log)(void *state, enum kith_log_level level, const char *event,
                const struct kith_log_field *fields, size_t count);
    void *log_state;
};

static uint64_t read_clock(void *state)
{
    return ((struct kith_platform_sim *)state)->now_ns;
}

static void idle(void *state, uint64_t deadline_ns)
{
    struct kith_platform_sim *sim = state;
    if (deadline_ns != KITH_FOREVER && deadline_ns > sim->now_ns) {
        sim->now_ns = deadline_ns;
    }
}

static void wake(void *state)
{
    (void)state; // idle never waits
}

// splitmix64, Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
static uint64_t draw(struct kith_platform_sim *sim)
{
    uint64_t z = (sim->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill_entropy(void *state, void *bytes, size_t size)
{
    unsigned char *out = bytes;
    while (size > 0) {
        uint64_t value = draw(state);
        size_t part = size < sizeof value ? size : sizeof value;
        memcpy(out, &value, part);
        out += part;
        size -= part;
    }
}

static bool is_to_fail(struct kith_platform_sim *sim)
{
    if (sim->fail_in == 0) {
        return false;
    }
    if (sim->fail_in > 1) {
        sim->fail_in--;
        return false;
    }
    sim->fail_in = sim->fail_sticky ? 1 : 0;
    sim->failures++;
    return true;
}

static void *allocate(void *state, size_t size)
{
    struct kith_platform_sim *sim = state;
    void *memory = is_to_fail(sim) ? NULL : malloc(size);
    if (memory != NULL) {
        sim->memory += size;
    }
    return memory;
}

static void release(void *state, void *memory, size_t size)
{
    struct kith_platform_sim *sim = state;
    if (memory != NULL) {
        sim->memory -= size;
        free(memory);
    }
}

static bool open_stack(void *state, size_t size, struct kith_stack *stack)
{
    struct kith_platform_sim *sim = state;
    size_t rounded = 4096; // simulated processes run checkers and printf: be generous
    while (rounded < size) {
        rounded *= 2;
    }
    void *base = is_to_fail(sim) ? NULL : calloc(1, rounded);
    if (base == NULL) {
        return false;
    }
    *stack = (struct kith_stack){.base = base, .size = rounded, .guarded = false, .fill = 0};
    sim->memory += rounded;
    return true;
}

static void close_stack(void *state, const struct kith_stack *stack)
{
    struct kith_platform_sim *sim = state;
    sim->memory -= stack->size;
    free(stack->base);
}

static void write_log(void *state, enum kith_log_level level, const char *event,
                      const struct kith_log_field *fields, size_t count)
{
    struct kith_platform_sim *sim = state;
    if (sim->log != NULL) {
        sim->log(sim->log_state, level, event, fields, count);
    }
}

static void panic(void *state, const char *reason)
{
    (void)state;
    fprintf(stderr, "kernel panic: %s\n", reason);
    abort();
}

struct kith_platform_sim *kith_platform_sim_open(uint64_t seed, struct kith_platform *platform)
{
    struct kith_platform_sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL) {
        return NULL;
    }
    sim->now_ns = 1000000000;
    sim->random = seed;
    *platform = (struct kith_platform){
        .state = sim,
        .now_ns = read_clock,
        .wall_ns = read_clock,
        .idle = idle,
        .wake = wake,
        .entropy = fill_entropy,
        .allocate = allocate,
        .release = release,
        .stack_open = open_stack,
        .stack_close = close_stack,
        .log = write_log,
        .panic = panic,
    };
    return sim;
}

void kith_platform_sim_close(struct kith_platform_sim *sim)
{
    assert(sim->memory == 0);
    free(sim);
}

void kith_platform_sim_advance(struct kith_platform_sim *sim, uint64_t ns)
{
    sim->now_ns += ns;
}

void kith_platform_sim_set_now(struct kith_platform_sim *sim, uint64_t now_ns)
{
    assert(now_ns >= sim->now_ns);
    sim->now_ns = now_ns;
}

size_t kith_platform_sim_memory(const struct kith_platform_sim *sim)
{
    return sim->memory;
}

void kith_platform_sim_fail_allocation(struct kith_platform_sim *sim, uint64_t nth, bool sticky)
{
    sim->fail_in = nth;
    sim->fail_sticky = sticky;
}

uint64_t kith_platform_sim_failures(const struct kith_platform_sim *sim)
{
    return sim->failures;
}

void kith_platform_sim_set_log(struct kith_platform_sim *sim,
                               void (*log)(void *state, enum kith_log_level level,
                                           const char *event, const struct kith_log_field *fields,
                                           size_t count),
                               void *state)
{
    sim->log = log;
    sim->log_state = state;
}
