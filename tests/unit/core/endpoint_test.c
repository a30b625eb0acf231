// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <kith/endpoint.h>

static void check_round(const char *text, const char *expected)
{
    struct kith_endpoint endpoint;
    char out[KITH_ENDPOINT_TEXT_SIZE];
    assert_int_equal(kith_endpoint_parse(text, 7400, &endpoint), KITH_OK);
    assert_string_equal(kith_endpoint_format(&endpoint, out), expected);
}

static void an_endpoint_is_written_as_it_was_read(void **state)
{
    (void)state;
    check_round("10.0.0.7:7401", "10.0.0.7:7401");
    check_round("10.0.0.7", "10.0.0.7:7400");
    check_round("255.255.255.255:65535", "255.255.255.255:65535");
    check_round("[::1]:1", "[::1]:1");
    check_round("::1", "[::1]:7400");
    check_round("::", "[::]:7400");
    check_round("[2001:DB8::ff00:0042:8329]:7400", "[2001:db8::ff00:42:8329]:7400");
    check_round("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]:7400");
    check_round("::ffff:10.0.0.7", "10.0.0.7:7400");
    check_round("64:ff9b::192.0.2.33", "[64:ff9b::c000:221]:7400");
    check_round("1::", "[1::]:7400");
    check_round("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:7400");
}

static void ipv6_is_written_in_its_canonical_form(void **state)
{
    (void)state; // RFC 5952 section 4.2: the longest run, the first of equals, never a single group
    check_round("2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:7400");
    check_round("2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]:7400");
    check_round("2001:db8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:7400");
    check_round("0:0:1:0:0:0:0:0", "[0:0:1::]:7400");
}

static void malformed_endpoints_are_refused_and_change_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        ":",
                                        ":7400",
                                        "10.0.0",
                                        "10.0.0.256",
                                        "10.0.0.7.8",
                                        "10.0.0.7:",
                                        "10.0.0.7:65536",
                                        "10.0.0.7:x",
                                        "10.0.0.7:1 ",
                                        " 10.0.0.7",
                                        "010.0.0.7",
                                        "1.2.3.4/5",
                                        "[::1",
                                        "::1]",
                                        "[::1]x",
                                        "[::1]:",
                                        ":::",
                                        ":::0",
                                        "1:::80",
                                        "1::2::3",
                                        "12345::",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1:2:3:4:5:6:7:",
                                        "::1:",
                                        "1:2:3:4:5:6:7::8:9",
                                        "g::",
                                        "::10.0.0",
                                        "host:7400",
                                        "-1.0.0.0",
                                        "1.2.3.4:123456",
                                        "[1.2.3.4]:80",
                                        "1:2:3:4:5:6:7:1.2.3.4"};
    for (size_t row = 0; row < sizeof texts / sizeof texts[0]; row++) {
        struct kith_endpoint endpoint = {.port = 99};
        if (kith_endpoint_parse(texts[row], 7400, &endpoint) != KITH_ERROR_INVALID) {
            fail_msg("'%s' was accepted", texts[row]);
        }
        assert_int_equal(endpoint.port, 99);
    }
}

static void the_unspecified_address_is_known_in_both_families(void **state)
{
    (void)state;
    struct kith_endpoint endpoint;
    assert_int_equal(kith_endpoint_parse("0.0.0.0:1", 0, &endpoint), KITH_OK);
    assert_true(kith_endpoint_is_any(&endpoint) && kith_endpoint_is_v4(&endpoint));
    assert_int_equal(kith_endpoint_parse("[::]:1", 0, &endpoint), KITH_OK);
    assert_true(kith_endpoint_is_any(&endpoint) && !kith_endpoint_is_v4(&endpoint));
    assert_int_equal(kith_endpoint_parse("[::1]:1", 0, &endpoint), KITH_OK);
    assert_false(kith_endpoint_is_any(&endpoint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_written_as_it_was_read),
        cmocka_unit_test(ipv6_is_written_in_its_canonical_form),
        cmocka_unit_test(malformed_endpoints_are_refused_and_change_nothing),
        cmocka_unit_test(the_unspecified_address_is_known_in_both_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
