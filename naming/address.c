// SPDX-License-Identifier: Apache-2.0
// Names and addresses: what is valid, and what is wrong with the rest. Texts come from users and
// peers, so that every byte is checked.
#include <string.h>

#include "text.h"

#define PROBLEM_CHARACTER   "a name can't hold '/', ':', '*', '?', white space, control characters"
#define PROBLEM_UTF8        "a name must be valid UTF-8"
#define PROBLEM_UNPRINTABLE "a name can't hold invisible characters"
#define PROBLEM_INDEX       "an index is a number from 0 to 4294967294 without leading zeros"
#define PROBLEM_PORT        "a port is a number from 1 to 65535"

static const char *parse_with_host(const char *text, const struct kithi_word *host,
                                   const struct kithi_word *name, struct kith_address *address);
static const char *parse_bracketed(const char *text, struct kith_address *address);
static const char *parse_name(const struct kithi_word *name, struct kith_address *address);

// NULL, or what is wrong.
static const char *parse(const char *text, struct kith_address *address)
{
    *address = (struct kith_address){.index = KITH_INDEX_ANY};
    if (text[0] == '[') {
        return parse_bracketed(text, address);
    }
    struct kithi_word first;
    kithi_word_scan(text, KITHI_SCAN_NAME, &first);
    if (first.problem != NULL) {
        return first.problem;
    }
    const char *rest = text + first.size;
    if (*rest == ':') {
        return parse_with_host(rest, &first, NULL, address);
    }
    if (*rest == '/') {
        struct kithi_word second;
        kithi_word_scan(rest + 1, KITHI_SCAN_NAME, &second);
        if (!second.digits || rest[1 + second.size] != '\0') {
            return parse_with_host(rest, &first, &second, address);
        }
    }
    return parse_name(&first, address);
}

// `name[/index]` up to the end.
static const char *parse_name(const struct kithi_word *name, struct kith_address *address)
{
    const char *problem = kithi_word_problem(name);
    if (problem != NULL) {
        return problem;
    }
    address->name = name->text;
    address->name_size = name->size;
    const char *text = name->text + name->size;
    if (*text == '\0') {
        return NULL;
    }
    if (*text != '/') {
        return PROBLEM_CHARACTER;
    }
    struct kithi_word index;
    kithi_word_scan(text + 1, KITHI_SCAN_NAME, &index);
    if (text[1 + index.size] != '\0') {
        return text[1 + index.size] == '/' ? "an address is [host[:port]/]name[/index]"
                                           : PROBLEM_INDEX;
    }
    return kithi_index_parse(&index, &address->index);
}

// Moves *text behind ":port/" or "/".
static const char *parse_port(const char **text, uint16_t *port)
{
    *port = 0;
    if (**text == ':') {
        uint32_t number = 0;
        const char *digit = *text + 1;
        while (*digit >= '0' && *digit <= '9' && number <= UINT16_MAX) {
            number = number * 10 + (uint32_t)(*digit++ - '0');
        }
        if (number == 0 || number > UINT16_MAX || (*digit != '/' && *digit != '\0')) {
            return PROBLEM_PORT;
        }
        *port = (uint16_t)number;
        *text = digit;
    }
    if (**text != '/') {
        return "after a host comes '/' and a name";
    }
    ++*text;
    return NULL;
}

static bool is_dotted(const struct kithi_word *word)
{
    size_t dots = 0;
    if (word->text[0] < '0' || word->text[0] > '9') {
        return false;
    }
    for (size_t i = 0; i < word->size; i++) {
        char character = word->text[i];
        if (character == '.') {
            dots++;
        } else if (character < '0' || character > '9') {
            return false;
        }
    }
    return dots == 3;
}

// `text` is where the host ended, at ':' or '/'. `name` is what follows it, if that is known yet.
static const char *parse_with_host(const char *text, const struct kithi_word *host,
                                   const struct kithi_word *name, struct kith_address *address)
{
    if (host->size == 0) {
        return "the host is missing";
    }
    if (host->size >= KITH_HOST_SIZE) {
        return "a host has at most 253 bytes";
    }
    const char *problem = parse_port(&text, &address->port);
    if (problem != NULL) {
        return problem;
    }
    address->host = host->text;
    address->host_size = host->size;
    if (is_dotted(host)) {
        char copy[KITH_ENDPOINT_TEXT_SIZE];
        if (host->size >= sizeof copy) {
            return "not an IPv4 address";
        }
        memcpy(copy, host->text, host->size);
        copy[host->size] = '\0';
        uint16_t port = address->port != 0 ? address->port : KITH_DEFAULT_PORT;
        if (kith_endpoint_parse(copy, port, &address->endpoint) != KITH_OK) {
            return "not an IPv4 address";
        }
        address->numeric = true;
    }
    struct kithi_word scanned;
    if (name == NULL) {
        kithi_word_scan(text, KITHI_SCAN_NAME, &scanned);
        name = &scanned;
    }
    return parse_name(name, address);
}

static const char *parse_bracketed(const char *text, struct kith_address *address)
{
    const char *end = strchr(text, ']');
    char copy[KITH_ENDPOINT_TEXT_SIZE];
    if (end == NULL || (size_t)(end - text) + 1 >= sizeof copy) {
        return "an IPv6 address ends with ']'";
    }
    address->host = text + 1;
    address->host_size = (size_t)(end - text) - 1;
    memcpy(copy, text, address->host_size + 2); // brackets as well: only IPv6 can be in them
    copy[address->host_size + 2] = '\0';
    text = end + 1;
    const char *problem = parse_port(&text, &address->port);
    if (problem != NULL) {
        return problem;
    }
    uint16_t port = address->port != 0 ? address->port : KITH_DEFAULT_PORT;
    if (kith_endpoint_parse(copy, port, &address->endpoint) != KITH_OK) {
        return "not an IPv6 address in the brackets";
    }
    address->numeric = true;
    struct kithi_word name;
    kithi_word_scan(text, KITHI_SCAN_NAME, &name);
    return parse_name(&name, address);
}

enum kith_error kith_address_parse(const char *text, struct kith_address *address)
{
    return parse(text, address) == NULL ? KITH_OK : KITH_ERROR_INVALID;
}

const char *kith_address_problem(const char *text)
{
    struct kith_address address;
    return parse(text, &address);
}

char *kith_address_format(const struct kith_endpoint *endpoint, const char *name, uint32_t index,
                          char text[KITH_ADDRESS_SIZE])
{
    char *end = text;
    if (endpoint != NULL) {
        kith_endpoint_format(endpoint, text);
        end += strlen(text);
        *end++ = '/';
    }
    size_t size = strlen(name);
    memcpy(end, name, size);
    end += size;
    if (index != KITH_INDEX_ANY) {
        char digits[10];
        size_t len = 0;
        do {
            digits[len++] = (char)('0' + index % 10);
            index /= 10;
        } while (index != 0);
        *end++ = '/';
        while (len > 0) {
            *end++ = digits[--len];
        }
    }
    *end = '\0';
    return text;
}

bool kith_name_valid(const char *name)
{
    return kith_name_problem(name) == NULL;
}

const char *kith_name_problem(const char *name)
{
    struct kithi_word word;
    return kithi_name_scan(name, &word);
}

const char *kithi_name_scan(const char *text, struct kithi_word *word)
{
    kithi_word_scan(text, KITHI_SCAN_NAME, word);
    const char *problem = kithi_word_problem(word);
    return problem == NULL && text[word->size] != '\0' ? PROBLEM_CHARACTER : problem;
}

const char *kithi_word_problem(const struct kithi_word *word)
{
    if (word->problem != NULL) {
        return word->problem;
    }
    if (word->size == 0) {
        char next = word->text[0];
        return next == '\0' || next == '/' ? "the name is missing" : PROBLEM_CHARACTER;
    }
    if (word->text[0] == '[') {
        return "a name can't begin with '[': that would be an IPv6 address";
    }
    if (word->size >= KITH_NAME_SIZE) {
        return "a name has at most 63 bytes";
    }
    return word->digits ? "a name can't be only digits: that would be an index" : NULL;
}

const char *kithi_index_parse(const struct kithi_word *word, uint32_t *index)
{
    if (!word->digits || word->size > 10 || (word->text[0] == '0' && word->size > 1)) {
        return PROBLEM_INDEX;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < word->size; i++) {
        number = number * 10 + (uint64_t)(word->text[i] - '0');
    }
    if (number >= KITH_INDEX_ANY) {
        return PROBLEM_INDEX;
    }
    *index = (uint32_t)number;
    return NULL;
}

// Decodes the character at `text` (RFC 3629). 0: malformed.
static size_t decode_utf8(const unsigned char *text, uint32_t *character)
{
    unsigned first = text[0];
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    uint32_t value = first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (text[i] & 0x3fu);
    }
    bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    if (overlong || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *character = value;
    return size;
}

// White space, controls, what changes the direction or isn't seen at all (most of the Unicode
// categories Z, Cc and Cf), and noncharacters.
static bool is_invisible(uint32_t character)
{
    static const uint32_t ranges[][2] = {
        {0x80, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},   {0x1680, 0x1680},   {0x180e, 0x180e},
        {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},   {0xfdd0, 0xfdef},
        {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (character >= ranges[i][0] && character <= ranges[i][1]) {
            return true;
        }
    }
    return (character & 0xfffe) == 0xfffe;
}

// What each byte is; from 0x80 on, a part of a character. The first two are the bits of enum
// kithi_scan.
enum class {
    W = KITHI_SCAN_WILD,
    C = KITHI_SCAN_COLON,
    P = 4,     // may be in a name
    D = P | 8, // a digit
};

// clang-format off
static const uint8_t classes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, P, P, P, P, P, P, P, P, P, W, P, P, P, P, 0,
    D, D, D, D, D, D, D, D, D, D, C, P, P, P, P, W,
    P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P,
    P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P,
    P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, P,
    P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, 0,
};
// clang-format on

void kithi_word_scan(const char *text, unsigned scan, struct kithi_word *word)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = 0;
    word->text = text;
    word->problem = NULL;
    const unsigned wanted = scan | P;
    unsigned common = D, class; // of all characters; of the next
    for (;;) {
        while (((class = classes[bytes[size]]) & wanted) != 0) {
            common &= class;
            size++;
        }
        if (bytes[size] < 0x80) {
            break;
        }
        uint32_t character;
        size_t length = decode_utf8(bytes + size, &character);
        common = 0;
        if (length == 0 || is_invisible(character)) {
            word->problem = length == 0 ? PROBLEM_UTF8 : PROBLEM_UNPRINTABLE;
            break;
        }
        size += length;
    }
    word->size = size;
    word->digits = common == D && size > 0;
}
