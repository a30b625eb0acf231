// SPDX-License-Identifier: Apache-2.0
// The first UART of the CMSDK (Arm DDI 0479, 4.3).
#include "uart.h"

#include <stdint.h>

struct uart {
    volatile uint32_t data, state, control, interrupt, divider;
};

enum { STATE_TRANSMIT_FULL = 1, CONTROL_TRANSMIT = 1, SMALLEST_DIVIDER = 16 };

static struct uart *const uart = (struct uart *)0x40004000;

void kithi_uart_start(void)
{
    uart->divider = SMALLEST_DIVIDER;
    uart->control = CONTROL_TRANSMIT;
}

static void put(char byte)
{
    while ((uart->state & STATE_TRANSMIT_FULL) != 0) {
        // The buffer is one byte deep.
    }
    uart->data = (unsigned char)byte;
}

void kithi_uart_write(const char *text, size_t size)
{
    for (size_t place = 0; place < size; place++) {
        if (text[place] == '\n') {
            put('\r');
        }
        put(text[place]);
    }
}
