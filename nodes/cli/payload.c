// SPDX-License-Identifier: Apache-2.0
#include "payload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

static int read_all(const struct kithi_session *session, const char *what, const char *name,
                    FILE *file, char **bytes, size_t *size)
{
    size_t capacity = 65536;
    char *read = malloc(capacity);
    *size = 0;
    while (read != NULL) {
        size_t got = fread(read + *size, 1, capacity - *size, file);
        *size += got;
        if (got == 0)
            break;
        if (*size == capacity && capacity < KITHI_PAYLOAD_SIZE_MAX) {
            char *larger = realloc(read, 2 * capacity);
            if (larger == NULL)
                free(read);
            read = larger;
            capacity *= 2;
        }
    }
    const char *wrong = read == NULL                      ? "out of memory"
                        : ferror(file)                    ? strerror(errno)
                        : *size == KITHI_PAYLOAD_SIZE_MAX ? "not smaller than 64 MB"
                                                          : NULL;
    *bytes = read;
    if (wrong == NULL)
        return KITH_EXIT_OK;
    free(read);
    *bytes = NULL;
    return kithi_fail(session, KITH_EXIT_USAGE, "%s: can't read %.200s: %s", what, name, wrong);
}

int kithi_payload_read(const struct kithi_session *session, const char *what, const char *text,
                       char **bytes, size_t *size)
{
    if (strcmp(text, "-") == 0)
        return read_all(session, what, "standard input", stdin, bytes, size);
    if (text[0] == '@') {
        FILE *file = fopen(text + 1, "rb");
        if (file == NULL)
            return kithi_fail(session, KITH_EXIT_USAGE, "%s: can't read %.200s: %s", what, text + 1,
                              strerror(errno));
        int code = read_all(session, what, text + 1, file, bytes, size);
        fclose(file);
        return code;
    }
    *size = strlen(text);
    *bytes = strdup(text);
    return *bytes != NULL ? KITH_EXIT_OK : kithi_fail(session, KITH_EXIT_FAILURE, "out of memory");
}
