// SPDX-License-Identifier: Apache-2.0
// A node: what everything hangs off.
#include "kernel.h"

#include "arch/arch.h"

static bool limits_work(const struct kith_limits *limits)
{
    return limits->processes > 0 && limits->messages > 0 && limits->mailbox_messages > 0 &&
           limits->mailbox_bytes > 0 && limits->stack_size > 0 && limits->routes < 1u << 24;
}

// Cutting it could leave half a character.
static bool name_fits(const char *name)
{
    size_t size = 0;
    while (name != NULL && size < KITH_NAME_SIZE && name[size] != '\0') {
        size++;
    }
    return size < KITH_NAME_SIZE;
}

static enum kith_error open_parts(struct kith_node *node)
{
    node->chunk_capacity =
        (node->limits.processes + KITHI_CHUNK_PROCESSES - 1) / KITHI_CHUNK_PROCESSES;
    node->chunks = node->platform.allocate(node->platform.state,
                                           node->chunk_capacity * sizeof node->chunks[0]);
    if (node->chunks == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    enum kith_error error = kithi_heap_open(node);
    return error != KITH_OK ? error : kithi_routes_open(node);
}

enum kith_error kith_node_open(const struct kith_node_options *options, struct kith_node **node)
{
    const struct kith_platform *platform = options->platform;
    if (!limits_work(options->limits) || !name_fits(options->name)) {
        return KITH_ERROR_INVALID;
    }
    struct kith_node *opened = platform->allocate(platform->state, sizeof *opened);
    if (opened == NULL) {
        return KITH_ERROR_NO_MEMORY;
    }
    memset(opened, 0, sizeof *opened);
    opened->platform = *platform;
    opened->limits = *options->limits;
    kithi_pool_open(opened);
    opened->round = opened->round_len = KITHI_ROUND;
    opened->favours = KITHI_FAVOURS;
    if (options->name != NULL) {
        memcpy(opened->name, options->name, strlen(options->name));
    }
    opened->incarnation = options->incarnation;
    while (opened->incarnation == 0) {
        platform->entropy(platform->state, &opened->incarnation, sizeof opened->incarnation);
    }
    platform->entropy(platform->state, &opened->monitors.seed, sizeof opened->monitors.seed);
    enum kith_error error = kithi_stack_class(opened->limits.stack_size, &opened->stack_class);
    error = error != KITH_OK ? error : open_parts(opened);
    if (error != KITH_OK) {
        kith_node_close(opened);
        return error;
    }
    opened->started_ns = kith_node_now(opened);
    opened->started_cycles = kithi_arch_cycles();
    opened->report_ns = opened->limits.hog_ns;
    *node = opened;
    return KITH_OK;
}

void kith_node_close(struct kith_node *node)
{
    struct kith_platform platform = node->platform;
    assert(node->running == NULL);
    kithi_processes_close(node);
    kithi_monitors_close(node);
    kithi_pool_close(node);
    kithi_routes_close(node);
    kithi_heap_close(node);
    platform.release(platform.state, node->chunks, node->chunk_capacity * sizeof node->chunks[0]);
    platform.release(platform.state, node, sizeof *node);
}

uint64_t kith_node_incarnation(const struct kith_node *node)
{
    return node->incarnation;
}

const char *kith_node_name(const struct kith_node *node)
{
    return node->name;
}

const struct kith_platform *kith_node_platform(const struct kith_node *node)
{
    return &node->platform;
}

const struct kith_limits *kith_node_limits(const struct kith_node *node)
{
    return &node->limits;
}

uint64_t kith_node_now(const struct kith_node *node)
{
    return node->platform.now_ns(node->platform.state);
}

uint64_t kith_node_started_ns(const struct kith_node *node)
{
    return node->started_ns;
}

struct kith_process *kith_node_running(const struct kith_node *node)
{
    return node->running;
}

void kith_node_hook_add(struct kith_node *node, struct kith_hook *hook)
{
    hook->next = node->hooks;
    node->hooks = hook;
}

void kith_node_hook_remove(struct kith_node *node, struct kith_hook *hook)
{
    struct kith_hook **link = &node->hooks;
    while (*link != NULL && *link != hook) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = hook->next;
    }
}

void kith_node_part_set(struct kith_node *node, enum kith_node_part part, void *state)
{
    node->parts[part] = state;
}

void *kith_node_part(const struct kith_node *node, enum kith_node_part part)
{
    return node->parts[part];
}

void kith_node_counters(const struct kith_node *node, struct kith_node_counters *counters)
{
    *counters = node->counters;
    counters->sent += node->handed_over;
    counters->delivered += node->handed_over;
    counters->switches += kithi_round_switches(node);
}

uint32_t kith_node_processes(const struct kith_node *node)
{
    return node->processes;
}

void kith_node_log(const struct kith_node *node, enum kith_log_level level, const char *event,
                   const struct kith_log_field *fields, size_t count)
{
    node->platform.log(node->platform.state, level, event, fields, count);
}
