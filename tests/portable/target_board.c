// SPDX-License-Identifier: Apache-2.0
// The portable tests on a board.
#include "target.h"

#include <string.h>

#include <kith/limits.h>
#include <kith/platform_board.h>

const size_t target_stack_size = 1536;

void target_open(struct kith_platform *platform)
{
    static struct kith_platform_board board;
    kith_platform_board_init(&board, platform);
}

void target_print(const char *text)
{
    kith_board.write(text, strlen(text));
}
