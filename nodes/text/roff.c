// SPDX-License-Identifier: Apache-2.0
#include <kith/roff.h>

#include <ctype.h>
#include <stdbool.h>

// A line that begins with '.' or '\'' would be a request, a bare '-' a hyphen that can't be copied.
static void write_escaped(FILE *out, const char *text, const char *paragraph_break)
{
    bool at_start = true;
    for (; *text != 0; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        at_start = false;
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\n') {
            fputs(paragraph_break, out);
            at_start = true;
        } else
            fputc(*text, out);
    }
    fputc('\n', out);
}

static void write_upper(FILE *out, const char *text)
{
    for (; *text != 0; text++)
        fputc(toupper((unsigned char)*text), out);
}

void kith_roff_begin(FILE *out, const char *page, int section, const char *version,
                     const char *summary)
{
    fputs(".TH ", out);
    write_upper(out, page);
    fprintf(out, " %d \"\" \"kith %s\" \"kith\"\n", section, version);
    kith_roff_section(out, "NAME");
    fprintf(out, "%s \\- ", page);
    write_escaped(out, summary, "\n");
}

void kith_roff_section(FILE *out, const char *title)
{
    fputs(".SH ", out);
    write_upper(out, title);
    fputc('\n', out);
}

void kith_roff_subsection(FILE *out, const char *title)
{
    fputs(".SS ", out);
    write_escaped(out, title, " ");
}

void kith_roff_paragraph(FILE *out, const char *text)
{
    fputs(".PP\n", out);
    write_escaped(out, text, "\n.PP\n");
}

void kith_roff_entry(FILE *out, const char *term, const char *text)
{
    fputs(".TP\n\\fB", out);
    for (; *term != 0; term++) {
        if (*term == '\\' || *term == '-')
            fputs(*term == '-' ? "\\-" : "\\e", out);
        else
            fputc(*term, out);
    }
    fputs("\\fR\n", out);
    write_escaped(out, text, "\n.br\n");
}

void kith_roff_verbatim(FILE *out, const char *text)
{
    fputs(".PP\n.RS 4\n.nf\n", out);
    write_escaped(out, text, "\n");
    fputs(".fi\n.RE\n", out);
}
