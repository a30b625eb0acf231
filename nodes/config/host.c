// SPDX-License-Identifier: Apache-2.0
#include "host.h"

#include <ctype.h>
#include <string.h>

#include <kith/limits.h>
#include <kith/quantity.h>

// Letters, digits, '-' and '_' in labels of 1 to 63 (RFC 1035 and what resolvers accept). Only
// digits and dots would be a mistyped address.
static bool is_dns_name(const char *text, size_t len)
{
    size_t label = 0;
    bool letters = false;
    for (size_t i = 0; i < len; i++) {
        char letter = text[i];
        if (letter == '.') {
            if (label == 0)
                return false;
            label = 0;
            continue;
        }
        if (!isalnum((unsigned char)letter) && letter != '-' && letter != '_')
            return false;
        letters = letters || !isdigit((unsigned char)letter);
        if (++label > 63 || (letter == '-' && label == 1))
            return false;
    }
    return letters && len > 0 && len < KITHI_HOST_SIZE;
}

enum kith_error kithi_host_parse(const char *text, struct kithi_host *host)
{
    *host = (struct kithi_host){.port = KITH_DEFAULT_PORT};
    if (kith_endpoint_parse(text, KITH_DEFAULT_PORT, &host->endpoint) == KITH_OK) {
        host->numeric = true;
        host->port = host->endpoint.port;
        return host->port != 0 ? KITH_OK : KITH_ERROR_INVALID;
    }
    size_t len = strcspn(text, ":");
    if (!is_dns_name(text, len))
        return KITH_ERROR_INVALID;
    memcpy(host->text, text, len);
    if (text[len] == 0)
        return KITH_OK;
    uint64_t port;
    if (kith_quantity_number(text + len + 1, &port) != KITH_OK || port == 0 || port > UINT16_MAX)
        return KITH_ERROR_INVALID;
    host->port = (uint16_t)port;
    return KITH_OK;
}

bool kithi_host_next(const char **list, char item[KITHI_HOST_ITEM_SIZE])
{
    static const char separators[] = ", \t\n";
    const char *start = *list + strspn(*list, separators);
    size_t len = strcspn(start, separators);
    *list = start + len;
    if (len == 0)
        return false;
    if (len >= KITHI_HOST_ITEM_SIZE)
        len = KITHI_HOST_ITEM_SIZE - 1;
    memcpy(item, start, len);
    item[len] = 0;
    return true;
}
