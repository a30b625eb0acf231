// SPDX-License-Identifier: Apache-2.0
// Stacks are cut from regions of reserved address space; pages come as they are touched. Each has a
// page below it that becomes its guard, while the budget for guards lasts: a guard splits the
// region into two more mappings, and Linux allows a process a limited number of them
// (vm.max_map_count).
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux.h"

// Mappings are counted per OS process, so this is too, whatever the number of platforms in it.
static _Atomic uint32_t guards_in_process;

static uint32_t read_guards_max(void)
{
    unsigned long mappings = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file != NULL) {
        if (fscanf(file, "%lu", &mappings) != 1) {
            mappings = 0;
        }
        fclose(file);
    }
    unsigned long guards = mappings / KITHI_GUARD_SHARE / KITHI_MAPPINGS_PER_GUARD;
    return guards < UINT32_MAX ? (uint32_t)guards : UINT32_MAX;
}

void kithi_stacks_open(struct kithi_stacks *stacks, bool unguarded)
{
    stacks->page_size = (size_t)sysconf(_SC_PAGESIZE);
    stacks->guards_max = unguarded ? 0 : read_guards_max();
}

static bool add_region(struct kithi_stacks *stacks, size_t cell_size, size_t *count,
                       unsigned char **memory)
{
    size_t size = KITHI_REGION_SIZE - KITHI_REGION_SIZE % cell_size;
    if (size == 0) {
        size = cell_size;
    }
    struct kithi_region *region = malloc(sizeof *region);
    if (region == NULL) {
        return false;
    }
    region->memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (region->memory == MAP_FAILED) {
        free(region);
        return false;
    }
    // A huge page would be filled at the first touch of one small stack.
    (void)madvise(region->memory, size, MADV_NOHUGEPAGE);
    region->size = size;
    region->next = stacks->regions;
    stacks->regions = region;
    stacks->bytes += size;
    *count = size / cell_size;
    *memory = region->memory;
    return true;
}

static bool take_guard(const struct kithi_stacks *stacks)
{
    if (atomic_fetch_add(&guards_in_process, 1) < stacks->guards_max) {
        return true;
    }
    atomic_fetch_sub(&guards_in_process, 1);
    return false;
}

// A new stack, from the region of its class. Its guard, if it gets one, is the page below `base`.
static void *cut_stack(struct kithi_stacks *stacks, struct kithi_stack_class *class, size_t size)
{
    size_t cell_size = stacks->page_size + size;
    if (class->left == 0 && !add_region(stacks, cell_size, &class->left, &class->next)) {
        return NULL;
    }
    unsigned char *cell = class->next;
    class->next += cell_size;
    class->left--;
    return cell + stacks->page_size;
}

static size_t find_class(const struct kithi_stacks *stacks, size_t size)
{
    size_t class = 0;
    while (class < KITHI_STACK_SIZES && stacks->page_size << class < size) {
        class ++;
    }
    return class;
}

bool kithi_stack_open(void *state, size_t size, struct kith_stack *stack)
{
    struct kithi_stacks *stacks = &((struct kithi_linux *)state)->stacks;
    size_t index = find_class(stacks, size);
    if (index == KITHI_STACK_SIZES) {
        return false;
    }
    struct kithi_stack_class *class = &stacks->classes[index];
    size = stacks->page_size << index;
    void *base =
        class->free_len > 0 ? class->free[--class->free_len] : cut_stack(stacks, class, size);
    if (base == NULL) {
        return false;
    }
    bool guarded = take_guard(stacks);
    unsigned char *guard = (unsigned char *)base - stacks->page_size;
    if (guarded && mprotect(guard, stacks->page_size, PROT_NONE) != 0) {
        atomic_fetch_sub(&guards_in_process, 1);
        guarded = false;
    }
    *stack = (struct kith_stack){.base = base, .size = size, .guarded = guarded, .fill = 0};
    stacks->open++;
    stacks->open_guarded += guarded;
    return true;
}

// Remembers a free stack. If there is no memory to remember it, its address space is lost until the
// platform is closed, but nothing else.
static void keep_free(struct kithi_stack_class *class, void *base)
{
    if (class->free_len == class->free_capacity) {
        size_t capacity = class->free_capacity == 0 ? 64 : 2 * class->free_capacity;
        void **bases = realloc(class->free, capacity * sizeof *bases);
        if (bases == NULL) {
            return;
        }
        class->free = bases;
        class->free_capacity = capacity;
    }
    class->free[class->free_len++] = base;
}

void kithi_stack_close(void *state, const struct kith_stack *stack)
{
    struct kithi_stacks *stacks = &((struct kithi_linux *)state)->stacks;
    size_t class = find_class(stacks, stack->size);
    assert(class < KITHI_STACK_SIZES && stacks->page_size << class == stack->size);
    stacks->open--;
    if (stack->guarded) {
        stacks->open_guarded--;
        void *guard = (unsigned char *)stack->base - stacks->page_size;
        (void)mprotect(guard, stacks->page_size, PROT_READ | PROT_WRITE);
        atomic_fetch_sub(&guards_in_process, 1);
    }
    // The next user gets zero pages again, and until then they cost nothing.
    if (madvise(stack->base, stack->size, MADV_DONTNEED) == 0) {
        keep_free(&stacks->classes[class], stack->base);
    }
}

void kithi_stacks_close(struct kithi_stacks *stacks)
{
    assert(stacks->open == 0 && "a stack is still in use");
    for (size_t class = 0; class < KITHI_STACK_SIZES; class ++) {
        free(stacks->classes[class].free);
    }
    while (stacks->regions != NULL) {
        struct kithi_region *region = stacks->regions;
        stacks->regions = region->next;
        munmap(region->memory, region->size);
        free(region);
    }
}
