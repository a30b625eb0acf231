// SPDX-License-Identifier: Apache-2.0
// kith-bench: what kith costs, beside what the bare machine costs in the same run.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const char usage[] =
    "usage: kith-bench [--runs N] [--only NAME] [--tsv] [--quick] [--list]\n"
    "  --runs N     measure each row N times, kith and bare in turn (5)\n"
    "  --only NAME  only rows with NAME in their name\n"
    "  --tsv        tab-separated values\n"
    "  --quick      tiny counts: only shows that each row works\n"
    "  --list       names of the rows\n";

static bool is_chosen(const struct bench_options *options, const struct bench_row *row)
{
    return options->only == NULL || strstr(row->name, options->only) != NULL;
}

// Bare and kith take turns, so that what else the machine does hits both alike.
static bool measure_row(const struct bench_options *options, const struct bench_row *row)
{
    double kith[BENCH_RUNS_MOST], bare[BENCH_RUNS_MOST] = {0};
    for (uint32_t run = 0; run < options->runs; run++) {
        if ((row->bare != NULL && !bench_isolate(row->bare, options, &bare[run])) ||
            !bench_isolate(row->kith, options, &kith[run])) {
            fprintf(stderr, "kith-bench: failed: %s\n", row->name);
            return false;
        }
    }
    struct bench_result result = {row, bench_range(kith, options->runs),
                                  bench_range(bare, options->runs)};
    return bench_table_row(options, &result);
}

static void list_rows(void)
{
    for (size_t place = 0; place < bench_row_count; place++) {
        printf("%s\n", bench_rows[place].name);
    }
}

// Whether all options made sense.
static bool read_options(int argc, char **argv, struct bench_options *options)
{
    for (int place = 1; place < argc; place++) {
        const char *option = argv[place];
        if (strcmp(option, "--tsv") == 0) {
            options->tsv = true;
        } else if (strcmp(option, "--quick") == 0) {
            options->quick = true;
        } else if (strcmp(option, "--list") == 0) {
            options->list = true;
        } else if (strcmp(option, "--only") == 0 && place + 1 < argc) {
            options->only = argv[++place];
        } else if (strcmp(option, "--runs") == 0 && place + 1 < argc) {
            char *end;
            unsigned long runs = strtoul(argv[++place], &end, 10);
            if (*end != '\0' || runs == 0 || runs > BENCH_RUNS_MOST) {
                return false;
            }
            options->runs = (uint32_t)runs;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    enum { USAGE = 2 };
    struct bench_options options = {.runs = 5};
    if (!read_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return USAGE;
    }
    if (options.list) {
        list_rows();
        return EXIT_SUCCESS;
    }
    bool good = true, any = false;
    bench_table_begin(&options);
    for (size_t place = 0; place < bench_row_count; place++) {
        if (is_chosen(&options, &bench_rows[place])) {
            any = true;
            good = measure_row(&options, &bench_rows[place]) && good;
        }
    }
    if (!any) {
        fprintf(stderr, "kith-bench: no row has '%s' in its name: see --list\n", options.only);
        return USAGE;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
