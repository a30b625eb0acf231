// SPDX-License-Identifier: Apache-2.0
#include "dns.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lookup.h"

static void write_byte(void *state)
{
    ssize_t written = write(((int *)state)[1], "", 1);
    (void)written; // the pipe has room for it
}

static enum kith_error wait_for(struct kithi_lookup *lookup, int pipe_end, uint64_t timeout_ns,
                                struct kith_endpoint *endpoints, size_t capacity, size_t *count)
{
    struct pollfd ready = {.fd = pipe_end, .events = POLLIN};
    poll(&ready, 1, (int)(timeout_ns / 1000000));
    if (!kithi_lookup_is_done(lookup))
        return KITH_ERROR_TIMEOUT;
    const struct kith_endpoint *found;
    enum kith_error error = kithi_lookup_result(lookup, &found, count);
    if (*count > capacity)
        *count = capacity;
    memcpy(endpoints, found, *count * sizeof(*found));
    return error;
}

enum kith_error kithi_dns_resolve(const char *host, uint16_t port, uint64_t timeout_ns,
                                  struct kith_endpoint *endpoints, size_t capacity, size_t *count)
{
    int ends[2];
    struct kithi_lookup *lookup;
    if (pipe(ends) != 0)
        return KITH_ERROR_IO;
    enum kith_error error = kithi_lookup_open(host, port, write_byte, ends, &lookup);
    if (error == KITH_OK) {
        error = wait_for(lookup, ends[0], timeout_ns, endpoints, capacity, count);
        kithi_lookup_close(lookup);
    }
    close(ends[0]);
    close(ends[1]);
    return error;
}
