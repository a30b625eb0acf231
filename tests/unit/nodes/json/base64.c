// SPDX-License-Identifier: Apache-2.0

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base64.h"

#include <string.h>

static void expect_pair(const char *bytes, const char *text)
{
    char encoded[32];
    uint8_t decoded[32];
    size_t size;
    kithi_base64_encode((const uint8_t *)bytes, strlen(bytes), encoded);
    assert_int_equal(KITHI_BASE64_LEN(strlen(bytes)), strlen(text));
    assert_memory_equal(encoded, text, strlen(text));
    assert_true(kithi_base64_decode(text, strlen(text), decoded, &size));
    assert_int_equal(size, strlen(bytes));
    assert_memory_equal(decoded, bytes, size);
    assert_true(KITHI_BASE64_SIZE(strlen(text)) >= size);
}

static void the_examples_of_the_rfc_come_out(void **state)
{
    (void)state;
    expect_pair("", "");
    expect_pair("f", "Zg==");
    expect_pair("fo", "Zm8=");
    expect_pair("foo", "Zm9v");
    expect_pair("foob", "Zm9vYg==");
    expect_pair("fooba", "Zm9vYmE=");
    expect_pair("foobar", "Zm9vYmFy");
    expect_pair("\xfb\xff\xbf", "+/+/");
}

static void malformed_text_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"Z",    "Zg",       "Zg=",  "Zm8",  "Z===", "====",
                                        "Zm9*", "Zg==Zm9v", "Zh==", "Zm9=", "Zm 9", "Z=8="};
    uint8_t decoded[32];
    size_t size;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(kithi_base64_decode(texts[i], strlen(texts[i]), decoded, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc_come_out),
        cmocka_unit_test(malformed_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
