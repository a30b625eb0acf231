// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <string.h>

#include "target.h"

enum { STACK_MARGIN = 512 }; // below each stack, so that overflows by design hurt nobody

static void print_number(unsigned number)
{
    char text[11]; // UINT32_MAX has 10 digits
    size_t place = sizeof text - 1;
    text[place] = '\0';
    do {
        text[--place] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    target_print(text + place);
}

bool check_that(struct check *check, bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        check->failed = true;
        target_print(file);
        target_print(":");
        print_number((unsigned)line);
        target_print(": not so: ");
        target_print(text);
        target_print("\n");
    }
    return condition;
}

static uint64_t now_ns(void *state)
{
    struct check *check = state;
    return check->target.now_ns(check->target.state);
}

static uint64_t wall_ns(void *state)
{
    struct check *check = state;
    return check->target.wall_ns(check->target.state);
}

static void idle(void *state, uint64_t deadline_ns)
{
    struct check *check = state;
    check->target.idle(check->target.state, deadline_ns);
}

static void wake(void *state)
{
    struct check *check = state;
    check->target.wake(check->target.state);
}

static void entropy(void *state, void *bytes, size_t size)
{
    struct check *check = state;
    check->target.entropy(check->target.state, bytes, size);
}

static void *allocate(void *state, size_t size)
{
    struct check *check = state;
    if (size > check->memory_limit || check->memory > check->memory_limit - size) {
        return NULL;
    }
    void *memory = check->target.allocate(check->target.state, size);
    if (memory != NULL) {
        check->memory += size;
    }
    return memory;
}

static void release(void *state, void *memory, size_t size)
{
    struct check *check = state;
    if (memory != NULL) {
        check->memory -= size;
    }
    check->target.release(check->target.state, memory, size);
}

static bool stack_open(void *state, size_t size, struct kith_stack *stack)
{
    struct check *check = state;
    if (check->memory_limit != SIZE_MAX ||
        !check->target.stack_open(check->target.state, size + STACK_MARGIN, stack)) {
        return false;
    }
    check->memory += stack->size;
    stack->base = (unsigned char *)stack->base + STACK_MARGIN;
    stack->size -= STACK_MARGIN;
    check->stack = *stack;
    return true;
}

static void stack_close(void *state, const struct kith_stack *stack)
{
    struct check *check = state;
    struct kith_stack whole = *stack;
    whole.base = (unsigned char *)whole.base - STACK_MARGIN;
    whole.size += STACK_MARGIN;
    check->memory -= whole.size;
    check->target.stack_close(check->target.state, &whole);
}

static void log_event(void *state, enum kith_log_level level, const char *event,
                      const struct kith_log_field *fields, size_t count)
{
    struct check *check = state;
    check->logged++;
    check->logged_event = event;
    check->target.log(check->target.state, level, event, fields, count);
}

static void panic(void *state, const char *reason)
{
    struct check *check = state;
    check->target.panic(check->target.state, reason);
}

static void open_node(struct check *check, const struct check_case *one)
{
    check->platform = (struct kith_platform){
        .state = check,
        .now_ns = now_ns,
        .wall_ns = wall_ns,
        .idle = idle,
        .wake = wake,
        .entropy = entropy,
        .allocate = allocate,
        .release = release,
        .stack_open = stack_open,
        .stack_close = stack_close,
        .log = log_event,
        .panic = panic,
    };
    struct kith_limits limits = kith_limits_board;
    limits.stack_size = target_stack_size;
    if (one->adjust != NULL) {
        one->adjust(&limits);
    }
    struct kith_node_options options = {
        .name = "check",
        .platform = &check->platform,
        .limits = &limits,
    };
    CHECK(check, kith_node_open(&options, &check->node) == KITH_OK);
}

static void close_node(struct check *check)
{
    struct kith_message_counters counters;
    kith_message_counters(check->node, &counters);
    CHECK(check, kith_node_processes(check->node) == 0);
    CHECK(check, counters.alive == 0);
    CHECK(check, counters.alive_bytes == 0);
    kith_node_close(check->node);
    CHECK(check, check->memory == 0);
}

static bool run_case(const struct kith_platform *target, const struct check_case *one)
{
    struct check check = {.target = *target, .memory_limit = SIZE_MAX};
    open_node(&check, one);
    if (check.node != NULL) {
        one->run(&check);
        close_node(&check);
    }
    target_print(check.failed ? "FAIL " : "PASS ");
    target_print(one->name);
    target_print("\n");
    return !check.failed;
}

int check_main(const struct check_case *cases, size_t count)
{
    struct kith_platform target;
    target_open(&target);
    int status = 0;
    for (size_t place = 0; place < count; place++) {
        if (!run_case(&target, &cases[place])) {
            status = 1;
        }
    }
    return status;
}

struct kith_ref check_spawn(struct check *check, kith_process_entry *entry, void *argument)
{
    struct kith_spawn_options options = {.entry = entry, .argument = argument};
    struct kith_ref ref = KITH_REF_NONE;
    CHECK(check, kith_spawn(check->node, &options, &ref) == KITH_OK);
    return ref;
}

static void report_stuck(struct check *check)
{
    CHECK(check, !"the processes wait for good");
    for (uint32_t slot = 0; slot < kith_process_slots(check->node); slot++) {
        struct kith_process_info info;
        if (kith_process_info(check->node, slot, &info) == KITH_OK) {
            target_print("  slot ");
            print_number(slot);
            target_print(" is ");
            target_print(kith_process_state_name(info.state));
            target_print("\n");
        }
    }
}

void check_finish(struct check *check)
{
    while (kith_node_processes(check->node) > 0) {
        uint64_t deadline_ns = kith_node_step(check->node);
        if (deadline_ns != KITH_FOREVER) {
            idle(check, deadline_ns);
        } else if (kith_node_processes(check->node) > 0) {
            report_stuck(check);
            return;
        }
    }
}

struct kith_message *check_message(struct check *check, uint64_t type, uint32_t value)
{
    struct kith_message *message = NULL;
    if (CHECK(check, kith_message_new(check->node, type, sizeof value, &message) == KITH_OK)) {
        memcpy(message->data, &value, sizeof value);
    }
    return message;
}

uint32_t check_value(const struct kith_message *message)
{
    uint32_t value = UINT32_MAX;
    if (message != NULL && message->size == sizeof value) {
        memcpy(&value, message->data, sizeof value);
    }
    return value;
}
