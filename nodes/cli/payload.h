// SPDX-License-Identifier: Apache-2.0
// What is given as TEXT, @file or -.
#ifndef KITHI_PAYLOAD_H
#define KITHI_PAYLOAD_H

#include <stddef.h>

struct kithi_session;

// More than the largest message of this program takes in JSON.
#define KITHI_PAYLOAD_SIZE_MAX ((size_t)64 << 20)

// Gives the bytes in *bytes, to be freed. Tells what went wrong and gives an exit code, 0 if it's
// fine. `what` is how messages name it. May wait for standard input.
int kithi_payload_read(const struct kithi_session *session, const char *what, const char *text,
                       char **bytes, size_t *size);

#endif
