// SPDX-License-Identifier: Apache-2.0
// Keeps watch over a node: overflows of stacks (overflow.c), and processes that hold the CPU. For
// these a timer on the CPU time of the node's thread interrupts it. A thread that sleeps, or that
// isn't given the CPU, isn't interrupted and isn't blamed.
#include <pthread.h>
#include <unistd.h>

#include <kith/limits.h>

#include "linux.h"

enum { LOOKS_PER_HOG = 4, NS_PER_S = 1000000000 };

// A signal handler belongs to the OS process.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static unsigned users;

static void take_tick(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    if (info->si_code != SI_TIMER) {
        return;
    }
    struct kithi_linux *self = info->si_value.sival_ptr;
    if (self->watched != NULL) {
        uint64_t ticks = 1 + (uint64_t)info->si_overrun;
        kith_node_watch(self->watched, ticks * self->held_every_ns);
    }
}

static void ref_handler(void)
{
    pthread_mutex_lock(&mutex);
    if (users++ == 0) {
        struct sigaction action = {.sa_sigaction = take_tick,
                                   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(SIGVTALRM, &action, &previous);
    }
    pthread_mutex_unlock(&mutex);
}

static void unref_handler(void)
{
    pthread_mutex_lock(&mutex);
    if (--users == 0) {
        sigaction(SIGVTALRM, &previous, NULL);
    }
    pthread_mutex_unlock(&mutex);
}

static void start_timer(struct kithi_linux *self)
{
    uint64_t every_ns = self->held_every_ns;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
    event.sigev_value.sival_ptr = self;
    event._sigev_un._tid = gettid(); // glibc before 2.38 has no name for it
    struct timespec period = {(time_t)(every_ns / NS_PER_S), (long)(every_ns % NS_PER_S)};
    struct itimerspec setting = {period, period};
    ref_handler();
    self->held_set = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &self->held) == 0;
    if (!self->held_set || timer_settime(self->held, 0, &setting, NULL) != 0) {
        kithi_log_write(self, KITH_LOG_WARNING, "no_timer_for_held_cpu", NULL, 0);
    }
}

void kithi_watch(struct kithi_linux *self, struct kith_node *node)
{
    self->watched = node;
    kithi_overflow_watch(self);
    uint64_t hog_ns = kith_node_limits(node)->hog_ns;
    self->held_every_ns = hog_ns / LOOKS_PER_HOG;
    if (self->held_every_ns > 0) {
        start_timer(self);
    }
}

void kithi_unwatch(struct kithi_linux *self)
{
    if (self->watched == NULL) {
        return;
    }
    if (self->held_every_ns > 0) {
        if (self->held_set) {
            timer_delete(self->held);
        }
        unref_handler();
    }
    kithi_overflow_unwatch(self);
    self->watched = NULL;
}
