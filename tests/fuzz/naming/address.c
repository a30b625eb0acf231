// SPDX-License-Identifier: Apache-2.0
// Any text as an endpoint, a name, an address and a pattern: it is taken or refused with a reason,
// what was taken is written and read as the same, and inet_pton agrees about IP addresses. A text
// with a line end in it is a pattern and a text to be matched by it.
#include "fuzz.h"

#include <arpa/inet.h>

#include "text.h"

enum { PORT = 7401 };

static void read_endpoint(const char *text)
{
    struct kith_endpoint endpoint, again;
    char written[KITH_ENDPOINT_TEXT_SIZE];
    uint8_t bytes[16];
    bool is_v6 = inet_pton(AF_INET6, text, bytes) == 1;
    if (kith_endpoint_parse(text, PORT, &endpoint) != KITH_OK) {
        require(!is_v6);
        return;
    }
    require(!is_v6 || memcmp(bytes, endpoint.address, sizeof bytes) == 0);
    kith_endpoint_format(&endpoint, written);
    require(strlen(written) < sizeof written);
    require(kith_endpoint_parse(written, 1, &again) == KITH_OK);
    require(kith_endpoint_equal(&endpoint, &again));
}

static void read_name(const char *text)
{
    require(kith_name_valid(text) == (kith_name_problem(text) == NULL));
    if (kith_name_valid(text)) {
        struct kith_address address;
        require(strlen(text) < KITH_NAME_SIZE);
        require(kith_address_parse(text, &address) == KITH_OK);
        require(address.host == NULL && address.index == KITH_INDEX_ANY);
        require(address.name == text && address.name_size == strlen(text));
        require(kith_pattern_valid(text));
    }
}

static bool is_inside(const char *part, size_t size, const char *text)
{
    return part >= text && part + size <= text + strlen(text);
}

static void write_address(const struct kith_address *address, const char *name)
{
    char written[KITH_ADDRESS_SIZE];
    struct kith_address again;
    kith_address_format(address->numeric ? &address->endpoint : NULL, name, address->index,
                        written);
    require(kith_address_parse(written, &again) == KITH_OK);
    require(again.index == address->index && again.name_size == address->name_size);
    require(memcmp(again.name, address->name, again.name_size) == 0);
    require(again.numeric == address->numeric);
    require(!again.numeric || kith_endpoint_equal(&again.endpoint, &address->endpoint));
}

static void read_address(const char *text)
{
    struct kith_address address;
    enum kith_error error = kith_address_parse(text, &address);
    require((error == KITH_OK) == (kith_address_problem(text) == NULL));
    if (error != KITH_OK) {
        return;
    }
    require(strlen(text) < KITH_ADDRESS_SIZE && address.host_size < KITH_HOST_SIZE);
    require(is_inside(address.name, address.name_size, text));
    require(address.host == NULL || is_inside(address.host, address.host_size, text));
    char *name = fuzz_text((const uint8_t *)address.name, address.name_size);
    require(kith_name_valid(name));
    write_address(&address, name);
    free(name);
}

static void read_pattern(const char *text)
{
    struct kithi_pattern pattern;
    const char *problem = kithi_pattern_parse(text, &pattern);
    require(kith_pattern_valid(text) == (problem == NULL));
    if (problem == NULL) {
        require(is_inside(pattern.name, pattern.name_size, text));
        require(pattern.host == NULL || is_inside(pattern.host, pattern.host_size, text));
        require(!pattern.literal ||
                kithi_glob(pattern.name, pattern.name_size, pattern.name, pattern.name_size));
    }
}

static void match(const char *text)
{
    const char *line_end = strchr(text, '\n');
    if (line_end != NULL) {
        size_t size = (size_t)(line_end - text);
        bool matches = kithi_glob(text, size, line_end + 1, strlen(line_end + 1));
        require(matches || size == 0 || text[0] != '*' || size > 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    read_endpoint(text);
    read_name(text);
    read_address(text);
    read_pattern(text);
    match(text);
    free(text);
    return 0;
}
