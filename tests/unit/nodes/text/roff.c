// SPDX-License-Identifier: Apache-2.0
#include <kith/roff.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void text_can_not_become_a_request(void **state)
{
    (void)state;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    kith_roff_begin(out, "kith-node", 1, "1.2", "nodes: ls, info");
    kith_roff_section(out, "See also");
    kith_roff_paragraph(out, ".SH is not a section\n'nor this, a\\b");
    kith_roff_entry(out, "--node", "the node");
    kith_roff_verbatim(out, "kith node ls\n.dot");
    fclose(out);
    assert_string_equal(text, ".TH KITH-NODE 1 \"\" \"kith 1.2\" \"kith\"\n"
                              ".SH NAME\n"
                              "kith-node \\- nodes: ls, info\n"
                              ".SH SEE ALSO\n"
                              ".PP\n\\&.SH is not a section\n.PP\n\\&'nor this, a\\eb\n"
                              ".TP\n\\fB\\-\\-node\\fR\nthe node\n"
                              ".PP\n.RS 4\n.nf\nkith node ls\n\\&.dot\n.fi\n.RE\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_can_not_become_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
