// SPDX-License-Identifier: Apache-2.0
// Each OS process takes one seed after the other; what they have in common lies in shared memory.
// One that crashes or hangs is reported with the seed it was at, and replaced.
#include "runner.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum {
    JOBS_MOST = 64,
    SEED_LIMIT_S = 120, // of real time
    PROGRESS_S = 10,
    LOOK_MS = 50,
};

struct totals {
    atomic_ullong seeds, hosts, letters, actors, events, steps, virtual_ms;
};

struct shared {
    atomic_ullong next; // seed
    atomic_uint failures;
    atomic_uint failed_checks; // bits
    atomic_bool stop;
    atomic_ullong current[JOBS_MOST];
    struct totals totals;
};

struct job {
    pid_t pid;
    unsigned place;
};

static void print_replay(const struct options *options, uint64_t seed)
{
    printf("again: %s --seed %llu", options->program, (unsigned long long)seed);
    if (options->hosts != 0) {
        printf(" --nodes %u", options->hosts);
    }
    if (options->twice) {
        printf(" --twice");
    }
    if (options->bug != NULL) {
        printf(" --bug %s", options->bug);
    }
    printf("    (--verbose shows every event)\n");
}

static void report_failure(const struct options *options, const struct world *world)
{
    printf("seed %llu: %s is broken: %s\n", (unsigned long long)world->scenario.seed,
           world->failed_check, world->failed_guarantee);
    printf("at %llu.%06llu s: %s\n", (unsigned long long)(world->now_ns / SECOND_NS),
           (unsigned long long)(world->now_ns % SECOND_NS / 1000), world->failure);
    print_replay(options, world->scenario.seed);
    fflush(stdout);
}

static void add_totals(struct totals *totals, const struct world *world)
{
    totals->seeds++;
    totals->hosts += world->scenario.hosts;
    totals->letters += world->letter_count;
    totals->actors += world->actor_count;
    totals->events += world->events;
    totals->steps += world->steps;
    totals->virtual_ms += world->now_ns / MS_NS;
}

// One run; what is left of it is in `world`, which has been closed.
static void run_once(struct world *world, const struct options *options, uint64_t seed, FILE *trace)
{
    struct scenario scenario;
    draw_scenario(seed, options->hosts, &scenario);
    open_world(world, &scenario, trace);
    run_world(world);
    close_world(world);
}

static bool hold_seed(struct world *world, const struct options *options, uint64_t seed,
                      FILE *trace, struct totals *totals)
{
    run_once(world, options, seed, trace);
    if (totals != NULL) {
        add_totals(totals, world);
    }
    uint64_t digest = world->digest;
    if (!world->failed && options->twice) {
        run_once(world, options, seed, NULL);
        if (world->digest != digest) {
            fail(world, &check_same, "two runs of the same seed differ");
        }
    }
    return !world->failed;
}

int run_seed(const struct options *options, uint64_t seed, bool verbose)
{
    struct world *world = allocate(sizeof *world);
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool holds = hold_seed(world, options, seed, verbose ? stdout : NULL, NULL);
    if (holds) {
        printf("seed %llu holds: %u hosts, %zu processes, %zu messages, %llu events in %llu ms of "
               "virtual time\n",
               (unsigned long long)seed, world->scenario.hosts, world->actor_count,
               world->letter_count, (unsigned long long)world->events,
               (unsigned long long)(world->now_ns / MS_NS));
    } else {
        report_failure(options, world);
    }
    free(world);
    return holds ? 0 : 1;
}

static void work(const struct options *options, struct shared *shared, unsigned place)
{
    struct world *world = allocate(sizeof *world);
    while (!shared->stop) {
        uint64_t seed = shared->next++;
        if (options->minutes == 0 && seed >= options->first + options->count) {
            break;
        }
        shared->current[place] = seed;
        alarm(SEED_LIMIT_S);
        if (!hold_seed(world, options, seed, NULL, &shared->totals)) {
            report_failure(options, world);
            shared->failed_checks |= 1u << find_check(world->failed_check);
            if (++shared->failures >= options->failures) {
                shared->stop = true;
            }
        }
    }
    alarm(0);
    free(world);
    exit(0); // and not _exit: the lines that were run are counted when a program ends
}

static pid_t start_job(const struct options *options, struct shared *shared, unsigned place)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("kith-sim: fork");
        exit(2);
    }
    if (pid == 0) {
        work(options, shared, place);
    }
    return pid;
}

static void report_death(const struct options *options, struct shared *shared, unsigned place,
                         int status)
{
    uint64_t seed = shared->current[place];
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        printf("seed %llu: takes longer than %d s\n", (unsigned long long)seed, SEED_LIMIT_S);
    } else {
        printf("seed %llu: the program ended with %s %d\n", (unsigned long long)seed,
               WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    print_replay(options, seed);
    shared->failed_checks |= 1u << CRASH_BIT;
    if (++shared->failures >= options->failures) {
        shared->stop = true;
    }
}

static void say_progress(const struct shared *shared, time_t start)
{
    fprintf(stderr, "%4ld s  %llu seeds, %u failed\n", (long)(time(NULL) - start),
            (unsigned long long)shared->totals.seeds, shared->failures);
}

// Waits for all jobs, and starts another one for each that died.
static void watch_jobs(const struct options *options, struct shared *shared, struct job *jobs)
{
    time_t start = time(NULL), told = start;
    unsigned running = options->jobs;
    while (running > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == 0) {
            poll(NULL, 0, LOOK_MS);
        }
        time_t now = time(NULL);
        if (options->minutes != 0 && now - start >= 60 * (time_t)options->minutes) {
            shared->stop = true;
        }
        if (!options->quiet && now - told >= PROGRESS_S) {
            told = now;
            say_progress(shared, start);
        }
        for (unsigned place = 0; pid > 0 && place < options->jobs; place++) {
            if (jobs[place].pid != pid) {
                continue;
            }
            bool died = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
            if (died) {
                report_death(options, shared, place, status);
            }
            if (died && !shared->stop) {
                jobs[place].pid = start_job(options, shared, place);
            } else {
                running--;
            }
        }
    }
}

static void print_results(const struct shared *shared)
{
    const struct totals *totals = &shared->totals;
    unsigned long long seeds = totals->seeds;
    for (unsigned place = 0; place < check_count; place++) {
        bool failed = (shared->failed_checks & 1u << place) != 0;
        printf("%s %s: %s (%llu seeds)\n", failed ? "FAIL" : "PASS", checks[place]->name,
               checks[place]->guarantee, seeds);
    }
    printf("%s crash: no seed crashes or hangs (%llu seeds)\n",
           (shared->failed_checks & 1u << CRASH_BIT) != 0 ? "FAIL" : "PASS", seeds);
    printf("%llu seeds, %u failed; %llu nodes, %llu processes, %llu messages, %llu events, %llu s "
           "of virtual time\n",
           seeds, shared->failures, (unsigned long long)totals->hosts,
           (unsigned long long)totals->actors, (unsigned long long)totals->letters,
           (unsigned long long)totals->events, (unsigned long long)totals->virtual_ms / 1000);
}

int run_seeds(const struct options *options)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct job jobs[JOBS_MOST];
    if (shared == MAP_FAILED || options->jobs > JOBS_MOST) {
        fputs("kith-sim: too many jobs\n", stderr);
        return 2;
    }
    shared->next = options->first;
    for (unsigned place = 0; place < options->jobs; place++) {
        jobs[place] = (struct job){start_job(options, shared, place), place};
    }
    watch_jobs(options, shared, jobs);
    print_results(shared);
    int result = shared->failures == 0 ? 0 : 1;
    munmap(shared, sizeof *shared);
    return result;
}
