// SPDX-License-Identifier: Apache-2.0
// Stacks are cut from regions of reserved address space; pages come as they are touched. A cell is
// a page for the guard, a page that the stack begins in, and the rest of the stack.
//
// The tops of stacks would all be at the same place of a page, and so share a few sets of the
// cache, as many as a handful of stacks fill. So each begins a few lines higher or lower than the
// last.
//
// Linux 6.13 and later have guards that cost nothing. Before, a guard splits the region into two
// more mappings, and a process may have a limited number of them (vm.max_map_count).
#include <assert.h>
#include <stdatomic.h>
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

// MADV_GUARD_INSTALL of <linux/mman.h>, which Debian 12 doesn't have: touching the page is a fault.
static bool install_guard(void *page, size_t size)
{
    enum { GUARD_INSTALL = 102 };
    return madvise(page, size, GUARD_INSTALL) == 0;
}

static bool can_install_guards(size_t page_size)
{
    void *page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return false;
    }
    bool can = install_guard(page, page_size);
    munmap(page, page_size);
    return can;
}

void kithi_stacks_open(struct kithi_stacks *stacks, enum kith_platform_linux_guards guards)
{
    stacks->page_size = (size_t)sysconf(_SC_PAGESIZE);
    if (guards == KITH_GUARDS_BEST) {
        stacks->installs_guards = can_install_guards(stacks->page_size);
    }
    stacks->guards_max = guards == KITH_GUARDS_NONE ? 0 : read_guards_max();
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

unsigned char *kithi_stack_guard(const struct kithi_stacks *stacks, const struct kith_stack *stack)
{
    uintptr_t next_page = ((uintptr_t)stack->base + stacks->page_size - 1) & -stacks->page_size;
    return (unsigned char *)next_page - 2 * stacks->page_size;
}

// A new stack, from the region of its class. Half of the page of its top remains for its first
// frames, so that a process that waits needs no second one.
static void *cut_stack(struct kithi_stacks *stacks, struct kithi_stack_class *class, size_t size)
{
    size_t cell_size = 2 * stacks->page_size + size;
    if (class->left == 0 && !add_region(stacks, cell_size, &class->left, &class->next)) {
        return NULL;
    }
    unsigned char *cell = class->next;
    class->next += cell_size;
    class->left--;
    size_t colour = class->left % KITHI_STACK_COLOURS * KITHI_STACK_COLOUR;
    return cell + 2 * stacks->page_size - colour;
}

static size_t find_class(const struct kithi_stacks *stacks, size_t size)
{
    size_t class = 0;
    while (class < KITHI_STACK_SIZES && stacks->page_size << class < size) {
        class ++;
    }
    return class;
}

// Guards `stack` if that can be had.
static bool guard_stack(const struct kithi_stacks *stacks, const struct kith_stack *stack)
{
    void *guard = kithi_stack_guard(stacks, stack);
    if (stacks->installs_guards) {
        return install_guard(guard, stacks->page_size);
    }
    if (!take_guard(stacks)) {
        return false;
    }
    if (mprotect(guard, stacks->page_size, PROT_NONE) != 0) {
        atomic_fetch_sub(&guards_in_process, 1);
        return false;
    }
    return true;
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
    *stack = (struct kith_stack){.base = base, .size = size, .fill = 0};
    stack->guarded = guard_stack(stacks, stack);
    stacks->open++;
    stacks->open_guarded += stack->guarded;
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
    stacks->open_guarded -= stack->guarded;
    unsigned char *guard = kithi_stack_guard(stacks, stack);
    if (stack->guarded && !stacks->installs_guards) {
        (void)mprotect(guard, stacks->page_size, PROT_READ | PROT_WRITE);
        atomic_fetch_sub(&guards_in_process, 1);
    }
    // The next user gets zero pages again, and until then they cost nothing.
    size_t size = stack->size + stacks->page_size;
    if (madvise(guard + stacks->page_size, size, MADV_DONTNEED) == 0) {
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
