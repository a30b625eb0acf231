// SPDX-License-Identifier: Apache-2.0
// The table, for people or as tab-separated values.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static int compare_figures(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

struct bench_range bench_range(double *figures, uint32_t count)
{
    qsort(figures, count, sizeof figures[0], compare_figures);
    double low = figures[(count - 1) / 2], high = figures[count / 2];
    return (struct bench_range){(low + high) / 2, figures[0], figures[count - 1]};
}

void bench_table_begin(const struct bench_options *options)
{
    if (options->tsv) {
        printf("name\tunit\tkith\tkith_least\tkith_most\tbare_name\tbare\tbare_least\tbare_most\t"
               "ratio\twanted\treached\n");
        return;
    }
    printf("medians of %u runs (least .. most)\n\n", (unsigned)options->runs);
    printf("%-42s %-7s %-27s %-30s %-27s %6s %8s\n", "", "unit", "kith", "bare", "", "ratio",
           "wanted");
}

static bool is_positive(struct bench_range range)
{
    return isfinite(range.most) && range.least > 0;
}

static bool is_reached(const struct bench_row *row, double ratio)
{
    return row->sense == BENCH_AT_MOST ? ratio <= row->wanted : ratio >= row->wanted;
}

static void format_wanted(const struct bench_row *row, char text[16])
{
    if (row->wanted > 0) {
        snprintf(text, 16, "%s%.4g", row->sense == BENCH_AT_MOST ? "<=" : ">=", row->wanted);
    } else {
        snprintf(text, 16, "-");
    }
}

// Three or more significant digits, without an exponent.
static void format_figure(double figure, char text[32])
{
    snprintf(text, 32, "%.*f", figure < 10 ? 2 : figure < 100 ? 1 : 0, figure);
}

static void format_range(struct bench_range range, char text[112])
{
    char median[32], least[32], most[32];
    format_figure(range.median, median);
    format_figure(range.least, least);
    format_figure(range.most, most);
    snprintf(text, 112, "%s (%s .. %s)", median, least, most);
}

static void print_values(const struct bench_result *result, double ratio, const char *wanted)
{
    const struct bench_row *row = result->row;
    const struct bench_range *kith = &result->kith, *bare = &result->bare;
    printf("%s\t%s\t%g\t%g\t%g\t", row->name, row->unit, kith->median, kith->least, kith->most);
    if (row->bare_name != NULL) {
        printf("%s\t%g\t%g\t%g\t%.3f\t", row->bare_name, bare->median, bare->least, bare->most,
               ratio);
    } else {
        printf("-\t-\t-\t-\t-\t");
    }
    printf("%s\t%s\n", wanted, row->wanted <= 0 ? "-" : is_reached(row, ratio) ? "yes" : "no");
}

static void print_line(const struct bench_result *result, double ratio, const char *wanted)
{
    const struct bench_row *row = result->row;
    char kith[112], bare[112] = "", ratio_text[32] = "-";
    format_range(result->kith, kith);
    if (row->bare_name != NULL) {
        format_range(result->bare, bare);
        snprintf(ratio_text, sizeof ratio_text, "%.2f", ratio);
    }
    printf("%-42s %-7s %-27s %-30s %-27s %6s %8s%s\n", row->name, row->unit, kith,
           row->bare_name == NULL ? "" : row->bare_name, bare, ratio_text, wanted,
           row->wanted > 0 && !is_reached(row, ratio) ? "  missed" : "");
}

bool bench_table_row(const struct bench_options *options, const struct bench_result *result)
{
    const struct bench_row *row = result->row;
    char wanted[16];
    format_wanted(row, wanted);
    double ratio = result->kith.median;
    if (row->bare_name != NULL) {
        ratio /= result->bare.median;
    }
    if (options->tsv) {
        print_values(result, ratio, wanted);
    } else {
        print_line(result, ratio, wanted);
    }
    fflush(stdout);
    return is_positive(result->kith) && (row->bare_name == NULL || is_positive(result->bare));
}
