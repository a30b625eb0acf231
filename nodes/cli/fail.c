// SPDX-License-Identifier: Apache-2.0
// Errors in one line: what, why, what to try.
#include <stdarg.h>
#include <stdio.h>

#include <kith/clean.h>

#include "session.h"

#define TEXT_SIZE 1024

int kithi_fail(const struct kithi_session *session, int code, const char *format, ...)
{
    char text[TEXT_SIZE];
    (void)session;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    kith_clean(text);
    fflush(stdout);
    fprintf(stderr, "kith: %s\n", text);
    return code;
}

int kithi_exit_code(enum kith_error error)
{
    switch (error) {
    case KITH_OK:
        return KITH_EXIT_OK;
    case KITH_ERROR_NOT_FOUND:
    case KITH_ERROR_STALE:
        return KITH_EXIT_NOT_FOUND;
    case KITH_ERROR_DENIED:
        return KITH_EXIT_DENIED;
    case KITH_ERROR_UNREACHABLE:
    case KITH_ERROR_NOT_SENT:
    case KITH_ERROR_UNKNOWN:
    case KITH_ERROR_LEFT:
    case KITH_ERROR_RESTARTED:
    case KITH_ERROR_VERSION:
    case KITH_ERROR_IO:
        return KITH_EXIT_UNREACHABLE;
    case KITH_ERROR_TIMEOUT:
        return KITH_EXIT_TIMEOUT;
    default:
        return KITH_EXIT_FAILURE;
    }
}

static const char *advice(enum kith_error error)
{
    switch (error) {
    case KITH_ERROR_NOT_FOUND:
    case KITH_ERROR_STALE:
    case KITH_ERROR_DOWN:
        return "; try 'kith name ls'";
    case KITH_ERROR_TIMEOUT:
        return "; try a longer --timeout, or 'kith node ls' to see how its node is";
    case KITH_ERROR_UNREACHABLE:
    case KITH_ERROR_NOT_SENT:
    case KITH_ERROR_UNKNOWN:
    case KITH_ERROR_LEFT:
    case KITH_ERROR_RESTARTED:
        return "; try 'kith node ls'";
    case KITH_ERROR_UNSUPPORTED:
        return "; try 'kith call ADDRESS' for what its node knows";
    case KITH_ERROR_VERSION:
        return "; try a program of the same version";
    case KITH_ERROR_TOO_LARGE:
        return "; try a smaller one, or a larger message_size on its node";
    default:
        return "";
    }
}

int kithi_fail_error(const struct kithi_session *session, const char *what, enum kith_error error)
{
    if (error == KITH_ERROR_KILLED)
        return session->interrupted_code;
    return kithi_fail(session, kithi_exit_code(error), "%.300s: %s%s", what, kith_error_text(error),
                      advice(error));
}
