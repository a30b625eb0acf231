// SPDX-License-Identifier: Apache-2.0
// Overflows of guarded stacks. The fault is taken on a stack of its own; if it hit the guard of the
// running process, that process is given up and the scheduler continues. Any other fault goes where
// it would have gone without us.
#include <pthread.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "context.h"
#include "kernel.h"
#include "linux.h"

// Signal handlers belong to the OS process and stacks for them to a thread: this is the state of
// the two, and there is no other place for it.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static unsigned users;
static _Thread_local struct kithi_linux *watched_here;
static _Thread_local void *fault_stack;

// True if `address` is in the guard below the stack of the process that runs in `self`, and the
// thread is on that stack.
static bool hit_guard(const struct kithi_linux *self, uintptr_t address, uintptr_t stack_pointer)
{
    const struct kith_stack *stack = kithi_process_stack(self->watched);
    if (stack == NULL || !stack->guarded) {
        return false;
    }
    size_t page_size = self->stacks.page_size;
    uintptr_t guard = (uintptr_t)kithi_stack_guard(&self->stacks, stack);
    return address >= guard && address < guard + page_size && stack_pointer >= guard - page_size &&
           stack_pointer < (uintptr_t)stack->base + stack->size;
}

static void pass_on(int signal_number, siginfo_t *info, void *context)
{
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal_number, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal_number);
    } else {
        // The instruction runs again, and this time the program ends with a core dump.
        struct sigaction by_default = {.sa_handler = SIG_DFL};
        sigaction(signal_number, &by_default, NULL);
    }
}

static void take_fault(int signal_number, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    uintptr_t stack_pointer = kithi_context_stack_pointer(context);
    for (struct kithi_linux *self = watched_here; self != NULL; self = self->next_watched) {
        if (hit_guard(self, address, stack_pointer)) {
            kithi_context_continue(context, kithi_arch_resume,
                                   kithi_process_overflowed(self->watched));
            return;
        }
    }
    for (struct kithi_linux *self = watched_here; self != NULL; self = self->next_watched) {
        kithi_process_faulted(self->watched, address);
    }
    pass_on(signal_number, info, context);
}

// Gives this thread a stack for signal handlers, unless somebody else has done so.
static void open_fault_stack(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE)) {
        return;
    }
    fault_stack = malloc(KITHI_FAULT_STACK);
    if (fault_stack == NULL) {
        return;
    }
    stack_t wanted = {.ss_sp = fault_stack, .ss_size = KITHI_FAULT_STACK};
    sigaltstack(&wanted, NULL);
}

static void close_fault_stack(void)
{
    if (fault_stack != NULL) {
        stack_t none = {.ss_flags = SS_DISABLE};
        sigaltstack(&none, NULL);
        free(fault_stack);
        fault_stack = NULL;
    }
}

void kithi_overflow_watch(struct kithi_linux *self)
{
    if (watched_here == NULL) {
        open_fault_stack();
    }
    self->next_watched = watched_here;
    watched_here = self;
    pthread_mutex_lock(&mutex);
    if (users++ == 0) {
        struct sigaction action = {.sa_sigaction = take_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        sigaction(SIGSEGV, &action, &previous);
    }
    pthread_mutex_unlock(&mutex);
}

void kithi_overflow_unwatch(struct kithi_linux *self)
{
    struct kithi_linux **link = &watched_here;
    while (*link != self) {
        link = &(*link)->next_watched;
    }
    *link = self->next_watched;
    if (watched_here == NULL) {
        close_fault_stack();
    }
    pthread_mutex_lock(&mutex);
    if (--users == 0) {
        sigaction(SIGSEGV, &previous, NULL);
    }
    pthread_mutex_unlock(&mutex);
}
