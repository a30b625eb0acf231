// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kith/naming.h>

// What an address should be parsed into. `host` NULL: none.
struct expected {
    const char *text;
    const char *host;
    uint16_t port;
    const char *name;
    uint32_t index;
    const char *endpoint; // NULL: not numeric
};

static bool is_text(const char *text, size_t size, const char *expected)
{
    return expected == NULL ? text == NULL
                            : strlen(expected) == size && memcmp(text, expected, size) == 0;
}

static void expect(const struct expected *expected)
{
    struct kith_address address;
    if (kith_address_parse(expected->text, &address) != KITH_OK) {
        fail_msg("%s: %s", expected->text, kith_address_problem(expected->text));
    }
    assert_true(is_text(address.host, address.host_size, expected->host));
    assert_int_equal(address.port, expected->port);
    assert_true(is_text(address.name, address.name_size, expected->name));
    assert_int_equal(address.index, expected->index);
    assert_int_equal(address.numeric, expected->endpoint != NULL);
    if (expected->endpoint != NULL) {
        char text[KITH_ENDPOINT_TEXT_SIZE];
        assert_string_equal(kith_endpoint_format(&address.endpoint, text), expected->endpoint);
    }
    assert_null(kith_address_problem(expected->text));
}

static void an_address_has_a_name_and_perhaps_host_port_and_index(void **state)
{
    (void)state;
    const uint32_t any = KITH_INDEX_ANY;
    const struct expected all[] = {
        {"sensor", NULL, 0, "sensor", any, NULL},
        {"sensor/0", NULL, 0, "sensor", 0, NULL},
        {"sensor/4294967294", NULL, 0, "sensor", 4294967294u, NULL},
        {"garage/sensor", "garage", 0, "sensor", any, NULL},
        {"garage/sensor/7", "garage", 0, "sensor", 7, NULL},
        {"kith.lan:7401/sensor", "kith.lan", 7401, "sensor", any, NULL},
        {"10.0.0.7/sensor", "10.0.0.7", 0, "sensor", any, "10.0.0.7:7400"},
        {"10.0.0.7:1/sensor/1", "10.0.0.7", 1, "sensor", 1, "10.0.0.7:1"},
        {"255.255.255.255:65535/s", "255.255.255.255", 65535, "s", any, "255.255.255.255:65535"},
        {"[::1]/sensor", "::1", 0, "sensor", any, "[::1]:7400"},
        {"[fd00::7]:7401/sensor/1", "fd00::7", 7401, "sensor", 1, "[fd00::7]:7401"},
        {"[::ffff:10.0.0.7]:5/x", "::ffff:10.0.0.7", 5, "x", any, "10.0.0.7:5"},
        {"m\xc3\xa4nner/\xe6\xb8\xa9\xe5\xba\xa6", "m\xc3\xa4nner", 0, "\xe6\xb8\xa9\xe5\xba\xa6",
         any, NULL},
        {"\xf0\x9f\xa6\x86", NULL, 0, "\xf0\x9f\xa6\x86", any, NULL},
        {"a.b_c-d@e+f=g,h;i!j$k%l&m'n(o)p~q#r\\s", NULL, 0,
         "a.b_c-d@e+f=g,h;i!j$k%l&m'n(o)p~q#r\\s", any, NULL},
        {"10.0.0.7", NULL, 0, "10.0.0.7", any, NULL}, // a name that looks like a host
        {"10.0.0.7/1", NULL, 0, "10.0.0.7", 1, NULL}, // likewise, with an index
        {"1.2.3/x", "1.2.3", 0, "x", any, NULL},      // a node may be called so
        {"x1", NULL, 0, "x1", any, NULL},
        {"1x/2", NULL, 0, "1x", 2, NULL},
        {"7/x", "7", 0, "x", any, NULL},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expect(&all[i]);
    }
}

static const struct {
    const char *text;
    const char *problem; // a part of it
} malformed[] = {
    {"", "missing"},
    {"/", "missing"},
    {"/x", "missing"},
    {"x/", "missing"},
    {"a//b", "missing"},
    {"a/b/", "index"},
    {"a/b/c", "index"},
    {"a/b/1/", "host[:port]/]name"},
    {"a/1/2", "digits"},
    {"1/2/3", "digits"},
    {"7", "digits"},
    {"7/8", "digits"},
    {"host:7400", "'/'"},
    {"host:/x", "port"},
    {"host:0/x", "port"},
    {"host:65536/x", "port"},
    {"host:99999999999999999999/x", "port"},
    {"host:74a/x", "port"},
    {"host:-1/x", "port"},
    {":7400/x", "host is missing"},
    {"host:7400/", "missing"},
    {"host:7400/1", "digits"},
    {"1.2.3.256/x", "IPv4"},
    {"1.2.3.4444444444444444444444444444444444444444444444444444444444/x", "IPv4"},
    {"1..2.3/x", "IPv4"},
    {"::1/x", "host is missing"},
    {"fe80::1/x", "port"},
    {"[::1/x", "']'"},
    {"[::1]x", "'/'"},
    {"[::1]", "'/'"},
    {"[]/x", "IPv6"},
    {"[10.0.0.7]/x", "IPv6"},
    {"[::g]/x", "IPv6"},
    {"[10.0.0.7:80]/x", "IPv6"},
    {"[:::80]/x", "IPv6"},
    {"[[::1]]/x", "'/'"},
    {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]/x", "']'"},
    {"a b", "white space"},
    {" a", "white space"},
    {"a\t", "white space"},
    {"a\n", "white space"},
    {"a*", "'*'"},
    {"a?/1", "'*'"},
    {"a/01", "index"},
    {"a/00", "index"},
    {"a/4294967295", "index"},
    {"a/4294967296", "index"},
    {"a/99999999999", "index"},
    {"a/b:1", "'*'"},
    {"a\x7f", "control"},
    {"a\xc2\xa0", "invisible"},     // no-break space
    {"a\xe2\x80\x8b", "invisible"}, // zero width space
    {"\xe2\x80\xae"
     "a",
     "invisible"}, // right-to-left override
    {"\xef\xbb\xbf"
     "a",
     "invisible"},                  // byte order mark
    {"a\xef\xbf\xbf", "invisible"}, // U+FFFF
    {"a\xc2\x85", "invisible"},     // next line
    {"\xc3", "UTF-8"},
    {"a\x80", "UTF-8"},
    {"\xc0\xaf", "UTF-8"}, // '/' in two bytes
    {"\xe0\x80\xaf", "UTF-8"},
    {"\xf0\x80\x80\xaf", "UTF-8"},
    {"\xed\xa0\x80", "UTF-8"},     // a surrogate
    {"\xf4\x90\x80\x80", "UTF-8"}, // past U+10FFFF
    {"\xf8\x88\x80\x80\x80", "UTF-8"},
    {"\xff", "UTF-8"},
    {"h\xc3/x", "UTF-8"},
};

static void a_malformed_address_is_refused_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct kith_address address;
        const char *problem = kith_address_problem(malformed[i].text);
        if (problem == NULL || strstr(problem, malformed[i].problem) == NULL) {
            fail_msg("%s: %s", malformed[i].text, problem == NULL ? "accepted" : problem);
        }
        assert_int_equal(kith_address_parse(malformed[i].text, &address), KITH_ERROR_INVALID);
    }
}

static void names_and_hosts_have_a_longest_size(void **state)
{
    (void)state;
    char text[400];
    struct kith_address address;
    memset(text, 'n', sizeof text);
    text[63] = '\0';
    assert_int_equal(kith_address_parse(text, &address), KITH_OK);
    assert_true(kith_name_valid(text));
    text[63] = 'n';
    text[64] = '\0';
    assert_int_equal(kith_address_parse(text, &address), KITH_ERROR_INVALID);
    assert_non_null(strstr(kith_name_problem(text), "63"));
    text[64] = 'n';
    strcpy(text + 253, "/x");
    assert_int_equal(kith_address_parse(text, &address), KITH_OK);
    assert_int_equal(address.host_size, 253);
    text[253] = 'n';
    strcpy(text + 254, "/x");
    assert_int_equal(kith_address_parse(text, &address), KITH_ERROR_INVALID);
    assert_non_null(strstr(kith_address_problem(text), "253"));
}

static void a_name_is_printable_and_not_a_number(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "naming", "1a", "a1", "-", "\xc3\xa4", "a[0]", "]"};
    static const char *const bad[] = {"",    "1",   "007",  "a/b", "a:b", "*",     "a?",
                                      "a b", "a\t", "\x01", "[a",  "/",   "\xc3(", "a\xe2\x80\xa8"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(kith_name_valid(good[i]));
        assert_null(kith_name_problem(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(kith_name_valid(bad[i]));
        assert_non_null(kith_name_problem(bad[i]));
    }
}

static void a_formatted_address_is_parsed_into_the_same(void **state)
{
    (void)state;
    static const char *const endpoints[] = {NULL, "10.0.0.7:7401", "[fd00::7]:7402"};
    static const uint32_t indexes[] = {0, 9, 10, 4294967294u, KITH_INDEX_ANY};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 5; j++) {
            struct kith_endpoint endpoint;
            char text[KITH_ADDRESS_SIZE];
            struct kith_address address;
            if (endpoints[i] != NULL) {
                assert_int_equal(kith_endpoint_parse(endpoints[i], 0, &endpoint), KITH_OK);
            }
            kith_address_format(endpoints[i] == NULL ? NULL : &endpoint, "sensor", indexes[j],
                                text);
            assert_int_equal(kith_address_parse(text, &address), KITH_OK);
            assert_int_equal(address.index, indexes[j]);
            assert_true(is_text(address.name, address.name_size, "sensor"));
            assert_int_equal(address.numeric, endpoints[i] != NULL);
            assert_true(endpoints[i] == NULL || kith_endpoint_equal(&address.endpoint, &endpoint));
        }
    }
}

// Every text of up to four of these characters ends in a value or an error, reads nothing behind
// its end (the copy is as long as the text), and agrees with itself.
static void any_short_text_is_parsed_or_refused(void **state)
{
    (void)state;
    static const char characters[] = "a1/:[]*. \xc3\xa4";
    const size_t count = sizeof characters - 1;
    for (size_t number = 0; number < count * count * count * count * count; number++) {
        size_t rest = number;
        size_t size = 0;
        char text[6];
        for (; rest > 0; rest /= count) {
            text[size++] = characters[rest % count];
        }
        char *copy = malloc(size + 1);
        memcpy(copy, text, size);
        copy[size] = '\0';
        struct kith_address address;
        bool parsed = kith_address_parse(copy, &address) == KITH_OK;
        assert_int_equal(parsed, kith_address_problem(copy) == NULL);
        if (parsed) {
            assert_in_range(address.name_size, 1, size);
            assert_true(address.name >= copy && address.name + address.name_size <= copy + size);
            assert_true(address.host == NULL || address.host_size > 0);
        }
        (void)kith_name_problem(copy);
        (void)kith_pattern_problem(copy);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_a_name_and_perhaps_host_port_and_index),
        cmocka_unit_test(a_malformed_address_is_refused_and_explained),
        cmocka_unit_test(names_and_hosts_have_a_longest_size),
        cmocka_unit_test(a_name_is_printable_and_not_a_number),
        cmocka_unit_test(a_formatted_address_is_parsed_into_the_same),
        cmocka_unit_test(any_short_text_is_parsed_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
