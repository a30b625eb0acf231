// SPDX-License-Identifier: Apache-2.0
// Endpoints to and from text: RFC 4291 section 2.2 for reading IPv6, RFC 5952 for writing it.
#include <kith/endpoint.h>

#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static int read_digit(char c, unsigned base)
{
    int digit = -1;
    if (c >= '0' && c <= '9') {
        digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
        digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
        digit = c - 'A' + 10;
    }
    return digit >= 0 && (unsigned)digit < base ? digit : -1;
}

// Reads a number of at most `digits` digits and moves *text behind it.
static bool read_number(const char **text, unsigned base, int digits, unsigned limit,
                        unsigned *number)
{
    const char *start = *text;
    unsigned value = 0;
    while (**text != '\0' && read_digit(**text, base) >= 0 && *text - start < digits) {
        value = value * base + (unsigned)read_digit(**text, base);
        (*text)++;
    }
    *number = value;
    return *text != start && value <= limit;
}

static bool read_v4(const char **text, uint8_t out[4])
{
    for (int part = 0; part < 4; part++) {
        unsigned number;
        if (part > 0 && *(*text)++ != '.') {
            return false;
        }
        bool leading_zero = (*text)[0] == '0' && read_digit((*text)[1], 10) >= 0;
        if (leading_zero || !read_number(text, 10, 3, 255, &number)) {
            return false; // a leading zero reads as octal elsewhere: refuse the ambiguity
        }
        out[part] = (uint8_t)number;
    }
    return true;
}

// Up to eight groups; `gap`: where "::" stood, -1 if nowhere.
static bool read_groups(const char **text, uint8_t bytes[16], int *len, int *gap)
{
    *len = 0;
    *gap = -1;
    if ((*text)[0] == ':' && (*text)[1] == ':') {
        *gap = 0;
        *text += 2;
    }
    while (*len < 16 && read_digit(**text, 16) >= 0) {
        const char *start = *text;
        unsigned group;
        if (!read_number(text, 16, 4, 0xffff, &group)) {
            return false;
        }
        if (**text == '.' && *len <= 12) {
            *text = start;
            bool read = read_v4(text, bytes + *len);
            *len += 4;
            return read;
        }
        bytes[(*len)++] = (uint8_t)(group >> 8);
        bytes[(*len)++] = (uint8_t)group;
        if (**text != ':') {
            return true;
        }
        (*text)++;
        if (**text == ':') {
            if (*gap >= 0) {
                return false;
            }
            *gap = *len;
            (*text)++;
        } else if (read_digit(**text, 16) < 0) {
            return false; // a single colon at the end
        }
    }
    return true;
}

static bool read_v6(const char **text, uint8_t out[16])
{
    uint8_t bytes[16] = {0};
    int len, gap;
    if (!read_groups(text, bytes, &len, &gap) || (gap < 0 ? len != 16 : len > 14)) {
        return false;
    }
    memset(out, 0, 16);
    int before = gap < 0 ? 16 : gap;
    memcpy(out, bytes, (size_t)before);
    if (gap >= 0) {
        memcpy(out + 16 - (len - gap), bytes + gap, (size_t)(len - gap));
    }
    return true;
}

static bool read_port(const char *text, uint16_t *port)
{
    unsigned number;
    if (!read_number(&text, 10, 5, 65535, &number) || *text != '\0') {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static bool is_v6_text(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon != NULL && strchr(colon + 1, ':') != NULL;
}

enum kith_error kith_endpoint_parse(const char *text, uint16_t default_port,
                                    struct kith_endpoint *endpoint)
{
    struct kith_endpoint parsed = {.port = default_port};
    bool bracket = *text == '[';
    bool bare_v6 = !bracket && is_v6_text(text); // its colons leave no room for a port
    bool read;
    if (bracket || bare_v6) {
        text += bracket;
        read = read_v6(&text, parsed.address) && (!bracket || *text++ == ']');
    } else {
        memcpy(parsed.address, v4_prefix, sizeof v4_prefix);
        read = read_v4(&text, parsed.address + 12);
    }
    if (!read) {
        return KITH_ERROR_INVALID; // `text` may point anywhere now
    }
    bool port = !bare_v6 && *text == ':';
    if (port ? !read_port(text + 1, &parsed.port) : *text != '\0') {
        return KITH_ERROR_INVALID;
    }
    *endpoint = parsed;
    return KITH_OK;
}

static char *write_number(char *out, unsigned number, unsigned base)
{
    char digits[8];
    int len = 0;
    do {
        digits[len++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    while (len > 0) {
        *out++ = digits[--len];
    }
    return out;
}

// The longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2).
static void find_zero_run(const uint8_t address[16], int *start, int *len)
{
    *start = -1;
    *len = 1;
    for (int group = 0; group < 8; group++) {
        int run = 0;
        while (group + run < 8 && address[2 * (group + run)] == 0 &&
               address[2 * (group + run) + 1] == 0) {
            run++;
        }
        if (run > *len) {
            *start = group;
            *len = run;
        }
        group += run;
    }
}

static char *write_v6(char *out, const uint8_t address[16])
{
    int zeros, zeros_len;
    find_zero_run(address, &zeros, &zeros_len);
    *out++ = '[';
    for (int group = 0; group < 8; group++) {
        if (group == zeros) {
            *out++ = ':';
            *out++ = ':';
            group += zeros_len - 1;
            continue;
        }
        if (group > 0 && (zeros < 0 || group != zeros + zeros_len)) {
            *out++ = ':';
        }
        out = write_number(out, (unsigned)address[2 * group] << 8 | address[2 * group + 1], 16);
    }
    *out++ = ']';
    return out;
}

char *kith_endpoint_format(const struct kith_endpoint *endpoint, char text[KITH_ENDPOINT_TEXT_SIZE])
{
    char *out = text;
    if (kith_endpoint_is_v4(endpoint)) {
        for (int part = 12; part < 16; part++) {
            if (part > 12) {
                *out++ = '.';
            }
            out = write_number(out, endpoint->address[part], 10);
        }
    } else {
        out = write_v6(out, endpoint->address);
    }
    *out++ = ':';
    out = write_number(out, endpoint->port, 10);
    *out = '\0';
    return text;
}

bool kith_endpoint_equal(const struct kith_endpoint *a, const struct kith_endpoint *b)
{
    return a->port == b->port && memcmp(a->address, b->address, sizeof a->address) == 0;
}

bool kith_endpoint_is_v4(const struct kith_endpoint *endpoint)
{
    return memcmp(endpoint->address, v4_prefix, sizeof v4_prefix) == 0;
}

bool kith_endpoint_is_any(const struct kith_endpoint *endpoint)
{
    static const uint8_t zeros[16];
    size_t from = kith_endpoint_is_v4(endpoint) ? 12 : 0;
    return memcmp(endpoint->address + from, zeros + from, 16 - from) == 0;
}
