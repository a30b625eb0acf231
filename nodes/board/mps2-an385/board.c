// SPDX-License-Identifier: Apache-2.0
// QEMU's machine mps2-an385. It has no source of entropy, so the host's is read through
// semihosting; on real hardware without a debugger that is a fault, not a guess.
#include <kith/platform_board.h>

#include "uart.h"

static bool read_entropy(void *bytes, size_t size)
{
    return kith_semihosting_read("/dev/urandom", bytes, size);
}

const struct kith_board kith_board = {
    .name = "mps2-an385",
    .cpu_hz = 25000000,
    .write = kithi_uart_write,
    .entropy = read_entropy,
    .halt = kith_semihosting_exit,
};
