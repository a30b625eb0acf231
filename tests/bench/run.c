// SPDX-License-Identifier: Apache-2.0
// Each measurement has an OS process of its own, so that none finds the memory, the caches of the
// allocator or the sockets that another has left, and none can hang or take down the rest.
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

uint64_t bench_now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t bench_count(const struct bench_options *options, uint64_t count)
{
    enum { QUICK = 200 };
    return options->quick ? count / QUICK + 1 : count;
}

uint64_t bench_resident_bytes(void)
{
    unsigned long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "%lu %lu", &total, &resident) != 2) {
        resident = 0;
    }
    fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void bench_complain(const char *what)
{
    if (errno != 0) {
        perror(what);
    } else {
        fprintf(stderr, "%s\n", what);
    }
}

void bench_stay_on(unsigned core)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    (void)sched_setaffinity(0, sizeof cores, &cores); // with one core only, it stays on that
}

// One core may be half as fast as another, which shares it with somebody: so kith and the bare
// program get the same one, unless the measurement says otherwise.
static void measure_in_child(bench_measure *measure, const struct bench_options *options, int out)
{
    double figure = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_stay_on(1);
    errno = 0;
    bool measured = measure(options, &figure);
    if (measured && write(out, &figure, sizeof figure) != (ssize_t)sizeof figure) {
        measured = false;
    }
    fflush(NULL);
    _exit(measured ? EXIT_SUCCESS : EXIT_FAILURE);
}

// False after the deadline, or when the child ended without a figure.
static bool wait_for_figure(int in, double *figure)
{
    struct pollfd event = {.fd = in, .events = POLLIN};
    if (poll(&event, 1, BENCH_DEADLINE_MS) <= 0) {
        fprintf(stderr, "no figure after %d ms\n", BENCH_DEADLINE_MS);
        return false;
    }
    return read(in, figure, sizeof *figure) == (ssize_t)sizeof *figure;
}

bool bench_isolate(bench_measure *measure, const struct bench_options *options, double *figure)
{
    int ends[2];
    if (pipe(ends) != 0) {
        bench_complain("pipe");
        return false;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        measure_in_child(measure, options, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        bench_complain("fork");
        close(ends[0]);
        return false;
    }
    bool measured = wait_for_figure(ends[0], figure);
    close(ends[0]);
    if (!measured) {
        kill(child, SIGKILL);
    }
    int status;
    return waitpid(child, &status, 0) == child && measured && status == 0;
}
