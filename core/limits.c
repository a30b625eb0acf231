// SPDX-License-Identifier: Apache-2.0
#include <kith/limits.h>

const struct kith_limits kith_limits_linux = {
    .processes = 100000,
    .messages = 1000000,
    .message_memory = (size_t)1 << 30,
    .message_size = (size_t)16 << 20,
    .mailbox_messages = 4096,
    .mailbox_bytes = (size_t)32 << 20,
    .timers = 100000,
    .monitors = 200000,
    .routes = 1000,
    .names = 65536,
    .replicated_names = 1 << 20,
    .stack_size = 16384,
    .link_queue_bytes = (size_t)4 << 20,
    .link_credits = 1024,
    .hog_ns = 100000000,
};

const struct kith_limits kith_limits_board = {
    .processes = 16,
    .messages = 48,
    .message_memory = 16384,
    .message_size = 4096,
    .mailbox_messages = 16,
    .mailbox_bytes = 8192,
    .timers = 16,
    .monitors = 32,
    .routes = 8,
    .names = 64,
    .replicated_names = 0,
    .stack_size = 1536,
    .link_queue_bytes = 4096,
    .link_credits = 8,
    .hog_ns = 100000000,
};
