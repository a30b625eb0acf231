// SPDX-License-Identifier: Apache-2.0
// kith-sim: clusters of nodes in one OS process, on virtual time, from a seed.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kith/planted.h>

#include "check.h"
#include "runner.h"

static const char usage[] =
    "Usage: kith-sim [--seeds N] [--first S] [--minutes M] [--nodes N] [--jobs N] [--failures N]\n"
    "                [--twice] [--quiet] [--bug NAME]\n"
    "       kith-sim --seed S [--nodes N] [--twice] [--verbose] [--bug NAME]\n"
    "       kith-sim --bugs | --help\n"
    "\n"
    "Runs clusters in virtual time and checks kith's guarantees. The same seed gives the same "
    "run.\n"
    "\n"
    "  --seeds N      this many seeds (default 100)\n"
    "  --first S      from this one on (default 1); \"clock\": seeds that nobody has tried yet\n"
    "  --minutes M    as many seeds as fit into this time\n"
    "  --seed S       only this seed, here\n"
    "  --verbose      with --seed: a line for each event\n"
    "  --nodes N      clusters of N nodes, whatever the seed says\n"
    "  --jobs N       OS processes at once (default: one for each processor)\n"
    "  --failures N   stop after so many failures (default 3)\n"
    "  --twice        run each seed twice: both runs must be the same\n"
    "  --quiet        no progress\n"
    "  --bug NAME     with a planted bug (only in a build with KITH_PLANTED)\n"
    "  --bugs         list the planted bugs\n"
    "\n"
    "Ends with 0 if all guarantees held, 1 if one was broken, 2 for wrong usage.\n";

static void refuse(const char *what, const char *why)
{
    fprintf(stderr, "kith-sim: %s %s; kith-sim --help lists the options\n", what, why);
    exit(2);
}

static uint64_t read_number(const char *option, const char *text, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long number = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || *text < '0' || *text > '9' || *end != '\0' || errno != 0 ||
        number < least || number > most) {
        refuse(option, "needs a number in range");
    }
    return number;
}

// "clock": by the millisecond, so that the next soak doesn't begin with the seeds of this one.
static uint64_t read_first(const char *option, const char *text)
{
    if (text == NULL || strcmp(text, "clock") != 0) {
        return read_number(option, text, 0, UINT64_MAX / 2);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t first = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    printf("from seed %llu on\n", (unsigned long long)first);
    return first;
}

struct arguments {
    struct options options;
    uint64_t seed;
    bool one, verbose, list;
};

// One option; true if it took the following argument.
static bool read_option(struct arguments *arguments, const char *option, const char *value)
{
    struct options *options = &arguments->options;
    bool takes_value = true;
    if (strcmp(option, "--seeds") == 0) {
        options->count = read_number(option, value, 1, UINT32_MAX);
    } else if (strcmp(option, "--first") == 0) {
        options->first = read_first(option, value);
    } else if (strcmp(option, "--minutes") == 0) {
        options->minutes = (unsigned)read_number(option, value, 1, 100000);
    } else if (strcmp(option, "--seed") == 0) {
        arguments->seed = read_number(option, value, 0, UINT64_MAX - 1);
        arguments->one = true;
    } else if (strcmp(option, "--nodes") == 0) {
        options->hosts = (uint32_t)read_number(option, value, 1, HOSTS_MOST);
    } else if (strcmp(option, "--jobs") == 0) {
        options->jobs = (unsigned)read_number(option, value, 1, 64);
    } else if (strcmp(option, "--failures") == 0) {
        options->failures = (unsigned)read_number(option, value, 1, UINT32_MAX);
    } else if (strcmp(option, "--bug") == 0) {
        options->bug = value;
    } else {
        takes_value = false;
        if (strcmp(option, "--verbose") == 0) {
            arguments->verbose = true;
        } else if (strcmp(option, "--twice") == 0) {
            options->twice = true;
        } else if (strcmp(option, "--quiet") == 0) {
            options->quiet = true;
        } else if (strcmp(option, "--bugs") == 0) {
            arguments->list = true;
        } else {
            refuse(option, "is not an option");
        }
    }
    return takes_value;
}

static void list_bugs(void)
{
    const char *name;
    for (unsigned place = 0; (name = kith_planted_name(place)) != NULL; place++) {
        puts(name);
    }
}

int main(int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct arguments arguments = {
        .options = {.program = argv[0],
                    .first = 1,
                    .count = 100,
                    .failures = 3,
                    .jobs = processors > 0 && processors < 64 ? (unsigned)processors : 1}};
    for (int place = 1; place < argc; place++) {
        if (strcmp(argv[place], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (read_option(&arguments, argv[place], place + 1 < argc ? argv[place + 1] : NULL)) {
            place++;
        }
    }
    if (arguments.list) {
        list_bugs();
        return 0;
    }
    if (arguments.options.bug != NULL && !kith_planted_select(arguments.options.bug)) {
        refuse(arguments.options.bug, "is not a bug planted in this build");
    }
    return arguments.one ? run_seed(&arguments.options, arguments.seed, arguments.verbose)
                         : run_seeds(&arguments.options);
}
