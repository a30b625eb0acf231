// SPDX-License-Identifier: Apache-2.0
// A signal handler makes the interrupted thread continue elsewhere, on another stack: the part of
// the Linux platform that each CPU has of its own.
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "context.h"

enum { STACK_SIZE = 64 << 10, NEAR = 4096 };

// Signal handlers and the code that continues carry no argument.
static struct {
    _Alignas(16) unsigned char stack[STACK_SIZE];
    uintptr_t frame; // of the function that faults
    bool saw_frame, on_stack;
    sigjmp_buf back;
} scene;

static void land(void)
{
    unsigned char here;
    uintptr_t address = (uintptr_t)&here, base = (uintptr_t)scene.stack;
    scene.on_stack = address > base && address < base + STACK_SIZE;
    siglongjmp(scene.back, 1);
}

static void take_fault(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)info;
    uintptr_t stack_pointer = kithi_context_stack_pointer(context);
    scene.saw_frame = stack_pointer <= scene.frame && scene.frame - stack_pointer < NEAR;
    kithi_context_continue(context, land, scene.stack + STACK_SIZE / 2);
}

static void fault(void)
{
    unsigned char *volatile nowhere = NULL;
    scene.frame = (uintptr_t)&nowhere + NEAR / 2;
    *nowhere = 1;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = take_fault, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(scene.back, 1) == 0) {
        fault();
    }
    bool good = scene.saw_frame && scene.on_stack;
    printf("%s a_fault_continues_elsewhere_on_another_stack\n", good ? "PASS" : "FAIL");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
