// SPDX-License-Identifier: Apache-2.0
// Processes: their slots, beginnings and ends. Slots keep their stack when a process ends, so that
// the next one of that size starts without a system call.
#include "block.h"

static void run_process(void *argument)
{
    struct kith_process *self = argument;
    struct kith_node *node = self->node;
    const void *from_base = NULL;
    size_t from_size = 0;
    kithi_check_arrive(NULL, &from_base, &from_size);
    if (node->scheduler_size == 0 && from_size != 0) {
        node->scheduler_base = from_base; // the first process ever comes from the scheduler
        node->scheduler_size = from_size;
    }
    if ((self->flags & KITHI_KILLED) == 0) {
        self->entry(self, self->argument);
    }
    bool killed = (self->flags & KITHI_KILLED) != 0;
    kith_exit(self, killed ? (enum kith_error)self->kill_reason : KITH_OK);
}

static void wake_at_deadline(struct kith_alarm *alarm)
{
    kithi_wake_in_vain(KITHI_ENTRY(alarm, struct kith_process, alarm), KITH_ERROR_TIMEOUT);
}

// What a slot begins with, and a process leaves as it was: nothing waits, is queued or watched.
static void init_slot(struct kith_process *process)
{
    kithi_list_init(&process->senders);
    kithi_list_init(&process->waiting);
    kithi_list_init(&process->watchers);
    kithi_list_init(&process->watching);
    kithi_list_init(&process->timers);
    kith_alarm_init(&process->alarm, wake_at_deadline);
    process->generation = 1;
}

static uint32_t chunk_room(const struct kith_node *node, uint32_t chunk)
{
    uint32_t left = node->limits.processes - chunk * KITHI_CHUNK_PROCESSES;
    return left < KITHI_CHUNK_PROCESSES ? left : KITHI_CHUNK_PROCESSES;
}

static enum kith_error add_slot(struct kith_node *node, struct kith_process **process)
{
    if (node->slots == node->limits.processes) {
        return KITH_ERROR_LIMIT;
    }
    uint32_t chunk = node->slots / KITHI_CHUNK_PROCESSES;
    if (chunk == node->chunk_len) {
        size_t size = chunk_room(node, chunk) * sizeof(struct kith_process);
        node->chunks[chunk] = kithi_lines_allocate(node, size);
        if (node->chunks[chunk] == NULL) {
            return KITH_ERROR_NO_MEMORY;
        }
        memset(node->chunks[chunk], 0, size);
        node->chunk_len++;
    }
    struct kith_process *added = kithi_process_at(node, node->slots);
    added->node = node;
    added->slot = node->slots++;
    init_slot(added);
    *process = added;
    return KITH_OK;
}

// A free slot of another class, when all slots are in use or waiting with a stack.
static struct kith_process *steal_slot(struct kith_node *node)
{
    for (uint32_t class = 0; class < KITHI_STACK_CLASSES; class ++) {
        struct kith_process *process = node->free_slots[class];
        if (process != NULL) {
            node->free_slots[class] = process->next;
            if (process->stack.base != NULL) {
                node->platform.stack_close(node->platform.state, &process->stack);
                process->stack.base = NULL;
            }
            return process;
        }
    }
    return NULL;
}

// The next process on the stack of one that overflowed it starts with a whole canary.
static void repair_stack(const struct kith_stack *stack)
{
    if (!kithi_stack_intact(stack)) {
        memset(stack->base, stack->fill, stack->size);
    }
}

// A slot that has a stack of that class.
static struct kith_process *reuse_slot(struct kith_node *node, uint32_t class)
{
    struct kith_process *process = node->free_slots[class];
    if (process == NULL || process->stack.base == NULL) {
        return NULL;
    }
    node->free_slots[class] = process->next;
    if (!process->stack.guarded) {
        repair_stack(&process->stack);
    }
    return process;
}

// Another slot, with a new stack.
static enum kith_error open_slot(struct kith_node *node, uint32_t class,
                                 struct kith_process **process)
{
    struct kith_process *taken;
    enum kith_error error = add_slot(node, &taken);
    if (error == KITH_ERROR_LIMIT) {
        taken = steal_slot(node);
        error = taken == NULL ? KITH_ERROR_LIMIT : KITH_OK;
    }
    if (error != KITH_OK) {
        return error;
    }
    // As large as its class says, since later ones of that class will get it too.
    size_t size = kithi_stack_class_size(class);
    if (!node->platform.stack_open(node->platform.state, size, &taken->stack)) {
        taken->stack.base = NULL;
        taken->next = node->free_slots[0];
        node->free_slots[0] = taken;
        return KITH_ERROR_NO_MEMORY;
    }
    taken->stack_class = (uint8_t) class;
    *process = taken;
    return KITH_OK;
}

static void init_process(struct kith_process *process, const struct kith_spawn_options *options)
{
    const struct kith_limits *limits = &process->node->limits;
    assert(kithi_list_empty(&process->senders) && kithi_list_empty(&process->waiting) &&
           kithi_list_empty(&process->watchers) && kithi_list_empty(&process->watching) &&
           kithi_list_empty(&process->timers) && process->alarm.heap_place == 0);
    memset(process->label, 0, sizeof process->label);
    for (size_t place = 0; options->label != NULL && options->label[place] != '\0' &&
                           place < sizeof process->label - 1;
         place++) {
        process->label[place] = options->label[place];
    }
    process->entry = options->entry;
    process->argument = options->argument;
    process->wait = KITHI_WAIT_NONE;
    process->flags = (uint8_t)((options->priority == KITH_PRIORITY_HIGH ? KITHI_HIGH : 0) |
                               (options->needed ? KITHI_NEEDED : 0) |
                               (process->stack.guarded ? 0 : KITHI_UNGUARDED));
    process->kill_told = false;
    process->owned = 0;
    process->sent = process->received = process->sent_wraps = process->received_wraps = 0;
    process->cycles = process->hogs = 0;
    process->mailbox = (struct kithi_mailbox){.first = NULL};
    process->mailbox_messages =
        options->mailbox_messages ? options->mailbox_messages : limits->mailbox_messages;
    process->mailbox_bytes =
        options->mailbox_bytes ? options->mailbox_bytes : limits->mailbox_bytes;
    process->peer = process;
    process->fake_stack = NULL;
}

enum kith_error kith_spawn(struct kith_node *node, const struct kith_spawn_options *options,
                           struct kith_ref *ref)
{
    kithi_need_much_stack(node);
    assert(options->entry != NULL);
    uint32_t class = node->stack_class;
    enum kith_error error = KITH_OK;
    if (options->stack_size != 0) {
        error = kithi_stack_class(options->stack_size, &class);
    }
    struct kith_process *process = error == KITH_OK ? reuse_slot(node, class) : NULL;
    if (error == KITH_OK && process == NULL) {
        error = open_slot(node, class, &process);
    }
    if (error != KITH_OK) {
        return error;
    }
    init_process(process, options);
    process->started_ns = kithi_round_ns(node);
    process->stack_pointer =
        kithi_arch_stack_init(process->stack.base, process->stack.size, run_process, process);
    node->processes++;
    node->counters.spawned++;
    kithi_ready_push(process);
    if (ref != NULL) {
        *ref = kithi_process_ref(process);
    }
    return KITH_OK;
}

static void report_end(const struct kith_process *process, enum kith_error reason)
{
    struct kith_log_field fields[] = {
        {"process", process->label, 0},
        {"slot", NULL, process->slot},
        {"reason", kith_error_name(reason), 0},
    };
    kith_node_log(process->node, KITH_LOG_WARNING, "process_ended", fields, 3);
}

// Most processes leave nothing behind, and many live no longer than it would take to look
// everywhere.
static void end_possessions(struct kith_process *process, enum kith_error reason)
{
    struct kith_node *node = process->node;
    kithi_list_remove(&process->waiting);
    if (process->flags & KITHI_TIMED) {
        kith_alarm_clear(node, &process->alarm);
    }
    if (!kithi_list_empty(&process->timers)) {
        kithi_timers_end(process);
    }
    if (process->flags & (KITHI_MAIL | KITHI_ARRIVED) || !kithi_list_empty(&process->senders)) {
        kithi_mailbox_end(process);
    }
    if (process->owned > 0) {
        kithi_pool_reclaim(process);
    }
    if (!kithi_list_empty(&process->watchers) || !kithi_list_empty(&process->watching)) {
        kithi_monitors_end(process, reason);
    }
}

void kithi_process_end(struct kith_process *process, enum kith_error reason)
{
    struct kith_node *node = process->node;
    if (reason == KITH_ERROR_OVERFLOW) {
        node->counters.overflows++;
    }
    if (reason != KITH_OK) {
        report_end(process, reason);
    }
    // From here on references to it are stale.
    process->state = KITH_STATE_FREE;
    process->wait = KITHI_WAIT_NONE;
    process->mailbox_messages = 0; // no room, by which kith_send tells it from one that is alive
    end_possessions(process, reason);
    if (++process->generation == 0) {
        process->generation = 1;
    }
    process->next = node->free_slots[process->stack_class];
    node->free_slots[process->stack_class] = process;
    node->processes--;
    node->counters.ended++;
}

noreturn void kith_exit(struct kith_process *self, enum kith_error reason)
{
    kithi_need_much_stack(self->node);
    assert(self->node->running == self);
    kithi_check_stack(self);
    kithi_process_end(self, reason);
    kithi_switch_away(self);
    for (;;) {
    }
}

enum kith_error kith_kill(struct kith_node *node, struct kith_ref ref, enum kith_error reason)
{
    kithi_need_much_stack(node);
    if (ref.node != node->incarnation) {
        return KITH_ERROR_NOT_FOUND;
    }
    struct kith_process *process = kithi_process_find(node, ref);
    if (process == NULL) {
        return KITH_ERROR_STALE;
    }
    if (process->flags & KITHI_KILLED) {
        return KITH_OK;
    }
    process->flags |= KITHI_KILLED;
    process->kill_reason = reason;
    if (process->state == KITH_STATE_RECEIVING || process->state == KITH_STATE_CALLING ||
        process->state == KITH_STATE_SENDING || process->state == KITH_STATE_SLEEPING) {
        process->kill_told = true;
        kithi_wake_in_vain(process, KITH_ERROR_KILLED);
    }
    return KITH_OK;
}

void *kithi_process_overflowed(struct kith_node *node)
{
    if (node->running == NULL) {
        return NULL;
    }
    const struct kith_stack *stack = &node->running->stack;
    kithi_check_unpoison(stack->base, stack->size); // what its frames left behind
    kithi_check_leave(NULL, node->scheduler_base, node->scheduler_size);
    return node->scheduler_stack_pointer;
}

// In hexadecimal, for people, without the C library: in a fault handler.
static const char *format_address(uintptr_t address, char text[2 * sizeof address + 3])
{
    size_t place = 2 * sizeof address + 2;
    text[place] = '\0';
    do {
        text[--place] = "0123456789abcdef"[address % 16];
        address /= 16;
    } while (address > 0);
    text[--place] = 'x';
    text[--place] = '0';
    return text + place;
}

void kithi_process_faulted(const struct kith_node *node, uintptr_t address)
{
    const struct kith_process *process = node->running;
    if (process == NULL) {
        return;
    }
    char text[2 * sizeof address + 3];
    struct kith_log_field fields[] = {
        {"process", process->label, 0},
        {"slot", NULL, process->slot},
        {"address", format_address(address, text), 0},
    };
    kith_node_log(node, KITH_LOG_ERROR, "process_faulted", fields, 3);
}

const struct kith_stack *kithi_process_stack(const struct kith_node *node)
{
    return node->running == NULL ? NULL : &node->running->stack;
}

void kithi_processes_close(struct kith_node *node)
{
    for (uint32_t slot = 0; slot < node->slots; slot++) {
        struct kith_process *process = kithi_process_at(node, slot);
        if (process->state != KITH_STATE_FREE) {
            kithi_process_end(process, KITH_OK);
        }
    }
    for (uint32_t slot = 0; slot < node->slots; slot++) {
        struct kith_process *process = kithi_process_at(node, slot);
        if (process->stack.base != NULL) {
            kithi_check_unpoison(process->stack.base, process->stack.size); // frames left behind
            node->platform.stack_close(node->platform.state, &process->stack);
        }
    }
    for (uint32_t chunk = 0; chunk < node->chunk_len; chunk++) {
        kithi_lines_release(node, node->chunks[chunk],
                            chunk_room(node, chunk) * sizeof(struct kith_process));
    }
}

struct kith_ref kith_self(const struct kith_process *self)
{
    return kithi_process_ref(self);
}

struct kith_node *kith_process_node(const struct kith_process *self)
{
    return self->node;
}

uint64_t kith_now(const struct kith_process *self)
{
    return kith_node_now(self->node);
}

uint64_t kith_deadline_ms(const struct kith_process *self, uint64_t timeout_ms)
{
    return kith_node_now(self->node) + timeout_ms * 1000000;
}
