// SPDX-License-Identifier: Apache-2.0
// The switch of a CPU (core/arch), without a kernel: what a new port of a CPU is tried with first.
#include <string.h>

#include <arch/arch.h>
#include <registers.h>

#include "check.h"

enum { STACK_SIZE = 1024, ROUNDS = 3, FILL = 0xA5 };

// Of the CPU's own file: puts `values` into all registers that a function must preserve, switches
// like kithi_arch_switch, and when it is back stores in `seen` what those registers hold.
void registers_switch(void **save, void *load, const uintptr_t *values, uintptr_t *seen);

struct side {
    void *stack_pointer;
    uintptr_t values[REGISTERS], seen[REGISTERS];
};

struct scene {
    struct check *check;
    struct side here, there;
    uint32_t rounds;
    bool aligned;
};

static void choose_values(struct side *side, uintptr_t first)
{
    for (uint32_t place = 0; place < REGISTERS; place++) {
        side->values[place] = first + place * (uintptr_t)0x01010101;
        side->seen[place] = 0;
    }
}

static void answer(void *argument)
{
    struct scene *scene = argument;
    alignas(max_align_t) volatile unsigned char local = 0;
    scene->aligned = ((uintptr_t)&local & (alignof(max_align_t) - 1)) == 0;
    for (;;) {
        scene->rounds++;
        registers_switch(&scene->there.stack_pointer, scene->here.stack_pointer,
                         scene->there.values, scene->there.seen);
    }
}

static void the_switch_preserves_registers_on_both_sides(struct check *check)
{
    struct scene scene = {.check = check};
    unsigned char *stack = check->target.allocate(check->target.state, STACK_SIZE);
    if (!CHECK(check, stack != NULL)) {
        return;
    }
    scene.there.stack_pointer = kithi_arch_stack_init(stack, STACK_SIZE, answer, &scene);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        choose_values(&scene.here, (uintptr_t)0x11223344 * round);
        choose_values(&scene.there, (uintptr_t)0x55667788 * round);
        registers_switch(&scene.here.stack_pointer, scene.there.stack_pointer, scene.here.values,
                         scene.here.seen);
        CHECK(check, scene.rounds == round);
        CHECK(check, memcmp(scene.here.seen, scene.here.values, sizeof scene.here.seen) == 0);
    }
    CHECK(check, scene.aligned);
    // What the other side had before it switched the last time but one, it found again.
    choose_values(&scene.here, (uintptr_t)0x55667788 * (ROUNDS - 1));
    CHECK(check, memcmp(scene.there.seen, scene.here.values, sizeof scene.here.values) == 0);
    check->target.release(check->target.state, stack, STACK_SIZE);
}

static void a_fresh_stack_is_touched_only_at_its_top(struct check *check)
{
    unsigned char *stack = check->target.allocate(check->target.state, STACK_SIZE);
    if (!CHECK(check, stack != NULL)) {
        return;
    }
    for (size_t cut = 0; cut < 16; cut++) { // whatever the alignment of its end
        memset(stack, FILL, STACK_SIZE);
        unsigned char *pointer = kithi_arch_stack_init(stack, STACK_SIZE - cut, answer, NULL);
        CHECK(check, pointer > stack + STACK_SIZE / 2 && pointer < stack + STACK_SIZE - cut);
        size_t untouched = 0;
        while (untouched < STACK_SIZE && stack[untouched] == FILL) {
            untouched++;
        }
        CHECK(check, untouched >= STACK_SIZE / 2);
        for (size_t place = STACK_SIZE - cut; place < STACK_SIZE; place++) {
            CHECK(check, stack[place] == FILL);
        }
    }
    check->target.release(check->target.state, stack, STACK_SIZE);
}

static void the_cycle_counter_never_goes_back(struct check *check)
{
    uint64_t first = kithi_arch_cycles(), before = first;
    uint32_t back = 0;
    uint64_t until_ns = check->target.now_ns(check->target.state) + 2000000;
    while (check->target.now_ns(check->target.state) < until_ns) {
        uint64_t now = kithi_arch_cycles();
        back += now < before;
        before = now;
    }
    CHECK(check, back == 0);
    CHECK(check, before > first);
}

static const struct check_case cases[] = {
    CHECK_CASE(the_switch_preserves_registers_on_both_sides),
    CHECK_CASE(a_fresh_stack_is_touched_only_at_its_top),
    CHECK_CASE(the_cycle_counter_never_goes_back),
};

CHECK_MAIN(cases)
