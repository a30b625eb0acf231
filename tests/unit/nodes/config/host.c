// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include <stdbool.h>
#include <string.h>

static bool is_host(const char *text)
{
    struct kithi_host host;
    return kithi_host_parse(text, &host) == KITH_OK;
}

static void addresses_and_names_are_told_apart(void **state)
{
    (void)state;
    struct kithi_host host;
    assert_int_equal(kithi_host_parse("10.0.0.7:99", &host), KITH_OK);
    assert_true(host.numeric);
    assert_int_equal(host.port, 99);
    assert_int_equal(kithi_host_parse("[fd00::7]", &host), KITH_OK);
    assert_true(host.numeric);
    assert_int_equal(host.port, 7400);
    assert_int_equal(kithi_host_parse("node-b.lan:7401", &host), KITH_OK);
    assert_false(host.numeric);
    assert_string_equal(host.text, "node-b.lan");
    assert_int_equal(host.port, 7401);
    assert_int_equal(kithi_host_parse("localhost", &host), KITH_OK);
    assert_int_equal(host.port, 7400);
}

static void malformed_hosts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",    ":7400", "host:",  "host:0",    "host:65536", "host:x", "a..b",   ".a",    "-a",
        "a b", "a/b",   "10.0.0", "256.1.1.1", "10.0.0.7:0", "[::1",   "[::1]:", "a:1:2", "*",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(is_host(texts[i]));
    char label[80] = "", name[300] = "";
    memset(label, 'a', 64);
    assert_false(is_host(label));
    memset(name, 'a', 260);
    for (size_t i = 50; i < 260; i += 50)
        name[i] = '.';
    assert_false(is_host(name));
}

static void lists_are_split_at_commas_and_blanks(void **state)
{
    (void)state;
    const char *list = " a, b:1\tc ,,d\n";
    char item[KITHI_HOST_ITEM_SIZE];
    static const char *const expected[] = {"a", "b:1", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(kithi_host_next(&list, item));
        assert_string_equal(item, expected[i]);
    }
    assert_false(kithi_host_next(&list, item));
}

static void an_overlong_item_is_cut_and_is_no_host(void **state)
{
    (void)state;
    char text[1000], item[KITHI_HOST_ITEM_SIZE];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    const char *list = text;
    assert_true(kithi_host_next(&list, item));
    assert_int_equal(strlen(item), sizeof(item) - 1);
    assert_false(is_host(item));
    assert_false(kithi_host_next(&list, item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_names_are_told_apart),
        cmocka_unit_test(malformed_hosts_are_refused),
        cmocka_unit_test(lists_are_split_at_commas_and_blanks),
        cmocka_unit_test(an_overlong_item_is_cut_and_is_no_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
