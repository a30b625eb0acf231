// SPDX-License-Identifier: Apache-2.0
// Every failure of kith in one table: number (it travels on the wire, so it never changes), short
// name (for logs, JSON and exit reports) and text.
#ifndef KITH_ERROR_H
#define KITH_ERROR_H

#define KITH_ERRORS(X)                                                                             \
    X(KITH_OK, 0, "ok", "success")                                                                 \
    X(KITH_ERROR_FULL, 1, "full", "the receiver's mailbox or the link's queue is full")            \
    X(KITH_ERROR_NOT_FOUND, 2, "not-found", "no such process, name or node")                       \
    X(KITH_ERROR_STALE, 3, "stale", "the process has ended or its node has restarted")             \
    X(KITH_ERROR_DENIED, 4, "denied", "the sender has no right to send this")                      \
    X(KITH_ERROR_TOO_LARGE, 5, "too-large", "larger than the receiver or the link accepts")        \
    X(KITH_ERROR_UNREACHABLE, 6, "unreachable", "there is no working link to that node")           \
    X(KITH_ERROR_TIMEOUT, 7, "timeout", "the deadline passed")                                     \
    X(KITH_ERROR_DOWN, 8, "down", "the process ended before it replied")                           \
    X(KITH_ERROR_NOT_SENT, 9, "not-sent", "not sent, and certainly not executed")                  \
    X(KITH_ERROR_UNKNOWN, 10, "unknown", "the link broke: it may or may not have been executed")   \
    X(KITH_ERROR_NO_MEMORY, 11, "no-memory", "out of memory")                                      \
    X(KITH_ERROR_LIMIT, 12, "limit", "a table has reached its configured maximum")                 \
    X(KITH_ERROR_INVALID, 13, "invalid", "malformed input")                                        \
    X(KITH_ERROR_UNSUPPORTED, 14, "unsupported",                                                   \
      "the receiver does not know this service or type")                                           \
    X(KITH_ERROR_EXISTS, 15, "exists", "already taken")                                            \
    X(KITH_ERROR_KILLED, 16, "killed", "the process was told to end")                              \
    X(KITH_ERROR_IN_USE, 17, "in-use", "the endpoint is in use by another program")                \
    X(KITH_ERROR_IO, 18, "io", "the operating system or a device reported an error")               \
    X(KITH_ERROR_VERSION, 19, "version", "the peer speaks another protocol version")               \
    X(KITH_ERROR_OVERFLOW, 20, "overflow", "the process overflowed its stack")                     \
    X(KITH_ERROR_LEFT, 21, "left", "the node said goodbye")                                        \
    X(KITH_ERROR_RESTARTED, 22, "restarted", "the node came back as a new incarnation")

enum kith_error {
#define KITH_ERROR_ENUM(symbol, number, name, text) symbol = number,
    KITH_ERRORS(KITH_ERROR_ENUM)
#undef KITH_ERROR_ENUM
};

// Short name of `error`, e.g. "not-found"; "invalid" for a number outside the table. Static text.
const char *kith_error_name(enum kith_error error);

// One sentence fragment that says what `error` means. Static text.
const char *kith_error_text(enum kith_error error);

// The error with that number, or KITH_ERROR_INVALID. For numbers that come from the wire.
enum kith_error kith_error_from_number(unsigned number);

#endif
