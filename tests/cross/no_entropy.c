// SPDX-License-Identifier: Apache-2.0
// A board whose source of entropy fails: it must not start.
#include <kith/platform_board.h>

static void write_nothing(const char *text, size_t size)
{
    (void)text;
    (void)size;
}

static bool fail(void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return false;
}

const struct kith_board kith_board = {
    .name = "without entropy",
    .cpu_hz = 25000000,
    .write = write_nothing,
    .entropy = fail,
    .halt = kith_semihosting_exit,
};

int main(void)
{
    static struct kith_platform_board board;
    static struct kith_platform platform;
    kith_platform_board_init(&board, &platform);
    return 0;
}
