// SPDX-License-Identifier: Apache-2.0
// The console.
#ifndef KITHI_MPS2_UART_H
#define KITHI_MPS2_UART_H

#include <stddef.h>

void kithi_uart_start(void);

// Writes `size` bytes, with a carriage return before each line feed; waits for the hardware.
void kithi_uart_write(const char *text, size_t size);

#endif
